"""python -m infrastructure.operations vendors ACTION."""

import argparse
import asyncio
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from infrastructure.operations.command import complain, guarded
from infrastructure.operations.exits import AT_FAULT, OK
from infrastructure.operations.vendors.check import Finding, Placed, check
from infrastructure.operations.vendors.storage import desk
from infrastructure.operations.vendors.table import (
    COLUMNS,
    OPTIONAL,
    REQUIRED,
    STDOUT,
    Fault,
    UnusableFile,
    cell_of,
    read_vendors,
    write_table,
)
from infrastructure.operations.vendors.writing import Change, Outcome, write_vendors
from shared.domain.messages import ADD_VENDOR, AddVendor, UnreadableMessage
from shared.domain.vendor import Vendor

WIDTH = 140  # where the output is no terminal
_FORMAT = f"columns {','.join(REQUIRED)}; optional {','.join(OPTIONAL)}"
_CODES = "Exit codes: 0 all right; 1 could not run; 2 usage; 3 lines or vendors are at fault."
_LISTED = ("vendor_id", "vendor_name", "email_domain", "gl_code", "vat_id", "aliases")

# Option to the column it fills; the plural ones may be given several times.
_ONE = {
    "--name": "vendor_name",
    "--expense-dept": "expense_dept",
    "--allocation-schedule": "allocation_schedule",
    "--gl-code": "gl_code",
    "--billing-party": "billing_party",
    "--notes": "notes",
    "--vendor-id": "vendor_id",
    "--vat-id": "vat_id",
}
_SEVERAL = {"--domain": "email_domain", "--alias": "aliases", "--iban": "ibans"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the actions of `vendors`."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    _declare_import(actions)
    _declare_looks(actions)
    _declare_add(actions)
    for action in actions.choices.values():
        action.epilog = _CODES


def _declare_import(actions: Any) -> None:
    action = actions.add_parser(
        "import",
        help="write the vendors of a CSV file (seeding VendorMaster); wakes the mails that wait for them",
        description="Seeding VendorMaster: write the vendors of a CSV file, new and changed ones only, and wake the "
        "mails that wait for any of them. The same file any number of times is no error.",
    )
    action.add_argument("file", type=Path, help=_FORMAT)
    action.add_argument("--dry-run", action="store_true", help="say what would be written, and write nothing")
    action.set_defaults(run=partial(_guarded, _import))


def _declare_looks(actions: Any) -> None:
    action = actions.add_parser("export", help="write all vendors as a CSV file that import reads again")
    action.add_argument("file", nargs="?", type=Path, default=STDOUT, help="default: -, which is stdout")
    action.set_defaults(run=partial(_guarded, _export))
    action = actions.add_parser("list", help="show the vendors")
    action.add_argument("--search", default="", metavar="TEXT", help="only those with this text in any column")
    action.set_defaults(run=partial(_guarded, _list))
    action = actions.add_parser("check", help="look for what is wrong with a CSV file, or with the vendors that are in")
    action.add_argument("file", nargs="?", type=Path, help=f"{_FORMAT}; default: the tables")
    action.set_defaults(run=partial(_guarded, _check))


def _declare_add(actions: Any) -> None:
    action = actions.add_parser("add", help=f"ask the app for a vendor, by a message on the queue {ADD_VENDOR}")
    for option, column in _ONE.items():
        action.add_argument(option, dest=column, default="", required=column == "vendor_name")
    for option, column in _SEVERAL.items():
        action.add_argument(option, dest=column, action="append", default=[], help="may be given several times")
    action.set_defaults(run=partial(_guarded, _add))


def _guarded(command: Callable[[argparse.Namespace], int], arguments: argparse.Namespace) -> int:
    return guarded(arguments, partial(command, arguments), UnusableFile, UnreadableMessage)


def _import(arguments: argparse.Namespace) -> int:
    console = Console(stderr=True)
    entries, refused = read_vendors(arguments.file)
    outcome = asyncio.run(write_vendors(desk(), entries, console, is_dry=arguments.dry_run))
    faults = [*refused, *outcome.faults]
    _show_faults("lines that were refused", "line", [(str(fault.line), fault.what) for fault in faults])
    print(_summary(outcome, refused, is_dry=arguments.dry_run))
    return AT_FAULT if faults else OK


def _summary(outcome: Outcome, refused: Sequence[Fault], *, is_dry: bool) -> str:
    new, changed, unchanged = (outcome.changes[change] for change in Change)
    verb = "would be written" if is_dry else "written"
    return (
        f"{outcome.written} vendors {verb} ({new} new, {changed} changed), {unchanged} unchanged, "
        f"{len(refused)} lines refused"
    )


def _show_faults(title: str, heading: str, faults: Sequence[tuple[str, str]]) -> None:
    if not faults:
        return
    table = Table(title=title, title_justify="left")
    table.add_column(heading, justify="right")
    table.add_column("what is wrong", overflow="fold")
    for place, what in faults:
        table.add_row(Text(place), Text(what))
    Console(stderr=True).print(table)


def _export(arguments: argparse.Namespace) -> int:
    written = asyncio.run(write_table(desk().vendors.all(), arguments.file))
    where = "" if arguments.file == STDOUT else f" to {arguments.file}"
    Console(stderr=True).print(f"{written} vendors written{where}", highlight=False, soft_wrap=True)
    return OK


def _list(arguments: argparse.Namespace) -> int:
    wanted = arguments.search.casefold()
    vendors = [each for each in asyncio.run(_all()) if any(wanted in cell_of(each, c).casefold() for c in COLUMNS)]
    table = Table(*_LISTED)
    for vendor in vendors:
        table.add_row(*(Text(cell_of(vendor, column).replace(";", "\n")) for column in _LISTED))
    Console(width=None if sys.stdout.isatty() else WIDTH).print(table)
    print(f"{len(vendors)} vendors")
    return OK


async def _all() -> list[Vendor]:
    return [vendor async for vendor in desk().vendors.all()]


def _check(arguments: argparse.Namespace) -> int:
    findings = _of_file(arguments.file) if arguments.file else _of_tables(asyncio.run(_all()))
    _show_faults("what is wrong", "line" if arguments.file else "vendor", [(f.place, f.what) for f in findings])
    print(f"{len(findings)} faults")
    return AT_FAULT if findings else OK


def _of_file(path: Path) -> list[Finding]:
    entries, faults = read_vendors(path)
    found = [Finding(f"line {fault.line}", fault.what) for fault in faults]
    found += check(Placed(f"line {entry.line}", entry.vendor) for entry in entries)
    return sorted(found, key=lambda finding: int(finding.place.removeprefix("line ")))


def _of_tables(vendors: Sequence[Vendor]) -> list[Finding]:
    """Rows may have been edited by hand, so that each is also read as a line of a file would be."""
    found = check(Placed(vendor.vendor_id, vendor) for vendor in vendors)
    for vendor in vendors:
        try:
            AddVendor.checked(vendor.model_dump())
        except UnreadableMessage as error:
            found.append(Finding(vendor.vendor_id, str(error)))
    return found


def _add(arguments: argparse.Namespace) -> int:
    columns = [*_ONE.values(), *_SEVERAL.values()]
    vendor = AddVendor.checked({column: getattr(arguments, column) for column in columns})
    asyncio.run(desk().queues.send(ADD_VENDOR, vendor.to_bytes()))
    for finding in check([Placed(vendor.vendor_id, vendor)]):
        complain(arguments, finding.what)
    print(f"asked for {vendor.vendor_id} on the queue {ADD_VENDOR}: the app writes it and wakes the mails that wait")
    return OK
