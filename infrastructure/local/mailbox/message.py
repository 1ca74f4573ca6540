"""A mail as Graph's message resource."""

import base64
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import quote

from infrastructure.local.mailbox import attachment
from infrastructure.local.mailbox.errors import unknown_property
from infrastructure.local.mailbox.folders import cached_id
from infrastructure.local.mailbox.ids import IdFormat, conversation_id, digest
from infrastructure.local.mailbox.item import Item
from infrastructure.local.mailbox.mail import Address, Mail
from infrastructure.local.mailbox.properties import value_of
from infrastructure.local.mailbox.query import Expansion

_THREAD_BYTES = 22
_ONLY_WHEN_SELECTED = frozenset({"internetMessageHeaders", "uniqueBody"})
_EVENT_TYPES = {
    "REQUEST": "#microsoft.graph.eventMessageRequest",
    "REPLY": "#microsoft.graph.eventMessageResponse",
}
_URGENCY = {"1": "high", "2": "high", "3": "normal", "4": "low", "5": "low"}


@dataclass(frozen=True, slots=True)
class Wishes:
    """How a client wants messages shown."""

    form: IdFormat = IdFormat.DEFAULT
    as_text: bool = False
    select: tuple[str, ...] | None = None
    expand: tuple[Expansion, ...] = ()


@dataclass(frozen=True, slots=True)
class _View:
    item: Item
    mail: Mail
    wishes: Wishes


def check(wishes: Wishes) -> None:
    """Refuse names that a message does not have."""
    for name in wishes.select or ():
        if name not in _FIELDS:
            raise unknown_property(name, "message")
    for expansion in wishes.expand:
        if expansion.name not in ("attachments", "singleValueExtendedProperties"):
            raise unknown_property(expansion.name, "message")
        if expansion.name == "attachments":
            attachment.check(expansion.select)
        elif expansion.select is not None or not expansion.ids:
            raise unknown_property(expansion.name, "message")


def render(item: Item, mail: Mail, wishes: Wishes) -> dict[str, object]:
    """Return a message with the properties asked for, and reads no more of the file than they need."""
    view = _View(item, mail, wishes)
    shown: dict[str, object] = {}
    if mail.calendar_method is not None:
        shown["@odata.type"] = _EVENT_TYPES.get(mail.calendar_method, "#microsoft.graph.eventMessage")
    shown["@odata.etag"] = f'W/"{_change_key(view)}"'
    shown["id"] = item.id_in(wishes.form)
    for name in _chosen(wishes.select):
        # Graph does not give the headers of mails that this mailbox composed.
        if name != "internetMessageHeaders" or not item.outgoing:
            shown[name] = _FIELDS[name](view)
    for expansion in wishes.expand:
        _expand(view, expansion, shown)
    return shown


def internet_message_id(item: Item) -> str:
    """Return the Message-ID, or the one that Exchange gives a mail that came without."""
    start, end = item.message_id.find("<"), item.message_id.find(">")
    if 0 <= start < end:
        return item.message_id[start : end + 1]
    return item.message_id.strip() or f"<{item.uid}@{item.address.rpartition('@')[2]}>"


