"""Dates as invoices print them, and the order of day and month where a document gives it away."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Order(StrEnum):
    """Which comes first in 03/04/2025."""

    DAY_FIRST = "day_first"
    MONTH_FIRST = "month_first"


@dataclass(frozen=True, slots=True)
class Printed:
    """A date as printed: one reading, or two that differ in the order of day and month."""

    day_first: date | None
    month_first: date | None

    def read(self, order: Order | None) -> date | None:
        """The date, None where both readings are possible and no order is known."""
        if self.day_first == self.month_first or self.month_first is None:
            return self.day_first
        if self.day_first is None:
            return self.month_first
        return {Order.DAY_FIRST: self.day_first, Order.MONTH_FIRST: self.month_first, None: None}[order]


_MONTHS = (  # English, German, French, Spanish, Italian, Dutch; the first three or four letters tell them apart
    "jan gen ene",
    "feb feb fév fev",
    "mar mär maer mrz mrt maa",
    "apr avr abr",
    "may mai mag mei",
    "jun juin giu",
    "jul juil lug",
    "aug aoû aou ago",
    "sep set",
    "oct okt ott",
    "nov",
    "dec dez déc dic",
)
_MONTH = {stem: number for number, stems in enumerate(_MONTHS, 1) for stem in stems.split()}
_NAME = r"(?P<{0}>[a-zéûäèç]{{3,10}})"
_TEXT_DAY = re.compile(
    rf"(?P<day>\d{{1,2}})(?:\.|st|nd|rd|th|er|º|°)?[ -]{{0,2}}(?:de |di )?{_NAME.format('month')}"
    r"[.,]?[ -]{0,2}(?:de |del )?,? ?(?P<year>\d{4})(?!\d)",
    re.IGNORECASE,
)
_TEXT_MONTH = re.compile(
    rf"{_NAME.format('month')}\.? (?P<day>\d{{1,2}})(?:st|nd|rd|th)? ?,? (?P<year>\d{{4}})(?!\d)", re.IGNORECASE
)
_ISO = re.compile(r"(?P<year>(?:19|20)\d\d)([-/.])(?P<month>\d{1,2})\2(?P<day>\d{1,2})(?!\d)")
_DIGITS = re.compile(r"(?P<first>\d{1,2}) ?([./-]) ?(?P<second>\d{1,2}) ?\2 ?(?P<year>\d{4}|\d\d)(?![\d/])")
_SLASHED = re.compile(r"(?<![\d./-])\d{1,2}([/-])\d{1,2}\1(?:\d{4}|\d\d)(?![\d/-])")
_WEEKDAY = re.compile(r"[a-zéì]{2,10}[,.]{1,2} ", re.IGNORECASE)


def date_at_start(text: str) -> Printed | None:
    """The date that a text begins with (a day of the week may stand before it), None where there is none."""
    weekday = _WEEKDAY.match(text)
    return _date(text) or (_date(text[weekday.end() :]) if weekday else None)


def _date(text: str) -> Printed | None:
    if iso := _ISO.match(text):
        return _certain(iso["year"], int(iso["month"]), iso["day"])
    if named := _TEXT_DAY.match(text) or _TEXT_MONTH.match(text):
        return _certain(named["year"], _month(named["month"]), named["day"])
    if digits := _DIGITS.match(text):
        return _either(digits)
    return None


def _month(name: str) -> int:
    lower = name.lower()
    return _MONTH.get(lower[:4]) or _MONTH.get(lower[:3]) or 0


def _certain(year: str, month: int, day: str) -> Printed | None:
    value = _valid(int(year), month, int(day))
    return Printed(value, value) if value else None


def _either(match: re.Match[str]) -> Printed | None:
    year = int(match["year"]) + (2000 if len(match["year"]) == 2 else 0)  # noqa: PLR2004  a year without its century
    first, second = int(match["first"]), int(match["second"])
    day_first = _valid(year, second, first)
    if match[2] == ".":  # nobody writes the month first with dots
        return Printed(day_first, day_first) if day_first else None
    month_first = _valid(year, first, second)
    return Printed(day_first, month_first) if day_first or month_first else None


def _valid(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day) if 1990 <= year < 2100 else None  # noqa: PLR2004  of living invoices
    except ValueError:
        return None


def order_shown(text: str) -> Order | None:
    """The order of day and month that the text's own dates give away, None where none does or they differ."""
    return _agreed(_order_of(match.group()) for match in _SLASHED.finditer(text))


def _order_of(text: str) -> Order | None:
    printed = _date(text)
    if printed is None or (printed.day_first and printed.month_first):
        return None
    return Order.DAY_FIRST if printed.day_first else Order.MONTH_FIRST


def _agreed(orders: Iterable[Order | None]) -> Order | None:
    known = {order for order in orders if order}
    return known.pop() if len(known) == 1 else None


def order_between(issued: Printed, due: Printed) -> Order | None:
    """The one order in which an invoice is not due before it is issued, None where both or neither will do."""
    possible = []
    for order in Order:
        start, end = issued.read(order), due.read(order)
        if start and end and start <= end:
            possible.append(order)
    return possible[0] if len(possible) == 1 else None
