"""The facts of an invoice as text: the columns that commands print and that expected values are written in."""

from datetime import date
from decimal import Decimal
from typing import Any

from shared.domain.facts import Fact, Facts

# Column to the field of Facts.
INVOICE = {
    "vendor_name": "vendor_name",
    "vendor_vat_id": "vat_id",
    "invoice_number": "invoice_number",
    "issue_date": "issue_date",
    "due_date": "due_date",
    "currency": "currency",
    "total_gross": "total",
    "kind": "kind",
}
FURTHER = {"iban": "iban", "purchase_order": "purchase_order", "nature": "nature"}
COLUMNS = INVOICE | FURTHER

_CENTS = Decimal("0.01")


def fact_of(facts: Facts, column: str) -> Fact[Any] | None:
    """The fact behind a column."""
    fact: Fact[Any] | None = getattr(facts, COLUMNS[column])
    return fact


def text_of(facts: Facts, column: str) -> str | None:
    """The value of a column: dates in ISO 8601, amounts as 123.45, None where nothing was read."""
    fact = fact_of(facts, column)
    if fact is None:
        return None
    if isinstance(fact.value, Decimal):
        return _amount(fact.value)
    return fact.value.isoformat() if isinstance(fact.value, date) else str(fact.value)


def _amount(value: Decimal) -> str:
    """At least two decimals, and no more than it has."""
    cents = value.quantize(_CENTS) if abs(value) < Decimal(10) ** 20 else value
    return f"{cents if cents == value else value.normalize():f}"
