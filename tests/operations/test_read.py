"""`read` on real documents and mails: what the app would read, where and how sure."""

import json
from pathlib import Path
from typing import Any

import pytest

from infrastructure.local.samples.builders import (
    Attached,
    Invoice,
    make_calendar,
    make_cii_xml,
    make_encrypted_pdf,
    make_invoice_pdf,
    make_mail,
    make_scan_pdf,
    make_ubl_xml,
)
from infrastructure.operations.__main__ import main
from infrastructure.operations.files import find
from infrastructure.operations.mails import read_mail
from tests.operations.commands import run

COLUMNS = [
    "path",
    "vendor_name",
    "vendor_vat_id",
    "invoice_number",
    "issue_date",
    "due_date",
    "currency",
    "total_gross",
    "kind",
]
FURTHER = ["iban", "purchase_order", "nature", "legibility", "evidence", "disagreements", "documents"]


def saved(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def read_json(capsys: pytest.CaptureFixture[str], *paths: Path) -> tuple[int, list[dict[str, Any]], str]:
    code = main(["read", "--json", *map(str, paths)])
    shown = capsys.readouterr()
    return code, json.loads(shown.out), shown.err


@pytest.mark.parametrize(
    ("name", "make", "sureness"),
    [
        pytest.param("invoice.pdf", make_invoice_pdf, "labelled", id="pdf"),
        pytest.param("invoice.xml", make_cii_xml, "stated", id="cii"),
        pytest.param("invoice.xml", make_ubl_xml, "stated", id="ubl"),
    ],
)
def test_a_document_by_itself(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str, make: Any, sureness: str
) -> None:
    path = saved(tmp_path / name, make(Invoice()))
    code, (found,), errors = read_json(capsys, path)
    assert (code, errors) == (0, "")
    assert list(found) == COLUMNS + FURTHER
    assert found["path"] == str(path)
    assert found["invoice_number"] == "INV-2026-0417"
    assert (found["issue_date"], found["currency"], found["kind"]) == ("2026-03-05", "GBP", "invoice")
    assert found["legibility"] == "text"
    evidence = found["evidence"]["invoice_number"]
    assert evidence["sureness"] == sureness
    assert evidence["source"].startswith(name)


def test_amounts_are_text_with_two_decimals(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    _, (found,), _ = read_json(capsys, saved(tmp_path / "a.pdf", make_invoice_pdf()))
    assert found["total_gross"] == "1490.40"


def test_what_is_not_read_is_null(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, (found,), _ = read_json(capsys, saved(tmp_path / "scan.pdf", make_scan_pdf()))
    assert code == 0
    assert [found[column] for column in COLUMNS[1:]] == [None] * 8
    assert (found["legibility"], found["evidence"]) == ("scan", {})


def test_a_mail_is_read_with_its_documents(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    mail = make_mail(
        subject="Your invoice",
        attachments=[
            Attached("one.pdf", make_invoice_pdf(Invoice(number="R-1"))),
            Attached("two.pdf", make_scan_pdf()),
        ],
    )
    code, (found,), _ = read_json(capsys, saved(tmp_path / "mail.eml", mail))
    assert code == 0
    assert found["invoice_number"] == "R-1"
    assert found["evidence"]["invoice_number"]["source"].startswith("one.pdf")
    assert found["documents"] == [
        {"name": "one.pdf", "legibility": "text"},
        {"name": "two.pdf", "legibility": "scan"},
    ]


def test_a_mail_without_documents_is_read_by_itself(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    mail = make_mail(subject="Invoice INV-77", body="Hello.\n")
    _, (found,), _ = read_json(capsys, saved(tmp_path / "mail.eml", mail))
    assert found["invoice_number"] == "INV-77"
    assert found["evidence"]["invoice_number"]["source"] == "subject"
    assert (found["legibility"], found["documents"]) == (None, [])


def test_a_mail_is_what_the_app_gets_from_its_mailbox(tmp_path: Path) -> None:
    data = make_mail(
        sender="Bluebird Billing <Billing@Bluebird.example>",
        subject="Fällig",
        html="<p>Ihre <b>Rechnung</b></p>",
        attachments=[Attached("a.pdf", b"%PDF-1.4"), Attached("b.png", b"png", "image/png")],
        headers={"X-Mark": "1"},
    )
    mail, contents = read_mail(saved(tmp_path / "mail.eml", data))
    assert (mail.sender, mail.sender_name, mail.subject) == ("billing@bluebird.example", "Bluebird Billing", "Fällig")
    assert "Ihre Rechnung" in mail.body
    assert mail.header("x-mark") == "1"
    assert [(a.name, a.content_type, a.size) for a in mail.attachments] == [
        ("a.pdf", "application/pdf", 8),
        ("b.png", "image/png", 3),
    ]
    assert [(content.name, content.data) for content in contents] == [("a.pdf", b"%PDF-1.4")]
    assert not mail.is_event


def test_an_invitation_is_an_event(tmp_path: Path) -> None:
    mail, _ = read_mail(saved(tmp_path / "mail.eml", make_calendar()))
    assert mail.is_event


def test_folders_are_read_to_the_bottom_and_hidden_files_left_out(tmp_path: Path) -> None:
    wanted = [saved(tmp_path / "a" / name, b"") for name in ("1.pdf", "b/2.xml", "b/3.eml")]
    saved(tmp_path / "a" / ".hidden.pdf", b"")
    saved(tmp_path / "a" / ".git" / "x.pdf", b"")
    assert find([tmp_path / "a"]) == (wanted, [])


def test_files_at_fault_are_named_and_the_others_read(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    good = saved(tmp_path / "good.xml", make_ubl_xml(Invoice()))
    locked = saved(tmp_path / "locked.pdf", make_encrypted_pdf("secret"))
    missing = tmp_path / "missing.pdf"
    code, found, errors = read_json(capsys, missing, locked, good)
    assert code == 3
    assert [(each["path"], each["legibility"]) for each in found] == [(str(locked), "unreadable"), (str(good), "text")]
    said = errors.splitlines()
    assert f"read: {missing}: no such file or folder; check the name" in said
    assert any(line.startswith(f"read: {locked}: damaged, protected by a password") for line in said)


def test_a_document_of_a_mail_that_cannot_be_read_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    mail = saved(tmp_path / "mail.eml", make_mail(attachments=[Attached("bad.pdf", b"no PDF at all")]))
    code, _, errors = read_json(capsys, mail)
    assert code == 3
    assert errors.startswith(f"read: {mail}: bad.pdf: damaged")


@pytest.mark.parametrize("data", [b"", bytes(range(256))])
def test_a_file_that_is_no_mail_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path, data: bytes) -> None:
    code, (found,), errors = read_json(capsys, saved(tmp_path / "mail.eml", data))
    assert (code, found["legibility"], found["total_gross"]) == (3, "unreadable", None)
    assert "neither PDF, XML nor a mail" in errors


def test_nothing_to_read_ends_with_1_and_an_empty_array(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, found, errors = read_json(capsys, tmp_path)
    assert (code, found) == (1, [])
    assert errors == "read: there was no file to read\n"


def test_people_get_a_table_for_each_file(tmp_path: Path) -> None:
    path = saved(tmp_path / "invoice.pdf", make_invoice_pdf())
    done = run("read", path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"{path}\n")
    rows = [[cell.strip() for cell in line.strip("│").split("│")] for line in done.stdout.splitlines() if "│" in line]
    assert ["invoice_number", "INV-2026-0417", "invoice.pdf, page 1", "labelled"] in rows
    assert [row[0] for row in rows][:8] == COLUMNS[1:]


def test_what_a_stranger_wrote_cannot_steer_the_terminal(tmp_path: Path) -> None:
    mail = make_mail(subject="Invoice INV-77", attachments=[Attached("[red]\x1b[31m.pdf", make_scan_pdf())])
    path = saved(tmp_path / "[bold]mail.eml", mail)
    done = run("read", path)
    assert "\x1b" not in done.stdout
    assert done.stdout.startswith(f"{path}\n")
    assert "[red]" in done.stdout
