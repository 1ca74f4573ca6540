"""Where a document says one thing in its XML, for machines, and another on its pages, for people."""

import re
import unicodedata
from collections.abc import Iterator
from decimal import Decimal
from typing import TypeVar

from shared.domain.facts import Document, Fact, Facts, Sureness

V = TypeVar("V")

_WESTERN, _INDIAN = (3,), (3, 2)  # digits of the groups from the right, the last of which goes on
_MOST_CHARACTERS = 300_000  # of the pages in compatibility forms, where one sign may become eighteen
_MOST_ACCOUNTS = 100  # of the XML that are looked for; no honest one has a tenth of them
_SEPARATOR = "[ .,']{0,2}"  # compatibility forms have made every narrow space plain


def disagreements(document: Document, stated: Facts, printed: Facts) -> tuple[str, ...]:
    """A sentence for each fact that the pages label with another value while the XML's stands nowhere on them."""
    text = unicodedata.normalize("NFKC", "\n".join(document.pages))[:_MOST_CHARACTERS].replace("\u2019", "'")
    return tuple(f"{document.name}: {words}" for words in _differences(text, stated, printed))


def _differences(text: str, stated: Facts, printed: Facts) -> Iterator[str]:
    total, other_total = stated.total, _labelled(printed.total)
    if total and other_total and not _is_same_total(total.value, other_total.value, text):
        yield f"total {total.value:f} in its XML, {other_total.value:f} on its pages"
    number, other_number = stated.invoice_number, _labelled(printed.invoice_number)
    if number and other_number and not _is_same_number(number.value, other_number.value, text):
        yield f"invoice number {number.value} in its XML, {other_number.value} on its pages"
    if stated.ibans and printed.ibans and not _is_same_account(stated, printed, text):
        yield f"IBAN {stated.ibans[0].value} in its XML, {printed.ibans[0].value} on its pages"


def _labelled(fact: Fact[V] | None) -> Fact[V] | None:
    """Only what words introduce may speak against an element; a place on the page is too little."""
    return fact if fact and fact.sureness is Sureness.LABELLED else None


def _is_same_total(total: Decimal, other: Decimal, text: str) -> bool:
    """A credit may be negative in one and positive in the other."""
    is_whole = other.as_tuple().exponent == 0
    return abs(total) == abs(other) or _shows(abs(total), text, without_cents=is_whole)


def _shows(amount: Decimal, text: str, *, without_cents: bool) -> bool:
    """Whether the amount is printed, whatever the separators; a bare integer is one only where others are, too."""
    units, _, cents = f"{amount:f}".partition(".")
    cents = cents.rstrip("0")
    fraction = rf" ?[.,] ?{cents}0*" if cents else rf"(?: ?[.,] ?(?:0+|-+)){'?' if without_cents else ''}"
    whole = "|".join(_SEPARATOR.join(_groups(units, sizes)) for sizes in (_WESTERN, _INDIAN))
    return re.search(rf"(?<!\d)(?<!\d[.,'])(?:{whole}){fraction}(?!\d|[.,]\d)", text) is not None


def _groups(units: str, sizes: tuple[int, ...]) -> list[str]:
    groups: list[str] = []
    while units:
        size = sizes[min(len(groups), len(sizes) - 1)]
        groups.insert(0, units[-size:])
        units = units[:-size]
    return groups


def _is_same_number(number: str, other: str, text: str) -> bool:
    """By letters and digits alone; one may be the other without its prefix."""
    one, two = _plain(number), _plain(other)
    return one in two or two in one or one in _plain(text)


def _is_same_account(stated: Facts, printed: Facts, text: str) -> bool:
    shown = {iban.value for iban in printed.ibans}
    if any(iban.value in shown for iban in stated.ibans):
        return True
    letters = _plain(text)
    return any(_plain(iban.value) in letters for iban in stated.ibans[:_MOST_ACCOUNTS])


def _plain(text: str) -> str:
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text).casefold()))
