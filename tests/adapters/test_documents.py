"""Hostile bytes cost their own document and nothing else."""

import asyncio
import csv
import json
import os
import subprocess
import sys
import time
import zipfile
import zlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import pytest
from pypdf import PdfWriter

from infrastructure.local.samples.builders import (
    Invoice,
    make_auto_reply,
    make_bounce,
    make_cii_xml,
    make_encrypted_pdf,
    make_factur_x_pdf,
    make_invoice_pdf,
    make_large_pdf,
    make_mail,
    make_scan_pdf,
    make_ubl_xml,
)
from shared.adapters import document_worker
from shared.adapters.documents import Limits, SubprocessDocuments
from shared.domain.einvoice import structured_facts
from shared.domain.facts import Document, Legibility
from shared.domain.mail import Mail
from shared.domain.markup import Element
from shared.domain.reading import read_facts
from shared.ports import Content

ROOT = Path(__file__).resolve().parents[2]
CORPUS = ROOT.parent / "shared/corpus"
needs_corpus = pytest.mark.skipif(not CORPUS.is_dir(), reason=f"the document corpus is not at {CORPUS}")
QUICK = Limits(document_seconds=3.0, seconds=6.0)
MAIL = Mail("id", "inbox", "<1@mail.example>", datetime(2026, 3, 5, tzinfo=UTC), "a@b.example", "", "", "", (), ())


def content(data: bytes, name: str = "invoice.pdf") -> Content:
    return Content(name, "application/pdf", data)


async def read(*data: bytes, limits: Limits | None = None) -> list[Document]:
    return await SubprocessDocuments(limits).read([content(d, f"{n}.pdf") for n, d in enumerate(data)])


def pdf_of(*objects: bytes, root: int = 1) -> bytes:
    """A PDF of these objects, numbered from one, with a correct table."""
    data, offsets = b"%PDF-1.7\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    tail = b"trailer\n<</Root %d 0 R/Size %d>>\nstartxref\n%d\n%%%%EOF\n" % (root, len(objects) + 1, len(data))
    return data + head + table + tail


def page_with(stream: bytes, extra: bytes = b"") -> bytes:
    return pdf_of(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>",
        b"<<%s/Length %d>>stream\n%s\nendstream" % (extra, len(stream), stream),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    )


def bomb() -> bytes:
    """A page whose content inflates to 1 GB."""
    packer = zlib.compressobj(9)
    chunk = b"(a) Tj " * 150_000
    stream = b"".join([*(packer.compress(chunk) for _ in range(1000)), packer.flush()])
    return page_with(stream, b"/Filter/FlateDecode")


def many_pages(count: int, lines: int = 1) -> bytes:
    kids = b" ".join(b"%d 0 R" % number for number in range(5, 5 + count))
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 3 0 R/Resources<</Font<</F 4 0 R>>>>>>"
    stream = b"BT /F 12 Tf 50 700 Td (Invoice No: A-17) Tj ET\n" * lines
    return pdf_of(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[%s]/Count %d>>" % (kids, count),
        b"<</Length %d>>stream\n%s\nendstream" % (len(stream), stream),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        *([page] * count),
    )


def endless() -> bytes:
    """Content that takes the parser far longer than any limit."""
    return page_with(b"BT /F 12 Tf " + b"1 0 0 1 5 5 Tm (a) Tj " * 1_000_000 + b"ET")


