"""Imports: what the app and its dependencies ask for, found in the package and Python's own library alone."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from infrastructure.package.findings import Finding
from infrastructure.package.modules import (
    Import,
    imports_of,
    is_below,
    is_module,
    is_package,
    module_name,
    parents,
    parse,
)
from infrastructure.package.package import Ground, Package, left_out
from infrastructure.package.places import SITE
from infrastructure.package.runtime import Runtime

_AT_ONCE = (
    "ModuleNotFoundError: No module named '{0}'. Cannot find module. Please check the requirements.txt file ...; "
    "the app is not indexed: 0 functions"
)
_LATER = "it loads; ModuleNotFoundError: No module named '{0}' only at the invocation that gets there"
_ELSEWHERE = "ModuleNotFoundError: No module named '{0}' when something imports {1}, in the worst case while indexing"
_HOLLOW = "it loads; ModuleNotFoundError: {0} was left out of this package, as soon as it is used"
_DEFINED = re.compile(rb"^(?:class|def|async def) (\w+)|^(\w+) *(?::[^=\n]*)?=", re.MULTILINE)
_TAKEN = re.compile(rb"^from [\w.]*\w import (\([^)#]*\)|[^\n(#]*)", re.MULTILINE)
_NAME = "ImportError: cannot import name '{0}'"


def findings(package: Package, ground: Ground) -> Iterator[Finding]:
    """Of the app every import, those inside functions included; of the dependencies what runs at their own import."""
    if ground.runtime is None:
        return
    yield from _unkept(package, ground)
    index = _Index(package, ground.runtime)
    files = [file for name in package.sources if (file := _file(name, package.sources[name])) is not None]
    certain = _certain(files)
    for file in files:
        for each in file.imports:
            if file.is_app and (stub := _stub(each, ground)):
                yield _use_of_a_stub(file, each, stub)
            fault = index.fault(file, each, ground)
            if fault and (file.module in certain or index.is_hole(fault)):
                yield _finding(file, each, fault, index)


def _unkept(package: Package, ground: Ground) -> Iterator[Finding]:
    """What no import that can be read leads to, and the app uses all the same."""
    for keep in ground.policy.keeps:
        module = keep.module.removesuffix(".*")
        if module not in package.modules:
            yield Finding(
                "imports",
                "",
                f"{module} is missing, which the policy keeps",
                keep.module,
                "not in the package",
                f"{_LATER.format(module)} ({keep.reason})",
                "build the package anew; if it is not needed any more, take the rule out of policy.toml",
            )


def _stub(stated: Import, ground: Ground) -> str:
    """The package that an import would find hollow; empty where it finds none."""
    return next((each.package for each in ground.policy.hollows if is_below(stated.module, each.package)), "")


def _use_of_a_stub(file: "_File", stated: Import, package: str) -> Finding:
    return Finding(
        "imports",
        file.name,
        f"line {stated.line} imports a stub",
        "a module that does something",
        f"stubs stand in the place of {package}",
        _HOLLOW.format(package),
        f"take {package} out of [[hollow]] in infrastructure/package/policy.toml and build anew",
    )


@dataclass(frozen=True, slots=True)
class _File:
    """A source, and the imports that count in it."""

    name: str
    module: str
    is_app: bool
    imports: tuple[Import, ...]


def _file(name: str, source: bytes) -> _File | None:
    """None for what cannot be imported, or not be read: that is told by the check of the syntax."""
    path = PurePosixPath(name.removeprefix(SITE))
    is_app = str(path) == name
    if not (is_module(path) or is_app):
        return None
    try:
        stated = imports_of(source if is_app else _at_once(source), module_name(path), is_package(path))
    except SyntaxError:
        return None
    return _File(name, module_name(path), is_app, tuple(stated))


def _at_once(source: bytes) -> bytes:
    """The imports of a source that run with it whatever holds, each in its line, and nothing else.

    Whether `if sys.platform == ...` holds is the author's business.
    """
    body = parse(source).body
    lines = source.splitlines()
    kept = [b""] * len(lines)
    for node in body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            place = slice(node.lineno - 1, node.end_lineno)
            kept[place] = lines[place]
    return b"\n".join(kept)


def _certain(files: list[_File]) -> set[str]:
    """The modules that are imported whenever all of the app is: what it asks for, and what that asks for at once."""
    known = {file.module: file for file in files}
    reached = {file.module for file in files if file.is_app}
    waiting = list(reached)
    while waiting:
        file = known.get(waiting.pop())
        for each in file.imports if file else ():
            if each.optional:
                continue
            wanted = (each.module, *(f"{each.module}.{name}" for name in each.names))
            found = {module for one in wanted for module in (*parents(one), one) if module in known} - reached
            reached |= found
            waiting += found
    return reached


class _Index:
    """What can be imported."""

    def __init__(self, package: Package, runtime: Runtime) -> None:
        self._package = package
        self._runtime = runtime
        self._plain: dict[str, set[str]] = {}
        self._bound: dict[str, set[str] | None] = {}
        self.left_out = tuple(left_out(package))

    def has(self, module: str) -> bool:
        return (
            module in self._package.modules or self._runtime.has_standard(module) or self._is_made_at_run_time(module)
        )

    def _is_made_at_run_time(self, module: str) -> bool:
        """Whether a file above it, which is no package, puts modules below itself into sys.modules, as six does."""
        above = (self._package.modules.get(each, "") for each in parents(module))
        files = (name for name in above if name and not is_package(PurePosixPath(name)))
        return any(b"sys.modules" in self._package.sources.get(name, b"") for name in files)

    def is_hole(self, module: str) -> bool:
        """Whether a part is missing of something that the package has; an extra that was never installed is none."""
        return module.partition(".")[0] in self._package.modules

    def fault(self, file: _File, stated: Import, ground: Ground) -> str:
        """The module or name that cannot be found; empty where all can."""
        if stated.optional or _is_cut(file.module, stated.module, ground):
            return ""
        if not self.has(stated.module):
            return stated.module
        missing = [
            name
            for name in stated.names
            if not (self.has(f"{stated.module}.{name}") or self._binds(stated.module, name))
        ]
        return f"{stated.module}.{missing[0]}" if missing else ""

    def _binds(self, module: str, name: str) -> bool:
        """Whether a module of the package has a name, as far as its source tells."""
        member = self._package.modules.get(module, "")
        source = self._package.sources.get(member)
        if source is None:
            return True
        if module not in self._plain:
            self._plain[module] = _plain(source)
        if name in self._plain[module]:
            return True
        if module not in self._bound:
            self._bound[module] = _bound(source, is_package=is_package(PurePosixPath(member)))
        bound = self._bound[module]
        return bound is None or name in bound


def _is_cut(importer: str, imported: str, ground: Ground) -> bool:
    return any(is_below(importer, cut.importer) and is_below(imported, cut.imported) for cut in ground.policy.cuts)


def _plain(source: bytes) -> set[str]:
    """The names that whole lines bind, which is nearly all of them, and takes no tree to see."""
    found = {name for each in _DEFINED.findall(source) for name in each if name}
    found |= {name for each in _TAKEN.findall(source) for name in re.findall(rb"\w+", each)}
    return {name.decode(errors="replace") for name in found}


def _bound(source: bytes, *, is_package: bool) -> set[str] | None:
    """The names that a module binds when it is imported; None where its source does not tell."""
    try:
        tree = parse(source)
    except SyntaxError:
        return None
    names: set[str] = {"*", "__name__", "__file__", "__doc__", "__path__", "__spec__", "__package__", "__loader__"}
    for node in _at_module_level(tree):
        if is_package and isinstance(node, ast.ImportFrom) and node.level == 1 and not node.module:
            continue  # of itself: what it has of its own, or a module below it
        if _tells_nothing(node):
            return None
        names |= _bound_by(node)
    if b"global" in source:
        names |= {name for node in ast.walk(tree) if isinstance(node, ast.Global) for name in node.names}
    return None if "__getattr__" in names else names


def _tells_nothing(node: ast.AST) -> bool:
    """Whether any name may be bound here."""
    if isinstance(node, ast.ImportFrom):
        return any(alias.name == "*" for alias in node.names)
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"globals", "setattr"}


def _bound_by(node: ast.AST) -> set[str]:
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
    if isinstance(node, ast.Name):
        return {node.id} if isinstance(node.ctx, ast.Store) else set()
    named = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.ExceptHandler | ast.MatchAs | ast.MatchStar
    return {node.name} if isinstance(node, named) and node.name else set()


def _at_module_level(tree: ast.AST) -> Iterator[ast.AST]:
    """All nodes but those inside functions and classes."""
    for node in ast.iter_child_nodes(tree):
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            yield from _at_module_level(node)


def _finding(file: _File, stated: Import, fault: str, index: _Index) -> Finding:
    what = f"line {stated.line} imports what the package does not have"
    effect = _LATER if stated.in_function else _AT_ONCE if file.is_app else _ELSEWHERE
    if fault != stated.module:
        effect = effect.replace("ModuleNotFoundError: No module named '{0}'", _NAME)
        fault = fault.removeprefix(f"{stated.module}.")
        return Finding(
            "imports",
            file.name,
            what,
            f"{fault} in {stated.module}",
            "no such name",
            effect.format(fault, file.module),
            "mend the import, or the module that it names",
        )
    was_left_out = any(is_below(fault, each) for each in index.left_out)
    remedy = (
        f"name {fault} under [[keep]] in infrastructure/package/policy.toml and build anew"
        if was_left_out
        else "name its distribution in requirements.txt and lock it, or take the import out"
    )
    found = "left out by the build" if was_left_out else "neither in the package nor in Python's library"
    return Finding("imports", file.name, what, fault, found, effect.format(fault, file.module), remedy)
