"""Finds a Python by its version, on whatever machine this is."""

import shutil
import subprocess
from pathlib import Path


class NoInterpreterError(Exception):
    """No such Python here; the message says how to get it."""


def uv() -> str:
    """The uv command: of this environment, else on the PATH."""
    try:
        from uv import find_uv_bin  # noqa: PLC0415  only where it is installed as a Python package

        return find_uv_bin()
    except (ImportError, FileNotFoundError):
        found = shutil.which("uv")
        if found is None:
            raise NoInterpreterError("uv is not installed; make setup brings it, or: pip install uv") from None
        return found


def find(version: str) -> Path:
    """The Python of that version (`3.11.7`, or `3.11` for any patch); raises NoInterpreterError."""
    command = [uv(), "python", "find", "--no-project", "--no-python-downloads", version]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode:
        raise NoInterpreterError(
            f"CPython {version} was not found; install it: uv python install {version}, or put it on the PATH"
        )
    return Path(answer.stdout.strip())
