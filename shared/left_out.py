"""Says of a module that was left out of the package why it cannot be imported, and how to have it in."""

import sys
from pathlib import Path

LIST = "left_out.txt"  # one module a line, each standing for all below it; only a built package has one


class LeftOut:
    """The last finder: what reaches it is nowhere on the path. Raises for the listed modules, and for nothing else."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._names: frozenset[str] | None = None

    def find_spec(self, fullname: str, _path: object, _target: object = None, /) -> None:
        """Finds nothing."""
        if self._names is None:
            self._names = _read(self._path)
        parts = fullname.split(".")
        if self._names.isdisjoint(".".join(parts[:end]) for end in range(1, len(parts) + 1)):
            return
        raise ModuleNotFoundError(
            f"{fullname} was left out of this package, because nothing that the app imports leads to it; "
            "if it is needed, name it under [[keep]] in infrastructure/package/policy.toml and build anew",
            name=fullname,
        )


def install(app: Path) -> None:
    """Adds the finder of the app in that folder, once, behind all others."""
    if not any(isinstance(finder, LeftOut) for finder in sys.meta_path):
        sys.meta_path.append(LeftOut(app / LIST))


def _read(path: Path) -> frozenset[str]:
    try:
        return frozenset(path.read_text("utf-8").split())
    except (FileNotFoundError, NotADirectoryError):
        return frozenset()  # a checkout, a package that has everything, or an app imported from within a zip
