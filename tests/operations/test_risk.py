"""The risk table of `quality`: which planted frauds are held, and which honest mails with them."""

import asyncio
import csv
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from infrastructure.local.samples.builders import Invoice, make_cii_xml, make_factur_x_pdf, make_invoice_pdf
from infrastructure.operations.__main__ import main
from infrastructure.operations.false_domains import false_domains
from infrastructure.operations.fields import INVOICE
from infrastructure.operations.reading import read_file, reader
from infrastructure.operations.risk import FRAUDS_HELD, HONEST_HELD, Read, Risk, held, measure_risk
from infrastructure.operations.truth import CORPUS, Expected, read_truth
from shared.adapters.documents import Limits
from shared.domain.decision import Decision
from shared.domain.facts import Document, Fact, Facts, Legibility
from shared.domain.reason import Reason
from shared.domain.transaction import Status

needs_corpus = pytest.mark.skipif(not CORPUS.is_dir(), reason=f"the document corpus is not at {CORPUS}")
IBAN = "DE89370400440532013000"


def read(path: str, name: str, vat: str = "", **facts: Any) -> Read:
    """A document with text, of which everything that its vendor is known by was read."""
    values = dict.fromkeys(INVOICE, "") | {"vendor_name": name, "vendor_vat_id": vat}
    known: dict[str, Any] = {
        "vendor_name": Fact(name, path),
        "vat_id": Fact(vat, path) if vat else None,
        "total": Fact(Decimal(119), path),
        "ibans": (Fact(IBAN, path),),
        "documents": (Document(path, Legibility.TEXT, ("text",)),),
        **facts,
    }
    return Expected(Path(path), path, values), Facts(**known)


def measured(*documents: Read) -> Risk:
    return asyncio.run(measure_risk(documents))


def kinds(risk: Risk, *, is_fraud: bool) -> Counter[str]:
    return Counter(each.kind for each in risk.of(is_fraud=is_fraud))


def test_the_table_stands_under_what_was_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "plain.pdf").write_bytes(make_invoice_pdf())
    (tmp_path / "hybrid.pdf").write_bytes(make_factur_x_pdf())
    (tmp_path / "one.xml").write_bytes(make_cii_xml(Invoice(vendor="Kupfer & Kessel GmbH", vat_id="DE136695976")))
    with (tmp_path / "truth.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["path", *INVOICE], restval="")
        writer.writeheader()
        writer.writerow({"path": "plain.pdf", "vendor_name": "Bluebird Cloud Ltd", "vendor_vat_id": "GB987654321"})
        writer.writerow({"path": "hybrid.pdf", "vendor_name": "Bluebird Cloud Ltd"})
        writer.writerow({"path": "one.xml", "vendor_name": "Kupfer & Kessel GmbH", "vendor_vat_id": "DE136695976"})
    assert main(["quality", str(tmp_path / "truth.csv"), "--errors"]) == 0
    shown = capsys.readouterr().out
    rows = [[cell.strip() for cell in line.strip("│").split("│")] for line in shown.splitlines() if "│" in line]
    assert ["from its domain", "3", "0", "0.0 %", "0"] in rows
    assert ["attachment: program", "3", "3", "100.0 %", "0"] in rows
    assert "held of frauds 100.0 % (target 100.0 %), of honest mails 0.0 % (target at most 2.0 %)" in shown


def test_every_fraud_is_held_and_no_honest_mail() -> None:
    risk = measured(read("a.pdf", "Bluebird Cloud Ltd", "GB987654321"), read("b.pdf", "Test AG"))
    assert [each for each in risk.judged if not each.is_right] == []
    assert (held(risk.of(is_fraud=True)), held(risk.of(is_fraud=False))) == (1.0, 0.0)


def test_an_account_that_nobody_knows_cannot_be_changed() -> None:
    risk = measured(read("a.pdf", "Bluebird Cloud Ltd", ibans=()))
    assert not any("account: " in kind for kind in kinds(risk, is_fraud=True))


def test_samples_that_share_a_vat_id_stay_two_vendors() -> None:
    same = "DE123456789"
    risk = measured(read("a.pdf", "Bluebird Cloud Ltd", same), read("b.pdf", "Nordlicht GmbH", same))
    assert held(risk.of(is_fraud=False)) == 0.0
    assert {each.document for each in risk.judged} == {"a.pdf", "b.pdf"}


def test_two_names_of_one_vendor_are_one_vendor() -> None:
    risk = measured(read("a.pdf", "Bluebird Cloud Ltd", "GB987654321"), read("b.pdf", "BLUEBIRD CLOUD"))
    assert held(risk.of(is_fraud=False)) == 0.0


def test_what_says_nothing_about_fraud_is_left_out_and_counted() -> None:
    names = tuple(Fact(name, "b.pdf") for name in ("Kupfer GmbH", "Kessel GmbH"))
    risk = measured(
        read("a.pdf", "Bluebird Cloud Ltd", disagreements=("total 1.00 or 2.00",)),
        read("b.pdf", "Anna Bergmann", vendor_name=None, names=names),
        read("c.pdf", "Kupfer GmbH"),
        read("d.pdf", "Kessel GmbH"),
    )
    assert risk.left_out == {"that say two things themselves": 1, "whose vendor is ambiguous": 1}
    assert {each.document for each in risk.judged} == {"c.pdf", "d.pdf"}


def test_a_scan_and_a_document_of_an_unknown_vendor_make_no_mails() -> None:
    scan = (Document("a.pdf", Legibility.SCAN),)
    assert measured(read("a.pdf", "Bluebird Cloud Ltd", documents=scan), read("b.pdf", "")).judged == []


def test_no_fraud_is_planted_where_the_honest_mail_is_held_already() -> None:
    other = Fact("Nordlicht GmbH", "a.pdf")
    risk = measured(
        read("a.pdf", "Bluebird Cloud Ltd", vat_id=Fact("DE811234567", "a.pdf"), vendor_name=other),
        read("b.pdf", "Nordlicht GmbH", "DE811234567", ibans=()),
    )
    assert {each.document for each in risk.of(is_fraud=True)} == {"b.pdf"}
    assert any(each.is_held for each in risk.of(is_fraud=False) if each.document == "a.pdf")


def test_planted_domains_are_never_the_vendors_own() -> None:
    own = "bluebird-cloud.example"
    made = list(false_domains(own))
    assert not [domain for _, domain in made if domain == own or domain.endswith(f".{own}")]
    assert len({kind for kind, _ in made}) == 15


def test_a_mail_for_an_unknown_vendor_is_told_apart() -> None:
    risk = measured(read("a.pdf", "Bluebird Cloud Ltd", vendor_name=None))
    unknown = [each for each in risk.judged if each.is_unknown]
    assert {each.decision for each in unknown} >= {Decision(Status.PARKED, (Reason.VENDOR_UNKNOWN,))}


@needs_corpus
async def test_the_targets_are_met_on_real_documents() -> None:
    truth = read_truth(CORPUS / "truth.csv")
    async with reader(Limits(children=1, mails_per_child=len(truth) + 2)) as documents:
        found = [(expected, await read_file(expected.path, documents)) for expected in truth]
    risk = await measure_risk(found)
    frauds, honest = risk.of(is_fraud=True), risk.of(is_fraud=False)
    assert [(each.kind, each.sender, each.document) for each in frauds if not each.is_held] == []
    assert held(frauds) == FRAUDS_HELD
    assert (held(honest) or 0) <= HONEST_HELD, Counter((each.kind, each.document) for each in honest if each.is_held)
    assert len({each.document for each in frauds}) > 100
