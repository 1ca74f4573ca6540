"""What whole printed invoices of six languages yield, and what they leave open."""

import time

import pytest

from shared.domain.facts import Document, Fact, Facts, Legibility, Sureness
from shared.domain.numbers import normalised_number
from shared.domain.text_facts import body_facts, document_facts, subject_facts
from tests.domain.printed_invoices import PRINTS, Print


def facts_of(text: str) -> Facts:
    return document_facts(Document("invoice.pdf", Legibility.TEXT, (text,)))


def shown(fact: object) -> str | None:
    """A fact as the prints write it down."""
    if isinstance(fact, tuple):
        return " ".join(str(each.value) for each in fact)
    return str(fact.value) if isinstance(fact, Fact) else None


@pytest.mark.parametrize("name", PRINTS)
def test_printed_invoice(name: str) -> None:
    printed = PRINTS[name]
    facts = facts_of(printed.text)
    assert {field: comparable(field, shown(getattr(facts, field))) for field in printed.facts} == expected(printed)


def expected(printed: Print) -> dict[str, str | None]:
    return {field: comparable(field, value) for field, value in printed.facts.items()}


def comparable(field: str, value: str | None) -> str | None:
    return normalised_number(value) if field == "invoice_number" and value else value


@pytest.mark.parametrize(
    ("subject", "number", "nature", "kind"),
    [
        ("Payment reminder: invoice INV-7 is overdue", "INV-7", "reminder", None),
        ("Invoice 20417 past due", "20417", "reminder", None),
        ("Mahnung zur Rechnung Nr. 4711", None, "reminder", None),
        ("Relance : facture F-118 impayée", "F-118", "reminder", None),
        ("Betalingsherinnering factuur 2025114", "2025114", "reminder", None),
        ("Korrekturrechnung RK-5", "RK-5", "correction", None),
        ("Credit note CN-17", "CN-17", None, "credit_note"),
        ("Reminder: our office is closed on Friday", None, None, None),
        ("Revised invoice layout from 2026", None, None, None),
    ],
)
def test_subject(subject: str, number: str | None, nature: str | None, kind: str | None) -> None:
    facts = subject_facts(subject)
    assert (shown(facts.invoice_number), shown(facts.nature), shown(facts.kind)) == (number, nature, kind)
    assert all(fact.sureness is Sureness.INFERRED for fact in (facts.nature, facts.kind) if fact)


def test_the_date_of_a_mail_is_not_that_of_its_invoice() -> None:
    facts = body_facts("From: Ann\nDate: 3 March 2025\nReminder\nInvoice number: A-17\nInvoice date: 1 March 2025")
    assert (shown(facts.invoice_number), shown(facts.issue_date), facts.nature) == ("A-17", "2025-03-01", None)
    assert body_facts("Date: 3 March 2025\nInvoice number: A-17").issue_date is None


@pytest.mark.parametrize(
    "number", ["OP-2026-77", "ON-77", "AM/2026/77", "EL-2026-0077", "PER-77", "OF-2026-11", "IS-77"]
)
def test_a_number_may_begin_as_a_word_that_introduces_one(number: str) -> None:
    assert shown_number(body_facts(f"Invoice number: {number}\nTotal amount: GBP 240.00")) == number
    assert shown_number(subject_facts(f"Invoice {number}")) == number


@pytest.mark.parametrize("printed", ["Rechnung Nr. 4711 vom 02.07.2015", "Invoice number is 4711", "Invoice No.: 4711"])
def test_a_word_that_introduces_a_number_is_none_of_it(printed: str) -> None:
    assert shown_number(body_facts(printed)) == "4711"


def shown_number(facts: Facts) -> str:
    return facts.invoice_number.value if facts.invoice_number else ""


