"""What the reading rules take from a text, and what they leave open."""

import time
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infrastructure.local.samples.builders import Invoice, make_cii_xml
from shared.domain.amounts import parse_number
from shared.domain.facts import Document, Fact, Facts, Kind, Legibility, Sureness
from shared.domain.mail import Mail
from shared.domain.markup import Element
from shared.domain.reading import merge, read_facts
from shared.domain.vat_ids import vat_id_at_start
from tests.domain.made import element

MAIL = Mail("id", "inbox", "<1@mail.example>", datetime(2026, 3, 5, tzinfo=UTC), "a@b.example", "", "", "", (), ())


def facts_of(*pages: str, subject: str = "", body: str = "") -> Facts:
    documents = [Document("invoice.pdf", Legibility.TEXT, pages)] if pages else []
    return read_facts(replace(MAIL, subject=subject, body=body), documents)


def value_of(facts: Facts, field: str) -> object:
    fact = getattr(facts, field)
    return None if fact is None else fact.value


@pytest.mark.parametrize(
    ("text", "number"),
    [
        pytest.param("Invoice No.: INV-2026-001", "INV-2026-001", id="english"),
        pytest.param("Invoice #4711", "4711", id="hash"),
        pytest.param("Rechnungsnummer: RE-2026-0101", "RE-2026-0101", id="german"),
        pytest.param("Rechnungs-Nr. 2026/17", "2026/17", id="german-short"),
        pytest.param("Facture n° FA2026/03 du 2 mars 2026", "FA2026/03", id="french"),
        pytest.param("Numéro de facture : F-22", "F-22", id="french-long"),
        pytest.param("Número de factura: 2026-A9", "2026-A9", id="spanish"),
        pytest.param("Fattura n. 184/2026", "184/2026", id="italian"),
        pytest.param("Factuurnummer:   993548900", "993548900", id="dutch"),
        pytest.param("Invoice Number:\n42183017", "42183017", id="value-below"),
        pytest.param("Customer    Date        Factuur\nC-1         2026-03-05  VF1005", "VF1005", id="table-heading"),
        pytest.param("Invoice VT/2022/0001", "VT/2022/0001", id="title"),
        pytest.param("Invoice No: A-1\nInvoice No: A-2", None, id="two-numbers"),
        pytest.param("Original invoice no. A-1", None, id="another-invoice"),
        pytest.param("Invoice 30 days overdue", None, id="days"),
        pytest.param("Invoice date: 2026-03-05", None, id="date-is-no-number"),
        pytest.param("Order number: 4711", None, id="order"),
    ],
)
def test_invoice_number(text: str, number: str | None) -> None:
    assert value_of(facts_of(text), "invoice_number") == number


@pytest.mark.parametrize(
    ("subject", "number"),
    [
        ("Invoice INV-2024-001", "INV-2024-001"),
        ("Your invoice no. 123 from Bluebird", "123"),
        ("Rechnung 4711", "4711"),
        ("Fattura n. 184/2026", "184/2026"),
        ("Invoice March 2026", None),
        ("Rechnung 03/2026", None),
        ("Invoice 2026", None),
        ("Hello", None),
    ],
)
def test_invoice_number_in_the_subject(subject: str, number: str | None) -> None:
    assert value_of(facts_of(subject=subject), "invoice_number") == number


