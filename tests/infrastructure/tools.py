"""The linters of this environment: programs that come as wheels."""

import subprocess
import sys
from pathlib import Path

import pytest

BIN = Path(sys.executable).parent


def tool(name: str) -> Path:
    """Where a linter lies."""
    path = BIN / name
    if not path.is_file():
        pytest.fail(f"{name} is not installed; run: make setup")
    return path


def run(name: str, *arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    """What it says of what it is given."""
    command = [tool(name), *arguments]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=120, check=False)
