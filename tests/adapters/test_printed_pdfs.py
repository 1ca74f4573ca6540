"""Facts of invoices that are drawn as programs draw them: columns, right-aligned amounts, feet in small print."""

from collections.abc import Iterator, Sequence
from io import BytesIO

import pytest
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from shared.adapters.document_worker import document
from shared.domain.facts import Document, Fact, Facts, Legibility
from shared.domain.text_facts import document_facts

Line = tuple[float, float, str]  # from the left, from the top, text; a negative left is a right edge


def pdf(lines: Sequence[Line], font: str = "Helvetica", size: int = 10) -> bytes:
    buffer = BytesIO()
    canvas = Canvas(buffer, pagesize=A4, invariant=1)
    for left, top, text in lines:
        canvas.setFont(font, 7 if top > 760 else size)
        draw = canvas.drawString if left >= 0 else canvas.drawRightString
        draw(abs(left), A4[1] - top, text)
    canvas.save()
    return buffer.getvalue()


def facts_of(data: bytes) -> Facts:
    answer = document(data, 50, 200_000, 8)
    pages = answer["pages"]
    assert isinstance(pages, (list, tuple))
    return document_facts(Document("invoice.pdf", Legibility.TEXT, tuple(map(str, pages))))


def block(left: float, top: float, *texts: str, leading: float = 14) -> Iterator[Line]:
    yield from ((left, top + leading * n, text) for n, text in enumerate(texts))


def values(facts: Facts, *fields: str) -> list[str | None]:
    found = (getattr(facts, field) for field in fields)
    return [str(fact.value) if isinstance(fact, Fact) else None for fact in found]


MAIN = ("invoice_number", "issue_date", "due_date", "total", "currency", "vendor_name")


@pytest.mark.parametrize(("font", "size"), [("Helvetica", 10), ("Times-Roman", 11), ("Courier", 9)])
def test_letter_with_facts_at_the_right(font: str, size: int) -> None:
    lines = [
        (70, 120, "Muster & Sohn GmbH · Hauptstr. 1 · 12345 Berlin"),
        *block(70, 140, "Kundenfirma AG", "Petra Klein", "Lange Gasse 7", "80331 München"),
        *block(350, 140, "Rechnungsnummer", "Rechnungsdatum", "Lieferdatum", "Kundennummer"),
        *block(-530, 140, "RE-2025-0412", "14.05.2025", "12.05.2025", "10077"),
        (70, 240, "Rechnung"),
        *((x, 280.0, t) for x, t in ((70, "Pos."), (110, "Bezeichnung"), (-400, "Menge"), (-530, "Gesamt"))),
        *((x, 296.0, t) for x, t in ((70, "1"), (110, "Beratung"), (-400, "8"), (-530, "760,00 €"))),
        *block(350, 330, "Nettobetrag", "USt. 19 %", "Gesamtbetrag"),
        *block(-530, 330, "760,00 €", "144,40 €", "904,40 €"),
        (70, 400, "Zahlbar bis zum 28.05.2025 ohne Abzug."),
        *block(70, 780, "Muster & Sohn GmbH", "Hauptstr. 1", "12345 Berlin", leading=9),
        *block(230, 780, "IBAN DE89 3704 0044 0532 0130 00", "BIC COBADEFFXXX", leading=9),
        *block(400, 780, "USt-IdNr. DE123456789", "www.muster-sohn.example", leading=9),
    ]
    facts = facts_of(pdf(lines, font, size))
    expected = ["RE-2025-0412", "2025-05-14", "2025-05-28", "904.40", "EUR", "Muster & Sohn GmbH"]
    assert values(facts, *MAIN) == expected
    assert values(facts, "iban", "vat_id") == ["DE89370400440532013000", "DE123456789"]
    assert [fact.value for fact in facts.domains] == ["muster-sohn.example"]


def test_headings_over_their_values() -> None:
    lines = [
        (60, 60, "Cedar Valley Landscaping, Inc."),
        *block(60, 74, "88 Orchard Rd", "Boise, ID 83702", "office@cedarvalley.example"),
        (-530, 60, "INVOICE"),
        *(
            (x, 150.0, t)
            for x, t in ((60, "Invoice Number"), (200, "Invoice Date"), (330, "Due Date"), (450, "PO Number"))
        ),
        *((x, 166.0, t) for x, t in ((60, "1087"), (200, "04/13/2025"), (330, "05/13/2025"), (450, "77-120"))),
        *block(60, 200, "Bill To", "Harbour & Lane Ltd", "12 Quay Road", "Bristol"),
        *((x, 290.0, t) for x, t in ((60, "Description"), (-400, "Rate"), (-530, "Amount"))),
        *((x, 306.0, t) for x, t in ((60, "Lawn care"), (-400, "125.00"), (-530, "$500.00"))),
        *block(-430, 330, "Subtotal", "Tax (6%)", "Total"),
        *block(-530, 330, "$500.00", "$30.00", "$530.00"),
    ]
    facts = facts_of(pdf(lines))
    expected = ["1087", "2025-04-13", "2025-05-13", "530.00", "USD", "Cedar Valley Landscaping, Inc."]
    assert values(facts, *MAIN, "purchase_order") == [*expected, "77-120"]


def test_seller_and_buyer_side_by_side() -> None:
    lines = [
        (60, 60, "FACTURE"),
        *block(60, 90, "Vendeur", "Boutique du Lac SARL", "14 quai des Brumes", "74000 Annecy", "TVA FR40303265045"),
        *block(320, 90, "Client", "Atelier Morel SAS", "3 rue Verte", "69002 Lyon", "TVA FR83404833048"),
        *block(60, 190, "Facture n° : F2025-0087", "Date de facture : 05/06/2025", "Date d'échéance : 05/07/2025"),
        *((x, 260.0, t) for x, t in ((60, "Total HT"), (200, "TVA"), (320, "Total TTC"))),
        *((x, 276.0, t) for x, t in ((60, "250,00 €"), (200, "50,00 €"), (320, "300,00 €"))),
    ]
    facts = facts_of(pdf(lines))
    expected = ["F2025-0087", "2025-06-05", "2025-07-05", "300.00", "EUR", "Boutique du Lac SARL"]
    assert values(facts, *MAIN) == expected
    assert values(facts, "vat_id") == ["FR40303265045"]


def test_statement_has_no_number_of_its_own() -> None:
    lines = [
        (60, 60, "STATEMENT OF ACCOUNT"),
        *((x, 120.0, t) for x, t in ((60, "Invoice No"), (200, "Invoice Date"), (-530, "Amount"))),
        *((x, 136.0, t) for x, t in ((60, "INV-3381"), (200, "07 May 2025"), (-530, "£756.00"))),
        *((x, 152.0, t) for x, t in ((60, "INV-3402"), (200, "21 May 2025"), (-530, "£110.00"))),
    ]
    facts = facts_of(pdf(lines))
    assert values(facts, "invoice_number", "issue_date", "total", "nature") == [None, None, None, "reminder"]
