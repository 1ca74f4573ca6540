"""The vendor master as a CSV file."""

import csv
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from shared.domain.messages import AddVendor, UnreadableMessage
from shared.domain.vendor import Vendor

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
COLUMNS = REQUIRED + OPTIONAL
STDOUT = Path("-")


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
    unknown = [repr(name) for name in header if name not in COLUMNS]
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


async def write_table(vendors: AsyncIterator[Vendor], path: Path) -> int:
    """Write the vendors as they come, so that `read_vendors` reads them again; returns how many."""
    written = 0
    with _target(path) as file:
        rows = csv.writer(file)
        rows.writerow(COLUMNS)
        async for vendor in vendors:
            rows.writerow([cell_of(vendor, column) for column in COLUMNS])
            written += 1
    return written


def cell_of(vendor: Vendor, column: str) -> str:
    """A column of a vendor as a cell; several values are separated by ";"."""
    value = getattr(vendor, column)
    return value if isinstance(value, str) else ";".join(value)


@contextmanager
def _target(path: Path) -> Iterator[TextIO]:
    """Stdout, or the file as a whole: one that breaks off leaves the file that was there as it was."""
    if path == STDOUT:
        sys.stdout.reconfigure(encoding="utf-8", newline="")  # type: ignore[union-attr]  # stdout is no bare TextIO
        yield sys.stdout
        return
    try:
        handle, part = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise UnusableFile(f"cannot write {path}: {error.strerror}") from error
    try:
        # With a byte order mark: without, Excel takes it for the machine's own encoding and spoils names.
        with os.fdopen(handle, "w", encoding="utf-8-sig", newline="") as file:
            yield file
        Path(part).replace(path)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise
