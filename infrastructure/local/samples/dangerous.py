"""Attachments that no invoice needs; what they hold is harmless."""

import struct
from collections.abc import Mapping
from io import BytesIO
from zipfile import ZIP_STORED, ZipFile, ZipInfo

_LOCAL, _CENTRAL = b"PK\x03\x04", b"PK\x01\x02"  # headers of a member (APPNOTE.TXT, 4.3.7 and 4.3.12)
_FLAGS = {_LOCAL: 6, _CENTRAL: 8}  # offsets of the general purpose bits
_ENCRYPTED = 0x1


def make_locked_zip(name: str = "invoice.pdf", data: bytes = b"cannot be read without the password") -> bytes:
    """A zip whose one member is marked as encrypted."""
    archive = bytearray(_zipped({name: data}))
    for header, offset in _FLAGS.items():
        at = archive.index(header) + offset
        (flags,) = struct.unpack_from("<H", archive, at)
        struct.pack_into("<H", archive, at, flags | _ENCRYPTED)
    return bytes(archive)


def make_macro_document() -> bytes:
    """A Word document with the part in which macros stand."""
    return _zipped(
        {
            "[Content_Types].xml": b'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
            "word/document.xml": b"<document/>",
            "word/vbaProject.bin": b"no macro",
        }
    )


def _zipped(members: Mapping[str, bytes]) -> bytes:
    buffer = BytesIO()
    with ZipFile(buffer, "w", ZIP_STORED) as archive:
        for name, data in members.items():
            archive.writestr(ZipInfo(name), data)
    return buffer.getvalue()
