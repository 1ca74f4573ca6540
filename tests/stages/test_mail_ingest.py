"""The tick: admits, releases, re-drives, and keeps poison; safe however often and however many at once."""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from shared.domain.mail import Mail
from shared.domain.messages import ADD_VENDOR, NOTIFY, QUEUES, RAW_MAIL, TO_POST, WorkOn
from shared.domain.open_entry import OpenEntry, progress_of
from shared.domain.reason import Reason
from shared.domain.transaction import Filing, Notice, Status
from shared.ports import Later, MailGone, MailRefused
from shared.stages.mail_ingest import IN_A_ROW
from tests.stages.world import BLUEBIRD, Phase, Tuning, World


def unknown_vendor(world: World, **fields: Any) -> Mail:
    return world.invoice(sender="billing@nobody.example", **fields)


async def resting(world: World, mail: Mail) -> Mail:
    await world.settle()
    assert world.row(mail).is_finished
    return mail


async def make_due(world: World, mail: Mail, **fields: Any) -> OpenEntry:
    """Open the transaction with an entry that is due, whose row has not moved for long."""
    row = world.row(mail)
    entry = OpenEntry(row.key, row.mail_id, world.clock(), progress=progress_of(row))
    changed = OpenEntry(**{**{name: getattr(entry, name) for name in entry.__slots__}, **fields})
    await world.ledger.put_open(changed)
    return changed


# Admission


async def test_an_unknown_mail_is_admitted_once(world: World) -> None:
    mail = world.invoice()
    tally = await world.tick()
    await world.tick()
    assert tally.admitted == 1
    assert world.outcome(mail) == "received"
    assert world.events(mail) == ["received"]
    assert list(world.ledger.open) == [world.key(mail)]
    assert world.queues.messages[RAW_MAIL] == [WorkOn.on(world.key(mail)).to_bytes()]


@pytest.mark.parametrize("text", ["x" * 33_000, "\N{BIRD}" * 17_000], ids=["plain", "astral"])
async def test_a_mail_with_a_header_of_endless_length_goes_its_way(world: World, text: str) -> None:
    fields = {"internet_message_id": f"<{text}@mail.example>", "sender": f"{text}@bluebird-cloud.example"}
    mail = world.invoice(**fields, subject=f"Invoice {text}")
    await world.settle()
    assert world.outcome(mail) == "posted"
    assert (await world.tick()).admitted == 0


@pytest.mark.parametrize("number", range(1, 12))
async def test_two_ticks_at_once_admit_once(number: int) -> None:
    """The second tick does all of its work between two calls of the first."""
    world = World()
    mails = [world.invoice("INV-1"), world.invoice("INV-2")]
    await world.intrude(world.tick(), number, world.tick)
    assert set(world.queues.messages[RAW_MAIL]) == {WorkOn.on(world.key(mail)).to_bytes() for mail in mails}
    assert all(world.events(mail) == ["received"] for mail in mails)
    assert len(world.ledger.open) == 2


@pytest.mark.parametrize("phase", ["before", "after"])
async def test_a_tick_that_dies_anywhere_loses_no_mail(phase: Phase) -> None:
    first = World()
    first.invoice()
    for number in range(1, await first.count_calls(first.tick()) + 1):
        world = World()
        mail = world.invoice()
        await world.crash(world.tick(), number, phase)
        world.lose_messages()
        await world.settle()
        assert world.outcome(mail) == "posted"
        assert len(world.mailbox.ap_inbox) == 1


async def test_an_open_entry_that_was_never_written_is_restored_by_the_next_tick(world: World) -> None:
    mail = world.invoice()
    world.ledger.fail_next("put_open", ConnectionError("storage"))
    with pytest.raises(ExceptionGroup):
        await world.tick()
    assert not world.ledger.open
    await world.tick()
    assert list(world.ledger.open) == [world.key(mail)]
    assert world.events(mail) == ["received"]


