"""How far what was read is what stands in the documents."""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from infrastructure.operations.fields import INVOICE, fact_of, text_of
from infrastructure.operations.truth import Expected
from shared.domain.facts import Facts


class Verdict(StrEnum):
    """What became of one field of one file."""

    RIGHT = "right"
    WRONG = "wrong"
    EMPTY = "empty"  # the document states it, and nothing was read
    UNASKED = "unasked"  # read where the list leaves it open: neither right nor wrong
    ABSENT = "absent"  # neither stated nor read


@dataclass(frozen=True, slots=True)
class Cell:
    """One field of one file: what was wanted, what was read and where."""

    path: str
    sort: str
    field: str
    wanted: str
    got: str
    source: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Score:
    """Some cells, counted by verdict."""

    counts: Counter[Verdict]

    @property
    def filled(self) -> int:
        """How many the documents state."""
        return sum(self.counts[verdict] for verdict in (Verdict.RIGHT, Verdict.WRONG, Verdict.EMPTY))

    @property
    def precision(self) -> float | None:
        """Which part of what was read is right; None where nothing was read."""
        return _share(self.counts[Verdict.RIGHT], self.counts[Verdict.RIGHT] + self.counts[Verdict.WRONG])

    @property
    def recall(self) -> float | None:
        """Which part of what is stated was read rightly; None where nothing is stated."""
        return _share(self.counts[Verdict.RIGHT], self.filled)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def score(cells: Iterable[Cell]) -> Score:
    """Count cells."""
    return Score(Counter(cell.verdict for cell in cells))


def judge(expected: Expected, sort: str, facts: Facts) -> list[Cell]:
    """Compare every field of a file."""
    cells = []
    for field in INVOICE:
        fact, got, wanted = fact_of(facts, field), text_of(facts, field) or "", expected.values[field]
        verdict = _verdict(field, expected, got)
        cells.append(Cell(expected.name, sort, field, wanted, got, fact.source if fact else "", verdict))
    return cells


def _verdict(field: str, expected: Expected, got: str) -> Verdict:
    if not expected.values[field]:
        return Verdict.UNASKED if got else Verdict.ABSENT
    if not got:
        return Verdict.EMPTY
    wanted = expected.vendor_names if field == "vendor_name" else (expected.values[field],)
    same = _SAME.get(field, _text)
    return Verdict.RIGHT if same(got) in {same(each) for each in wanted} else Verdict.WRONG


def vat_id(text: str) -> str:
    """A VAT number for comparison: spaces, dots and case say nothing."""
    return "".join(text.replace(".", "").split()).upper()


def _name(text: str) -> str:
    """A name without case and punctuation; a legal form is part of it."""
    return " ".join(re.findall(r"\w+", unicodedata.normalize("NFKC", text).casefold()))


def _text(text: str) -> str:
    return " ".join(text.split())


_SAME: dict[str, Callable[[str], object]] = {
    "vendor_name": _name,
    "vendor_vat_id": vat_id,
    "total_gross": Decimal,
}
