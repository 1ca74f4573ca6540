"""What became of planted frauds and honest mails, as tables for people."""

import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table

from infrastructure.operations.quality_report import WIDTH, percent
from infrastructure.operations.risk import FRAUDS_HELD, HONEST_HELD, Judged, Risk, held
from infrastructure.operations.show import as_cells


def show(risk: Risk, *, with_errors: bool) -> None:
    """Print the shares by kind, and how they stand to the targets."""
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    frauds, honest = risk.of(is_fraud=True), risk.of(is_fraud=False)
    if honest:
        console.print(_shares("planted frauds held", frauds))
        console.print(_shares("honest mails held", honest))
        if with_errors:
            console.print(_errors(each for each in risk.judged if not each.is_right))
        wanted = f"held of frauds {percent(held(frauds))} (target {percent(FRAUDS_HELD)})"
        allowed = f"of honest mails {percent(held(honest))} (target at most {percent(HONEST_HELD)})"
        console.print(f"{wanted}, {allowed}", highlight=False)
    for why, count in sorted(risk.left_out.items()):
        console.print(f"no mails were made of {count} documents {why}", highlight=False)


def _shares(title: str, judged: Sequence[Judged]) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("kind")
    for column in ("mails", "held", "share", "for an unknown vendor"):
        table.add_column(column, justify="right")
    by_kind: defaultdict[str, list[Judged]] = defaultdict(list)
    for each in judged:
        by_kind[each.kind].append(each)
    for kind, some in sorted(by_kind.items()):
        table.add_row(kind, *_figures(some))
    table.add_section()
    table.add_row("all", *_figures(judged))
    return table


def _figures(judged: Sequence[Judged]) -> list[str]:
    counts = (len(judged), sum(each.is_held for each in judged))
    return [*map(str, counts), percent(held(judged)), str(sum(each.is_unknown for each in judged))]


def _errors(judged: Iterable[Judged]) -> Table:
    table = Table(title="frauds that went on, and honest mails that were held", title_justify="left")
    for heading in ("document", "kind", "sender", "held for"):
        table.add_column(heading, overflow="fold")
    for each in judged:
        table.add_row(*as_cells(each.document, each.kind, each.sender, ", ".join(each.decision.reasons) or "-"))
    return table