async def test_admission_keeps_five_minutes_of_sending_open() -> None:
    world = World(Tuning(per_minute=2))
    mails = [world.invoice(f"INV-{n}") for n in range(1, 14)]
    tally = await world.tick()
    assert tally.admitted == 10
    assert (await world.tick()).admitted == 0
    await world.settle()
    for _ in range(20):
        world.clock.advance(61)
        await world.go()
    assert {world.outcome(mail) for mail in mails} == {"posted"}


async def test_the_oldest_are_admitted_first() -> None:
    world = World(Tuning(per_minute=1))
    mails = [world.invoice(f"INV-{n}", received_at=world.clock() - timedelta(minutes=n)) for n in range(8)]
    await world.tick()
    assert set(world.ledger.open) == {world.key(mail) for mail in mails[3:]}


async def test_the_tick_stops_when_its_time_is_spent(world: World) -> None:
    for number in range(10):
        world.invoice(f"INV-{number}")

    async def tap(phase: Phase, call: str) -> None:
        if phase == "after" and call == "insert":
            world.clock.advance(20)

    world.tap = tap
    assert (await world.tick()).admitted == 3
    assert (await world.tick()).admitted == 3


async def test_a_mail_received_before_ingest_since_is_never_touched() -> None:
    start = World().clock()
    world = World(Tuning(since=start))
    old = world.invoice("INV-1", received_at=start - timedelta(seconds=1))
    new = world.invoice("INV-2", received_at=start)
    await world.settle()
    assert world.outcome(new) == "posted"
    assert world.ledger.keys == [world.key(new)]
    assert world.folder(old) == "Inbox"


async def test_a_mail_that_is_moving_is_left(world: World) -> None:
    mail = world.invoice()
    await world.tick()
    world.lose_messages()
    world.clock.advance(60)
    await world.tick()
    assert not world.queues.messages[RAW_MAIL]
    assert world.events(mail) == ["received"]


async def test_every_page_of_the_inbox_is_reached() -> None:
    world = World(Tuning(per_minute=60))
    mails = [world.invoice(f"INV-{n}") for n in range(250)]
    await world.tick()
    assert set(world.ledger.open) == {world.key(mail) for mail in mails}


async def test_two_mails_under_one_key_are_both_admitted(world: World) -> None:
    first = world.invoice(internet_message_id="<same@mail.example>")
    second = world.invoice(internet_message_id="<same@mail.example>")
    await world.settle()
    own_key = world.key(second, salt=second.id)
    assert set(world.ledger.keys) == {world.key(first), own_key}
    assert world.outcome(first) == "posted"
    assert world.ledger.row(own_key).reasons == (Reason.DUPLICATE,)
    assert len(world.mailbox.ap_inbox) == 1


async def test_a_mail_under_another_id_is_the_same_mail_where_the_old_id_leads_nowhere(world: World) -> None:
    mail = await resting(world, unknown_vendor(world))
    new_id = world.mailbox.reidentify(mail.id)
    world.release(Mail(**{**{n: getattr(mail, n) for n in mail.__slots__}, "id": new_id}))
    await world.add(**BLUEBIRD.model_dump() | {"email_domain": ("nobody.example",), "vendor_id": "nobody"})
    await world.settle()
    assert world.row(mail).mail_id == new_id
    assert world.outcome(mail) == "posted"
    assert len(world.ledger.keys) == 1


async def test_a_mail_under_another_id_is_adopted_while_it_is_moving(world: World) -> None:
    mail = world.invoice()
    await world.tick()
    world.lose_messages()
    new_id = world.mailbox.reidentify(mail.id)
    await world.settle()
    assert world.row(mail).mail_id == new_id
    assert world.outcome(mail) == "posted"
    assert len(world.mailbox.ap_inbox) == 1


# Filing and release


async def test_a_final_mail_whose_filing_is_owed_is_filed(world: World) -> None:
    mail = world.invoice()
    world.arrange(mail, status=Status.POSTED, filing=Filing.PENDING, notice=Notice.NONE)
    await world.settle()
    assert world.folder(mail) == "Posted"
    assert world.mailbox.ap_inbox == []


