"""What counts as two things said in one document, and what is only said in another way."""

from decimal import Decimal

import pytest

from shared.domain.disagreement import disagreements
from shared.domain.facts import Document, Fact, Facts, Legibility, Sureness

IBAN, OTHER_IBAN = "GB33BUKB20201555555555", "DE89370400440532013000"


def stated(total: str = "100.00", number: str = "INV-2026-0417", iban: str = IBAN) -> Facts:
    return Facts(
        total=Fact(Decimal(total), "xml", Sureness.STATED),
        invoice_number=Fact(number, "xml", Sureness.STATED),
        ibans=(Fact(iban, "xml", Sureness.STATED),),
    )


def said(text: str, xml: Facts, printed: Facts) -> tuple[str, ...]:
    return disagreements(Document("invoice.pdf", Legibility.TEXT, (text,)), xml, printed)


def total(value: str) -> Facts:
    return Facts(total=Fact(Decimal(value), "page 1"))


def number(value: str) -> Facts:
    return Facts(invoice_number=Fact(value, "page 1"))


def account(value: str) -> Facts:
    return Facts(ibans=(Fact(value, "page 1"),))


def test_another_total_is_told() -> None:
    text = "1 piece   1.00\nNet 100   Total 120.00"
    assert said(text, stated(), total("120.00")) == ("invoice.pdf: total 100.00 in its XML, 120.00 on its pages",)


@pytest.mark.parametrize(
    ("xml", "text"),
    [
        ("1234.50", "Total 1.234,50"),
        ("1234.5", "Total 1,234.50"),
        ("1234.50", "Total 1 234,50 EUR"),
        ("1234.50", "Total 1\u202f234,50 EUR"),
        ("1234.50", "Total 1\u2019234.50"),
        ("1234567.00", "Total 12,34,567.00"),
        ("1234.00", "Total 1.234,--"),
        ("-1234.50", "Total 1234,50-"),
        ("0.00", "Balance 0,00"),
    ],
)
def test_a_total_that_the_pages_show_anywhere_is_the_same(xml: str, text: str) -> None:
    assert said(text, stated(xml), total("9.99")) == ()


@pytest.mark.parametrize(
    ("xml", "text"),
    [
        ("34.50", "Total 1.234,50"),
        ("100.00", "Deposit 1,100.00"),
        ("100.00", "Article 100, 100.001"),
        ("100.00", "Total 100"),
        ("5.00", "15.00 and 5.001"),
    ],
)
def test_part_of_an_amount_is_not_that_amount(xml: str, text: str) -> None:
    assert len(said(text, stated(xml), total("9.99"))) == 1


def test_where_totals_are_bare_a_bare_one_counts() -> None:
    assert said("Total 100", stated("100"), total("120")) == ()


def test_a_credit_may_have_either_sign() -> None:
    assert said("", stated("-100.00"), total("100.00")) == ()


def test_what_no_words_introduce_says_nothing() -> None:
    inferred = Facts(total=Fact(Decimal(120), "page 1", Sureness.INFERRED))
    assert said("Total 120.00", stated(), inferred) == ()


@pytest.mark.parametrize(
    ("text", "printed", "count"),
    [
        ("Invoice No: A-17", "A-17", 1),
        ("Invoice No: A-17\nour reference INV 2026/0417", "A-17", 0),
        ("Invoice No: 2026-0417", "2026-0417", 0),
        ("Invoice No: INV-2026-\n0417", "INV-2026-", 0),
    ],
    ids=["another", "shown-elsewhere", "without-its-prefix", "broken"],
)
def test_another_number_is_told_where_the_first_is_nowhere(text: str, printed: str, count: int) -> None:
    found = said(text, stated(), number(printed))
    assert len(found) == count
    assert all(words == "invoice.pdf: invoice number INV-2026-0417 in its XML, A-17 on its pages" for words in found)


def test_another_account_is_told() -> None:
    found = said(f"IBAN {OTHER_IBAN}", stated(), account(OTHER_IBAN))
    assert found == (f"invoice.pdf: IBAN {IBAN} in its XML, {OTHER_IBAN} on its pages",)


@pytest.mark.parametrize(
    ("text", "iban"),
    [("", IBAN), (f"IBAN {OTHER_IBAN}, or GB33 BUKB 2020 1555\n5555 55", OTHER_IBAN)],
    ids=["same", "shown-elsewhere"],
)
def test_an_account_that_is_shown_is_the_same(text: str, iban: str) -> None:
    assert said(text, stated(), account(iban)) == ()


def test_an_account_behind_a_hundred_others_of_the_xml_is_not_looked_for() -> None:
    one = stated().ibans
    others = tuple(Fact(f"XX{n:020}", "xml", Sureness.STATED) for n in range(100))
    text = f"IBAN {OTHER_IBAN}, or GB33 BUKB 2020 1555 5555 55"
    assert said(text, Facts(ibans=others[1:] + one), account(OTHER_IBAN)) == ()
    assert len(said(text, Facts(ibans=others + one), account(OTHER_IBAN))) == 1


def test_what_one_side_leaves_open_is_no_disagreement() -> None:
    assert said("Total 120.00", Facts(), total("120.00")) == ()
    assert said("Total 120.00", stated(), Facts()) == ()
