"""python -m infrastructure.bench.suggestions [VENDORS.csv]: how often a misprinted name suggests its vendor."""

import argparse
import asyncio
import random
import string
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from infrastructure.operations.matching import Master, read_master, registered
from infrastructure.operations.truth import UnusableTruth
from shared.domain import names
from shared.domain.facts import Fact, Facts
from shared.domain.vendor import Vendor
from shared.matching import Matching

THRESHOLDS = (0.70, 0.74, 0.78, 0.82, 0.86, 0.90)
TRIES = 4  # misprints of each name
CORPUS = Path("../shared/corpus/vendors.csv")


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a row for each threshold; returns 0, or 1 where the list cannot be read."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("vendors", nargs="?", type=Path, default=CORPUS, help="vendor_name,domain,country,vat_id")
    console = Console()
    try:
        master = read_master(parser.parse_args(arguments).vendors)
    except UnusableTruth as error:
        console.print(f"bench suggestions: {error}", style="red", markup=False, soft_wrap=True)
        return 1
    table = Table("threshold", "one slip: found", "wrong", "two slips: found", "wrong", "vendor not there: wrong")
    for threshold in THRESHOLDS:
        names.SIMILAR = threshold
        shares = asyncio.run(_shares(_distinct(master.vendors)))
        table.add_row(f"{threshold:.2f}", *(f"{100 * share:.1f} %" for share in shares))
    console.print(table)
    return 0


def _distinct(vendors: Sequence[Vendor]) -> list[Vendor]:
    """One vendor for each name: of two that are called alike neither would be wrong."""
    return list({names.normalised_name(vendor.vendor_name): vendor for vendor in vendors}.values())


async def _shares(vendors: list[Vendor]) -> list[float]:
    found: list[float] = []
    for slips in (1, 2):
        pairs = [(vendor, got) for vendor in vendors for got in await _suggested(Master(vendors), vendor, slips)]
        right = sum(got.endswith(f"({vendor.vendor_id})") for vendor, got in pairs)
        wrong = sum(bool(got) for _, got in pairs) - right
        found += [right / len(pairs), wrong / len(pairs)]
    absent = [
        got
        for vendor in vendors
        for got in await _suggested(Master([other for other in vendors if other is not vendor]), vendor, 1)
    ]
    return [*found, sum(map(bool, absent)) / len(absent)]


async def _suggested(master: Master, vendor: Vendor, slips: int) -> list[str]:
    """What is suggested for misprints of a vendor's name; the same ones in every run."""
    dice = random.Random(vendor.vendor_id)  # noqa: S311  no secret
    desk = Matching(master, registered)
    suggested = []
    for _ in range(TRIES):
        printed = vendor.vendor_name
        for _ in range(slips):
            printed = _slipped(printed, dice)
        if names.normalised_name(printed) != names.normalised_name(vendor.vendor_name):
            suggested.append(await desk.suggestion(Facts(names=(Fact(printed, "made up"),))))
    return suggested


def _slipped(text: str, dice: random.Random) -> str:
    """One letter dropped, changed or added, or two swapped."""
    at = dice.randrange(len(text))
    letter = dice.choice(string.ascii_lowercase)
    head, rest = text[:at], text[at:]
    return head + dice.choice((rest[1:], letter + rest[1:], letter + rest, rest[1:2] + rest[:1] + rest[2:]))


if __name__ == "__main__":
    sys.exit(main())
