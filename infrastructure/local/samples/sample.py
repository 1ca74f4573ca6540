"""One mail of the sample mailbox, and the invoice in it."""

from dataclasses import dataclass

from infrastructure.local.samples.builders import Attached, make_invoice_pdf
from infrastructure.local.samples.invoice import Invoice


@dataclass(frozen=True, slots=True)
class Sample:
    """One mail of the sample mailbox; `about` says in one line what it shows, `outcome` the folder it ends in."""

    name: str
    data: bytes
    about: str
    outcome: str


def pdf(invoice: Invoice) -> Attached:
    """An invoice as a PDF under its number."""
    return Attached(f"{invoice.number.replace('/', '-')}.pdf", make_invoice_pdf(invoice))
