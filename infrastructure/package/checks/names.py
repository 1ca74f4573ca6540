"""Top-level module names: of the app, of its dependencies, of the standard library and of the worker itself."""

from collections.abc import Iterator

from packaging.version import InvalidVersion, Version

from infrastructure.package.findings import Finding
from infrastructure.package.package import Ground, Package, top_levels
from infrastructure.package.places import SITE

# What the worker brings beside the standard library, https://github.com/Azure/azure-functions-python-worker.
WORKERS = frozenset(
    {
        *("azure", "azure_functions_runtime", "azure_functions_runtime_v1", "azure_functions_worker", "azurefunctions"),
        *("dateutil", "google", "grpc", "proxy_worker", "setuptools", "six", "pkg_resources", "worker"),
    }
)
_PRIVATE = frozenset(
    {"azure_functions_runtime", "azure_functions_runtime_v1", "azure_functions_worker", "proxy_worker"}
)
_OLDEST_PROTOBUF = Version("3.20")
_RENAME = "give the module another name"
_DIES = (
    "on a dedicated or premium plan it hides the real module from the worker itself, which dies before StartStream; "
    "on consumption the app gets the real one"
)


def findings(package: Package, ground: Ground) -> Iterator[Finding]:
    """No name stands for two modules, in whichever order the plan puts the folders on sys.path."""
    app, site = top_levels(package.app), top_levels(package.site)
    standard = ground.runtime.standard if ground.runtime else frozenset[str]()
    for tops, prefix in ((app, ""), (site, SITE)):
        for top in sorted(tops.keys() & standard):
            yield _finding(
                prefix + tops[top],
                f"the module {top} has a name of the standard library's",
                f"{top} as Python brings it",
                _DIES,
            )
    for top in sorted(site.keys() & _PRIVATE):
        effect = "on dedicated plans the worker runs on this copy of itself, in whatever version that is"
        yield _finding(SITE + site[top], f"a dependency brings {top}, which is the worker's own", f"no {top}", effect)
    for top in sorted(app.keys() & WORKERS):
        effect = (
            "which of the two is imported depends on the plan: the package's on dedicated, the worker's on consumption"
        )
        yield _finding(app[top], f"the module {top} has a name of the worker's own", "another name", effect)
    for top in sorted(app.keys() & site.keys()):
        effect = (
            "on dedicated plans the app's copy wins, on consumption the dependency's: ModuleNotFoundError, 0 functions"
        )
        what = f"the app and a dependency both have a module {top}"
        yield _finding(SITE + site[top], what, f"one {top}", effect, beside=app[top])
    yield from _workers_own(package)


def _workers_own(package: Package) -> Iterator[Finding]:
    """Protobuf and grpc: a dedicated worker runs on the package's copy, a specialised one never uses it."""
    for folder, distribution in (("google/protobuf", "protobuf"), ("grpc", "grpcio")):
        files = sorted((name for name in package.site if name.startswith(f"{folder}/")), key=_init_first)
        if not files:
            continue
        version = next((each.version for each in package.distributions if each.name == distribution), "unknown")
        effect = (
            "on dedicated plans the worker itself runs on this copy, and dies before StartStream if it does not load; "
            "on consumption the worker's own is used, whatever the package pins (protobuf 4.25.9, grpc 1.59.5)"
        )
        if distribution == "protobuf" and _is_old(version):
            effect = (
                "on dedicated plans the worker dies before StartStream: ImportError: cannot import name 'builder' from "
                "'google.protobuf.internal'"
            )
        yield Finding(
            "names",
            SITE + files[0],
            f"the package brings {distribution}, which is the worker's own",
            f"no {distribution}",
            f"{distribution} {version}",
            effect,
            f"take {distribution} out of what requirements.txt leads to",
        )
    for name, member in package.members.items():
        if name.endswith("_pb2.py") and b"runtime_version" in member.content:
            yield Finding(
                "names",
                name,
                "generated code needs a newer protobuf than the worker has",
                "code for protobuf 4.25",
                "an import of runtime_version",
                "on consumption: ImportError: cannot import name 'runtime_version' from 'google.protobuf', 0 functions",
                "take a release that was generated for protobuf 4.25",
            )


def _init_first(name: str) -> tuple[bool, str]:
    return not name.endswith("/__init__.py"), name


def _is_old(version: str) -> bool:
    try:
        return Version(version) < _OLDEST_PROTOBUF
    except InvalidVersion:
        return False


def _finding(path: str, what: str, wanted: str, effect: str, beside: str = "") -> Finding:
    return Finding("names", path, what, wanted, f"{path} and {beside}" if beside else path, effect, _RENAME)