async def test_a_listing_older_than_the_filing_is_no_release(world: World) -> None:
    mail = await resting(world, world.invoice())
    world.release(mail)

    async def tap(phase: Phase, call: str) -> None:
        if (phase, call) == ("after", "inbox"):
            world.mailbox.move_by_person(mail.id, "Posted")

    world.tap = tap
    tally = await world.tick()
    assert tally.released == 0
    assert world.row(mail).is_finished
    assert not world.ledger.open


RELEASABLE = {
    "review": (Status.REVIEW, Reason.DUPLICATE, "Review"),
    "ignored": (Status.IGNORED, Reason.AUTO_REPLY, "Ignored"),
    "failed": (Status.FAILED, Reason.NO_PROGRESS, "Failed"),
    "parked": (Status.PARKED, Reason.VENDOR_UNKNOWN, "Needs Vendor"),
}


@pytest.mark.parametrize(("status", "reason", "folder"), RELEASABLE.values(), ids=RELEASABLE)
async def test_a_mail_put_back_is_taken_up_again(world: World, status: Status, reason: Reason, folder: str) -> None:
    mail = world.invoice()
    world.arrange(mail, status=status, reasons=(reason,), filing=Filing.DONE, folder=folder)
    tally = await world.tick()
    assert tally.released == 1
    assert world.outcome(mail) == "received"
    assert world.ledger.history(world.key(mail))[-1].by == "person"
    answered = () if reason is Reason.VENDOR_UNKNOWN else (reason,)
    assert world.row(mail).answered_reasons == answered
    await world.settle()
    assert world.outcome(mail) == "posted"


@pytest.mark.parametrize("number", range(1, 8))
async def test_two_ticks_at_once_release_once(number: int) -> None:
    world = World()
    mail = world.invoice()
    world.arrange(mail, status=Status.FAILED, reasons=(Reason.UNDELIVERED,), filing=Filing.DONE, folder="Failed")
    await world.intrude(world.tick(), number, world.tick)
    assert world.events(mail) == ["released"]
    assert world.row(mail).attempt == 2
    await world.settle()
    assert len(world.mailbox.ap_inbox) == 1


@pytest.mark.parametrize("phase", ["before", "after"])
async def test_a_release_during_which_the_tick_dies_is_not_lost(phase: Phase) -> None:
    def failed(world: World) -> Mail:
        mail = world.invoice()
        world.arrange(mail, status=Status.FAILED, reasons=(Reason.UNDELIVERED,), filing=Filing.DONE, folder="Failed")
        return mail

    first = World()
    failed(first)
    for number in range(1, await first.count_calls(first.tick()) + 1):
        world = World()
        mail = failed(world)
        await world.crash(world.tick(), number, phase)
        world.lose_messages()
        await world.settle()
        assert world.outcome(mail) == "posted"
        assert [sent.marker[-2:] for sent in world.mailbox.ap_inbox] == ["-2"]


async def test_a_posted_mail_put_back_is_filed_again_and_never_sent_again(world: World) -> None:
    mail = await resting(world, world.invoice())
    world.channel.cards.clear()
    world.clock.advance(3600)
    world.release(mail)
    await world.settle()
    assert len(world.mailbox.ap_inbox) == 1
    assert world.folder(mail) == "Posted"
    [card] = world.channel.cards
    assert card["attachments"][0]["content"]["body"][0]["text"].startswith("Already sent on")
    assert "2026-03-05 09:30 UTC" in card["attachments"][0]["content"]["body"][0]["text"]


ATTEMPTS = [(reason, 2 if reason in {Reason.UNDELIVERED, Reason.DELIVERY_UNCONFIRMED} else 1) for reason in Reason]


@pytest.mark.parametrize(("reason", "attempt"), ATTEMPTS)
async def test_the_attempt_rises_only_where_it_was_sent_before(world: World, reason: Reason, attempt: int) -> None:
    mail = world.invoice()
    started = world.clock()
    world.arrange(
        mail,
        status=Status.REVIEW,
        reasons=(reason,),
        filing=Filing.DONE,
        folder="Review",
        send_started_at=started,
        sends=2,
        draft_id="draft",
    )
    await world.tick()
    row = world.row(mail)
    assert (row.attempt, row.sends, row.draft_id, row.send_started_at) == (attempt, 0, "", None)


