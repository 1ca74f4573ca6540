"""Invoice and order numbers as documents print them."""

import re

from shared.domain.amounts import currency_named
from shared.domain.dates import date_at_start
from shared.domain.iban import is_iban
from shared.domain.pattern import Pattern

_NUMBER = Pattern(r"[#:\s]*(?P<number>[A-Za-z0-9][\w/.-]{0,34})")
_SPACED_DIGITS = Pattern(r"\d{1,4}(?: \d{2,4}){2,5}(?=$|[),;]| (?:vom|du|del|of|dated|van)\b)")
_PREFIXED = Pattern(r"(?!PO |DU |LE |VOM |OF )[A-Z]{1,5} (?:\d[\w/.-]{1,30})(?: \d{2,8}(?![\d/.,-])){0,3}")
_PERIOD = Pattern(r"(?:19|20)\d\d|\d{1,2}[/.-](?:19|20)?\d\d|(?:19|20)\d\d[/.-]\d{1,2}")
# What may follow a number in a cell of its own: "(copy)", "vom 5.3.2025", "1 of 2", but no street.
_FOLLOWS = Pattern(r"\s*(?:$|[(,;|/-]|(?:vom|du|del|of|from|dated|van|d\.d\.|page|seite|issued)\b)", re.IGNORECASE)
_SHORTEST_BARE = 4  # digits, where only a bare "invoice" introduces the number: "invoice 30 days overdue"


def number_at_start(text: str) -> str | None:
    """The number that a text begins with; a date, an account or an amount is none."""
    if spaced := _SPACED_DIGITS.compiled.match(text):
        return spaced.group()
    if (prefixed := _PREFIXED.compiled.match(text)) and not currency_named(text):
        return prefixed.group().rstrip("._-/")
    match = _NUMBER.compiled.match(text)
    if match is None or date_at_start(text):
        return None
    number = match["number"].rstrip("._-/")
    is_number = any(c.isdigit() for c in number) and not is_iban(number)
    return number if is_number and not text[match.end() :].startswith((",", "%")) else None


def number_alone(text: str) -> str | None:
    """The number that a cell holds, apart from its label; words after it make it something else, as a street."""
    number = number_at_start(text)
    if number is None:
        return None
    end = text.find(number) + len(number)
    return number if _FOLLOWS.compiled.match(text, end) else None


def bare_number(text: str) -> str | None:
    """The number after a word that may also stand before a period or a count of days."""
    number = number_at_start(text)
    if number is None or _PERIOD.compiled.fullmatch(number):
        return None
    return None if number.isdigit() and len(number) < _SHORTEST_BARE else number


def plain_number(text: str) -> str | None:
    """The number that a whole cell is, long enough to be one without a label that says whose it is."""
    number = number_alone(text)
    return number if number and bare_number(number) and len(number) >= _SHORTEST_BARE else None
