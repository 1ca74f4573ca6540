"""A finished package, read in place, and what it is judged by."""

import csv
import hashlib
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from infrastructure.package.checks import archive
from infrastructure.package.findings import Finding
from infrastructure.package.fresh import Fresh
from infrastructure.package.members import Member
from infrastructure.package.modules import is_module, module_name
from infrastructure.package.places import LEFT_OUT, SITE
from infrastructure.package.policy import Policy
from infrastructure.package.runtime import Runtime

if TYPE_CHECKING:
    from infrastructure.package.probing import Probed

_CODE = (".py", ".so", ".pyc")


class HostileArchiveError(Exception):
    """A zip that must not be read any further; `findings` says why, and `package` has no members."""

    def __init__(self, package: "Package", findings: list[Finding]) -> None:
        super().__init__(f"{len(findings)} findings in the archive itself")
        self.package = package
        self.findings = findings


@dataclass(frozen=True, slots=True)
class Distribution:
    """One `dist-info` folder of the package."""

    folder: str  # below site-packages
    files: Mapping[str, Member]  # of the folder, by their names in it

    @property
    def name(self) -> str:
        """The canonical name, as the folder says it."""
        return str(canonicalize_name(self._parts[0]))

    @property
    def version(self) -> str:
        """The version, as the folder says it."""
        return self._parts[2]

    @property
    def _parts(self) -> tuple[str, str, str]:
        return self.folder.removesuffix(".dist-info").partition("-")

    def text(self, name: str) -> str | None:
        """The content of one of its files; None where it is missing."""
        member = self.files.get(name)
        return member.content.decode("utf-8", "replace") if member else None

    def record(self) -> list[list[str]]:
        """The rows of RECORD; none where it is missing, or no table."""
        try:
            return [row for row in csv.reader(io.StringIO(self.text("RECORD") or "")) if row]
        except csv.Error:
            return []


class Package:
    """A zip that has passed the gate; names are those of its members."""

    def __init__(self, path: Path, raw: bytes, members: Mapping[str, Member]) -> None:
        self.path = path
        self.size = len(raw)
        self.sha256 = hashlib.sha256(raw).hexdigest()
        self.members = members

    @cached_property
    def app(self) -> dict[str, Member]:
        """The application's own files."""
        return {name: member for name, member in self.members.items() if not name.startswith(".python_packages/")}

    @cached_property
    def site(self) -> dict[str, Member]:
        """The dependencies' files, named as below site-packages."""
        return {name.removeprefix(SITE): member for name, member in self.members.items() if name.startswith(SITE)}

    @cached_property
    def sources(self) -> dict[str, bytes]:
        """Every Python source, by the name of its member."""
        return {name: member.content for name, member in self.members.items() if name.endswith(".py")}

    @cached_property
    def modules(self) -> dict[str, str]:
        """Every module that can be imported, with its member; packages without an `__init__` have none."""
        found: dict[str, str] = {}
        for name, prefix in ((name, "") for name in self.app):
            _add_module(found, name, prefix)
        for name in self.site:
            _add_module(found, name, SITE)
        return found

    @cached_property
    def distributions(self) -> list[Distribution]:
        """What is installed, in the order of the folders' names."""
        folders: dict[str, dict[str, Member]] = {}
        for name, member in self.site.items():
            folder, _, rest = name.partition("/")
            if folder.endswith(".dist-info") and rest:
                folders.setdefault(folder, {})[rest] = member
        return [Distribution(folder, files) for folder, files in sorted(folders.items())]


def _add_module(found: dict[str, str], name: str, prefix: str) -> None:
    path = PurePosixPath(name)
    if not is_module(path):
        return
    module = module_name(path)
    found[module] = prefix + name
    while "." in module:
        module = module.rpartition(".")[0]
        found.setdefault(module, "")


def top_levels(names: Mapping[str, Member]) -> dict[str, str]:
    """The names that can be imported from a folder, each with one file that makes it so."""
    found: dict[str, str] = {}
    for name in names:
        path = PurePosixPath(name)
        top = path.parts[0].split(".")[0] if len(path.parts) == 1 else path.parts[0]
        if name.endswith(_CODE) and top.isidentifier() and top != "__pycache__":
            found.setdefault(top, name)
    return found


@dataclass(frozen=True, slots=True)
class Ground:
    """What a package is judged by."""

    policy: Policy
    pins: Mapping[str, str]  # of the lock: canonical name to version
    settings: Mapping[str, str]  # that the infrastructure defines, with values that do no harm
    runtime: Runtime | None  # the target's interpreter; None where this machine has none
    fresh: Callable[[], Fresh]  # what that interpreter makes of the package's sources
    probed: Callable[[], "Probed"]  # what came of running the app


def open_package(path: Path) -> Package:
    """Opens a zip; raises HostileArchiveError before anything of it is used, OSError where there is no such file."""
    # All at once: what is judged is what the digest speaks of, whoever replaces the file meanwhile.
    with path.open("rb") as file:
        raw = file.read(archive.MOST_BYTES + 1)
    members, findings = archive.examine(raw)
    package = Package(path, raw, members)
    if findings:
        raise HostileArchiveError(package, sorted(findings))
    return package


def left_out(package: Package) -> Iterator[str]:
    """The modules that the build left out on purpose."""
    member = package.app.get(LEFT_OUT)
    if member:
        yield from member.content.decode("utf-8", "replace").split()