RECURSIVE = pdf_of(b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[2 0 R 2 0 R]/Count 9>>")
SELF_PARENT = pdf_of(
    b"<</Type/Catalog/Pages 2 0 R>>",
    b"<</Type/Pages/Kids[3 0 R]/Count 1/Parent 3 0 R>>",
    b"<</Type/Page/Parent 2 0 R/Contents 3 0 R>>",
)


async def test_a_pdf_is_read_with_values_beside_their_labels() -> None:
    (document,) = await read(make_invoice_pdf())
    assert document.legibility is Legibility.TEXT
    facts = read_facts(MAIL, [document])
    assert facts.invoice_number is not None
    assert facts.invoice_number.value == Invoice().number
    assert facts.total is not None
    assert facts.total.value == Invoice().total


@pytest.mark.parametrize("language", ["en", "de", "fr", "es", "it", "nl"])
@pytest.mark.parametrize("is_credit", [False, True])
async def test_every_language_is_read(language: str, is_credit: bool) -> None:
    wanted = replace(Invoice(), language=language, is_credit=is_credit, currency="EUR")
    facts = read_facts(MAIL, await read(make_invoice_pdf(wanted)))
    assert {
        name: fact.value
        for name in ("invoice_number", "total", "currency", "issue_date", "due_date", "vat_id", "kind")
        if (fact := getattr(facts, name))
    } == {
        "invoice_number": wanted.number,
        "total": wanted.total,
        "currency": "EUR",
        "issue_date": wanted.issued,
        "due_date": wanted.due,
        "vat_id": wanted.vat_id,
        "kind": "credit_note" if is_credit else "invoice",
    }


@pytest.mark.parametrize(
    ("data", "legibility"),
    [
        pytest.param(make_factur_x_pdf(), Legibility.TEXT, id="factur-x"),
        pytest.param(make_ubl_xml(), Legibility.TEXT, id="ubl"),
        pytest.param(make_cii_xml(), Legibility.TEXT, id="cii"),
        pytest.param(make_scan_pdf(), Legibility.SCAN, id="scan"),
        pytest.param(b"junk " * 100 + make_invoice_pdf(), Legibility.TEXT, id="header-not-first"),
        pytest.param(make_encrypted_pdf(""), Legibility.TEXT, id="encrypted-but-open"),
        pytest.param(make_encrypted_pdf("secret"), Legibility.UNREADABLE, id="encrypted"),
        pytest.param(make_invoice_pdf()[:200], Legibility.UNREADABLE, id="truncated"),
        pytest.param(b"%PDF-1.7\n", Legibility.UNREADABLE, id="header-only"),
        pytest.param(b"", Legibility.UNREADABLE, id="empty"),
        pytest.param(b"MZ\x90\x00" * 100, Legibility.UNREADABLE, id="program"),
        pytest.param(b"<!DOCTYPE html><html><p>Invoice</p></html>", Legibility.UNREADABLE, id="html"),
        pytest.param(b"Invoice No: A-17", Legibility.UNREADABLE, id="plain-text"),
        pytest.param(b"<?xml version='1.0' encoding='bz2'?><a/>", Legibility.UNREADABLE, id="xml-of-no-charset"),
        pytest.param(
            b"<?xml version='1.0' encoding='utf-8'?><a>\xff</a>", Legibility.UNREADABLE, id="xml-not-its-charset"
        ),
        pytest.param(RECURSIVE, Legibility.UNREADABLE, id="pages-contain-themselves"),
    ],
)
async def test_legibility(data: bytes, legibility: Legibility) -> None:
    (document,) = await read(data)
    assert document.legibility is legibility
    is_pdf = b"%PDF-" in data[:1024]
    assert bool(document.pages) == (legibility is Legibility.TEXT and is_pdf)


async def test_a_page_that_is_its_own_parent_does_no_harm() -> None:
    (document,) = await read(SELF_PARENT)
    assert document.legibility is not Legibility.TEXT


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1", "windows-1252"])
async def test_xml_is_decoded_as_it_declares(encoding: str) -> None:
    declared = encoding.removesuffix("-sig")
    text = f'<?xml version="1.0" encoding="{declared}"?><Name>Müller</Name>'
    (document,) = await read(text.encode(encoding))
    assert document.structured == Element("Name", text="Müller")


@pytest.mark.parametrize(
    "before", ["\ufeff", "\ufeff\ufeff", "\r\n ", "\n\ufeff"], ids=["mark", "marks", "blank", "both"]
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be"])
async def test_what_senders_put_before_a_declaration_does_no_harm(before: str, encoding: str) -> None:
    mark = "" if encoding == "utf-8" else "\ufeff"
    (document,) = await read(f'{mark}{before}<?xml version="1.0"?><Name>Müller</Name>'.encode(encoding))
    assert document.structured == Element("Name", text="Müller")


async def test_single_bytes_that_declare_wide_ones_are_utf_8() -> None:
    (document,) = await read("<?xml version='1.0' encoding='utf-16'?><Name>Müller</Name>".encode())
    assert document.structured == Element("Name", text="Müller")


async def test_xml_becomes_values_of_its_header() -> None:
    (document,) = await read(
        b'<a:Invoice xmlns:a="urn:a" xmlns:b="urn:b"><b:ID schemeID="x"> A\n 17 </b:ID><Plain/>'
        b"<b:InvoiceLine><b:ID>1</b:ID></b:InvoiceLine><b:Note>x<b:Br/>y</b:Note></a:Invoice>"
    )
    assert document.pages == ()
    assert document.structured == Element(
        "Invoice",
        "urn:a",
        children=(
            Element("ID", "urn:b", "A 17", (("schemeID", "x"),)),
            Element("Plain"),
            Element("Note", "urn:b", "xy", children=(Element("Br", "urn:b"),)),
        ),
    )


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
HOSTILE_XML = {
    "billion-laughs": f'<!DOCTYPE a [<!ENTITY l0 "ha">{LAUGHS}]><a>&l9;</a>'.encode(),
    "long-entity": b'<!DOCTYPE a [<!ENTITY x "' + b"y" * 100_000 + b'">]><a>' + b"&x;" * 100_000 + b"</a>",
    "external-entity": b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
    "parameter-entity": b'<!DOCTYPE a [<!ENTITY % x SYSTEM "http://127.0.0.1:1/x.dtd"> %x;]><a/>',
    "external-dtd": b'<!DOCTYPE a SYSTEM "http://127.0.0.1:1/a.dtd"><a/>',
    "bare-dtd": b"<!DOCTYPE a><a/>",
    "undeclared-entity": b"<a>&nbsp;</a>",
    "deep": b"<a>" * 100_000 + b"</a>" * 100_000,
    "deep-in-a-line": b"<r><InvoiceLine>" + b"<a>" * 100_000 + b"</a>" * 100_000 + b"</InvoiceLine></r>",
    "many-elements": b"<r>" + b"<a/>" * 1_000_000 + b"</r>",
    "many-attributes": b"<a " + b" ".join(b'a%d="1"' % n for n in range(500_000)) + b"/>",
    "many-namespaces": b"<a " + b" ".join(b'xmlns:a%d="urn:%d" a%d:b="1"' % (n, n, n) for n in range(100_000)) + b"/>",
    "many-texts": b"<r>" + (b"<a>" + b"x" * 900 + b"</a>") * 1000 + b"</r>",
    "long-name": b"<" + b"a" * 1_000_000 + b"/>",
    "cut-off": make_ubl_xml()[:-20],
    "two-roots": make_ubl_xml() + b"<a/>",
    "text-after": make_ubl_xml() + b"junk",
    "null-character": b"<a>\0</a>",
    "utf-7": b"<?xml version='1.0' encoding='utf-7'?>+ADw-a/+AD4-",
    "utf-7-in-utf-8": b"<?xml version='1.0'?>+ADw-a+AD4-",
    "ebcdic": "<?xml version='1.0' encoding='cp037'?><a/>".encode("cp037"),
    "cut-utf-16": "<a>x</a>".encode("utf-16")[:-1],
    "mark-of-another": b"\xff\xfe<\0?xml version='1.0'?><a/>",
}


@pytest.mark.parametrize("data", HOSTILE_XML.values(), ids=HOSTILE_XML)
async def test_hostile_xml_is_unreadable_and_costs_its_neighbour_nothing(data: bytes) -> None:
    bad, good = await read(data, make_ubl_xml())
    assert (bad.legibility, bad.structured) == (Legibility.UNREADABLE, None)
    assert good.structured is not None


HUGE = {
    "text": b"<r><a>%s</a><b>1</b></r>" % (b"x" * 24_000_000),
    "attribute": b'<r><a x="%s"/><b>1</b></r>' % (b"x" * 24_000_000),
    "comment": b"<r><a/><!--%s--><b>1</b></r>" % (b"x" * 24_000_000),
    "pieces": b"<r><a>%s</a><b>1</b></r>" % (b"x<!---->" * 500_000),
    "lines": b"<r><a/>%s<b>1</b></r>" % (b"<InvoiceLine><ID>1</ID><Item><Name>x</Name></Item></InvoiceLine>" * 50_000),
}


@pytest.mark.parametrize("data", HUGE.values(), ids=HUGE)
async def test_what_is_huge_and_no_fact_is_left_out(data: bytes) -> None:
    (document,) = await read(data)
    assert document.structured == Element("r", children=(Element("a"), Element("b", text="1")))


async def test_50_mb_of_text_are_not_read() -> None:
    (document,) = await read(b"<a>%s</a>" % (b"x" * 50_000_000))
    assert document == Document("0.pdf", Legibility.TOO_LARGE)


async def test_the_largest_answer_is_taken() -> None:
    """A PDF at every limit: its pages, and three trees of characters that are long in JSON."""
    tree = "<r>" + ("<a>" + '"' * 13 + "</a>") * 19_000 + "</r>"
    (document,) = await read(pdf_with(*((f"{n}.xml", tree.encode()) for n in range(4))))
    assert (document.legibility, len(document.embedded)) == (Legibility.TEXT, 4)


def pdf_with(*files: tuple[str, bytes], pdf: bytes | None = None) -> bytes:
    """An invoice, or a PDF, that carries files."""
    writer = PdfWriter(clone_from=BytesIO(pdf or make_invoice_pdf()))
    for name, data in files:
        writer.add_attachment(name, data)
    buffer = BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


async def test_a_pdf_carries_its_xml_beside_its_pages() -> None:
    (document,) = await read(make_factur_x_pdf())
    assert document.pages
    assert document.embedded == ("factur-x.xml",)
    facts = read_facts(MAIL, [document])
    assert facts.total is not None
    assert facts.total.source == "0.pdf, embedded XML, BT-112"
    assert facts.disagreements == ()


async def test_a_scan_may_carry_its_xml() -> None:
    (document,) = await read(pdf_with(("xrechnung.xml", make_ubl_xml()), pdf=make_scan_pdf()))
    assert document.legibility is Legibility.SCAN
    facts = read_facts(MAIL, [document])
    assert facts.invoice_number is not None
    assert facts.invoice_number.value == Invoice().number


async def test_the_first_invoice_among_the_files_counts() -> None:
    files = ("a.png", b"\x89PNG"), ("b.xml", b"<order/>"), ("c.txt", make_cii_xml()), ("d.xml", make_ubl_xml())
    (document,) = await read(pdf_with(*files))
    assert document.embedded == ("a.png", "b.xml", "c.txt", "d.xml")
    assert document.structured is not None
    assert document.structured.name == "CrossIndustryInvoice"


@pytest.mark.parametrize("hostile", ["billion-laughs", "deep", "cut-off"])
async def test_a_hostile_file_in_a_pdf_costs_the_others_nothing(hostile: str) -> None:
    (document,) = await read(pdf_with(("a.xml", HOSTILE_XML[hostile]), ("b.xml", make_ubl_xml())))
    assert document.legibility is Legibility.TEXT
    assert document.structured is not None
    assert document.structured.name == "Invoice"


async def test_a_long_name_keeps_its_end() -> None:
    (document,) = await read(pdf_with(("x" * 400 + ".exe", b"MZ")))
    assert document.embedded == ("x" * 251 + ".exe",)


async def test_a_program_is_found_behind_many_files() -> None:
    (document,) = await read(pdf_with(*((f"{n:03}.txt", b"") for n in range(499)), ("invoice.exe", b"MZ")))
    assert (document.legibility, len(document.embedded)) == (Legibility.TEXT, 500)
    assert document.embedded[-1] == "invoice.exe"


async def test_more_files_than_can_be_listed_are_unreadable() -> None:
    (document,) = await read(pdf_with(*((f"{n:03}.txt", b"") for n in range(501))))
    assert (document.legibility, document.embedded) == (Legibility.UNREADABLE, ())


def carrying(tree: bytes, *objects: bytes) -> bytes:
    """A page and a tree of files; the tree is object 6, what else there is follows."""
    return pdf_of(
        b"<</Type/Catalog/Pages 2 0 R/Names<</EmbeddedFiles 6 0 R>>>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>",
        b"<</Length 45>>stream\nBT /F 12 Tf 50 700 Td (Invoice No: A-17) Tj ET\nendstream",
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        tree,
        *objects,
    )


def packed(data: bytes) -> bytes:
    return b"<</Filter/FlateDecode/Length %d>>stream\n%s\nendstream" % (len(data), data)


SPECIFICATION = b"<</Type/Filespec/F(a.xml)/EF<</F 8 0 R>>>>"
XML = packed(zlib.compress(make_ubl_xml()))


def inflating() -> bytes:
    """1 GB of blanks, then the end of a document."""
    packer = zlib.compressobj(9)
    return b"".join(
        [packer.compress(b"<a>"), *(packer.compress(b" " * 1_000_000) for _ in range(1000)), packer.flush()]
    )


@pytest.mark.parametrize(
    ("data", "names"),
    [
        pytest.param(carrying(b"<</Names[(a)7 0 R]>>", SPECIFICATION, XML), ("a.xml",), id="leaf"),
        pytest.param(
            carrying(b"<</Kids[9 0 R]>>", SPECIFICATION, XML, b"<</Kids[10 0 R]>>", b"<</Names[(a)7 0 R]>>"),
            ("a.xml",),
            id="nested",
        ),
        pytest.param(
            carrying(b"<</Kids[6 0 R 6 0 R]/Names[(a)7 0 R]>>", SPECIFICATION, XML), ("a.xml",), id="recursive"
        ),
        pytest.param(carrying(b"<</Names[(a)7 0 R(b)7 0 R]>>", SPECIFICATION, XML), ("a.xml",), id="twice"),
        pytest.param(carrying(b"<</Names[%s]>>" % (b"(a)7 0 R" * 1000), SPECIFICATION, XML), ("a.xml",), id="wide"),
        pytest.param(carrying(b"<</Names[(a)99 0 R(b)7 0 R]>>", SPECIFICATION, XML), ("a.xml",), id="missing-one"),
    ],
)
async def test_the_tree_of_files_is_walked_within_limits(data: bytes, names: tuple[str, ...]) -> None:
    (document,) = await read(data)
    assert (document.legibility, document.embedded) == (Legibility.TEXT, names)
    assert document.structured is not None


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(lambda: carrying(b"<</Names[(a)7 0 R]>>", SPECIFICATION, packed(inflating())), id="inflating"),
        pytest.param(lambda: carrying(b"<</Names[(a)7 0 R]>>", b"<</Type/Filespec/F(a.xml)/EF 7 0 R>>"), id="itself"),
        pytest.param(
            lambda: carrying(b"<</Names[(a)7 0 R]>>", b"<</F 7 0 R/EF<</F 8 0 R>>>>", b"[8 0 R]"), id="no-stream"
        ),
        pytest.param(
            lambda: carrying(b"<</Names[(a)7 0 R]>>", SPECIFICATION, packed(b"not deflated" * 1000)), id="not-packed"
        ),
    ],
)
async def test_a_broken_file_costs_the_pages_nothing(data: Callable[[], bytes]) -> None:
    (document,) = await read(data())
    assert (document.legibility, document.structured) == (Legibility.TEXT, None)
    assert "A-17" in document.pages[0]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(carrying(b"<</Names[%s]>>" % (b"(a)7 0 R" * 1001), SPECIFICATION, XML), id="wide"),
        pytest.param(
            carrying(b"<</Kids[%s]>>" % b" ".join(b"<<>>" for _ in range(250)), SPECIFICATION, XML), id="many-nodes"
        ),
        pytest.param(carrying(b"<</Names 7 0 R/Kids 7 0 R>>", b"7 0 R"), id="no-lists"),
        pytest.param(carrying(b"6 0 R"), id="reference-to-itself"),
    ],
)
async def test_a_list_of_files_that_cannot_be_walked_makes_a_document_unreadable(data: bytes) -> None:
    (document,) = await read(data)
    assert (document.legibility, document.embedded) == (Legibility.UNREADABLE, ())


