"""The sample mailbox holds real mails, the same ones every time."""

import csv
from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import cast
from zipfile import ZipFile

import pytest
from pypdf import PdfReader

from infrastructure.local.samples import LATE_VENDOR, VENDORS, Sample, sample_mails
from infrastructure.local.samples import vendors as sellers
from infrastructure.local.samples.builders import AP_MAILBOX, MAILBOX, MARKER
from infrastructure.local.samples.invoice import Invoice
from shared.domain.iban import is_iban
from shared.domain.transaction import FOLDERS

COLUMNS = (
    "vendor_name,email_domain,expense_dept,allocation_schedule,gl_code,billing_party,notes,"
    "vendor_id,vat_id,aliases,ibans"
)


@cache
def samples() -> dict[str, Sample]:
    return {sample.name: sample for sample in sample_mails()}


def parsed(name: str) -> EmailMessage:
    return message_from_bytes(samples()[name].data, policy=default)


def pdfs(name: str) -> Iterator[PdfReader]:
    for part in parsed(name).iter_attachments():
        if part.get_content_type() == "application/pdf":
            yield PdfReader(BytesIO(cast("bytes", part.get_content())))


NAMES = sorted(sample.name for sample in sample_mails())
WITHOUT_TEXT = {"13-scan.eml", "28-encrypted.eml"}


def test_the_samples_are_numbered_through_and_end_in_a_folder_of_ours() -> None:
    assert [name[:2] for name in samples()] == [f"{number:02}" for number in range(1, len(NAMES) + 1)]
    assert {sample.outcome for sample in samples().values()} <= set(FOLDERS.values())
    assert all(sample.about for sample in samples().values())


def test_the_same_bytes_every_time() -> None:
    assert {sample.name: sample for sample in sample_mails()} == samples()


@pytest.mark.parametrize("name", NAMES)
def test_each_mail_is_a_correct_message(name: str) -> None:
    mail = parsed(name)
    assert not [defect for part in mail.walk() for defect in part.defects]
    assert mail["To"] in {MAILBOX, AP_MAILBOX}
    assert mail["From"]
    assert mail["Date"].datetime.tzinfo
    assert mail["Message-ID"].startswith("<")
    assert b"\n" not in samples()[name].data.replace(b"\r\n", b"")


@pytest.mark.parametrize("name", [name for name in NAMES if any(pdfs(name)) and name not in WITHOUT_TEXT])
def test_each_pdf_has_text(name: str) -> None:
    for pdf in pdfs(name):
        assert "IBAN" in pdf.pages[0].extract_text()


def test_message_ids_differ() -> None:
    assert len({parsed(name)["Message-ID"] for name in NAMES}) == len(NAMES)


def test_the_large_mail_is_over_the_reading_limit() -> None:
    (part,) = parsed("10-large.eml").iter_attachments()
    assert len(cast("bytes", part.get_content())) == 30 * 1024 * 1024


def test_factur_x_carries_its_xml() -> None:
    (pdf,) = pdfs("02-factur-x.eml")
    (embedded,) = pdf.attachment_list
    assert embedded.name == "factur-x.xml"
    assert embedded.associated_file_relationship == "/Alternative"
    assert b"<ram:ID>NL-2026-0088</ram:ID>" in embedded.content


def test_the_scan_has_no_text() -> None:
    (pdf,) = pdfs("13-scan.eml")
    assert not pdf.pages[0].extract_text().strip()


def test_odd_characters_survive() -> None:
    mail = parsed("11-odd-characters.eml")
    assert "\U0001f4ce" in mail["Subject"]
    assert [part.get_filename() for part in mail.iter_attachments()] == ["Facture \u2013 été n° 312 (дубль).pdf"]
    assert b"\r\n " in samples()["11-odd-characters.eml"].data.partition(b"\r\n\r\n")[0]


def test_own_forwards_are_marked() -> None:
    for name, documents in (("18-own-forward.eml", 1), ("19-own-forward-bare.eml", 0)):
        mail = parsed(name)
        assert mail["Message-ID"] == f"<{mail[MARKER]}@contoso.example>"
        assert len(list(mail.iter_attachments())) == documents


def test_the_bounce_is_a_delivery_report() -> None:
    mail = parsed("16-bounce.eml")
    assert mail.get_content_type() == "multipart/report"
    assert mail.get_param("report-type") == "delivery-status"


def test_a_hybrid_may_state_another_total_than_it_prints() -> None:
    (pdf,) = pdfs("33-two-totals.eml")
    (embedded,) = pdf.attachment_list
    assert b"<ram:GrandTotalAmount>2499.00</ram:GrandTotalAmount>" in embedded.content
    assert "1.428,00" in pdf.pages[0].extract_text()


def test_the_encrypted_document_opens_with_its_password_alone() -> None:
    (pdf,) = pdfs("28-encrypted.eml")
    assert not pdf.decrypt("")
    assert pdf.decrypt("officina")


def test_what_is_locked_asks_for_a_password() -> None:
    locked, macros = list(parsed("35-locked-and-macros.eml").iter_attachments())[1:]
    with ZipFile(BytesIO(cast("bytes", locked.get_content()))) as archive:
        assert archive.namelist() == ["ritten.xlsx"]
        with pytest.raises(RuntimeError, match="password required"):
            archive.read("ritten.xlsx")
    with ZipFile(BytesIO(cast("bytes", macros.get_content()))) as archive:
        assert archive.testzip() is None
        assert "word/vbaProject.bin" in archive.namelist()


def test_the_vendors_are_those_of_the_documents_with_the_accounts_that_these_name() -> None:
    """An honest sample would otherwise be held for its account."""
    known = [
        sellers.BLUEBIRD, sellers.NORDLICHT, sellers.LUMIERE, sellers.METROPOLE, sellers.BIANCHI, sellers.VAN_DIJK,
    ]  # fmt: skip
    assert _told(VENDORS) == _by_documents(*known)
    assert _told(LATE_VENDOR) == _by_documents(sellers.KUPFER)
    assert all(is_iban(vendor.iban) for vendor in (*known, sellers.KUPFER))


def _by_documents(*invoices: Invoice) -> set[tuple[str, str, str]]:
    return {(invoice.vendor, invoice.vat_id, invoice.iban) for invoice in invoices}


def _told(path: Path) -> set[tuple[str, str, str]]:
    return {(vendor["vendor_name"], vendor["vat_id"], vendor["ibans"]) for vendor in _vendors(path)}


def _vendors(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        assert reader.fieldnames == COLUMNS.split(",")
        return list(reader)
