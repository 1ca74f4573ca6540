"""RECORD: each distribution's own list of files and hashes, held against what the package has."""

import base64
import hashlib
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from infrastructure.package.findings import Finding
from infrastructure.package.members import Member
from infrastructure.package.package import Distribution, Ground, Package
from infrastructure.package.places import SITE

_EFFECT = "the worker compares no hashes: it would import whatever lies there"
_REMEDY = "build the package anew from the lock; change no installed file by hand"
_HASHES = {"sha256", "sha384", "sha512"}
_UNHASHED = ("RECORD", "RECORD.jws", "RECORD.p7s")
_SCRIPTS = "../../bin/"  # where pip says that scripts lie; with --target it puts them below the target all the same


def findings(package: Package, ground: Ground) -> Iterator[Finding]:  # noqa: ARG001
    """Every hash, nothing that is not listed, nothing that is listed and missing."""
    listed: set[str] = set()
    for distribution in package.distributions:
        if not distribution.record():
            yield _finding(f"{distribution.folder}/RECORD", "a distribution has no RECORD", "RECORD", "no row of one")
            continue
        rows = _rows(distribution)
        listed |= {path for path, _ in rows} | _scripts(distribution)
        yield from _mismatches(distribution, rows, package.site)
    yield from _unlisted(package, listed)


def _rows(distribution: Distribution) -> list[tuple[str, str]]:
    """Path and hash of each file; scripts, which pip puts outside of site-packages, left out."""
    rows = (row for row in distribution.record() if not row[0].startswith(("../", "/")))
    return [(row[0], row[1] if len(row) > 1 else "") for row in rows]


def _scripts(distribution: Distribution) -> set[str]:
    return {row[0].removeprefix("../../") for row in distribution.record() if row[0].startswith(_SCRIPTS)}


def _mismatches(
    distribution: Distribution, rows: list[tuple[str, str]], site: Mapping[str, Member]
) -> Iterator[Finding]:
    for path, wanted in rows:
        member = site.get(path)
        if member is None and path.endswith(".pyc"):
            continue  # an installer's; what is here instead is judged by the check of that name
        if member is None:
            yield _finding(path, f"a file of {distribution.name} is missing", "the file that RECORD lists", "none")
        elif wanted:
            found = _hash_like(wanted, member.content)
            if found != wanted:
                yield _finding(path, f"a file of {distribution.name} is not the one that was installed", wanted, found)
        elif not (path.endswith(".pyc") or PurePosixPath(path).name in _UNHASHED):
            yield _finding(path, f"RECORD of {distribution.name} proves nothing of a file", "a hash", "none")


def _hash_like(wanted: str, content: bytes) -> str:
    kind = wanted.partition("=")[0]
    if kind not in _HASHES:
        return f"{kind or 'nothing'}, which proves nothing; wanted one of {', '.join(sorted(_HASHES))}"
    digest = hashlib.new(kind, content).digest()
    return f"{kind}={base64.urlsafe_b64encode(digest).decode().rstrip('=')}"


def _unlisted(package: Package, listed: set[str]) -> Iterator[Finding]:
    for path in package.site:
        # Bytecode is judged against its source, by the check of that name.
        folder, _, name = path.rpartition("/")
        is_record = folder.endswith(".dist-info") and "/" not in folder and name in _UNHASHED
        if path not in listed and not path.endswith(".pyc") and not is_record:
            yield _finding(
                path, "a file belongs to no distribution", "only files that a RECORD lists", "not listed in any RECORD"
            )


def _finding(path: str, what: str, wanted: str, found: str) -> Finding:
    return Finding("record", SITE + path if path else "", what, wanted, found, _EFFECT, _REMEDY)
