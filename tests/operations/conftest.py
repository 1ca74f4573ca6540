"""What the commands stand on."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from infrastructure.local.storage import Storage


@pytest.fixture
def storage(azurite: Storage, tmp_path: Path) -> Iterator[Storage]:
    """An emulator of its own: the command writes to tables and queues whose names are fixed."""
    del azurite  # only says that the emulator is installed
    with Storage.start(tmp_path / "storage") as running:
        yield running


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "vendors.csv"
