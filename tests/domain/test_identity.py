from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from shared.domain.facts import Fact, Facts, Kind, Nature
from shared.domain.identity import By, Trait, is_same, traits
from shared.domain.transaction import Status
from tests.domain.made import row

NUMBER = Fact("INV-7", "invoice.pdf, page 1")
FACTS = Facts(
    invoice_number=NUMBER,
    numbers=(NUMBER,),
    issue_date=Fact(date(2026, 3, 1), "invoice.pdf, page 1"),
    total=Fact(Decimal("1190.00"), "invoice.pdf, page 1"),
    currency=Fact("EUR", "invoice.pdf, page 1"),
    kind=Fact(Kind.INVOICE, "invoice.pdf, page 1"),
)
BARE = replace(FACTS, invoice_number=None, numbers=())
CREDIT = replace(FACTS, kind=Fact(Kind.CREDIT_NOTE, "invoice.pdf, page 1"))
CORRECTION = replace(FACTS, nature=Fact(Nature.CORRECTION, "invoice.pdf, page 1"))


def texts(facts: Facts) -> list[str]:
    return [trait.text for trait in traits(facts, ("d1", "d2"), "<1@bluebird.example>")]


def test_an_invoice_is_known_by_its_number_and_by_its_sum() -> None:
    assert texts(FACTS) == ["INV7", "sum:EUR:1190:20260301"]


def test_a_mail_that_calls_an_invoice_a_credit_note_makes_none_of_it() -> None:
    called = replace(FACTS, kind=Fact(Kind.CREDIT_NOTE, "subject"))
    assert texts(called) == texts(FACTS)


def test_numbers_of_other_scripts_are_told_apart() -> None:
    one, other = (replace(FACTS, numbers=(Fact(number, "a.xml"),)) for number in ("発票一", "請求書二"))
    assert texts(one)[0] != texts(other)[0]
    assert not [t for t in texts(replace(FACTS, numbers=(Fact("--", "a.xml"),))) if t == ""]


def test_a_mail_of_two_invoices_is_known_by_both_numbers() -> None:
    both = replace(FACTS, numbers=(NUMBER, Fact("INV-8", "second.pdf, page 1")))
    assert texts(both) == ["INV7", "INV8", "sum:EUR:1190:20260301"]


def test_without_a_number_by_its_sum_its_bytes_and_its_message_id() -> None:
    assert texts(BARE) == ["sum:EUR:1190:20260301", "bytes:d1", "bytes:d2", "<1@bluebird.example>"]


def test_with_a_number_of_the_mail_alone_by_its_bytes_too() -> None:
    subject = replace(FACTS, invoice_number=Fact("INV-7", "subject"))
    assert "bytes:d1" in texts(subject)


def test_a_credit_note_is_no_duplicate_of_the_invoice_that_it_credits() -> None:
    assert not set(texts(CREDIT)) & set(texts(FACTS))


def test_a_correction_bears_the_number_of_what_it_corrects() -> None:
    assert texts(CORRECTION) == ["correction:INV7:1190", "bytes:d1", "bytes:d2"]
    assert not set(texts(CORRECTION)) & set(texts(FACTS))


@pytest.mark.parametrize(
    ("by", "own", "first", "same"),
    [
        (By.NUMBER, FACTS, "INV-7", True),
        (By.MESSAGE, BARE, "", True),
        (By.SUM, FACTS, "INV-8", False),
        (By.SUM, FACTS, "INV-7", False),  # its number would have told
        (By.SUM, BARE, "INV-8", True),
        (By.SUM, FACTS, "", True),
        (By.BYTES, FACTS, "inv 7", True),
        (By.BYTES, FACTS, "INV-8", False),
        (By.BYTES, BARE, "INV-8", True),
    ],
)
def test_two_different_numbers_are_two_invoices(by: By, own: Facts, first: str, *, same: bool) -> None:
    assert is_same(Trait(by, "x"), own, row(Status.POSTED, invoice_number=first)) is same


def test_the_sum_of_a_mail_that_is_being_read_says_nothing_against_a_number() -> None:
    """Two mails of one moment: the other one's number is read, and not written yet."""
    assert not is_same(Trait(By.SUM, "x"), FACTS, row())
    assert is_same(Trait(By.SUM, "x"), BARE, row())


def test_the_same_sum_in_another_printing_is_the_same() -> None:
    printed = replace(BARE, total=Fact(Decimal(1190), "body"))
    assert texts(printed)[0] == texts(BARE)[0]
