"""The gate: a zip that readers may take in different ways is refused before anything of it is used."""

import io
import re
import stat
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import PurePosixPath

from infrastructure.package.findings import Finding
from infrastructure.package.members import (
    DESCRIPTORS,
    ENCRYPTED,
    HAS_DESCRIPTOR,
    IS_UTF8,
    DamagedError,
    Member,
    content_of,
    end_of,
    span,
)
from infrastructure.package.places import MOUNT

MOST_MEMBERS = 50_000
MOST_BYTES = 512 * 1024**2  # unpacked; a package with everything installed has half of that
MOST_RATIO = 200  # unpacked to packed, of a member over a megabyte; deflate cannot do more than 1,032
_MEGABYTE = 1024**2
_LONGEST_NAME = 255  # bytes between two slashes
_LONGEST_PATH = 3000  # bytes; Linux takes 4,096 with the folders above

_DRIVE = re.compile(r"^[A-Za-z]:")
_UNICODE_PATH = b"\x75\x70"  # the extra field that gives a member a second name
_UNIX = 3

_EFFECT = "nobody can say what the platform would mount: readers of zips differ over it"
_MOUNTED = f"the platform would mount something else at {MOUNT} than was judged here"
_REMEDY = "build the package anew: python -m infrastructure.package build"


def examine(raw: bytes) -> tuple[dict[str, Member], list[Finding]]:
    """The files of a zip, or why it is refused."""
    try:
        entries, found = _entries(raw)
        if found:
            return {}, found
        found = [*_names(entries), *_kinds(entries), *_bombs(entries)]
        return ({}, found) if found else _contents(raw, entries)
    except DamagedError as error:
        return {}, [_damaged("", "the zip cannot be read", str(error))]


def _entries(raw: bytes) -> tuple[list[zipfile.ZipInfo], list[Finding]]:
    """What the directory lists; DamagedError where no two readers need agree about it."""
    if len(raw) > MOST_BYTES:
        return [], [_bomb("", f"at most {MOST_BYTES:,} bytes", f"more than {MOST_BYTES:,} bytes")]
    end = end_of(raw)
    if end.count > MOST_MEMBERS:
        return [], [_bomb("", f"at most {MOST_MEMBERS:,} members", f"{end.count:,} or more")]
    if end.directory_start + end.directory_size != end.position:
        raise DamagedError("something stands before its first member, or before its end")
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OverflowError) as error:
        raise DamagedError(str(error)) from error
    if len(entries) != end.count:
        raise DamagedError(f"it lists {len(entries):,} members and declares {end.count:,}")
    return entries, []


def _names(entries: Sequence[zipfile.ZipInfo]) -> Iterator[Finding]:
    for info in entries:
        if fault := _fault_of_name(info):
            yield Finding(
                "archive",
                info.orig_filename,
                f"a member's name {fault}",
                "a relative path of printable UTF-8 in normal form C, divided by single slashes",
                info.orig_filename,
                "an unpacking tool may write outside the package, or under another name than the app imports",
                _REMEDY,
            )
    for name, count in Counter(info.orig_filename for info in entries).items():
        if count > 1:
            yield _damaged(name, "a member stands twice in the zip", f"{count} members of that name")
    yield from _collisions(entries)


def _fault_of_name(info: zipfile.ZipInfo) -> str:
    name = info.orig_filename
    parts = name.removesuffix("/").split("/")
    faults = {
        "is empty": not name,
        "is longer than a path may be": len(name.encode(errors="replace")) > _LONGEST_PATH,
        "is absolute": name.startswith("/"),
        "begins with a drive": bool(_DRIVE.match(name)),
        "holds a backslash": "\\" in name,
        "leads out of the package": ".." in parts,
        "has an empty part": any(part in {"", "."} for part in parts),
        "has a part that is too long": any(len(part.encode(errors="replace")) > _LONGEST_NAME for part in parts),
        "holds a character that cannot be seen": any(unicodedata.category(each)[0] == "C" for each in name),
        "is not in Unicode's normal form C": unicodedata.normalize("NFC", name) != name,
        "is not declared as UTF-8": not name.isascii() and not info.flag_bits & IS_UTF8,
        "has a second form in an extra field": _UNICODE_PATH in _extra_fields(info.extra),
    }
    return next((fault for fault, is_so in faults.items() if is_so), "")


def _extra_fields(extra: bytes) -> set[bytes]:
    found: set[bytes] = set()
    while len(extra) >= 4:  # noqa: PLR2004  a field's kind and length, two bytes each
        found.add(extra[:2])
        extra = extra[4 + int.from_bytes(extra[2:4], "little") :]
    return found


