"""Fills the vendor master from a CSV file."""

import argparse
import asyncio
import csv
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from azure.core.exceptions import AzureError
from rich.console import Console
from rich.progress import track
from rich.table import Table

from infrastructure.checkout import checkout
from infrastructure.local_settings import SettingError, add_local_settings
from shared.domain.messages import AddVendor, UnreadableMessage
from shared.settings import InvalidSettings
from shared.stages.add_vendor import VendorDesk
from shared.wiring import vendor_desk

REQUIRED = (
    "vendor_name",
    "email_domain",
    "expense_dept",
    "allocation_schedule",
    "gl_code",
    "billing_party",
    "notes",
)
OPTIONAL = ("vendor_id", "vat_id", "aliases", "ibans")

OK, COULD_NOT_RUN, LINES_AT_FAULT = 0, 1, 3


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one line of the file."""

    line: int
    what: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A vendor and the line that it stands on."""

    line: int
    vendor: AddVendor


class UnusableFile(Exception):
    """The file is no table of vendors at all."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare `vendors import FILE.csv`."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    action = actions.add_parser("import", help="write the vendors of a CSV file; wakes the mails that wait for them")
    action.add_argument("file", type=Path, help=f"columns {','.join(REQUIRED)}; optional {','.join(OPTIONAL)}")
    action.set_defaults(run=_import)


def _import(arguments: argparse.Namespace) -> int:
    console = Console(stderr=True)
    try:
        entries, faults = read_vendors(arguments.file)
        written = asyncio.run(write_vendors(_desk(), entries, console))
    except (UnusableFile, InvalidSettings, SettingError) as error:
        console.print(f"vendors import: {error}", style="red", markup=False, soft_wrap=True)
        return COULD_NOT_RUN
    except AzureError as error:
        console.print(
            f"vendors import: storage cannot be reached or refuses: {error}", style="red", markup=False, soft_wrap=True
        )
        return COULD_NOT_RUN
    _report(faults, console)
    print(f"{written} vendors written, {len(faults)} lines refused")
    return LINES_AT_FAULT if faults else OK


def _desk() -> VendorDesk:
    environment = dict(os.environ)
    add_local_settings(checkout(), environment)
    try:
        return vendor_desk(environment)
    except ValueError as error:  # the SDK's, whose text may hold the key
        raise UnusableFile("AzureWebJobsStorage: no connection string of a storage account") from error


def read_vendors(path: Path) -> tuple[list[Entry], list[Fault]]:
    """Parse the file; a line at fault is reported and does not stop the others; raises UnusableFile."""
    entries: list[Entry] = []
    faults: list[Fault] = []
    seen: dict[str, int] = {}
    for line, row in _rows(path):
        if None in row or None in row.values():
            # Read on, a missing or surplus comma would code invoices wrongly without a word.
            faults.append(Fault(line, "more or fewer cells than the header; quote cells that hold a comma"))
            continue
        try:
            vendor = AddVendor.checked(row)
        except UnreadableMessage as error:
            faults.append(Fault(line, str(error)))
            continue
        if vendor.vendor_id in seen:
            first = seen[vendor.vendor_id]
            faults.append(Fault(line, f"vendor {vendor.vendor_id} stands on line {first} already; name a vendor_id"))
            continue
        seen[vendor.vendor_id] = line
        entries.append(Entry(line, vendor))
    return entries, faults


def _rows(path: Path) -> Iterator[tuple[int, dict[str | None, str | None]]]:
    try:
        # utf-8-sig: Excel writes a byte order mark
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            header = [name.strip() for name in reader.fieldnames or ()]
            _check_header(path, header)
            reader.fieldnames = header
            for row in reader:
                yield reader.line_num, row
    except OSError as error:
        raise UnusableFile(f"cannot read {path}: {error.strerror}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise UnusableFile(f"{path} is no UTF-8 CSV file: {error}; save it as 'CSV UTF-8'") from error


def _check_header(path: Path, header: list[str]) -> None:
    missing = [name for name in REQUIRED if name not in header]
    unknown = [repr(name) for name in header if name not in REQUIRED + OPTIONAL]
    twice = [name for name in dict.fromkeys(header) if header.count(name) > 1]
    found = [
        f"{fault} {', '.join(names)}"
        for fault, names in (("missing", missing), ("unknown", unknown), ("more than once", twice))
        if names
    ]
    if found:
        raise UnusableFile(
            f"{path}, line 1: {'; '.join(found)}; wanted {','.join(REQUIRED)}, optional {','.join(OPTIONAL)}"
        )


async def write_vendors(desk: VendorDesk, entries: list[Entry], console: Console) -> int:
    """Write every vendor through the same path as an `add-vendor` message; returns how many."""
    for entry in track(entries, "vendors", console=console, disable=not console.is_terminal):
        await desk.add(entry.vendor)
    return len(entries)


def _report(faults: list[Fault], console: Console) -> None:
    if not faults:
        return
    table = Table(title="lines that were refused", title_justify="left")
    table.add_column("line", justify="right")
    table.add_column("what is wrong")
    for fault in faults:
        table.add_row(str(fault.line), fault.what)
    console.print(table)
