"""Whole lives of mails, and the promise that no message does anything twice."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from shared.domain.messages import NOTIFY, RAW_MAIL, TO_POST, AddVendor
from shared.domain.transaction import FOLDERS, TRANSITIONS, Status
from shared.ports import Later
from tests.fakes import AfterSend
from tests.stages.world import Phase, Tuning, World

NOBODY = "billing@nobody.example"
NOBODY_COLUMNS = {"vendor_name": "Nobody Ltd", "email_domain": "nobody.example"}


async def test_mails_of_every_kind_come_to_rest_in_their_folders(world: World) -> None:
    mails = {
        "Posted": world.invoice("INV-1"),
        "Needs Vendor": world.invoice("INV-2", sender=NOBODY),
        "Review": world.mailbox.arrive(subject="Hello", body="Hello"),
        "Ignored": world.mailbox.arrive(subject="Away", body="", headers=(("Auto-Submitted", "auto-replied"),)),
    }
    await world.settle()
    assert {folder: world.folder(mail) for folder, mail in mails.items()} == {folder: folder for folder in mails}
    assert sorted(card["status"] for card in world.channel.cards) == ["parked", "posted", "review"]
    assert world.mailbox.mails_in("Inbox") == []
    assert all(world.row(mail).is_finished for mail in mails.values())


async def test_a_mail_waits_for_its_vendor_and_is_posted_when_it_comes(world: World) -> None:
    mail = world.invoice(sender=NOBODY)
    await world.settle()
    world.clock.advance(3 * 24 * 3600)
    await world.add(**NOBODY_COLUMNS)
    await world.settle()
    assert world.events(mail) == [
        "received",
        "parked",
        "filed",
        "announced",
        "received",
        "enriched",
        "claimed",
        "send started",
        "posted",
        "filed",
        "announced",
    ]
    assert [card["status"] for card in world.channel.cards] == ["parked", "posted"]


async def test_a_mail_that_bounced_is_released_and_delivered(world: World) -> None:
    mail = world.invoice()
    await world.settle()
    report = world.bounce(world.mailbox.ap_inbox[0].message_id)
    await world.settle()
    assert (world.outcome(mail), world.folder(mail)) == ("failed: undelivered", "Failed")
    assert world.folder(report) == "Ignored"
    world.release(mail)
    await world.settle()
    assert (world.outcome(mail), world.folder(mail)) == ("posted", "Posted")
    first, second = world.mailbox.ap_inbox
    assert (first.marker[-2:], second.marker[-2:]) == ("-1", "-2")
    assert first.message_id != second.message_id
    assert [card["status"] for card in world.channel.cards] == ["posted", "failed", "posted"]


async def test_a_mail_released_three_times_is_sent_three_times(world: World) -> None:
    mail = world.invoice()
    for attempt in (1, 2, 3):
        await world.settle()
        assert world.outcome(mail) == "posted"
        assert len(world.mailbox.ap_inbox) == attempt
        world.bounce(world.mailbox.ap_inbox[-1].message_id, subject=f"Undeliverable {attempt}")
        await world.settle()
        assert world.outcome(mail) == "failed: undelivered"
        world.release(mail)


async def test_a_mail_parked_again_after_a_release_still_goes_on_when_its_vendor_comes(world: World) -> None:
    mail = world.invoice(sender=NOBODY)
    await world.settle()
    world.release(mail)
    await world.settle()
    assert world.outcome(mail) == "parked: vendor_unknown"
    await world.add(**NOBODY_COLUMNS)
    await world.settle()
    assert world.outcome(mail) == "posted"
    assert len(world.mailbox.ap_inbox) == 1


async def test_a_whole_day_without_a_mailbox_costs_no_mail(world: World) -> None:
    mails = [world.invoice(f"INV-{n}") for n in range(3)]
    await world.tick()
    for method in ("get", "inbox"):
        world.mailbox.fail_next(method, Later("503"), times=100)
    for _ in range(24):
        world.clock.advance(3600)
        with pytest.raises(Later):
            await world.tick()
        await world.pump()
    assert {world.outcome(mail) for mail in mails} == {"received"}
    healthy = world.mailbox._scripted
    healthy.clear()
    await world.settle()
    assert {world.outcome(mail) for mail in mails} == {"posted"}


async def test_a_mail_deleted_after_it_was_posted_stays_posted(world: World) -> None:
    mail = world.invoice()
    await world.settle()
    world.mailbox.delete_by_person(mail.id)
    await world.settle()
    assert world.outcome(mail) == "posted"


async def test_a_folder_that_a_person_deleted_is_made_again(world: World) -> None:
    world.invoice("INV-1")
    await world.settle()
    world.mailbox.delete_folder_by_person("Posted")
    mail = world.invoice("INV-2")
    await world.settle()
    assert world.folder(mail) == "Posted"


async def test_many_mails_respect_the_permits_of_each_minute() -> None:
    world = World(Tuning(per_minute=3))
    mails = [world.invoice(f"INV-{n}") for n in range(20)]
    for _ in range(30):
        await world.go()
        world.clock.advance(60)
    assert {world.outcome(mail) for mail in mails} == {"posted"}
    assert max(world.registry.permits.values()) <= 3


@pytest.mark.parametrize("phase", ["before", "after"])
async def test_a_crash_at_any_call_of_a_whole_life_loses_and_doubles_nothing(phase: Phase) -> None:
    first = World()
    first.invoice()
    for number in range(1, await first.count_calls(first.go()) + 1):
        world = World()
        mail = world.invoice()
        await world.crash(world.go(), number, phase)
        world.lose_messages()
        await world.settle()
        assert (world.outcome(mail), world.folder(mail)) == ("posted", "Posted")
        assert len(world.mailbox.ap_inbox) == 1
        assert 1 <= len(world.channel.cards) <= 2
        assert world.mailbox.mails_in("Inbox") == []


# Every message twice


async def raw(world: World) -> Callable[[], Awaitable[Any]]:
    mail = world.invoice()
    await world.tick()
    return lambda: world.work(RAW_MAIL, mail)


async def raw_parked(world: World) -> Callable[[], Awaitable[Any]]:
    mail = world.invoice(sender=NOBODY)
    await world.tick()
    return lambda: world.work(RAW_MAIL, mail)


async def raw_bounce(world: World) -> Callable[[], Awaitable[Any]]:
    world.invoice()
    await world.settle()
    report = world.bounce(world.mailbox.ap_inbox[0].message_id)
    await world.tick()
    return lambda: world.work(RAW_MAIL, report)


async def to_post(world: World) -> Callable[[], Awaitable[Any]]:
    mail = world.invoice()
    await world.tick()
    await world.work(RAW_MAIL, mail)
    return lambda: world.work(TO_POST, mail)


async def notify(world: World) -> Callable[[], Awaitable[Any]]:
    mail = world.invoice()
    await world.tick()
    await world.work(RAW_MAIL, mail)
    await world.work(TO_POST, mail)
    return lambda: world.work(NOTIFY, mail)


async def add_vendor(world: World) -> Callable[[], Awaitable[Any]]:
    world.invoice(sender=NOBODY)
    await world.settle()
    return lambda: world.add_vendor.add(AddVendor(vendor_name="Nobody Ltd", email_domain=("nobody.example",)))


async def tick(world: World) -> Callable[[], Awaitable[Any]]:
    world.invoice()
    return world.tick


STAGES = {
    "MailIngest": tick,
    "ExtractEnrich": raw,
    "ExtractEnrich, parked": raw_parked,
    "ExtractEnrich, bounce": raw_bounce,
    "PostToAP": to_post,
    "Notify": notify,
    "AddVendor": add_vendor,
}


def effects(world: World) -> dict[str, object]:
    """All that a message can have done, but for the hints that it handed on."""
    return {
        "rows": {key: world.ledger.columns(key) for key in world.ledger.keys},
        "history": {key: world.ledger.history(key) for key in world.ledger.keys},
        "ap": list(world.mailbox.ap_inbox),
        "mails": {folder: world.mailbox.mails_in(folder) for folder in world.mailbox.folders},
        "cards": list(world.channel.cards),
        "vendors": dict(world.vendors.vendors),
        "numbers": dict(world.registry.traits),
        "repeats": {digest: set(keys) for digest, keys in world.registry.repeats.items()},
    }


@pytest.mark.parametrize("later", [0, 5, 1000], ids=["at once", "soon", "long after"])
@pytest.mark.parametrize("stage", STAGES.values(), ids=STAGES)
async def test_a_message_delivered_twice_has_no_second_effect(
    world: World, stage: Callable[[World], Awaitable[Callable[[], Awaitable[Any]]]], later: int
) -> None:
    run = await stage(world)
    await run()
    before = effects(world)
    world.clock.advance(later)
    await run()
    assert effects(world) == before


@pytest.mark.parametrize("after_send", list(AfterSend), ids=lambda how: how.value)
async def test_whatever_the_mailbox_shows_of_a_sent_mail_one_is_sent(world: World, after_send: AfterSend) -> None:
    mail = world.invoice()
    world.mailbox.after_send = after_send
    await world.settle()
    assert world.outcome(mail) == "posted"
    assert len(world.mailbox.ap_inbox) == 1


def test_every_state_of_rest_has_a_folder_and_a_way_back() -> None:
    for status in FOLDERS:
        way_back = set() if status is Status.POSTED else {Status.RECEIVED}
        bounce = {Status.FAILED} if status in {Status.POSTED, Status.REVIEW} else set()
        assert TRANSITIONS[status] == way_back | bounce