def sent_at(item: Item, mail: Mail) -> datetime:
    """Return the instant in the Date header, or that of arrival where it is unreadable."""
    received = datetime.fromisoformat(item.received)
    try:
        sent = parsedate_to_datetime(mail.headers.get("Date"))
        return (sent if sent.tzinfo else sent.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return received


def thread_of(item: Item, mail: Mail) -> str:
    """Return what all mails of one conversation share."""
    try:
        thread = base64.b64decode(mail.headers.get("Thread-Index"), validate=True)[:_THREAD_BYTES]
    except ValueError:
        thread = b""
    if len(thread) == _THREAD_BYTES:
        return thread.hex()
    ancestors = mail.headers.get("References").split() or mail.headers.get("In-Reply-To").split()
    return ancestors[0] if ancestors else internet_message_id(item)


def recipient(address: Address) -> dict[str, object]:
    """Return an address as Graph's recipient resource."""
    return {"emailAddress": {"name": address.name, "address": address.address}}


def _chosen(select: tuple[str, ...] | None) -> Iterable[str]:
    names = select if select is not None else [name for name in _FIELDS if name not in _ONLY_WHEN_SELECTED]
    return (name for name in names if name != "id")


def _expand(view: _View, expansion: Expansion, shown: dict[str, object]) -> None:
    if expansion.name == "attachments":
        form = view.wishes.form
        shown["attachments"] = [
            attachment.render(view.item, view.mail, each, form, expansion.select) for each in view.mail.attachments
        ]
        return
    found = [(each, value_of(view.item, view.mail.headers.first, each)) for each in expansion.ids]
    present = [{"id": each, "value": value} for each, value in found if value is not None]
    if present:
        shown["singleValueExtendedProperties"] = present


def _change_key(view: _View) -> str:
    state = digest(view.item.uid, view.item.changed, str(view.item.moves), str(view.item.fingerprint.modified))
    return base64.b64encode(bytes.fromhex(state)).decode("ascii")


def _recipients(header: str) -> Callable[[_View], object]:
    return lambda view: [recipient(address) for address in view.mail.addresses(header)]


def _author(*headers: str) -> Callable[[_View], object]:
    def first(view: _View) -> object:
        found = (address for header in headers for address in view.mail.addresses(header))
        author = next(found, None)
        return recipient(author) if author else None

    return first


def _body(view: _View) -> object:
    if view.wishes.as_text:
        return {"contentType": "text", "content": view.mail.text()}
    return {"contentType": "html", "content": view.mail.html()}


def _importance(view: _View) -> object:
    stated = view.mail.headers.get("Importance").lower()
    if stated in ("low", "normal", "high"):
        return stated
    return _URGENCY.get(view.mail.headers.get("X-Priority")[:1], "normal")


def _web_link(view: _View) -> object:
    item_id = quote(view.item.id_in(IdFormat.DEFAULT), safe="")
    return f"https://outlook.office365.com/owa/?ItemID={item_id}&exvsurl=1&viewmodel=ReadMessageItem"


def _wants_receipt(header: str) -> Callable[[_View], object]:
    return lambda view: bool(view.mail.headers.get(header))


_FIELDS: dict[str, Callable[[_View], object]] = {
    "id": lambda view: view.item.id_in(view.wishes.form),
    "createdDateTime": lambda view: view.item.received,
    "lastModifiedDateTime": lambda view: view.item.changed or view.item.received,
    "changeKey": _change_key,
    "categories": lambda view: list(view.item.categories),
    "receivedDateTime": lambda view: view.item.received,
    "sentDateTime": lambda view: sent_at(view.item, view.mail).strftime("%Y-%m-%dT%H:%M:%SZ"),
    "hasAttachments": lambda view: any(not each.is_inline for each in view.mail.attachments),
    "internetMessageId": lambda view: internet_message_id(view.item),
    "subject": lambda view: view.mail.subject,
    "bodyPreview": lambda view: view.mail.preview(),
    "importance": _importance,
    "parentFolderId": lambda view: cached_id(view.item.address, view.item.folder),
    "conversationId": lambda view: conversation_id(view.item.address, thread_of(view.item, view.mail)),
    "conversationIndex": lambda view: view.mail.headers.get("Thread-Index") or None,
    "isDeliveryReceiptRequested": _wants_receipt("Return-Receipt-To"),
    "isReadReceiptRequested": _wants_receipt("Disposition-Notification-To"),
    "isRead": lambda view: view.item.is_read,
    "isDraft": lambda view: view.mail.is_draft,
    "webLink": _web_link,
    "inferenceClassification": lambda _: "focused",
    "body": _body,
    "uniqueBody": _body,
    "sender": _author("Sender", "From"),
    "from": _author("From"),
    "toRecipients": _recipients("To"),
    "ccRecipients": _recipients("Cc"),
    "bccRecipients": _recipients("Bcc"),
    "replyTo": _recipients("Reply-To"),
    "flag": lambda _: {"flagStatus": "notFlagged"},
    "internetMessageHeaders": lambda view: [
        {"name": name, "value": value} for name, value in view.mail.headers.unfolded()
    ],
}
KNOWN = frozenset(_FIELDS)
