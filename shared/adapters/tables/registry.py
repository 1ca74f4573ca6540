"""The small indexes that answer "has this been seen before", and the poison messages kept for people."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from azure.data.tables import TableClient

from shared.adapters.tables.service import (
    NUMBERS,
    PERMITS,
    POISON,
    REPEATS,
    Tables,
    etag_of,
    get_entity,
    insert_new,
    merge,
    merge_if_same,
    read_row_names,
    table_key,
)
from shared.domain.transaction import Key
from shared.ports import Poison

KEPT_BODY = 30_000  # characters of a poison message; a text column holds 32 Ki

_PERMIT_PARTITION = "permit"
_REPEATS_ROW = "seen"
_MOST_REPEATS = 500  # entries of one list; 27 Ki characters of the 32 Ki that a column holds
_TRIES = 10  # writers that meet on one row; a loser reads it again


class TableRegistry:
    """Implements the Registry port."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._one_at_a_time = asyncio.Lock()  # this process would only race itself for the minute's row
        self._minute = _Minute("")

    async def take_permit(self, now: datetime, per_minute: int) -> bool:
        minute = now.astimezone(UTC).strftime("%Y%m%d%H%M")
        async with self._one_at_a_time:
            if self._minute.name != minute:
                self._minute = _Minute(minute)
            return await self._tables.run(PERMITS, _take_permit, self._minute, per_minute)

    async def claim(self, vendor_id: str, trait: str, key: Key) -> Key:
        entity = {
            "PartitionKey": table_key(vendor_id),
            "RowKey": table_key(trait),
            "Partition": key.partition,
            "TransactionId": key.transaction_id,
        }
        if await self._tables.run(NUMBERS, insert_new, entity):
            return key
        return await self.holder(vendor_id, trait) or key

    async def holder(self, vendor_id: str, trait: str) -> Key | None:
        first = await self._tables.run(NUMBERS, get_entity, table_key(vendor_id), table_key(trait))
        return Key(first["Partition"], first["TransactionId"]) if first else None

    async def take_over(self, vendor_id: str, trait: str, old: Key, new: Key) -> Key:
        return await self._tables.run(NUMBERS, _take_over, table_key(vendor_id), table_key(trait), old, new)

    async def count_repeat(self, digest: str, key: Key, now: datetime) -> int:
        entry = f"{key.transaction_id}@{now.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        # The common case, a mail like no other, costs one request.
        if await self._tables.run(REPEATS, insert_new, {"PartitionKey": digest, "RowKey": _REPEATS_ROW, "Seen": entry}):
            return 1
        async with self._one_at_a_time:
            return await self._tables.run(REPEATS, _count_repeat, digest, entry)

    async def set_poison(self, poison: Poison) -> None:
        entity = {
            "PartitionKey": table_key(poison.queue),
            "RowKey": table_key(poison.message_id),
            "Body": poison.body[:KEPT_BODY],
            "Reason": poison.reason,
            "InsertedAt": poison.inserted_at,
            "TransactionId": poison.transaction_id,
        }
        await self._tables.run(POISON, merge, entity)

    async def kept_poison(self, queue: str) -> int:
        return len(await self._tables.run(POISON, read_row_names, table_key(queue), ""))


def _take_over(table: TableClient, vendor: str, trait: str, old: Key, new: Key) -> Key:
    entity = table.get_entity(vendor, trait)
    holder = Key(entity["Partition"], entity["TransactionId"])
    mine = {**entity, "Partition": new.partition, "TransactionId": new.transaction_id}
    if holder == old and merge_if_same(table, mine, etag_of(entity)):
        return new
    entity = table.get_entity(vendor, trait)
    return Key(entity["Partition"], entity["TransactionId"])


def _count_repeat(table: TableClient, digest: str, entry: str) -> int:
    """Append an entry to the list of those seen, under the ETag; returns its place among those of the last hour."""
    transaction_id, _, at = entry.partition("@")
    since = f"{datetime.fromisoformat(at) - timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"
    for _ in range(_TRIES):
        entity = table.get_entity(digest, _REPEATS_ROW)
        seen = str(entity["Seen"]).split(";")
        ids = [one.partition("@")[0] for one in seen]
        if transaction_id in ids:
            return ids.index(transaction_id) + 1
        recent = [one for one in seen if one.partition("@")[2] >= since][-_MOST_REPEATS:]
        recent.append(entry)
        if merge_if_same(table, {**entity, "Seen": ";".join(recent)}, etag_of(entity)):
            return len(recent)
    return _MOST_REPEATS  # so many at this very moment that this one cannot get at the list


@dataclass(slots=True)
class _Minute:
    """The row of a minute as this process knows it; mostly nobody else writes it, and reading it first is spared."""

    name: str
    taken: int = 0
    etag: str = ""


def _take_permit(table: TableClient, minute: _Minute, per_minute: int) -> bool:
    """Count up under the ETag; a minute that is full, or too crowded to get at, has no permit left."""
    for _ in range(_TRIES):
        if minute.taken >= per_minute:
            return False
        entity = {"PartitionKey": _PERMIT_PARTITION, "RowKey": minute.name, "Taken": minute.taken + 1}
        etag = merge_if_same(table, entity, minute.etag) if minute.etag else insert_new(table, entity)
        if etag:
            minute.taken, minute.etag = minute.taken + 1, etag
            return True
        found = get_entity(table, _PERMIT_PARTITION, minute.name)
        minute.taken, minute.etag = (found["Taken"], etag_of(found)) if found is not None else (0, "")
    return False