@pytest.mark.parametrize(
    ("text", "total", "currency"),
    [
        pytest.param("Invoice total: 1,234.56 USD", "1234.56", "USD", id="us"),
        pytest.param("Gesamtbetrag: 1.234,56 EUR", "1234.56", "EUR", id="european"),
        pytest.param("Gesamtbetrag CHF 1'234.56", "1234.56", "CHF", id="swiss"),
        pytest.param("Total TTC : 1 234,56 €", "1234.56", "EUR", id="french"),
        pytest.param("Total Due £99", "99", "GBP", id="bare-with-symbol"),
        pytest.param("Totale fattura    € 512,40", "512.40", "EUR", id="symbol-first"),
        pytest.param("Factuur totaal EUR      49,99", "49.99", "EUR", id="currency-in-label"),
        pytest.param("Rechnungsbetrag: -343,91 EUR", "-343.91", "EUR", id="negative"),
        pytest.param("Net 100.00 EUR\nTotal  100.00  20.00  120.00", "120.00", "EUR", id="net-tax-gross"),
        pytest.param("Total amount due on March 3, 2026   $4.11", "4.11", "USD", id="date-between"),
        pytest.param("Amounts in AUD\nGrand total $12.00", "12.00", "AUD", id="dollar-named-elsewhere"),
        pytest.param("Grand total $12.00\nin CAD or AUD: AUD 3.00 CAD 4.00", "12.00", None, id="dollar-unclear"),
        pytest.param("Total:\n119.00 EUR", "119.00", "EUR", id="value-below"),
        pytest.param("Subtotal 100.00 EUR", None, "EUR", id="subtotal"),
        pytest.param("Total excl. VAT 100.00 EUR", None, "EUR", id="net-total"),
        pytest.param("Total 100.00 EUR\nTotal 119.00 EUR", None, "EUR", id="two-totals"),
        pytest.param("Total pieces 12\nTotal 4", None, None, id="pieces"),
        pytest.param("Grand total 1.234 EUR", None, "EUR", id="thousand-or-fraction"),
        pytest.param("Position 12,50\nGrand total 1.234 EUR", "1234", "EUR", id="decimal-mark-shown"),
        pytest.param("Deposit paid 50.00 EUR\nBalance due 69.00 EUR", None, "EUR", id="part-paid"),
        pytest.param("Ballpoint PEN   Grand total 3.00", "3.00", None, id="word-is-no-currency"),
    ],
)
def test_total_and_currency(text: str, total: str | None, currency: str | None) -> None:
    facts = facts_of(text)
    assert value_of(facts, "total") == (None if total is None else Decimal(total))
    assert value_of(facts, "currency") == currency


@pytest.mark.parametrize(
    ("text", "issued"),
    [
        pytest.param("Invoice date: 2026-03-05", date(2026, 3, 5), id="iso"),
        pytest.param("Rechnungsdatum 05.03.2026", date(2026, 3, 5), id="dots"),
        pytest.param("Rechnungsdatum: 5. März 2026", date(2026, 3, 5), id="german"),
        pytest.param("Date de facture : 2 février 2026", date(2026, 2, 2), id="french"),
        pytest.param("Fecha de factura: 5 de marzo de 2026", date(2026, 3, 5), id="spanish"),
        pytest.param("Data fattura: 5 maggio 2026", date(2026, 5, 5), id="italian"),
        pytest.param("Factuurdatum: 19 april 2026", date(2026, 4, 19), id="dutch"),
        pytest.param("Invoice date: August 3rd, 2026", date(2026, 8, 3), id="english"),
        pytest.param("Invoice date: Thursday, 5 March 2026", date(2026, 3, 5), id="weekday"),
        pytest.param("Facture n° 1234 du 02 Juillet 2026", date(2026, 7, 2), id="beside-number"),
        pytest.param("Invoice date: 03/04/2026", None, id="ambiguous"),
        pytest.param("Invoice date: 03/03/2026", date(2026, 3, 3), id="same-either-way"),
        pytest.param("Delivered 25/03/2026\nInvoice date: 03/04/2026", date(2026, 4, 3), id="day-first-shown"),
        pytest.param("Delivered 03/25/2026\nInvoice date: 03/04/2026", date(2026, 3, 4), id="month-first-shown"),
        pytest.param("Date de facture : 03/04/2026", date(2026, 4, 3), id="language-settles"),
        pytest.param("Invoice date: 03/04/2026\nTotal £5.00", date(2026, 4, 3), id="currency-settles"),
        pytest.param("Invoice date: 07/09/26\nDue date: 09/07/26", date(2026, 7, 9), id="not-due-before-issued"),
        pytest.param("Invoice date: 2026-03-05\nInvoice date: 2026-03-06", None, id="two-dates"),
        pytest.param("Order date: 2026-03-05", None, id="order"),
        pytest.param("Invoice date: 31.02.2026", None, id="no-such-day"),
    ],
)
def test_issue_date(text: str, issued: date | None) -> None:
    assert value_of(facts_of(text), "issue_date") == issued


@pytest.mark.parametrize(
    "text",
    [
        "Due date: 2026-04-04",
        "Fällig am: 04.04.2026",
        "Zahlbar bis zum 4. April 2026",
        "Date d'échéance : 04/04/2026",
        "Fecha de vencimiento: 04/04/2026",
        "Scadenza 4 aprile 2026",
        "Vervaldatum: 4-4-2026",
    ],
)
def test_due_date(text: str) -> None:
    assert value_of(facts_of(text), "due_date") == date(2026, 4, 4)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("INVOICE", Kind.INVOICE),
        ("Rechnungsnummer: 4711", Kind.INVOICE),
        ("GUTSCHRIFT", Kind.CREDIT_NOTE),
        ("Gutschrift\nRechnungsnummer: 4711", Kind.CREDIT_NOTE),
        ("Credit note CN-17", Kind.CREDIT_NOTE),
        ("AVOIR", Kind.CREDIT_NOTE),
        ("Nota di credito n. 4", Kind.CREDIT_NOTE),
        ("Invoice\nCredit note", None),
        ("Gutschrift\nim Gutschriftsverfahren", None),
        ("Delivery note", None),
    ],
)
def test_kind(text: str, kind: Kind | None) -> None:
    assert value_of(facts_of(text), "kind") == kind


