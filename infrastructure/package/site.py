"""The dependencies as the target installs them: the lock, laid out in a folder."""

import csv
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from packaging.utils import canonicalize_name

from infrastructure.package import interpreter
from infrastructure.package.findings import CouldNotRunError
from infrastructure.package.policy import Target


@dataclass(frozen=True, slots=True)
class Distribution:
    """One installed distribution and the files that its RECORD names."""

    name: str  # canonical
    version: str
    metadata: str  # its dist-info folder
    files: tuple[str, ...]


def install(lock: Path, target: Target, folder: Path, *, offline: bool = False) -> None:
    """Installs the lock for the target, wheels only and by hash, with a Python of any version and platform."""
    command = [
        *(interpreter.uv(), "pip", "install", "--quiet", "--target", str(folder), "--requirement", str(lock)),
        *("--require-hashes", "--no-deps", "--only-binary", ":all:", "--no-compile-bytecode"),
        *("--python-version", target.python, "--python-platform", target.platform),
        *("--python", sys.executable),  # uv wants one; what it installs is for the target
        *(["--offline"] if offline else []),
    ]
    # As pip does: behind a proxy with a certificate of its own the system knows it, and uv's own list does not.
    environment = {"UV_SYSTEM_CERTS": "true", **os.environ}
    answer = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if answer.returncode:
        advice = "\nfill the cache: python -m infrastructure.package fetch" if offline else ""
        raise CouldNotRunError(f"{lock} cannot be installed for {target.platform}:\n{answer.stderr.strip()}{advice}")


def distributions(folder: Path) -> tuple[Distribution, ...]:
    """What is installed in a folder, sorted by name."""
    found = (_distribution(folder, record) for record in folder.glob("*.dist-info/RECORD"))
    return tuple(sorted(found, key=lambda each: each.name))


def _distribution(folder: Path, record: Path) -> Distribution:
    name, _, version = record.parent.name.removesuffix(".dist-info").partition("-")
    with record.open(encoding="utf-8", newline="") as lines:
        files = (row[0] for row in csv.reader(lines) if row)
        inside = sorted(file for file in files if ".." not in PurePosixPath(file).parts and (folder / file).is_file())
    return Distribution(canonicalize_name(name), version, record.parent.name, tuple(inside))
