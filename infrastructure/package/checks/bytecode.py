"""Bytecode: where the worker reads it, for this Python, and made from the source beside it."""

from collections.abc import Iterator
from pathlib import PurePosixPath

from infrastructure.package.bytecode import cached
from infrastructure.package.findings import Finding
from infrastructure.package.modules import is_module
from infrastructure.package.package import Ground, Package
from infrastructure.package.places import SITE
from infrastructure.package.runtime import Runtime

_HEADER = 16  # magic, flags, and two fields that depend on the flags (PEP 552)
# Where each version's magic numbers begin, https://github.com/python/cpython/blob/main/Lib/importlib/_bootstrap_external.py
_MAGICS = (
    (3600, "3.14 or later"),
    (3550, "3.13"),
    (3500, "3.12"),
    (3450, "3.11"),
    (3430, "3.10"),
    (3400, "3.9 or 3.8"),
    (3000, "3.7 or earlier"),
)
_UNCHECKED, _CHECKED = 0b01, 0b11
_BUILD = "build the package anew: python -m infrastructure.package build compiles with the target's own interpreter"
_STALE = "the stale code runs, silently: nothing compares this kind with its source"


def findings(package: Package, ground: Ground) -> Iterator[Finding]:
    """No bytecode astray or of another Python, none stale, and none missing."""
    if ground.runtime is None:
        return
    tag = ground.policy.target.tag
    expected = {cached(name, tag): name for name in package.sources}
    for name, member in package.members.items():
        if not name.endswith(".pyc"):
            continue
        if name in expected:
            yield from _content(name, expected[name], member.content, ground, ground.runtime)
        else:
            yield _astray(name, package, member.content, ground.runtime, tag)
    yield from _missing(package, expected)


def _content(name: str, source: str, content: bytes, ground: Ground, runtime: Runtime) -> Iterator[Finding]:
    if content[:4] != runtime.magic or len(content) < _HEADER:
        yield Finding(
            "bytecode",
            name,
            "it was made by another Python than its name says",
            _python_of(runtime.magic),
            _python_of(content[:4]),
            "it is not used: the package is mounted read-only, so every cold start compiles the source again",
            _BUILD,
        )
        return
    fresh = ground.fresh().codes.get(source)
    flags = int.from_bytes(content[4:8], "little")
    if flags == _CHECKED and (fresh is None or content[8:_HEADER] == fresh[8:_HEADER]):
        yield Finding(
            "bytecode",
            name,
            "it is of the checked-hash kind",
            "unchecked-hash bytecode",
            "checked-hash bytecode",
            "it is used, but every cold start reads and hashes the source of every module first",
            _BUILD,
        )
    if flags not in {_UNCHECKED, _CHECKED}:
        yield Finding(
            "bytecode",
            name,
            "it is of the kind that goes by the source's time",
            "unchecked-hash bytecode",
            "timestamp kind" if flags == 0 else f"flags {flags}, which no Python has",
            "it is used or ignored by the time that the unpacked source bears; where that fits, stale code runs",
            _BUILD,
        )
    elif fresh is not None and content[8 : _compared(ground, runtime)] != fresh[8 : _compared(ground, runtime)]:
        what = (
            "its source has changed since"
            if content[8:_HEADER] != fresh[8:_HEADER]
            else "it does other than its source"
        )
        effect = (
            _STALE
            if flags == _UNCHECKED or content[8:_HEADER] == fresh[8:_HEADER]
            else ("it is not used: the worker compares the hash, and every cold start compiles the source again")
        )
        yield Finding(
            "bytecode",
            name,
            f"stale bytecode: {what}",
            "a fresh compile of the source beside it",
            f"hash {content[8:_HEADER].hex()}, fresh {fresh[8:_HEADER].hex()}",
            effect,
            _BUILD,
        )


def _python_of(magic: bytes) -> str:
    """The Python that begins its bytecode with these bytes, as far as they are known."""
    number = int.from_bytes(magic[:2], "little")
    known = next((version for first, version in _MAGICS if number >= first), "")
    return f"Python {known} (magic {magic.hex()})" if known and magic[2:] == b"\r\n" else f"no Python ({magic!r})"


def _compared(ground: Ground, runtime: Runtime) -> int | None:
    """Where the comparison ends: compilers of other patch versions may make other code of the same source."""
    return None if runtime.is_of(ground.policy.target.interpreter) else _HEADER


def _astray(name: str, package: Package, content: bytes, runtime: Runtime, tag: str) -> Finding:
    """Bytecode that stands for no source of the package, or not for this Python."""
    path = PurePosixPath(name)
    if path.parent.name == "__pycache__":
        source = str(path.parent.parent / f"{path.name.split('.')[0]}.py")
        if source not in package.sources:
            return Finding(
                "bytecode",
                name,
                "bytecode without its source",
                source,
                "no such source",
                "it is never used, and its module does not exist: ModuleNotFoundError when it is imported",
                _BUILD,
            )
        return Finding(
            "bytecode",
            name,
            "bytecode of another Python or another optimisation",
            f"*.{tag}.pyc only",
            path.name,
            "it is never used: dead weight that every cold start mounts",
            _BUILD,
        )
    return Finding(
        "bytecode",
        name,
        "bytecode outside __pycache__",
        "sources, with their bytecode in __pycache__",
        f"made by {_python_of(content[:4])}",
        _effect_astray(path, package, content, runtime),
        _BUILD,
    )


def _effect_astray(path: PurePosixPath, package: Package, content: bytes, runtime: Runtime) -> str:
    if str(path.with_suffix(".py")) in package.sources:
        return "it is never used while the source lies beside it; without it, it would be the module"
    if path == PurePosixPath("function_app.pyc"):
        return "without function_app.py the worker answers Success with 0 functions, without any error"
    if content[:4] != runtime.magic:
        return f"ImportError: bad magic number in '{path.stem}': {content[:4]!r}, and with it 0 functions"
    return "it is the module, with no source to judge it by"


def _missing(package: Package, expected: dict[str, str]) -> Iterator[Finding]:
    """One finding for each top-level package: a package without bytecode misses thousands."""
    tops: dict[str, list[str]] = {}
    for name, source in expected.items():
        below = source.removeprefix(SITE)
        if name not in package.members and is_module(PurePosixPath(below)):
            tops.setdefault(below.partition("/")[0], []).append(source)
    for sources in tops.values():
        yield Finding(
            "bytecode",
            sources[0],
            "modules have no bytecode",
            "unchecked-hash bytecode for every source",
            f"none for {len(sources):,} sources: {', '.join(sources[:3])}{', ...' if len(sources) > 3 else ''}",  # noqa: PLR2004
            "it works, but the package is mounted read-only, so every cold start compiles them again",
            _BUILD,
        )
