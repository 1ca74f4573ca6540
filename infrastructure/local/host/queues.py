"""Storage queues for the host: raw text in and out, every call in a thread of its own pool."""

import asyncio
import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from functools import cached_property
from typing import Any, TypeVar

import requests
from azure.core.exceptions import AzureError, ResourceExistsError, ResourceNotFoundError, ServiceRequestError
from azure.core.pipeline.transport import RequestsTransport
from azure.data.tables import TableServiceClient
from azure.storage.queue import LinearRetry, QueueClient, QueueServiceClient
from requests.adapters import HTTPAdapter

from infrastructure.local.host.bindings import Received

_Result = TypeVar("_Result")
_THREADS = 64
_SETTING_UP = threading.Lock()  # the SDK sets a model up at its first use, and stumbles where two threads do so at once
_LOG = logging.getLogger("Host.Storage")  # the SDK writes several lines for each request at Information
_LOG.setLevel(logging.WARNING)


class Account:
    """One storage account."""

    def __init__(self, connection_string: str, pool: ThreadPoolExecutor) -> None:
        self._connection_string = connection_string
        self._pool = pool

    @cached_property
    def _service(self) -> QueueServiceClient:
        return QueueServiceClient.from_connection_string(
            self._connection_string,
            transport=_transport(self._connection_string),
            retry_policy=LinearRetry(backoff=1, retry_total=2),
            logger=_LOG,
        )

    @cached_property
    def _tables(self) -> TableServiceClient:
        return TableServiceClient.from_connection_string(
            self._connection_string, transport=_transport(self._connection_string), retry_total=0, logger=_LOG
        )

    def queue(self, name: str) -> "Queue":
        """A queue of this account, whether or not it exists."""
        return Queue(name, self._service.get_queue_client(name), self._pool)

    async def table_is_empty(self, name: str) -> bool:
        """Whether no entity is in the table; so is a table that does not exist."""

        def first() -> bool:
            try:
                return not any(True for _ in self._tables.get_table_client(name).list_entities(results_per_page=1))
            except ResourceNotFoundError:
                return True

        return await asyncio.get_running_loop().run_in_executor(self._pool, first)


class Queue:
    """One queue: absent is empty, and sending creates it."""

    def __init__(self, name: str, client: QueueClient, pool: ThreadPoolExecutor) -> None:
        self.name = name
        self._client = client
        self._pool = pool
        self._has_received = False

    async def receive(self, count: int, *, lease: float) -> list[Received]:
        """Up to count messages, hidden from others for lease seconds."""

        def page() -> list[Any]:
            pages = self._client.receive_messages(messages_per_page=count, visibility_timeout=round(lease)).by_page()
            with nullcontext() if self._has_received else _SETTING_UP:
                found = list(next(pages, ()))
            self._has_received = True
            return found

        try:
            return [_received(message) for message in await self._call(page)]
        except ResourceNotFoundError:
            return []

    async def send(self, text: str) -> None:
        """Puts a message; makes the queue if it is not there."""
        try:
            await self._call(lambda: self._client.send_message(text))
        except ResourceNotFoundError:
            await self._create()
            await self._call(lambda: self._client.send_message(text))

    async def hide(self, message_id: str, pop_receipt: str, seconds: float) -> str:
        """Hides a received message for so long from now on; returns the new pop receipt."""
        renewed = await self._call(
            lambda: self._client.update_message(message_id, pop_receipt, visibility_timeout=round(seconds))
        )
        return str(renewed.pop_receipt)

    async def delete(self, message_id: str, pop_receipt: str) -> None:
        """Deletes a received message."""
        await self._call(lambda: self._client.delete_message(message_id, pop_receipt))

    async def is_empty(self) -> bool:
        """Whether it holds no message, visible or hidden."""
        try:
            properties = await self._call(self._client.get_queue_properties)
        except ResourceNotFoundError:
            return True
        return not properties.approximate_message_count

    async def _create(self) -> None:
        try:
            await self._call(self._client.create_queue)
        except ResourceExistsError:
            return

    async def _call(self, call: Callable[[], _Result]) -> _Result:
        return await asyncio.get_running_loop().run_in_executor(self._pool, call)


class Accounts:
    """The storage accounts of an app, by connection string."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="storage")
        self._known: dict[str, Account] = {}

    def get(self, connection_string: str) -> Account:
        """The account behind a connection string."""
        if connection_string not in self._known:
            self._known[connection_string] = Account(connection_string, self._pool)
        return self._known[connection_string]

    def close(self) -> None:
        """Lets go of the threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)


StorageError = AzureError


def is_lost(error: StorageError) -> bool:
    """Whether storage says that a receipt is no longer good: the message is gone, or somebody else has received it."""
    code = getattr(error, "error_code", None)  # an enum that is a str, where the SDK knows the code
    return isinstance(error, ResourceNotFoundError) or code == "PopReceiptMismatch"


def said(error: StorageError) -> str:
    """What went wrong, in one line."""
    if isinstance(error, ServiceRequestError):  # no request was made; the SDK shows three nested exceptions
        return "storage does not answer; on this machine it is the emulator: python -m infrastructure.local storage"
    return next(iter(str(error).splitlines()), type(error).__name__)


def _transport(connection_string: str) -> RequestsTransport:
    session = requests.Session()
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(pool_maxsize=_THREADS))
    if "://127.0.0.1" in connection_string or "://localhost" in connection_string:
        session.trust_env = False  # a proxy for the outside world cannot reach loopback
    return RequestsTransport(session=session, session_owner=False)


def _received(message: Any) -> Received:
    return Received(
        id=message.id,
        pop_receipt=message.pop_receipt,
        text=message.content or "",
        dequeue_count=message.dequeue_count,
        inserted=message.inserted_on,
        expires=message.expires_on,
        next_visible=message.next_visible_on,
    )
