"""The lock: which distributions in which versions the package holds."""

import re
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

_ENTRY = re.compile(r"^(?P<requirement>[A-Za-z0-9][^\s;]*==[^\s;\\]+)", re.MULTILINE)


def read(path: Path) -> dict[str, str]:
    """The pins of a lock file, canonical name to version."""
    requirements = (Requirement(found["requirement"]) for found in _ENTRY.finditer(path.read_text("utf-8")))
    return {canonicalize_name(each.name): str(each.specifier).removeprefix("==") for each in requirements}


def entries(path: Path) -> dict[str, str]:
    """Each pin as it stands in the lock file, with its hashes and comments."""
    found: dict[str, str] = {}
    for block in re.split(r"\n(?=[A-Za-z0-9])", path.read_text("utf-8")):
        if entry := _ENTRY.match(block):
            found[canonicalize_name(Requirement(entry["requirement"]).name)] = block.rstrip() + "\n"
    return found


def requested_by(path: Path) -> dict[str, tuple[str, ...]]:
    """Why each distribution is in the lock: the names behind `# via`, as the resolver wrote them."""
    reasons: dict[str, tuple[str, ...]] = {}
    for name, entry in entries(path).items():
        comments = " ".join(re.findall(r"^\s+#\s*(?:via\s*)?(.*)$", entry, re.MULTILINE))
        reasons[name] = tuple(word for word in comments.split() if word not in {"#", "-r"})
    return reasons
