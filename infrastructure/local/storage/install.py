"""Puts Azurite into .tools/azurite, exactly as the lock file says."""

import argparse
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from infrastructure.checkout import LocalError, checkout
from infrastructure.local.storage.node import node, npm

_HERE = Path(__file__).resolve().parent
_LAST_LINES = 20


def folder() -> Path:
    """Where Azurite is installed."""
    return checkout() / ".tools" / "azurite"


def install(into: Path | None = None) -> Path:
    """Installs Azurite and what it needs; returns the folder."""
    target = into or folder()
    target.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copyfile(_HERE / name, target / name)
    # The system's certificates as well as Node's own: many a network answers with a certificate of its own.
    command = [
        str(node()),
        "--use-system-ca",
        str(npm()),
        "ci",
        "--omit=dev",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
    ]
    with tempfile.TemporaryDirectory() as home:
        done = subprocess.run(  # noqa: PLW1510  # the return code is judged below, together with the output
            command,
            cwd=target,
            env=_environment(Path(home)),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
    if done.returncode:
        last = "\n".join(done.stdout.splitlines()[-_LAST_LINES:])
        raise LocalError(f"`{' '.join(command)}` in {target} ended with {done.returncode}:\n{last}")
    return target


def _environment(home: Path) -> dict[str, str]:
    """The caller's environment, with npm's own files in a folder that is thrown away."""
    environment = dict(os.environ)
    environment["PATH"] = os.pathsep.join([str(node().parent), environment.get("PATH", os.defpath)])
    environment["npm_config_cache"] = str(home / "cache")
    environment["npm_config_update_notifier"] = "false"
    if not environment.get("HOME"):
        environment["HOME"] = str(home)
    return environment


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Takes none."""
    del parser


def run(arguments: argparse.Namespace) -> int:
    """Installs; says nothing when all is well."""
    del arguments
    install()
    return 0
