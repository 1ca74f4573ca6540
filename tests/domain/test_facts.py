from decimal import Decimal

from shared.domain.facts import Document, Fact, Facts, Legibility


def test_only_facts_that_were_read_have_a_source() -> None:
    facts = Facts(
        invoice_number=Fact("INV-7", "invoice.pdf, page 1"),
        total=Fact(Decimal(0), "subject"),
        documents=(Document("invoice.pdf", Legibility.TEXT, ("Invoice",)),),
    )
    assert facts.sources() == {"invoice_number": "invoice.pdf, page 1", "total": "subject"}


def test_nothing_read_has_no_source() -> None:
    assert Facts().sources() == {}
