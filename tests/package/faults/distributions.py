"""Dependencies that are missing, foreign, changed, or in one another's way."""

from importlib import metadata

from infrastructure.package.places import SITE
from tests.package.draft import Draft
from tests.package.sabotage import Collection

FAULTS = Collection()

BUILDERS = f"{SITE}msgraph/generated/users/item/messages/item"

PYDANTIC = f"{SITE}pydantic/__init__.py"


@FAULTS.spoil("lock", "", "pydantic", "0 functions: No module named 'pydantic'")
def missing_distribution(members: Draft) -> None:
    """A distribution of the lock not installed."""
    members.remove("pydantic")


@FAULTS.spoil("lock", "", "typing-extensions", "0 functions: No module named 'typing_extensions'")
def missing_dependency_of_a_dependency(members: Draft) -> None:
    """A distribution not installed that others require."""
    members.remove("typing-extensions")


@FAULTS.spoil("imports", "shared/domain/messages.py", "pydantic", "0 functions: No module named 'pydantic'")
def missing_files(members: Draft) -> None:
    """A distribution of which only the dist-info is there."""
    for name in members.below(f"{SITE}pydantic/"):
        del members[name]
    members.relist("pydantic")


@FAULTS.spoil(
    "imports", f"{SITE}pypdf/__init__.py", "pypdf._reader", "every document fails: No module named 'pypdf._reader'"
)
def missing_submodule(members: Draft) -> None:
    """A module of a dependency left out that the dependency itself imports."""
    members.drop(f"{SITE}pypdf/_reader.py")
    members.relist("pypdf")


@FAULTS.spoil("imports", "", "create_forward", "every mail fails when it is to be forwarded")
def missing_builder_of_requests(members: Draft) -> None:
    """A module left out that is asked for by the name of a property alone."""
    members.drop(f"{BUILDERS}/create_forward/create_forward_request_builder.py")
    members.relist("msgraph-sdk")


@FAULTS.spoil("imports", "", "_mode_cbc", "encrypted documents fail")
def missing_cipher(members: Draft) -> None:
    """A cipher left out that a library imports when it is asked for it."""
    members.drop(f"{SITE}Crypto/Cipher/_mode_cbc.py")
    members.relist("pycryptodome")


@FAULTS.spoil("names", f"{SITE}proxy_worker/__init__.py", "worker", "dedicated: the worker runs on this copy of itself")
def the_worker_itself(members: Draft) -> None:
    """A dependency that brings the worker."""
    members.install("azure-functions-worker", "1.0", {"proxy_worker/__init__.py": b""})


@FAULTS.spoil(
    "lock",
    f"{SITE}packaging-{metadata.version('packaging')}.dist-info/METADATA",
    "not in the lock",
    "loads, and carries what nobody chose",
)
def extra_distribution(members: Draft) -> None:
    """A distribution that the lock does not name."""
    files = [
        file for file in metadata.files("packaging") or () if file.parts[0] == "packaging" and file.suffix == ".py"
    ]
    members.install("packaging", metadata.version("packaging"), {str(file): file.read_binary() for file in files})


@FAULTS.spoil("lock", f"{SITE}pydantic-2.0.1.dist-info/METADATA", "2.0.1", "another code than the one that was tested")
def other_version(members: Draft) -> None:
    """Another version of a distribution than the lock names."""
    _as_version(members, "pydantic", "2.0.1")


@FAULTS.spoil(
    "lock",
    f"{SITE}pydantic_core-2.0.1.dist-info/METADATA",
    "2.0.1",
    "0 functions: SystemError, pydantic takes one version only",
)
def other_version_than_others_require(members: Draft) -> None:
    """Another version of a distribution than the lock names and another distribution takes."""
    _as_version(members, "pydantic-core", "2.0.1")


@FAULTS.spoil(
    "lock", f"{SITE}pydantic-2.0.1.dist-info/METADATA", "installed twice", "which of the two counts, chance decides"
)
def two_versions(members: Draft) -> None:
    """Two versions of one distribution, as a second install into the same folder leaves them."""
    before = {name: members[name] for name in members.below(members.metadata("pydantic"))}
    _as_version(members, "pydantic", "2.0.1")
    members.update(before)


def _as_version(members: Draft, distribution: str, version: str) -> None:
    """Calls an installed distribution another version, as its files then say throughout."""
    before = members.metadata(distribution)
    name, _, old = before.removesuffix(".dist-info/").rpartition("-")
    after = f"{name}-{version}.dist-info/"
    members.move(before, after)
    metadata = members[after + "METADATA"]
    members[after + "METADATA"] = metadata.replace(
        f"\nVersion: {old}\n".encode(), f"\nVersion: {version}\n".encode(), 1
    )
    members.relist(distribution, *members.below(after))


