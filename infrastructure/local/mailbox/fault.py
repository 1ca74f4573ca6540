"""A fault: one rule for how and when the mailbox misbehaves, read strictly."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from infrastructure.local.mailbox.folders import is_folder_name

BEFORE, AFTER = "before", "after"
_METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
_STATUSES = range(400, 600)
_PERMANENT = re.compile(r"5\.\d{1,3}\.\d{1,3}")


class FaultRefused(Exception):
    """A rule that cannot be read; the message says which, where, and what is wanted."""


@dataclass(frozen=True, slots=True)
class _Field:
    """What a field may hold: a test of the value, and the words for it."""

    holds: Callable[[Any], bool]
    wanted: str


@dataclass(frozen=True, slots=True)
class Kind:
    """What a kind of fault takes beside the fields of every rule."""

    is_effect: bool = False
    required: tuple[str, ...] = ()
    options: Mapping[str, object] = field(default_factory=dict)


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        # in place of the mailbox's own answer
        "throttled": Kind(options={"retry_after": None, "as_date": False}),
        "unavailable": Kind(options={"retry_after": None}),
        "gateway_timeout": Kind(),
        "error": Kind(required=("status", "code"), options={"message": ""}),
        "html": Kind(options={"status": 502}),
        "empty": Kind(options={"status": 503}),
        "reset": Kind(),
        "timeout": Kind(required=("seconds",)),  # held so long, then no answer
        "quota": Kind(),
        # what a person does to the mail that the path names; the request is answered as it then stands
        "mail_deleted": Kind(),  # for good: its id is not found any more
        "mail_moved": Kind(options={"folder": "Personal"}),
        # on send
        "draft_gone": Kind(is_effect=True),  # the sent copy gets another id
        "sent_late": Kind(is_effect=True, required=("seconds",), options={"draft_stays": False}),
        "slow_down": Kind(is_effect=True, options={"retry_after": 1}),  # accepted, with a Retry-After
        "bounce": Kind(is_effect=True, options={"seconds": 0, "status_code": "5.2.2"}),
        # on createForward
        "attachment_lost": Kind(is_effect=True),
        "attachment_shrunk": Kind(is_effect=True),
        # on lists of mails
        "search_lags": Kind(is_effect=True, required=("seconds",)),
        "duplicate_items": Kind(is_effect=True),
        "reordered_items": Kind(is_effect=True),
        "empty_page": Kind(is_effect=True),  # with a link to the page as it should have been
    }
)
REQUEST_KINDS = frozenset(name for name, kind in KINDS.items() if not kind.is_effect)


@dataclass(frozen=True, slots=True)
class Fault:
    """One rule, with all that its kind takes."""

    kind: str
    path: str = ""
    method: str = ""
    phase: str = BEFORE
    rate: float = 1
    seed: int = 0
    count: int | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, object]:
        """Return the rule as it could be given again."""
        common = {name: getattr(self, name) for name in _COMMON if name != "phase" or self.kind in REQUEST_KINDS}
        return {name: value for name, value in (common | dict(self.options)).items() if value not in (None, "")}


def read_faults(raw: object) -> tuple[Fault, ...]:
    """Return all rules of {"faults": [...]}, or raise what is wrong with the first bad one."""
    if not isinstance(raw, dict):
        raise FaultRefused(f"found {_shown(raw)}, wanted an object with faults")
    for name in raw:
        if name != "faults":
            raise FaultRefused(f"field '{name}': found {_shown(raw[name])}, wanted nothing but faults")
    return read_rules(raw.get("faults"))


def read_rules(raw: object) -> tuple[Fault, ...]:
    """Return the rules of a list, or raise what is wrong with the first bad one."""
    if not isinstance(raw, list):
        raise FaultRefused(f"field 'faults': found {_shown(raw)}, wanted a list of rules")
    return tuple(_read(number, each) for number, each in enumerate(raw, start=1))


def _read(number: int, raw: object) -> Fault:
    if not isinstance(raw, dict):
        raise FaultRefused(f"rule {number}: found {_shown(raw)}, wanted a table with a kind")
    for name, found, wanted in _defects(raw):
        raise FaultRefused(f"rule {number}: field '{name}': found {found}, wanted {wanted}")
    common = {name: value for name, value in raw.items() if name in _COMMON}
    kind = KINDS[raw["kind"]]
    given = {name: value for name, value in raw.items() if name not in _COMMON}
    return Fault(**common, options=MappingProxyType({**kind.options, **given}))


def _defects(raw: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Find what is wrong with a rule: field, found, wanted."""
    name = raw.get("kind")
    if not isinstance(name, str) or name not in KINDS:
        yield "kind", _shown(name), f"one of {', '.join(KINDS)}"
        return
    kind = KINDS[name]
    taken = [each for each in _COMMON if each != "phase" or not kind.is_effect] + [*kind.required, *kind.options]
    for each, value in raw.items():
        if each not in taken:
            yield each, _shown(value), f"only {', '.join(taken)} for {name}"
        elif not _FIELDS[each].holds(value):
            yield each, _shown(value), _FIELDS[each].wanted
    for each in kind.required:
        if each not in raw:
            yield each, "nothing", _FIELDS[each].wanted
    if raw.get("as_date") and "retry_after" not in raw:
        yield "retry_after", "nothing", f"{_FIELDS['retry_after'].wanted}, as as_date is true"


def _shown(value: object) -> str:
    return "nothing" if value is None else repr(value)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_seconds(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < float("inf")


def _is_share(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


def _is_pattern(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(re.compile(value))
    except re.error:
        return False


_COMMON = ("kind", "path", "method", "phase", "rate", "seed", "count")
_FIELDS: Mapping[str, _Field] = {
    "kind": _Field(_is_text, "a kind"),
    "path": _Field(_is_pattern, "a regular expression"),
    "method": _Field(lambda value: value in _METHODS, f"one of {', '.join(_METHODS)}"),
    "phase": _Field(lambda value: value in (BEFORE, AFTER), f"{BEFORE} or {AFTER}"),
    "rate": _Field(_is_share, "a number from 0 to 1"),
    "seed": _Field(_is_whole, "a whole number"),
    "count": _Field(_is_count, "a whole number from 0"),
    "retry_after": _Field(_is_count, "a whole number of seconds from 0"),
    "as_date": _Field(_is_flag, "true or false"),
    "status": _Field(lambda value: _is_whole(value) and value in _STATUSES, "an HTTP status from 400 to 599"),
    "code": _Field(_is_text, "a text"),
    "message": _Field(_is_text, "a text"),
    "seconds": _Field(_is_seconds, "a number of seconds from 0"),
    "folder": _Field(lambda value: _is_text(value) and is_folder_name(value), "the name of a folder"),
    "draft_stays": _Field(_is_flag, "true or false"),
    "status_code": _Field(
        lambda value: _is_text(value) and bool(_PERMANENT.fullmatch(value)), "a permanent status such as 5.2.2"
    ),
}
