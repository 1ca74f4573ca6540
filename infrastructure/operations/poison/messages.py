"""The messages themselves: read without a trace, put back, removed.

One that waits for its card lies in the table and in the poison queue at once; it is one message here.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from azure.core.exceptions import ResourceNotFoundError
from azure.storage.queue import QueueMessage

from infrastructure.operations.account import Account, if_there
from shared.adapters.queues import decoded
from shared.adapters.tables import POISON
from shared.adapters.tables.registry import KEPT_BODY
from shared.adapters.tables.service import delete, read_partition, table_key
from shared.domain.messages import ADD_VENDOR, QUEUES, UnreadableMessage, WorkOn

_PEEKED = 32  # the service shows no more


@dataclass(frozen=True, slots=True)
class Poisoned:
    """One message; `body` is what its function got."""

    id: str
    queue: str
    reason: str
    inserted_at: datetime | None
    transaction_id: str  # empty where the body names none
    body: bytes
    is_whole: bool  # the table keeps text, and no more than 30,000 characters of it
    is_kept: bool = False  # in the table
    is_queued: bool = False  # in the poison queue

    @property
    def text(self) -> str | None:
        """The body as text, None where it is none."""
        try:
            return self.body.decode()
        except UnicodeDecodeError:
            return None

    @property
    def places(self) -> tuple[str, ...]:
        """Where it lies."""
        return (POISON,) * self.is_kept + (f"{self.queue}-poison",) * self.is_queued

    def as_object(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "id": self.id,
            "queue": self.queue,
            "places": self.places,
            "reason": self.reason,
            "inserted_at": self.inserted_at,
            "transaction_id": self.transaction_id,
            "is_whole": self.is_whole,
            "body": self.text,
            "body_hex": None if self.text is not None else self.body.hex(),
        }


@dataclass(frozen=True, slots=True)
class Poison:
    """All of them; `unseen` counts by queue what a poison queue holds and does not show."""

    messages: tuple[Poisoned, ...]
    unseen: Mapping[str, int]


async def read_poison(account: Account) -> Poison:
    """Read table and poison queues, oldest message first; nothing is hidden from the tick by that."""
    found = await asyncio.gather(*(_of_queue(account, queue) for queue in QUEUES))
    messages = [message for messages, _ in found for message in messages]
    messages.sort(key=lambda message: message.inserted_at.timestamp() if message.inserted_at else 0.0)
    return Poison(tuple(messages), {queue: unseen for queue, (_, unseen) in zip(QUEUES, found, strict=True) if unseen})


async def _of_queue(account: Account, queue: str) -> tuple[Sequence[Poisoned], int]:
    kept = [_kept(queue, row) for row in await if_there(account.reading.run(POISON, read_partition, table_key(queue)))]
    peeked = await if_there(asyncio.to_thread(_peek, account, queue))
    messages = {message.id: message for message in kept}
    for message in peeked:
        known = messages.get(message.id, message)
        messages[message.id] = replace(message, reason=known.reason, is_kept=known.is_kept)
    return list(messages.values()), max(0, await account.queues.poison_waiting(queue) - len(peeked))


def _kept(queue: str, row: Mapping[str, Any]) -> Poisoned:
    body = str(row.get("Body") or "")
    at = row.get("InsertedAt")
    return Poisoned(
        id=row["RowKey"],
        queue=queue,
        reason=str(row.get("Reason") or ""),
        inserted_at=at if isinstance(at, datetime) else None,
        transaction_id=str(row.get("TransactionId") or ""),
        body=body.encode(errors="replace"),
        is_whole=len(body) < KEPT_BODY and "\N{REPLACEMENT CHARACTER}" not in body,
        is_kept=True,
    )


def _peek(account: Account, queue: str) -> list[Poisoned]:
    with account.queue_service.get_queue_client(f"{queue}-poison") as client:
        return [_queued(queue, message) for message in client.peek_messages(_PEEKED)]


def _queued(queue: str, message: QueueMessage) -> Poisoned:
    body = decoded(str(message.content))
    return Poisoned(
        id=message.id,
        queue=queue,
        reason="its function failed every time; the tick has not kept it yet",
        inserted_at=message.inserted_on,
        transaction_id=_transaction_in(queue, body),
        body=body,
        is_whole=True,
        is_queued=True,
    )


def _transaction_in(queue: str, body: bytes) -> str:
    if queue != ADD_VENDOR:
        with suppress(UnreadableMessage):
            return WorkOn.parse(body).transaction_id
    return ""


async def put_back(account: Account, message: Poisoned) -> None:
    """Send it to its queue again, then remove it: broken off in between it is sent twice, which is no harm."""
    await account.queues.send(message.queue, message.body)
    await remove(account, message)


async def remove(account: Account, message: Poisoned) -> None:
    """Delete it; from the queue first, for the tick would keep it again. What is gone already is no error.

    One that the tick holds at this moment is left in the queue: the tick deletes it, or it is listed again.
    """
    if message.is_queued:
        await _take_out(account, message)
    if message.is_kept:
        with suppress(ResourceNotFoundError):
            await account.reading.run(POISON, delete, table_key(message.queue), message.id)


async def _take_out(account: Account, message: Poisoned) -> None:
    queues = account.queues
    while received := await queues.poisoned(message.queue):  # hidden from then on, so this ends
        for each in received:
            if each.id == message.id:
                await queues.forget(message.queue, each)
                return
