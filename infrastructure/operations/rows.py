"""Ledger rows at a glance, read a month's partition at a time."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from azure.data.tables import TableClient

from infrastructure.operations.account import Account, if_there
from shared.adapters.tables import LEDGER
from shared.adapters.tables.service import get_entity
from shared.domain.transaction import Key

_MOST_MONTHS = 120

HEADINGS = ("id", "received", "from", "subject", "state", "reasons", "folder")

# What a glance is made of. Events lie in the same partition, and have none of these.
_COLUMNS = [
    "PartitionKey",
    "RowKey",
    "Status",
    "Reasons",
    "Sender",
    "Subject",
    "Folder",
    "Filing",
    "Notice",
    "ReceivedAt",
    "AdmittedAt",
    "UpdatedAt",
    "PostedAt",
]


@dataclass(frozen=True, slots=True)
class Glance:
    """What lists show of a row; taken column by column, so that a row edited by hand is shown too."""

    key: Key
    status: str  # empty where the row is gone
    reasons: tuple[str, ...]
    sender: str
    subject: str
    folder: str
    filing: str
    notice: str
    received_at: datetime | None
    admitted_at: datetime | None
    updated_at: datetime | None
    posted_at: datetime | None

    @classmethod
    def of(cls, key: Key, columns: Mapping[str, Any]) -> Self:
        """Take what there is."""

        def text(name: str) -> str:
            return str(columns.get(name) or "")

        def moment(name: str) -> datetime | None:
            value = columns.get(name)
            return value if isinstance(value, datetime) else None  # "no value" is an empty text

        return cls(
            key=key,
            status=text("Status"),
            reasons=tuple(filter(None, text("Reasons").split(";"))),
            sender=text("Sender"),
            subject=text("Subject"),
            folder=text("Folder"),
            filing=text("Filing"),
            notice=text("Notice"),
            received_at=moment("ReceivedAt"),
            admitted_at=moment("AdmittedAt"),
            updated_at=moment("UpdatedAt"),
            posted_at=moment("PostedAt"),
        )

    def as_object(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "transaction_id": self.key.transaction_id,
            "partition": self.key.partition,
            "status": self.status,
            "reasons": self.reasons,
            "sender": self.sender,
            "subject": self.subject,
            "folder": self.folder,
            "received_at": self.received_at,
            "updated_at": self.updated_at,
            "posted_at": self.posted_at,
        }

    def as_cells(self) -> tuple[object, ...]:
        """For a table under HEADINGS."""
        reasons = ", ".join(self.reasons)
        status = self.status or "row is gone"
        return self.key.transaction_id, self.received_at, self.sender, self.subject, status, reasons, self.folder


def add_months(parser: argparse.ArgumentParser, default: int) -> None:
    """Declare `--months N`."""
    text = f"look at mails received in this month and the N-1 before it, in UTC; default: {default}"
    parser.add_argument("--months", type=_count, default=default, metavar="N", help=text)


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= _MOST_MONTHS:
        raise argparse.ArgumentTypeError(f"wanted a number of months from 1 to {_MOST_MONTHS}, found {text!r}")
    return int(text)


def months_before(now: datetime, count: int) -> list[str]:
    """The partitions of this month and those before it, newest first."""
    whole = now.year * 12 + now.month - 1
    return [f"{month // 12:04d}{month % 12 + 1:02d}" for month in range(whole, whole - count, -1)]


async def rows_of(account: Account, partition: str, condition: str = "", **parameters: str) -> Sequence[Glance]:
    """The rows of a month that meet an OData condition, newest mail first."""
    found = await if_there(account.reading.run(LEDGER, _query, partition, condition, parameters))
    return sorted(found, key=lambda row: row.received_at.timestamp() if row.received_at else 0.0, reverse=True)


def _query(table: TableClient, partition: str, condition: str, parameters: Mapping[str, str]) -> list[Glance]:
    wanted = "PartitionKey eq @partition and TransactionId gt ''" + (f" and ( {condition} )" if condition else "")
    found = table.query_entities(wanted, parameters={"partition": partition, **parameters}, select=_COLUMNS)
    return [Glance.of(Key(entity["PartitionKey"], entity["RowKey"]), entity) for entity in found]


async def columns_of(account: Account, key: Key) -> Mapping[str, Any]:
    """All columns of a row as they stand, empty where it is gone."""
    return await account.reading.run(LEDGER, get_entity, key.partition, key.transaction_id) or {}
