"""The whole system on one machine: some mails in, the table of what became of them out."""

import argparse
import asyncio
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NoReturn

from azure.storage.queue import QueueServiceClient
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from infrastructure.checkout import LocalError, checkout
from infrastructure.local.package import mounted
from infrastructure.local.samples import AP_MAILBOX, LATE_VENDOR, MAILBOX, VENDORS, sample_mails
from infrastructure.local.system import System, fresh_folder, running
from infrastructure.operations.vendors import read_vendors, write_vendors
from shared.adapters.queues import StorageQueues
from shared.domain.messages import ADD_VENDOR
from shared.domain.reason import EXPLANATIONS
from shared.domain.transaction import Status, Transaction
from shared.wiring import vendor_desk

POLL_SECONDS = 0.5
QUIET_SECONDS = 2.0  # everything final for so long
PARKED_SECONDS = 20.0  # the same while a mail waits for the vendor: longer than the app's slowest poll of a queue
STALLED_SECONDS = 300.0  # without any mail getting on


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what run takes."""
    parser.add_argument("mail", nargs="*", type=Path, help=".eml files or folders; default: the sample mailbox")
    parser.add_argument("--keep", action="store_true", help="leave it running afterwards, until Ctrl-C")
    parser.add_argument(
        "--package", type=Path, default=checkout(), metavar="ZIP", help="run this deployment package, not the checkout"
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the system over the mails; 0 only if every one reached a final state."""
    signal.signal(signal.SIGTERM, _end)
    try:
        return _run(arguments)
    except (SystemExit, KeyboardInterrupt) as ended:
        sys.stdout.flush()
        # Everything is stopped by now; a thread that still calls the storage would try again for minutes.
        os._exit(128 + (signal.SIGINT if isinstance(ended, KeyboardInterrupt) else signal.SIGTERM))


def _run(arguments: argparse.Namespace) -> int:
    console = Console(stderr=True)
    mails = list(_mails(arguments.mail))
    with mounted(arguments.package.resolve()) as app, running(fresh_folder(), app) as system:
        console.print(f"mails in {system.root}, log in {system.log}", soft_wrap=True)
        asyncio.run(_add_vendors(system, console))
        system.arrive(mails)
        rows = _watch(system, len(mails), console, is_sample=not arguments.mail)
        _show(system, rows)
        if arguments.keep:
            _keep(system, console)
    return 0 if len(rows) == len(mails) and all(row.is_finished for row in rows) else 1


def _end(number: int, _: object) -> NoReturn:
    """Leave through every block that stops something; once, as a second signal would cut that short."""
    signal.signal(number, signal.SIG_IGN)
    raise SystemExit(128 + number)


def _mails(paths: Sequence[Path]) -> Iterator[tuple[str, bytes]]:
    if not paths:
        yield from ((sample.name, sample.data) for sample in sample_mails())
    for path in paths:
        if not path.exists():
            raise LocalError(f"{path}: no such file or folder; check the name")
        files = sorted(file for file in path.rglob("*.eml") if file.is_file()) if path.is_dir() else [path]
        if not files or not all(file.suffix == ".eml" for file in files):
            raise LocalError(f"{path}: wanted a mail, a file whose name ends in .eml, or a folder with some")
        yield from ((file.name, file.read_bytes()) for file in files)


async def _add_vendors(system: System, console: Console) -> None:
    entries, _ = read_vendors(VENDORS)
    await write_vendors(vendor_desk(system.environment), entries, console)


async def _add_late_vendor(system: System) -> None:
    """Ask for a vendor as anybody would: by a message."""
    entries, _ = read_vendors(LATE_VENDOR)
    with QueueServiceClient.from_connection_string(system.connection_string) as service:
        queues = StorageQueues(lambda: service)
        for entry in entries:
            await queues.send(ADD_VENDOR, entry.vendor.to_bytes())


class _Steady:
    """For how long a value has stayed what it is."""

    def __init__(self) -> None:
        self._value: object = None
        self._since = time.monotonic()

    def seconds(self, value: object) -> float:
        """Take the value as it is now; how long it has been so."""
        now = time.monotonic()
        if value != self._value:
            self._value, self._since = value, now
        return now - self._since


