"""Writes a vendor and wakes the mails that waited for it."""

import logging

from shared.casework import TRIES, Desk, transaction_log
from shared.domain.messages import ADD_VENDOR, AddVendor
from shared.domain.release import vendor_added
from shared.domain.transaction import Event, Key, Status, Transaction, UnreadableRow
from shared.ports import Conflict, Queues, Vendors

log = logging.getLogger(__name__)

PAGE = 50  # mails woken by one message; a continuation message wakes the rest


class VendorDesk:
    """The stage behind `add-vendor`, and the one way in for every vendor."""

    def __init__(self, desk: Desk, vendors: Vendors, queues: Queues) -> None:
        self._desk = desk
        self.vendors = vendors
        self.queues = queues

    async def run(self, body: bytes) -> None:
        """Handle one message; raises UnreadableMessage that names every column at fault."""
        await self.add(AddVendor.parse(body))

    async def add(self, vendor: AddVendor) -> None:
        """Write the vendor, then wake a page of what waits for it; the same vendor any number of times is no error."""
        await self.vendors.upsert(await self.completed(vendor))
        await self.wake(vendor)

    async def completed(self, vendor: AddVendor) -> AddVendor:
        """The vendor with the accounts that it is known to have, where it comes without any: they were learnt."""
        known = None if vendor.ibans else await self.vendors.get(vendor.vendor_id)
        return vendor.model_copy(update={"ibans": known.ibans}) if known else vendor

    async def wake(self, vendor: AddVendor) -> None:
        """Wake a page of what waits for a vendor that is written, and ask for the rest by a message."""
        if any([await self._wake_page(key) for key in vendor.keys]):
            await self.queues.send(ADD_VENDOR, vendor.to_bytes())

    async def _wake_page(self, vendor_key: str) -> bool:
        """Wake some of the mails parked under a key; whether there may be more."""
        waiting = await self.vendors.parked(vendor_key, PAGE)
        woken = [await self._wake(vendor_key, key) for key in waiting]
        return len(waiting) == PAGE and any(woken)

    async def _wake(self, vendor_key: str, key: Key) -> bool:
        for _ in range(TRIES):
            try:
                row = await self._desk.ledger.get(key)
            except UnreadableRow as error:
                transaction_log(log, key.transaction_id).error("left alone: %s", error)
                return False  # a newer release may have written it: the index remembers it until it can be read
            if row is not None and row.status is Status.RECEIVED and vendor_key not in row.parked_keys:
                return False  # it is being parked at this moment, and looks for its vendor once more after that
            try:
                await self._take_up(row)
            except Conflict:
                continue  # its filing was noted in between
            stale = row.parked_keys if row is not None else ()
            await self.vendors.unpark(tuple({vendor_key, *stale}), key)
            return True
        raise Conflict(f"transaction {key.transaction_id} is written by others all the time")

    async def _take_up(self, row: Transaction | None) -> None:
        """Drive a row that waits; raises Conflict."""
        if row is not None and row.status is Status.PARKED:
            after = vendor_added(row, self._desk.clock())
            event = Event(after.status.value, self._desk.function, "vendor added")
            await self._desk.reopen(self.queues, after, event)
        elif row is not None and row.status is Status.RECEIVED:
            # Taken up again before; whether it was driven, too, nobody can tell.
            await self._desk.drive(self.queues, self._desk.entry(row), row)
