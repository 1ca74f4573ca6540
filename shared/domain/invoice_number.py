"""Which of the numbers in a text is the invoice's."""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from shared.domain import labels
from shared.domain.cells import TABLE, Label, labelled
from shared.domain.facts import Fact, Sureness
from shared.domain.headings import headings_of, is_credit, kind_of
from shared.domain.numbers import normalised_number
from shared.domain.printed_text import Page, Text, agreed, only
from shared.domain.references import bare_number, number_alone, number_at_start, plain_number

_NEAR_HEADING = 4  # rows from a heading on, in which a mere "No." is that of the document


def number_of(text: Text, own: Text, headings: Sequence[str]) -> Fact[str] | None:
    """The number by the best kind of label; a credit note's own before that of the invoice it credits."""
    if is_credit(headings) and (
        credited := agreed(text, labels.CREDIT_NUMBERS, number_at_start, number_alone, normalised_number)
    ):
        return credited
    parsers = (number_at_start, number_at_start, bare_number)
    if any(_has(text, label, parse) for label, parse in zip(labels.NUMBERS, parsers, strict=True)):
        return first_of(text, labels.NUMBERS, parsers)
    under = [hit for page in text.pages for hit in _number_under_heading(page)]
    return only(under, normalised_number) if under else _plain_number(own, headings)


def _has(text: Text, label: Label, parse: Callable[[str], str | None]) -> bool:
    return any(True for page in text.pages for _ in labelled(page.rows, label, parse, number_alone))


def first_of(text: Text, ranks: Sequence[Label], parsers: Sequence[Callable[[str], str | None]]) -> Fact[str] | None:
    """The number by the first kind of label that yields any."""
    for label, parse in zip(ranks, parsers, strict=True):
        if _has(text, label, parse):
            return agreed(text, [label], parse, number_alone, normalised_number)
    return None


def _number_under_heading(page: Page) -> Iterator[tuple[str, str]]:
    for row, under in zip(page.rows, page.rows[1:], strict=False):
        heading = [c for c in row if labels.NUMBER_HEADING.compiled.fullmatch(c.text)]
        if len(row) < TABLE or len(heading) != 1:
            continue
        for cell in under:
            if cell.start < heading[0].end and cell.end > heading[0].start and (number := bare_number(cell.text)):
                yield number, page.place


def _plain_number(text: Text, headings: Sequence[str]) -> Fact[str] | None:
    """The number after a mere "No." near the heading of what calls itself an invoice, or beside that heading."""
    if kind_of(headings, text.whole) is None and not is_credit(headings):
        return None
    rows, place = text.head, text.pages[0].place
    near = [rows[n : n + _NEAR_HEADING] for n, row in enumerate(rows) if kind_of(headings_of([row]), "")]
    found = [(number, place) for part in near for number in labelled(part, labels.PLAIN_NUMBER, number_alone)]
    if not found:
        beside = (b.text for row in text.head for a, b in pairwise(row) if kind_of([a.text], ""))
        found = [(number, place) for cell in beside if (number := plain_number(cell))]
    fact = only(found, normalised_number) if found else None
    return Fact(fact.value, fact.source, Sureness.INFERRED) if fact else None