PAGES = {
    "xhtml": b"<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'><script>x</script></html>",
    "prefixed": b"<?xml version='1.0'?><h:body xmlns:h='http://www.w3.org/1999/xhtml'/>",
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "svg-declared": b"<?xml version='1.0'?>\n<!-- x --><svg xmlns='http://www.w3.org/2000/svg'/>",
    "html": b"<?xml version='1.0'?><HTML/>",
    "within": b"<Invoice><s:script xmlns:s='http://www.w3.org/1999/xhtml'>x</s:script></Invoice>",
    "within-bulk": b"<Invoice><InvoiceLine><s:script xmlns:s='http://www.w3.org/1999/xhtml'/></InvoiceLine></Invoice>",
}


@pytest.mark.parametrize("data", PAGES.values(), ids=PAGES)
async def test_a_page_for_a_browser_is_no_document(data: bytes) -> None:
    (document,) = await read(data)
    assert (document.legibility, document.structured) == (Legibility.UNREADABLE, None)


async def test_a_style_sheet_beside_an_invoice_does_no_harm() -> None:
    styled = b"<?xml version='1.0'?><?xml-stylesheet type='text/xsl' href='fatturapa_v1.2.xsl'?><a><b>1</b></a>"
    (document,) = await read(styled)
    assert document.legibility is Legibility.TEXT


