"""`VendorMaster`, the keys that find a vendor, and the mails that wait for one."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from azure.data.tables import TableClient

from shared.adapters.tables.service import (
    PARKED,
    VENDOR_KEYS,
    VENDORS,
    Tables,
    delete,
    etag_of,
    get_entity,
    merge,
    merge_if_same,
    read_page,
    read_partition,
    table_key,
)
from shared.domain.transaction import Key
from shared.domain.vendor import Likeness, Vendor, cells, with_ibans
from shared.ports import Conflict

_VENDOR_PARTITION = "vendor"
_TRIES = 10  # writers that meet on one row; a loser reads it again


class TableVendors:
    """Implements the Vendors port."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def claimants(self, key: str) -> Sequence[str]:
        return [entity["RowKey"] for entity in await self._tables.run(VENDOR_KEYS, read_partition, table_key(key), 10)]

    async def alike(self, key: str, limit: int) -> Sequence[Likeness]:
        entities = await self._tables.run(VENDOR_KEYS, read_partition, table_key(key), limit)
        return [Likeness(entity["RowKey"], str(entity.get("Text") or "")) for entity in entities]

    async def get(self, vendor_id: str) -> Vendor | None:
        entity = await self._tables.run(VENDORS, get_entity, _VENDOR_PARTITION, table_key(vendor_id))
        return _vendor(entity) if entity is not None else None

    async def all(self) -> AsyncIterator[Vendor]:
        token: Any = None
        while True:
            page, token = await self._tables.run(VENDORS, read_page, _VENDOR_PARTITION, token)
            for entity in page:
                yield _vendor(entity)
            if token is None:
                return

    async def upsert(self, vendor: Vendor) -> None:
        before = await self.get(vendor.vendor_id)
        keys = {**vendor.likenesses, **dict.fromkeys(vendor.keys, "")}
        # Stale keys go while the row still names them, so that a try after a failure finds them again; the row comes
        # before its new keys, so that whoever finds a key finds the vendor behind it.
        for key in {*before.keys, *before.likenesses} - keys.keys() if before else ():
            await self._tables.run(VENDOR_KEYS, delete, table_key(key), vendor.vendor_id)
        master = {"PartitionKey": _VENDOR_PARTITION, "RowKey": table_key(vendor.vendor_id), **_vendor_columns(vendor)}
        await self._tables.run(VENDORS, merge, master)
        for key, text in keys.items():
            entity = {"PartitionKey": table_key(key), "RowKey": vendor.vendor_id, "Text": text}
            await self._tables.run(VENDOR_KEYS, merge, entity)

    async def learn_ibans(self, vendor_id: str, ibans: Sequence[str]) -> None:
        await self._tables.run(VENDORS, _learn_ibans, table_key(vendor_id), ibans)

    async def park(self, vendor_keys: Sequence[str], key: Key) -> None:
        for vendor_key in vendor_keys:
            entity = {"PartitionKey": table_key(vendor_key), "RowKey": key.transaction_id, "Partition": key.partition}
            await self._tables.run(PARKED, merge, entity)

    async def unpark(self, vendor_keys: Sequence[str], key: Key) -> None:
        for vendor_key in vendor_keys:
            await self._tables.run(PARKED, delete, table_key(vendor_key), key.transaction_id)

    async def parked(self, vendor_key: str, limit: int) -> Sequence[Key]:
        entities = await self._tables.run(PARKED, read_partition, table_key(vendor_key), limit)
        return [Key(entity["Partition"], entity["RowKey"]) for entity in entities]


def _learn_ibans(table: TableClient, row: str, ibans: Sequence[str]) -> None:
    for _ in range(_TRIES):
        entity = get_entity(table, _VENDOR_PARTITION, row)
        if entity is None:
            return
        known = _vendor(entity).ibans
        learnt = with_ibans(known, ibans)
        if learnt == known or merge_if_same(table, {**entity, "Ibans": ";".join(learnt)}, etag_of(entity)):
            return
    raise Conflict(f"vendor {row} is written by others all the time")


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
