"""Sequences of a second attack that once sent a mail twice, lost one, stopped the others, or made noise without end."""

from contextlib import suppress
from datetime import timedelta

import pytest

from shared.casework import Desk
from shared.domain.mail import Mail
from shared.domain.messages import ADD_VENDOR, NOTIFY, RAW_MAIL, TO_POST, AddVendor, UnreadableMessage
from shared.domain.open_entry import OpenEntry
from shared.domain.reason import Reason
from shared.domain.sending import MAX_SENDS
from shared.domain.transaction import FOLDERS, Filing, Key, Notice, Status
from shared.ports import Later, MailRefused
from tests.fakes import AfterSend
from tests.stages.world import BLUEBIRD, Phase, World

NOBODY = "billing@nobody.example"
HOUR, DAY = 60, 24 * 60  # in minutes
FOR_EVER = 100_000

pytestmark = pytest.mark.timeout(60)


async def minutes(world: World, count: int, *, step: int = 1) -> None:
    """Let minutes pass; a tick that fails holds up no queue."""
    for _ in range(0, count, step):
        world.clock.advance(60 * step)
        with suppress(Later, ExceptionGroup):
            await world.tick()
        await world.pump()


async def unclear(world: World) -> Mail:
    """A mail whose send was answered 504, but went to AP; its draft stays."""
    mail = world.invoice()
    world.mailbox.after_send = AfterSend.STILL_A_DRAFT
    world.mailbox.fail_next("send", Later("504"), "after")
    await world.go()
    assert len(world.mailbox.ap_inbox) == 1
    return mail


async def enriched(world: World) -> Mail:
    mail = world.invoice()
    await world.tick()
    await world.deliver(RAW_MAIL, world.queues.messages[RAW_MAIL].pop())
    return mail


def answer_500(world: World, mail_id: str) -> None:
    """Let the mailbox answer 500 to whoever asks where this one item lies."""
    served = world.mailbox.folder_of

    async def folder_of(asked: str) -> str:
        if asked == mail_id:
            raise Later("graph 500 ErrorInternalServerError")
        return await served(asked)

    world.mailbox.folder_of = folder_of  # type: ignore[method-assign, assignment]  # one item among others


# Sent at most so often


@pytest.mark.parametrize("good", [1, 59], ids=["serves rarely", "fails rarely"])
async def test_a_send_that_is_answered_504_after_its_effect_is_tried_three_times_at_most(good: int) -> None:
    world = World()
    mail = await unclear(world)
    world.mailbox.fail_next("send", Later("504"), "after", times=FOR_EVER)
    ticks = 0

    async def throttle(phase: Phase, call: str) -> None:
        nonlocal ticks
        if (phase, call) == ("before", "inbox"):
            ticks += 1
            if ticks % HOUR >= good:
                raise Later("429")

    world.tap = throttle
    await minutes(world, 2 * DAY)
    assert world.outcome(mail) == "review: delivery_unconfirmed"
    assert len(world.mailbox.ap_inbox) == MAX_SENDS == 3
    assert len(world.channel.cards) == 1


async def test_a_send_that_was_refused_at_the_door_is_not_counted() -> None:
    world = World()
    mail = world.invoice()
    world.mailbox.fail_next("send", Later("401", nothing_done=True), times=2 * MAX_SENDS)
    await world.settle()
    assert world.outcome(mail) == "posted"
    assert world.row(mail).sends == len(world.mailbox.ap_inbox) == 1


# A worker whose clock is behind


async def test_a_slow_clock_does_not_shorten_the_patience() -> None:
    world = World()
    began = world.clock()
    mail = await unclear(world)
    right = world.clock.advance(31)
    world.clock.advance(-11 * 60)
    await world.work(TO_POST, mail)
    assert world.row(mail).send_started_at == began
    world.clock.now = right
    while world.clock() < began + world.tuning.patience - timedelta(seconds=60):
        await minutes(world, 1)
        assert len(world.mailbox.ap_inbox) == 1
    world.mailbox.settle()
    await world.settle()
    assert world.outcome(mail) == "posted"
    assert len(world.mailbox.ap_inbox) == 1


@pytest.mark.parametrize("behind", [1, 11 * 60], ids=["a second", "eleven minutes"])
async def test_a_slow_clock_does_not_take_over_a_claim(behind: int) -> None:
    world = World()
    mail = await enriched(world)
    intruded = False

    async def intrude(phase: Phase, call: str) -> None:
        nonlocal intruded
        if (phase, call, intruded) == ("before", "create_forward", False):
            intruded = True
            world.clock.advance(-behind)
            await world.work(TO_POST, mail)
            world.clock.advance(behind)

    world.tap = intrude
    await world.work(TO_POST, mail)
    assert intruded
    assert world.events(mail).count("claimed") == 1
    await world.settle()
    assert world.outcome(mail) == "posted"
    assert len(world.mailbox.ap_inbox) == 1
    assert world.mailbox.drafts == []


