"""A storage account with what the app would have left in it, and commands that are run on it."""

import asyncio
import base64
import json
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import pytest
from azure.core.exceptions import ResourceNotFoundError
from azure.data.tables import TableServiceClient
from azure.storage.queue import QueueServiceClient

from infrastructure.operations.__main__ import main
from shared.adapters.queues import StorageQueues
from shared.adapters.tables import TableLedger, TableRegistry, Tables
from shared.domain.open_entry import OpenEntry, progress_of
from shared.domain.transaction import Event, Key, Status, Transaction
from shared.ports import Poison
from tests.domain import made

T = TypeVar("T")

NOW = datetime.now(UTC)  # commands look at the months before this very day; for hours, see Place.now


@dataclass(frozen=True)
class Done:
    """What a command has said."""

    code: int
    out: str
    errors: str

    @property
    def document(self) -> Any:
        """Its JSON."""
        return json.loads(self.out)

    @property
    def said(self) -> str:
        """Its output without the frames of tables; what was folded stays in parts."""
        return " ".join("".join(" " if c in "│┃┏┓┗┛━─┌┐└┘├┤┼┡┩╇┳┴┬" else c for c in self.out).split())


class Place:
    """The account; a transaction is told by one hex digit."""

    def __init__(self, tables: TableServiceClient, queues: QueueServiceClient, capsys: Any) -> None:
        self.service, self.queue_service, self._capsys = tables, queues, capsys
        self.now = datetime.now(UTC)
        self.tables = Tables(tables)
        self.ledger, self.registry = TableLedger(self.tables), TableRegistry(self.tables)
        self.queues = StorageQueues(lambda: queues)

    @staticmethod
    @contextmanager
    def on(connection: str, capsys: "pytest.CaptureFixture[str]") -> Iterator["Place"]:
        """Clients of the account, until the block ends."""
        with (
            TableServiceClient.from_connection_string(connection) as tables,
            QueueServiceClient.from_connection_string(connection) as queues,
        ):
            yield Place(tables, queues, capsys)

    def run(self, *arguments: str) -> Done:
        """Run a command as a person does; usage errors end it as they end a process."""
        self._capsys.readouterr()
        try:
            code = main(arguments)
        except SystemExit as ended:
            code = int(ended.code or 0)
        printed = self._capsys.readouterr()
        return Done(code, printed.out, printed.err)

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a piece of the app's own code, even while a command runs."""
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(asyncio.run, work).result()

    def add(self, row: Transaction, *events: Event) -> Transaction:
        """Write a row as the app does, from its first event to the last; returns it as it stands."""
        first, *others = events or (Event("received", "MailIngest"),)
        assert self.do(self.ledger.insert(row, first))
        now = self.read(row.key)
        for event in others:
            now = self.do(self.ledger.update(now.changed(row.updated_at), event))
        return now

    def read(self, key: Key) -> Transaction:
        """A row as it stands."""
        row = self.do(self.ledger.get(key))
        assert row is not None
        return row

    def row(self, digit: str, status: Status = Status.RECEIVED, **fields: Any) -> Transaction:
        """A row of a mail that came just now, or `ago` before."""
        return row(digit, status, now=self.now, **fields)

    def open(self, row: Transaction, *, due: timedelta = timedelta(minutes=15)) -> None:
        """Write the open entry of a row, due so long from now."""
        entry = OpenEntry(row.key, row.mail_id, self.now + due, progress=progress_of(row))
        self.do(self.ledger.put_open(entry))

    def keep(self, queue: str, message_id: str, body: str, transaction_id: str = "") -> None:
        """Keep a poison message as the tick does."""
        poison = Poison(queue, message_id, body, "its function failed every time", NOW, transaction_id)
        self.do(self.registry.set_poison(poison))

    def poison(self, queue: str, body: bytes, *, is_base64: bool = True) -> str:
        """Put a message on a poison queue as the host does; returns its id."""
        with self.queue_service.get_queue_client(f"{queue}-poison") as client:
            self._made(client)
            return str(client.send_message(base64.b64encode(body).decode() if is_base64 else body.decode()).id)

    @staticmethod
    def _made(client: Any) -> None:
        try:
            client.get_queue_properties()
        except ResourceNotFoundError:
            client.create_queue()

    def bodies(self, queue: str) -> list[bytes]:
        """What lies on a queue, decoded as the host does; nothing where there is none."""
        with self.queue_service.get_queue_client(queue) as client:
            try:
                return [base64.b64decode(message.content, validate=True) for message in client.peek_messages(32)]
            except ResourceNotFoundError:
                return []

    def entities(self, table: str) -> list[dict[str, Any]]:
        """All rows of a table; nothing where there is none."""
        with self.service.get_table_client(table) as client:
            try:
                return [dict(entity) for entity in client.list_entities()]
            except ResourceNotFoundError:
                return []

    def names(self) -> set[str]:
        """The tables and queues that exist."""
        return {table.name for table in self.service.list_tables()} | {q.name for q in self.queue_service.list_queues()}


def row(
    digit: str, status: Status = Status.RECEIVED, *, ago: timedelta = timedelta(), now: datetime = NOW, **fields: Any
) -> Transaction:
    """A row whose id is that digit 32 times, of a mail that came and was last touched `ago`."""
    at = now - ago
    given = {
        "partition": f"{at:%Y%m}",
        "transaction_id": digit * 32,
        "mail_id": f"mail-{digit}",
        "received_at": at,
        "admitted_at": at,
        "updated_at": at,
        "taken_up_at": at,
        **fields,
    }
    return made.row(status, **given)
