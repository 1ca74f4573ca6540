"""What was measured, as tables for people."""

import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from infrastructure.operations.fields import INVOICE
from infrastructure.operations.matching import Found, Matched, count
from infrastructure.operations.scores import Cell, Verdict, score
from infrastructure.operations.show import as_cells
from infrastructure.operations.sorts import ORDER

if TYPE_CHECKING:
    from infrastructure.operations.quality import Measured

WIDTH = 160  # where the output is no terminal
_FAULTS = (Verdict.WRONG, Verdict.EMPTY)


def show(measured: "Measured", *, with_errors: bool) -> None:
    """Print everything that was measured."""
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    cells = measured.cells
    console.print(_scores("by field", "field", INVOICE, cells, lambda cell: cell.field))
    console.print(_scores("by kind of document", "kind", _sorts(cells), cells, lambda cell: cell.sort))
    console.print(_matrix(cells))
    if measured.matched:
        console.print(_vendors(measured.matched))
    if with_errors:
        console.print(_errors(cells))
        console.print(_vendor_errors(measured.matched))
    console.print(
        f"CPU seconds a document, after the start of the reader: median {measured.median_seconds:.3f}, "
        f"99th percentile {measured.p99_seconds:.3f} ({len(measured.seconds)} documents)",
        highlight=False,
    )


def _sorts(cells: Iterable[Cell]) -> list[str]:
    there = {cell.sort for cell in cells}
    return [sort for sort in ORDER if sort in there]


def _scores(title: str, heading: str, names: Iterable[str], cells: list[Cell], name_of: Callable[[Cell], str]) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column(heading)
    for column in ("filled", "right", "wrong", "empty", "unasked", "precision", "recall"):
        table.add_column(column, justify="right")
    for name in names:
        table.add_row(name, *_figures(cell for cell in cells if name_of(cell) == name))
    table.add_section()
    table.add_row("all", *_figures(cells))
    return table


def _figures(cells: Iterable[Cell]) -> list[str]:
    scored = score(cells)
    verdicts = (Verdict.RIGHT, Verdict.WRONG, Verdict.EMPTY, Verdict.UNASKED)
    counts = [str(scored.counts[verdict]) for verdict in verdicts]
    return [str(scored.filled), *counts, percent(scored.precision), percent(scored.recall)]


def percent(share: float | None) -> str:
    """A share for people."""
    return "-" if share is None else f"{100 * share:.1f} %"


def _matrix(cells: list[Cell]) -> Table:
    table = Table(title="right of filled, and how many wrong, by kind and field", title_justify="left")
    table.add_column("kind")
    for field in INVOICE:
        table.add_column(field, justify="right")
    for sort in _sorts(cells):
        table.add_row(sort, *(_summary(c for c in cells if (c.sort, c.field) == (sort, field)) for field in INVOICE))
    return table


def _summary(cells: Iterable[Cell]) -> str:
    scored = score(cells)
    wrong = scored.counts[Verdict.WRONG]
    return f"{scored.counts[Verdict.RIGHT]}/{scored.filled}" + (f", {wrong} wrong" if wrong else "")


def _vendors(matched: list[Matched]) -> Table:
    table = Table(title="vendors found in the master", title_justify="left")
    counts = count(matched)
    for verdict in Found:
        table.add_column(verdict.value, justify="right")
    table.add_row(*(str(counts[verdict]) for verdict in Found))
    return table


def _errors(cells: Iterable[Cell]) -> Table:
    table = Table(title="what was not read rightly", title_justify="left")
    for heading in ("file", "field", "wanted", "got", "source"):
        table.add_column(heading, overflow="fold")
    for cell in cells:
        if cell.verdict in _FAULTS:
            table.add_row(*as_cells(cell.path, cell.field, cell.wanted, cell.got or "-", cell.source))
    return table


def _vendor_errors(matched: Iterable[Matched]) -> Table:
    table = Table(title="vendors that were not found rightly", title_justify="left")
    for heading in ("file", "verdict", "wanted", "got"):
        table.add_column(heading, overflow="fold")
    for each in matched:
        if each.verdict in {Found.WRONG, Found.NONE, Found.AMBIGUOUS}:
            shown = (each.path, each.verdict.value, ", ".join(each.wanted) or "-", ", ".join(each.got) or "-")
            table.add_row(*as_cells(*shown))
    return table
