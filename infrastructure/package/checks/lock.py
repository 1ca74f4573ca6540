"""The installed distributions, against the lock."""

from collections.abc import Iterator
from email.parser import HeaderParser

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from infrastructure.package.findings import Finding
from infrastructure.package.package import Distribution, Ground, Package
from infrastructure.package.places import SITE

_EFFECT = (
    "the app runs on other code than was tested; a missing distribution is ModuleNotFoundError, while indexing or, "
    "worse, at an invocation"
)
_REMEDY = "build the package anew from requirements-lock.txt"


def findings(package: Package, ground: Ground) -> Iterator[Finding]:
    """Names and versions of dist-info and of METADATA equal the lock, none more and none less."""
    installed = {each.name: each for each in package.distributions}
    for name in sorted(ground.pins.keys() - installed.keys()):
        yield _finding("", f"{name} is not installed", f"{name} {ground.pins[name]}", "none")
    for name in sorted(installed.keys() - ground.pins.keys()):
        each = installed[name]
        yield _finding(
            f"{each.folder}/METADATA",
            f"{name} is not in the lock",
            "only what the lock names",
            f"{name} {each.version}",
        )
    for each in package.distributions:
        wanted = ground.pins.get(each.name)
        if wanted is not None and not _same(wanted, each.version):
            yield _finding(
                f"{each.folder}/METADATA", f"{each.name} has another version than the lock", wanted, each.version
            )
        yield from _metadata(each)
    yield from _twice(package)
    for folder in sorted({name.partition("/")[0] for name in package.site if ".egg-info" in name}):
        yield _finding(folder, "something was not installed from a wheel", "dist-info folders only", folder)


def _twice(package: Package) -> Iterator[Finding]:
    by_name: dict[str, list[Distribution]] = {}
    for each in package.distributions:
        by_name.setdefault(each.name, []).append(each)
    for name, several in by_name.items():
        for each in several if len(several) > 1 else ():
            folders = ", ".join(other.folder for other in several)
            yield _finding(f"{each.folder}/METADATA", f"{name} is installed twice", "one version", folders)


def _metadata(distribution: Distribution) -> Iterator[Finding]:
    path = f"{distribution.folder}/METADATA"
    text = distribution.text("METADATA")
    if text is None:
        yield _finding(path, f"{distribution.name} has no METADATA", "METADATA", "none")
        return
    said = HeaderParser().parsestr(text)
    name, version = str(said["Name"] or ""), str(said["Version"] or "")
    if canonicalize_name(name) != distribution.name or not _same(version, distribution.version):
        wanted = f"{distribution.name} {distribution.version}, as its folder says"
        yield _finding(path, "METADATA belongs to another distribution", wanted, f"{name} {version}")


def _same(one: str, other: str) -> bool:
    try:
        return Version(one) == Version(other)
    except InvalidVersion:
        return one == other


def _finding(path: str, what: str, wanted: str, found: str) -> Finding:
    return Finding("lock", SITE + path if path else "", what, wanted, found, _EFFECT, _REMEDY)
