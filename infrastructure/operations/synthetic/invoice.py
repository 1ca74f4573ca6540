"""What the synthetic check sends: a real PDF in a real mail, of a vendor that nobody owes anything."""

from datetime import datetime
from decimal import Decimal

from infrastructure.local.samples.builders import Attached, make_mail
from infrastructure.local.samples.invoice import Invoice, Line
from infrastructure.local.samples.pdfs import make_invoice_pdf
from shared.domain.messages import AddVendor
from shared.domain.synthetic import CHECK_VENDOR, HEADER

_IBAN = "GB33BUKB20201555555555"  # of the documentation of IBANs: nobody's

VENDOR = AddVendor(
    vendor_id=CHECK_VENDOR,
    vendor_name="Invoice Agent Synthetic Check Ltd",
    ibans=(_IBAN,),  # a sender that is no vendor's is believed where the account is a known one
    gl_code="none",
    notes="Written by the synthetic check; its mails never go to AP.",
)


def make_check(nonce: str, *, sender: str, to: str, now: datetime) -> bytes:
    """The mail of one check as MIME; its number is its own, so that no check is a duplicate of another."""
    number = f"SYN-{int(nonce[:12], 16):015d}"
    invoice = Invoice(
        vendor=VENDOR.vendor_name,
        vat_id="",
        iban=_IBAN,
        number=number,
        issued=now.date(),
        due=None,
        lines=(Line("Synthetic check, not to be paid", 1, Decimal("0.01")),),
        vat_percent=0,
        currency="EUR",
        customer="Nobody",
    )
    return make_mail(
        sender=f"Invoice Agent <{sender}>",
        to=to,
        subject=f"Synthetic check {number}",
        body="This mail proves that invoices reach accounts payable. Nothing is to be paid or done.\n",
        attachments=[Attached(f"{number}.pdf", make_invoice_pdf(invoice))],
        date=now,
        message_id=f"<{nonce}@synthetic.invalid>",
        headers={HEADER: nonce},
    )
