"""The synthetic check and the emergency stop against the whole system, as people run them."""

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from azure.data.tables import TableServiceClient

from infrastructure.local.samples import AP_MAILBOX, SYNTHETIC_MAILBOX
from infrastructure.local.system import System, running
from infrastructure.operations.__main__ import main as operations
from shared.adapters.tables import TableControl, Tables

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with running(tmp_path_factory.mktemp("system")) as running_system:
        yield running_system


@pytest.fixture
def settings(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AzureWebJobsStorage", "INVOICE_MAILBOX", "SYNTHETIC_RECIPIENT", "GRAPH_BASE_URL"):
        monkeypatch.setenv(name, system.environment[name])


def inbox(system: System, address: str) -> list[Path]:
    return sorted((system.root / address / "Inbox").glob("*.eml"))


def last_arrival(system: System) -> datetime | None:
    with TableServiceClient.from_connection_string(system.connection_string) as service:
        return asyncio.run(TableControl(Tables(service)).arrived_at())


@pytest.mark.usefixtures("settings")
def test_a_check_goes_the_whole_way_and_nothing_of_it_to_ap(system: System, capfd: pytest.CaptureFixture[str]) -> None:
    for number in (1, 2):  # the second one is no duplicate of the first
        assert operations(["synthetic", "--json", "--timeout", "120"]) == 0
        said = json.loads(capfd.readouterr().out)
        assert said["step"] == "arrived"
        assert len(inbox(system, SYNTHETIC_MAILBOX)) == number
    assert inbox(system, AP_MAILBOX) == []
    assert list((system.root / "teams").glob("*.json")) == []
    row = next(row for row in system.rows() if row.transaction_id == said["transaction"])
    assert (row.synthetic, row.status, row.folder) == (True, "posted", "Posted")
    arrived_at = last_arrival(system)
    assert arrived_at is not None
    assert datetime.now(UTC) - arrived_at < timedelta(minutes=5)


@pytest.mark.usefixtures("settings")
def test_a_check_that_does_not_get_through_says_how_far_it_came(
    system: System, capfd: pytest.CaptureFixture[str]
) -> None:
    assert operations(["emergency-stop", "--why", "a drill"]) == 0
    try:
        before, arrived_at = len(inbox(system, SYNTHETIC_MAILBOX)), last_arrival(system)
        assert operations(["synthetic", "--timeout", "15"]) == 3
        said = capfd.readouterr().out
        assert "sent after" in said
        assert "does MailIngest run" in said
        assert len(inbox(system, SYNTHETIC_MAILBOX)) == before
        assert last_arrival(system) == arrived_at
    finally:
        assert operations(["emergency-stop", "--resume"]) == 0


@pytest.mark.parametrize("name", ["SYNTHETIC_RECIPIENT", "INVOICE_MAILBOX"])
@pytest.mark.usefixtures("settings")
def test_what_is_not_set_is_named(
    name: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(name, "")
    assert operations(["synthetic"]) == 1
    assert f"missing: {name}" in capfd.readouterr().err


@pytest.mark.usefixtures("settings")
def test_a_mailbox_that_may_not_be_used_is_named_with_the_role(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SYNTHETIC_RECIPIENT", "nobody@contoso.example")
    assert operations(["synthetic"]) == 1
    said = capfd.readouterr().err
    assert "nobody@contoso.example" in said
    assert "Application Mail.Send" in said
