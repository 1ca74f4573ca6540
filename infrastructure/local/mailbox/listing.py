"""Lists of mails: filtered, ordered, and cut into pages that do not shift while mails come and go."""

import base64
import json
import operator
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Protocol

from infrastructure.local.mailbox import query
from infrastructure.local.mailbox.errors import bad_request, not_emulated, unknown_property, unreadable_query
from infrastructure.local.mailbox.exchange import encode_query
from infrastructure.local.mailbox.item import Item
from infrastructure.local.mailbox.mail import Mail
from infrastructure.local.mailbox.message import KNOWN, internet_message_id
from infrastructure.local.mailbox.properties import value_of
from infrastructure.local.mailbox.query import Condition

_COMPARE: dict[str, Callable[[datetime, datetime], bool]] = {
    "ge": operator.ge,
    "gt": operator.gt,
    "le": operator.le,
    "lt": operator.lt,
    "eq": operator.eq,
    "ne": operator.ne,
}
_RECEIVED = "receivedDateTime"
Test = Callable[[Item], bool]


class Source(Protocol):
    """Where a filter reads what an item itself does not say."""

    def mail(self, item: Item) -> Mail:
        """Return a reader of the item's file."""
        ...

    def header(self, item: Item, name: str) -> str | None:
        """Return the first value of a header of the item's file."""
        ...


def select(items: Sequence[Item], options: Mapping[str, str], source: Source) -> tuple[list[Item], str | None]:
    """Return the page of mails that the options ask for, and the query of the next page."""
    conditions = query.filter_of(options.get("$filter"))
    order = query.order_of(options.get("$orderby"))
    if order and order[0] != _RECEIVED:
        raise not_emulated(f"$orderby={order[0]}") if order[0] in KNOWN else unknown_property(order[0], "message")
    query.check_efficient(conditions, order)
    tests = [_test(condition, source) for condition in conditions]
    descending = order is None or order[1]
    after = _after(options.get("$skiptoken"), descending=descending)
    matching = [item for item in items if after(item) and _holds(tests, item)]
    return _page(sorted(matching, key=lambda item: item.sort_key, reverse=descending), options)


def _holds(tests: Sequence[Test], item: Item) -> bool:
    try:
        return all(test(item) for test in tests)
    except FileNotFoundError:  # a person took the file away meanwhile
        return False


def _page(matching: list[Item], options: Mapping[str, str]) -> tuple[list[Item], str | None]:
    skip, top = query.skip_of(options), query.top_of(options)
    page = matching[skip : skip + top]
    if len(matching) <= skip + top:
        return page, None
    return page, next_query(options, page[-1])


def next_query(options: Mapping[str, str], last: Item) -> str:
    """Return the query of the page that begins behind a mail."""
    following = {name: value for name, value in options.items() if name not in ("$skip", "$skiptoken")}
    return encode_query(following | {"$skiptoken": encode_token(list(last.sort_key))})


def is_property_search(options: Mapping[str, str]) -> bool:
    """Say whether a list is filtered by an extended property."""
    return query.ANY in options.get("$filter", "").lower()


def encode_token(key: list[object]) -> str:
    """Return an opaque token for the place behind a key."""
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode("ascii")


def decode_token(token: str, *types: type) -> list[object]:
    """Return the key in a token, or raise that it is none."""
    try:
        key = json.loads(base64.urlsafe_b64decode(token))
    except ValueError:
        key = None
    if not isinstance(key, list) or [type(part) for part in key] != list(types):
        raise bad_request("The $skiptoken is not valid.")
    return key


def _after(token: str | None, *, descending: bool) -> Test:
    if token is None:
        return lambda _: True
    received, number = decode_token(token, str, int)
    last = (str(received), int(str(number)))
    return lambda item: item.sort_key < last if descending else item.sort_key > last


def _test(condition: Condition, source: Source) -> Test:
    make = _TESTS.get(condition.path)
    if condition.property_id:
        return _property_test(condition, source)
    if make is None:
        root = condition.path.split("/")[0]
        raise not_emulated(f"$filter on {root}") if root in KNOWN else unknown_property(root, "message")
    return make(condition, source)


def _property_test(condition: Condition, source: Source) -> Test:
    wanted = condition.literal.casefold()

    def matches(item: Item) -> bool:
        value = value_of(item, lambda name: source.header(item, name), condition.property_id)
        return value is not None and value.casefold() == wanted

    return matches


def _received_test(condition: Condition, _source: Source) -> Test:
    if condition.is_text:
        raise unreadable_query(
            "A binary operator with incompatible types was detected. Found operand types "
            "'Edm.DateTimeOffset' and 'Edm.String'."
        )
    compare, limit = _COMPARE[condition.operator], _instant(condition.literal)
    return lambda item: compare(_instant(item.received), limit)


@lru_cache(maxsize=65536)
def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise bad_request(f"Invalid filter clause: '{text}' is not an instant.") from error
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def _message_id_test(condition: Condition, _source: Source) -> Test:
    return _equality(condition, internet_message_id)


def _subject_test(condition: Condition, source: Source) -> Test:
    return _equality(condition, lambda item: source.mail(item).subject)


def _equality(condition: Condition, value: Callable[[Item], str]) -> Test:
    if not condition.is_text or condition.operator != "eq":
        raise not_emulated(f"'{condition.path} {condition.operator} {condition.literal}' in $filter")
    return lambda item: value(item) == condition.literal


def _is_read_test(condition: Condition, _source: Source) -> Test:
    return _flag_test(condition, lambda item: item.is_read)


def _is_draft_test(condition: Condition, source: Source) -> Test:
    return _flag_test(condition, lambda item: source.mail(item).is_draft)


def _flag_test(condition: Condition, value: Callable[[Item], bool]) -> Test:
    if condition.is_text or condition.literal not in ("true", "false") or condition.operator not in ("eq", "ne"):
        raise bad_request(f"Invalid filter clause: '{condition.path} {condition.operator} {condition.literal}'.")
    wanted = (condition.literal == "true") == (condition.operator == "eq")
    return lambda item: value(item) == wanted


_TESTS: dict[str, Callable[[Condition, Source], Test]] = {
    _RECEIVED: _received_test,
    "internetMessageId": _message_id_test,
    "subject": _subject_test,
    "isRead": _is_read_test,
    "isDraft": _is_draft_test,
}
