"""All that storage knows of one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from azure.data.tables import TableClient

from infrastructure.operations.account import Account, if_there
from infrastructure.operations.poison import Poisoned, read_poison
from infrastructure.operations.release import obstacle
from infrastructure.operations.rows import Glance, columns_of
from infrastructure.operations.search import by_reference
from infrastructure.operations.stop import read_stop
from shared.adapters.tables import LEDGER, TableLedger, TableVendors
from shared.domain.open_entry import OpenEntry
from shared.domain.reason import EXPLANATIONS, Reason
from shared.domain.stop import Stop
from shared.domain.transaction import FOLDERS, Filing, Key, Status, Transaction, UnreadableRow

_MANY = 1000  # mails that wait for one vendor


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the history."""

    at: datetime | None
    what: str
    by: str
    why: str


@dataclass(frozen=True, slots=True)
class Life:
    """One transaction; `row` is None where it is gone, or this version cannot read it, and `fault` says which."""

    key: Key
    columns: Mapping[str, Any]
    row: Transaction | None
    fault: str
    history: tuple[Line, ...]
    entry: OpenEntry | None
    poison: tuple[Poisoned, ...]
    parked_under: tuple[str, ...]
    first: Glance | None  # the mail that this one is a duplicate of
    stop: Stop


async def read_life(account: Account, key: Key, months: Sequence[str]) -> Life:
    """Gather it by point reads and reads of single partitions."""
    columns = await columns_of(account, key)
    row, fault = _row(columns)
    entries = await if_there(TableLedger(account.reading).open_entries())
    poison = await read_poison(account)
    first = await by_reference(account, row.duplicate_of, months) if row and row.duplicate_of else ()
    return Life(
        key=key,
        columns={name: value for name, value in columns.items() if name not in {"PartitionKey", "RowKey", "Write"}},
        row=row,
        fault=fault,
        history=tuple(await if_there(account.reading.run(LEDGER, _history, key))),
        entry=next((entry for entry in entries if entry.key == key), None),
        poison=tuple(message for message in poison.messages if message.transaction_id == key.transaction_id),
        parked_under=tuple([each for each in (row.parked_keys if row else ()) if await _waits(account, each, key)]),
        first=next(iter(first), None),
        stop=await read_stop(account),
    )


def _row(columns: Mapping[str, Any]) -> tuple[Transaction | None, str]:
    if not columns:
        return None, "the row is gone: deleted by hand; a mail that is still in the Inbox is admitted again"
    try:
        return Transaction.from_columns(columns), ""
    except UnreadableRow as error:
        return None, f"{error}; edited by hand, or written by a newer release: the app leaves it alone"


def _history(table: TableClient, key: Key) -> list[Line]:
    found = table.query_entities(
        "PartitionKey eq @partition and RowKey gt @first and RowKey lt @beyond",
        parameters={
            "partition": key.partition,
            "first": f"{key.transaction_id}.",
            "beyond": f"{key.transaction_id}.\uffff",
        },
    )
    return [_line(entity) for entity in found]


def _line(event: Mapping[str, Any]) -> Line:
    at = event.get("At")
    what, by, why = (str(event.get(name) or "") for name in ("What", "By", "Why"))
    return Line(at if isinstance(at, datetime) else None, what, by, why)


async def _waits(account: Account, vendor_key: str, key: Key) -> bool:
    return key in await if_there(TableVendors(account.reading).parked(vendor_key, _MANY))


def place_of(row: Transaction) -> str:
    """Where the mail lies, as far as the row tells."""
    before = row.folder or "the Inbox"
    if not row.is_resting:
        return f"{row.folder} or the Inbox" if row.folder else "the Inbox"
    if row.filing is Filing.PENDING:
        return before if before == FOLDERS[row.status] else f"on its way from {before} to {FOLDERS[row.status]}"
    if row.filing is Filing.DONE:
        return before
    return "deleted" if Reason.MAIL_GONE in row.reasons else "where a person put it"


def next_steps(life: Life) -> list[str]:
    """What a person does next, in order."""
    steps = [life.fault] if life.fault else []
    if life.row is not None:
        steps += _steps_of(life.row)
        if life.stop.is_on and not life.row.is_resting:
            steps.append(f"It waits for the end of the emergency stop by {life.stop.by}: emergency-stop --resume")
    steps += [f"A message about it failed every time: poison show {message.id}" for message in life.poison]
    return steps or ["Nothing to do."]


def _steps_of(row: Transaction) -> list[str]:
    if not row.is_resting:
        return ["Nothing to do: it moves by itself."]
    steps = [f"{EXPLANATIONS[reason].what} {EXPLANATIONS[reason].next}" for reason in row.reasons]
    if row.suggestion:
        steps.append(f"Similar vendor: {row.suggestion}; if it is that one, give it this name as an alias.")
    if row.reasons and not obstacle(row):
        steps.append(f"Without Outlook: release {row.transaction_id}")
    return steps


def was_sent(row: Transaction) -> bool:
    """Whether AP may have it."""
    return row.status is Status.POSTED or row.posted_at is not None or row.sends > 0 or row.attempt > 1
