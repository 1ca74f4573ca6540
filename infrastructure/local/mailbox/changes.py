"""Request bodies that set a message's properties, read strictly."""

from collections.abc import Callable, Mapping
from typing import Any

from infrastructure.local.mailbox.compose import Changes
from infrastructure.local.mailbox.errors import (
    not_emulated,
    not_settable,
    unknown_field,
    unreadable_body,
)
from infrastructure.local.mailbox.mail import Address
from infrastructure.local.mailbox.message import KNOWN
from infrastructure.local.mailbox.properties import canonical
from infrastructure.local.mailbox.wire import Body

_DRAFT_ONLY = frozenset({"subject", "body", "internetMessageId"})
_READ_ONLY = frozenset(
    {"id", "bodyPreview", "changeKey", "conversationId", "conversationIndex", "createdDateTime", "hasAttachments",
     "isDraft", "lastModifiedDateTime", "parentFolderId", "receivedDateTime", "sentDateTime", "webLink",
     "internetMessageHeaders", "uniqueBody"}
)  # fmt: skip
_IMPORTANCE = ("low", "normal", "high")


def read_changes(raw: Mapping[str, Any], *, is_draft: bool) -> tuple[Changes, dict[str, Any]]:
    """Return what a body sets in the mail itself, and what it sets beside it."""
    mail: dict[str, Any] = {}
    state: dict[str, Any] = {}
    for name, value in raw.items():
        if name.startswith("@odata."):
            continue
        if name in _MAIL_FIELDS:
            field, read = _MAIL_FIELDS[name]
            if not is_draft:
                raise not_settable() if name in _DRAFT_ONLY else not_emulated(f"setting {name} on a sent item")
            mail[field] = read(name, value)
        elif name in _STATE_FIELDS:
            field, read = _STATE_FIELDS[name]
            state[field] = read(name, value)
        else:
            raise _refusal(name)
    return Changes(**mail), state


def _refusal(name: str) -> Exception:
    if name in _READ_ONLY:
        return not_settable()
    return not_emulated(f"setting {name}") if name in KNOWN else unknown_field(name, "message")


def read_recipients(name: str, value: object) -> tuple[Address, ...]:
    """Return a list of recipients."""
    if not isinstance(value, list):
        raise unreadable_body(f"The property '{name}' must be a collection.")
    return tuple(_recipient(each) for each in value)


def _recipient(value: object) -> Address:
    raw = _member(value, "emailAddress")
    if not isinstance(raw, dict):
        raise unreadable_body("A recipient must have an emailAddress.")
    address, name = _member(raw, "address"), _member(raw, "name")
    if not isinstance(address, str) or not isinstance(name, str | None):
        raise unreadable_body("An emailAddress must have an address.")
    return Address(name or address, address)


def _member(value: object, name: str) -> object:
    if not isinstance(value, dict):
        return None
    return next((each for key, each in value.items() if key.lower() == name.lower()), None)


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise unreadable_body(f"The property '{name}' must be a string.")
    return value


def _message_id(name: str, value: object) -> str:
    text = _text(name, value).strip()
    if not text.strip("<>") or any(not character.isprintable() or character in " <>" for character in text[1:-1]):
        raise unreadable_body(f"The property '{name}' must be a message id.")
    return text


def _body(name: str, value: object) -> Body:
    kind, content = _member(value, "contentType"), _member(value, "content")
    if not isinstance(kind, str) or kind.lower() not in ("html", "text") or not isinstance(content, str):
        raise unreadable_body(f"The property '{name}' must have a contentType of html or text, and content.")
    return Body(content, kind.lower() == "html")


def _importance(name: str, value: object) -> str:
    if not isinstance(value, str) or value.lower() not in _IMPORTANCE:
        raise unreadable_body(f"The property '{name}' must be one of {', '.join(_IMPORTANCE)}.")
    return value.lower()


def _flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise unreadable_body(f"The property '{name}' must be true or false.")
    return value


def _categories(name: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise unreadable_body(f"The property '{name}' must be a collection.")
    return tuple(_text(name, each) for each in value)


def _properties(name: str, value: object) -> dict[str, str]:
    if not isinstance(value, list):
        raise unreadable_body(f"The property '{name}' must be a collection.")
    pairs = ((_member(each, "id"), _member(each, "value")) for each in value)
    return {canonical(_text("id", key)): _text("value", text) for key, text in pairs}


_Read = Callable[[str, object], Any]
_MAIL_FIELDS: dict[str, tuple[str, _Read]] = {
    "subject": ("subject", _text),
    "body": ("body", _body),
    "internetMessageId": ("message_id", _message_id),
    "importance": ("importance", _importance),
    "toRecipients": ("to", read_recipients),
    "ccRecipients": ("cc", read_recipients),
    "bccRecipients": ("bcc", read_recipients),
}
_STATE_FIELDS: dict[str, tuple[str, _Read]] = {
    "isRead": ("is_read", _flag),
    "categories": ("categories", _categories),
    "singleValueExtendedProperties": ("properties", _properties),
}
