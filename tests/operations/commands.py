"""The commands as a person runs them, and the vendors that they are given."""

import os
import subprocess
import sys
from pathlib import Path

from infrastructure.checkout import checkout
from infrastructure.operations.vendors import REQUIRED

HEADER = ",".join(REQUIRED)
BLUEBIRD = "Bluebird Cloud Ltd,bluebird.example,IT,EQUAL-4,6410,Contoso Ltd,"


def written(path: Path, *lines: str, encoding: str = "utf-8", header: str = HEADER) -> Path:
    """A CSV file as Excel ends its lines."""
    path.write_bytes("\r\n".join([header, *lines, ""]).encode(encoding))
    return path


def run(*arguments: str | Path, **settings: str) -> "subprocess.CompletedProcess[str]":
    """Run a command in a process of its own, with no settings but these."""
    return subprocess.run(
        [sys.executable, "-m", "infrastructure.operations", *map(str, arguments)],
        cwd=checkout(),
        env={**os.environ, "AzureWebJobsStorage": "", **settings},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
