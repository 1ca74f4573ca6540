"""Real bytes of mails, the same every time; documents come from `pdfs`, `einvoices` and `dangerous`."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage, MIMEPart
from email.policy import SMTP
from email.utils import format_datetime
from hashlib import sha256
from types import MappingProxyType
from typing import NamedTuple

from infrastructure.local.samples.dangerous import make_locked_zip, make_macro_document
from infrastructure.local.samples.einvoices import make_cii_xml, make_fatturapa_xml, make_ubl_xml
from infrastructure.local.samples.invoice import Invoice, Line
from infrastructure.local.samples.pdfs import (
    make_encrypted_pdf,
    make_factur_x_pdf,
    make_invoice_pdf,
    make_large_pdf,
    make_scan_pdf,
)

__all__ = [
    "AP_MAILBOX",
    "MAILBOX",
    "MARKER",
    "SENT",
    "Attached",
    "Invoice",
    "Line",
    "make_auto_reply",
    "make_bounce",
    "make_calendar",
    "make_cii_xml",
    "make_encrypted_pdf",
    "make_factur_x_pdf",
    "make_fatturapa_xml",
    "make_forward_back",
    "make_invoice_pdf",
    "make_large_pdf",
    "make_locked_zip",
    "make_macro_document",
    "make_mail",
    "make_scan_pdf",
    "make_ubl_xml",
]

MAILBOX = "invoices@contoso.example"
AP_MAILBOX = "ap@contoso.example"
SYNTHETIC_MAILBOX = "synthetic@contoso.example"
MARKER = "x-invoice-agent-transaction"
SENT = datetime(2026, 3, 5, 9, 30, tzinfo=UTC)
_NONE: Mapping[str, str] = MappingProxyType({})


class Attached(NamedTuple):
    """One attachment."""

    name: str
    data: bytes
    content_type: str = "application/pdf"


def make_mail(
    *,
    sender: str = "Bluebird Billing <billing@bluebird-cloud.example>",
    to: str = MAILBOX,
    subject: str = "Invoice INV-2026-0417",
    body: str = "Please find our invoice attached.\n",
    html: str | None = None,
    attachments: Sequence[Attached] = (),
    date: datetime = SENT,
    message_id: str | None = None,
    headers: Mapping[str, str] = _NONE,
) -> bytes:
    """An RFC 5322 mail; without a message_id it gets one that follows from sender, subject and date."""
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Subject"] = sender, to, subject
    mail["Date"] = format_datetime(date)
    mail["Message-ID"] = message_id or f"<{_digest(sender, subject, str(date))}@mail.example>"
    for name, value in headers.items():
        mail[name] = value
    mail.set_content(body, cte="quoted-printable")
    if html is not None:
        mail.add_alternative(html, subtype="html", cte="quoted-printable")
    for name, data, content_type in attachments:
        main, _, sub = content_type.partition("/")
        mail.add_attachment(data, maintype=main, subtype=sub, filename=name)
    return _finished(mail)


def make_auto_reply(*, sender: str = "Ada Byrne <ada@bluebird-cloud.example>", **headers: str) -> bytes:
    """An out-of-office reply (RFC 3834)."""
    return make_mail(
        sender=sender,
        subject="Automatic reply: your order",
        body="I am away until Monday.\n",
        headers={"Auto-Submitted": "auto-replied", "X-Auto-Response-Suppress": "All", **headers},
    )


def make_calendar(*, sender: str = "Ada Byrne <ada@bluebird-cloud.example>") -> bytes:
    """A meeting request (RFC 6047: text/calendar with its method)."""
    lines = (
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Sample//EN", "METHOD:REQUEST", "BEGIN:VEVENT",
        "UID:20260305-review@bluebird-cloud.example", "DTSTAMP:20260305T093000Z", "DTSTART:20260312T100000Z",
        "DTEND:20260312T103000Z", "SUMMARY:Contract review", "ORGANIZER:mailto:ada@bluebird-cloud.example",
        f"ATTENDEE;RSVP=TRUE:mailto:{MAILBOX}", "END:VEVENT", "END:VCALENDAR", "",
    )  # fmt: skip
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Subject"] = sender, MAILBOX, "Contract review"
    mail["Date"], mail["Message-ID"] = format_datetime(SENT), "<20260305-review@bluebird-cloud.example>"
    mail.set_content("Contract review, 12 March, 10:00 UTC\n")
    mail.add_alternative("\n".join(lines), subtype="calendar", params={"method": "REQUEST"})
    return _finished(mail)


def make_bounce(
    original: bytes,
    *,
    recipient: str = AP_MAILBOX,
    action: str = "failed",
    to: str = MAILBOX,
    date: datetime = SENT,
    is_referring: bool = True,
    is_whole: bool = False,
) -> bytes:
    """A delivery report (RFC 3464) on `original`, which it returns as headers or `is_whole`."""
    head = original.replace(b"\r\n", b"\n").partition(b"\n\n")[0]
    returned_id = str(message_from_bytes(original)["Message-ID"])
    boundary = f"=_{_digest(returned_id, action)}"
    references = f"In-Reply-To: {returned_id}\nReferences: {returned_id}\n" if is_referring else ""
    status = "5.1.10" if action == "failed" else "4.4.7"
    returned_type = "message/rfc822" if is_whole else "text/rfc822-headers"
    text = f"""From: Mail Delivery System <postmaster@contoso.example>
To: {to}
Subject: Undeliverable: {" ".join(str(message_from_bytes(original)["Subject"]).split())}
Date: {format_datetime(date)}
Message-ID: <{_digest("report", returned_id, action)}@contoso.example>
{references}Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="{boundary}"

--{boundary}
Content-Type: text/plain; charset=us-ascii

Your message to {recipient} could not be delivered.

--{boundary}
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.contoso.example

Final-Recipient: rfc822; {recipient}
Action: {action}
Status: {status}

--{boundary}
Content-Type: {returned_type}

"""
    returned = original.replace(b"\r\n", b"\n") if is_whole else head + b"\n"
    return (text.encode() + returned + f"\n--{boundary}--\n".encode()).replace(b"\n", b"\r\n")


def make_forward_back(ap_mail: bytes) -> bytes:
    """Our own forward coming back: the same mail, one more hop."""
    hop = "Received: from ap.contoso.example by mx.contoso.example; Thu, 05 Mar 2026 10:00:00 +0000\r\n"
    return hop.encode() + ap_mail


def _finished(mail: EmailMessage) -> bytes:
    """The bytes, with boundaries that do not change from run to run."""
    seed = str(mail["Message-ID"])
    for number, part in enumerate(_multiparts(mail)):
        part.set_boundary(f"=_{_digest(seed, str(number))}")
    return mail.as_bytes()


def _multiparts(mail: MIMEPart) -> Iterator[MIMEPart]:
    return (part for part in mail.walk() if part.is_multipart())


def _digest(*parts: str) -> str:
    return sha256("\x1f".join(parts).encode()).hexdigest()[:32]
