"""Text as rows of cells, and the search for a value beside or below its label."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from shared.domain.pattern import Pattern

V = TypeVar("V")

# What is looked at; an invoice states its facts on far less, and every rule is linear in it.
MAX_CHARACTERS = 100_000
MAX_LINE = 600
_NEAR = 2  # columns by which a value may stand beside its heading
_BELOW = 2  # rows under a heading in which its value may stand

_SPACES = re.compile(r"[\u00a0\u2000-\u200b\u202f\u205f\u3000]")
_CELL = re.compile(r"[^\s|]+(?: [^\s|]+)*")  # a run of words with single spaces; two spaces, tab and bar part columns
_LINES = re.compile(r"[\r\n\f\v\x1c-\x1e\x85\u2028\u2029]+")
_LEAD = re.compile(
    r"[\s:.#°º=\u2013-]*(?:(?:le|am|bis|on|by|the|du|vom|el|il|op|per|date|datum|zum)\b[\s:.]*)?", re.IGNORECASE
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
    return [row for row in rows if row]


def _row(line: str) -> Row:
    return tuple(Cell(m.group(), m.start(), m.end()) for m in _CELL.finditer(line.replace("\t", "   ")))


def rest_after(text: str, end: int) -> str:
    """What follows a label in its cell, without the punctuation and small words that tie both together."""
    lead = _LEAD.match(text, end)
    return text[lead.end() if lead else end :]


def labelled(rows: list[Row], label: Label, parse: Callable[[str], V | None]) -> Iterator[V]:
    """Every value that the label introduces: in its own cell, in the next one, or below."""
    for index, row in enumerate(rows):
        for column, cell in enumerate(row):
            for match in label.pattern.compiled.finditer(cell.text):
                rest = rest_after(cell.text, match.end())
                places = [rest] if rest else _neighbours(rows, index, column, below=label.below)
                value = _first(parse, places)
                if value is not None:
                    yield value


def _neighbours(rows: list[Row], index: int, column: int, *, below: bool) -> Iterator[str]:
    row = rows[index]
    cell = row[column]
    if column + 1 < len(row):
        yield rest_after(row[column + 1].text, 0)
    if not below:
        return
    for under in rows[index + 1 : index + 1 + _BELOW]:
        for other in under:
            if other.start < cell.end + _NEAR and other.end > cell.start - _NEAR:
                yield rest_after(other.text, 0)


def _first(parse: Callable[[str], V | None], texts: Iterable[str]) -> V | None:
    return next((value for value in map(parse, texts) if value is not None), None)
