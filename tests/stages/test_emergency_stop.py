"""While somebody has stopped everything nothing is admitted, driven or sent, and nothing is lost."""

from datetime import timedelta

import pytest

from shared.domain.messages import RAW_MAIL, TO_POST
from shared.domain.transaction import Status
from shared.ports import Later
from tests.stages.world import World

WHY = "AP's mailbox is being moved"


async def test_nothing_is_admitted_and_all_of_it_afterwards(world: World, caplog: pytest.LogCaptureFixture) -> None:
    mail = world.invoice()
    world.control.why = WHY
    await world.go()
    assert world.ledger.keys == []
    assert WHY in caplog.text
    world.control.why = ""
    await world.settle()
    assert world.outcome(mail) == "posted"
    assert len(world.mailbox.ap_inbox) == 1


async def test_what_is_on_its_way_is_held_before_its_send_with_one_draft_for_later(world: World) -> None:
    mail = world.invoice()
    await world.tick()
    await world.deliver(RAW_MAIL, world.queues.take_all(RAW_MAIL)[0])
    world.control.why = WHY
    await world.pump()
    await world.work(TO_POST, mail)
    assert world.mailbox.ap_inbox == []
    assert len(world.mailbox.drafts) == 1
    assert world.row(mail).send_started_at is None
    world.control.why = ""
    await world.settle()
    assert world.outcome(mail) == "posted"
    assert len(world.mailbox.ap_inbox) == 1
    assert world.mailbox.drafts == []


async def test_a_send_in_doubt_is_not_repeated_while_stopped(world: World) -> None:
    mail = world.invoice()
    world.mailbox.fail_next("send", Later("reset"))
    await world.go()
    world.control.why = WHY
    world.clock.advance(601)
    await world.work(TO_POST, mail)
    assert world.mailbox.calls.count("send") == 1
    world.control.why = ""
    await world.settle()
    assert world.outcome(mail) == "posted"
    assert len(world.mailbox.ap_inbox) == 1


@pytest.mark.parametrize("days", [1, 9])
async def test_a_long_stop_is_held_against_no_mail(world: World, days: int) -> None:
    mail = world.invoice()
    await world.tick()
    await world.deliver(RAW_MAIL, world.queues.take_all(RAW_MAIL)[0])
    world.control.why = WHY
    await world.pump()
    for _ in range(days * 24):
        world.clock.advance(timedelta(hours=1).total_seconds())
        await world.go()
    assert world.row(mail).status is Status.POSTING
    world.control.why = ""
    await world.settle()
    assert world.outcome(mail) == "posted"
    assert len(world.mailbox.ap_inbox) == 1
