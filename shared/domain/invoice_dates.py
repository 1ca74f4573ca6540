"""Which of the dates in a text are those of issue and payment."""

from collections.abc import Iterator, Sequence
from datetime import date

from shared.domain import labels
from shared.domain.amounts import settle
from shared.domain.cells import TABLE, Cell, Label, Row, labelled
from shared.domain.countries import ELSEWHERE, UNITED_STATES
from shared.domain.dates import Order, Printed, common_date, date_alone, date_at_start, order_between, order_shown
from shared.domain.facts import Fact, Sureness
from shared.domain.printed_text import Page, Text

_DAY_FIRST = frozenset({"EUR", "GBP", "CHF", "AUD", "NZD", "INR", "ZAR", "DKK", "NOK", "PLN", "CZK"})


def dates_of(text: Text) -> tuple[Fact[date] | None, Fact[date] | None]:
    """The date of issue and the date by which to pay."""
    strong, weak = labels.ISSUED
    issued = _printed(text, strong)
    found = issued or _beside_number(text) or ([] if text.is_mail else _printed(_without_items(text), weak))
    printed = _common(found) if found or text.is_mail else _unlabelled(text)
    due = _common(_printed(text, *labels.DUE))
    order = _order(text, printed, due)
    return _dated(printed, order), _dated(due, order)


def _printed(text: Text, label: Label) -> list[tuple[Printed, str]]:
    return [(value, page.place) for page in text.pages for value in labelled(page.rows, label, date_at_start)]


def _beside_number(text: Text) -> list[tuple[Printed, str]]:
    """The dates that follow the document's number in its row, in a column of their own."""
    number = labels.NUMBERS[0].pattern.compiled
    pages = [Page(p.place, [row for row in p.rows if any(number.search(c.text) for c in row[:-1])]) for p in text.pages]
    return _printed(Text(tuple(pages), text.whole), labels.DATED)


def _common(found: Sequence[tuple[Printed, str]]) -> Fact[Printed] | None:
    """The one date that all of them can mean."""
    printed = common_date([value for value, _ in found])
    return Fact(printed, found[0][1]) if printed else None


def _dated(printed: Fact[Printed] | None, order: Order | None) -> Fact[date] | None:
    value = printed.value.read(order) if printed else None
    return Fact(value, printed.source, printed.sureness) if printed and value else None


def _without_items(text: Text) -> Text:
    """The text without headings of the table of items, whose dates are those of single lines."""
    pages = (Page(page.place, [row for row in page.rows if not _is_item_heading(row)]) for page in text.pages)
    return Text(tuple(pages), text.whole)


def _is_item_heading(row: Row) -> bool:
    return len(row) >= TABLE and any(labels.ITEM_HEADING.compiled.fullmatch(cell.text) for cell in row)


def _unlabelled(text: Text) -> Fact[Printed] | None:
    """The one date that stands in the head for itself, as a letter has it."""
    found = [date_alone(cell.text) for index, column, cell in _cells(text.head) if _is_free(text.head, index, column)]
    dates = {printed for printed in found if printed}
    return Fact(dates.pop(), text.pages[0].place, Sureness.INFERRED) if len(dates) == 1 else None


def _cells(rows: Sequence[Row]) -> Iterator[tuple[int, int, Cell]]:
    yield from ((index, column, cell) for index, row in enumerate(rows) for column, cell in enumerate(row))


def _is_free(rows: Sequence[Row], index: int, column: int) -> bool:
    """Whether no label stands before a cell or over it that would say what it is."""
    cell = rows[index][column]
    before = rows[index][:column][-1:]
    over = [c for row in rows[max(0, index - 2) : index] for c in row if c.start < cell.end and c.end > cell.start]
    return not any(c.text.endswith(":") or labels.DATE_WORD.compiled.search(c.text) for c in (*before, *over))


def _order(text: Text, issued: Fact[Printed] | None, due: Fact[Printed] | None) -> Order | None:
    if shown := order_shown(text.whole):
        return shown
    if issued and due and (between := order_between(issued.value, due.value)):
        return between
    currency = settle(None, text.whole)
    if labels.DAY_FIRST_WORDS.compiled.search(text.whole) or currency in _DAY_FIRST:
        return Order.DAY_FIRST
    is_american = UNITED_STATES.compiled.search(text.whole) and not ELSEWHERE.compiled.search(text.whole)
    return Order.MONTH_FIRST if is_american and currency == "USD" else None
