"""What a mailbox writes itself: forwards, changed drafts, sent mails."""

import base64
import html
import struct
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from uuid import uuid4

from infrastructure.local.mailbox import markup, wire
from infrastructure.local.mailbox.item import Item
from infrastructure.local.mailbox.mail import Address, Attachment, Mail
from infrastructure.local.mailbox.message import internet_message_id, sent_at
from infrastructure.local.mailbox.mime import Headers
from infrastructure.local.mailbox.properties import header_name
from infrastructure.local.mailbox.wire import Body

_SEPARATOR = '<hr tabindex="-1" style="display:inline-block; width:98%">'
_MIME_HEADERS = ("MIME-Version", "Content-Type", "Content-Transfer-Encoding", "Content-Disposition", "Content-ID")


@dataclass(frozen=True, slots=True)
class Changes:
    """What a client sets on a draft; None is left as it is."""

    subject: str | None = None
    body: Body | None = None
    message_id: str | None = None
    importance: str | None = None
    to: tuple[Address, ...] | None = None
    cc: tuple[Address, ...] | None = None
    bcc: tuple[Address, ...] | None = None

    def headers(self) -> dict[str, str | None]:
        """Return the header fields that change."""
        fields: dict[str, str | None] = {}
        if self.subject is not None:
            fields["Subject"] = wire.encode_text(self.subject)
        if self.message_id is not None:
            fields["Message-ID"] = f"<{self.message_id.strip().strip('<>')}>"
        if self.importance is not None:
            fields["Importance"] = self.importance
        for name, addresses in (("To", self.to), ("Cc", self.cc), ("Bcc", self.bcc)):
            if addresses is not None:
                fields[name] = wire.encode_addresses(addresses) or None
        return fields


def write_forward(
    target: Path, source: Item, mail: Mail, changes: Changes, comment: str, *, attachments: Sequence[Attachment]
) -> None:
    """Write the draft of a forward: quoted original, these of its attachments, same thread."""
    domain = source.address.rpartition("@")[2]
    fields: dict[str, str | None] = {
        "From": f"<{source.address}>",
        "Subject": wire.encode_text(f"FW: {mail.subject}"),
        "Date": format_datetime(datetime.now(UTC)),
        "Message-ID": f"<{uuid4().hex.upper()}@{domain}>",
        "In-Reply-To": wire.encode_text(internet_message_id(source)),
        "References": "\r\n ".join(_references(source, mail)),
        "Thread-Topic": wire.encode_text(mail.subject),
        "Thread-Index": _child_index(mail.headers.get("Thread-Index")),
        "X-Unsent": "1",
        "MIME-Version": "1.0",
    }
    block = wire.header_block(Headers(), fields | changes.headers())
    wire.write(target, block, changes.body or Body(_quote(mail, source, comment)), mail, attachments)


def write_changed(target: Path, mail: Mail, changes: Changes) -> None:
    """Write a draft again with its changes; attachments are copied as they stand."""
    if changes.body is None:
        wire.write_with_same_body(target, wire.header_block(mail.headers, changes.headers()), mail)
        return
    without = dict.fromkeys(_MIME_HEADERS) | {"MIME-Version": "1.0"}
    wire.write(target, wire.header_block(mail.headers, without | changes.headers()), changes.body, mail)


def write_sent(target: Path, item: Item, mail: Mail, *, is_delivery: bool) -> None:
    """Write a draft as it goes out; blind recipients are not told to others."""
    fields: dict[str, str | None] = {
        "Date": format_datetime(datetime.now(UTC)),
        "X-Unsent": None,
        "Message-ID": internet_message_id(item),
    }
    if not mail.headers.get("From"):
        fields["From"] = f"<{item.address}>"
    if is_delivery:
        fields["Bcc"] = None
    for property_id, value in item.properties.items():
        name = header_name(property_id)
        if name:
            fields[name] = wire.encode_text(value)
    wire.write_with_same_body(target, wire.header_block(mail.headers, fields), mail)


def _references(source: Item, mail: Mail) -> Iterable[str]:
    earlier = mail.headers.get("References").split() or mail.headers.get("In-Reply-To").split()
    return (wire.encode_text(each) for each in [*earlier, internet_message_id(source)])


def _child_index(parent: str) -> str | None:
    """Return the thread index of an answer: its parent's with five more bytes."""
    try:
        raw = base64.b64decode(parent, validate=True)
    except ValueError:
        raw = b""
    child = struct.pack(">IB", int(time.time()) & 0x7FFFFFFF, 0x10)
    return base64.b64encode(raw + child).decode("ascii") if raw else None


def _quote(mail: Mail, source: Item, comment: str) -> str:
    sent = sent_at(source, mail).strftime("%A, %B %d, %Y %I:%M:%S %p")
    lines = [
        ("From", _people(mail.addresses("From"))),
        ("Sent", sent),
        ("To", _people(mail.addresses("To"))),
        ("Cc", _people(mail.addresses("Cc"))),
        ("Subject", mail.subject),
    ]
    shown = "<br>\n".join(f"<b>{name}:</b> {html.escape(value)}" for name, value in lines if value or name != "Cc")
    note = html.escape(comment, quote=False).replace("\n", "<br>\n")
    head = (
        f"<div>{note}</div>\n{_SEPARATOR}\n"
        '<div id="divRplyFwdMsg" dir="ltr">'
        '<font face="Calibri, sans-serif" color="#000000" style="font-size:11pt">'
        f"{shown}</font>\n<div>&nbsp;</div>\n</div>\n"
    )
    return markup.insert_before(mail.html(), head)


def _people(addresses: Iterable[Address]) -> str:
    return "; ".join(
        each.address if each.name == each.address else f"{each.name} <{each.address}>" for each in addresses
    )
