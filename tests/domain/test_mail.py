import pytest

from shared.domain.mail import AttachmentKind, domain_of, normalised_subject
from tests.domain.made import attachment, mail


@pytest.mark.parametrize(
    ("name", "content_type", "is_document"),
    [
        pytest.param("invoice.pdf", "application/octet-stream", True, id="PDF by name"),
        pytest.param("INVOICE.PDF ", "application/octet-stream", True, id="PDF in capitals, with a space behind"),
        pytest.param("xrechnung.xml", "application/octet-stream", True, id="XML by name"),
        pytest.param("invoice", "application/pdf", True, id="PDF by type alone"),
        pytest.param("invoice.bin", "Application/PDF; name=x.bin", True, id="type with parameters and capitals"),
        pytest.param("a", "text/xml; charset=utf-8", True, id="XML as text"),
        pytest.param("logo.png", "image/png", False, id="picture"),
        pytest.param("invoice.pdf.exe", "application/octet-stream", False, id="only the last extension counts"),
        pytest.param("pdf", "application/octet-stream", False, id="no extension at all"),
        pytest.param(".pdf", "application/octet-stream", False, id="a hidden file's name is no extension"),
        pytest.param("", "", False, id="nothing said"),
    ],
)
def test_a_document_is_a_pdf_or_xml_by_name_or_declared_type(
    name: str, content_type: str, *, is_document: bool
) -> None:
    assert attachment(name, content_type).is_document is is_document


@pytest.mark.parametrize("kind", [AttachmentKind.ITEM, AttachmentKind.REFERENCE])
def test_what_has_no_bytes_is_no_document(kind: AttachmentKind) -> None:
    assert not attachment(kind=kind).is_document


def test_an_inline_document_counts() -> None:
    assert attachment(is_inline=True).is_document


def test_documents_keep_the_order_of_the_mail() -> None:
    first, logo, second = attachment("a.xml"), attachment("logo.png", "image/png"), attachment("b.pdf")
    assert mail(first, logo, second).documents == (first, second)


def test_a_header_is_found_blind_to_case_and_the_first_one_counts() -> None:
    read = mail(headers=(("auto-submitted", "no"), ("Auto-Submitted", "auto-replied")))
    assert read.header("AUTO-SUBMITTED") == "no"
    assert read.header("Precedence") == ""


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("Invoice 7", "invoice 7"),
        ("RE: FW: Invoice 7", "invoice 7"),
        ("  WG:AW :  Invoice   7 ", "invoice 7"),
        ("Re[2]: Antw: TR: Invoice 7", "invoice 7"),
        ("Reminder: Invoice 7", "reminder: invoice 7"),
        ("Invoice RE: 7", "invoice re: 7"),
        ("Re:", ""),
        ("", ""),
    ],
)
def test_a_subject_is_compared_without_reply_and_forward_prefixes(subject: str, expected: str) -> None:
    assert normalised_subject(subject) == expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("billing@Bluebird.Example", "bluebird.example"),
        ('"a@b"@bluebird.example', "bluebird.example"),
        ("billing@bluebird.example.", "bluebird.example"),
        ("bluebird.example", ""),
        ("billing@", ""),
        ("", ""),
    ],
)
def test_the_domain_is_what_stands_behind_the_last_at(address: str, expected: str) -> None:
    assert domain_of(address) == expected
