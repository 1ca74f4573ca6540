"""The tags of every wheel that was installed, against the target."""

from collections.abc import Iterator
from email.parser import HeaderParser

from packaging import tags
from packaging.tags import Tag

from infrastructure.package.findings import Finding
from infrastructure.package.package import Distribution, Ground, Package
from infrastructure.package.places import SITE
from infrastructure.package.policy import Target

_EFFECT = (
    "its native modules are not found (ModuleNotFoundError while indexing, 0 functions), "
    "or its code is another than this platform's"
)
_REMEDY = "build on any machine with: python -m infrastructure.package build, which installs for the target"
_DASHES = 2  # python-abi-platform
_LONGEST = 300  # characters of a tag; each part may name several, and all combinations are looked at
_LEGACY = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}


def findings(package: Package, ground: Ground) -> Iterator[Finding]:
    """At least one tag of each WHEEL fits."""
    fitting = supported(ground.policy.target)
    for distribution in package.distributions:
        path = f"{SITE}{distribution.folder}/WHEEL"
        said = _tags(distribution)
        if not said:
            yield Finding(
                "wheel_tags",
                path,
                f"{distribution.name} has no wheel tag",
                "a WHEEL with a Tag",
                "none",
                _EFFECT,
                _REMEDY,
            )
        elif not any(fitting & tags.parse_tag(each) for each in said):
            target = ground.policy.target
            yield Finding(
                "wheel_tags",
                path,
                f"{distribution.name} was built for another Python or platform",
                f"cp{target.python.replace('.', '')}, abi3 or none, for any machine or for {target.machine} and glibc "
                f"{target.glibc} at most",
                ", ".join(said),
                _EFFECT,
                _REMEDY,
            )


def _tags(distribution: Distribution) -> list[str]:
    said = HeaderParser().parsestr(distribution.text("WHEEL") or "").get_all("Tag", [])
    return [str(each) for each in said if str(each).count("-") == _DASHES and len(str(each)) <= _LONGEST]


def supported(target: Target) -> frozenset[Tag]:
    """Every tag that the target takes."""
    major, minor = (int(part) for part in target.python.split("."))
    platforms = _platforms(target)
    interpreter = f"cp{major}{minor}"
    return frozenset(
        [
            *tags.cpython_tags((major, minor), [interpreter], platforms),
            *tags.compatible_tags((major, minor), interpreter, platforms),
        ]
    )


def _platforms(target: Target) -> list[str]:
    newest = int(target.glibc.partition(".")[2])
    versions = range(newest, 4, -1)  # manylinux begins with glibc 2.5
    names = [f"manylinux_2_{each}" for each in versions] + [_LEGACY[each] for each in versions if each in _LEGACY]
    return [f"{name}_{target.machine}" for name in [*names, "linux"]]
