"""What files may do to whoever opens them, by real bytes through the reading child."""

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.adapters.documents import Limits, SubprocessDocuments
from shared.domain.attachments import Danger, danger_by_name, needs_a_look
from shared.domain.mail import AttachmentKind
from shared.ports import Content
from tests.domain.made import attachment


@pytest.fixture
async def documents() -> AsyncIterator[SubprocessDocuments]:
    reader = SubprocessDocuments(Limits(mails_per_child=50))
    yield reader
    await reader.close()


def zipped(*names: str, content: bytes = b"x") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(zipfile.ZipInfo(name), content)
    return file.getvalue()


def encrypted(data: bytes) -> bytes:
    """The archive with the bit of encryption set on each member, in both of its headers."""
    changed = bytearray(data)
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = changed.find(signature)
        while at >= 0:
            (bits,) = struct.unpack_from("<H", changed, at + offset)
            struct.pack_into("<H", changed, at + offset, bits | 1)
            at = changed.find(signature, at + 4)
    return bytes(changed)


def tarred(name: str) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        archive.addfile(tarfile.TarInfo(name))
    return file.getvalue()


def compound(*names: str) -> bytes:
    """A compound file as far as its directory's names go."""
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
    return head + b"".join(f"{name}\0".encode("utf-16-le").ljust(128, b"\0") for name in names)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (zipped("invoice.pdf", "terms.txt"), ()),
        (zipped("[Content_Types].xml", "word/document.xml"), ()),
        (compound("WordDocument"), ()),
        (b"plain text", ()),
        (b"", ()),
        (zipped("invoice.pdf.exe"), (Danger.PROGRAM,)),
        (zipped("a/b/readme.html"), (Danger.HTML,)),
        (zipped("[Content_Types].xml", "word/vbaProject.bin"), (Danger.MACRO,)),
        (compound("WordDocument", "VBA"), (Danger.MACRO,)),
        (compound("EncryptedPackage"), (Danger.LOCKED,)),
        (encrypted(zipped("invoice.pdf")), (Danger.LOCKED,)),
        (encrypted(zipped("invoice.js")), (Danger.LOCKED, Danger.PROGRAM)),
        (zipped("inner.rar"), (Danger.LOCKED,)),
        (zipped("invoice.pdf")[:-30], (Danger.LOCKED,)),
        (zipped(*(f"{number}.txt" for number in range(2001))), (Danger.LOCKED,)),
        (b"7z\xbc\xaf\x27\x1c....", (Danger.LOCKED,)),
        (b"Rar!\x1a\x07\x00....", (Danger.LOCKED,)),
        (b"MZ\x90\x00....", (Danger.PROGRAM,)),
        (b"\xef\xbb\xbf <!DOCTYPE HTML><html>", (Danger.HTML,)),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", (Danger.HTML,)),
        (b"MZ;invoice;total\n7;1190,00;EUR\n", ()),
        (bytes(32_769) + b"CD001", (Danger.PROGRAM,)),
        (b"MSCF\0\0\0\0", (Danger.PROGRAM,)),
        (tarred("invoice.exe"), (Danger.LOCKED,)),
        (gzip.compress(b"x"), (Danger.LOCKED,)),
        (bz2.compress(b"x"), (Danger.LOCKED,)),
        (lzma.compress(b"x"), (Danger.LOCKED,)),
        (b"\x28\xb5\x2f\xfd....", (Danger.LOCKED,)),
        *((zipped(f"a/invoice.{extension}"), (Danger.LOCKED,)) for extension in ("zip", "ZIP. ", "7z", "tar", "gz")),
    ],
    ids=range(33),
)
async def test_bytes_tell_what_a_name_does_not(
    documents: SubprocessDocuments, data: bytes, expected: tuple[Danger, ...]
) -> None:
    assert await documents.dangers(Content("invoice.zip", "application/zip", data)) == expected


async def test_an_archive_that_would_unpack_to_gigabytes_is_not_unpacked(documents: SubprocessDocuments) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("bomb.txt", "w") as member:
        for _ in range(100):
            member.write(bytes(1_000_000))
    assert await documents.dangers(Content("bomb.zip", "application/zip", file.getvalue())) == ()


async def test_what_is_over_the_limit_is_locked() -> None:
    documents = SubprocessDocuments(Limits(document_bytes=10))
    assert await documents.dangers(Content("a.zip", "application/zip", bytes(11))) == (Danger.LOCKED,)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("invoice.pdf", None),
        ("invoice.PDF", None),
        ("invoice", None),
        ("logo.png", None),
        ("invoice.pdf.exe", Danger.PROGRAM),
        ("invoice.exe. ", Danger.PROGRAM),
        ("invoice.Docm", Danger.MACRO),
        ("invoice.htm", Danger.HTML),
        ("invoice.rar", Danger.LOCKED),
        ("invoice\u202efdp.exe", Danger.DISGUISED),
        ("invoice.eml", None),
        ("invoice.msg", None),
        ("invoice.zip", None),
        ("invoices.tar", Danger.LOCKED),
        ("invoices.tar.gz", Danger.LOCKED),
        ("invoices.7z.001", Danger.LOCKED),
        ("invoice.rdp", Danger.PROGRAM),
        ("invoice.Library-ms", Danger.PROGRAM),
        ("invoice.search-ms", Danger.PROGRAM),
        ("invoice.settingcontent-ms", Danger.PROGRAM),
        ("invoice.slk", Danger.PROGRAM),
        ("invoice.xla", Danger.MACRO),
        ("invoice.svgz", Danger.HTML),
    ],
)
def test_a_name_tells_most(name: str, expected: Danger | None) -> None:
    assert danger_by_name(name) is expected


def test_a_declared_type_tells_too() -> None:
    assert danger_by_name("invoice.pdf", "text/html; charset=utf-8") is Danger.HTML
    assert danger_by_name(str(Path("invoice.pdf")), "application/pdf") is None


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("invoice.zip", "application/octet-stream"),
        ("invoice", "application/zip"),
        ("invoice.docx", "application/pdf"),
        ("x.dat", "application/octet-stream"),
        ("x.dat", "text/plain"),
        ("x.dat", "image/png"),
        ("invoice", "application/octet-stream"),
        ("invoice", ""),
    ],
)
def test_bytes_are_looked_at_where_name_and_type_do_not_tell(name: str, content_type: str) -> None:
    assert needs_a_look(attachment(name, content_type))


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("invoice.pdf", "application/octet-stream"),
        ("invoice.xml", "text/xml"),
        ("logo.png", "image/png"),
        ("logo.png", "application/octet-stream"),
        ("scan.JPG", "image/jpeg"),
        ("invoice.exe", "application/octet-stream"),
        ("note.txt", "text/plain"),
        ("meeting.ics", "text/calendar"),
        ("smime.p7s", "application/pkcs7-signature"),
        ("IT01234567890_1.xml.p7m", "application/pkcs7-mime"),
        ("key.asc", "application/pgp-keys"),
        ("ada.vcf", "text/vcard"),
        ("mail.eml", "message/rfc822"),
    ],
)
def test_bytes_are_not_looked_at_where_name_and_type_tell(name: str, content_type: str) -> None:
    assert not needs_a_look(attachment(name, content_type))


def test_a_picture_within_the_text_needs_no_extension() -> None:
    assert not needs_a_look(attachment("image001", "image/png", is_inline=True))
    assert needs_a_look(attachment("image001", "image/png"))
    assert not needs_a_look(attachment("x.dat", "", kind=AttachmentKind.ITEM))