@pytest.mark.parametrize(
    ("text", "vat_id"),
    [
        ("USt-IdNr. DE123456789", "DE123456789"),
        ("UStId DE 232 446 240", "DE232446240"),
        ("N° TVA intracommunautaire : FR 40 303 265 045", "FR40303265045"),
        ("BTW NL8104.33.941.B01", "NL810433941B01"),
        ("P.IVA: IT01234567897", "IT01234567897"),
        ("VAT Reg. No. GB 987 6543 21", "GB987654321"),
        ("NIF-IVA: ESB12345678", "ESB12345678"),
        ("VAT 20% 301.80", None),
        ("DE123456789", None),
        ("USt-IdNr. 123456789", None),
        ("USt-IdNr. DE12345", None),
        ("Your VAT number: DE123456789", None),
        ("VAT DE123456789\nVAT DE987654321", None),
    ],
)
def test_vat_id(text: str, vat_id: str | None) -> None:
    assert value_of(facts_of(text), "vat_id") == vat_id


def test_each_fact_names_its_place() -> None:
    facts = facts_of("nothing here", "Invoice No: A-17", subject="Rechnung 4711", body="Grand total: 12.00 EUR")
    assert facts.sources() == {
        "invoice_number": "invoice.pdf, page 2",
        "total": "body",
        "currency": "body",
        "kind": "invoice.pdf, page 2",
    }


def test_the_first_document_wins_and_later_ones_fill_gaps() -> None:
    documents = [
        Document("scan.pdf", Legibility.SCAN),
        Document("a.pdf", Legibility.TEXT, ("Invoice No: A-17",)),
        Document("b.pdf", Legibility.TEXT, ("Invoice No: A-17\nInvoice date: 2026-03-05",)),
    ]
    facts = read_facts(MAIL, documents)
    assert facts.invoice_number == Fact("A-17", "a.pdf, page 1")
    assert facts.issue_date == Fact(date(2026, 3, 5), "b.pdf, page 1")
    assert facts.documents == tuple(documents)


def test_another_invoice_fills_no_gaps() -> None:
    first = Document("a.pdf", Legibility.TEXT, ("Invoice No: A-17",))
    second = Document("b.pdf", Legibility.TEXT, ("Invoice No: B-18\nGrand total 10.00 EUR",))
    facts = read_facts(MAIL, [first, second])
    assert facts.sources() == {"invoice_number": "a.pdf, page 1", "kind": "a.pdf, page 1"}


def test_a_currency_of_another_text_is_not_put_at_a_total() -> None:
    first = Facts(total=Fact(Decimal(10), "a.pdf, page 1"))
    second = Facts(total=Fact(Decimal(20), "b.pdf, page 1"), currency=Fact("EUR", "b.pdf, page 1"))
    assert merge(first, second).currency is None


CARRIED = element(make_cii_xml())
NUMBER = Invoice().number


def test_what_xml_states_goes_before_what_pages_say() -> None:
    page = f"Invoice No: {NUMBER}\nGrand total 1.00 EUR\nContact: PO-Box"
    first = Document("a.pdf", Legibility.TEXT, (f"Invoice No: {NUMBER}\nInvoice date: 2020-01-01",))
    second = Document("b.pdf", Legibility.TEXT, (page,), CARRIED, embedded=("factur-x.xml",))
    facts = read_facts(MAIL, [first, second])
    assert facts.total == Fact(Invoice().total, "b.pdf, embedded XML, BT-112", Sureness.STATED)
    assert facts.issue_date == Fact(Invoice().issued, "b.pdf, embedded XML, BT-2", Sureness.STATED)


def test_xml_of_its_own_is_cited_by_its_name() -> None:
    facts = read_facts(MAIL, [Document("invoice.xml", Legibility.TEXT, structured=CARRIED)])
    assert facts.sources()["invoice_number"] == "invoice.xml, BT-1"


def test_xml_that_is_no_invoice_says_nothing() -> None:
    document = Document("order.xml", Legibility.TEXT, structured=Element("Order", "urn:a"))
    assert read_facts(MAIL, [document]) == Facts(documents=(document,))