def _collisions(entries: Sequence[zipfile.ZipInfo]) -> Iterator[Finding]:
    """Paths that one folder cannot hold both: they differ in case only, or one is the folder of the other."""
    spelled: dict[str, str] = {}
    folders: set[str] = set()
    for name in dict.fromkeys(info.orig_filename.removesuffix("/") for info in entries):
        path = PurePosixPath(name)
        folders |= {str(parent) for parent in path.parents}
        for each in (path, *path.parents[:-1]):
            other = spelled.setdefault(unicodedata.normalize("NFC", str(each).casefold()), str(each))
            if other != str(each):
                yield _damaged(name, "two members differ in case only", f"{other} and {each}")
    for info in entries:
        if info.orig_filename in folders:
            yield _damaged(info.orig_filename, "a member is a file and a folder", "other members below that name")


def _kinds(entries: Sequence[zipfile.ZipInfo]) -> Iterator[Finding]:
    for info in entries:
        mode = info.external_attr >> 16
        is_folder = info.orig_filename.endswith("/")
        if info.flag_bits & ENCRYPTED:
            yield _damaged(info.orig_filename, "a member is encrypted", "encrypted; the platform has no password")
        if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            yield _damaged(
                info.orig_filename,
                "a member is packed in a way that not every reader knows",
                f"method {info.compress_type}; wanted 0 (stored) or 8 (deflated)",
            )
        if stat.S_IFMT(mode) not in {0, stat.S_IFDIR if is_folder else stat.S_IFREG}:
            yield _damaged(info.orig_filename, f"a member is {_special(mode)}", f"mode {mode:o}")
        elif info.create_system == _UNIX and mode and (needed := 0o555 if is_folder else 0o444) & ~mode:
            yield Finding(
                "archive",
                info.orig_filename,
                "a member may not be read by everyone",
                f"at least mode {needed:o}",
                f"mode {mode & 0o7777:o}",
                "PermissionError at its import wherever the worker is not root",
                _REMEDY,
            )
        if is_folder and info.file_size:
            yield _damaged(info.orig_filename, "a folder has content", f"{info.file_size:,} bytes")


def _special(mode: int) -> str:
    if stat.S_ISLNK(mode):
        return "a symbolic link"
    return "a folder by its mode and a file by its name" if stat.S_ISDIR(mode) else "a special file"


def _bombs(entries: Sequence[zipfile.ZipInfo]) -> Iterator[Finding]:
    for info in entries:
        if info.file_size > max(_MEGABYTE, MOST_RATIO * info.compress_size):
            yield _bomb(
                info.orig_filename,
                f"at most {MOST_RATIO} bytes for each packed one",
                f"{info.compress_size:,} bytes that declare {info.file_size:,}",
            )
    total = sum(info.file_size for info in entries)
    if total > MOST_BYTES:
        yield _bomb("", f"at most {MOST_BYTES:,} bytes unpacked", f"{total:,} bytes")


def _contents(raw: bytes, entries: Sequence[zipfile.ZipInfo]) -> tuple[dict[str, Member], list[Finding]]:
    members: dict[str, Member] = {}
    ends, found = _spans(raw, entries, end_of(raw).directory_start)
    for info in [] if found else entries:
        try:
            content = content_of(raw, info, ends[info.orig_filename])
        except DamagedError as error:
            found.append(_damaged(info.orig_filename, "a member cannot be read", str(error)))
            continue
        if not info.orig_filename.endswith("/"):
            members[info.orig_filename] = Member(info.orig_filename, info.external_attr >> 16, content)
    return ({}, found) if found else (dict(sorted(members.items())), [])


def _spans(raw: bytes, entries: Sequence[zipfile.ZipInfo], directory: int) -> tuple[dict[str, int], list[Finding]]:
    """Where each member's data end, and those that overlap or leave room for something hidden."""
    spans: list[tuple[int, int, zipfile.ZipInfo]] = []
    found: list[Finding] = []
    for info in entries:
        try:
            spans.append((*span(raw, info), info))
        except DamagedError as error:
            found.append(_damaged(info.orig_filename, "a member is not what the directory says", str(error)))
    if found:
        return {}, found
    spans.sort(key=lambda each: each[:2])
    starts = [*((start, info.orig_filename) for start, _, info in spans), (directory, "the directory")]
    if starts[0][0]:
        found.append(_damaged("", "something stands before the first member", f"{starts[0][0]:,} bytes"))
    for (_, end, info), (_, (following, name)) in zip(spans, pairwise(starts), strict=True):
        if end > following:
            found.append(_damaged(info.orig_filename, "two members overlap", f"it reaches into {name}"))
        elif following - end not in (DESCRIPTORS if info.flag_bits & HAS_DESCRIPTOR else {0}):
            found.append(
                _damaged(info.orig_filename, "something is hidden behind a member", f"{following - end} bytes")
            )
    return {info.orig_filename: end for _, end, info in spans}, found


def _damaged(path: str, what: str, found: str) -> Finding:
    return Finding(
        "archive", path, what, "a plain zip of plain files, each readable and listed once", found, _EFFECT, _REMEDY
    )


def _bomb(path: str, wanted: str, found: str) -> Finding:
    return Finding(
        "archive",
        path,
        "the zip unpacks to more than a package can be",
        wanted,
        found,
        f"{_MOUNTED}, or its start would use up the disk",
        _REMEDY,
    )
