"""Readers of PDF text side by side: what they find of values that are known, their CPU and their memory.

Each reader is a process of its own that loads nothing else; they take turns at every document, so that a busy machine
is busy for all of them. A scan has no text and is left out.
"""

import argparse
import importlib.metadata
import json
import math
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import track
from rich.table import Table

from infrastructure.bench.pdf_reader import PACKAGES, READERS
from infrastructure.bench.printed import lines_with
from infrastructure.checkout import LocalError
from infrastructure.operations.truth import CORPUS, Expected, UnusableTruth, read_truth

OURS = "pypdf, layout"  # what the app uses; the others are given as multiples of it
VALUES = ("invoice_number", "total_gross", "issue_date", "due_date")
_SCRIPT = Path(__file__).with_name("pdf_reader.py")
_LETTERS = 3  # beside a value that tell what it is


@dataclass(slots=True)
class Figures:
    """What one reader has shown."""

    found: int = 0
    beside: int = 0  # found on a line that has words as well, as a label and its value have
    failed: int = 0
    seconds: list[float] = field(default_factory=list)
    peak: int = 0
    start: float = 0.0

    @property
    def median(self) -> float:
        """CPU seconds that half of the documents do not exceed."""
        return median(self.seconds)

    @property
    def p99(self) -> float:
        """CPU seconds that 99 of 100 documents do not exceed (nearest rank)."""
        return sorted(self.seconds)[math.ceil(0.99 * len(self.seconds)) - 1]


class Child:
    """A reader in its process; started anew where a document ends it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._process = self._start()

    def _start(self) -> "subprocess.Popen[str]":
        command = [sys.executable, str(_SCRIPT), self.name]
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8")  # noqa: S603  our own script

    def read(self, path: Path) -> dict[str, Any]:
        """What the reader makes of one document; empty where it died of it."""
        requests, answers = self._process.stdin, self._process.stdout
        if requests is None or answers is None:
            return {}
        requests.write(f"{path}\n")
        requests.flush()
        line = answers.readline()
        if not line:
            self._process.wait()
            self._process = self._start()
            return {}
        answer: dict[str, Any] = json.loads(line)
        return answer

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.kill()
        self._process.communicate()


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the benchmark; 1 where it could not run."""
    parser = argparse.ArgumentParser(prog="python -m infrastructure.bench.pdf_text", description=__doc__)
    parser.add_argument(
        "folder", nargs="?", type=Path, default=CORPUS, help="PDFs, named in its truth.csv; default: %(default)s"
    )
    parsed = parser.parse_args(arguments)
    try:
        documents, left_out = _documents(parsed.folder)
    except (LocalError, UnusableTruth) as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 1
    figures, values = measure(documents)
    Console(width=None if sys.stdout.isatty() else 150).print(_table(figures, len(documents), values))
    for name, why in left_out:
        print(f"left out: {name}: {why}")
    return 0


def _documents(folder: Path) -> tuple[list[Expected], list[tuple[str, str]]]:
    """The PDFs of a folder with what is known of each, and those left out with the reason."""
    known = {expected.path.resolve(): expected for expected in read_truth(folder / "truth.csv")}
    found = sorted(path.resolve() for path in folder.rglob("*") if path.suffix.lower() == ".pdf")
    chosen = [known[path] for path in found if path in known and known[path].has_text]
    left_out = [
        (str(path.relative_to(folder.resolve())), "a scan" if path in known else "its values are not known")
        for path in found
        if path not in known or not known[path].has_text
    ]
    if not chosen:
        raise LocalError(f"{folder}: no PDF with text that its truth.csv names; name a folder with some")
    return chosen, left_out


def measure(documents: Sequence[Expected]) -> tuple[dict[str, Figures], int]:
    """Let every reader read every document, in turns; returns how many values there were to find, too."""
    figures = {name: Figures() for name in READERS}
    values = 0
    with ExitStack() as stack:
        children = [stack.enter_context(Child(name)) for name in READERS]
        for child in children:
            child.read(documents[0].path)  # loads what a reader loads late
        for document in track(documents, "reading", console=Console(stderr=True), transient=True):
            values += len(list(_known(document)))
            for child in children:
                _note(figures[child.name], child.read(document.path), document)
    return figures, values


def _known(document: Expected) -> Iterator[tuple[str, str]]:
    return ((column, document.values[column]) for column in VALUES if document.values[column])


def _note(figures: Figures, answer: dict[str, Any], document: Expected) -> None:
    if not answer.get("is_read"):
        figures.failed += 1
    if not answer:
        return
    figures.seconds.append(answer["seconds"])
    figures.start = answer["start"]
    figures.peak = max(figures.peak, answer["peak"])
    for column, value in _known(document):
        lines = lines_with(column, value, answer["text"])
        figures.found += bool(lines)
        figures.beside += any(sum(map(str.isalpha, line)) >= _LETTERS for line in lines)


def _table(figures: dict[str, Figures], documents: int, values: int) -> Table:
    table = Table(title=f"{documents} documents, {values} values; in brackets: times {OURS}", title_justify="left")
    table.add_column("reader")
    for heading in (
        "values found",
        "beside words",
        "failed",
        "CPU s, median",
        "CPU s, 99th pct",
        "start CPU s",
        "peak MB",
        "installed MB",
    ):
        table.add_column(heading, justify="right")
    ours = figures[OURS]
    for name, each in figures.items():
        table.add_row(
            name,
            f"{each.found} ({each.found / (ours.found or 1):.2f})",
            f"{each.beside} ({each.beside / (ours.beside or 1):.2f})",
            str(each.failed),
            f"{each.median:.3f} ({each.median / ours.median:.2f})",
            f"{each.p99:.3f} ({each.p99 / ours.p99:.2f})",
            f"{each.start:.2f} ({each.start / ours.start:.2f})",
            f"{each.peak / 1e6:.0f} ({each.peak / ours.peak:.2f})",
            f"{_installed(PACKAGES[name]) / 1e6:.1f}",
        )
    return table


def _installed(package: str) -> int:
    """Bytes of a distribution and of what it cannot do without, bytecode left out."""
    names, files = [package], set[Path]()
    for name in names:
        distribution = importlib.metadata.distribution(name)
        files |= {Path(str(file.locate())) for file in distribution.files or () if file.suffix != ".pyc"}
        required = (line for line in distribution.requires or () if ";" not in line)
        names += [each for line in required if (each := _name(line)) not in names]
    return sum(file.stat().st_size for file in files if file.is_file())


def _name(requirement: str) -> str:
    end = next((i for i, c in enumerate(requirement) if not (c.isalnum() or c in "-_.")), len(requirement))
    return requirement[:end]


if __name__ == "__main__":
    sys.exit(main())