# The numbers, the ledger and the vendors


async def test_a_number_is_not_taken_over_from_a_mail_that_is_released_at_this_moment() -> None:
    world = World()
    first = await enriched(world)
    world.arrange(
        first,
        status=Status.FAILED,
        reasons=(Reason.NO_PROGRESS,),
        filing=Filing.DONE,
        folder="Failed",
        notice=Notice.NONE,
    )
    world.ledger.lose_open_entry(world.key(first))
    world.lose_messages()
    world.mailbox.move_by_person(first.id, "Failed")
    world.clock.advance(60)
    second = world.invoice(subject="the same again")
    await world.tick()
    message = world.queues.messages[RAW_MAIL].pop()
    released = False

    async def release_first(phase: Phase, call: str) -> None:
        nonlocal released
        if (phase, call, released) == ("before", "take_over", False):
            released = True
            world.release(first)
            await world.go()

    world.tap = release_first
    await world.deliver(RAW_MAIL, message)
    await world.settle()
    assert released
    assert {world.outcome(first), world.outcome(second)} == {"posted", "review: duplicate"}
    assert len(world.mailbox.ap_inbox) == 1


async def test_a_ledger_that_is_lost_during_the_second_attempt_sends_no_third_copy() -> None:
    world = World()
    mail = world.invoice()
    world.mailbox.fail_next("send", Later("504"))
    await world.go()
    for draft in world.mailbox.drafts:
        world.mailbox.delete_by_person(draft.id)
    await world.settle()
    assert world.outcome(mail) == "review: delivery_unconfirmed"
    world.release(mail)
    world.mailbox.fail_next("move", MailRefused("400"), times=3)
    await world.go()
    assert (world.outcome(mail), world.row(mail).attempt, world.folder(mail)) == ("posted", 2, "Inbox")
    world.ledger.lose(world.key(mail))
    await minutes(world, 2 * HOUR)
    assert world.outcome(mail) == "posted"
    assert world.folder(mail) == "Posted"
    assert len(world.mailbox.ap_inbox) == 1


@pytest.mark.parametrize("is_open", [True, False], ids=["open", "closed"])
async def test_a_mail_whose_row_was_deleted_alone_is_admitted_again(*, is_open: bool) -> None:
    world = World()
    mail = world.invoice(sender=NOBODY)
    await world.settle()
    assert world.outcome(mail).startswith("parked")
    world.ledger.delete_row_by_person(world.key(mail))
    if is_open:
        world.ledger.arrange_open(OpenEntry(world.key(mail), mail.id, world.clock()))
    else:
        world.release(mail)
    await world.settle()
    assert world.outcome(mail).startswith("parked")
    assert world.folder(mail) == FOLDERS[Status.PARKED]
    assert world.events(mail).count("received") == 2


async def test_a_vendor_that_was_deleted_and_added_under_another_id_is_not_ambiguous() -> None:
    world = World()
    del world.vendors.vendors[BLUEBIRD.vendor_id]  # by hand: its keys stay
    await world.add(vendor_name="Bluebird Cloud", vendor_id="bluebird-2", email_domain=BLUEBIRD.email_domain)
    mail = world.invoice()
    await world.settle()
    assert world.outcome(mail) == "posted"
    assert world.row(mail).vendor_id == "bluebird-2"


async def test_a_vendors_second_message_drives_a_mail_that_a_card_closed_while_the_first_one_died() -> None:
    world = World()
    mail = world.invoice(sender=NOBODY)
    await world.settle()
    assert world.outcome(mail).startswith("parked")
    message = AddVendor(vendor_name="Nobody", email_domain=("nobody.example",)).to_bytes()
    puts = 0

    async def close_and_fail(phase: Phase, call: str) -> None:
        nonlocal puts
        if call != "put_open":
            return
        puts += phase == "before"
        if (phase, puts) == ("after", 1):  # Notify is in its last call, and the row is finished still
            await Desk(world.ledger, world.clock, "Notify", world.tuning.stuck_after).close(world.row(mail))
        if (phase, puts) == ("before", 2):
            raise ConnectionError("storage 503")

    world.tap = close_and_fail
    with pytest.raises(ConnectionError):
        await world.deliver(ADD_VENDOR, message)
    assert (world.outcome(mail), dict(world.ledger.open)) == ("received", {})

    async def quiet(phase: Phase, call: str) -> None:
        """Let every call through."""

    world.tap = quiet
    await world.deliver(ADD_VENDOR, message)
    await world.settle()
    assert world.outcome(mail) == "posted"
    assert len(world.mailbox.ap_inbox) == 1


