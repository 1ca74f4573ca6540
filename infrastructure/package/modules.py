"""Module names of files, and the imports that a source file states."""

import ast
import re
import sys
import threading
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

_SUFFIXES = {".py", ".so"}
_FAILS_SOFTLY = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}
_BY_NAME = {"import_module", "__import__"}
_HERE = {"__name__", "__package__"}
_RELATIVE = re.compile(r"(?P<dots>\.+)(?P<module>[^\W\d]\w*(\.[^\W\d]\w*)*)")
# One parse at a time: CPython 3.11 counts the depth of all threads together, and may refuse the result for it,
# https://github.com/python/cpython/issues/106905.
_PARSING = threading.Lock()
_DEPTH = 20_000  # of calls, while a tree is walked: as deep as what the compiler takes, and more
_DOTTED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")


@dataclass(frozen=True, slots=True)
class Import:
    """One import that a source file states."""

    module: str  # absolute dotted name, relative ones resolved
    names: tuple[str, ...]  # `from module import names`, else ()
    line: int
    in_function: bool  # not executed when the module is imported
    optional: bool  # inside a try whose handlers catch ImportError, or an exception above it


def is_module(path: PurePosixPath) -> bool:
    """Whether Python can import the file under some name."""
    return path.suffix in _SUFFIXES and all(part.isidentifier() for part in module_name(path).split("."))


def is_package(path: PurePosixPath) -> bool:
    """Whether the file is the `__init__` of a package."""
    return path.name.split(".")[0] == "__init__"


def module_name(path: PurePosixPath) -> str:
    """The dotted name of a file; `a/b/__init__.py` is `a.b`, tags of native files do not count."""
    stem = path.name.split(".")[0]
    return ".".join(path.parts[:-1] if is_package(path) else (*path.parts[:-1], stem))


def parents(module: str) -> Iterator[str]:
    """The packages that are imported before the module is, outermost first."""
    parts = module.split(".")
    return (".".join(parts[:end]) for end in range(1, len(parts)))


def is_below(module: str, ancestor: str) -> bool:
    """Whether the module is the ancestor or lies in it."""
    return module == ancestor or module.startswith(ancestor + ".")


def parse(source: bytes) -> ast.Module:
    """The tree of a source, in any thread; raises SyntaxError, also for what no parser can take.

    Trees can be deep: the limit of recursion rises for the process, so that whoever walks one gets to its end.
    """
    sys.setrecursionlimit(max(sys.getrecursionlimit(), _DEPTH))
    with _PARSING, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an odd escape in a dependency is not ours to tell
        try:
            return ast.parse(source)
        except (ValueError, RecursionError, MemoryError) as error:
            raise SyntaxError(str(error)) from error


def imports_of(source: bytes, module: str, is_package: bool) -> list[Import]:  # noqa: FBT001  spoken in one breath
    """What a source file may import once it runs, type checking aside; raises SyntaxError."""
    tree = parse(source)
    reader = _Reader(module if is_package else module.rpartition(".")[0])
    try:
        reader.visit(tree)
        reader.add_lazy(tree)
    except RecursionError as error:
        raise SyntaxError(f"{module}: {error}") from error
    return reader.found


