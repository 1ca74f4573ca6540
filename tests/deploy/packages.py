"""Deployment packages: real zips as the build writes them, each with a digest of its own."""

import hashlib
from collections.abc import Mapping

from infrastructure.package import archive

OLDER, OLD, NEW = "OLDER", "OLD", "NEW"  # releases, in the order in which they came


def package(text: str, further: Mapping[str, bytes] | None = None) -> bytes:
    """A small package; the same text gives the same bytes."""
    return archive.pack({"function_app.py": f"# {text}\n".encode(), **(further or {})})


def digest(content: bytes | str) -> str:
    """The SHA-256 of a package, or of the one with this text."""
    return hashlib.sha256(package(content) if isinstance(content, str) else content).hexdigest()
