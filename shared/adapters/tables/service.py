"""Tables by name, and the few operations that the app needs of them.

The synchronous client runs in threads: its asynchronous twin would bring five more compiled packages to life.
Every key is built by `table_key`, every filter from parameters.
"""

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Any, Concatenate, ParamSpec, TypeVar

from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.data.tables import TableClient, TableEntity, TableServiceClient, UpdateMode

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
CONTROL = "Control"
NONCES = "SyntheticNonces"  # apart, so that whoever writes nonces cannot end an emergency stop

NOT_FOUND = 404
PRECONDITION_FAILED = 412

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


def table_key(text: str) -> str:
    """The text as a key: readable where that is allowed, and different for different texts."""
    key = _FORBIDDEN.sub(lambda m: f"={ord(m[0]):02x}", text)
    if len(key.encode("utf-16-le", "replace")) <= 2 * _KEY_LIMIT and key.strip() == key:
        return key or "="
    head = key.encode("utf-16-le", "replace")[:_KEY_LIMIT].decode("utf-16-le", "ignore")
    return f"{head.strip()}={sha256(text.encode(errors='replace')).hexdigest()}"


def get_entity(table: TableClient, partition: str, row: str) -> TableEntity | None:
    try:
        return table.get_entity(partition, row)
    except ResourceNotFoundError:
        return None


def etag_of(entity: TableEntity) -> str:
    """The ETag of a row that was read."""
    return str(entity.metadata["etag"])


def insert_new(table: TableClient, entity: Mapping[str, Any]) -> str:
    """Insert a row unless there is one; returns its ETag, empty where there was one."""
    try:
        return str(table.create_entity(entity)["etag"])
    except ResourceExistsError:
        return ""


def merge(table: TableClient, entity: Mapping[str, Any]) -> None:
    table.upsert_entity(entity, UpdateMode.MERGE)


def delete(table: TableClient, partition: str, row: str) -> None:
    table.delete_entity(partition, row)


def submit(table: TableClient, operations: Sequence[Any]) -> Sequence[Mapping[str, Any]]:
    return table.submit_transaction(operations)


def read_partition(table: TableClient, partition: str, limit: int | None = None) -> list[Mapping[str, Any]]:
    found = table.query_entities(
        "PartitionKey eq @partition", parameters={"partition": partition}, results_per_page=limit
    )
    if limit is None:
        return list(found)
    return list(next(found.by_page(), ()))


def read_page(table: TableClient, partition: str, token: Any) -> tuple[list[Mapping[str, Any]], Any]:
    """The rows of a partition that come after a token, None for the first; and the token of the next, if any."""
    pages = table.query_entities("PartitionKey eq @partition", parameters={"partition": partition}).by_page(token)
    return list(next(pages, ())), pages.continuation_token  # type: ignore[attr-defined]  # of the SDK's own iterator


def read_row_names(table: TableClient, partition: str, prefix: str) -> list[str]:
    """The keys of the rows of a partition that begin with `prefix`."""
    found = table.query_entities(
        "PartitionKey eq @partition and RowKey ge @first and RowKey lt @beyond",
        parameters={"partition": partition, "first": prefix, "beyond": f"{prefix}\uffff"},
        select=["RowKey"],
    )
    return [str(entity["RowKey"]) for entity in found]


def merge_if_same(table: TableClient, changed: Mapping[str, Any], etag: str) -> str:
    """Write a row unless somebody else has; returns its new ETag, empty where it was not written."""
    try:
        written = table.update_entity(
            changed, UpdateMode.MERGE, etag=etag, match_condition=MatchConditions.IfNotModified
        )
    except HttpResponseError as error:
        if error.status_code not in {NOT_FOUND, PRECONDITION_FAILED}:
            raise
        return ""
    return str(written["etag"])
