"""`quality` on a folder of real documents whose values are known."""

import csv
from pathlib import Path

import pytest

from infrastructure.local.samples.builders import Invoice, make_cii_xml, make_invoice_pdf, make_scan_pdf
from infrastructure.operations.__main__ import main
from infrastructure.operations.cpu import children_seconds
from infrastructure.operations.fields import INVOICE
from infrastructure.operations.matching import Found, Matched, read_master
from infrastructure.operations.quality import percentile
from infrastructure.operations.scores import Verdict, judge, score
from infrastructure.operations.sorts import sort_of
from infrastructure.operations.truth import Expected, UnusableTruth, read_truth
from shared.domain.facts import Document, Fact, Facts, Legibility
from shared.domain.markup import Element

HEADER = ["path", *INVOICE, "text_layer", "notes"]
KNOWN = {
    "vendor_name": "Bluebird Cloud Ltd",
    "vendor_vat_id": "GB 987.654.321",
    "invoice_number": "INV-2026-0417",
    "issue_date": "2026-03-05",
    "due_date": "2026-04-04",
    "currency": "GBP",
    "total_gross": "1490.4",
    "kind": "invoice",
}


def listed(folder: Path, *rows: dict[str, str]) -> Path:
    path = folder / "truth.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, HEADER, restval="")
        writer.writeheader()
        writer.writerows(rows)
    return path


def expected(name: str = "a.pdf", notes: str = "", **values: str) -> Expected:
    accepted = (notes,) if notes else ()
    return Expected(Path(name), name, dict.fromkeys(INVOICE, "") | values, accepted)


def verdict(field: str, facts: Facts, truth: Expected) -> Verdict:
    return next(cell.verdict for cell in judge(truth, "any", facts) if cell.field == field)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "cii").mkdir()
    (tmp_path / "plain.pdf").write_bytes(make_invoice_pdf())
    (tmp_path / "scan.pdf").write_bytes(make_scan_pdf())
    (tmp_path / "cii" / "one.xml").write_bytes(make_cii_xml(Invoice()))
    return tmp_path


def rows(shown: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.strip("│").split("│")] for line in shown.splitlines() if "│" in line]


def test_every_field_and_every_kind_of_document_is_scored(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    truth = listed(
        folder,
        {"path": "plain.pdf", **KNOWN, "total_gross": "999.00", "currency": ""},
        {"path": "scan.pdf", "invoice_number": "1", "text_layer": "no"},
        {"path": "cii/one.xml", **KNOWN},
    )
    assert main(["quality", str(truth), "--errors"]) == 0
    shown = capsys.readouterr().out
    table = rows(shown)
    assert ["invoice_number", "3", "2", "0", "1", "0", "100.0 %", "66.7 %"] in table
    assert ["total_gross", "2", "1", "1", "0", "0", "50.0 %", "50.0 %"] in table
    assert ["currency", "1", "1", "0", "0", "1", "100.0 %", "100.0 %"] in table
    assert ["scan or image", "1", "0", "0", "1", "0", "-", "0.0 %"] in table
    assert ["plain.pdf", "total_gross", "999.00", "1490.40", "plain.pdf, page 1"] in table
    assert [row[0] for row in table if row[0] in {"plain PDF", "cii"}][:2] == ["plain PDF", "cii"]
    assert "CPU seconds a document, after the start of the reader: median 0." in shown


def test_vendors_are_looked_for_in_the_list_beside(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    truth = listed(folder, {"path": "plain.pdf", **KNOWN}, {"path": "cii/one.xml", **KNOWN})
    (folder / "vendors.csv").write_text("vendor_name,domain,country,vat_id\nBluebird Cloud,b.example,GB,GB987654321\n")
    assert main(["quality", str(truth)]) == 0
    assert ["2", "0", "0", "0", "0"] in rows(capsys.readouterr().out)


def test_a_document_that_is_not_there_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    truth = listed(folder, {"path": "plain.pdf", **KNOWN}, {"path": "gone.pdf", **KNOWN})
    assert main(["quality", str(truth)]) == 3
    assert f"quality: {folder / 'gone.pdf'}: cannot be opened (No such file" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param("path,kind\n", "line 1: missing vendor_name", id="columns missing"),
        pytest.param(f"{','.join(HEADER)}\n", "no line but the header", id="empty"),
        pytest.param(f"{','.join(HEADER)}\na.pdf,,,,5.3.2026,,,,,,\n", "line 2: issue_date '5.3.2026'", id="a date"),
        pytest.param(f'{",".join(HEADER)}\na.pdf,,,,,,,"1,50",,,\n', "line 2: total_gross '1,50'", id="an amount"),
    ],
)
def test_a_list_that_cannot_be_used_says_why(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "truth.csv"
    path.write_text(content)
    with pytest.raises(UnusableTruth, match=said):
        read_truth(path)


def test_a_list_that_is_not_there_ends_with_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["quality", str(tmp_path / "truth.csv")]) == 1
    assert f"quality: {tmp_path / 'truth.csv'}: No such file or directory; name a CSV" in capsys.readouterr().err


