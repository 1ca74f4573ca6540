"""What is known about an invoice, and where each part of it was read."""

from dataclasses import dataclass, field, fields
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Generic, TypeVar

T = TypeVar("T")


class Kind(StrEnum):
    """What the document asks for: money (380 and its kin in UNTDID 1001) or a credit (381 and its kin)."""

    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"


class Legibility(StrEnum):
    """How far a document could be read."""

    TEXT = "text"
    SCAN = "scan"  # pages, but no text layer
    TOO_LARGE = "too_large"  # over the reading limits; forwarded all the same
    UNREADABLE = "unreadable"  # damaged, encrypted, or it overran the limits of the reader


@dataclass(frozen=True, slots=True)
class Document:
    """One attachment that may be an invoice, as text by page; `name` is the sender's and not to be trusted."""

    name: str
    legibility: Legibility
    pages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fact(Generic[T]):
    """A value and where it was read, in words for a person ("invoice.pdf, page 1")."""

    value: T
    source: str


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts of one mail; None where a field was not read or not sure."""

    vendor_name: Fact[str] | None = None
    vat_id: Fact[str] | None = None
    invoice_number: Fact[str] | None = None
    issue_date: Fact[date] | None = None
    due_date: Fact[date] | None = None
    currency: Fact[str] | None = None  # ISO 4217
    total: Fact[Decimal] | None = None  # gross, in `currency`
    kind: Fact[Kind] | None = None
    documents: tuple[Document, ...] = field(default=())

    def sources(self) -> dict[str, str]:
        """Field name to the place it was read, for the ledger and for people."""
        known = ((f.name, getattr(self, f.name)) for f in fields(self))
        return {name: fact.source for name, fact in known if isinstance(fact, Fact)}