# Told once, and told at all


async def test_a_mail_that_cannot_be_filed_gets_one_card() -> None:
    world = World()
    mail = world.invoice()
    world.mailbox.damaged.add(mail.id)
    world.mailbox.fail_next("move", MailRefused("400"), times=FOR_EVER)
    await minutes(world, 3 * DAY, step=5)
    assert world.outcome(mail) == "review: mail_unreadable"
    assert world.folder(mail) == "Inbox"
    assert len(world.channel.cards) == 1


async def test_a_stuck_mail_is_announced_though_one_tick_an_hour_is_throttled() -> None:
    world = World()
    mail = world.invoice()
    world.mailbox.fail_next("get", Later("500"), times=FOR_EVER)
    ticks = 0

    async def throttle(phase: Phase, call: str) -> None:
        nonlocal ticks
        if (phase, call) == ("before", "inbox"):
            ticks += 1
            if ticks % HOUR == 0:
                raise Later("429")

    world.tap = throttle
    await minutes(world, DAY + 4 * HOUR)
    assert world.outcome(mail) == "review: mail_unreadable"
    assert len(world.channel.cards) == 1


# One that stops the others


async def test_poison_in_two_queues_while_the_channel_hangs_stops_no_mail_and_makes_little_noise() -> None:
    world = World()
    for queue in (RAW_MAIL, NOTIFY):
        world.queues.poison(queue, b"{}")
    posts = 0

    async def hang(phase: Phase, call: str) -> None:
        nonlocal posts
        if (phase, call) == ("before", "post"):
            posts += 1
            world.clock.advance(30)
            raise Later("no answer from Teams: ReadTimeout")

    world.tap = hang
    await minutes(world, HOUR)
    posts_about_poison = posts
    assert posts_about_poison <= 2 * 7
    assert world.registry.calls.count("set_poison") <= 2 * 7
    mail = world.invoice()
    await minutes(world, 3)
    assert world.row(mail).status is Status.POSTED


async def test_the_reason_of_a_poison_message_is_no_longer_than_a_column() -> None:
    world = World()
    body = b'{"vendor_name": "x", "aliases": [' + b",".join([b"1"] * 25_000) + b"]}"
    with pytest.raises(UnreadableMessage) as caught:
        AddVendor.parse(body)
    assert len(str(caught.value)) > 1_000_000
    world.queues.poison(ADD_VENDOR, body)
    await world.tick()
    [poison] = world.registry.poisons.values()
    assert 0 < len(poison.reason) <= 1000
    assert world.queues.poison_left(ADD_VENDOR) == []


async def test_a_released_item_that_answers_500_stops_no_newer_mail() -> None:
    world = World()
    bad = world.invoice("INV-1")
    await world.settle()
    world.release(bad)
    answer_500(world, bad.id)
    world.clock.advance(60)
    newer = world.invoice("INV-2")
    await minutes(world, 3)
    assert world.outcome(newer) == "posted"


async def test_an_open_item_without_a_row_that_answers_500_stops_no_newer_mail() -> None:
    world = World()
    world.ledger.arrange_open(OpenEntry(Key("202603", "a" * 32), "mail-x", world.clock()))
    answer_500(world, "mail-x")
    newer = world.invoice()
    await minutes(world, 3)
    assert world.outcome(newer) == "posted"


# Drafts that nobody would find again


@pytest.mark.parametrize("error", [MailRefused("400"), Later("503")], ids=["refused", "later"])
async def test_a_draft_that_cannot_be_written_on_is_not_left_behind(error: Exception) -> None:
    world = World()
    world.invoice()
    world.mailbox.fail_next("write_draft", error, times=20)
    await minutes(world, 15)
    assert world.mailbox.drafts == []


async def test_a_forward_whose_answer_never_comes_leaves_one_draft_each_patience_at_most() -> None:
    world = World()
    world.invoice()
    world.mailbox.fail_next("create_forward", Later("504"), "after", times=FOR_EVER)
    await minutes(world, 2 * HOUR)
    patience = world.tuning.patience // timedelta(minutes=1)
    assert 0 < len(world.mailbox.drafts) <= 2 * HOUR // patience
