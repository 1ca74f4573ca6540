"""What every Control port promises: a stop is heard of, and a nonce serves one mail."""

import asyncio
from datetime import UTC, datetime
from typing import Protocol
from uuid import uuid4

import pytest

from shared.adapters.tables import ARRIVAL, CONTROL, NONCES, STOP, SYNTHETIC, TableControl, Tables
from shared.domain.stop import Stop
from shared.domain.transaction import Key
from shared.ports import Control
from tests.adapters.conftest import OwnTables
from tests.fakes import FakeControl

NOW = datetime(2026, 3, 5, 9, 30, tzinfo=UTC)


def a_key() -> Key:
    return Key("202603", uuid4().hex)


class World(Protocol):
    """A control port, and the people at its other end."""

    def control(self) -> Control:
        """That of a process which has asked for nothing yet."""

    def stop(self, why: str) -> None:
        """A person stops everything."""

    def resume(self) -> None:
        """A person lets work go on."""

    def write(self, nonce: str) -> None:
        """The synthetic check writes a nonce."""

    def arrive(self, at: datetime) -> None:
        """The synthetic check writes down that a mail has arrived."""


class FakeWorld:
    def __init__(self) -> None:
        self.fake = FakeControl()

    def control(self) -> Control:
        return self.fake

    def stop(self, why: str) -> None:
        self.fake.put_on(why, NOW)

    def resume(self) -> None:
        self.fake.take_off(NOW)

    def write(self, nonce: str) -> None:
        self.fake.nonces[nonce] = None

    def arrive(self, at: datetime) -> None:
        self.fake.arrived = at


class TableWorld:
    def __init__(self, service: OwnTables) -> None:
        self._service = service

    def control(self) -> Control:
        return TableControl(Tables(self._service))

    def stop(self, why: str) -> None:
        self._upsert(CONTROL, STOP, Stopped=True, Why=why, By="ann@desk", Since=NOW)

    def resume(self) -> None:
        self._upsert(CONTROL, STOP, Stopped=False, Since=NOW)

    def write(self, nonce: str) -> None:
        self._upsert(NONCES, (SYNTHETIC, nonce), CreatedAt=datetime.now(UTC), UsedBy="", UsedPartition="")

    def arrive(self, at: datetime) -> None:
        self._upsert(NONCES, ARRIVAL, At=at)

    def _upsert(self, name: str, key: tuple[str, str], **columns: object) -> None:
        table = self._service.create_table_if_not_exists(name)
        table.upsert_entity({"PartitionKey": key[0], "RowKey": key[1], **columns})


@pytest.fixture(params=["fake", "azurite"])
def world(request: pytest.FixtureRequest) -> World:
    return FakeWorld() if request.param == "fake" else TableWorld(request.getfixturevalue("table_service"))


async def test_work_goes_on_until_somebody_stops_it(world: World) -> None:
    assert await world.control().stop() == Stop()
    world.stop("AP's mailbox is full")
    assert await world.control().stop() == Stop(is_on=True, why="AP's mailbox is full", by="ann@desk", since=NOW)
    world.resume()
    after = await world.control().stop()
    assert (after.is_on, after.since) == (False, NOW)


async def test_a_nonce_that_nobody_wrote_is_worth_nothing(world: World) -> None:
    assert not await world.control().use_nonce(uuid4().hex, a_key())


async def test_a_nonce_serves_one_mail_however_often_that_asks(world: World) -> None:
    nonce, first, second = uuid4().hex, a_key(), a_key()
    world.write(nonce)
    assert await world.control().use_nonce(nonce, first)
    assert not await world.control().use_nonce(nonce, second)
    assert await world.control().use_nonce(nonce, first)


async def test_a_mail_of_the_check_that_arrived_is_remembered(world: World) -> None:
    assert await world.control().arrived_at() is None
    world.arrive(NOW)
    assert await world.control().arrived_at() == NOW


async def test_of_mails_that_ask_at_once_one_gets_it(world: World) -> None:
    nonce = uuid4().hex
    world.write(nonce)
    asked = await asyncio.gather(*(world.control().use_nonce(nonce, a_key()) for _ in range(8)))
    assert asked.count(True) == 1


async def test_a_stop_without_a_reason_stops_too(table_service: OwnTables) -> None:
    TableWorld(table_service).stop("")
    assert await TableControl(Tables(table_service)).stop() == Stop(
        is_on=True, why="no reason given", by="ann@desk", since=NOW
    )