def test_a_document_that_disagrees_with_itself_is_told_of() -> None:
    page = f"Invoice No: {NUMBER}\nGrand total 1.00 GBP"
    facts = read_facts(MAIL, [Document("b.pdf", Legibility.TEXT, (page,), CARRIED)])
    assert facts.disagreements == ("b.pdf: total 1490.40 in its XML, 1.00 on its pages",)


def test_what_may_be_many_is_united_once_each() -> None:
    first = Facts(names=(Fact("A", "a"), Fact("B", "a")), domains=(Fact("x.example", "a"),))
    second = Facts(names=(Fact("B", "b"), Fact("C", "b")))
    both = merge(merge(first, second), second)
    assert [(f.value, f.source) for f in both.names] == [("A", "a"), ("B", "a"), ("C", "b")]
    assert both.domains == first.domains


def test_another_invoice_adds_no_names() -> None:
    first = Facts(invoice_number=Fact("A-17", "a"))
    second = Facts(invoice_number=Fact("B-18", "b"), names=(Fact("X", "b"),))
    assert merge(first, second) == first


ONE, TWO = "DE89370400440532013000", "GB33BUKB20201555555555"


def test_a_second_invoice_in_the_mail_has_its_number_and_its_account_taken_down() -> None:
    """It would be paid, too."""
    pages = [
        f"Invoice No: {number}\nGrand total 1.00 EUR\nIBAN: {iban}" for number, iban in (("A-17", ONE), ("B-18", TWO))
    ]
    facts = read_facts(MAIL, [Document(f"{n}.pdf", Legibility.TEXT, (page,)) for n, page in enumerate(pages)])
    assert facts.invoice_number == Fact("A-17", "0.pdf, page 1")
    assert [number.value for number in facts.numbers] == ["A-17", "B-18"]
    assert [iban.value for iban in facts.ibans] == [ONE, TWO]


def test_a_second_e_invoice_in_a_pdf_is_seen() -> None:
    other = element(make_cii_xml(replace(Invoice(), iban=TWO, number="X-1")))
    carries_two = Document("a.pdf", Legibility.TEXT, ("x",), CARRIED, (other,))
    facts = read_facts(MAIL, [carries_two])
    assert facts.disagreements == ("a.pdf: it carries two e-invoices that differ",)
    assert TWO in {iban.value for iban in facts.ibans}
    same = Document("a.pdf", Legibility.TEXT, ("x",), CARRIED, (CARRIED,))
    assert read_facts(MAIL, [same]).disagreements == ()


def test_pages_beside_the_xml_of_the_same_invoice_are_held_against_it() -> None:
    page = f"Invoice No: {NUMBER}\nGrand total 1.00 GBP"
    xml = Document("a.xml", Legibility.TEXT, (), CARRIED)
    facts = read_facts(MAIL, [xml, Document("b.pdf", Legibility.TEXT, (page,))])
    assert facts.disagreements == ("b.pdf: total 1490.40 in its XML, 1.00 on its pages",)
    other = page.replace(NUMBER, "X-99999")
    assert read_facts(MAIL, [xml, Document("b.pdf", Legibility.TEXT, (other,))]).disagreements == ()


@pytest.mark.parametrize("text", ["1.234", "1,234"])
def test_a_single_group_is_no_number_without_a_decimal_mark(text: str) -> None:
    assert parse_number(text) is None


def test_vat_id_stops_where_its_form_ends() -> None:
    assert vat_id_at_start("DE 232 446 240 12") == "DE232446240"


WORDS = (
    "invoice no ",
    "total ",
    "1.234,56 ",
    "€",
    "\n",
    "  ",
    "date: ",
    "03/04/2026 ",
    "VAT ",
    "DE123 ",
    "Rechnung ",
    "-",
)


@given(st.text(max_size=400) | st.lists(st.sampled_from(WORDS), max_size=80).map("".join))
@settings(max_examples=300, deadline=None)
def test_no_text_makes_the_rules_fail(text: str) -> None:
    facts_of(text, subject=text, body=text)


@pytest.mark.parametrize(
    "unit",
    [
        "a",
        " ",
        "1",
        "1.",
        "(",
        "€",
        "invoice no ",
        "total:\n",
        "total 1 ",
        "1/1/2020 ",
        "VAT DE ",
        "DE 1 2 3 ",
        "\ufdfa",
        "x  ",
    ],
)
def test_hostile_text_takes_linear_time(unit: str) -> None:
    """1 MB in three places takes well under the seconds that any quadratic rule would need for the part looked at."""
    text = unit * (1_000_000 // len(unit))
    start = time.process_time()
    facts_of(text, subject=text, body=text)
    assert time.process_time() - start < 10