@FAULTS.spoil("record", PYDANTIC, "sha256", "whatever the changed code does")
def changed_file(members: Draft) -> None:
    """A file of a dependency changed after its installation."""
    members.append(PYDANTIC, "\nVERSION = '0'\n")


@FAULTS.spoil("record", f"{SITE}pydantic/backdoor.py", "not listed", "whatever the added code does")
def unlisted_file(members: Draft) -> None:
    """A file in a dependency that its RECORD does not list."""
    members.source(f"{SITE}pydantic/backdoor.py", "import os\n")


@FAULTS.spoil("record", f"{SITE}pydantic/mypy.txt", "missing", "whatever needs the file fails")
def listed_and_missing(members: Draft) -> None:
    """A file that a RECORD lists and the package lacks."""
    members[f"{SITE}pydantic/mypy.txt"] = b"once here\n"
    members.relist("pydantic", f"{SITE}pydantic/mypy.txt")
    del members[f"{SITE}pydantic/mypy.txt"]


@FAULTS.spoil("record", f"{SITE}pydantic-*.dist-info/RECORD", "RECORD", "nobody can tell what belongs to it")
def no_record(members: Draft) -> None:
    """A distribution without RECORD."""
    del members[members.metadata("pydantic") + "RECORD"]


@FAULTS.spoil("record", f"{SITE}stray.py", "not listed", "whatever the added code does")
def file_of_nobody(members: Draft) -> None:
    """A module among the dependencies that belongs to none."""
    members.source(f"{SITE}stray.py", "VALUE = 1\n")


@FAULTS.spoil(
    "namespaces", f"{SITE}azure/__init__.py", "namespace", "0 functions where another folder holds a part of azure"
)
def azure_as_a_package(members: Draft) -> None:
    """`azure/__init__.py`, which shuts the namespace."""
    members.source(f"{SITE}azure/__init__.py", "")
    members.relist("azure-functions", f"{SITE}azure/__init__.py")


@FAULTS.spoil("layout", f"{SITE}azure/functions/__init__.py", "azure", "loads with the worker's own, older SDK")
def no_azure_functions(members: Draft) -> None:
    """No azure.functions."""
    for name in members.below(f"{SITE}azure/functions/"):
        del members[name]
    members.relist("azure-functions")


@FAULTS.spoil(
    "names",
    f"{SITE}shared/__init__.py",
    "have a module shared",
    "0 functions on consumption: No module named 'shared.domain'",
)
def dependency_ships_shared(members: Draft) -> None:
    """A dependency that ships a top-level package with the name of ours."""
    _ship(members, "shared/__init__.py", "")


@FAULTS.spoil(
    "names", f"{SITE}function_app.py", "have a module function_app", "0 functions on consumption, which loads this one"
)
def dependency_ships_function_app(members: Draft) -> None:
    """A dependency that ships a `function_app.py`."""
    _ship(members, "function_app.py", "app = None\n")


@FAULTS.spoil("names", f"{SITE}typing.py", "standard library", "the worker dies before it speaks to the host")
def dependency_ships_typing(members: Draft) -> None:
    """A dependency that ships a module of the standard library (a backport)."""
    _ship(members, "typing.py", "from typing_extensions import *\n")


@FAULTS.spoil(
    "names", f"{SITE}google/protobuf/__init__.py", "worker", "dedicated: the worker dies before it speaks to the host"
)
def own_protobuf(members: Draft) -> None:
    """An own protobuf 3.19, on which the worker itself then runs."""
    members.install(
        "protobuf",
        "3.19.6",
        {"google/protobuf/__init__.py": b"__version__ = '3.19.6'\n", "google/protobuf/internal/__init__.py": b""},
    )


@FAULTS.spoil("names", f"{SITE}grpc/__init__.py", "worker", "dedicated: the worker dies before it speaks to the host")
def own_grpc(members: Draft) -> None:
    """An own grpcio, on which the worker itself then runs."""
    members.install(
        "grpcio", "1.85.0", {"grpc/__init__.py": b"from grpc._cython import cygrpc\n", "grpc/_cython/__init__.py": b""}
    )


def _ship(members: Draft, path: str, content: str) -> None:
    members.source(SITE + path, content)
    folder, _, name = path.rpartition("/")
    cached = f"{SITE}{folder + '/' if folder else ''}__pycache__/{name.removesuffix('.py')}.cpython-311.pyc"
    members.relist("pydantic", SITE + path, cached)
