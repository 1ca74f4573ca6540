"""While somebody has stopped everything nothing is admitted, driven or sent, and nothing is lost."""

from datetime import timedelta

import pytest

from shared.domain.messages import RAW_MAIL, TO_POST
from shared.domain.transaction import Status
from shared.ports import Later
from tests.fakes import SENT
from tests.stages.world import Tuning, World

WHY = "AP's mailbox is being moved"


async def test_nothing_is_admitted_and_all_of_it_afterwards(world: World, caplog: pytest.LogCaptureFixture) -> None:
    mail = world.invoice()
    world.control.put_on(WHY)
    await world.go()
    assert world.ledger.keys == []
    assert WHY in caplog.text
    world.control.take_off(world.clock())
    await world.settle()
    assert world.outcome(mail) == "posted"
    assert len(world.mailbox.ap_inbox) == 1


async def test_what_is_on_its_way_is_held_before_its_send_and_forwarded_anew_afterwards(world: World) -> None:
    mail = world.invoice()
    await world.tick()
    await world.deliver(RAW_MAIL, world.queues.take_all(RAW_MAIL)[0])
    world.control.put_on(WHY)
    await world.pump()
    await world.work(TO_POST, mail)
    assert world.mailbox.ap_inbox == []
    assert world.row(mail).send_started_at is None
    held = {draft.id for draft in world.mailbox.drafts}
    assert len(held) == 1
    world.control.take_off(world.clock())
    await world.settle()
    assert world.outcome(mail) == "posted"
    assert len(world.mailbox.ap_inbox) == 1
    assert held.isdisjoint(sent.id for sent in world.mailbox.mails_in(SENT))
    assert world.mailbox.drafts == []


async def test_a_send_in_doubt_is_not_repeated_while_stopped(world: World) -> None:
    mail = world.invoice()
    world.mailbox.fail_next("send", Later("reset"))
    await world.go()
    world.control.put_on(WHY)
    world.clock.advance(601)
    await world.work(TO_POST, mail)
    assert world.mailbox.calls.count("send") == 1
    world.control.take_off(world.clock())
    await world.settle()
    assert world.outcome(mail) == "posted"
    assert len(world.mailbox.ap_inbox) == 1


@pytest.mark.parametrize("days", [1, 9])
async def test_a_long_stop_is_held_against_no_mail(world: World, days: int) -> None:
    mail = world.invoice()
    await world.tick()
    await world.deliver(RAW_MAIL, world.queues.take_all(RAW_MAIL)[0])
    world.control.put_on(WHY)
    await world.pump()
    for _ in range(days * 24):
        world.clock.advance(timedelta(hours=1).total_seconds())
        await world.go()
    assert world.row(mail).status is Status.POSTING
    world.control.take_off(world.clock())
    await world.settle()
    assert world.outcome(mail) == "posted"
    assert len(world.mailbox.ap_inbox) == 1


async def test_a_stop_taken_off_by_a_clock_that_is_ahead_holds_back_no_word_of_a_stuck_mail(world: World) -> None:
    world.control.put_on(WHY)
    world.control.take_off(world.clock() + timedelta(days=365))
    mail = world.invoice()
    world.mailbox.fail_next("get", Later("500"), times=1000)
    for _ in range(30 * 6):
        await world.go()
        world.clock.advance(600)
    assert world.outcome(mail) == "review: mail_unreadable"
    assert len(world.channel.cards) == 1


async def test_poison_that_fails_is_reported_while_stopped_too(world: World) -> None:
    world.control.put_on(WHY)
    world.queues.poison(RAW_MAIL, b"?")
    world.channel.fail_next("post", RuntimeError("defect"))
    with pytest.raises(ExceptionGroup):
        await world.tick()


async def test_a_woken_backlog_after_a_long_stop_waits_for_its_turn_without_blame() -> None:
    world = World(Tuning(per_minute=1))
    mails = [world.invoice(f"INV-{n}", sender=f"{n}@late.example") for n in range(90)]
    await world.settle()
    world.control.put_on(WHY)
    await world.add(vendor_name="Late Ltd", email_domain="late.example")
    for _ in range(26):
        world.clock.advance(3600)
        await world.go()
    world.control.take_off(world.clock())
    for _ in range(200):
        await world.go()
        world.clock.advance(60)
    assert {world.outcome(mail) for mail in mails} == {"posted"}
    assert len(world.mailbox.ap_inbox) == len(mails)
