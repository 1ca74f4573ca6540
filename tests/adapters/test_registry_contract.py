"""What every Registry promises: each answer is right however many ask at once, and however often."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Protocol
from uuid import uuid4

import pytest

from shared.adapters.tables import POISON, TableRegistry, Tables
from shared.domain.transaction import Key
from shared.ports import Poison, Registry
from tests.adapters.conftest import OwnTables
from tests.adapters.hostile import HOSTILE_TEXTS, LONG_TEXTS
from tests.fakes import FakeRegistry

NOW = datetime(2026, 3, 5, 9, 30, 15, tzinfo=UTC)


def a_key() -> Key:
    return Key("202603", uuid4().hex)


class World(Protocol):
    """A registry, and what a person sees of it."""

    registry: Registry

    def another(self) -> Registry:
        """The registry of another process over the same tables."""

    def poisons(self) -> list[Mapping[str, object]]:
        """What was kept of poison messages."""


class FakeWorld:
    def __init__(self) -> None:
        self.fake = FakeRegistry()
        self.registry: Registry = self.fake

    def another(self) -> Registry:
        return self.fake

    def poisons(self) -> list[Mapping[str, object]]:
        return [
            {"Body": p.body, "Reason": p.reason, "InsertedAt": p.inserted_at, "TransactionId": p.transaction_id}
            for p in self.fake.poisons.values()
        ]


class TableWorld:
    def __init__(self, service: OwnTables) -> None:
        self._service = service
        self.registry = self.another()

    def another(self) -> Registry:
        return TableRegistry(Tables(self._service))

    def poisons(self) -> list[Mapping[str, object]]:
        return [dict(entity) for entity in self._service.create_table_if_not_exists(POISON).list_entities()]


@pytest.fixture(params=["fake", "azurite"])
def world(request: pytest.FixtureRequest) -> World:
    return FakeWorld() if request.param == "fake" else TableWorld(request.getfixturevalue("table_service"))


@pytest.fixture
def registry(world: World) -> Registry:
    return world.registry


async def test_a_minute_has_as_many_permits_as_it_may_have(registry: Registry) -> None:
    assert [await registry.take_permit(NOW, 3) for _ in range(5)] == [True, True, True, False, False]


async def test_the_next_minute_has_permits_of_its_own(registry: Registry) -> None:
    for _ in range(2):
        await registry.take_permit(NOW, 1)
    assert not await registry.take_permit(NOW.replace(second=59), 1)
    assert await registry.take_permit(NOW.replace(minute=31, second=0), 1)


async def test_a_minute_is_the_same_in_every_time_zone(registry: Registry) -> None:
    elsewhere = NOW.astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert await registry.take_permit(NOW, 1)
    assert not await registry.take_permit(elsewhere, 1)


async def test_a_raised_limit_counts_what_was_taken_before(registry: Registry) -> None:
    await registry.take_permit(NOW, 1)
    assert [await registry.take_permit(NOW, 3) for _ in range(3)] == [True, True, False]


async def test_twenty_at_once_take_no_more_permits_than_there_are(registry: Registry) -> None:
    taken = await asyncio.gather(*(registry.take_permit(NOW, 7) for _ in range(20)))
    assert taken.count(True) == 7


async def test_twenty_at_once_in_two_processes_take_no_more_permits_than_there_are(world: World) -> None:
    """A crowd may cost somebody a permit, never give away one too many."""
    both = [world.registry, world.another()]
    taken = await asyncio.gather(*(both[n % 2].take_permit(NOW, 7) for n in range(20)))
    assert 1 <= taken.count(True) <= 7
    left = [await world.registry.take_permit(NOW, 7) for _ in range(7)]
    assert taken.count(True) + left.count(True) == 7


async def test_the_first_to_claim_a_number_keeps_it(registry: Registry) -> None:
    first, second = a_key(), a_key()
    assert await registry.claim("bluebird", "INV1", first) == first
    assert await registry.claim("bluebird", "INV1", second) == first
    assert await registry.claim("bluebird", "INV1", first) == first


async def test_who_holds_a_number_is_told_without_a_trace(registry: Registry) -> None:
    first = a_key()
    assert await registry.holder("bluebird", "INV1") is None
    assert await registry.claim("bluebird", "INV1", first) == first
    assert await registry.holder("bluebird", "INV1") == first


async def test_the_same_number_of_another_vendor_is_another_number(registry: Registry) -> None:
    first, second = a_key(), a_key()
    await registry.claim("bluebird", "INV1", first)
    assert await registry.claim("redwood", "INV1", second) == second
    assert await registry.claim("bluebird", "INV2", second) == second


async def test_twenty_at_once_agree_on_who_claimed_a_number_first(registry: Registry) -> None:
    keys = [a_key() for _ in range(20)]
    answers = await asyncio.gather(*(registry.claim("bluebird", "INV1", key) for key in keys))
    assert len(set(answers)) == 1
    assert answers[0] in keys


async def test_every_number_and_vendor_is_told_apart_from_every_other(registry: Registry) -> None:
    await check_apart(registry, *HOSTILE_TEXTS.values(), "=", "a=2fb", "a/b", "a%2Fb", "inv1", "INV1")


async def test_numbers_and_vendors_of_2000_characters_are_told_apart_too(registry: Registry) -> None:
    await check_apart(registry, *LONG_TEXTS.values())


async def check_apart(registry: Registry, *texts: str) -> None:
    for vendor, number in (*(("bluebird", text) for text in texts), *((text, "INV9") for text in texts)):
        key = a_key()
        assert await registry.claim(vendor, number, key) == key
        assert await registry.claim(vendor, number, a_key()) == key


async def test_different_mails_alike_are_counted_once_each(registry: Registry) -> None:
    first, second, third = a_key(), a_key(), a_key()
    counted = [await registry.count_repeat("digest", key, NOW) for key in (first, second, third)]
    assert counted == [1, 2, 3]
    again = [await registry.count_repeat("digest", key, NOW) for key in (first, second, third, third)]
    assert again == [1, 2, 3, 3]
    assert await registry.count_repeat("another digest", first, NOW) == 1


async def test_only_the_last_hour_counts(registry: Registry) -> None:
    await registry.count_repeat("digest", a_key(), NOW - timedelta(minutes=61))
    await registry.count_repeat("digest", a_key(), NOW - timedelta(minutes=59))
    assert await registry.count_repeat("digest", a_key(), NOW) == 2


async def test_asking_again_does_not_make_a_mail_younger(registry: Registry) -> None:
    old, older = a_key(), a_key()
    await registry.count_repeat("digest", older, NOW - timedelta(minutes=70))
    await registry.count_repeat("digest", old, NOW - timedelta(minutes=65))
    for key in (old, older):
        await registry.count_repeat("digest", key, NOW)
    assert await registry.count_repeat("digest", a_key(), NOW) == 1


async def test_twenty_mails_alike_at_once_are_all_counted(registry: Registry) -> None:
    counts = await asyncio.gather(*(registry.count_repeat("digest", a_key(), NOW) for _ in range(20)))
    assert max(counts) <= 20
    assert await registry.count_repeat("digest", a_key(), NOW) == 21


async def test_a_poison_message_is_kept_once_however_often_it_is_handed_in(world: World) -> None:
    poison = Poison("raw-mail", "0f1e-message-id", '{"a": 1}', "unreadable", NOW, "0" * 32)
    for _ in range(3):
        await world.registry.set_poison(poison)
    (kept,) = world.poisons()
    assert (kept["Body"], kept["Reason"], kept["TransactionId"]) == (poison.body, poison.reason, poison.transaction_id)
    assert kept["InsertedAt"] == NOW


async def test_poison_messages_of_any_content_are_kept_apart(world: World) -> None:
    texts = [*HOSTILE_TEXTS.values(), *LONG_TEXTS.values()]
    for number, text in enumerate(texts):
        await world.registry.set_poison(Poison("raw-mail", f"{text[:100]}{number}", text, text, NOW))
    assert sorted(str(kept["Body"]) for kept in world.poisons()) == sorted(texts)


async def test_the_largest_message_of_a_queue_can_be_kept(world: World) -> None:
    """48 KiB of body are 64 KiB in the queue, and more than a text column holds."""
    poison = Poison("raw-mail", "1", "x" * 48 * 1024, "too long", NOW)
    await world.registry.set_poison(poison)
    await world.registry.set_poison(replace(poison, message_id="2", body="🧾" * 12 * 1024))
    assert all(len(str(kept["Body"])) >= 10_000 for kept in world.poisons())


async def test_a_number_is_taken_over_only_from_whom_it_was_seen_with(registry: Registry) -> None:
    first, second, third = a_key(), a_key(), a_key()
    await registry.claim("bluebird", "INV1", first)
    assert await registry.take_over("bluebird", "INV1", first, second) == second
    assert await registry.take_over("bluebird", "INV1", first, third) == second
    assert await registry.claim("bluebird", "INV1", second) == second


async def test_kept_poison_is_counted_by_queue(registry: Registry) -> None:
    assert await registry.kept_poison("raw-mail") == 0
    for number in range(3):
        await registry.set_poison(Poison("raw-mail", f"message {number}", "{}", "it failed", NOW))
    await registry.set_poison(Poison("to-post", "message 0", "{}", "it failed", NOW))
    await registry.set_poison(Poison("raw-mail", "message 0", "{}", "it failed", NOW))
    assert await registry.kept_poison("raw-mail") == 3
