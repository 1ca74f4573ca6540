"""Where things lie: what the worker does not find in its place does not exist for it."""

from collections.abc import Iterator

from infrastructure.package.findings import Finding
from infrastructure.package.package import Ground, Package
from infrastructure.package.places import LEFT_OUT, SITE

_BUILD = "build the package with: python -m infrastructure.package build"
_SILENT = "the worker answers Success with 0 functions, without any error; it looks deployed, and nothing runs"


def findings(package: Package, ground: Ground) -> Iterator[Finding]:
    """The entry point, host.json, the dependencies and the SDK, each in its place, and the list of what is not."""
    for name, effect in (
        ("function_app.py", _SILENT),
        ("host.json", "the host logs that no valid host.json was found in the package root, and loads 0 functions"),
    ):
        if name not in package.members:
            place = _elsewhere(package, name)
            found = place or "at the root: " + ", ".join(
                sorted({each.partition("/")[0] for each in package.members})[:10]
            )
            yield Finding("layout", place or name, f"{name} is missing", f"{name} at the root", found, effect, _BUILD)
    yield from _dependencies(package)
    if ground.policy.cuts and LEFT_OUT not in package.members:
        effect = "a module that was left out fails like one that never was, and nothing says how to have it in"
        yield Finding("layout", LEFT_OUT, "the list of what was left out is missing", LEFT_OUT, "none", effect, _BUILD)
    yield from _misplaced(package)


def _elsewhere(package: Package, name: str) -> str:
    """Where a file lies that should lie at the root."""
    bare = name.removesuffix(".py")
    names = (each for each in package.app if each.endswith(f"/{name}") or each == f"{bare}.pyc")
    return min(names, key=len, default="")


def _dependencies(package: Package) -> Iterator[Finding]:
    if not package.site:
        yield Finding(
            "layout",
            "",
            "the dependencies are missing",
            f"the locked distributions below {SITE}",
            "nothing there",
            "ModuleNotFoundError while indexing, and with it 0 functions",
            _BUILD,
        )
    elif "azure/functions/__init__.py" not in package.site:
        yield Finding(
            "layout",
            SITE + "azure/functions/__init__.py",
            "the SDK azure.functions is missing",
            "the version of the lock",
            "none in the package",
            "no error: the worker's own, older SDK (1.22.0b4) is used instead of the locked one",
            _BUILD,
        )


def _misplaced(package: Package) -> Iterator[Finding]:
    """Dependencies in places that no sys.path of the worker names."""
    others: dict[str, str] = {}
    for name in package.members:
        folder, _, _ = name.rpartition("/")
        if name.startswith(".python_packages/") and not name.startswith(SITE):
            others.setdefault("/".join(name.split("/")[:4]), name)
        elif not name.startswith(SITE) and folder.endswith(".dist-info"):
            others.setdefault(folder.rpartition("/")[0] or "the root", name)
    for folder, name in others.items():
        yield Finding(
            "layout",
            name,
            "a dependency lies where the worker does not look",
            f"dependencies below {SITE} only",
            folder,
            f"nothing there can be imported reliably: only {SITE} is on sys.path in every hosting plan",
            _BUILD,
        )
