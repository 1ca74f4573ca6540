"""Dates as invoices print them, and the order of day and month where a document gives it away."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from shared.domain.pattern import Pattern


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
_TEXT_DAY = Pattern(
    rf"(?P<day>\d{{1,2}})(?:\.|st|nd|rd|th|er|º|°|o)?[ /-]{{0,2}}(?:de |di |of )?{_NAME.format('month')}"
    r"[.,]?[ /-]{0,2}(?:de |del )?,? ?(?P<year>\d{4}|(?<=[-/'\u2019])\d\d)(?!\d)",
    re.IGNORECASE,
)
_TEXT_MONTH = Pattern(
    rf"{_NAME.format('month')}[. -]{{1,2}}(?P<day>\d{{1,2}})(?:st|nd|rd|th)? ?[,-]? ?(?P<year>\d{{4}})(?!\d)",
    re.IGNORECASE,
)
_ISO = Pattern(r"(?P<year>(?:19|20)\d\d)([-/.])(?P<month>\d{1,2})\2(?P<day>\d{1,2})(?!\d)")
_DIGITS = Pattern(r"(?P<first>\d{1,2}) ?([./-]) ?(?P<second>\d{1,2}) ?\2 ?(?P<year>\d{4}|\d\d)(?![\d/])")
_SLASHED = Pattern(r"(?<![\d./-])\d{1,2}([/-])\d{1,2}\1(?:\d{4}|\d\d)(?![\d/-])")
_WEEKDAY = Pattern(
    r"[a-zéì]{2,10}[,.]{1,2} |"
    r"(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day|(?:mon|diens|donners|frei|sams|sonn)tag|mittwoch|"
    r"lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|lunes|martes|miércoles|jueves|viernes|sábado|domingo|"
    r"lunedì|martedì|mercoledì|giovedì|venerdì|sabato|domenica|(?:maan|dins|woens|donder|vrij|zater|zon)dag) ",
    re.IGNORECASE,
)
_PLACE = Pattern(
    r"[A-Z\xc0-\xde][\w'\u2019.-]{1,20}(?:[ /](?:[A-Z\xc0-\xde][\w'\u2019.-]{0,20}|am|an der|sur|de|la|en)){0,3}"
    r"(?:, ?(?:(?:le|den|the|am|il|li|a|op|d\.d\.) )?|(?: le| den| il| li) )(?=\w)"
)
# "DD/MM/YYYY" beside a date says how to read it.
_DAY_FORMAT = Pattern(r"(?<!\w)(?:dd|tt|jj|gg)[/-]mm[/-](?:yy|jj|aa)", re.IGNORECASE)
_MONTH_FORMAT = Pattern(r"(?<!\w)mm[/-]dd[/-]yy", re.IGNORECASE)


def date_at_start(text: str) -> Printed | None:
    """The date that a text begins with (a day of the week may stand before it), None where there is none."""
    return _at_start(text)[0]


def date_alone(text: str) -> Printed | None:
    """The date that a text is, or the one after the place where it was written: "Berlin, den 5. März 2026"."""
    printed, end = _at_start(text)
    if printed is None and (place := _PLACE.compiled.match(text)):
        text = text[place.end() :]
        printed, end = _at_start(text)
    return None if text[end:].strip(" .") else printed


def _at_start(text: str) -> tuple[Printed | None, int]:
    """The date and where it ends."""
    printed, end = _date(text)
    if printed is None and (weekday := _WEEKDAY.compiled.match(text)):
        printed, end = _date(text[weekday.end() :])
        end += weekday.end()
    return printed, end


def _date(text: str) -> tuple[Printed | None, int]:
    if iso := _ISO.compiled.match(text):
        return _certain(iso["year"], int(iso["month"]), iso["day"]), iso.end()
    if named := _TEXT_DAY.compiled.match(text) or _TEXT_MONTH.compiled.match(text):
        return _certain(named["year"], _month(named["month"]), named["day"]), named.end()
    if digits := _DIGITS.compiled.match(text):
        return _either(digits), digits.end()
    return None, 0


def _month(name: str) -> int:
    lower = name.lower()
    return _MONTH.get(lower[:4]) or _MONTH.get(lower[:3]) or 0


def _certain(year: str, month: int, day: str) -> Printed | None:
    value = _valid(_full(year), month, int(day))
    return Printed(value, value) if value else None


def _either(match: re.Match[str]) -> Printed | None:
    year = _full(match["year"])
    first, second = int(match["first"]), int(match["second"])
    day_first = _valid(year, second, first)
    if match[2] == ".":  # nobody writes the month first with dots
        return Printed(day_first, day_first) if day_first else None
    month_first = _valid(year, first, second)
    return Printed(day_first, month_first) if day_first or month_first else None


def _full(year: str) -> int:
    return int(year) + (2000 if len(year) == 2 else 0)  # noqa: PLR2004  a year without its century


def _valid(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day) if 1990 <= year < 2100 else None  # noqa: PLR2004  of living invoices
    except ValueError:
        return None


def common_date(printed: Sequence[Printed]) -> Printed | None:
    """What several prints of one date mean together, None where they are of different dates."""
    day_first = {each.day_first for each in printed}
    month_first = {each.month_first for each in printed}
    if len(day_first) == len(month_first) == 1:
        return printed[0]
    common = set.intersection(*({each.day_first, each.month_first} - {None} for each in printed)) if printed else set()
    return Printed(*common, *common) if len(common) == 1 else None


def order_shown(text: str) -> Order | None:
    """The order of day and month that the text gives away, in words or by its dates; None where neither does."""
    says_day, says_month = _DAY_FORMAT.compiled.search(text), _MONTH_FORMAT.compiled.search(text)
    if bool(says_day) != bool(says_month):
        return Order.DAY_FIRST if says_day else Order.MONTH_FIRST
    return _agreed(_order_of(match.group()) for match in _SLASHED.compiled.finditer(text))


def _order_of(text: str) -> Order | None:
    printed, _ = _date(text)
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