async def test_50_mb_of_fonts_are_not_read() -> None:
    font = b"<</Length 50000000>>stream\n%s\nendstream" % bytes(50_000_000)
    (document,) = await read(pdf_of(b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[]/Count 0>>", font))
    assert document == Document("0.pdf", Legibility.TOO_LARGE)


async def test_fonts_that_inflate_cost_no_more_than_their_page() -> None:
    font = packed(inflating())
    data = page_with(b"BT /F 12 Tf 50 700 Td (Invoice No: A-17) Tj ET").replace(
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        b"<</Type/Font/Subtype/Type1/BaseFont/X/ToUnicode 6 0 R>>\nendobj\n6 0 obj\n" + font,
    )
    bad, good = await read(data, make_invoice_pdf())
    assert bad.legibility in {Legibility.TEXT, Legibility.UNREADABLE}
    assert good.legibility is Legibility.TEXT


async def test_a_document_over_the_size_limit_is_not_read() -> None:
    limits = Limits(document_bytes=100_000)
    exact, over = await read(make_large_pdf(100_000), make_large_pdf(100_001), limits=limits)
    assert (exact.legibility, over.legibility) == (Legibility.TEXT, Legibility.TOO_LARGE)


async def test_documents_over_the_count_are_not_read() -> None:
    documents = await read(*[make_ubl_xml()] * 4, limits=Limits(documents=3))
    assert [d.legibility for d in documents] == [Legibility.TEXT] * 3 + [Legibility.TOO_LARGE]
    assert [d.name for d in documents] == ["0.pdf", "1.pdf", "2.pdf", "3.pdf"]


async def test_a_slow_document_gives_the_pages_read_in_time() -> None:
    limits = Limits(pages=2000, characters=10_000_000, document_seconds=4.0)
    (document,) = await read(many_pages(2000, lines=100), limits=limits)
    assert document.legibility is Legibility.TEXT
    assert 0 < len(document.pages) < 2000


def test_it_works_from_a_zip(tmp_path: Path) -> None:
    """The child finds the code and its libraries where the running interpreter found them."""
    with zipfile.ZipFile(tmp_path / "app.zip", "w") as package:
        for module in sorted((ROOT / "shared").rglob("*.py")):
            package.write(module, module.relative_to(ROOT).as_posix())
    code = (
        "import asyncio, sys; sys.path[:0] = sys.argv[1:]\n"
        "from shared.adapters.documents import Content, SubprocessDocuments\n"
        "data = sys.stdin.buffer.read()\n"
        "print(asyncio.run(SubprocessDocuments().read([Content('a.pdf', '', data)]))[0].legibility)"
    )
    result = subprocess.run(
        [sys.executable, "-I", "-c", code, str(tmp_path / "app.zip")],
        input=make_invoice_pdf(),
        capture_output=True,
        check=True,
        cwd=tmp_path,
    )
    assert result.stdout == b"text\n"


async def test_pages_and_characters_are_bounded() -> None:
    (document,) = await read(many_pages(10_000))
    assert len(document.pages) == Limits().pages
    (document,) = await read(many_pages(20), limits=Limits(characters=100))
    assert sum(map(len, document.pages)) == 100


@pytest.mark.parametrize("hostile", [pytest.param(bomb, id="bomb"), pytest.param(endless, id="endless")])
async def test_an_overrun_costs_the_other_documents_nothing(hostile: Callable[[], bytes]) -> None:
    good = make_invoice_pdf()
    usual = await seconds_of(read(good, good, good))
    start = time.monotonic()
    before, bad, after = await read(good, hostile(), good, limits=QUICK)
    assert before.legibility is after.legibility is Legibility.TEXT
    assert bad.legibility is Legibility.UNREADABLE
    assert time.monotonic() - start < QUICK.seconds + 3 * usual + SLACK


async def test_a_mail_of_hostile_documents_ends_in_time() -> None:
    usual = await seconds_of(read(make_invoice_pdf()))
    limits = Limits(document_seconds=1.0, seconds=2.5)
    start = time.monotonic()
    documents = await read(*[endless()] * 5, limits=limits)
    assert [d.legibility for d in documents] == [Legibility.UNREADABLE] * 5
    assert time.monotonic() - start < limits.seconds + 3 * usual + SLACK


async def test_a_broken_package_is_said_once_and_blamed_on_no_document(caplog: pytest.LogCaptureFixture) -> None:
    documents = SubprocessDocuments(environment={"PYTHONPATH": str(ROOT)})  # without the installed packages
    seen = await documents.read([content(make_invoice_pdf()), content(make_ubl_xml()), content(make_invoice_pdf())])
    assert {d.legibility for d in seen} == {Legibility.UNREADABLE}
    (record,) = (each for each in caplog.records if each.name.startswith("shared."))
    assert record.levelname == "ERROR"
    assert "pypdf or defusedxml" in record.message
    assert "package the app anew" in record.message


async def test_a_cancelled_read_leaves_no_child() -> None:
    documents = SubprocessDocuments()
    task = asyncio.create_task(documents.read([content(endless())]))
    await child_of_ours()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await nobody_left()


async def test_no_child_is_left_after_reading() -> None:
    await read(make_invoice_pdf(), endless(), limits=QUICK)
    assert children() == set()


SLACK = 5.0  # a machine that stalls now and then; a document that hangs would take minutes


async def seconds_of(reading: Awaitable[object]) -> float:
    """What something takes on this machine, now."""
    start = time.monotonic()
    await reading
    return time.monotonic() - start


async def nobody_left() -> None:
    for _ in range(500):
        if not children():
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"left: {children()}")


async def child_of_ours() -> int:
    for _ in range(500):
        if found := children():
            return found.pop()
        await asyncio.sleep(0.01)
    raise AssertionError("no child was started")


def children() -> set[int]:
    """Process ids of this process's children, zombies included and the session's storage emulator not."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
            is_emulator = b"azurite" in stat.with_name("cmdline").read_bytes()
        except OSError:
            continue
        if parent == os.getpid() and not is_emulator:
            found.add(int(stat.parent.name))
    return found


async def test_at_most_two_children_run_at_once() -> None:
    documents = SubprocessDocuments(QUICK)
    tasks = [asyncio.create_task(documents.read([content(endless())])) for _ in range(4)]
    seen: list[int] = []
    while seen.count(2) < 20 and not all(task.done() for task in tasks):
        seen.append(len(children()))
        await asyncio.sleep(0.05)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert max(seen) == 2


async def test_the_event_loop_goes_on_meanwhile() -> None:
    began = time.monotonic()
    task = asyncio.create_task(read(make_large_pdf(20_000_000)))
    longest = 0.0
    while not task.done():
        start = time.monotonic()
        await asyncio.sleep(0.01)
        longest = max(longest, time.monotonic() - start)
    assert longest < (time.monotonic() - began) / 2
    assert (await task)[0].legibility is Legibility.TEXT


def test_the_child_limits_itself_before_it_parses() -> None:
    code = (
        "import json, resource; from shared.adapters import document_worker as w; w._limit(512 << 20, 20)\n"
        "names = ('AS', 'CPU', 'FSIZE', 'NOFILE', 'CORE')\n"
        "print(json.dumps({name: resource.getrlimit(getattr(resource, 'RLIMIT_' + name)) for name in names}))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    seen = json.loads(result.stdout)
    assert seen == {"AS": [512 << 20] * 2, "CPU": [20, 20], "FSIZE": [0, 0], "NOFILE": [32, 32], "CORE": [0, 0]}


async def test_secrets_do_not_reach_the_child(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAMPLE_SECRET", "hidden")
    task = asyncio.create_task(read(endless(), limits=QUICK))
    child = await child_of_ours()
    names = environment_of(child)  # there from its first instant: its start is only over once it is another program
    await task
    assert names == {"PYTHONPATH"}


def environment_of(process: int) -> set[str]:
    entries = Path(f"/proc/{process}/environ").read_text().split("\0")
    return {entry.partition("=")[0] for entry in entries if entry}


OURS = make_mail(subject="FW: Invoice [IA-0123456789ab]", message_id=f"<{'0' * 32}-1@contoso.example>")


@pytest.mark.parametrize("is_whole", [False, True])
@pytest.mark.parametrize("is_referring", [False, True])
async def test_a_bounce_names_the_mail_it_returns(is_whole: bool, is_referring: bool) -> None:
    report = await SubprocessDocuments().read_report(make_bounce(OURS, is_whole=is_whole, is_referring=is_referring))
    assert report is not None
    assert report.failed
    assert report.message_ids == (f"<{'0' * 32}-1@contoso.example>",)
    assert "[IA-0123456789ab]" in report.text
    assert "could not be delivered" in report.text


@pytest.mark.parametrize("action", ["delayed", "relayed", "delivered", "expanded"])
async def test_only_failed_is_a_failure(action: str) -> None:
    report = await SubprocessDocuments().read_report(make_bounce(OURS, action=action))
    assert report is not None
    assert not report.failed


@pytest.mark.parametrize(
    "action",
    ["Failed", "failed (mailbox unavailable)", "(a (nested \\) one)) failed", "failed;x", "failed\r\n (folded)"],
)
async def test_a_comment_takes_nothing_from_a_failure(action: str) -> None:
    mime = make_bounce(OURS).replace(b"Action: failed", f"Action: {action}".encode())
    report = await SubprocessDocuments().read_report(mime)
    assert report is not None
    assert report.failed


async def test_a_failure_within_a_comment_is_none() -> None:
    mime = make_bounce(OURS).replace(b"Action: failed", b"Action: delivered (not failed)")
    report = await SubprocessDocuments().read_report(mime)
    assert report is not None
    assert (report.failed, report.recipients) == (False, ())


GROUPS = b"""Original-Recipient: rfc822; AP@Contoso.example (accounts)
Final-Recipient: RFC822;<accounts@contoso.example>
Action: failed

Final-Recipient: rfc822; late@contoso.example
Action: delayed

Original-Recipient: ap@contoso.example
Final-Recipient: x400; /S=ap@/O=contoso/
Action: failed
""".replace(b"\n", b"\r\n")


async def test_a_report_names_the_recipients_of_what_failed() -> None:
    head, _, rest = make_bounce(OURS).partition(b"Final-Recipient:")
    mime = head + GROUPS + b"\r\n--" + rest.partition(b"\r\n--")[2]
    report = await SubprocessDocuments().read_report(mime)
    assert report is not None
    assert report.recipients == ("ap@contoso.example", "accounts@contoso.example")


async def test_recipients_are_limited_in_number_and_length() -> None:
    head, _, rest = make_bounce(OURS).partition(b"Final-Recipient:")
    names = ["x" * 400, *map(str, range(200))]
    groups = "".join(f"Final-Recipient: rfc822; {name}@contoso.example\r\nAction: failed\r\n\r\n" for name in names)
    mime = head + groups.encode() + b"--" + rest.partition(b"\r\n--")[2]
    report = await SubprocessDocuments().read_report(mime)
    assert report is not None
    assert report.recipients == tuple(f"{n}@contoso.example" for n in range(100))


@pytest.mark.parametrize(
    "mime",
    [
        pytest.param(make_mail(), id="mail"),
        pytest.param(make_auto_reply(), id="auto-reply"),
        pytest.param(b"", id="empty"),
        pytest.param(b"\xff" * 1000, id="noise"),
        pytest.param(make_bounce(OURS)[:600], id="truncated"),
        pytest.param(b"Content-Type: multipart/mixed; boundary=a\n\n" + b"--a\n" * 100_000, id="parts"),
    ],
)
async def test_no_report_where_there_is_none(mime: bytes) -> None:
    assert await SubprocessDocuments().read_report(mime) is None


async def test_a_report_inside_a_returned_mail_is_not_the_mails_own() -> None:
    inner = make_bounce(OURS)
    head = b"Subject: see below\r\nContent-Type: message/rfc822\r\n\r\n"
    assert await SubprocessDocuments().read_report(head + inner) is None


async def test_nested_parts_do_not_exhaust_the_reader() -> None:
    nested = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(5000))
    assert await SubprocessDocuments().read_report(nested) is None


def test_unknown_bytes_are_no_document() -> None:
    nothing = {"pages": (), "structured": (), "embedded": (), "partial": False}
    assert document_worker.document(b"\x00\x01", 1, 1, 1.0) == {"legibility": "unreadable", **nothing}


@needs_corpus
async def test_every_document_of_the_corpus_is_read() -> None:
    paths = [p for p in sorted((CORPUS / "invoices").rglob("*")) if p.suffix in {".pdf", ".xml"}]
    documents = SubprocessDocuments()
    for start in range(0, len(paths), 10):
        batch = paths[start : start + 10]
        read_now = await documents.read([Content(p.name, "", p.read_bytes()) for p in batch])
        wanted = [Legibility.SCAN if "scan" in p.name else Legibility.TEXT for p in batch]
        assert [(d.name, d.legibility) for d in read_now] == [(p.name, w) for p, w in zip(batch, wanted, strict=True)]


@needs_corpus
async def test_every_mail_of_the_corpus_is_searched_for_a_report() -> None:
    documents = SubprocessDocuments()
    with (CORPUS / "mail_truth.csv").open(encoding="utf-8", newline="") as file:
        kinds = {row["path"]: row["kind"] for row in csv.DictReader(file)}
    found = {path for path in kinds if await documents.read_report((CORPUS / path).read_bytes())}
    assert {kinds[path] for path in found} == {"bounce"}
    assert len(found) >= REPORTS


REPORTS = 13  # of 23 bounces; the others are older than RFC 3464 or have no delivery-status part
# On the 24 plain PDFs with a text layer: at least so many right, at most so many wrong; the rest is left empty.
MEASURED = {
    "vat_id": (12, 0),
    "invoice_number": (24, 0),
    "issue_date": (22, 0),
    "due_date": (16, 0),
    "currency": (21, 0),
    "total": (23, 0),
    "kind": (24, 0),
}


@needs_corpus
async def test_facts_of_plain_invoices_are_right_or_empty() -> None:
    with (CORPUS / "truth.csv").open(encoding="utf-8", newline="") as file:
        rows = [r for r in csv.DictReader(file) if r["path"].startswith("invoices/pdf/") and r["text_layer"] == "yes"]
    right, wrong = dict.fromkeys(MEASURED, 0), dict.fromkeys(MEASURED, 0)
    patient = Limits(documents=len(rows), seconds=120)
    documents = await read(*[(CORPUS / row["path"]).read_bytes() for row in rows], limits=patient)
    for row, document in zip(rows, documents, strict=True):
        facts = read_facts(MAIL, [document])
        for field in MEASURED:
            fact, wanted = getattr(facts, field), expected(row, field)
            right[field] += fact is not None and fact.value == wanted
            wrong[field] += fact is not None and wanted is not None and fact.value != wanted
    missed = {
        field: (right[field], wrong[field])
        for field, (floor, ceiling) in MEASURED.items()
        if right[field] < floor or wrong[field] > ceiling
    }
    assert missed == {}


STATED = ("vendor_name", "vat_id", "invoice_number", "issue_date", "due_date", "currency", "total", "kind")


@needs_corpus
async def test_facts_of_valid_e_invoices_are_right() -> None:
    """At least 99 of 100 values by their XML alone, and none that is another than the document's."""
    rows = [row for row in truth() if row["path"].startswith("invoices/einvoice/") and is_valid(row)]
    patient = Limits(documents=len(rows), seconds=120)
    documents = await read(*[(CORPUS / row["path"]).read_bytes() for row in rows], limits=patient)
    right, wanted = dict.fromkeys(STATED, 0), dict.fromkeys(STATED, 0)
    wrong = []
    for row, document in zip(rows, documents, strict=True):
        facts = structured_facts(document.structured, "xml") if document.structured else None
        for field in STATED:
            value, fact = expected(row, field), getattr(facts, field, None)
            wanted[field] += value is not None
            right[field] += value is not None and fact is not None and fact.value == value
            wrong += [(row["path"], field)] if value is not None and fact is not None and fact.value != value else []
    assert wrong == []
    assert {field for field in STATED if right[field] < 0.99 * wanted[field]} == set()


@needs_corpus
async def test_documents_that_say_one_thing_twice_do_not_disagree() -> None:
    """One whose pages say the same as their XML may be suspected; of those that say another thing, some are found."""
    rows = [row for row in truth() if row["path"].startswith("invoices/einvoice/") and row["text_layer"] == "yes"]
    patient = Limits(documents=len(rows), seconds=120)
    documents = await read(*[(CORPUS / row["path"]).read_bytes() for row in rows], limits=patient)
    told = [bool(read_facts(MAIL, [document]).disagreements) for document in documents]
    is_true = ["page disagrees with the XML" in row["notes"] for row in rows]
    assert sum(a and not b for a, b in zip(told, is_true, strict=True)) <= 1
    assert sum(a and b for a, b in zip(told, is_true, strict=True)) >= DISAGREEING


DISAGREEING = 3  # of 7; on the others no words introduce another number, or the XML is not well-formed


def is_valid(row: dict[str, str]) -> bool:
    """Not one that does not validate, nor the draft of ZUGFeRD before 1.0, of which only the page is read."""
    return "/invalid/" not in row["path"] and "pre-1.0" not in row["notes"]


def truth() -> list[dict[str, str]]:
    with (CORPUS / "truth.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def expected(row: dict[str, str], field: str) -> object:
    column = {"vat_id": "vendor_vat_id", "total": "total_gross"}.get(field, field)
    text = row[column]
    if not text:
        return None
    if field == "total":
        return Decimal(text)
    if field == "vat_id":
        return text.replace(" ", "").replace(".", "")
    return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).date() if field.endswith("date") else text


@pytest.mark.parametrize("head", [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"II*\x00", b"MM\x00*"])
def test_a_picture_of_a_page_is_a_scan(head: bytes) -> None:
    assert document_worker.document(head + bytes(100), 1, 1, 1.0)["legibility"] == "scan"


async def test_a_document_that_goes_on_behind_the_limit_says_so() -> None:
    writer = PdfWriter()
    for _ in range(3):
        writer.append(BytesIO(make_invoice_pdf()))
    long = BytesIO()
    writer.write(long)
    contents = [Content("a.pdf", "application/pdf", long.getvalue())]
    for pages, is_partial in ((2, True), (3, False)):
        reader = SubprocessDocuments(Limits(pages=pages))
        (document,) = await reader.read(contents)
        assert document.is_partial is is_partial
        assert document.is_whole is not is_partial
