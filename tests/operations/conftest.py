"""What the commands stand on."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from infrastructure.local.storage import Storage
from infrastructure.local.storage.azurite import connection_string
from tests.operations.place import Place


@pytest.fixture
def storage(azurite: Storage, tmp_path: Path) -> Iterator[Storage]:
    """An emulator of its own: the command writes to tables and queues whose names are fixed."""
    del azurite  # only says that the emulator is installed
    with Storage.start(tmp_path / "storage") as running:
        yield running


_ACCOUNTS = [f"operations{number:03d}" for number in range(300)]


@pytest.fixture(scope="session")
def _connections(azurite: Storage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Iterator[str]]:
    """Connection strings of accounts that nobody has used yet, of one emulator."""
    del azurite  # only says that the emulator is installed
    with Storage.start(tmp_path_factory.mktemp("accounts"), accounts=_ACCOUNTS) as running:
        ports = (running.blob_port, running.queue_port, running.table_port)
        yield (connection_string(name, *ports) for name in _ACCOUNTS)


@pytest.fixture
def place(
    _connections: Iterator[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Place]:
    """An account of its own, which the environment names."""
    connection = next(_connections)
    monkeypatch.setenv("AzureWebJobsStorage", connection)
    with Place.on(connection, capsys) as made:
        yield made


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "vendors.csv"
