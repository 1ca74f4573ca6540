"""A text by pages and rows, and the one value that its labels agree on."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from shared.domain.cells import MAX_CHARACTERS, MAX_ROWS, Label, Row, clean, labelled, rows_of
from shared.domain.facts import Document, Fact
from shared.domain.recipients import without_recipients

V = TypeVar("V")

_HEAD_ROWS = 30  # in which a date or a number without a label of its own can be the invoice's


@dataclass(frozen=True, slots=True)
class Page:
    """One page and how to call it."""

    place: str
    rows: list[Row]


@dataclass(frozen=True, slots=True)
class Text:
    """One document, or the subject or the body: what has to agree with itself."""

    pages: tuple[Page, ...]
    whole: str
    is_mail: bool = False  # whose own "Date:" and greeting are not the invoice's

    @property
    def head(self) -> list[Row]:
        """The rows that may say what the whole is."""
        return self.pages[0].rows[:_HEAD_ROWS] if self.pages else []


def text_of_document(document: Document) -> Text:
    """A document's pages, as far as they are looked at."""
    pages: list[Page] = []
    texts: list[str] = []
    left, rows_left = MAX_CHARACTERS, MAX_ROWS
    for number, page in enumerate(document.pages, 1):
        if left <= 0 or rows_left <= 0:
            break
        texts.append(clean(page[:left]))
        pages.append(Page(f"{document.name}, page {number}", rows_of(texts[-1])[:rows_left]))
        left -= len(page)
        rows_left -= len(pages[-1].rows)
    return Text(tuple(pages), "\n".join(texts))


def text_of_mail(place: str, text: str) -> Text:
    """A mail's subject or body."""
    plain = clean(text)
    return Text((Page(place, rows_of(plain)),), plain, is_mail=True)


def without_recipient(text: Text) -> Text:
    """The text without the recipient's part."""
    return Text(tuple(Page(page.place, without_recipients(page.rows)) for page in text.pages), text.whole)


def agreed(
    text: Text,
    ranks: Iterable[Label],
    parse: Callable[[str], V | None],
    apart: Callable[[str], V | None] | None = None,
    key: Callable[[V], object] = lambda value: value,
) -> Fact[V] | None:
    """The one value of the best rank of labels that yields any; None where its values differ."""
    for label in ranks:
        found = [(value, page.place) for page in text.pages for value in labelled(page.rows, label, parse, apart)]
        if found:
            return only(found, key)
    return None


def only(found: Sequence[tuple[V, str]], key: Callable[[V], object] = lambda value: value) -> Fact[V] | None:
    """The first value, None where another differs from it."""
    value, place = found[0]
    return Fact(value, place) if all(key(other) == key(value) for other, _ in found) else None
