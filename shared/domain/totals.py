"""The gross total of an invoice and the currency printed at it."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain

from shared.domain import labels
from shared.domain.amounts import Money, currency_named, money_at_start
from shared.domain.cells import Row, rest_after
from shared.domain.dates import date_at_start

_FILL = " ():.=*[]\u2026_"
_SUFFIX = re.compile(r"(?:t\.?t\.?c|incl|inkl|brutto|gross)\b[ .]*", re.IGNORECASE)
_TABLE = 3  # net, tax and gross beside each other


def totals_in(rows: Sequence[Row], rank: int, mark: str | None) -> Iterator[Money]:
    """Every amount that a label of this rank (see `labels.TOTALS`) introduces."""
    pattern = labels.TOTALS[rank].pattern.compiled
    for index, row in enumerate(rows):
        for column, cell in enumerate(row):
            for match in pattern.finditer(cell.text):
                beside = [cell.text[match.end() :], *(other.text for other in row[column + 1 :])]
                amounts = list(_amounts(beside, mark)) or list(_below(rows, index, beside, mark))
                money = _choose(amounts)
                if money and not (rank == labels.BARE_RANK and money.is_integer and not money.currency):
                    yield money


def _below(rows: Sequence[Row], index: int, beside: Sequence[str], mark: str | None) -> Iterator[Money]:
    """The amount on a line of its own under a label on a line of its own, as mail bodies made from tables have it."""
    is_alone = len(rows[index]) == 1 and not beside[0].strip(_FILL)
    if is_alone and index + 1 < len(rows) and len(rows[index + 1]) == 1:
        yield from _amounts([rows[index + 1][0].text], mark)


def _amounts(texts: Sequence[str], mark: str | None) -> Iterator[Money]:
    """The amounts up to the first word that is none; a currency alone counts for the amount after it."""
    ahead: str | None = None
    for text in texts:
        rest = _without_date(text.strip(_FILL))
        named = currency_named(rest)
        if named and not any(c.isdigit() for c in rest):
            ahead = named
            continue
        while rest:
            found = money_at_start(rest, mark)
            if found is None:
                return
            money, end = found
            yield money if money.currency else replace(money, currency=ahead)
            rest = _SUFFIX.sub("", rest[end:].strip(_FILL), count=1)


def _without_date(text: str) -> str:
    """Nothing where only a date stands between label and amount: "Total due on August 3, 2014"."""
    text = _SUFFIX.sub("", text, count=1) if _SUFFIX.match(text) else text
    return "" if date_at_start(rest_after(text, 0)) else text


def _choose(amounts: Sequence[Money]) -> Money | None:
    """The gross among the amounts of one line, None where the line does not show which it is."""
    exact = [money for money in amounts if not money.is_integer] or list(amounts)
    if not exact:
        return None
    if len({money.amount for money in exact}) == 1:
        return next(chain((m for m in exact if m.currency), exact))
    if len(exact) >= _TABLE and exact[-3].amount + exact[-2].amount == exact[-1].amount:
        return exact[-1]
    return None
