"""Namespace packages: folders that several distributions fill, and that no `__init__` may claim."""

from collections.abc import Iterator
from pathlib import PurePosixPath

from infrastructure.package.findings import Finding
from infrastructure.package.package import Ground, Package
from infrastructure.package.places import SITE

# Namespaces of which the worker has a part of its own.
_WORKERS = frozenset({"azure", "azurefunctions", "google"})
_STILL_OPEN = (b"extend_path", b"declare_namespace")  # the older ways to be a namespace
_EFFECT = (
    "the folder becomes a closed package: whatever else is called {0}.*, the worker's own part included, "
    "is no longer found (ModuleNotFoundError)"
)


def findings(package: Package, ground: Ground) -> Iterator[Finding]:  # noqa: ARG001
    """No `__init__` in a folder that several distributions share."""
    owners = _owners(package)
    for name, member in package.site.items():
        path = PurePosixPath(name)
        folder = str(path.parent)
        if path.name != "__init__.py" or len(path.parts) == 1:
            continue
        is_shared = len(owners.get(folder, ())) > 1
        # Its owner's own `__init__`, with guests below it, hides nothing that lies elsewhere.
        is_claimed = folder not in _WORKERS and name in owners
        if (
            (is_shared or folder in _WORKERS)
            and not is_claimed
            and not any(mark in member.content for mark in _STILL_OPEN)
        ):
            dotted = folder.replace("/", ".")
            shared = ", ".join(sorted(owners.get(folder, ()))) or "the worker"
            yield Finding(
                "namespaces",
                SITE + name,
                f"the namespace {dotted} has an __init__.py",
                f"none: {dotted} is shared by {shared}",
                f"{member.size:,} bytes",
                _EFFECT.format(dotted),
                "leave the file out; no distribution may bring one",
            )


def _owners(package: Package) -> dict[str, set[str]]:
    """The distributions that have something in each folder; of a file: those that list it."""
    owners: dict[str, set[str]] = {}
    for distribution in package.distributions:
        for row in distribution.record():
            path = PurePosixPath(row[0])
            if path.suffix in {".py", ".so"}:
                for each in (path, *path.parents[:-1]):
                    owners.setdefault(str(each), set()).add(distribution.name)
    return owners
