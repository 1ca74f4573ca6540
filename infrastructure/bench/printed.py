"""Whether a value stands in a text, in any of the ways it may be printed."""

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

# How the names of the months begin: English, German, French, Italian, Spanish, Dutch.
_MONTHS = (
    "jan gen ene",
    "feb fév fev",
    "mar mär maa mrt",
    "apr avr abr",
    "may mai mag mei",
    "jun jui giu",
    "jul jui lug",
    "aug aoû aou ago",
    "sep set",
    "oct okt ott",
    "nov",
    "dec dez déc dic",
)
_BETWEEN_GROUPS = r"[.,'\u2019 \u00a0\u202f]?"


def lines_with(column: str, value: str, text: str) -> list[str]:
    """The lines of a text that hold the value of a column."""
    pattern = re.compile(rf"(?<![\w])(?:{'|'.join(_forms(column, value))})(?![\w])", re.IGNORECASE)
    return [line for line in text.splitlines() if pattern.search(line)]


def _forms(column: str, value: str) -> Iterator[str]:
    if column in {"issue_date", "due_date"}:
        yield from _dates(date.fromisoformat(value))
    elif column == "total_gross":
        yield from _amounts(Decimal(value))
    else:
        yield r"\s*".join(re.escape(part) for part in value.split())


def _amounts(amount: Decimal) -> Iterator[str]:
    whole, _, cents = f"{abs(amount):.2f}".partition(".")
    grouped = _BETWEEN_GROUPS.join(re.findall(r"\d{1,3}(?=(?:\d{3})*$)", whole))
    yield rf"{grouped}[.,]{cents}" + ("?" if cents.endswith("0") else "")
    if cents == "00":
        yield grouped


def _dates(day: date) -> Iterator[str]:
    years, gap = rf"(?:{day.year}|{day.year % 100:02d})", r"\s{0,3}"
    d, m = f"0?{day.day}", f"0?{day.month}"
    for first, second, third in ((d, m, years), (m, d, years), (str(day.year), m, d)):
        yield rf"{first}{gap}[./-]{gap}{second}{gap}[./-]{gap}{third}"
    yield f"{day:%Y%m%d}"
    name = rf"(?:{'|'.join(_MONTHS[day.month - 1].split())})\w*\.?"
    ordinal = r"(?:st|nd|rd|th|er|\.)?"
    yield rf"{d}{ordinal}[\s-]*(?:de\s+)?{name}[\s,-]*(?:de\s+)?{years}"
    yield rf"{name}\s*{d}{ordinal}[\s,]*{years}"