def test_other_names_stand_in_the_notes(tmp_path: Path) -> None:
    truth = listed(
        tmp_path,
        {"path": "a", "notes": "type 380; amount due 5; also accept: Big Corp. Ltd"},
        {"path": "b", "notes": "sold through another (also accept: Shop); two pages"},
    )
    assert [each.other_names for each in read_truth(truth)] == [("Big Corp. Ltd",), ("Shop",)]


@pytest.mark.parametrize(
    ("got", "wanted"),
    [
        ("BLUEBIRD, CLOUD LTD.", Verdict.RIGHT),
        ("Blue Bird", Verdict.RIGHT),
        ("Bluebird Cloud", Verdict.WRONG),
    ],
)
def test_names_are_compared_without_case_and_punctuation(got: str, wanted: Verdict) -> None:
    truth = expected(notes="Blue-Bird", vendor_name="Bluebird Cloud Ltd")
    assert verdict("vendor_name", Facts(vendor_name=Fact(got, "page 1")), truth) is wanted


def test_vat_ids_are_compared_without_spaces_dots_and_case() -> None:
    truth = expected(vendor_vat_id="NL8200.98.395.B.01")
    assert verdict("vendor_vat_id", Facts(vat_id=Fact("nl 820098395 b01", "page 1")), truth) is Verdict.RIGHT


def test_only_what_is_stated_is_scored() -> None:
    truth = expected(invoice_number="1")
    cells = judge(truth, "any", Facts(currency=Fact("EUR", "page 1")))
    counted = score(cells)
    assert (counted.filled, counted.counts[Verdict.EMPTY], counted.counts[Verdict.UNASKED]) == (1, 1, 1)
    assert (counted.precision, counted.recall) == (None, 0.0)


@pytest.mark.parametrize(
    ("name", "document", "sort"),
    [
        ("in/facturx/a.pdf", None, "hybrid: facturx"),
        ("in/invalid/a.pdf", None, "invalid"),
        ("a.pdf", Document("a", Legibility.TEXT), "plain PDF"),
        ("a.pdf", Document("a", Legibility.SCAN), "scan or image"),
        ("a.pdf", Document("a", Legibility.TEXT, structured=Element("CrossIndustryInvoice")), "hybrid: facturx"),
        ("a.pdf", Document("a", Legibility.TEXT, structured=Element("CrossIndustryDocument")), "hybrid: zugferd1"),
        ("a.pdf", Document("a", Legibility.TEXT, structured=Element("Invoice")), "hybrid: other"),
        ("a.xml", Document("a", Legibility.TEXT, structured=Element("CreditNote")), "ubl"),
        ("a.xml", Document("a", Legibility.TEXT, structured=Element("FatturaElettronica")), "fatturapa"),
        ("a.xml", Document("a", Legibility.TEXT), "other"),
    ],
)
def test_the_kind_of_a_document_shows_in_its_folder_or_its_content(
    name: str, document: Document | None, sort: str
) -> None:
    assert sort_of(expected(name), document) == sort


@pytest.mark.parametrize(
    ("wanted", "got", "found"),
    [
        (("a",), ("a",), Found.FOUND),
        (("a", "b"), ("b",), Found.FOUND),
        (("a",), ("a", "b"), Found.AMBIGUOUS),
        (("a",), ("b",), Found.WRONG),
        ((), ("b",), Found.WRONG),
        (("a",), (), Found.NONE),
        ((), (), Found.STRANGER),
    ],
)
def test_what_became_of_a_vendor(wanted: tuple[str, ...], got: tuple[str, ...], found: Found) -> None:
    assert Matched("a.pdf", wanted, got).verdict is found


def test_a_list_of_vendors_at_fault_is_named(tmp_path: Path) -> None:
    path = tmp_path / "vendors.csv"
    path.write_text("vendor_name,domain,country,vat_id\nAcme,acme,,\n")
    with pytest.raises(UnusableTruth, match=r"line 2: .*email_domain 'acme'"):
        read_master(path)


def test_99_of_100_values_do_not_exceed_the_percentile() -> None:
    assert percentile([float(n) for n in range(1, 101)], 0.99) == 99
    assert percentile([5.0, 7.0], 0.99) == 7


def test_the_cpu_of_children_never_runs_backwards() -> None:
    first = children_seconds()
    assert 0 <= first <= children_seconds()
