"""Writes many vendors at once, and only those that differ from what is there."""

import asyncio
from collections import Counter
from collections.abc import Coroutine, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import StrEnum

from rich.console import Console
from rich.progress import Progress

from infrastructure.operations.vendors.table import COLUMNS, Entry, Fault
from shared.domain.vendor import Vendor
from shared.ports import Conflict
from shared.stages.add_vendor import VendorDesk

_MANY = 1000  # vendors that share a word of their names; one page
AT_ONCE = 16  # each vendor costs several round trips one after the other


class Change(StrEnum):
    """What an entry does to the vendor master."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@dataclass(slots=True)
class Outcome:
    """What became of the entries."""

    changes: Counter[Change] = field(default_factory=Counter)
    faults: list[Fault] = field(default_factory=list)

    @property
    def written(self) -> int:
        """How many vendors differ from what was there."""
        return self.changes[Change.NEW] + self.changes[Change.CHANGED]


async def write_vendors(
    desk: VendorDesk, entries: Sequence[Entry], console: Console, *, is_dry: bool = False
) -> Outcome:
    """Write every vendor through the same path as an `add-vendor` message, and wake what waits for it.

    One that is there already is not written again, but what waits for it is woken; a dry run only looks.
    """
    # The tables' client runs in threads, and by default there are a few for each processor.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(AT_ONCE))
    outcome = Outcome()
    waiting = iter(entries)
    with Progress(console=console, disable=not console.is_terminal) as progress:
        done = progress.add_task("vendors", total=len(entries))

        async def work(some: Iterable[Entry]) -> None:
            for entry in some:
                await _write(desk, entry, outcome, is_dry=is_dry)
                progress.advance(done)

        await _together(work(waiting) for _ in range(AT_ONCE))
    outcome.faults.sort(key=lambda fault: fault.line)
    return outcome


async def _together(work: Iterator[Coroutine[None, None, None]]) -> None:
    """Do all of it; the first error ends the rest and is raised as it is."""
    try:
        async with asyncio.TaskGroup() as group:
            for each in work:
                group.create_task(each)
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from errors


async def _write(desk: VendorDesk, entry: Entry, outcome: Outcome, *, is_dry: bool) -> None:
    change = await _change(desk, entry)
    try:
        if not is_dry and change is Change.UNCHANGED:
            await desk.wake(entry.vendor)
        elif not is_dry:
            await desk.add(entry.vendor)
    except Conflict as error:
        outcome.faults.append(Fault(entry.line, f"{error}; import the file again"))
    outcome.changes[change] += 1


async def _change(desk: VendorDesk, entry: Entry) -> Change:
    vendor = await desk.completed(entry.vendor)
    before = await desk.vendors.get(vendor.vendor_id)
    if before is None:
        return Change.NEW
    if any(getattr(before, column) != getattr(vendor, column) for column in COLUMNS):
        return Change.CHANGED
    # A writing that broke off leaves a row whose keys are missing; nobody would find it.
    return Change.UNCHANGED if await _has_all_keys(desk, vendor) else Change.CHANGED


async def _has_all_keys(desk: VendorDesk, vendor: Vendor) -> bool:
    for key in vendor.keys:
        if vendor.vendor_id not in await desk.vendors.claimants(key):
            return False
    for key in vendor.likenesses:
        if vendor.vendor_id not in {like.vendor_id for like in await desk.vendors.alike(key, _MANY)}:
            return False
    return True
