"""What whole printed invoices of six languages yield, and what they leave open."""

import pytest

from shared.domain.facts import Document, Fact, Facts, Legibility
from shared.domain.numbers import normalised_number
from shared.domain.text_facts import document_facts
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