async def test_only_the_answered_reasons_are_waived(world: World) -> None:
    """A duplicate that was released stops again for what its person could not see."""
    mail = world.invoice()
    world.arrange(mail, status=Status.REVIEW, reasons=(Reason.DUPLICATE,), filing=Filing.DONE, folder="Review")
    world.vendors.add(BLUEBIRD.model_copy(update={"vendor_id": "other"}))
    await world.settle()
    assert world.outcome(mail) == "review: vendor_ambiguous"
    assert world.row(mail).answered_reasons == (Reason.DUPLICATE,)


async def test_answers_are_kept_over_several_releases(world: World) -> None:
    mail = world.invoice()
    world.arrange(
        mail,
        status=Status.REVIEW,
        reasons=(Reason.REPEATED,),
        answered_reasons=(Reason.DUPLICATE,),
        filing=Filing.DONE,
        folder="Review",
    )
    await world.tick()
    assert world.row(mail).answered_reasons == (Reason.DUPLICATE, Reason.REPEATED)


@pytest.mark.parametrize("reason", [Reason.VENDOR_UNKNOWN, Reason.VENDOR_AMBIGUOUS])
async def test_a_vendor_is_never_waived(world: World, reason: Reason) -> None:
    mail = unknown_vendor(world)
    world.arrange(mail, status=Status.REVIEW, reasons=(reason,), filing=Filing.DONE, folder="Review")
    await world.settle()
    assert world.outcome(mail) == "parked: vendor_unknown"


async def test_a_mail_that_was_taken_and_put_back_is_taken_up_again(world: World) -> None:
    mail = world.invoice()
    await world.tick()
    world.mailbox.move_by_person(mail.id, "Mine")
    await world.settle()
    assert world.outcome(mail) == "ignored: taken_by_a_person"
    world.release(mail)
    await world.settle()
    assert world.outcome(mail) == "posted"


UNFILED = {**RELEASABLE, "bounced": (Status.FAILED, Reason.UNDELIVERED, "Failed")}


@pytest.mark.parametrize(("status", "reason", "folder"), UNFILED.values(), ids=UNFILED)
async def test_a_mail_that_was_never_filed_is_filed_and_not_released(
    world: World, status: Status, reason: Reason, folder: str
) -> None:
    """Its filing did not find it where it lies: for a moment, or because a mailbox said so."""
    mail = world.invoice()
    world.arrange(mail, status=status, reasons=(reason,), filing=Filing.NONE)
    assert (await world.tick()).released == 0
    await world.settle()
    assert (world.outcome(mail), world.folder(mail)) == (f"{status}: {reason}", folder)
    assert (world.row(mail).answered_reasons, world.row(mail).attempt) == ((), 1)
    assert world.mailbox.ap_inbox == []
    world.release(mail)
    assert (await world.tick()).released == 1


async def test_a_sent_mail_that_was_never_filed_is_filed_without_a_word(world: World) -> None:
    mail = world.invoice()
    world.arrange(mail, status=Status.POSTED, filing=Filing.NONE)
    await world.settle()
    assert (world.folder(mail), world.channel.cards, world.mailbox.ap_inbox) == ("Posted", [], [])


async def test_a_mailbox_that_calls_a_held_mail_gone_twice_releases_nobody(world: World) -> None:
    failed = (("Authentication-Results", "spf=fail; dkim=none; dmarc=fail; compauth=fail reason=001"),)
    mail = world.invoice(headers=failed)
    await world.tick()
    world.mailbox.fail_next("folder_of", MailGone("404"), times=2)
    await world.pump()
    assert world.row(mail).filing is Filing.NONE
    await world.settle()
    assert (world.outcome(mail), world.folder(mail)) == ("review: sender_false", "Review")
    assert world.mailbox.ap_inbox == []


