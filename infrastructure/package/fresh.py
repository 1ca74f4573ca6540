"""Every source of a package as the target's interpreter compiles it, and those that it cannot compile."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from infrastructure.package import bytecode
from infrastructure.package.bytecode import CompileError
from infrastructure.package.findings import CouldNotRunError

_MOST_FAULTS = 20  # each costs one more run of the interpreter


@dataclass(frozen=True, slots=True)
class Fresh:
    """Bytecode by the name of its source, and what the interpreter said of sources that have none."""

    codes: Mapping[str, bytes]
    faults: Mapping[str, str]


def compile_package(interpreter: Path, sources: Mapping[str, bytes]) -> Fresh:
    """Compiles what can be compiled; raises CouldNotRunError where the interpreter itself does not work."""
    bytecode.compile_all(interpreter, {"nothing.py": b""})
    remaining, faults = dict(sources), dict[str, str]()
    while len(faults) < _MOST_FAULTS:
        try:
            return Fresh(bytecode.compile_all(interpreter, remaining), faults)
        except CouldNotRunError as error:
            culprit = _named(error, remaining) or _culprit(interpreter, remaining)
            faults[culprit] = str(error).partition("; ")[0]
            del remaining[culprit]
    return Fresh({}, faults)


def _named(error: CouldNotRunError, sources: Mapping[str, bytes]) -> str:
    name = str(error).partition(", line ")[0]
    return name if isinstance(error, CompileError) and name in sources else ""


def _culprit(interpreter: Path, sources: Mapping[str, bytes]) -> str:
    """The one source that the compiler itself fails on, found by halves."""
    names = list(sources)
    while len(names) > 1:
        half = names[: len(names) // 2]
        try:
            bytecode.compile_all(interpreter, {name: sources[name] for name in half})
        except CouldNotRunError:
            names = half
        else:
            names = names[len(half) :]
    return names[0]