def test_a_body_names_no_seller() -> None:
    facts = body_facts("Sold by: Lamplight Trading Ltd\nwww.lamplight.example\nIBAN DE89370400440532013000")
    assert (facts.vendor_name, facts.names, facts.domains) == (None, (), ())
    assert shown(facts.iban) == "DE89370400440532013000"


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("PO number: 4500017", "4500017"),
        ("P.O. No. 77-12", "77-12"),
        ("Purchase order     4500099", "4500099"),
        ("Your order no. 88A", "88A"),
        ("Bestellnummer: B-1", "B-1"),
        ("N° de commande : CMD-5", "CMD-5"),
        ("Pedido nº 991", "991"),
        ("Vs. ordine n. 12/25", "12/25"),
        ("Inkoopordernummer: IO-9", "IO-9"),
        ("Order number 111-222", None),
        ("Bestellung vom 01.03.2025", None),
        ("PO number: A-1\nPO number: A-2", None),
    ],
)
def test_purchase_order(text: str, order: str | None) -> None:
    assert shown(facts_of(text).purchase_order) == order


@pytest.mark.parametrize(
    ("text", "names"),
    [
        pytest.param("Seller: Blue Anchor Ltd, 4 Quay", "Blue Anchor Ltd", id="label"),
        pytest.param("Vendeur               Client\nBoulon SARL           Vis SA", "Boulon SARL", id="columns"),
        pytest.param("Bill to: Blue Anchor Ltd", "", id="recipient"),
        pytest.param("Spett.le Bianchi S.p.A.", "", id="greeted"),
        pytest.param("This service is provided by Blue Anchor Ltd.", "Blue Anchor Ltd.", id="sentence"),
        pytest.param("Powered by Tool GmbH", "", id="tool"),
        pytest.param("Account holder: Ann Miller", "Ann Miller", id="payee"),
        pytest.param(
            "Bank: Northern Bank PLC\nAccount holder: Ann Miller", "Ann Miller Northern Bank PLC", id="bank-last"
        ),
        pytest.param("From: 01/02/2025\nTo: 28/02/2025", "", id="period"),
    ],
)
def test_names(text: str, names: str) -> None:
    assert shown(facts_of(f"1.\n2.\n3.\n{text}").names) == names


def test_names_and_domains_are_few_and_short() -> None:
    letters = "abcdefghijklmnopqrst"
    facts = facts_of(
        "\n".join(f"Firm {c.upper()}{c}x Ltd www.{c}x.example" for c in letters) + "\nSeller: " + "N" * 200
    )
    assert len(facts.names) == 12
    assert len(facts.domains) == 10
    assert all(len(name.value) <= 120 for name in facts.names)


def test_domains_are_those_of_web_and_mail_addresses() -> None:
    text = "https://www.Shop.example/a  ann@mail.shop.example  www.other.example  firm.de  file.pdf  e.g. 1.2.com"
    text += "\nClient\nb@c.example"
    assert shown(facts_of(text).domains) == "shop.example mail.shop.example other.example firm.de"