def _watch(system: System, expected: int, console: Console, *, is_sample: bool) -> list[Transaction]:
    """Wait until everything has come to rest, or nothing moves any more; return the ledger's rows."""
    moving, quiet = _Steady(), _Steady()
    late_vendor_is_due = is_sample
    to_wake = 0  # mails in wait of a vendor when the late one was added
    for rows, at_rest in _polls(system, expected, console):
        if moving.seconds(at_rest) > STALLED_SECONDS:
            console.print(f"nothing moves any more; see {system.log}", style="red", soft_wrap=True)
            break
        is_quiet = system.is_quiet(expected, rows)
        parked = sum(row.status is Status.PARKED for row in rows)
        quiet_seconds = quiet.seconds((is_quiet, late_vendor_is_due))
        if is_quiet and late_vendor_is_due:
            asyncio.run(_add_late_vendor(system))
            late_vendor_is_due, to_wake = False, parked
        elif is_quiet and quiet_seconds > (PARKED_SECONDS if parked and parked == to_wake else QUIET_SECONDS):
            break
    return rows


def _polls(system: System, expected: int, console: Console) -> Iterator[tuple[list[Transaction], int]]:
    """The ledger's rows and how many of them are at rest, shown and read anew while the host runs."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("mails at rest", total=expected)
        while system.host.poll() is None:
            rows = system.rows()
            at_rest = sum(row.is_finished for row in rows)
            progress.update(task, completed=at_rest)
            yield rows, at_rest
            time.sleep(POLL_SECONDS)
    raise LocalError(f"the host ended with code {system.host.returncode}; see {system.log}")


def _show(system: System, rows: Sequence[Transaction]) -> None:
    table = Table(title="what became of the mails", title_justify="left")
    for heading in ("mail", "vendor", "invoice number"):
        table.add_column(heading)
    table.add_column("amount", justify="right")
    table.add_column("outcome")
    table.add_column("reason")
    for name, row in sorted((_file_name(system, row), row) for row in rows):
        amount = f"{row.currency} {row.total:,.2f}".strip() if row.total is not None else ""
        table.add_row(name, row.vendor_name, row.invoice_number, amount, row.status.value, _why(row))
    console = Console(width=None if sys.stdout.isatty() else 160)
    console.print(table)
    posted = sum(1 for row in rows if row.status is Status.POSTED)
    print(f"{len(rows)} mails, {posted} sent to AP")
    print(f"AP mails: {system.root / AP_MAILBOX / 'Inbox'}")
    print(f"filed:    {system.root / MAILBOX}")
    print(f"cards:    {system.root / 'teams'}")


def _why(row: Transaction) -> str:
    """The reasons as sentences, and what exactly it is."""
    similar = [f"similar vendor: {row.suggestion}"] if row.suggestion else []
    details = "; ".join([*row.warnings, *similar])
    reasons = " ".join(EXPLANATIONS[reason].what for reason in row.reasons)
    return f"{reasons} ({details})" if reasons and details else reasons or details


def _file_name(system: System, row: Transaction) -> str:
    path = system.mailbox.file_of(MAILBOX, row.mail_id)
    return path.name if path is not None else row.subject


# What commands of a person's own, or another host, need to work on it.
_FOR_COMMANDS = (
    "AzureWebJobsStorage",
    "GRAPH_BASE_URL",
    "TEAMS_WEBHOOK_URL",
    "INVOICE_MAILBOX",
    "AP_MAILBOX",
    "SYNTHETIC_RECIPIENT",
)


def _keep(system: System, console: Console) -> None:
    console.print(f"drop .eml files into {system.root / MAILBOX / 'Inbox'}; Ctrl-C ends", soft_wrap=True)
    for name in _FOR_COMMANDS:
        console.print(f"export {name}='{system.environment[name]}'", soft_wrap=True, markup=False, highlight=False)
    try:
        system.host.wait()
    except KeyboardInterrupt:
        console.print("stopping")
