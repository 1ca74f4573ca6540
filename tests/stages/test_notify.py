"""One card for each outcome, and never none."""

import json
import logging
from datetime import timedelta

import pytest

from shared.adapters.teams import LoggedChannel
from shared.domain.messages import NOTIFY, UnreadableMessage
from shared.domain.reason import Reason
from shared.domain.transaction import Filing, Notice, Status
from shared.ports import CardRefused, Later
from shared.stages.notify import Notify
from tests.stages.world import Phase, World

OWED = {"filing": Filing.DONE, "notice": Notice.OUTCOME}


def texts(card: dict[str, object]) -> str:
    return json.dumps(card, ensure_ascii=False)


async def test_the_card_of_a_posted_invoice_names_what_ap_received(world: World) -> None:
    mail = world.invoice()
    await world.settle()
    [card] = world.channel.cards
    assert card["transactionId"] == world.row(mail).transaction_id
    assert (card["status"], card["reasons"]) == ("posted", [])
    content = card["attachments"][0]["content"]
    assert content["body"][0]["text"] == "Invoice sent to AP"
    facts = {fact["title"]: fact["value"] for fact in content["body"][-1]["facts"]}
    assert facts["Vendor"] == "Bluebird Cloud Ltd (bluebird-cloud-ltd)"
    assert facts["Total"] == "EUR 1,190.00"
    assert facts["GL code"] == "6200"
    assert facts["Folder"] == "Posted"
    assert facts["Due"] == "not read"


@pytest.mark.parametrize("reason", list(Reason))
async def test_every_reason_is_explained_with_what_to_do_next(world: World, reason: Reason) -> None:
    mail = world.invoice()
    world.arrange(mail, status=Status.REVIEW, reasons=(reason,), **OWED)
    await world.work(NOTIFY, mail)
    [card] = world.channel.cards
    assert card["reasons"] == [reason.value]
    explanation = card["attachments"][0]["content"]["body"][1]["text"]
    assert explanation.count(".") >= 2


async def test_what_a_sender_wrote_is_no_markdown(world: World) -> None:
    mail = world.invoice(subject="[Pay here](https://evil.example) *now*")
    world.arrange(mail, status=Status.REVIEW, reasons=(Reason.DUPLICATE,), **OWED)
    await world.work(NOTIFY, mail)
    assert "[Pay here]" not in texts(world.channel.cards[0])


async def test_a_card_is_posted_once_and_the_transaction_closed(world: World) -> None:
    mail = world.invoice()
    world.arrange(mail, status=Status.REVIEW, reasons=(Reason.DUPLICATE,), **OWED)
    await world.work(NOTIFY, mail)
    await world.work(NOTIFY, mail)
    assert len(world.channel.cards) == 1
    assert world.row(mail).is_finished
    assert world.events(mail) == ["announced"]
    assert not world.ledger.open


async def test_a_card_that_the_channel_refuses_is_logged_and_not_tried_again(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    mail = world.invoice()
    world.channel.fail_next("post", CardRefused("400"))
    await world.settle()
    assert world.channel.cards == []
    assert world.row(mail).is_finished
    assert world.events(mail)[-1] == "not announced"
    assert any("refuses the card" in r.message for r in caplog.records if r.levelno == logging.ERROR)


@pytest.mark.parametrize("effect", ["before", "after"])
async def test_a_throttled_channel_is_asked_again_without_blame(world: World, effect: Phase) -> None:
    mail = world.invoice()
    world.channel.fail_next("post", Later("429", 90.0), effect)
    await world.go()
    entry = world.ledger.open[world.key(mail)]
    assert (entry.waiting, entry.not_before) == (True, world.clock() + timedelta(seconds=90))
    await world.settle()
    assert world.row(mail).is_finished
    assert len(world.channel.cards) == (1 if effect == "before" else 2)
    assert len(world.mailbox.ap_inbox) == 1


async def test_without_a_webhook_the_card_is_in_the_log(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    mail = world.invoice()
    world.arrange(mail, status=Status.REVIEW, reasons=(Reason.DUPLICATE,), **OWED)
    desk = world.notify._desk
    world.notify = Notify(desk, LoggedChannel())
    await world.work(NOTIFY, mail)
    assert world.row(mail).notice is Notice.NONE
    assert any(world.row(mail).transaction_id in line for line in caplog.messages)


async def test_a_bounce_between_the_card_and_its_note_is_still_announced(world: World) -> None:
    """The row changed while the card of the old outcome was on its way."""
    mail = world.invoice()
    await world.tick()
    [body] = world.queues.take_all("raw-mail")
    await world.deliver("raw-mail", body)
    await world.deliver("to-post", world.queues.take_all("to-post")[0])
    world.lose_messages()

    async def bounced() -> None:
        report = world.bounce(world.mailbox.ap_inbox[0].message_id)
        await world.tick()
        await world.work("raw-mail", report)

    async def tap(phase: Phase, call: str) -> None:
        if (phase, call) == ("after", "post"):
            world.tap = quiet
            await bounced()

    async def quiet(phase: Phase, call: str) -> None:
        return

    world.tap = tap
    await world.work(NOTIFY, mail)
    await world.settle()
    assert world.outcome(mail) == "failed: undelivered"
    assert [card["status"] for card in world.channel.cards] == ["posted", "failed"]
    assert world.folder(mail) == "Failed"


@pytest.mark.parametrize("phase", ["before", "after"])
async def test_a_crash_makes_a_second_card_and_never_none(phase: Phase) -> None:
    first = World()
    mail = first.invoice()
    first.arrange(mail, status=Status.REVIEW, reasons=(Reason.DUPLICATE,), **OWED)
    for number in range(1, await first.count_calls(first.work(NOTIFY, mail)) + 1):
        world = World()
        mail = world.invoice(folder="Review")
        world.arrange(mail, status=Status.REVIEW, reasons=(Reason.DUPLICATE,), folder="Review", **OWED)
        await world.crash(world.work(NOTIFY, mail), number, phase)
        await world.work(NOTIFY, mail)
        assert 1 <= len(world.channel.cards) <= 2
        assert world.row(mail).is_finished


async def test_a_row_that_is_not_at_rest_gets_no_card(world: World) -> None:
    mail = world.invoice()
    await world.tick()
    await world.work(NOTIFY, mail)
    assert world.channel.cards == []
    assert world.key(mail) in world.ledger.open


async def test_a_body_that_names_no_transaction_is_an_error(world: World) -> None:
    with pytest.raises(UnreadableMessage, match="transaction_id"):
        await world.notify.run(b'{"partition": "202603"}')
