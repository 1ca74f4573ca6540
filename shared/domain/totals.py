"""The gross total of an invoice and the currency printed at it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from itertools import chain

from shared.domain import total_labels as labels
from shared.domain.amounts import Money, currency_named, money_at_start
from shared.domain.cells import Row, rest_after, under
from shared.domain.dates import date_at_start
from shared.domain.pattern import Pattern

_FILL = " ():.=*[]\u2026_"
_TAIL = Pattern(r"(?:^|[ :])([^ :]{1,20}(?: ?[^ :\d]{1,4})?)$")
_ASIDE = Pattern(r"\s*[(\[](?P<words>[^()\[\]]{1,60})[)\]]")
_IN = Pattern(r"[ (]*(?:in|en) (?P<currency>[A-Z]{3}|€|£|Euro|euros?)(?!\w)\)?")
_TABLE = 3  # net, tax and gross beside each other
_COLUMN_ROWS = 6  # of a table of taxes


@dataclass(frozen=True, slots=True)
class _Found:
    money: Money
    page: int


def total_of(pages: Sequence[Sequence[Row]], mark: str | None) -> tuple[Money, int] | None:
    """The gross total and the number of its page; None where it is not printed, or two amounts claim to be it."""
    gross = [*_beside(pages, labels.GROSS, mark), *_in_tables(pages, mark)]
    due = _payable(pages, mark)
    if gross:
        return _chosen(gross, due, _taxes(pages, mark))
    bare = [f for f in _beside(pages, labels.BARE, mark) if f.money.currency or not f.money.is_integer]
    if bare:
        return _chosen(bare, due, _taxes(pages, mark), is_bare=True)
    return _chosen(due or [f for f in _beside(pages, labels.PAID, mark) if f.money.amount > 0], [], set())


def _chosen(
    found: Sequence[_Found], due: Sequence[_Found], taxes: set[Decimal], *, is_bare: bool = False
) -> tuple[Money, int] | None:
    """The one amount that is found, or the one of several that net and tax, or what is due, prove to be the gross."""
    amounts = {f.money.amount for f in found}
    asked = {f.money.amount for f in due}
    if len(amounts) > 1:
        proven = {a for a in amounts if a in asked} or {a for a in amounts if any(a - t in amounts for t in taxes)}
        amounts = proven & {max(amounts)}
    elif len(asked) == 1 and (more := asked - amounts):
        largest = max(amounts, default=max(asked))
        if any(largest + tax in more for tax in taxes):
            found, amounts = due, more
        elif is_bare and (max(more) > largest or len({f.money.currency for f in (*found, *due)} - {None}) > 1):
            return None
    if len(amounts) != 1:
        return None
    hits = [f for f in found if f.money.amount in amounts]
    best = next((f for f in hits if f.money.currency), hits[0])
    return best.money, best.page


def _payable(pages: Sequence[Sequence[Row]], mark: str | None) -> list[_Found]:
    """What is due, unless a part is paid already or an older balance is in it: then it is not this invoice's total."""
    if any(_has_amount(pages, pattern, mark) for pattern in (labels.PART_PAID, labels.CARRIED)):
        return []
    found = [f for f in _beside(pages, labels.DUE, mark) if f.money.amount]
    return found if len({f.money.amount for f in found}) == 1 else []


def _has_amount(pages: Sequence[Sequence[Row]], pattern: Pattern, mark: str | None) -> bool:
    """Whether a line with these words has an amount other than zero."""
    for row in chain.from_iterable(pages):
        said = [(n, match.end()) for n, cell in enumerate(row) if (match := pattern.compiled.search(cell.text))]
        # What stands behind the first of several stands behind all of them, or between them.
        behind = [other.text for other in row[said[0][0] + 1 :]] if said else []
        texts = [*(row[n].text[end:] for n, end in said), *behind]
        amounts = [m for text in texts for m in _amounts([text], mark)]
        amounts += filter(None, (_last_in(row[n].text, mark) for n, _ in said))
        if any(m.amount and (m.currency or not m.is_integer) for m in amounts):
            return True
    return False


def _taxes(pages: Sequence[Sequence[Row]], mark: str | None) -> set[Decimal]:
    """The last amount of every line that speaks of tax."""
    taxes = set()
    for row in chain.from_iterable(pages):
        for column, cell in enumerate(row):
            if labels.TAX.compiled.search(cell.text):
                amounts = [m for other in row[column + 1 :] for m in _amounts([other.text], mark)]
                last = amounts[-1] if amounts else _last_in(cell.text, mark)
                if last:
                    taxes.add(last.amount)
                break
    return taxes


def _last_in(text: str, mark: str | None) -> Money | None:
    """The amount at the end of a line without columns: "VAT 20%: 20.00"."""
    tail = _TAIL.compiled.search(text)
    return next(_amounts([tail[1]], mark), None) if tail else None


