"""Which modules the app can reach, and why.

Followed: every import that a reached file states, at module level and inside functions; the packages above a module;
and what a native file may import, which is every module whose full name stands in its bytes.
Cut: imports that run late or may fail (inside a function, or in a try for ImportError) and that a rule names. One that
runs as soon as its file does is always followed, for without it the file itself could not be imported.
Hollow: the modules of a package that a rule names are there to be imported, and do nothing; what they would import is
not followed.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath

from infrastructure.package.findings import CouldNotRunError
from infrastructure.package.modules import Import, imports_of, is_below, is_module, is_package, module_name, parents
from infrastructure.package.policy import Cut, Keep

_WHOLE = ".*"
_RUN = re.compile(rb"[A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)+")


class RuleError(CouldNotRunError):
    """A rule of the policy that names nothing, or changes nothing."""


@dataclass(frozen=True, slots=True)
class Edge:
    """Importing one module may import the other."""

    importer: str
    imported: str
    may_be_cut: bool


class Modules:
    """The modules of some files, and what each may import."""

    def __init__(self, files: Mapping[str, Path], hollow: Iterable[str] = ()) -> None:
        self._hollow = tuple(hollow)
        self.files: dict[str, list[str]] = {}
        for name in sorted(files):
            if is_module(PurePosixPath(name)):
                self.files.setdefault(module_name(PurePosixPath(name)), []).append(name)
        self._paths = files
        self._packages = {parent for module in self.files for parent in parents(module)}
        self._edges: dict[str, tuple[Edge, ...]] = {}

    def exists(self, module: str) -> bool:
        """Whether it can be imported, be it only as a namespace."""
        return module in self.files or module in self._packages

    def is_hollow(self, module: str) -> bool:
        """Whether a stub stands in its place."""
        return any(is_below(module, package) for package in self._hollow)

    def below(self, module: str) -> list[str]:
        """The module and all that lie in it, as far as they have files."""
        return [each for each in self.files if is_below(each, module)]

    def edges(self, module: str) -> tuple[Edge, ...]:
        """What importing a module, and running it, may import."""
        if self.is_hollow(module):
            return ()
        if module not in self._edges:
            self._edges[module] = tuple(edge for name in self.files[module] for edge in self._read(module, name))
        return self._edges[module]

    def _read(self, module: str, name: str) -> Iterable[Edge]:
        content = self._paths[name].read_bytes()
        if not name.endswith(".py"):
            return [Edge(module, imported, may_be_cut=True) for imported in self._named_in(content)]
        try:
            stated = imports_of(content, module, is_package(PurePosixPath(name)))
        except SyntaxError as error:
            raise CouldNotRunError(f"{name}, line {error.lineno}: {error.msg}; its imports cannot be read") from error
        return [
            Edge(module, imported, each.in_function or each.optional)
            for each in stated
            for imported in self._imported(each)
        ]

    def _imported(self, stated: Import) -> Iterable[str]:
        yield from [stated.module] if self.exists(stated.module) else []
        for name in stated.names:
            if self.exists(f"{stated.module}.{name}"):
                yield f"{stated.module}.{name}"

    def _named_in(self, native: bytes) -> list[str]:
        """Modules by their full names; texts of a native file lie side by side, so one may begin within another."""
        names = {each for run in _RUN.findall(native) for each in self._dotted.findall(run)}
        ends = {name[:end].decode() for name in names for end in range(name.index(b".") + 2, len(name) + 1)}
        return sorted(ends & self.files.keys() | {name for name in self._native_at_top if name.encode() in native})

    @cached_property
    def _dotted(self) -> re.Pattern[bytes]:
        tops = {module.split(".")[0].encode() for module in self.files}
        return re.compile(rb"(?=((?:%s)\.[A-Za-z0-9_.]+))" % b"|".join(sorted(map(re.escape, tops))))

    @cached_property
    def _native_at_top(self) -> list[str]:
        return [name for name, files in self.files.items() if "." not in name and not files[0].endswith(".py")]


@dataclass(slots=True)
class _Walk:
    """One walk from some modules to all that they lead to."""

    modules: Modules
    cuts: tuple[Cut, ...]
    why: dict[str, str] = field(default_factory=dict)
    severed: dict[Cut, set[str]] = field(default_factory=dict)
    _waiting: list[str] = field(default_factory=list)

    def add(self, module: str, why: str) -> None:
        for each in (*parents(module), module):
            if each in self.modules.files and each not in self.why:
                self.why[each] = why if each == module else f"package of {module}"
                self._waiting.append(each)

    def run(self) -> None:
        while self._waiting:
            for edge in self.modules.edges(self._waiting.pop()):
                self._follow(edge)

    def _follow(self, edge: Edge) -> None:
        if edge.may_be_cut and (cut := self._cut(edge)):
            self.severed.setdefault(cut, set()).add(edge.imported)
        else:
            self.add(edge.imported, f"imported by {edge.importer}")

    def _cut(self, edge: Edge) -> Cut | None:
        matching = (
            cut for cut in self.cuts if is_below(edge.importer, cut.importer) and is_below(edge.imported, cut.imported)
        )
        return next(matching, None)


def reached(modules: Modules, roots: Iterable[str], cuts: tuple[Cut, ...], keeps: tuple[Keep, ...]) -> dict[str, str]:
    """Each module that the roots can reach, with the reason; raises RuleError for a rule that says nothing."""
    roots = tuple(roots)
    _refuse_unknown(modules, cuts, keeps)
    walk = _walk(modules, roots, cuts, keeps)
    for cut in cuts:
        if not walk.severed.get(cut, set()) - walk.why.keys():
            raise RuleError(
                f"the cut from {cut.importer} to {cut.imported} changes nothing; take it out of policy.toml"
            )
    for keep in keeps:
        others = tuple(each for each in keeps if each is not keep)
        if _walk(modules, roots, cuts, others).why.keys() == walk.why.keys():
            raise RuleError(f"{keep.module} is kept without need, the app leads to it; take it out of policy.toml")
    return walk.why


def left_out(modules: Modules, kept: Iterable[str]) -> list[str]:
    """The topmost modules that were not kept; each stands for all that is below it."""
    needed = {name for module in kept for name in (*parents(module), module)}
    found = set()
    for module in modules.files:
        if module not in needed:
            found.add(next(name for name in (*parents(module), module) if name not in needed))
    return sorted(found)


def _walk(modules: Modules, roots: Iterable[str], cuts: tuple[Cut, ...], keeps: Iterable[Keep]) -> _Walk:
    walk = _Walk(modules, cuts)
    for root in roots:
        walk.add(root, "of the app")
    for keep in keeps:
        for module in _meant(modules, keep):
            walk.add(module, f"kept: {keep.reason}")
    walk.run()
    return walk


def _meant(modules: Modules, keep: Keep) -> list[str]:
    name = keep.module.removesuffix(_WHOLE)
    return modules.below(name) if keep.module.endswith(_WHOLE) else [name]


def _refuse_unknown(modules: Modules, cuts: tuple[Cut, ...], keeps: tuple[Keep, ...]) -> None:
    named = [*(name for cut in cuts for name in (cut.importer, cut.imported))]
    named += [keep.module.removesuffix(_WHOLE) for keep in keeps]
    for name in named:
        if not modules.exists(name):
            raise RuleError(
                f"policy.toml names {name}, which no installed distribution has; correct or remove the rule"
            )
