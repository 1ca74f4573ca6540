"""Shows what the app reads from documents and mails, and what stands behind each field."""

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track
from rich.table import Table
from rich.text import Text

from infrastructure.operations.exits import AT_FAULT, COULD_NOT_RUN, OK
from infrastructure.operations.fields import COLUMNS, FURTHER, INVOICE, fact_of, text_of
from infrastructure.operations.files import Fault, find, unopened
from infrastructure.operations.reading import read_file, reader, unread
from infrastructure.operations.show import as_cells, escaped
from shared.adapters.documents import Limits
from shared.domain.facts import Facts, Legibility

_FILES_PER_CHILD = 50
WIDTH = 120  # where the output is no terminal
_EPILOG = f"""\
With --json, each file is an object; null stands for what is not read:
path, {", ".join((*INVOICE, *FURTHER))},
legibility, evidence (of each field: source, sureness), disagreements, documents (name, legibility)

Exit codes: 0 all files read; 1 there was no file to read; 2 usage; 3 some could not be read."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare `read FILE...`."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EPILOG
    parser.add_argument("file", nargs="+", type=Path, help="PDF, XML or .eml files, or folders of such")
    parser.add_argument("--json", action="store_true", help="an array with one object for each file, on stdout")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    errors = Console(stderr=True)
    files, faults = find(arguments.file)
    readings = asyncio.run(_read(files, faults, errors))
    if arguments.json:
        json.dump([as_object(path, facts) for path, facts in readings], sys.stdout, indent=2)
        print()
    else:
        _show(readings)
    for fault in faults:
        errors.print(f"read: {escaped(str(fault))}", style="red", markup=False, highlight=False, soft_wrap=True)
    if not readings:
        errors.print("read: there was no file to read", style="red", soft_wrap=True)
        return COULD_NOT_RUN
    return AT_FAULT if faults else OK


async def _read(files: Sequence[Path], faults: list[Fault], console: Console) -> list[tuple[Path, Facts]]:
    readings: list[tuple[Path, Facts]] = []
    is_quiet = not console.is_terminal or len(files) == 1
    async with reader(Limits(mails_per_child=_FILES_PER_CHILD)) as documents:
        for path in track(files, "reading", console=console, disable=is_quiet, transient=True):
            try:
                facts = await read_file(path, documents)
            except OSError as error:
                faults.append(Fault(str(path), unopened(error)))
                continue
            faults += [Fault(str(path), what.removeprefix(f"{path.name}: ")) for what in unread(facts)]
            readings.append((path, facts))
    return readings


def as_object(path: Path, facts: Facts) -> dict[str, Any]:
    """One file of the JSON output."""
    known = {column: fact for column in COLUMNS if (fact := fact_of(facts, column)) is not None}
    return {
        "path": str(path),
        **{column: text_of(facts, column) for column in (*INVOICE, *FURTHER)},
        "legibility": _legibility(facts),
        "evidence": {
            column: {"source": fact.source, "sureness": fact.sureness.value} for column, fact in known.items()
        },
        "disagreements": list(facts.disagreements),
        "documents": [{"name": each.name, "legibility": each.legibility.value} for each in facts.documents],
    }


def _legibility(facts: Facts) -> str | None:
    """That of the document; of several, `text` as soon as one of them has any."""
    found = [document.legibility for document in facts.documents]
    return Legibility.TEXT.value if Legibility.TEXT in found else found[0].value if found else None


def _show(readings: Sequence[tuple[Path, Facts]]) -> None:
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    for path, facts in readings:
        console.print(escaped(str(path)), markup=False, highlight=False, soft_wrap=True)
        console.print(_table(facts))
        for line in _remarks(facts):
            console.print(escaped(line), markup=False, highlight=False, soft_wrap=True)
        console.print()


def _table(facts: Facts) -> Table:
    table = Table()
    for heading in ("field", "read", "where", "how sure"):
        table.add_column(heading, overflow="fold")
    for column in COLUMNS:
        fact, text = fact_of(facts, column), text_of(facts, column)
        if fact is not None and text is not None:
            table.add_row(*as_cells(column, text, fact.source, fact.sureness.value))
        elif column in INVOICE:
            table.add_row(column, Text("not read", style="dim"))
    return table


def _remarks(facts: Facts) -> list[str]:
    return [
        *(f"{each.name}: {each.legibility.value}" for each in facts.documents if each.legibility != Legibility.TEXT),
        *(f"disagreement: {words}" for words in facts.disagreements),
    ]
