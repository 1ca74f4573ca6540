"""The app's storage account, as the environment and local.settings.json name it: opened here for every command."""

import os
from collections.abc import Awaitable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from azure.core.exceptions import ResourceNotFoundError
from azure.data.tables import TableClient
from azure.storage.queue import QueueServiceClient

from infrastructure.checkout import checkout
from infrastructure.local_settings import SettingError, add_local_settings
from shared.adapters.queues import StorageQueues
from shared.adapters.tables import TableLedger, Tables
from shared.settings import STORAGE, Settings
from shared.wiring import queue_service, table_service

T = TypeVar("T")


class _ExistingTables(Tables):
    """The tables that are there: whoever only looks makes none, and needs no right to."""

    def _client(self, name: str) -> TableClient:
        return self._service.get_table_client(name)


@dataclass(frozen=True, slots=True)
class Account:
    """Tables and queues of the app; `reading` makes no table, and what it reads may not exist (see `if_there`)."""

    tables: Tables
    reading: Tables
    queue_service: QueueServiceClient
    stuck_after: timedelta
    mailbox: str  # INVOICE_MAILBOX; empty where the environment does not name it

    @property
    def name(self) -> str:
        """The account's name."""
        return str(self.queue_service.account_name)

    @property
    def ledger(self) -> TableLedger:
        """The ledger for a command that writes."""
        return TableLedger(self.tables)

    @property
    def queues(self) -> StorageQueues:
        """The app's queues."""
        return StorageQueues(lambda: self.queue_service)


def environment(app: Path | None = None) -> dict[str, str]:
    """The settings: those of the environment, and below them the app folder's local ones; raises SettingError."""
    settings = dict(os.environ)
    add_local_settings(app or checkout(), settings)
    # A connection string of the file would win over the account that the environment names by its other settings.
    named = {name for name in os.environ if name.startswith(STORAGE)}
    return {
        name: value for name, value in settings.items() if not named or not name.startswith(STORAGE) or name in named
    }


@contextmanager
def connecting() -> Iterator[None]:
    """Say what is wrong with a connection string without showing it, for it may hold the key; raises SettingError."""
    try:
        yield
    except SettingError:
        raise
    except ValueError as error:  # the SDK's
        raise SettingError(f"{STORAGE}: no connection string of a storage account") from error


@contextmanager
def opened() -> Iterator[Account]:
    """The account, until the block ends; raises InvalidSettings, SettingError."""
    settings = environment()
    storage, stuck_after = Settings.for_storage(settings)
    with connecting():
        tables, queues = table_service(storage), queue_service(storage)
    with tables, queues:
        mailbox = settings.get("INVOICE_MAILBOX", "").strip().lower()
        yield Account(Tables(tables), _ExistingTables(tables), queues, stuck_after, mailbox)


async def if_there(reading: Awaitable[Sequence[T]]) -> Sequence[T]:
    """What is read, or nothing where the table or queue does not exist."""
    try:
        return await reading
    except ResourceNotFoundError:
        return ()
