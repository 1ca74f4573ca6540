"""The files of this checkout, as the tests of the app as a whole read them."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


def text(name: str) -> str:
    """A file of the top level."""
    return (ROOT / name).read_text("utf-8")


def json_of(name: str) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(text(name))
    return parsed


def pyproject() -> dict[str, Any]:
    return tomllib.loads(text("pyproject.toml"))


def requirements() -> dict[str, str]:
    """The direct dependencies, name to what stands behind it."""
    lines = (line.partition("#")[0].strip() for line in text("requirements.txt").splitlines())
    return dict(split_requirement(line) for line in lines if line)


def split_requirement(line: str) -> tuple[str, str]:
    """A requirement as the normalised name (PEP 503) and its specifier."""
    found = re.match(r"[A-Za-z0-9._-]*[A-Za-z0-9]", line)
    assert found, line
    return normalised(found.group()), line[found.end() :].strip()


def normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def lock(name: str) -> dict[str, tuple[str, int]]:
    """A lock file, name to version and number of hashes."""
    pins: dict[str, tuple[str, int]] = {}
    for entry in re.split(r"\n(?=[A-Za-z0-9])", text(name)):
        if found := re.match(r"([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;\\]+)", entry):
            pins[normalised(found[1])] = (found[2], len(re.findall(r"--hash=sha256:[0-9a-f]{64}\b", entry)))
    return pins
