"""Text as rows of cells, and the search for a value beside or below its label."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from shared.domain.pattern import Pattern

V = TypeVar("V")

# What is looked at; an invoice states its facts on far less, and every rule is linear in it.
MAX_CHARACTERS = 100_000
MAX_LINE = 600
MAX_ROWS = 5_000
MAX_CELLS = 30  # of a line, the last of which is all that is left of it
_NEAR = 2  # columns by which a value may stand beside its heading
_BELOW = 2  # rows under a heading in which its value may stand
TABLE = 3  # cells of a row that makes it the heading of a table

_SPACES = re.compile(r"[\u00a0\u2000-\u200b\u202f\u205f\u3000]")
_CELL = re.compile(r"[^\s|]+(?: [^\s|]+)*")  # a run of words with single spaces; two spaces, tab and bar part columns
_LINES = re.compile(r"[\r\n\f\v\x1c-\x1e\x85\u2028\u2029]+")
_LEAD = Pattern(
    r"(?:\s?\([^()]{1,40}\))?[\s:.#\xb0\xba=\u2013-]*"
    r"(?:(?:(?:date|datum)\b|(?:le|am|bis|on|by|the|du|vom|el|il|op|per|zum|den|dated|of|is|lautet|est)\b(?![-/]\w))"
    r"[\s:.]*)?",  # "OP-2026-77" begins with no such word
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Cell:
    """A run of words and the columns it covers."""

    text: str
    start: int
    end: int


Row = tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Label:
    """What introduces a value: `pattern` is searched in a cell; `below` allows the value under a heading."""

    pattern: Pattern
    below: bool = True


def clean(text: str) -> str:
    """The part of a text that is looked at, with compatibility characters and odd spaces made plain."""
    plain = unicodedata.normalize("NFKC", _SPACES.sub(" ", text[:MAX_CHARACTERS]))
    return _SPACES.sub(" ", plain)[:MAX_CHARACTERS]


def rows_of(text: str) -> list[Row]:
    """The non-empty lines of a cleaned text as rows of cells."""
    rows = (_row(line[:MAX_LINE]) for line in _LINES.split(text))
    return list(islice(filter(None, rows), MAX_ROWS))


def _row(line: str) -> Row:
    line = line.replace("\t", "   ")
    cells = [Cell(m.group(), m.start(), m.end()) for m in islice(_CELL.finditer(line), MAX_CELLS + 1)]
    if len(cells) > MAX_CELLS:
        start, rest = cells[MAX_CELLS - 1].start, line.rstrip(" |")
        cells[MAX_CELLS - 1 :] = [Cell(rest[start:], start, len(rest))]
    return tuple(cells)


def rest_after(text: str, end: int) -> str:
    """What follows a label in its cell, without the punctuation and small words that tie both together."""
    lead = _LEAD.compiled.match(text, end)
    return text[lead.end() if lead else end :]


def labelled(
    rows: Sequence[Row], label: Label, parse: Callable[[str], V | None], apart: Callable[[str], V | None] | None = None
) -> Iterator[V]:
    """Every value that the label introduces: in its own cell, else in the next one or below, where `apart` reads."""
    for index, row in enumerate(rows):
        for column, cell in enumerate(row):
            for match in label.pattern.compiled.finditer(cell.text):
                rest = rest_after(cell.text, match.end())
                if rest:
                    yield from _first(parse, [rest])
                    continue
                beside = list(_first(apart or parse, _beside(row, column)))
                yield from beside or (_below(rows, index, column, apart or parse) if label.below else ())


def _beside(row: Row, column: int) -> Iterator[str]:
    if column + 1 < len(row):
        yield rest_after(row[column + 1].text, 0)


def _below(rows: Sequence[Row], index: int, column: int, parse: Callable[[str], V | None]) -> Iterator[V]:
    """The value under a heading; every one of two rows where the heading is a table's, which may list several."""
    found = (value for text in under(rows, index, column) if (value := parse(rest_after(text, 0))) is not None)
    if len(rows[index]) >= TABLE:
        yield from found
    else:
        yield from islice(found, 1)


def under(rows: Sequence[Row], index: int, column: int, count: int = _BELOW) -> Iterator[str]:
    """The cells under one, nearest row first: those in its columns, else the one of the same place in its row."""
    row = rows[index]
    cell = row[column]
    for other in rows[index + 1 : index + 1 + count]:
        near = [c.text for c in other if c.start < cell.end + _NEAR and c.end > cell.start - _NEAR]
        if near:
            yield from near
        elif len(other) == len(row):
            yield other[column].text


def _first(parse: Callable[[str], V | None], texts: Iterable[str]) -> Iterator[V]:
    return islice((value for value in map(parse, texts) if value is not None), 1)