async def test_a_held_mail_under_another_id_is_filed_under_it_before_it_can_be_released(world: World) -> None:
    mail = world.invoice()
    world.arrange(mail, status=Status.REVIEW, reasons=(Reason.DUPLICATE,), filing=Filing.DONE, folder="Review")
    new_id = world.mailbox.reidentify(mail.id)
    await world.settle()
    assert world.outcome(mail) == "review: duplicate"
    assert [filed.id for filed in world.mailbox.mails_in("Review")] == [new_id]
    world.mailbox.move_by_person(new_id, "Inbox")
    await world.settle()
    assert world.outcome(mail) == "posted"


# Re-drives


async def test_a_due_entry_is_driven_again_where_its_row_has_not_moved(world: World) -> None:
    mail = world.invoice()
    await world.tick()
    world.lose_messages()
    world.clock.advance(901)
    tally = await world.tick()
    assert tally.redriven == 1
    assert len(world.queues.messages[RAW_MAIL]) == 1
    assert world.ledger.open[world.key(mail)].stalls == 1


DRIVEN = {
    "received": (Status.RECEIVED, Filing.NONE, RAW_MAIL),
    "enriched": (Status.ENRICHED, Filing.NONE, TO_POST),
    "posting": (Status.POSTING, Filing.NONE, TO_POST),
    "posted, filing owed": (Status.POSTED, Filing.PENDING, TO_POST),
    "review, filing owed": (Status.REVIEW, Filing.PENDING, RAW_MAIL),
    "posted, card owed": (Status.POSTED, Filing.DONE, NOTIFY),
    "failed, card owed": (Status.FAILED, Filing.NONE, NOTIFY),
}


@pytest.mark.parametrize(("status", "filing", "queue"), DRIVEN.values(), ids=DRIVEN)
async def test_it_is_driven_to_the_stage_that_owes_something(
    world: World, status: Status, filing: Filing, queue: str
) -> None:
    mail = world.invoice()
    world.arrange(mail, status=status, filing=filing, notice=Notice.OUTCOME)
    world.clock.advance(901)
    await make_due(world, mail)
    await world.tick()
    assert [name for name in QUEUES if world.queues.messages[name]] == [queue]


async def test_an_entry_whose_row_moved_lately_is_put_off(world: World) -> None:
    mail = world.invoice()
    await world.tick()
    world.lose_messages()
    world.clock.advance(600)
    world.arrange(mail, status=Status.ENRICHED, updated_at=world.clock())
    world.clock.advance(301)
    assert (await world.tick()).redriven == 0
    entry = world.ledger.open[world.key(mail)]
    assert entry.not_before == world.row(mail).updated_at + timedelta(seconds=900)
    assert entry.stalls == 0


async def test_a_waiting_entry_is_driven_when_due_and_not_blamed(world: World) -> None:
    mail = world.invoice()
    for _ in range(20):
        world.mailbox.fail_next("get", Later("429", 60.0))
        await world.go()
        world.clock.advance(61)
    entry = world.ledger.open[world.key(mail)]
    assert entry.stalls == 0
    assert world.outcome(mail) == "received"
    await world.settle()
    assert world.outcome(mail) == "posted"


async def stall(world: World, mail: Mail) -> None:
    """Lose every message about a mail until the tick gives up."""
    for _ in range(20):
        await world.tick()
        world.lose_messages()
        world.clock.advance(901)
        if world.row(mail).is_resting:
            return
    raise AssertionError("never given up")


async def test_a_mail_without_progress_is_failed_and_announced(world: World) -> None:
    mail = world.invoice()
    await stall(world, mail)
    assert world.outcome(mail) == "failed: no_progress"
    await world.settle()
    assert world.folder(mail) == "Failed"
    assert [card["reasons"] for card in world.channel.cards] == [["no_progress"]]


async def test_the_limit_counts_re_drives_without_progress(world: World) -> None:
    mail = world.invoice()
    await world.tick()
    for _ in range(5):
        world.clock.advance(901)
        assert (await world.tick()).redriven == 1
    world.clock.advance(901)
    assert (await world.tick()).given_up == 1
    assert world.outcome(mail) == "failed: no_progress"


