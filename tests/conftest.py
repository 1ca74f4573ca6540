"""What every test stands on: a clean environment, no network, and the two real counterparts."""

import os
import socket
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from infrastructure.local.mailbox import MailboxServer, serve
from infrastructure.local.samples.builders import MAILBOX
from infrastructure.local.storage import Storage
from infrastructure.local.storage.install import folder as storage_folder
from shared.settings import NAMES
from tests.fakes import Clock

_SETTINGS = (*NAMES, "MAIL_INGEST_SCHEDULE")
_PREFIXES = ("AzureWebJobs", "AZURE_", "GRAPH_", "IDENTITY_", "MSI_")


def pytest_configure(config: pytest.Config) -> None:
    # The Graph SDK's own generated classes are marked as deprecated, and warn when they are imported.
    config.addinivalue_line("filterwarnings", r"ignore::DeprecationWarning:(msgraph\.generated|kiota_abstractions)\.")


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test sees the settings that it makes, never those of the machine it runs on."""
    for name in list(os.environ):
        if name in _SETTINGS or name.startswith(_PREFIXES):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True, scope="session")
def _no_network() -> Iterator[None]:
    """Connections lead to this machine only."""
    real_connect, real_connect_ex = socket.socket.connect, socket.socket.connect_ex

    def connect(self: socket.socket, address: Any) -> None:
        _refuse_foreign(self, address)
        real_connect(self, address)

    def connect_ex(self: socket.socket, address: Any) -> int:
        _refuse_foreign(self, address)
        return real_connect_ex(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", connect)
        patch.setattr(socket.socket, "connect_ex", connect_ex)
        yield


def _refuse_foreign(connection: socket.socket, address: Any) -> None:
    if connection.family not in {socket.AF_INET, socket.AF_INET6}:
        return
    host = str(address[0])
    if host != "localhost" and not ip_address(host.partition("%")[0]).is_loopback:
        raise RuntimeError(f"a test wants to connect to {host}; tests have no network beyond loopback")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Storage]:
    """One storage emulator for the session, on free ports."""
    if not (storage_folder() / "node_modules" / "azurite").is_dir():
        pytest.fail("the storage emulator is not installed; run: make setup")
    with Storage.start(tmp_path_factory.mktemp("azurite")) as running:
        yield running


@pytest.fixture
def local_mailbox(tmp_path: Path) -> Iterator[MailboxServer]:
    """The local mailbox over `tmp_path / "mails"`, with an empty Inbox for MAILBOX."""
    root = tmp_path / "mails"
    (root / MAILBOX / "Inbox").mkdir(parents=True)
    with serve(root) as server:
        yield server
