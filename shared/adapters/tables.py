"""The app's tables in Azure Table Storage: ledger, vendors and the small indexes beside them.

The synchronous client runs in threads: its asynchronous twin would bring five more compiled packages to life.
Every key is built by `_key`, every filter from parameters.
"""

import asyncio
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Concatenate, ParamSpec, TypeVar
from uuid import uuid4

from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.data.tables import TableClient, TableEntity, TableServiceClient, UpdateMode

from shared.domain.open_entry import OpenEntry
from shared.domain.transaction import Event, Key, Transaction
from shared.domain.vendor import Vendor, cells
from shared.ports import Conflict, Poison

log = logging.getLogger(__name__)

LEDGER = "InvoiceTransactions"
OPEN = "OpenTransactions"
VENDORS = "VendorMaster"
VENDOR_KEYS = "VendorKeys"
PARKED = "ParkedMails"
NUMBERS = "InvoiceNumbers"
MARKERS = "TransactionIndex"
PERMITS = "SendPermits"
REPEATS = "RepeatedMails"
POISON = "PoisonMessages"
TABLES = (LEDGER, OPEN, VENDORS, VENDOR_KEYS, PARKED, NUMBERS, MARKERS, PERMITS, REPEATS, POISON)

_OPEN_PARTITION = "open"
_VENDOR_PARTITION = "vendor"
_PERMIT_PARTITION = "permit"
_REPEATS_ROW = "seen"
_MOST_REPEATS = 500  # entries of one list; 27 Ki characters of the 32 Ki that a column holds
_TRIES = 10  # writers that meet on one row; a loser reads it again

_PRECONDITION_FAILED = 412
_TAKEN = {404, 409, _PRECONDITION_FAILED}  # gone, exists already, changed since it was read

P = ParamSpec("P")
T = TypeVar("T")