async def test_progress_starts_the_count_anew(world: World) -> None:
    mail = world.invoice()
    world.arrange(mail, status=Status.ENRICHED)
    world.clock.advance(901)
    await make_due(world, mail, stalls=5, progress="received/none/none/1/0")
    assert (await world.tick()).redriven == 1
    assert world.ledger.open[world.key(mail)].stalls == 1


async def test_a_mail_whose_send_has_started_is_never_failed(world: World) -> None:
    mail = world.invoice()
    world.arrange(mail, status=Status.POSTING, send_started_at=world.clock(), draft_id="d", sends=1)
    world.clock.advance(901)
    await make_due(world, mail, stalls=5)
    await world.tick()
    assert world.outcome(mail) == "review: delivery_unconfirmed"
    await world.settle()
    assert world.folder(mail) == "Review"
    assert len(world.channel.cards) == 1


async def test_a_card_that_cannot_be_posted_is_given_up_in_the_end(world: World) -> None:
    mail = world.invoice()
    world.arrange(mail, status=Status.REVIEW, filing=Filing.DONE, folder="Review", notice=Notice.OUTCOME)
    world.mailbox.move_by_person(mail.id, "Review")
    world.clock.advance(901)
    await make_due(world, mail, stalls=5)
    await world.tick()
    assert not world.ledger.open
    assert world.row(mail).notice is Notice.NONE


async def test_a_filing_is_never_given_up(world: World) -> None:
    """The mail lies where no listing of the Inbox sees it, so the open entry is all that remembers it."""
    mail = world.invoice(folder="Needs Vendor")
    world.arrange(
        mail, status=Status.POSTED, folder="Needs Vendor", filing=Filing.PENDING, notice=Notice.OUTCOME, sends=1
    )
    world.clock.advance(901)
    await make_due(world, mail, stalls=5)
    await world.settle()
    assert world.folder(mail) == "Posted"


async def test_an_entry_without_a_row_is_closed_and_its_mail_admitted_again(world: World) -> None:
    mail = world.invoice()
    entry = OpenEntry(world.key(world.invoice("INV-2")), "gone", world.clock())
    await world.ledger.put_open(entry)
    await world.tick()
    assert world.outcome(mail) == "received"
    assert set(world.ledger.open) == {world.key(mail), entry.key}
    assert world.ledger.row(entry.key).status is Status.RECEIVED


async def test_an_entry_of_a_finished_row_is_closed(world: World) -> None:
    mail = await resting(world, world.invoice())
    await make_due(world, mail)
    await world.tick()
    assert not world.ledger.open


async def test_an_entry_whose_row_cannot_be_read_once_it_is_closed_is_put_back(world: World) -> None:
    """A newer release may have taken the row up at this moment, and have died since."""
    mail = await resting(world, world.invoice())
    await make_due(world, mail)

    async def tap(phase: Phase, call: str) -> None:
        if (phase, call) == ("after", "close"):
            world.ledger.edit_by_person(world.key(mail), Status="archived")

    world.tap = tap
    await world.tick()
    assert list(world.ledger.open) == [world.key(mail)]


EDITS = {
    "unknown status": {"Status": "archived"},
    "attempt edited to a word": {"Attempt": "two"},
    "unknown reason": {"Reasons": "because"},
    "date edited away": {"ReceivedAt": "yesterday"},
}