class _Reader(ast.NodeVisitor):
    """Collects imports, and knows on its way down whether they run at once and may fail."""

    def __init__(self, package: str) -> None:
        self.found: list[Import] = []
        self._package = package
        self._in_function = False
        self._optional = False

    def add_lazy(self, tree: ast.Module) -> None:
        """Adds what a `__getattr__` of the module hands out: tables name modules as relative strings, `".fields"`."""
        if any(isinstance(node, ast.FunctionDef) and node.name == "__getattr__" for node in tree.body):
            for node in ast.walk(tree):
                if isinstance(node, ast.Constant) and (found := _RELATIVE.fullmatch(str(node.value))):
                    module = self._absolute(found["module"], len(found["dots"]))
                    self.found.append(Import(module, (), node.lineno, in_function=True, optional=False))

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._add(alias.name, (), node.lineno)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        module = self._absolute(node.module or "", node.level)
        if module:
            self._add(module, tuple(alias.name for alias in node.names), node.lineno)

    def visit_Call(self, node: ast.Call) -> None:
        if _called(node.func) in _BY_NAME and (module := self._named(node)):
            self._add(module, (), node.lineno)
        self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        # Decorators, defaults and annotations are evaluated where the function is defined.
        self._visit_all([*node.decorator_list, node.args, *([node.returns] if node.returns else [])])
        self._visit_body(node.body)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self.visit_FunctionDef(node)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self.visit(node.args)
        self._visit_body([node.body])

    def visit_If(self, node: ast.If) -> None:
        self.visit(node.test)
        depends = _asks_for_the_platform(node.test)
        if not _is_type_checking(node.test):
            self._visit_softly(node.body, depends)
        if not (isinstance(node.test, ast.UnaryOp) and _is_type_checking(node.test.operand)):
            self._visit_softly(node.orelse, depends)

    def visit_Try(self, node: ast.Try) -> None:
        soft = any(_FAILS_SOFTLY & _caught(handler.type) for handler in node.handlers)
        self._visit_softly(node.body, soft)
        self._visit_all([*node.handlers, *node.orelse, *node.finalbody])

    def visit_With(self, node: ast.With) -> None:
        self._visit_all(node.items)
        self._visit_softly(node.body, any(_suppresses(item.context_expr) for item in node.items))

    def _visit_all(self, nodes: Iterable[ast.AST]) -> None:
        for node in nodes:
            self.visit(node)

    def _visit_body(self, nodes: Iterable[ast.AST]) -> None:
        before = self._in_function, self._optional
        self._in_function, self._optional = True, False  # a try around it does not guard what runs later
        self._visit_all(nodes)
        self._in_function, self._optional = before

    def _visit_softly(self, nodes: Iterable[ast.AST], soft: bool) -> None:  # noqa: FBT001  private
        before = self._optional
        self._optional = before or soft
        self._visit_all(nodes)
        self._optional = before

    def _absolute(self, module: str, level: int) -> str:
        if not level:
            return module
        base = self._package.split(".")
        kept = base[: len(base) - level + 1]
        return ".".join([*kept, module] if module else kept)

    def _named(self, node: ast.Call) -> str:
        """The module that a call imports by a name written out, else nothing."""
        named = node.args[0] if node.args else None
        if not (isinstance(named, ast.Constant) and isinstance(named.value, str)):
            return ""
        module = named.value.lstrip(".")
        level = len(named.value) - len(module)
        if level and not (len(node.args) > 1 and _called(node.args[1]) in _HERE):
            return ""
        return self._absolute(module, level) if _DOTTED.fullmatch(module) else ""

    def _add(self, module: str, names: tuple[str, ...], line: int) -> None:
        self.found.append(Import(module, names, line, self._in_function, self._optional))


def _called(node: ast.expr) -> str:
    """The last part of a name: `import_module` of `importlib.import_module`."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _is_type_checking(node: ast.expr) -> bool:
    return _called(node) == "TYPE_CHECKING"


def _asks_for_the_platform(test: ast.expr) -> bool:
    """Whether a condition asks which Python or system this is: what it guards may be there for another one."""
    asked = {"version_info", "platform", "implementation"}
    return any(_called(each) in asked for each in ast.walk(test) if isinstance(each, ast.expr))


def _caught(node: ast.expr | None) -> set[str]:
    if node is None:
        return {"BaseException"}
    return {_called(each) for each in (node.elts if isinstance(node, ast.Tuple) else [node])}


def _suppresses(node: ast.expr) -> bool:
    if not (isinstance(node, ast.Call) and _called(node.func) == "suppress"):
        return False
    return any(_called(each) in _FAILS_SOFTLY for each in node.args)
