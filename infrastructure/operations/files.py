"""The files that a person names, one by one or by their folders."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one file, and what to do about it."""

    path: str
    what: str

    def __str__(self) -> str:
        return f"{self.path}: {self.what}"


def find(paths: Sequence[Path]) -> tuple[list[Path], list[Fault]]:
    """The files named and all below the folders named, hidden ones left out; what cannot be looked at is a fault."""
    found: list[Path] = []
    faults: list[Fault] = []
    for path in paths:
        if path.is_dir():
            found += _below(path, faults)
        elif path.is_file():
            found.append(path)
        else:
            faults.append(Fault(str(path), "no such file or folder; check the name"))
    return found, faults


def _below(folder: Path, faults: list[Fault]) -> Iterator[Path]:
    def note(error: OSError) -> None:
        faults.append(Fault(str(error.filename), unopened(error)))

    for parent, folders, names in os.walk(folder, onerror=note):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        paths = (Path(parent, name) for name in sorted(names) if not name.startswith("."))
        yield from (path for path in paths if path.is_file())


def unopened(error: OSError) -> str:
    """Why a file cannot be opened, and what to do."""
    return f"cannot be opened ({error.strerror}); check its permissions"
