"""Reads Bicep: what a file declares, as values where they stand in the file, as text where a deployment works them out.

Language: https://learn.microsoft.com/azure/azure-resource-manager/bicep/file
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TypeAlias

import tree_sitter_bicep
from tree_sitter import Language, Node, Parser

from infrastructure.checkout import checkout

FOLDER = checkout() / "infrastructure" / "bicep"

_ESCAPED = re.compile(r"\\(.)")


class Unreadable(Exception):
    """A file that is no Bicep; the text names the lines at fault."""


@dataclass(frozen=True, slots=True)
class Expression:
    """What a deployment works out, as it is written."""

    text: str


@dataclass(frozen=True, slots=True)
class Call:
    """A function over values."""

    function: str
    arguments: tuple["Value", ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """`condition ? then : otherwise`."""

    condition: str
    then: "Value"
    otherwise: "Value"


Value: TypeAlias = "str | int | bool | list[Value] | dict[str, Value] | Expression | Call | Choice | None"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter; `default` is empty where it has none, and else the one value."""

    name: str
    type: str
    default: tuple[Value, ...]
    decorators: Mapping[str, tuple[Value, ...]]

    @property
    def is_required(self) -> bool:
        return not self.default

    @property
    def is_secure(self) -> bool:
        return "secure" in self.decorators


@dataclass(frozen=True, slots=True)
class Declared:
    """A resource or module: `kind` is its type with version or its path, `each` what it is repeated over."""

    symbol: str
    kind: str
    is_existing: bool
    body: Mapping[str, Value]
    condition: str = ""
    each: Value = None

    @property
    def type(self) -> str:
        return self.kind.partition("@")[0]

    @property
    def version(self) -> str:
        return self.kind.partition("@")[2]

    @property
    def properties(self) -> Mapping[str, Value]:
        return fields(self.body["properties"])


@dataclass(slots=True)
class Source:
    """One file."""

    path: Path
    text: str
    parameters: dict[str, Parameter] = field(default_factory=dict)
    variables: dict[str, Value] = field(default_factory=dict)
    resources: dict[str, Declared] = field(default_factory=dict)
    modules: dict[str, Declared] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)  # name to its expression
    mentioned: Counter[str] = field(
        default_factory=Counter
    )  # how often a name stands anywhere, its own declaration too


def fields(value: Value) -> Mapping[str, Value]:
    """A value that must be an object."""
    assert isinstance(value, dict), value
    return value


def items(value: Value) -> list[Value]:
    """A value that must be an array."""
    assert isinstance(value, list), value
    return value


def texts(value: Value) -> list[str]:
    """A value that must be an array of texts."""
    return [text(each) for each in items(value)]


def text(value: Value) -> str:
    """A value that must be a text without anything to work out."""
    assert isinstance(value, str), value
    return value


def templates() -> list[Path]:
    """Every Bicep file."""
    return sorted(FOLDER.rglob("*.bicep"))


def parameter_files() -> list[Path]:
    """Every file of parameters."""
    return sorted(FOLDER.rglob("*.bicepparam"))


@cache
def template(name: str) -> Source:
    """A Bicep file by its path in the folder; raises Unreadable."""
    return read(FOLDER / name)


def read(path: Path) -> Source:
    """A Bicep file; raises Unreadable."""
    content = path.read_text("utf-8")
    source = Source(path, content)
    decorators: dict[str, tuple[Value, ...]] = {}
    root = _parsed(path, content)
    for node in root.named_children:
        if node.type == "decorators":
            decorators = dict(_decorator(each) for each in node.named_children if each.type == "decorator")
            continue
        if node.type != "comment":
            _declare(source, node, decorators)
            decorators = {}
    source.mentioned = Counter(_text(each) for each in _nodes(root) if each.type == "identifier")
    return source


def arguments(path: Path) -> tuple[str, dict[str, Value]]:
    """A file of parameters: the path of its template as written, and the values; raises Unreadable."""
    content = path.read_text("utf-8")
    using = re.search(r"^using '([^']+)'$", content, re.MULTILINE)
    if not using:
        raise Unreadable(f"{path.name}: no line that says which template it is for, such as: using '../main.bicep'")
    # The grammar knows templates only. There, `param x = 1` is `var x = 1`.
    root = _parsed(path, re.sub(r"^param (?=\w+ =)", "var ", content, flags=re.MULTILINE))
    values = {
        _text(node.named_children[0]): _value(node.named_children[1])
        for node in root.named_children
        if node.type == "variable_declaration"
    }
    return using[1], values


def _parsed(path: Path, content: str) -> Node:
    tree = Parser(Language(tree_sitter_bicep.language())).parse(content.encode())
    wrong = [node for node in _nodes(tree.root_node) if node.is_error or node.is_missing]
    if wrong:
        lines = ", ".join(str(line) for line in sorted({node.start_point.row + 1 for node in wrong}))
        raise Unreadable(f"{path.name}: no Bicep at line {lines}")
    return tree.root_node


def _nodes(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from _nodes(child)


def _text(node: Node) -> str:
    return (node.text or b"").decode()


def _declare(source: Source, node: Node, decorators: Mapping[str, tuple[Value, ...]]) -> None:
    parts = [part for part in node.named_children if part.type != "comment"]
    name = _text(parts[0])
    match node.type:
        case "parameter_declaration":
            default = tuple(_value(part) for part in parts[2:])
            source.parameters[name] = Parameter(name, _text(parts[1]), default, decorators)
        case "variable_declaration":
            source.variables[name] = _value(parts[1])
        case "resource_declaration":
            source.resources[name] = _declared(node, parts)
        case "module_declaration":
            source.modules[name] = _declared(node, parts)
        case "output_declaration":
            source.outputs[name] = _text(parts[-1])


def _declared(node: Node, parts: list[Node]) -> Declared:
    body, condition, each = parts[-1], "", None
    if body.type == "for_statement":
        *_, over, body = body.named_children
        each = _value(over)
    if body.type == "if_statement":
        test, body = body.named_children
        condition = _text(test).removeprefix("(").removesuffix(")")
    is_existing = any(child.type == "existing" for child in node.children)
    return Declared(_text(parts[0]), text(_value(parts[1])), is_existing, fields(_value(body)), condition, each)


def _decorator(node: Node) -> tuple[str, tuple[Value, ...]]:
    call = _value(node.named_children[0])
    assert isinstance(call, Call), call
    return call.function, call.arguments


def _value(node: Node) -> Value:  # noqa: PLR0911  one for each kind of value
    children = [child for child in node.named_children if child.type != "comment"]
    match node.type:
        case "string" if all(child.type in {"string_content", "escape_sequence"} for child in children):
            return _ESCAPED.sub(r"\1", _text(node)[1:-1])
        case "number":
            return int(_text(node))
        case "boolean":
            return _text(node) == "true"
        case "null":
            return None
        case "array":
            return [_value(child) for child in children]
        case "object":
            return dict(_property(child) for child in children)
        case "ternary_expression":
            condition, then, otherwise = children
            return Choice(_text(condition), _value(then), _value(otherwise))
        case "call_expression" if children[0].type == "identifier":
            given = [child for child in children[1].named_children if child.type != "comment"]
            return Call(_text(children[0]), tuple(_value(child) for child in given))
        case _:
            return Expression(_text(node))


def _property(node: Node) -> tuple[str, Value]:
    name, value = (child for child in node.named_children if child.type != "comment")
    return _text(name).strip("'"), _value(value)
