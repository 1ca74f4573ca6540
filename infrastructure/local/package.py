"""A deployment package as Azure runs it: mounted read-only, with nothing to import from but itself and Python."""

import os
import shutil
import sys
import sysconfig
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infrastructure.checkout import LocalError

PACKAGES = Path(".python_packages", "lib", "site-packages")


def is_package(app: Path) -> bool:
    """Whether the app's folder brings its dependencies along: installed distributions, not a module or two."""
    return any((app / PACKAGES).glob("*.dist-info"))


@contextmanager
def mounted(app: Path) -> Iterator[Path]:
    """The app's folder: of a zip a read-only one that is gone afterwards, a folder as it is; raises LocalError."""
    if app.is_dir():
        yield app
        return
    if not zipfile.is_zipfile(app):
        raise LocalError(f"{app}: no such folder, and no zip either")
    folder = Path(tempfile.mkdtemp(prefix="package-")).resolve()
    try:
        with zipfile.ZipFile(app) as archive:
            archive.extractall(folder)
        with read_only(folder):
            yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Nothing can be added to the folder or taken from it, bytecode least of all, until the block ends."""
    _set_modes(folder, 0o555)
    try:
        yield
    finally:
        _set_modes(folder, 0o755)


def _set_modes(folder: Path, mode: int) -> None:
    for below, _, _ in os.walk(folder):
        Path(below).chmod(mode)


def standard_library() -> list[str]:
    """The entries of sys.path that Python itself is made of; what was installed beside it is none of the app's."""
    paths = {Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "platstdlib")}
    inside = (entry for entry in sys.path if entry and any(Path(entry).resolve().is_relative_to(p) for p in paths))
    return [entry for entry in inside if not {"site-packages", "dist-packages"} & set(Path(entry).parts)]
