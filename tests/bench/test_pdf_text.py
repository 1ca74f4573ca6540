"""The benchmark of PDF readers runs, and counts what it says it counts; no test looks at its times."""

import subprocess
import sys
from pathlib import Path

import pytest

from infrastructure.bench.printed import lines_with
from infrastructure.checkout import checkout
from infrastructure.local.samples.builders import make_invoice_pdf, make_scan_pdf
from infrastructure.operations.fields import INVOICE


def bench(folder: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "infrastructure.bench.pdf_text", str(folder)],
        cwd=checkout(),
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


def test_every_reader_reads_and_what_is_left_out_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(make_invoice_pdf())
    (tmp_path / "damaged.pdf").write_bytes(b"%PDF-1.4 nothing else")
    (tmp_path / "scan.pdf").write_bytes(make_scan_pdf())
    (tmp_path / "unknown.pdf").write_bytes(make_invoice_pdf())
    (tmp_path / "truth.csv").write_text(
        f"path,{','.join(INVOICE)},text_layer\n"
        "a.pdf,,,INV-2026-0417,2026-03-05,2026-04-04,,1490.40,,yes\n"
        "damaged.pdf,,,77,,,,,,yes\nscan.pdf,,,1,,,,,,no\n"
    )
    done = bench(tmp_path)
    assert done.returncode == 0, done.stderr
    rows = [[cell.strip() for cell in line.strip("│").split("│")] for line in done.stdout.splitlines() if "│" in line]
    assert [row[0] for row in rows] == ["pypdf, layout", "pypdf, plain", "pdfminer.six", "pypdfium2"]
    assert {row[1] for row in rows} == {"4 (1.00)"}
    assert "2 documents, 5 values" in done.stdout
    assert "left out: scan.pdf: a scan" in done.stdout
    assert "left out: unknown.pdf: its values are not known" in done.stdout


def test_a_folder_without_a_list_of_values_is_named(tmp_path: Path) -> None:
    done = bench(tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"{tmp_path / 'truth.csv'}: No such file or directory" in done.stderr


@pytest.mark.parametrize(
    ("column", "value", "printed"),
    [
        ("total_gross", "1490.40", "1,490.40 1.490,40 1490.4 1'490.40 1\u202f490,40"),
        ("total_gross", "100.00", "100.00 100 100,00"),
        ("issue_date", "2026-03-05", "2026-03-05 05.03.2026 3/5/26 5.3.26 20260305"),
        ("invoice_number", "R 12", "R12"),
    ],
)
def test_a_value_is_found_however_it_is_printed(column: str, value: str, printed: str) -> None:
    for form in printed.split(" "):
        assert lines_with(column, value, f"no\nTotal: {form} EUR\nno") == [f"Total: {form} EUR"]


@pytest.mark.parametrize(
    "printed", ["5 March 2026", "March 5th, 2026", "5. März 2026", "5 mars 2026", "5 de marzo de 2026"]
)
def test_a_date_is_found_with_the_name_of_its_month(printed: str) -> None:
    assert lines_with("issue_date", "2026-03-05", printed) == [printed]


@pytest.mark.parametrize(
    ("column", "value", "printed"),
    [
        ("total_gross", "100.00", "1100.00"),
        ("issue_date", "2026-03-05", "15.03.2026"),
        ("invoice_number", "12", "R123"),
    ],
)
def test_another_value_is_not_taken_for_it(column: str, value: str, printed: str) -> None:
    assert lines_with(column, value, printed) == []