@pytest.mark.parametrize("columns", EDITS.values(), ids=EDITS)
async def test_a_row_that_cannot_be_read_is_left_alone_and_counted(
    world: World, columns: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    mail, other = world.invoice("INV-1"), world.invoice("INV-2")
    await world.tick()
    world.lose_messages()
    world.ledger.edit_by_person(world.key(mail), **columns)
    before = world.ledger.columns(world.key(mail))
    world.clock.advance(901)
    tally = await world.tick()
    await world.pump()
    assert tally.left_alone == 1
    assert world.ledger.columns(world.key(mail)) == before
    assert world.outcome(other) == "posted"
    assert any("left alone" in line and world.key(mail).transaction_id in line for line in caplog.messages)


async def test_an_unreadable_row_without_an_open_entry_is_left_alone_too(world: World) -> None:
    mail, other = world.invoice("INV-1"), world.invoice("INV-2")
    await world.tick()
    world.ledger.edit_by_person(world.key(mail), Status="archived")
    world.ledger.lose_open_entry(world.key(mail))
    tally = await world.tick()
    await world.pump()
    assert tally.left_alone == 1
    assert world.outcome(other) == "posted"


async def test_a_column_of_a_newer_release_survives(world: World) -> None:
    mail = world.invoice()
    await world.tick()
    world.ledger.edit_by_person(world.key(mail), Colour="blue")
    await world.settle()
    assert world.ledger.columns(world.key(mail))["Colour"] == "blue"


# Trouble


async def test_a_mailbox_that_cannot_be_read_raises_after_the_re_drives(world: World) -> None:
    mail = world.invoice()
    await world.tick()
    world.lose_messages()
    world.clock.advance(901)
    world.mailbox.fail_next("inbox", Later("401"))
    with pytest.raises(Later, match="401"):
        await world.tick()
    assert world.queues.messages[RAW_MAIL] == [WorkOn.on(world.key(mail)).to_bytes()]


@pytest.mark.parametrize(
    "finding", [MailGone("404"), MailRefused("400"), RuntimeError("defect")], ids=["gone", "refused", "defect"]
)
async def test_one_mail_that_cannot_be_settled_stops_no_other(world: World, finding: Exception) -> None:
    stuck = world.invoice("INV-1")
    world.arrange(stuck, status=Status.REVIEW, reasons=(Reason.DUPLICATE,), filing=Filing.DONE, folder="Review")
    world.clock.advance(1)
    other = world.invoice("INV-2")
    world.mailbox.fail_next("folder_of", finding)
    if isinstance(finding, RuntimeError):
        with pytest.raises(ExceptionGroup) as caught:
            await world.tick()
        assert caught.value.exceptions == (finding,)
    else:
        await world.tick()
    assert world.outcome(other) == "received"
    assert world.outcome(stuck) == "review: duplicate"


async def test_mails_put_back_that_cannot_be_looked_for_keep_no_new_one_out(world: World) -> None:
    for number in range(2 * IN_A_ROW):
        stuck = world.invoice(f"INV-{number}")
        world.arrange(stuck, status=Status.REVIEW, reasons=(Reason.DUPLICATE,), filing=Filing.DONE, folder="Review")
    world.clock.advance(1)
    mail = world.invoice("INV-9")
    world.mailbox.fail_next("folder_of", Later("500"), times=2 * IN_A_ROW)
    with pytest.raises(ExceptionGroup) as caught:
        await world.tick()
    assert [type(error) for error in caught.value.exceptions] == [Later] * IN_A_ROW
    assert world.mailbox.calls.count("folder_of") == IN_A_ROW
    assert world.outcome(mail) == "received"


# Poison

POISON: dict[str, Callable[[World, Mail], tuple[str, bytes]]] = {
    "raw-mail": lambda world, mail: (RAW_MAIL, WorkOn.on(world.key(mail)).to_bytes()),
    "notify": lambda world, mail: (NOTIFY, WorkOn.on(world.key(mail)).to_bytes()),
    "newer version": lambda world, mail: (
        TO_POST,
        b'{"schema_version": 9, "new": 1, "partition": "%s", "transaction_id": "%s"}'
        % (world.key(mail).partition.encode(), world.key(mail).transaction_id.encode()),
    ),
}


@pytest.mark.parametrize("make", POISON.values(), ids=POISON)
async def test_poison_is_kept_with_its_transaction_logged_and_deleted(
    world: World,
    caplog: pytest.LogCaptureFixture,
    make: Callable[[World, Mail], tuple[str, bytes]],
) -> None:
    caplog.set_level(logging.ERROR)
    mail = await resting(world, world.invoice())
    queue, body = make(world, mail)
    world.queues.poison(queue, body)
    tally = await world.tick()
    assert tally.poisoned == 1
    assert world.queues.poison_left(queue) == []
    [poison] = world.registry.poisons.values()
    assert (poison.queue, poison.body.encode()) == (queue, body)
    assert poison.transaction_id == world.key(mail).transaction_id
    [line] = [line for line in caplog.messages if "poison" in line]
    assert poison.transaction_id in line
    assert queue in line


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"[]", b"{", b'{"partition": 1}'])
async def test_poison_that_nobody_can_read_is_kept_too(world: World, body: bytes) -> None:
    world.queues.poison(RAW_MAIL, body)
    await world.tick()
    [poison] = world.registry.poisons.values()
    assert poison.body == body.decode(errors="replace")
    assert poison.transaction_id == ""
    assert poison.reason
    assert world.queues.poison_left(RAW_MAIL) == []


