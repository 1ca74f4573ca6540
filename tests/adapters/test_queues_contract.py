"""What every Queues port promises: messages as the Functions host reads them, and poison kept until it is safe."""

import asyncio
import base64
from datetime import UTC, datetime, timedelta
from typing import Protocol
from uuid import uuid4

import pytest
from azure.core.exceptions import ResourceNotFoundError
from azure.storage.queue import QueueClient, QueueServiceClient

from shared.adapters.queues import StorageQueues
from shared.ports import PoisonMessage, Queues
from tests.fakes import FakeQueues

BODIES = [b"", b'{"schema_version": 1}', "Größe 🧾 <&>".encode(), bytes(range(256)), b"x" * 48 * 1024]


class World(Protocol):
    """Queues, and the host at their other end."""

    queues: Queues

    def received(self, queue: str) -> list[bytes]:
        """What the host reads."""

    def poison(self, queue: str, body: bytes) -> None:
        """The host gives a message up."""

    def poison_left(self, queue: str) -> int:
        """How many poison messages there are, hidden or not."""


class FakeWorld:
    def __init__(self) -> None:
        self.fake = FakeQueues(lambda: datetime.now(UTC))
        self.queues: Queues = self.fake

    def received(self, queue: str) -> list[bytes]:
        return self.fake.take_all(queue)

    def poison(self, queue: str, body: bytes) -> None:
        self.fake.poison(queue, body)

    def poison_left(self, queue: str) -> int:
        return len(self.fake.poison_left(queue))


class StorageWorld:
    def __init__(self, service: QueueServiceClient) -> None:
        self._service = service
        self.queues: Queues = StorageQueues(lambda: service)

    def client(self, queue: str) -> QueueClient:
        return self._service.get_queue_client(queue)

    def received(self, queue: str) -> list[bytes]:
        try:
            return [base64.b64decode(m.content, validate=True) for m in self.client(queue).receive_messages()]
        except ResourceNotFoundError:
            return []

    def poison(self, queue: str, body: bytes) -> None:
        self.poison_text(queue, base64.b64encode(body).decode())

    def poison_text(self, queue: str, text: str) -> None:
        client = self.client(f"{queue}-poison")
        try:
            client.send_message(text)
        except ResourceNotFoundError:
            client.create_queue()
            client.send_message(text)

    def poison_left(self, queue: str) -> int:
        return self.client(f"{queue}-poison").get_queue_properties().approximate_message_count or 0


@pytest.fixture
def storage_world(queue_service: QueueServiceClient) -> StorageWorld:
    return StorageWorld(queue_service)


@pytest.fixture(params=["fake", "azurite"])
def world(request: pytest.FixtureRequest) -> World:
    return FakeWorld() if request.param == "fake" else request.getfixturevalue("storage_world")


@pytest.fixture
def queue() -> str:
    return f"t{uuid4().hex[:12]}"


@pytest.mark.parametrize("body", BODIES, ids=["empty", "json", "unicode", "every byte", "48 KiB"])
async def test_a_message_arrives_byte_for_byte(world: World, queue: str, body: bytes) -> None:
    await world.queues.send(queue, body)
    assert world.received(queue) == [body]


async def test_a_queue_that_is_missing_is_made(world: World, queue: str) -> None:
    assert world.received(queue) == []
    await world.queues.send(queue, b"first")
    await world.queues.send(queue, b"second")
    assert sorted(world.received(queue)) == [b"first", b"second"]


async def test_many_senders_may_find_the_queue_missing_at_once(world: World, queue: str) -> None:
    await asyncio.gather(*(world.queues.send(queue, b"%d" % n) for n in range(20)))
    assert sorted(map(int, world.received(queue))) == list(range(20))


async def test_a_missing_poison_queue_holds_nothing(world: World, queue: str) -> None:
    assert await world.queues.poisoned(queue) == []


async def test_a_poison_message_shows_what_it_was_and_when(world: World, queue: str) -> None:
    world.poison(queue, b'{"transaction_id": "1"}')
    (message,) = await world.queues.poisoned(queue)
    assert message.body == b'{"transaction_id": "1"}'
    assert abs(message.inserted_at - datetime.now(UTC)) < timedelta(minutes=1)


async def test_a_poison_message_is_hidden_while_it_is_being_kept_and_gone_once_forgotten(
    world: World, queue: str
) -> None:
    world.poison(queue, b"1")
    (message,) = await world.queues.poisoned(queue)
    assert await world.queues.poisoned(queue) == []
    assert world.poison_left(queue) == 1
    for _ in range(2):
        await world.queues.forget(queue, message)
    assert world.poison_left(queue) == 0


async def test_more_poison_than_a_request_holds_comes_in_parts(world: World, queue: str) -> None:
    for number in range(40):
        world.poison(queue, b"%d" % number)
    seen: list[PoisonMessage] = []
    while part := await world.queues.poisoned(queue):
        assert len(part) <= 32
        seen += part
    assert sorted(int(message.body) for message in seen) == list(range(40))


async def test_poison_that_waits_is_counted_hidden_or_not(world: World, queue: str) -> None:
    assert await world.queues.poison_waiting(queue) == 0
    for body in (b"1", b"2", b"3"):
        world.poison(queue, body)
    assert await world.queues.poison_waiting(queue) == 3
    first, *_ = await world.queues.poisoned(queue)
    await world.queues.forget(queue, first)
    assert await world.queues.poison_waiting(queue) == 2


async def test_poison_of_one_queue_is_not_that_of_another(world: World, queue: str) -> None:
    world.poison(queue, b"1")
    assert await world.queues.poisoned(f"{queue}-b") == []


async def test_messages_are_base64_on_the_wire_as_the_host_expects_them(
    storage_world: StorageWorld, queue: str
) -> None:
    await storage_world.queues.send(queue, b'{"a": 1}')
    (message,) = storage_world.client(queue).receive_messages()
    assert message.content == "eyJhIjogMX0="


async def test_poison_that_never_was_base64_is_its_text(storage_world: StorageWorld, queue: str) -> None:
    texts = ['{"a": 1}', "not base64!", "Größe <&>", "a b", "abc", "====", "O'Brien", "100%", "🧾", "]]>", "a\nb"]
    for text in texts:
        storage_world.poison_text(queue, text)
    bodies = [message.body for message in await storage_world.queues.poisoned(queue)]
    assert sorted(bodies) == sorted(text.encode() for text in texts)
