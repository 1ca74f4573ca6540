"""A verdict in each format: whole, valid, and with nothing in it that a hostile name could do."""

import json
from dataclasses import replace
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]
import pytest

from infrastructure.package.findings import Finding
from infrastructure.package.report import SCHEMA, Verdict, as_json, github, text

HOSTILE = "shared/a,b:c%0A\n::error::\u202e|<b>`x`.py"
VERDICT = Verdict(
    path=Path("dist/app.zip"),
    sha256="0" * 64,
    bytes=12_345,
    files=67,
    target="3.11",
    interpreter="3.11.7",
    checks=("archive", "native"),
    skipped={"index": "no interpreter"},
    findings=(Finding("native", HOSTILE, "wrong machine", "x86_64", "aarch64", "ImportError", "build anew"),),
    measured={"dedicated": {"cpu": 0.2, "wall": 0.3, "modules": 250}},
    seconds=1.25,
)
CLEAN = replace(VERDICT, skipped={}, findings=())


@pytest.mark.parametrize(
    "verdict", [VERDICT, CLEAN, replace(VERDICT, findings=()), replace(CLEAN, interpreter="", measured={})]
)
def test_the_json_keeps_to_its_schema(verdict: Verdict) -> None:
    schema = json.loads(SCHEMA.read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(json.loads(as_json(verdict)))


def test_the_json_tells_names_as_they_are() -> None:
    assert json.loads(as_json(VERDICT))["findings"][0]["path"] == HOSTILE
    assert as_json(VERDICT).isascii()


@pytest.mark.parametrize(
    ("verdict", "word"),
    [(VERDICT, "findings"), (CLEAN, "clean"), (replace(VERDICT, findings=()), "incomplete")],
)
def test_silence_is_never_ambiguous(verdict: Verdict, word: str) -> None:
    assert json.loads(as_json(verdict))["verdict"] == word
    assert ("index" in text(verdict)) == bool(verdict.skipped)


def test_the_text_says_all_of_a_finding() -> None:
    said = text(VERDICT)
    assert all(word in said for word in ("[native]", "wrong machine", "x86_64", "aarch64", "ImportError", "build anew"))
    assert "12,345 bytes" in said


def test_no_line_of_the_text_is_a_command_to_github() -> None:
    assert not any(line.lstrip().startswith("::") for line in text(VERDICT).splitlines())
    assert "\u202e" not in text(VERDICT)


def test_an_annotation_is_one_line_with_its_properties_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    error, warning, summary = github(VERDICT).splitlines()
    assert error.startswith(
        "::error file=shared/a%2Cb%3Ac%250A\\n%3A%3Aerror%3A%3A\\u202e|<b>`x`.py,title=native%3A wrong machine::"
    )
    assert "wanted x86_64%0Afound aarch64%0A" in error
    assert warning.startswith("::warning title=index")
    assert "1 finding" in summary


def test_the_job_summary_gets_a_table_in_which_nothing_is_markup(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    github(VERDICT)
    rows = [line for line in summary.read_text("utf-8").splitlines() if line.startswith("| native")]
    assert summary.read_text("utf-8").startswith("before\n")
    assert len(rows) == 1
    assert rows[0].replace("\\|", "").count("|") == 8
    assert "<b>" not in rows[0]
    assert "`x`" not in rows[0].replace("\\`", "")
