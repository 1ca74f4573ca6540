"""What a file may do to whoever opens it, by its bytes.

It runs in the child process of `document_worker`, and imports nothing of the application; the words are those of
`shared.domain.attachments.Danger`.
"""

import zipfile
from collections.abc import Iterator
from io import BytesIO

PROGRAM, MACRO, HTML, LOCKED = "program", "macro", "html", "locked"

_MOST_MEMBERS = 2000
_ENCRYPTED = 0x1  # general purpose bit 0 (APPNOTE.TXT, 4.4.4)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # MS-CFB, 2.2: what .doc, .xls and .ppt are
_OLE_NAMES = {
    MACRO: ("_VBA_PROJECT", "VBA"),  # MS-OVBA, 2.2.1
    LOCKED: ("EncryptedPackage",),  # MS-OFFCRYPTO, 2.3.4.4: an Office file under a password
}
_PROGRAMS = (b"\x7fELF", b"#!", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe", b"L\x00\x00\x00\x01\x14\x02\x00", b"MSCF\0")
_MZ, _MZ_HEAD = b"MZ", 64  # of the header of a program for Windows, which is never without a zero; text is
_SEALED = (
    b"7z\xbc\xaf\x27\x1c",
    b"Rar!\x1a\x07",
    b"\x1f\x8b\x08",  # RFC 1952, 2.3.1
    b"\xfd7zXZ\0",
    b"\x28\xb5\x2f\xfd",  # RFC 8878, 3.1.1
    *(b"BZh%d1AY&SY" % level for level in range(1, 10)),
)
_TAR, _TAR_AT = b"ustar", 257
_DISK, _DISK_AT = b"CD001", 32_769  # ECMA-119, 8.1.2
_PAGES = (b"<html", b"<!doctype html", b"<script", b"<svg", b"<!doctype svg")
_NESTED = (".7z", ".bz2", ".gz", ".rar", ".tar", ".tgz", ".xz", ".zip", ".zipx")


def dangers(data: bytes) -> tuple[list[str], list[str]]:
    """What the bytes are dangerous for, and the names of what an archive holds, which may be dangerous too."""
    if _is_program(data):
        return [PROGRAM], []
    if data.startswith(_SEALED) or data.startswith(_TAR, _TAR_AT):
        return [LOCKED], []
    if data[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(_PAGES):
        return [HTML], []
    if data.startswith(_OLE):
        return [danger for danger, names in _OLE_NAMES.items() if any(_entry(name) in data for name in names)], []
    if data.startswith(b"PK") or zipfile.is_zipfile(BytesIO(data)):
        return _archive(data)
    return [], []


def _is_program(data: bytes) -> bool:
    is_windows = data.startswith(_MZ) and b"\0" in data[:_MZ_HEAD]
    return is_windows or data.startswith(_PROGRAMS) or data.startswith(_DISK, _DISK_AT)


def _entry(name: str) -> bytes:
    """A name as the directory of a compound file holds it: whole, with its terminating null (MS-CFB, 2.6.1)."""
    return f"{name}\0".encode("utf-16-le")


def _archive(data: bytes) -> tuple[list[str], list[str]]:
    """Only the directory of an archive is read, so that nothing in it is ever unpacked."""
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            members = archive.infolist()
    except Exception:  # noqa: BLE001  one that cannot be read here may open elsewhere
        return [LOCKED], []
    return list(dict.fromkeys(_of_members(members))), [member.filename for member in members[:_MOST_MEMBERS]]


def _of_members(members: list[zipfile.ZipInfo]) -> Iterator[str]:
    if len(members) > _MOST_MEMBERS:
        yield LOCKED  # nobody looks through so many
    for member in members[:_MOST_MEMBERS]:
        if member.flag_bits & _ENCRYPTED or member.filename.rstrip(". ").lower().endswith(_NESTED):
            yield LOCKED  # an archive within is not unpacked either
        if member.filename.rpartition("/")[2].lower() == "vbaproject.bin":
            yield MACRO