@pytest.mark.parametrize(
    "unit",
    ["x\n", "A GmbH\n", "Client\n", "Total 1.00\n", "Aa · 1 · 12345 A\n", "DE89 3704 ", "in   EUR ", "a.b.", "Inc. "],
)
def test_hostile_text_takes_linear_time(unit: str) -> None:
    start = time.process_time()
    facts_of(unit * (1_000_000 // len(unit)))
    assert time.process_time() - start < 10


@pytest.mark.parametrize("label", ["a:", "An:", "paid", "brutto 1"])
def test_a_line_full_of_labels_costs_little_more_than_one_of_words(label: str) -> None:
    """Each label looks at the cells around it, and so many of them must not look at all of them again and again."""
    words = "x "
    cpu_seconds(words)  # compiles the patterns
    assert cpu_seconds(f"{label}|") < 4 * cpu_seconds(words)


def cpu_seconds(unit: str) -> float:
    line = unit * (600 // len(unit))
    start = time.process_time()
    facts_of(f"{line}\n" * 60)
    return time.process_time() - start


@pytest.mark.parametrize(
    ("text", "total"),
    [
        pytest.param("Gesamtsumme 100,00 EUR\nMwSt. 19 % 19,00 EUR\nZu zahlen 119,00 EUR", "119.00", id="net-sum"),
        pytest.param("Total 100.00\nVAT 20.00\nTotal 120.00", "120.00", id="two-totals-proven"),
        pytest.param("Total 100.00\nTotal 120.00", None, id="two-totals"),
        pytest.param("Total 50.00 EUR\nAmount due 70.00 EUR", None, id="more-is-due"),
        pytest.param("Amount due 70.00 EUR\nPaid   20.00   Deposit", None, id="paid-between-two-labels"),
        pytest.param("Amount due 70.00 EUR\nPaid   Deposit   20.00", None, id="paid-behind-two-labels"),
        pytest.param("Amount due 70.00 EUR\nPaid   Deposit   0.00", "70.00", id="nothing-paid"),
        pytest.param("Total (3 items)   12.00 EUR", "12.00", id="aside"),
        pytest.param("Total (excl. VAT)   12.00 EUR", None, id="net-aside"),
        pytest.param("Total inkl. 19 % MwSt.   119,00 EUR", "119.00", id="rate-between"),
        pytest.param("Total in USD (1 EUR = 1.10 USD)   110.00", "110.00", id="rate-of-exchange"),
        pytest.param("Amount charged: $20.00", "20.00", id="only-paid"),
        pytest.param("Total  1,23,456.00 INR", "123456.00", id="indian"),
        pytest.param("Totaal € 50,-", "50", id="dash-for-cents"),
    ],
)
def test_total(text: str, total: str | None) -> None:
    assert shown(facts_of(text).total) == total


@pytest.mark.parametrize(
    "line",
    [
        "Rappel : indemnité forfaitaire de 40 € pour frais de recouvrement",
        "Reminder: please quote the invoice number",
        "Reminder:   please quote the invoice number",
        "Relance: 40 EUR",
        "Mahnung: ab dem 31. Tag 5 EUR",
        "Invoice\nReminder",
        "Total: 20.00 EUR\nReminder",
        "Revised invoice layout from 2026",
    ],
)
def test_small_print_makes_no_reminder_and_no_correction(line: str) -> None:
    assert facts_of(f"Lamplight Trading Ltd\n{line}\nInvoice number: A-17").nature is None


@pytest.mark.parametrize(
    ("heading", "nature"),
    [
        ("1. Mahnung", "reminder"),
        ("Mahnung Nr. 2 vom 03.04.2025", "reminder"),
        ("Payment reminder for invoice INV-7", "reminder"),
        ("Rappel de facture n° 12 du 3 avril 2025", "reminder"),
        ("Statement of account as at 30 June 2025", "reminder"),
        ("Mahnung\nRechnung   Datum   Betrag\n4711   3.4.2025   20,00", "reminder"),
        ("Corrected invoice No. 7", "correction"),
    ],
)
def test_a_heading_is_its_words_and_a_number_or_a_date(heading: str, nature: str) -> None:
    assert shown(facts_of(f"Lamplight Trading Ltd\n{heading}\nTotal: 20.00 EUR").nature) == nature


def test_an_account_that_is_no_iban_is_one_of_the_accounts_only() -> None:
    facts = facts_of("Invoice\nSort code: 20-00-00   Account number: 12345678")
    assert (facts.iban, shown(facts.ibans)) == (None, "200000/12345678")


def test_an_account_that_the_iban_of_another_page_names_is_none_besides() -> None:
    pages = ("Invoice\nBLZ 370 400 44 Konto-Nr. 532013000", "IBAN DE89370400440532013000")
    facts = document_facts(Document("invoice.pdf", Legibility.TEXT, pages))
    assert (shown(facts.iban), shown(facts.ibans)) == ("DE89370400440532013000", "DE89370400440532013000")
