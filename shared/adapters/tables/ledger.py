"""`InvoiceTransactions` with its history, `OpenTransactions`, and the index by transaction id."""

import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError
from azure.data.tables import UpdateMode

from shared.adapters.tables.service import (
    LEDGER,
    MARKERS,
    OPEN,
    PRECONDITION_FAILED,
    Tables,
    delete,
    get_entity,
    insert_new,
    merge,
    read_partition,
    read_row_names,
    submit,
    table_key,
)
from shared.domain.open_entry import OpenEntry
from shared.domain.transaction import Event, Key, Transaction
from shared.ports import Conflict

log = logging.getLogger(__name__)

_OPEN_PARTITION = "open"
_TAKEN = {404, 409, PRECONDITION_FAILED}  # gone, exists already, changed since it was read


class TableLedger:
    """Implements the Ledger port; a transaction's events lie behind its row: `<id>`, `<id>.000001` and so on."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def get(self, key: Key) -> Transaction | None:
        entity = await self._tables.run(LEDGER, get_entity, table_key(key.partition), table_key(key.transaction_id))
        if entity is None:
            return None
        return Transaction.from_columns(entity).model_copy(update={"etag": entity.metadata["etag"]})

    async def insert(self, row: Transaction, event: Event) -> bool:
        if await self._insert(row, event):
            return True
        if await self._tables.run(LEDGER, get_entity, row.partition, row.transaction_id) is not None:
            return False
        # The row alone was deleted by hand: what happens from now on is written behind the history that is left.
        return await self._insert(row.model_copy(update={"revision": await self._next_revision(row)}), event)

    async def _insert(self, row: Transaction, event: Event) -> bool:
        try:
            await self._tables.run(LEDGER, submit, [("create", _row(row)), ("create", _event(row, event))])
        except HttpResponseError as error:
            if error.status_code in _TAKEN:
                return False
            raise
        return True

    async def _next_revision(self, row: Transaction) -> int:
        names = await self._tables.run(LEDGER, read_row_names, row.partition, f"{row.transaction_id}.")
        return max((int(name.rpartition(".")[2]) for name in names), default=-1) + 1

    async def update(self, row: Transaction, event: Event) -> Transaction:
        write = uuid4().hex
        if (written := await self._merge(row, event, write)) is not None:
            return written
        entity = await self._tables.run(LEDGER, get_entity, row.partition, row.transaction_id)
        etag = "" if entity is None else entity.metadata["etag"]
        if entity is not None and entity.get("Write") == write:
            # The client repeats a request whose answer got lost; its second try met the first one's row.
            return row.model_copy(update={"etag": etag})
        if etag == row.etag:
            # Nobody wrote the row: the event's place is taken, by a history whose beginning was deleted by hand.
            behind = row.model_copy(update={"revision": await self._next_revision(row)})
            if (written := await self._merge(behind, event, write)) is not None:
                return written
        raise Conflict(f"transaction {row.transaction_id} was written by somebody else")

    async def _merge(self, row: Transaction, event: Event, write: str) -> Transaction | None:
        if_unchanged = {"mode": UpdateMode.MERGE, "etag": row.etag, "match_condition": MatchConditions.IfNotModified}
        merge = ("update", {**_row(row), "Write": write}, if_unchanged)
        try:
            answers = await self._tables.run(LEDGER, submit, [merge, ("create", _event(row, event))])
        except HttpResponseError as error:
            if error.status_code in _TAKEN:
                return None
            raise
        return row.model_copy(update={"etag": answers[0]["etag"]})

    async def open_entries(self) -> Sequence[OpenEntry]:
        entities = await self._tables.run(OPEN, read_partition, _OPEN_PARTITION)
        return [entry for entity in entities if (entry := _open_entry(entity)) is not None]

    async def put_open(self, entry: OpenEntry) -> None:
        entity = {
            "PartitionKey": _OPEN_PARTITION,
            "RowKey": entry.key.transaction_id,
            "Partition": entry.key.partition,
            "MailId": entry.mail_id,
            "NotBefore": entry.not_before,
            "Waiting": entry.waiting,
            "Stalls": entry.stalls,
            "Progress": entry.progress,
        }
        await self._tables.run(OPEN, merge, entity)

    async def postpone(self, key: Key, mail_id: str, not_before: datetime) -> None:
        entity = {
            "PartitionKey": _OPEN_PARTITION,
            "RowKey": key.transaction_id,
            "Partition": key.partition,
            "MailId": mail_id,
            "NotBefore": not_before,
            "Waiting": True,
        }
        await self._tables.run(OPEN, merge, entity)

    async def close(self, key: Key) -> None:
        await self._tables.run(OPEN, delete, _OPEN_PARTITION, key.transaction_id)

    async def index_marker(self, key: Key) -> bool:
        entity = {
            "PartitionKey": key.transaction_id[:12],
            "RowKey": key.transaction_id,
            "Partition": key.partition,
        }
        return bool(await self._tables.run(MARKERS, insert_new, entity))

    async def by_reference(self, reference: str) -> Sequence[Key]:
        entities = await self._tables.run(MARKERS, read_partition, table_key(reference[:12]), 10)
        keys = [Key(entity["Partition"], entity["RowKey"]) for entity in entities]
        return [key for key in keys if key.transaction_id.startswith(reference)]


def _row(row: Transaction) -> dict[str, Any]:
    return {"PartitionKey": row.partition, "RowKey": row.transaction_id, **row.to_columns()}


def _event(row: Transaction, event: Event) -> dict[str, Any]:
    return {
        "PartitionKey": row.partition,
        "RowKey": f"{row.transaction_id}.{row.revision:06d}",
        "EventOf": row.transaction_id,
        "At": row.updated_at,
        "What": event.what,
        "By": event.by,
        "Why": event.why,
    }


def _open_entry(entity: Mapping[str, Any]) -> OpenEntry | None:
    try:
        return OpenEntry(
            key=Key(entity["Partition"], entity["RowKey"]),
            mail_id=str(entity.get("MailId", "")),
            not_before=entity["NotBefore"].astimezone(UTC),
            waiting=bool(entity.get("Waiting")),
            stalls=int(entity.get("Stalls", 0)),
            progress=str(entity.get("Progress", "")),
        )
    except (KeyError, AttributeError, TypeError, ValueError) as error:
        # Edited by hand; the others must not wait for it. Its mail, if in the Inbox, makes a new entry.
        log.error("[%s] open entry left alone: %s", entity.get("RowKey"), type(error).__name__)  # noqa: TRY400
        return None
