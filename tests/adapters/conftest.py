"""The tables and queues of one test in the storage emulator."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from azure.data.tables import TableClient, TableServiceClient
from azure.storage.queue import QueueServiceClient

from infrastructure.local.storage import Storage


class OwnTables(TableServiceClient):
    """Tables that no other test sees: each name gets a prefix."""

    prefix = ""

    def create_table_if_not_exists(self, table_name: str, **kwargs: Any) -> TableClient:
        return super().create_table_if_not_exists(self.prefix + table_name, **kwargs)

    def get_table_client(self, table_name: str, **kwargs: Any) -> TableClient:
        own = table_name if table_name.startswith(self.prefix) else self.prefix + table_name
        return super().get_table_client(own, **kwargs)


@pytest.fixture
def table_service(azurite: Storage) -> Iterator[OwnTables]:
    with own_tables(azurite) as service:
        yield service


def own_tables(azurite: Storage, **options: Any) -> OwnTables:
    """A client with tables of its own; `options` are the SDK's."""
    service = OwnTables.from_connection_string(azurite.connection_string, **options)
    assert isinstance(service, OwnTables)
    service.prefix = f"t{uuid4().hex[:8]}"
    return service


@pytest.fixture
def queue_service(azurite: Storage) -> Iterator[QueueServiceClient]:
    with QueueServiceClient.from_connection_string(azurite.connection_string) as service:
        yield service
