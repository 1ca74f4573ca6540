"""Small packages for tests of one rule: a few members, and what they are judged by."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

from infrastructure.package import archive, interpreter, policy, runtime
from infrastructure.package.findings import Finding
from infrastructure.package.fresh import compile_package
from infrastructure.package.package import Ground, Package, open_package
from infrastructure.package.places import SITE
from infrastructure.package.probing import Probed
from infrastructure.package.runtime import Runtime
from infrastructure.package.verify import RULES


@cache
def target() -> Runtime:
    """The interpreter that the package is made for."""
    return runtime.describe(interpreter.find(policy.read().target.interpreter))


def package(folder: Path, members: Mapping[str, bytes | str]) -> Package:
    """A package of these members."""
    path = folder / "small.zip"
    content = {name: each.encode() if isinstance(each, str) else each for name, each in members.items()}
    archive.replace(path, archive.pack(content))
    return open_package(path)


def site(members: Mapping[str, bytes | str]) -> dict[str, bytes | str]:
    """The members as files of dependencies."""
    return {SITE + name: content for name, content in members.items()}


def distribution(
    name: str, files: Mapping[str, bytes | str], version: str = "1.0", tag: str = "py3-none-any"
) -> dict[str, bytes | str]:
    """An installed distribution with all its papers."""
    folder = f"{name}-{version}.dist-info"
    papers = {f"{folder}/METADATA": f"Name: {name}\nVersion: {version}\n", f"{folder}/WHEEL": f"Tag: {tag}\n"}
    rows = [f"{path},{_hash(content)},{len(content)}" for path, content in {**files, **papers}.items()]
    record = "\n".join([*rows, f"{folder}/RECORD,,"])
    return site({**files, **papers, f"{folder}/RECORD": record})


def _hash(content: bytes | str) -> str:
    digest = hashlib.sha256(content.encode() if isinstance(content, str) else content).digest()
    return f"sha256={base64.urlsafe_b64encode(digest).decode().rstrip('=')}"


def judged(
    rule: str,
    judgeable: Package,
    *,
    pins: Mapping[str, str] | None = None,
    by: policy.Policy | None = None,
) -> list[Finding]:
    """What one rule finds in a package, by the project's own policy; a small package has nothing of what that keeps."""
    ground = Ground(
        by or replace(policy.read(), keeps=()),
        pins or {},
        {},
        target(),
        cache(lambda: compile_package(target().path, judgeable.sources)),
        lambda: Probed((), ()),
    )
    return list(RULES[rule].findings(judgeable, ground))
