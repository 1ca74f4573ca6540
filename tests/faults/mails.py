"""Mails of a vendor that is known, with one document each."""

from dataclasses import replace
from decimal import Decimal

from infrastructure.local.samples.builders import Attached, make_invoice_pdf, make_mail
from infrastructure.local.samples.invoice import Line
from infrastructure.local.samples.vendors import BLUEBIRD


def invoice_mail(number: str, *, documents: int = 1) -> bytes:
    """An ordinary invoice mail."""
    # A sum of its own, as invoices of one day have: the same one would be looked up as a possible duplicate.
    hours = int("".join(filter(str.isdigit, number)) or "0") + 1
    invoice = replace(BLUEBIRD, number=number, lines=(Line("Hosting, hours", hours, Decimal("1.25")),))
    attached = [
        Attached(f"{number}-{n}.pdf" if n else f"{number}.pdf", make_invoice_pdf(invoice), "application/pdf")
        for n in range(documents)
    ]
    return make_mail(
        sender="billing@bluebird-cloud.example",
        subject=f"Invoice {number}",
        body=f"Invoice number: {number}\nTotal amount: GBP {invoice.total:,.2f}\n",
        attachments=attached,
        message_id=f"<{number}@bluebird-cloud.example>",
    )
