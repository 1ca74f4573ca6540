"""The app's storage queues, for what an output binding cannot carry: several messages, and poison queues."""

import asyncio
import binascii
from base64 import b64decode
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError

from shared.ports import PoisonMessage

if TYPE_CHECKING:
    from azure.storage.queue import QueueClient, QueueServiceClient

_HIDDEN_SECONDS = 60  # a poison message that is being kept is not received by the next tick
_BATCH = 32  # messages a request; the service's limit


class StorageQueues:
    """Implements the Queues port; messages are base64 as the Functions host expects them.

    `connect` is called when the first queue is: most stages send through their bindings, and need no client.
    """

    def __init__(self, connect: "Callable[[], QueueServiceClient]") -> None:
        self._connect = connect
        self._clients: dict[str, QueueClient] = {}

    @cached_property
    def _service(self) -> "QueueServiceClient":
        return self._connect()

    async def send(self, queue: str, body: bytes) -> None:
        await asyncio.to_thread(self._send, queue, body)

    async def poisoned(self, queue: str) -> Sequence[PoisonMessage]:
        return await asyncio.to_thread(self._poisoned, queue)

    async def forget(self, queue: str, message: PoisonMessage) -> None:
        await asyncio.to_thread(self._forget, queue, message)

    async def poison_waiting(self, queue: str) -> int:
        return await asyncio.to_thread(self._poison_waiting, queue)

    def _client(self, queue: str) -> "QueueClient":
        from azure.storage.queue import BinaryBase64EncodePolicy  # noqa: PLC0415

        # Nothing is decoded on receipt: a poison queue may hold text that never was base64.
        if queue not in self._clients:
            self._clients[queue] = self._service.get_queue_client(
                queue, message_encode_policy=BinaryBase64EncodePolicy()
            )
        return self._clients[queue]

    def _send(self, queue: str, body: bytes) -> None:
        client = self._client(queue)
        try:
            client.send_message(body)
        except ResourceNotFoundError:
            with suppress(ResourceExistsError):  # made by somebody else in between
                client.create_queue()
            client.send_message(body)

    def _poisoned(self, queue: str) -> list[PoisonMessage]:
        client = self._client(f"{queue}-poison")
        try:
            page = next(
                client.receive_messages(messages_per_page=_BATCH, visibility_timeout=_HIDDEN_SECONDS).by_page(), ()
            )
        except ResourceNotFoundError:
            return []
        return [
            PoisonMessage(m.id, m.pop_receipt or "", decoded(str(m.content)), m.inserted_on or datetime.now(UTC))
            for m in page
        ]

    def _poison_waiting(self, queue: str) -> int:
        try:
            return self._client(f"{queue}-poison").get_queue_properties().approximate_message_count or 0
        except ResourceNotFoundError:
            return 0

    def _forget(self, queue: str, message: PoisonMessage) -> None:
        with suppress(ResourceNotFoundError):  # deleted by somebody else
            self._client(f"{queue}-poison").delete_message(message.id, message.pop_receipt)


def decoded(content: str) -> bytes:
    """The body of a message as it was sent; what never was base64 is its own text."""
    try:
        return b64decode(content, validate=True)
    except (binascii.Error, ValueError):
        return content.encode()
