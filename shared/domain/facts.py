"""What is known about an invoice, and where each part of it was read."""

from dataclasses import dataclass, field, fields
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Generic, TypeVar

from shared.domain.markup import Element

T = TypeVar("T")


class Kind(StrEnum):
    """What the document asks for: money (380 and its kin in UNTDID 1001) or a credit (381 and its kin)."""

    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"


class Nature(StrEnum):
    """What a document is beside an invoice or credit note of its own."""

    CORRECTION = "correction"  # it replaces an earlier one, often under the same number (384 in UNTDID 1001)
    REMINDER = "reminder"  # it asks once more for what an earlier one asked for


class Sureness(StrEnum):
    """What stands behind a fact."""

    STATED = "stated"  # an element of a structured invoice, whose meaning a standard fixes
    LABELLED = "labelled"  # words beside it say what it is
    INFERRED = "inferred"  # where and how it stands says what it is


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
    structured: Element | None = None  # the XML that it is, or that a PDF carries
    further: tuple[Element, ...] = ()  # invoices in XML that a PDF carries beside that one
    embedded: tuple[str, ...] = ()  # names of the files that a PDF carries
    is_partial: bool = False  # it goes on behind what was read

    @property
    def has_pages_unread(self) -> bool:
        """Whether a person sees what was not looked at here: pages beside the XML that a PDF carries, too."""
        return self.legibility is not Legibility.TEXT and not self.pages

    @property
    def is_whole(self) -> bool:
        """Whether all of it was looked at."""
        return not self.has_pages_unread and not self.is_partial


@dataclass(frozen=True, slots=True)
class Fact(Generic[T]):
    """A value and where it was read, in words for a person ("invoice.pdf, page 1")."""

    value: T
    source: str
    sureness: Sureness = Sureness.LABELLED


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
    iban: Fact[str] | None = None  # without spaces; None where several are printed
    purchase_order: Fact[str] | None = None
    nature: Fact[Nature] | None = None
    numbers: tuple[Fact[str], ...] = ()  # of every invoice that the documents hold, `invoice_number` first
    ibans: tuple[Fact[str], ...] = ()  # every account that asks for money, the buyer's own not among them
    names: tuple[Fact[str], ...] = ()  # who may have made it out, likeliest first
    domains: tuple[Fact[str], ...] = ()  # of web and mail addresses on it
    disagreements: tuple[str, ...] = ()  # in words, where a document says two things
    documents: tuple[Document, ...] = field(default=())

    @property
    def carried_files(self) -> tuple[str, ...]:
        """Names of the files that the documents carry."""
        return tuple(name for document in self.documents for name in document.embedded)

    def sources(self) -> dict[str, str]:
        """Field name to the place it was read, for the ledger and for people."""
        known = ((f.name, getattr(self, f.name)) for f in fields(self))
        return {name: fact.source for name, fact in known if isinstance(fact, Fact)}
