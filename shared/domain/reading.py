"""What a mail and the text of its documents say about the invoice; a field that is not sure stays empty."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from decimal import Decimal
from functools import reduce
from itertools import chain
from typing import TypeVar

from shared.domain import labels
from shared.domain.amounts import Money, decimal_mark, settle
from shared.domain.cells import MAX_CHARACTERS, Label, Row, clean, labelled, rows_of
from shared.domain.dates import Order, Printed, date_at_start, order_between, order_shown
from shared.domain.facts import Document, Fact, Facts, Kind, Legibility
from shared.domain.mail import Mail
from shared.domain.pattern import Pattern
from shared.domain.totals import totals_in
from shared.domain.vat_ids import vat_id_at_start

V = TypeVar("V")

_TOP_ROWS = 60  # in which the heading stands; a layout may put the recipient first


@dataclass(frozen=True, slots=True)
class _Page:
    place: str
    rows: list[Row]


@dataclass(frozen=True, slots=True)
class _Text:
    """One document, or the subject or the body: what has to agree with itself."""

    pages: tuple[_Page, ...]
    whole: str


def read_facts(mail: Mail, documents: Sequence[Document]) -> Facts:
    """Read the facts, by field: from the first document that yields it, else the subject, else the body."""
    readable = [d for d in documents if d.legibility is Legibility.TEXT and not _is_markup(d)]
    evidence = [
        *(_facts(_document(d)) for d in readable),
        _subject_facts(mail.subject),
        _facts(_text("body", mail.body)),
    ]
    return replace(reduce(merge, evidence, Facts()), documents=tuple(documents))


def merge(first: Facts, second: Facts) -> Facts:
    """The better evidence first, its gaps filled from the second where that does not speak of another invoice."""
    if _differ(first.invoice_number, second.invoice_number):
        return first
    gaps = {f.name: getattr(second, f.name) for f in fields(Facts) if not getattr(first, f.name)}
    if _differ(first.total, second.total):
        gaps.pop("currency", None)  # the one printed at the other total
    return replace(first, **gaps)


def _differ(first: Fact[V] | None, second: Fact[V] | None) -> bool:
    return first is not None and second is not None and first.value != second.value


def _is_markup(document: Document) -> bool:
    """XML says what its elements mean; words beside each other in it say nothing."""
    return bool(document.pages) and document.pages[0].lstrip("\ufeff \t\r\n").startswith("<")


def _document(document: Document) -> _Text:
    pages, left = [], MAX_CHARACTERS
    for number, page in enumerate(document.pages, 1):
        if left <= 0:
            break
        pages.append((f"{document.name}, page {number}", clean(page[:left])))
        left -= len(page)
    return _Text(tuple(_Page(place, rows_of(text)) for place, text in pages), "\n".join(text for _, text in pages))


def _text(place: str, text: str) -> _Text:
    plain = clean(text)
    return _Text((_Page(place, rows_of(plain)),), plain)


def _facts(text: _Text) -> Facts:
    total, currency = _total(text)
    issued, due = _dates(text)
    return Facts(
        vat_id=_agreed(text, labels.VAT_IDS, vat_id_at_start),
        invoice_number=_number(text),
        issue_date=issued,
        due_date=due,
        currency=currency,
        total=total,
        kind=_kind(text),
    )


def _subject_facts(subject: str) -> Facts:
    text = _text("subject", " ".join(subject.split()))
    is_credit = labels.CREDIT_SUBJECT.compiled.search(text.whole) and not labels.SELF_BILLED.compiled.search(text.whole)
    return Facts(
        invoice_number=_labelled_number(text, *labels.SUBJECT_NUMBERS),
        kind=Fact(Kind.CREDIT_NOTE, "subject") if is_credit else None,
    )


def _agreed(text: _Text, ranks: Iterable[Label], parse: Callable[[str], V | None]) -> Fact[V] | None:
    """The one value of the best rank of labels that yields any; None where its values differ."""
    for label in ranks:
        found = [(value, page.place) for page in text.pages for value in labelled(page.rows, label, parse)]
        if found:
            return _only(found)
    return None


def _only(found: Sequence[tuple[V, str]]) -> Fact[V] | None:
    value, place = found[0]
    return Fact(value, place) if all(other == value for other, _ in found) else None


# Invoice number

_NUMBER = re.compile(r"[#:\s]*(?P<number>[A-Za-z0-9][\w/.-]{0,34})")
_SPACED_DIGITS = re.compile(r"\d{1,4}(?: \d{2,4}){2,5}")
_PERIOD = re.compile(r"(?:19|20)\d\d|\d{1,2}[/.-](?:19|20)?\d\d|(?:19|20)\d\d[/.-]\d{1,2}")
_SHORTEST_BARE = 4  # digits, where only a bare "invoice" introduces the number: "invoice 30 days overdue"


def _number(text: _Text) -> Fact[str] | None:
    under = [hit for page in text.pages for hit in _number_under_heading(page)]
    if any(_has_number(page) for page in text.pages):
        return _labelled_number(text, *labels.NUMBERS)
    return _only(under) if under else None


def _labelled_number(text: _Text, strong: Label, weak: Label) -> Fact[str] | None:
    """The number after a label that asks for one, or after a bare "Invoice" where no such label is."""
    if any(True for page in text.pages for _ in labelled(page.rows, strong, _number_at_start)):
        return _agreed(text, [strong], _number_at_start)
    return _agreed(text, [weak], _bare_number)


def _number_at_start(text: str) -> str | None:
    if _SPACED_DIGITS.fullmatch(text):
        return text
    match = _NUMBER.match(text)
    if match is None or date_at_start(text):
        return None
    number = match["number"].rstrip("._-/")
    return number if any(c.isdigit() for c in number) and not number.isalpha() else None


def _bare_number(text: str) -> str | None:
    number = _number_at_start(text)
    if number is None or _PERIOD.fullmatch(number):
        return None
    return None if number.isdigit() and len(number) < _SHORTEST_BARE else number


def _number_under_heading(page: _Page) -> Iterator[tuple[str, str]]:
    for row, under in zip(page.rows, page.rows[1:], strict=False):
        heading = [c for c in row if labels.NUMBER_HEADING.compiled.fullmatch(c.text)]
        if len(row) < len(("customer", "date", "invoice")) or len(heading) != 1:
            continue
        for cell in under:
            if cell.start < heading[0].end and cell.end > heading[0].start and (number := _bare_number(cell.text)):
                yield number, page.place


# Dates


def _dates(text: _Text) -> tuple[Fact[date] | None, Fact[date] | None]:
    issued = _agreed(text, labels.ISSUED, date_at_start)
    due = _agreed(text, labels.DUE, date_at_start)
    order = _order(text, issued, due)
    return _dated(issued, order), _dated(due, order)


def _dated(printed: Fact[Printed] | None, order: Order | None) -> Fact[date] | None:
    value = printed.value.read(order) if printed else None
    return Fact(value, printed.source) if printed and value else None


def _order(text: _Text, issued: Fact[Printed] | None, due: Fact[Printed] | None) -> Order | None:
    if shown := order_shown(text.whole):
        return shown
    if issued and due and (between := order_between(issued.value, due.value)):
        return between
    is_day_first = labels.DAY_FIRST_WORDS.compiled.search(text.whole) or settle(None, text.whole) in {
        "EUR",
        "GBP",
        "CHF",
    }
    return Order.DAY_FIRST if is_day_first else None


# Total and currency


def _total(text: _Text) -> tuple[Fact[Decimal] | None, Fact[str] | None]:
    """The total and the currency printed at it, or the one currency of the text."""
    money = _money(text)
    currency = settle(money.value.currency if money else None, text.whole)
    where = money.source if money else text.pages[0].place if text.pages else ""
    return (
        Fact(money.value.amount, money.source) if money else None,
        Fact(currency, where) if currency else None,
    )


def _money(text: _Text) -> Fact[Money] | None:
    mark = decimal_mark(text.whole)
    for rank in range(len(labels.TOTALS)):
        if rank == labels.DUE_RANK and labels.PART_PAID.compiled.search(text.whole):
            return None
        found = [(money, page.place) for page in text.pages for money in totals_in(page.rows, rank, mark)]
        if found:
            is_one = len({money.amount for money, _ in found}) == 1
            return Fact(*next((hit for hit in found if hit[0].currency), found[0])) if is_one else None
    return None


# Kind


def _kind(text: _Text) -> Fact[Kind] | None:
    """The kind by the heading; both headings, or a document made out by the buyer, leave it open."""
    credit = _place_of(text, labels.CREDIT_HEADING)
    invoice = _place_of(text, labels.INVOICE_HEADING)
    if credit and (invoice or labels.SELF_BILLED.compiled.search(text.whole)):
        return None
    if credit:
        return Fact(Kind.CREDIT_NOTE, credit)
    invoice = invoice or next((page.place for page in text.pages if _has_number(page)), None)
    return Fact(Kind.INVOICE, invoice) if invoice else None


def _place_of(text: _Text, heading: Pattern) -> str | None:
    top = ((page.place, cell.text) for page in text.pages[:1] for row in page.rows[:_TOP_ROWS] for cell in row)
    return next((place for place, cell in top if heading.compiled.fullmatch(cell)), None)


def _has_number(page: _Page) -> bool:
    strong, weak = labels.NUMBERS
    found = chain(labelled(page.rows, strong, _number_at_start), labelled(page.rows, weak, _bare_number))
    return next(found, None) is not None