async def test_poison_of_a_vendor_names_the_column_at_fault(world: World) -> None:
    world.queues.poison(ADD_VENDOR, b'{"vendor_name": "Bluebird", "email_domain": "not a domain"}')
    await world.tick()
    [poison] = world.registry.poisons.values()
    assert "email_domain" in poison.reason
    assert "partition" not in poison.reason


async def test_poison_that_could_not_be_deleted_is_kept_once(world: World) -> None:
    world.queues.poison(RAW_MAIL, b"?")
    world.queues.fail_next("forget", ConnectionError("storage"))
    with pytest.raises(ExceptionGroup):
        await world.tick()
    world.clock.advance(61)
    await world.tick()
    assert len(world.registry.poisons) == 1
    assert world.queues.poison_left(RAW_MAIL) == []


FAILING: dict[str, Callable[[World, Exception], None]] = {
    "poisoned": lambda world, error: world.queues.fail_next("poisoned", error),
    "set_poison": lambda world, error: world.registry.fail_next("set_poison", error),
    "post": lambda world, error: world.channel.fail_next("post", error),
    "forget": lambda world, error: world.queues.fail_next("forget", error),
}


@pytest.mark.parametrize("fail", FAILING.values(), ids=FAILING)
async def test_poison_that_fails_keeps_no_mail_waiting_and_is_reported(
    world: World, fail: Callable[[World, Exception], None]
) -> None:
    error = RuntimeError("defect")
    mail = world.invoice()
    for queue in (RAW_MAIL, NOTIFY):
        world.queues.poison(queue, b"?")
    fail(world, error)
    with pytest.raises(ExceptionGroup) as caught:
        await world.tick()
    assert caught.value.exceptions == (error,)
    assert world.outcome(mail) == "received"
    assert world.queues.poison_left(NOTIFY) == []
    world.clock.advance(61)
    await world.tick()
    assert world.queues.poison_left(RAW_MAIL) == []
    assert len(world.registry.poisons) == 2


async def test_a_channel_that_asks_for_ages_is_told_of_poison_within_the_hour(world: World) -> None:
    mail = world.invoice()
    world.queues.poison(NOTIFY, b"?")
    world.channel.fail_next("post", Later("429", float("9" * 30)))
    await world.tick()
    assert world.outcome(mail) == "received"
    world.clock.advance(3601)
    await world.tick()
    assert [card["status"] for card in world.channel.cards] == ["poison"]


async def test_more_poison_than_one_batch_is_drained_over_ticks(world: World) -> None:
    for number in range(40):
        world.queues.poison(NOTIFY, b"%d" % number)
    await world.tick()
    await world.tick()
    assert len(world.registry.poisons) == 40


async def test_cards_that_a_broken_channel_does_not_take_keep_no_mail_out() -> None:
    world = World(Tuning(per_minute=1))
    for number in range(5):
        world.arrange(world.invoice(f"INV-{number}", folder="Posted"), status=Status.POSTED, notice=Notice.OUTCOME)
    world.channel.fail_next("post", Later("gone"), times=50)
    world.clock.advance(901)
    await world.tick()
    mail = world.invoice("INV-9")
    await world.tick()
    assert world.row(mail).status is Status.RECEIVED
