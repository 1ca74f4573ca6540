"""Single-value extended properties, and those among them that are mail headers on the wire."""

import re
from collections.abc import Callable
from functools import lru_cache
from http import HTTPStatus

from infrastructure.local.mailbox.errors import GraphError
from infrastructure.local.mailbox.item import Item

_HEADERS_GUID = "00020386-0000-0000-c000-000000000046"
_NAMED = re.compile(r"(\w+) \{([0-9A-Fa-f-]{36})\} (?:(?i:name) (.+)|(?i:id) (0x[0-9A-Fa-f]+))")
_TAGGED = re.compile(r"(\w+) (0x[0-9A-Fa-f]{1,4})")
_HEADER_NAME = re.compile(r"[!-9;-~]+")


def canonical(property_id: str) -> str:
    """Return a property id in one spelling (the name keeps its case), or raise that it is none."""
    text = property_id.strip()
    named = _NAMED.fullmatch(text)
    if named:
        rest = f"Name {named[3]}" if named[3] else f"Id {named[4].lower()}"
        return f"{named[1].capitalize()} {{{named[2].lower()}}} {rest}"
    tagged = _TAGGED.fullmatch(text)
    if tagged:
        return f"{tagged[1].capitalize()} {tagged[2].lower()}"
    message = f"Extended property id '{property_id}' is invalid."
    raise GraphError(HTTPStatus.BAD_REQUEST, "ErrorInvalidExtendedProperty", message)


@lru_cache
def header_name(canonical_id: str) -> str | None:
    """Return the header that a property becomes on the wire, if it does."""
    prefix = f"String {{{_HEADERS_GUID}}} Name "
    name = canonical_id.removeprefix(prefix)
    return name if canonical_id.startswith(prefix) and _HEADER_NAME.fullmatch(name) else None


def value_of(item: Item, header: Callable[[str], str | None], canonical_id: str) -> str | None:
    """Return the value of a mail's property: set by a client, or arrived as a header (only then asked for)."""
    stored = item.properties.get(canonical_id)
    if stored is not None or item.outgoing:
        return stored
    name = header_name(canonical_id)
    # Exchange keeps the headers of arriving mail under their lower-case names.
    if name is None or name != name.lower():
        return None
    return header(name)
