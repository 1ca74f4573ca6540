"""Measures the reading, and what is held as a fraud, on documents whose values are known."""

import argparse
import asyncio
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.progress import track

from infrastructure.local.samples.builders import make_invoice_pdf
from infrastructure.operations import quality_report, risk_report
from infrastructure.operations.cpu import children_seconds
from infrastructure.operations.exits import AT_FAULT, COULD_NOT_RUN, OK
from infrastructure.operations.files import Fault, unopened
from infrastructure.operations.matching import Master, Matched, match, read_master
from infrastructure.operations.reading import read_file, reader
from infrastructure.operations.risk import Read, Risk, measure_risk
from infrastructure.operations.scores import Cell, judge
from infrastructure.operations.sorts import sort_of
from infrastructure.operations.truth import CORPUS, Expected, UnusableTruth, read_truth
from shared.adapters.documents import Limits
from shared.ports import Content, Documents


@dataclass(slots=True)
class Measured:
    """What a run over all files has shown."""

    cells: list[Cell] = field(default_factory=list)
    matched: list[Matched] = field(default_factory=list)
    read: list[Read] = field(default_factory=list)
    risk: Risk = field(default_factory=Risk)
    seconds: list[float] = field(default_factory=list)  # of CPU, by file
    faults: list[Fault] = field(default_factory=list)

    @property
    def median_seconds(self) -> float:
        """CPU seconds that half of the files do not exceed."""
        return median(self.seconds)

    @property
    def p99_seconds(self) -> float:
        """CPU seconds that 99 of 100 files do not exceed (nearest rank)."""
        return percentile(self.seconds, 0.99)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that this share of all does not exceed."""
    return sorted(values)[math.ceil(share * len(values)) - 1]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare `quality [TRUTH.csv]`."""
    parser.add_argument(
        "truth",
        nargs="?",
        type=Path,
        default=CORPUS / "truth.csv",
        metavar="TRUTH.csv",
        help="path,vendor_name,... of documents that lie beside it; default: %(default)s",
    )
    parser.add_argument(
        "--vendors", type=Path, metavar="VENDORS.csv", help="vendor_name,domain,country,vat_id; default: beside TRUTH"
    )
    parser.add_argument(
        "--errors",
        action="store_true",
        help="list every field that was not read rightly, and every mail wrongly held or not",
    )
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    console = Console(stderr=True)
    try:
        truth = read_truth(arguments.truth)
        master = _master(arguments)
    except UnusableTruth as error:
        console.print(f"quality: {error}", style="red", markup=False, soft_wrap=True)
        return COULD_NOT_RUN
    measured = asyncio.run(measure(truth, master, console))
    for fault in measured.faults:
        console.print(f"quality: {fault}", style="red", markup=False, soft_wrap=True)
    if not measured.seconds:
        return COULD_NOT_RUN
    quality_report.show(measured, with_errors=arguments.errors)
    risk_report.show(measured.risk, with_errors=arguments.errors)
    return AT_FAULT if measured.faults else OK


def _master(arguments: argparse.Namespace) -> Master | None:
    beside = arguments.truth.with_name("vendors.csv")
    path = arguments.vendors or (beside if beside.is_file() else None)
    return read_master(path) if path else None


async def measure(truth: Sequence[Expected], master: Master | None, console: Console) -> Measured:
    """Read every document and compare; one child reads them all, so that only a lost one costs a start."""
    measured = Measured()
    async with reader(Limits(children=1, mails_per_child=len(truth) + 2)) as documents:
        await documents.read([Content("start.pdf", "", make_invoice_pdf())])
        for expected in track(truth, "reading", console=console, disable=not console.is_terminal, transient=True):
            try:
                await _measure(expected, master, documents, measured)
            except OSError as error:
                measured.faults.append(Fault(str(expected.path), unopened(error)))
    measured.risk = await measure_risk(measured.read)
    return measured


async def _measure(expected: Expected, master: Master | None, documents: Documents, measured: Measured) -> None:
    own, children = time.process_time(), children_seconds()
    facts = await read_file(expected.path, documents)
    children = children_seconds() - children
    measured.seconds.append(time.process_time() - own + children)
    measured.read.append((expected, facts))
    document = facts.documents[0] if facts.documents else None
    measured.cells += judge(expected, sort_of(expected, document), facts)
    if master is not None:
        measured.matched.append(await match(master, expected, facts))
