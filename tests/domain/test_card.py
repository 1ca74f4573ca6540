import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.card import card
from shared.domain.reason import EXPLANATIONS, Reason
from shared.domain.transaction import FOLDERS, RESTING, Notice, Status, Transaction
from tests.domain.made import NOW, TRANSACTION, full_row, quick, row, transactions

ESCAPED = re.compile(r"\\([\\`*_\[\]#|<>~])")
SPECIAL = set("`*_[]#|<>~")


def body_of(of: Transaction) -> list[dict[str, Any]]:
    body: list[dict[str, Any]] = card(of)["attachments"][0]["content"]["body"]
    return body


def facts_of(of: Transaction) -> dict[str, str]:
    return dict(lines_of(of))


def lines_of(of: Transaction) -> list[tuple[str, str]]:
    return [(fact["title"], ESCAPED.sub(r"\1", fact["value"])) for fact in body_of(of)[-1]["facts"]]


@quick
@given(transactions)
def test_any_row_makes_a_card_that_teams_takes(any_row: Transaction) -> None:
    made = json.loads(json.dumps(card(any_row)))
    assert made["type"] == "message"
    assert made["transactionId"] == any_row.transaction_id
    assert made["attachments"][0]["contentType"] == "application/vnd.microsoft.card.adaptive"
    assert made["attachments"][0]["content"]["type"] == "AdaptiveCard"
    assert all(element["text"] for element in body_of(any_row) if element["type"] == "TextBlock")


@quick
@given(
    transactions,
    st.text() | st.sampled_from(["[pay here](https://evil.example)", "**urgent**", "<b>", "a\n\n# big", "\\[x](y)"]),
)
def test_no_word_of_a_sender_becomes_markdown(any_row: Transaction, text: str) -> None:
    hostile = any_row.model_copy(update={"sender": text, "subject": text, "vendor_id": "x", "vendor_name": text})
    for fact in body_of(hostile)[-1]["facts"]:
        value = fact["value"]
        assert not SPECIAL.intersection(ESCAPED.sub("", value))
        assert len(value.splitlines()) <= 1
    assert facts_of(hostile)["Subject"] == " ".join((text or "(no subject)").split())


@quick
@given(transactions)
def test_title_and_explanations_are_our_own_words(any_row: Transaction) -> None:
    hostile = any_row.model_copy(update={"subject": "SENTINEL", "sender": "SENTINEL", "vendor_name": "SENTINEL"})
    assert not any("SENTINEL" in element.get("text", "") for element in body_of(hostile))


@pytest.mark.parametrize("status", sorted(RESTING - {Status.IGNORED}))
def test_every_outcome_that_is_announced_has_a_title_and_a_folder(status: Status) -> None:
    title = body_of(row(status))[0]["text"]
    assert title != status.value
    assert title.startswith("Invoice")
    assert facts_of(row(status))["Folder"] == FOLDERS[status]


@pytest.mark.parametrize("reason", Reason)
def test_a_card_says_what_happened_and_what_to_do(reason: Reason) -> None:
    texts = [element["text"] for element in body_of(row(Status.REVIEW, reasons=(reason,)))[:-1]]
    assert f"{EXPLANATIONS[reason].what} {EXPLANATIONS[reason].next}" in texts
    assert card(row(Status.REVIEW, reasons=(reason,)))["reasons"] == [reason.value]


def test_a_mail_put_back_after_posting_says_when_it_was_sent() -> None:
    again = row(Status.POSTED, notice=Notice.ALREADY_SENT, posted_at=NOW)
    assert body_of(again)[0]["text"] == "Already sent on 2026-03-05 09:30 UTC: not sent again"


def test_a_mail_put_back_after_posting_at_an_unknown_time_reads_as_a_sentence() -> None:
    again = row(Status.POSTED, notice=Notice.ALREADY_SENT)
    assert body_of(again)[0]["text"] == "Already sent: not sent again"


def test_a_duplicate_names_the_first_one() -> None:
    assert facts_of(row(Status.REVIEW, duplicate_of="f" * 32))["Same as"] == "f" * 32


def test_a_duplicate_says_where_and_when_the_first_one_came() -> None:
    first = (
        "first came invoice INV-7 from a@bluebird.example on 2026-03-05 09:30 UTC, in folder Posted [IA-ffffffffffff]"
    )
    shown = row(Status.REVIEW, reasons=(Reason.DUPLICATE,), duplicate_of="f" * 32, warnings=(first,))
    assert ("Warning", first) in lines_of(shown)
    assert ("Same as", "f" * 32) in lines_of(shown)


def test_a_changed_account_is_named_with_what_to_do_about_it() -> None:
    detail = "account DE89370400440532013000 is none of Bluebird's known ones"
    shown = row(Status.REVIEW, reasons=(Reason.IBAN_CHANGED,), warnings=(detail,), vendor_id="b", vendor_name="B")
    told = body_of(shown)[1]["text"]
    assert told.startswith("It asks for payment to an account")
    assert "at a number you know, never by reply" in told
    assert [value for label, value in lines_of(shown) if label == "Warning"] == [detail]


@pytest.mark.parametrize("vendor", [{}, {"vendor_id": "bluebird", "vendor_name": "Bluebird"}], ids=["unknown", "known"])
def test_every_reason_and_every_warning_is_told_with_and_without_a_vendor(vendor: dict[str, str]) -> None:
    reasons, warnings = (Reason.SENDER_FALSE, Reason.LOOK_ALIKE_DOMAIN), ("one", "another")
    shown = row(Status.REVIEW, reasons=reasons, warnings=warnings, **vendor)
    texts = [element["text"] for element in body_of(shown)[1:-1]]
    assert [text.startswith(EXPLANATIONS[reason].what) for reason, text in zip(reasons, texts, strict=True)] == [
        True
    ] * 2
    labels = [label for label, _ in lines_of(shown)]
    assert [value for label, value in lines_of(shown) if label == "Warning"] == list(warnings)
    assert labels[:4] == ["From", "Subject", "Warning", "Warning"]


def test_a_similar_vendor_is_suggested_to_whoever_adds_one() -> None:
    shown = row(Status.PARKED, reasons=(Reason.VENDOR_UNKNOWN,), suggestion="Bluebird Ltd (bluebird)")
    assert facts_of(shown)["Similar vendor"].startswith("Bluebird Ltd (bluebird); if")
    assert "Add the vendor" in body_of(shown)[1]["text"]
    assert "Similar vendor" not in facts_of(row(Status.PARKED))


def test_a_corrected_invoice_and_its_order_are_called_so() -> None:
    facts = facts_of(full_row())
    assert (facts["Document"], facts["Purchase order"]) == ("Corrected invoice", "PO-77")


def test_a_card_without_a_vendor_still_names_the_transaction() -> None:
    facts = facts_of(row(Status.PARKED))
    assert facts["Transaction"] == TRANSACTION
    assert (facts["From"], facts["Subject"]) == ("unknown", "(no subject)")


def test_a_card_with_a_vendor_shows_what_ap_gets() -> None:
    facts = facts_of(full_row())
    assert (facts["Number"], facts["Total"], facts["GL code"]) == ("INV-7", "EUR 1,190.00", "6410")
