"""While somebody has stopped everything nothing is admitted, driven or sent, and nothing is lost."""

from datetime import timedelta

import pytest

from shared.domain.messages import RAW_MAIL, TO_POST
from shared.domain.transaction import Status
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


async def test_a_mail_on_its_way_is_not_sent_and_costs_no_permit_and_no_draft(world: World) -> None:
    mail = world.invoice()
    await world.tick()
    await world.deliver(RAW_MAIL, world.queues.take_all(RAW_MAIL)[0])
    world.control.why = WHY
    await world.pump()
    assert world.row(mail).status is Status.ENRICHED
    assert (world.mailbox.ap_inbox, world.mailbox.drafts, world.registry.permits) == ([], [], {})
    world.control.why = ""
    await world.settle()
    assert world.outcome(mail) == "posted"


async def test_a_stop_during_the_forward_holds_its_draft_back_until_work_goes_on(world: World) -> None:
    mail = world.invoice()
    await world.tick()
    await world.deliver(RAW_MAIL, world.queues.take_all(RAW_MAIL)[0])

    async def stop() -> None:
        world.control.why = WHY

    world.mailbox.calls.clear()
    await world.intrude(world.work(TO_POST, mail), 8, stop)
    assert "create_forward" in world.mailbox.calls
    assert world.mailbox.ap_inbox == []
    assert world.row(mail).send_started_at is None
    world.control.why = ""
    world.lose_messages()
    await world.settle()
    assert world.outcome(mail) == "posted"
    assert len(world.mailbox.ap_inbox) == 1
    assert world.mailbox.drafts == []


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
    assert world.row(mail).status is Status.ENRICHED
    world.control.why = ""
    await world.settle()
    assert world.outcome(mail) == "posted"
    assert len(world.mailbox.ap_inbox) == 1