def _beside(pages: Sequence[Sequence[Row]], pattern: Pattern, mark: str | None) -> Iterator[_Found]:
    """Every amount that a label introduces in its line."""
    for page, rows in enumerate(pages):
        for index, row in enumerate(rows):
            for column, cell in enumerate(row):
                for match in pattern.compiled.finditer(cell.text):
                    texts = [cell.text[match.end() :], *(other.text for other in row[column + 1 :])]
                    money = _choose(list(_amounts(texts, mark)) or list(_below(rows, index, texts, mark)))
                    if money:
                        yield _Found(money, page)


def _below(rows: Sequence[Row], index: int, beside: Sequence[str], mark: str | None) -> Iterator[Money]:
    """The amount on a line of its own under a label on a line of its own, as mail bodies made from tables have it."""
    is_alone = len(rows[index]) == 1 and not beside[0].strip(_FILL)
    if is_alone and index + 1 < len(rows) and len(rows[index + 1]) == 1:
        yield from _amounts([rows[index + 1][0].text], mark)


def _in_tables(pages: Sequence[Sequence[Row]], mark: str | None) -> Iterator[_Found]:
    """The gross under its heading, where net and tax stand beside it and add up to it."""
    for page, rows in enumerate(pages):
        for index, row in enumerate(rows):
            heading = _gross_column(row)
            if heading is not None:
                money = _sum_of_column(rows, index, heading, mark)
                if money:
                    yield _Found(money, page)


def _gross_column(row: Row) -> int | None:
    """The column of the gross in a row of headings that has one for net or tax as well."""
    if len(row) < _TABLE or any(c.isdigit() for cell in row for c in cell.text.replace("%", "")[:1]):
        return None
    gross = [n for n, c in enumerate(row) if labels.GROSS_HEADING.compiled.fullmatch(c.text)]
    others = [n for n, c in enumerate(row) if n not in gross and labels.NET_OR_TAX.compiled.search(c.text)]
    return gross[-1] if gross and others else None


def _sum_of_column(rows: Sequence[Row], index: int, column: int, mark: str | None) -> Money | None:
    found: list[Money] = []
    for row in rows[index + 1 : index + 1 + _COLUMN_ROWS]:
        amounts = [m for cell in row for m in _amounts([cell.text], mark)]
        exact = [m for m in amounts if not m.is_integer]
        cell = next(under([rows[index], row], 0, column, 1), None)
        money = next(_amounts([cell], mark), None) if cell else None
        if money is None or not _adds_up(money, exact):
            break
        found.append(money)
    if len(found) > 1 and sum(m.amount for m in found[:-1]) != found[-1].amount:
        return None if len({m.amount for m in found}) > 1 else found[0]
    return found[-1] if found else None


def _adds_up(gross: Money, amounts: Sequence[Money]) -> bool:
    values = [m.amount for m in amounts]
    return any(a + b == gross.amount for n, a in enumerate(values[:8]) for b in values[n + 1 : 8])


def _amounts(texts: Iterable[str], mark: str | None) -> Iterator[Money]:
    """The amounts up to the first word that is none; a currency alone counts for the amount after it."""
    ahead: str | None = None
    for text in texts:
        found, ahead, goes_on = _read(text, mark, ahead)
        yield from found
        if not goes_on:
            return


@lru_cache(maxsize=1024)  # the labels of one line have the same cells behind them
def _read(text: str, mark: str | None, ahead: str | None) -> tuple[tuple[Money, ...], str | None, bool]:
    """The amounts of one text, the currency for those after it, and whether any may follow."""
    if within := _IN.compiled.match(text):  # "Total in EUR"
        ahead = currency_named(within["currency"])
        text = text[within.end() :]
    rest = _without_date(_without_aside(text).strip(_FILL))
    named = currency_named(rest)
    if named and not any(c.isdigit() for c in rest):
        return (), named, True
    amounts: list[Money] = []
    while rest:
        found = money_at_start(rest, mark)
        if found is None:
            return tuple(amounts), ahead, False
        money, end = found
        amounts.append(money if money.currency else replace(money, currency=ahead))
        rest = labels.INCLUDING_TAX.compiled.sub("", rest[end:].strip(_FILL), count=1)
    return tuple(amounts), ahead, True


def _without_aside(text: str) -> str:
    """Without words in brackets after a label, unless they say net: "Total (3 items)"."""
    aside = _ASIDE.compiled.match(text)
    is_words = aside and any(c.isalpha() for c in aside["words"]) and not currency_named(aside["words"])
    return text[aside.end() :] if aside and is_words and not labels.NET.compiled.search(aside["words"]) else text


def _without_date(text: str) -> str:
    """Nothing where only a date stands between label and amount: "Total due on August 3, 2014"."""
    if including := labels.INCLUDING_TAX.compiled.match(text):
        text = text[including.end() :].lstrip(_FILL)
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
