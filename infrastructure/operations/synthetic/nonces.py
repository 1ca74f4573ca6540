"""The nonces of the synthetic check: each is written before its mail is sent, and serves that mail alone.

Beside them stands when a mail of the check last arrived; the app tells how long that is ago.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Concatenate, ParamSpec, TypeVar

from azure.core.exceptions import ResourceNotFoundError
from azure.data.tables import TableClient

from infrastructure.operations.account import Account
from shared.adapters.tables import ARRIVAL, NONCES, SYNTHETIC
from shared.domain.transaction import Key

P = ParamSpec("P")
T = TypeVar("T")

KEPT = timedelta(days=30)  # used ones; an unused one stays, for its mail may still lie in the Inbox


@dataclass(frozen=True, slots=True)
class Nonces:
    """The rows of their table."""

    account: Account

    async def write(self, now: datetime) -> str:
        """Write a new one and forget those that were used long ago."""
        nonce = secrets.token_hex(16)
        await self._run(_forget_used, now - KEPT)
        await self._run(_write, nonce, now)
        return nonce

    async def user(self, nonce: str) -> Key | None:
        """The transaction that has used it, None where no mail has yet."""
        return await self._run(_user, nonce)

    async def set_arrival(self, at: datetime) -> None:
        """Write down that a mail has arrived."""
        await self._run(_set_arrival, at)

    async def _run(self, operation: Callable[Concatenate[TableClient, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Work on a table that is there: the check may be allowed to write its rows, and not to make tables."""
        try:
            return await self.account.reading.run(NONCES, operation, *args, **kwargs)
        except ResourceNotFoundError:
            return await self.account.tables.run(NONCES, operation, *args, **kwargs)


def _write(table: TableClient, nonce: str, now: datetime) -> None:
    row = {"PartitionKey": SYNTHETIC, "RowKey": nonce, "CreatedAt": now, "UsedBy": "", "UsedPartition": ""}
    table.create_entity(row)


def _set_arrival(table: TableClient, at: datetime) -> None:
    table.upsert_entity({"PartitionKey": ARRIVAL[0], "RowKey": ARRIVAL[1], "At": at})


def _user(table: TableClient, nonce: str) -> Key | None:
    row = table.get_entity(SYNTHETIC, nonce)
    return Key(row["UsedPartition"], row["UsedBy"]) if row["UsedBy"] else None


def _forget_used(table: TableClient, before: datetime) -> None:
    old = table.query_entities(
        "PartitionKey eq @partition and CreatedAt lt @before and UsedBy ne ''",
        parameters={"partition": SYNTHETIC, "before": before},
        select=["PartitionKey", "RowKey"],
    )
    for row in old:
        table.delete_entity(row["PartitionKey"], row["RowKey"])
