"""Parts that belong to other machines and other Pythons: what a careless build would have put into the package."""

import importlib.util
import struct
import subprocess
from functools import cache
from pathlib import Path

from infrastructure.package import interpreter

ROOT = Path(__file__).resolve().parents[2]
WHEELS = ROOT / ".tools" / "wheels"  # filled by make setup

_MAGIC = {"3.10": 3439, "3.12": 3531, "3.13": 3571}
_COMPILE = """
import importlib._bootstrap_external as made, sys
source = sys.stdin.buffer.read()
code = compile(source, sys.argv[1], "exec", dont_inherit=True)
sys.stdout.buffer.write(made._code_to_timestamp_pyc(code, 315532800, len(source)))
"""


def build(tag: str, pattern: str) -> bytes:
    """One file of a wheel for another target; `tag` as the folder below .tools/wheels is called."""
    found = sorted((WHEELS / tag).rglob(pattern))
    assert found, f"no {pattern} in {WHEELS / tag}; run: make setup"
    return found[0].read_bytes()


def pyc(version: str, source: bytes, name: str) -> bytes:
    """The bytecode that another Python makes of a source; where it is not installed, something under its magic."""
    python = _other(version)
    if python is None:
        header = struct.pack("<H2s3I", _MAGIC[version], b"\r\n", 0, 315532800, len(source))
        return header + importlib.util.source_hash(source)
    made = subprocess.run([python, "-I", "-S", "-c", _COMPILE, name], input=source, capture_output=True, check=True)
    return made.stdout


@cache
def _other(version: str) -> Path | None:
    try:
        return interpreter.find(version)
    except interpreter.NoInterpreterError:
        return None
