"""The nonces of the synthetic check: each is written before its mail is sent, and serves that mail alone."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from azure.data.tables import TableClient

from shared.adapters.tables import CONTROL, SYNTHETIC, Tables
from shared.domain.transaction import Key

KEPT = timedelta(days=30)  # used ones; an unused one stays, for its mail may still lie in the Inbox


@dataclass(frozen=True, slots=True)
class Nonces:
    """The rows of the table `Control` that belong to the check."""

    tables: Tables

    async def write(self, now: datetime) -> str:
        """Write a new one and forget those that were used long ago."""
        nonce = secrets.token_hex(16)
        await self.tables.run(CONTROL, _forget_used, now - KEPT)
        await self.tables.run(CONTROL, _write, nonce, now)
        return nonce

    async def user(self, nonce: str) -> Key | None:
        """The transaction that has used it, None where no mail has yet."""
        return await self.tables.run(CONTROL, _user, nonce)


def _write(table: TableClient, nonce: str, now: datetime) -> None:
    row = {"PartitionKey": SYNTHETIC, "RowKey": nonce, "CreatedAt": now, "UsedBy": "", "UsedPartition": ""}
    table.create_entity(row)


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
