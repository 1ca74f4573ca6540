"""A report that a mail could not be delivered, as Exchange Online writes it (RFC 3464)."""

import html
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from uuid import uuid4

from infrastructure.local.mailbox import wire
from infrastructure.local.mailbox.item import Item
from infrastructure.local.mailbox.mail import Address, Mail
from infrastructure.local.mailbox.message import internet_message_id
from infrastructure.local.mailbox.mime import Headers
from infrastructure.local.mailbox.wire import Body

_SENDER = "MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e"
_DIAGNOSES: Mapping[str, str] = {
    "5.1.10": "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup",
    "5.2.2": "554 5.2.2 mailbox full; STOREDRV.Deliver.Exception:QuotaExceededException."
    "MapiExceptionShutoffQuotaExceeded; Failed to process message due to a permanent exception",
    "5.2.121": "554 5.2.121 RESOLVER.SMTP.RecipientPerSenderLimitExceeded; Message rate per sender limit exceeded",
    "5.2.122": "554 5.2.122 RESOLVER.SMTP.RecipientLimitExceeded; Message rate limit exceeded",
}


def write_report(target: Path, item: Item, sent: Mail, recipients: Iterable[str], status_code: str) -> None:
    """Write the report to the sender of a mail that none of the recipients gets."""
    recipients = list(recipients)
    domain = item.address.rpartition("@")[2]
    boundary = str(uuid4())
    diagnosis = _DIAGNOSES.get(status_code, f"550 {status_code} the message was refused")
    original = internet_message_id(item)
    fields: dict[str, str | None] = {
        "From": wire.encode_addresses([Address("Microsoft Outlook", f"{_SENDER}@{domain}")]),
        "To": wire.encode_addresses([Address("", item.address)]),
        "Date": format_datetime(datetime.now(UTC)),
        "Content-Type": f'multipart/report; report-type=delivery-status;\r\n\tboundary="{boundary}"',
        "X-MS-Exchange-Message-Is-Ndr": "",
        "Content-Language": "en-US",
        "Message-ID": f"<{uuid4()}@{domain}>",
        "In-Reply-To": wire.encode_text(original),
        "References": wire.encode_text(original),
        "Subject": wire.encode_text(f"Undeliverable: {sent.subject}"),
        "Auto-Submitted": "auto-replied",
        "MIME-Version": "1.0",
    }
    with target.open("wb") as out:
        out.write(wire.header_block(Headers(), fields) + b"\r\n")
        out.write(f"--{boundary}\r\n".encode())
        wire.write_body(out, Body(_explanation(recipients, diagnosis)))
        out.write(_part(boundary, "message/delivery-status", _status(domain, recipients, status_code, diagnosis)))
        out.write(_part(boundary, "text/rfc822-headers", wire.header_block(sent.headers, {})))
        out.write(f"\r\n--{boundary}--\r\n".encode())


def _part(boundary: str, content_type: str, content: bytes) -> bytes:
    return f"\r\n--{boundary}\r\nContent-Type: {content_type}\r\n\r\n".encode() + content


def _explanation(recipients: Iterable[str], diagnosis: str) -> str:
    people = "".join(f"<p>{html.escape(each)}</p>" for each in recipients)
    return (
        "<html><body><p><b>Delivery has failed to these recipients or groups:</b></p>"
        f"{people}<p>Your message couldn't be delivered.</p>"
        f"<p>Diagnostic information for administrators:</p><p>{html.escape(diagnosis)}</p></body></html>"
    )


def _status(domain: str, recipients: Iterable[str], status_code: str, diagnosis: str) -> bytes:
    now = format_datetime(datetime.now(UTC))
    groups = [f"Reporting-MTA: dns;mail.{domain}\r\nReceived-From-MTA: dns;mail.{domain}\r\nArrival-Date: {now}\r\n"]
    groups += [
        f"Final-Recipient: rfc822;{each}\r\nAction: failed\r\nStatus: {status_code}\r\n"
        f"Diagnostic-Code: smtp;{diagnosis}\r\n"
        for each in recipients
    ]
    return "\r\n".join(groups).encode("utf-8", "replace")
