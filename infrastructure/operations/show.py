"""What commands print: tables for people, objects for programs; a stranger's text changes nothing on the terminal."""

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

WIDTH = 160  # where the output is no terminal
_UNBROKEN = {"id", "transaction"}  # columns that people copy from


def print_json(document: Any) -> None:
    """Write one JSON document to stdout; times become ISO 8601 in UTC."""
    json.dump(document, sys.stdout, indent=2, default=_as_json)
    print()


def _as_json(value: object) -> str:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else str(value)


def print_table(title: str, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a table to stdout; long cells fold, ids excepted, and none of them is taken for markup."""
    table = Table(title=title, title_justify="left", show_header=any(headings))
    for heading in headings:
        table.add_column(heading, overflow="fold", no_wrap=heading in _UNBROKEN)
    for row in rows:
        table.add_row(*as_cells(*row))
    Console(width=None if sys.stdout.isatty() else WIDTH).print(table)


def as_cells(*row: object) -> list[Text]:
    """The cells of a row of a table, none of them markup or a command to the terminal."""
    return [Text(escaped(as_text(cell))) for cell in row]


def print_line(text: str) -> None:
    """Write a line to stdout as it stands, control characters escaped."""
    print(escaped(text))


def as_text(value: object) -> str:
    """A value for people: times in UTC, nothing for none."""
    if value is None:
        return ""
    return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S}" if isinstance(value, datetime) else str(value)


def escaped(text: str) -> str:
    """The text with everything written out that a terminal would obey or not show."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode() for c in text)


def one_line(text: str) -> str:
    """The text on a single line, what a terminal would obey escaped."""
    return escaped(" ".join(text.split()))


def age(span: timedelta | None) -> str:
    """A span in the two units that matter, as in "3 d 4 h"; empty for none."""
    if span is None:
        return ""
    minutes = max(0, int(span.total_seconds())) // 60
    days, hours = minutes // 1440, minutes // 60 % 24
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"
