"""Mails of a vendor that is known, with one document each."""

from dataclasses import replace

from infrastructure.local.samples.vendors import BLUEBIRD
from tests.builders import Attached, make_invoice_pdf, make_mail


def invoice_mail(number: str, *, documents: int = 1) -> bytes:
    """An ordinary invoice mail."""
    attached = [
        Attached(
            f"{number}-{n}.pdf" if n else f"{number}.pdf",
            make_invoice_pdf(replace(BLUEBIRD, number=number)),
            "application/pdf",
        )
        for n in range(documents)
    ]
    return make_mail(
        sender="billing@bluebird-cloud.example",
        subject=f"Invoice {number}",
        body=f"Invoice number: {number}\nTotal amount: GBP 1,490.40\n",
        attachments=attached,
        message_id=f"<{number}@bluebird-cloud.example>",
    )