class Tables:
    """The storage account's tables; each is made when missing, once in a process."""

    def __init__(self, service: TableServiceClient) -> None:
        self._service = service
        self._clients: dict[str, TableClient] = {}

    async def run(
        self, name: str, operation: Callable[Concatenate[TableClient, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run an operation on the table of that name, in a thread."""
        return await asyncio.to_thread(lambda: operation(self._client(name), *args, **kwargs))

    def _client(self, name: str) -> TableClient:
        if name not in self._clients:
            self._clients[name] = self._service.create_table_if_not_exists(name)
        return self._clients[name]


# Not allowed in keys (https://learn.microsoft.com/rest/api/storageservices/understanding-the-table-service-data-model);
# "%" is allowed, but servers disagree about decoding it.
_FORBIDDEN = re.compile(r"[/\\#?%=\x00-\x1f\x7f-\x9f]")
_KEY_LIMIT = 400  # UTF-16 units; a key may have 512


def _key(text: str) -> str:
    """The text as a key: readable where that is allowed, and different for different texts."""
    key = _FORBIDDEN.sub(lambda m: f"={ord(m[0]):02x}", text)
    if len(key.encode("utf-16-le", "replace")) <= 2 * _KEY_LIMIT and key.strip() == key:
        return key or "="
    head = key.encode("utf-16-le", "replace")[:_KEY_LIMIT].decode("utf-16-le", "ignore")
    return f"{head.strip()}={sha256(text.encode(errors='replace')).hexdigest()}"


def _get(table: TableClient, partition: str, row: str) -> TableEntity | None:
    try:
        return table.get_entity(partition, row)
    except ResourceNotFoundError:
        return None


def _insert(table: TableClient, entity: Mapping[str, Any]) -> bool:
    try:
        table.create_entity(entity)
    except ResourceExistsError:
        return False
    return True


def _upsert(table: TableClient, entity: Mapping[str, Any]) -> None:
    table.upsert_entity(entity, UpdateMode.MERGE)


def _delete(table: TableClient, partition: str, row: str) -> None:
    table.delete_entity(partition, row)


def _submit(table: TableClient, operations: Sequence[Any]) -> Sequence[Mapping[str, Any]]:
    return table.submit_transaction(operations)


def _query(table: TableClient, partition: str, limit: int | None = None) -> list[Mapping[str, Any]]:
    found = table.query_entities(
        "PartitionKey eq @partition", parameters={"partition": partition}, results_per_page=limit
    )
    if limit is None:
        return list(found)
    return list(next(found.by_page(), ()))


class TableLedger:
    """Implements the Ledger port; a transaction's events lie behind its row: `<id>`, `<id>.000001` and so on."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def get(self, key: Key) -> Transaction | None:
        entity = await self._tables.run(LEDGER, _get, _key(key.partition), _key(key.transaction_id))
        if entity is None:
            return None
        return Transaction.from_columns(entity).model_copy(update={"etag": entity.metadata["etag"]})

    async def insert(self, row: Transaction, event: Event) -> bool:
        try:
            await self._tables.run(LEDGER, _submit, [("create", _row(row)), ("create", _event(row, event))])
        except HttpResponseError as error:
            if error.status_code in _TAKEN:
                return False
            raise
        return True

    async def update(self, row: Transaction, event: Event) -> Transaction:
        write = uuid4().hex
        if_unchanged = {"mode": UpdateMode.MERGE, "etag": row.etag, "match_condition": MatchConditions.IfNotModified}
        merge = ("update", {**_row(row), "Write": write}, if_unchanged)
        try:
            answers = await self._tables.run(LEDGER, _submit, [merge, ("create", _event(row, event))])
        except HttpResponseError as error:
            if error.status_code not in _TAKEN:
                raise
            return await self._own_write(row, write, error)
        return row.model_copy(update={"etag": answers[0]["etag"]})

    async def _own_write(self, row: Transaction, write: str, error: HttpResponseError) -> Transaction:
        # The client repeats a request whose answer got lost; its second try then meets the first one's row.
        entity = await self._tables.run(LEDGER, _get, row.partition, row.transaction_id)
        if entity is None or entity.get("Write") != write:
            raise Conflict(f"transaction {row.transaction_id} was written by somebody else") from error
        return row.model_copy(update={"etag": entity.metadata["etag"]})

    async def open_entries(self) -> Sequence[OpenEntry]:
        entities = await self._tables.run(OPEN, _query, _OPEN_PARTITION)
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
        await self._tables.run(OPEN, _upsert, entity)

    async def postpone(self, key: Key, mail_id: str, not_before: datetime) -> None:
        entity = {
            "PartitionKey": _OPEN_PARTITION,
            "RowKey": key.transaction_id,
            "Partition": key.partition,
            "MailId": mail_id,
            "NotBefore": not_before,
            "Waiting": True,
        }
        await self._tables.run(OPEN, _upsert, entity)

    async def close(self, key: Key) -> None:
        await self._tables.run(OPEN, _delete, _OPEN_PARTITION, key.transaction_id)

    async def index_marker(self, key: Key) -> None:
        entity = {
            "PartitionKey": key.transaction_id[:12],
            "RowKey": key.transaction_id,
            "Partition": key.partition,
        }
        await self._tables.run(MARKERS, _upsert, entity)

    async def by_reference(self, reference: str) -> Sequence[Key]:
        entities = await self._tables.run(MARKERS, _query, _key(reference[:12]), 10)
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
    except (KeyError, AttributeError, ValueError) as error:
        # Edited by hand; the others must not wait for it. Its mail, if in the Inbox, makes a new entry.
        log.error("[%s] open entry left alone: %s", entity.get("RowKey"), type(error).__name__)  # noqa: TRY400
        return None


class TableRegistry:
    """Implements the Registry port."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._one_at_a_time = asyncio.Lock()  # this process would only race itself for the minute's row

    async def take_permit(self, now: datetime, per_minute: int) -> bool:
        minute = now.astimezone(UTC).strftime("%Y%m%d%H%M")
        async with self._one_at_a_time:
            return await self._tables.run(PERMITS, _take_permit, minute, per_minute)

    async def claim_number(self, vendor_id: str, number: str, key: Key) -> Key:
        entity = {
            "PartitionKey": _key(vendor_id),
            "RowKey": _key(number),
            "Partition": key.partition,
            "TransactionId": key.transaction_id,
        }
        if await self._tables.run(NUMBERS, _insert, entity):
            return key
        first = await self._tables.run(NUMBERS, _get, entity["PartitionKey"], entity["RowKey"])
        return Key(first["Partition"], first["TransactionId"]) if first else key

    async def take_over_number(self, vendor_id: str, number: str, old: Key, new: Key) -> Key:
        return await self._tables.run(NUMBERS, _take_over, _key(vendor_id), _key(number), old, new)

    async def count_repeat(self, digest: str, key: Key, now: datetime) -> int:
        entry = f"{key.transaction_id}@{now.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        # The common case, a mail like no other, costs one request.
        if await self._tables.run(REPEATS, _insert, {"PartitionKey": digest, "RowKey": _REPEATS_ROW, "Seen": entry}):
            return 1
        async with self._one_at_a_time:
            return await self._tables.run(REPEATS, _count_repeat, digest, entry)

    async def set_poison(self, poison: Poison) -> None:
        entity = {
            "PartitionKey": _key(poison.queue),
            "RowKey": _key(poison.message_id),
            "Body": poison.body[:30_000],  # a text column holds 32 Ki characters
            "Reason": poison.reason,
            "InsertedAt": poison.inserted_at,
            "TransactionId": poison.transaction_id,
        }
        await self._tables.run(POISON, _upsert, entity)


def _take_over(table: TableClient, vendor: str, number: str, old: Key, new: Key) -> Key:
    entity = table.get_entity(vendor, number)
    holder = Key(entity["Partition"], entity["TransactionId"])
    mine = {**entity, "Partition": new.partition, "TransactionId": new.transaction_id}
    if holder == old and _update_if_same(table, mine, entity):
        return new
    entity = table.get_entity(vendor, number)
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
        if _update_if_same(table, {**entity, "Seen": ";".join(recent)}, entity):
            return len(recent)
    return _MOST_REPEATS  # so many at this very moment that this one cannot get at the list


def _take_permit(table: TableClient, minute: str, per_minute: int) -> bool:
    """Count up under the ETag; a minute that is full, or too crowded to get at, has no permit left."""
    for _ in range(_TRIES):
        entity = _get(table, _PERMIT_PARTITION, minute)
        if entity is None:
            if _insert(table, {"PartitionKey": _PERMIT_PARTITION, "RowKey": minute, "Taken": 1}):
                return True
        elif entity["Taken"] >= per_minute:
            return False
        elif _update_if_same(table, {**entity, "Taken": entity["Taken"] + 1}, entity):
            return True
    return False


def _update_if_same(table: TableClient, changed: Mapping[str, Any], read: TableEntity) -> bool:
    """Write a row unless somebody else has since it was read; whether it was written."""
    try:
        table.update_entity(
            changed, UpdateMode.MERGE, etag=read.metadata["etag"], match_condition=MatchConditions.IfNotModified
        )
    except HttpResponseError as error:
        if error.status_code != _PRECONDITION_FAILED:
            raise
        return False
    return True


class TableVendors:
    """Implements the Vendors port."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def claimants(self, key: str) -> Sequence[str]:
        return [entity["RowKey"] for entity in await self._tables.run(VENDOR_KEYS, _query, _key(key), 10)]

    async def get(self, vendor_id: str) -> Vendor | None:
        entity = await self._tables.run(VENDORS, _get, _VENDOR_PARTITION, _key(vendor_id))
        return _vendor(entity) if entity is not None else None

    async def upsert(self, vendor: Vendor) -> None:
        before = await self.get(vendor.vendor_id)
        # Stale keys go while the row still names them, so that a try after a failure finds them again; the row comes
        # before its new keys, so that whoever finds a key finds the vendor behind it.
        for key in set(before.keys if before else ()) - set(vendor.keys):
            await self._tables.run(VENDOR_KEYS, _delete, _key(key), vendor.vendor_id)
        master = {"PartitionKey": _VENDOR_PARTITION, "RowKey": _key(vendor.vendor_id), **_vendor_columns(vendor)}
        await self._tables.run(VENDORS, _upsert, master)
        for key in vendor.keys:
            entity = {"PartitionKey": _key(key), "RowKey": vendor.vendor_id}
            await self._tables.run(VENDOR_KEYS, _upsert, entity)

    async def park(self, vendor_keys: Sequence[str], key: Key) -> None:
        for vendor_key in vendor_keys:
            entity = {"PartitionKey": _key(vendor_key), "RowKey": key.transaction_id, "Partition": key.partition}
            await self._tables.run(PARKED, _upsert, entity)

    async def unpark(self, vendor_keys: Sequence[str], key: Key) -> None:
        for vendor_key in vendor_keys:
            await self._tables.run(PARKED, _delete, _key(vendor_key), key.transaction_id)

    async def parked(self, vendor_key: str, limit: int) -> Sequence[Key]:
        entities = await self._tables.run(PARKED, _query, _key(vendor_key), limit)
        return [Key(entity["Partition"], entity["RowKey"]) for entity in entities]


_VENDOR_COLUMNS = {
    "VendorId": "vendor_id",
    "VendorName": "vendor_name",
    "EmailDomain": "email_domain",
    "ExpenseDept": "expense_dept",
    "AllocationSchedule": "allocation_schedule",
    "GlCode": "gl_code",
    "BillingParty": "billing_party",
    "Notes": "notes",
    "VatId": "vat_id",
    "Aliases": "aliases",
    "Ibans": "ibans",
}


def _vendor_columns(vendor: Vendor) -> dict[str, str]:
    values = {column: getattr(vendor, field) for column, field in _VENDOR_COLUMNS.items()}
    return {column: value if isinstance(value, str) else ";".join(value) for column, value in values.items()}


def _vendor(entity: Mapping[str, Any]) -> Vendor:
    # Not validated: a row that a person edited by hand still has to be read.
    values: dict[str, Any] = {field: str(entity.get(column) or "") for column, field in _VENDOR_COLUMNS.items()}
    lists = ("email_domain", "aliases", "ibans")
    return Vendor.model_construct(**{**values, **{name: cells(values[name]) for name in lists}})
