"""Exactly once to AP, whatever fails between."""

import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from shared.domain.mail import Mail
from shared.domain.messages import NOTIFY, RAW_MAIL, TO_POST, UnreadableMessage
from shared.domain.transaction import Status
from shared.domain.vendor import Vendor
from shared.ports import Later, MailGone, MailRefused
from shared.stages.post_to_ap import UNKNOWN_SEND
from tests.fakes import DELETED, DRAFTS, SENT, AfterSend
from tests.stages.world import AP, Phase, Tuning, World


async def enriched(world: World, mail: Mail | None = None) -> Mail:
    """A mail that is to be posted, with its message taken from the queue."""
    mail = mail or world.invoice()
    await world.tick()
    await world.deliver(RAW_MAIL, world.queues.take_all(RAW_MAIL)[0])
    world.lose_messages()
    assert world.row(mail).status is Status.ENRICHED
    return mail


async def post(world: World, mail: Mail) -> None:
    await world.work(TO_POST, mail)


async def calls_of_posting(scenario: Callable[[World], Awaitable[Mail]] = enriched) -> int:
    world = World()
    mail = await scenario(world)
    return await world.count_calls(post(world, mail))


def assert_posted_once(world: World, mail: Mail) -> None:
    assert world.outcome(mail) == "posted"
    assert [item.to for item in world.mailbox.ap_inbox] == [AP]
    assert world.folder(mail) == "Posted"
    assert not world.ledger.open


async def assert_posted_once_whatever_crashes(scenario: Callable[[World], Awaitable[Mail]], phase: Phase) -> None:
    """Kill the worker at each of its calls on a mail that the scenario has brought there."""
    for number in range(1, await calls_of_posting(scenario) + 1):
        world = World()
        mail = await scenario(world)
        await world.crash(post(world, mail), number, phase)
        await world.settle()
        assert_posted_once(world, mail)


async def test_a_mail_is_forwarded_filed_and_handed_on(world: World) -> None:
    mail = await enriched(world)
    await post(world, mail)
    row, [sent] = world.row(mail), world.mailbox.ap_inbox
    assert sent.to == AP
    assert sent.marker == f"{row.transaction_id}-1"
    assert sent.message_id == f"<{row.transaction_id}-1@contoso.example>"
    assert sent.subject.startswith("Bluebird Cloud Ltd | Invoice INV-2026-0417")
    assert sent.subject.endswith(f"[IA-{row.transaction_id[:12]}]")
    assert "GL code" in sent.body
    assert "Please find our invoice attached." in sent.body
    assert [content.name for content in sent.attachments] == ["invoice.pdf"]
    assert world.folder(mail) == "Posted"
    assert len(world.queues.messages[NOTIFY]) == 1
    assert world.mailbox.drafts == []
    assert world.events(mail) == ["received", "enriched", "claimed", "send started", "posted", "filed"]


async def test_a_body_that_names_no_transaction_is_an_error(world: World) -> None:
    with pytest.raises(UnreadableMessage):
        await world.post_to_ap.run(b"{}")


async def test_without_a_permit_it_waits_for_the_next_minute() -> None:
    world = World(Tuning(per_minute=1))
    first, second = world.invoice("INV-1"), world.invoice("INV-2")
    await world.go()
    assert world.outcome(first) == "posted"
    assert world.outcome(second) == "enriched"
    entry = world.ledger.open[world.key(second)]
    assert entry.waiting
    assert entry.not_before == world.clock().replace(second=0) + timedelta(minutes=1)
    world.clock.advance(61)
    await world.go()
    assert world.outcome(second) == "posted"


async def test_a_live_claim_is_waited_for(world: World) -> None:
    mail = await enriched(world)
    until = world.clock() + timedelta(seconds=400)
    world.arrange(mail, status=Status.POSTING, claim_until=until, vendor_name="Bluebird")
    await post(world, mail)
    assert world.mailbox.ap_inbox == []
    assert world.ledger.open[world.key(mail)].not_before == until
    assert world.row(mail).claim_until == until


async def test_an_expired_claim_is_taken_over(world: World) -> None:
    mail = await enriched(world)
    world.arrange(mail, status=Status.POSTING, claim_until=world.clock() - timedelta(seconds=1))
    await post(world, mail)
    assert world.outcome(mail) == "posted"
    assert len(world.mailbox.ap_inbox) == 1


@pytest.mark.parametrize("is_lost", [False, True], ids=["message delivered again", "message lost"])
@pytest.mark.parametrize("phase", ["before", "after"])
@pytest.mark.parametrize("after_send", [AfterSend.SENT, AfterSend.OTHER_ID])
async def test_a_crash_at_any_call_sends_exactly_once(phase: Phase, after_send: AfterSend, *, is_lost: bool) -> None:
    calls = await calls_of_posting()
    assert calls > 10
    for number in range(1, calls + 1):
        world = World()
        world.mailbox.after_send = after_send
        mail = await enriched(world)
        await world.crash(post(world, mail), number, phase)
        if not is_lost:
            await post(world, mail)
        await world.settle()
        assert_posted_once(world, mail)


@pytest.mark.parametrize("phase", ["before", "after"])
async def test_a_crash_at_any_call_of_the_second_try_sends_exactly_once(phase: Phase) -> None:
    """The first process dies after the claim; its successor dies too, anywhere."""

    async def once_crashed(world: World) -> Mail:
        mail = await enriched(world)
        await world.crash(post(world, mail), 4, "after")  # the claim
        assert world.row(mail).status is Status.POSTING
        world.clock.advance(901)
        return mail

    await assert_posted_once_whatever_crashes(once_crashed, phase)


@pytest.mark.parametrize("number", range(1, 20))
async def test_two_workers_at_once_send_once(number: int) -> None:
    """The second worker does all of its work between two calls of the first."""
    world = World()
    mail = await enriched(world)
    await world.intrude(post(world, mail), number, lambda: post(world, mail))
    await world.settle()
    assert_posted_once(world, mail)


@pytest.mark.parametrize("number", range(1, 14))
async def test_a_worker_that_sleeps_past_its_claim_does_not_send_twice(number: int) -> None:
    world = World()
    mail = await enriched(world)

    async def successor() -> None:
        world.clock.advance(901)
        await world.settle()

    await world.intrude(post(world, mail), number, successor)
    await world.settle()
    assert_posted_once(world, mail)


ERRORS = [Later("503"), Later("timed out"), MailGone("404"), MailRefused("400")]
IDS = ["unavailable", "timeout", "404", "refused"]


@pytest.mark.parametrize("error", ERRORS, ids=IDS)
async def test_an_error_after_the_send_took_effect_sends_once(world: World, error: Exception) -> None:
    mail = await enriched(world)
    world.mailbox.fail_next("send", error, "after")
    await post(world, mail)
    assert world.outcome(mail) == "posting"
    await world.settle()
    assert_posted_once(world, mail)


@pytest.mark.parametrize("error", ERRORS, ids=IDS)
async def test_an_error_before_the_send_took_effect_sends_the_same_draft_once_more(
    world: World, error: Exception
) -> None:
    mail = await enriched(world)
    world.mailbox.fail_next("send", error)
    await post(world, mail)
    await world.settle()
    assert_posted_once(world, mail)
    assert world.mailbox.calls.count("create_forward") == 1
    assert world.mailbox.calls.count("send") == 2


async def test_a_draft_is_not_sent_again_before_the_patience_is_over(world: World) -> None:
    mail = await enriched(world)
    world.mailbox.fail_next("send", Later("503"))
    started = world.clock()
    await post(world, mail)
    world.clock.advance(31)
    await world.go()
    assert world.mailbox.ap_inbox == []
    assert world.ledger.open[world.key(mail)].not_before == started + timedelta(seconds=600)


async def test_a_mailbox_that_takes_no_sends_for_hours_puts_no_mail_in_doubt(world: World) -> None:
    mail = await enriched(world)
    world.mailbox.fail_next("send", Later("403", nothing_done=True), times=20)
    await post(world, mail)
    await world.settle()
    assert_posted_once(world, mail)
    assert (world.row(mail).sends, world.mailbox.drafts) == (1, [])


def edit_by_person(world: World, *, to: str) -> str:
    """Do as somebody does who finds the draft in Drafts; returns its id."""
    [draft] = world.mailbox.drafts
    world.mailbox.readdress_by_person(draft.id, to)
    return draft.id


async def test_a_draft_whose_send_was_refused_at_the_door_is_made_anew(world: World) -> None:
    mail = await enriched(world)
    world.mailbox.fail_next("send", Later("403", nothing_done=True))
    await post(world, mail)
    row = world.row(mail)
    assert (row.status, row.send_started_at, row.draft_id, row.sends) == (Status.POSTING, None, "", 0)
    left = edit_by_person(world, to="thief@evil.example")
    await world.settle()
    assert_posted_once(world, mail)
    assert world.row(mail).draft_id != left
    assert world.mailbox.drafts == []


async def test_a_draft_that_is_sent_again_is_the_same_and_goes_to_ap_alone(world: World) -> None:
    mail = await enriched(world)
    world.mailbox.fail_next("send", Later("503"))
    await post(world, mail)
    left = edit_by_person(world, to="thief@evil.example")
    await world.settle()
    assert_posted_once(world, mail)
    assert world.row(mail).draft_id == left


async def test_a_second_send_that_was_refused_at_the_door_does_not_undo_the_first(world: World) -> None:
    mail = await enriched(world)
    started = world.clock()
    world.mailbox.fail_next("send", Later("503"))
    world.mailbox.fail_next("send", Later("403", nothing_done=True))
    await post(world, mail)
    left = world.row(mail).draft_id
    world.clock.advance(601)
    await world.go()
    row = world.row(mail)
    assert (row.send_started_at, row.draft_id, row.sends) == (started, left, 1)
    await world.settle()
    assert_posted_once(world, mail)
    assert world.mailbox.calls.count("create_forward") == 1


@pytest.mark.parametrize("error", ERRORS, ids=IDS)
@pytest.mark.parametrize("effect", ["before", "after"])
async def test_a_draft_that_cannot_be_addressed_anew_is_not_sent_by_that_try(
    world: World, error: Exception, effect: Phase
) -> None:
    mail = await enriched(world)
    world.mailbox.fail_next("send", Later("503"))
    await post(world, mail)
    edit_by_person(world, to="thief@evil.example")
    world.mailbox.fail_next("write_draft", error, effect)
    await world.settle()
    assert_posted_once(world, mail)


@pytest.mark.parametrize("phase", ["before", "after"])
async def test_a_crash_at_any_call_of_a_second_send_sends_to_ap_alone(phase: Phase) -> None:
    async def refused(world: World) -> Mail:
        mail = await enriched(world)
        world.mailbox.fail_next("send", Later("503"))
        await post(world, mail)
        edit_by_person(world, to="thief@evil.example")
        world.clock.advance(601)
        return mail

    await assert_posted_once_whatever_crashes(refused, phase)


async def test_a_crash_at_any_call_before_and_after_a_refusal_at_the_door_sends_exactly_once() -> None:
    async def to_be_refused(world: World) -> Mail:
        mail = await enriched(world)
        world.mailbox.fail_next("send", Later("403", nothing_done=True))
        return mail

    await assert_posted_once_whatever_crashes(to_be_refused, "before")


async def test_a_draft_that_stays_is_sent_again_and_then_doubted(world: World) -> None:
    mail = await enriched(world)
    world.mailbox.fail_next("send", MailRefused("400"), times=5)
    await post(world, mail)
    await world.settle()
    assert world.outcome(mail) == "review: delivery_unconfirmed"
    assert world.mailbox.calls.count("send") == 3
    assert world.mailbox.ap_inbox == []
    assert world.folder(mail) == "Review"


async def test_a_retry_after_longer_than_the_patience_is_cut(world: World) -> None:
    mail = await enriched(world)
    world.mailbox.fail_next("send", Later("429", 3000.0))
    await post(world, mail)
    assert world.ledger.open[world.key(mail)].not_before == world.clock() + timedelta(seconds=600)


async def test_a_sent_copy_that_shows_up_within_the_patience_is_proof(world: World) -> None:
    mail = await enriched(world)
    world.mailbox.after_send = AfterSend.NOWHERE
    world.mailbox.fail_next("send", Later("timed out"), "after")
    await post(world, mail)
    world.clock.advance(31)
    await world.go()
    assert world.outcome(mail) == "posting"
    world.mailbox.settle()
    await world.settle()
    assert_posted_once(world, mail)


async def lost_sight_of(world: World) -> Mail:
    """A mail that was sent, and of which the mailbox shows nothing until after the patience."""
    mail = await enriched(world)
    world.mailbox.after_send = AfterSend.NOWHERE
    world.mailbox.fail_next("send", Later("timed out"), "after")
    await post(world, mail)
    await world.settle()
    world.mailbox.after_send = AfterSend.SENT
    assert world.outcome(mail) == "review: delivery_unconfirmed"
    assert len(world.mailbox.ap_inbox) == 1
    return mail


async def test_a_sent_copy_that_shows_up_after_the_patience_leaves_it_to_a_person(world: World) -> None:
    mail = await lost_sight_of(world)
    world.mailbox.settle()
    await world.settle()
    assert world.outcome(mail) == "review: delivery_unconfirmed"
    assert len(world.mailbox.ap_inbox) == 1


async def test_a_release_in_doubt_is_not_sent_again_where_the_copy_came_late(world: World) -> None:
    mail = await lost_sight_of(world)
    world.mailbox.settle()
    world.release(mail)
    await world.settle()
    assert_posted_once(world, mail)


async def taken_after_a_release_in_doubt(world: World) -> Mail:
    """A person thinks better of it before the second attempt is made."""
    mail = await lost_sight_of(world)
    world.release(mail)
    await world.tick()
    world.mailbox.move_by_person(mail.id, "Mine")
    await world.settle()
    assert world.outcome(mail) == "ignored: taken_by_a_person"
    world.mailbox.settle()
    return mail


async def test_a_second_release_does_not_forget_that_the_copy_may_be_late(world: World) -> None:
    mail = await taken_after_a_release_in_doubt(world)
    world.release(mail)
    await world.settle()
    assert_posted_once(world, mail)


async def test_a_bounce_before_a_second_release_is_no_proof_of_delivery(world: World) -> None:
    mail = await taken_after_a_release_in_doubt(world)
    world.bounce(world.mailbox.ap_inbox[0].message_id)
    await world.settle()
    assert world.outcome(mail) == "ignored: taken_by_a_person"
    world.release(mail)
    await world.settle()
    assert world.outcome(mail) == "posted"
    assert [sent.marker[-2:] for sent in world.mailbox.ap_inbox] == ["-1", "-2"]


async def test_a_release_in_doubt_is_sent_again_as_a_new_attempt(world: World) -> None:
    mail = await lost_sight_of(world)
    world.release(mail)
    await world.settle()
    assert world.outcome(mail) == "posted"
    assert [sent.marker[-2:] for sent in world.mailbox.ap_inbox] == ["-1", "-2"]


async def test_a_release_in_doubt_clears_the_old_draft_away(world: World) -> None:
    mail = await enriched(world)
    world.mailbox.fail_next("send", Later("503"), times=2)
    await post(world, mail)
    await world.settle()
    world.release(mail)
    await world.settle()
    assert_posted_once(world, mail)
    assert world.mailbox.drafts == []


async def test_a_bounce_of_a_copy_that_came_late_is_announced(world: World) -> None:
    """The row was released as attempt 2, but what AP should have had is attempt 1."""
    mail = await lost_sight_of(world)
    world.mailbox.settle()
    world.release(mail)
    await world.settle()
    world.bounce(world.mailbox.ap_inbox[0].message_id)
    await world.settle()
    assert world.outcome(mail) == "failed: undelivered"


async def test_a_bounce_in_doubt_is_not_taken_for_proof_of_delivery(world: World) -> None:
    mail = await lost_sight_of(world)
    world.mailbox.settle()
    world.bounce(world.mailbox.ap_inbox[0].message_id)
    await world.settle()
    world.release(mail)
    await world.settle()
    assert world.outcome(mail) == "posted"
    assert [sent.marker[-2:] for sent in world.mailbox.ap_inbox] == ["-1", "-2"]


async def test_a_bounce_between_a_release_in_doubt_and_its_sending_is_no_proof_of_delivery(world: World) -> None:
    """The copy that came late bounces while the released mail is on its way to be posted."""
    mail = await lost_sight_of(world)
    world.mailbox.settle()
    world.release(mail)
    await world.tick()
    world.lose_messages()
    assert world.outcome(mail) == "received"
    report = world.bounce(world.mailbox.ap_inbox[0].message_id)
    await world.tick()
    await world.work(RAW_MAIL, report)
    await world.settle()
    assert [sent.marker[-2:] for sent in world.mailbox.ap_inbox] == ["-1", "-2"]


async def test_a_bounced_mail_is_sent_again_on_release_although_it_was_once_in_doubt(world: World) -> None:
    """The doubt was about attempt 1; the sent copy of attempt 2 proves nothing, because that one bounced."""
    mail = await lost_sight_of(world)
    world.release(mail)
    await world.settle()
    world.bounce(world.mailbox.ap_inbox[1].message_id)
    await world.settle()
    assert world.outcome(mail) == "failed: undelivered"
    world.release(mail)
    await world.settle()
    assert [sent.marker[-2:] for sent in world.mailbox.ap_inbox] == ["-1", "-2", "-3"]


async def test_a_sent_copy_under_another_id_is_found_by_its_marker(world: World) -> None:
    mail = await enriched(world)
    world.mailbox.after_send = AfterSend.OTHER_ID
    world.mailbox.fail_next("send", MailGone("404"), "after")
    await post(world, mail)
    await world.settle()
    assert_posted_once(world, mail)
    assert world.row(mail).draft_id not in {sent.id for sent in world.mailbox.mails_in(SENT)}


async def test_a_draft_still_there_after_a_good_send_changes_nothing(world: World) -> None:
    mail = await enriched(world)
    world.mailbox.after_send = AfterSend.STILL_A_DRAFT
    await post(world, mail)
    await world.pump()
    world.mailbox.settle()
    await world.settle()
    assert_posted_once(world, mail)


async def test_a_marked_draft_of_a_crashed_worker_is_made_anew(world: World) -> None:
    mail = await enriched(world)
    world.mailbox.fail_next("attachments", Later("503"))
    await post(world, mail)
    [draft] = world.mailbox.drafts
    await world.settle()
    assert_posted_once(world, mail)
    assert world.row(mail).draft_id != draft.id
    assert world.mailbox.drafts == []


@pytest.mark.parametrize("method", ["get", "create_forward", "write_draft", "attachments", "move"])
@pytest.mark.parametrize("effect", ["before", "after"])
async def test_a_throttled_mailbox_puts_off_without_blame(world: World, method: str, effect: Phase) -> None:
    mail = await enriched(world)
    world.mailbox.fail_next(method, Later("429", 120.0), effect)
    await post(world, mail)
    entry = world.ledger.open[world.key(mail)]
    assert entry.waiting
    assert entry.stalls == 0
    assert entry.not_before == world.clock() + timedelta(seconds=120)
    assert world.row(mail).claim_until is None
    await world.settle()
    assert_posted_once(world, mail)


@pytest.mark.parametrize("number", range(1, 16))
async def test_a_storage_error_raises_and_costs_nothing(number: int) -> None:
    """The queue delivers the message again after an error of the storage, at whatever call it happens."""
    world = World()
    mail = await enriched(world)
    calls = 0

    async def tap(phase: Phase, call: str) -> None:
        nonlocal calls
        calls += phase == "after"
        is_storage = call in {"get", "update", "take_permit", "index_marker", "put_open", "close"}
        if phase == "after" and calls == number and is_storage:
            raise ConnectionError(call)

    world.tap = tap
    try:
        await post(world, mail)
    except ConnectionError:
        await post(world, mail)
    await world.settle()
    assert_posted_once(world, mail)


async def test_attachments_that_differ_are_not_sent(world: World) -> None:
    mail = await enriched(world)

    async def tap(phase: Phase, call: str) -> None:
        if phase == "before" and call == "attachments":
            [draft] = world.mailbox.drafts
            world.mailbox.arrive(draft, folder=DRAFTS, attachments=())

    world.tap = tap
    await post(world, mail)
    assert world.outcome(mail) == "review: forward_differs"
    assert world.mailbox.ap_inbox == []
    assert world.mailbox.drafts == []
    assert world.folder(mail) == "Review"
    assert world.row(mail).send_started_at is None


async def test_a_mail_gone_before_the_send_is_failed_and_announced(world: World) -> None:
    mail = await enriched(world)
    world.mailbox.delete_by_person(mail.id)
    await post(world, mail)
    await world.settle()
    assert world.outcome(mail) == "failed: mail_gone"
    assert [card["reasons"] for card in world.channel.cards] == [["mail_gone"]]
    assert world.mailbox.ap_inbox == []


async def test_a_marked_draft_is_deleted_where_the_mail_is_gone(world: World) -> None:
    mail = await enriched(world)
    world.mailbox.fail_next("attachments", Later("503"))
    await post(world, mail)
    world.mailbox.delete_by_person(mail.id)
    await world.settle()
    assert world.outcome(mail) == "failed: mail_gone"
    assert world.mailbox.drafts == []


async def test_a_marked_draft_is_deleted_where_a_person_took_the_mail(world: World) -> None:
    mail = await enriched(world)
    world.mailbox.fail_next("attachments", Later("503"))
    await post(world, mail)
    world.mailbox.move_by_person(mail.id, "Mine")
    await world.settle()
    assert world.outcome(mail) == "ignored: taken_by_a_person"
    assert world.mailbox.drafts == []
    assert world.mailbox.ap_inbox == []


async def test_a_mail_that_lies_in_a_folder_of_ours_too_early_is_not_sent_and_somebody_is_told(world: World) -> None:
    """Its own late move may have brought it there as well as a person."""
    mail = await enriched(world)
    world.mailbox.move_by_person(mail.id, "Review")
    await post(world, mail)
    await world.settle()
    assert (world.outcome(mail), world.folder(mail)) == ("review: taken_by_a_person", "Review")
    assert world.mailbox.ap_inbox == []
    assert [card["reasons"] for card in world.channel.cards] == [["taken_by_a_person"]]
    world.release(mail)
    await world.settle()
    assert_posted_once(world, mail)


@pytest.mark.parametrize("folder", ["Mine", DELETED])
async def test_a_mail_that_a_person_took_is_neither_sent_nor_moved(world: World, folder: str) -> None:
    mail = await enriched(world)
    world.mailbox.move_by_person(mail.id, folder)
    await post(world, mail)
    await world.settle()
    assert world.outcome(mail) == "ignored: taken_by_a_person"
    assert world.mailbox.ap_inbox == []
    assert world.folder(mail) == folder
    assert world.channel.cards == []


async def test_a_mail_that_the_mailbox_will_not_forward_goes_to_review(world: World) -> None:
    mail = await enriched(world)
    world.mailbox.fail_next("create_forward", MailRefused("400"))
    await post(world, mail)
    assert world.outcome(mail) == "review: mail_unreadable"
    assert world.folder(mail) == "Review"


async def test_a_body_over_two_megabytes_gets_the_summary_as_a_comment(world: World) -> None:
    mail = await enriched(world, world.invoice(body="x" * (2 * 1024 * 1024)))
    await post(world, mail)
    [sent] = world.mailbox.ap_inbox
    assert sent.body.startswith("<html><body>Vendor: Bluebird Cloud Ltd")
    assert "GL code: 6200" in sent.body
    assert world.mailbox.drafts == []
    assert sent.marker == world.row(mail).marker


async def test_the_sent_copy_of_a_lost_ledger_is_found_and_nothing_is_sent(world: World) -> None:
    mail = await enriched(world)
    world.mailbox.fail_next("move", Later("503"))
    await post(world, mail)
    assert len(world.mailbox.ap_inbox) == 1
    after = World(clock=world.clock, mailbox=world.mailbox)
    after.clock.advance(1000)
    await after.settle()
    assert_posted_once(after, mail)
    assert after.mailbox.calls.count("send") == 1


async def test_a_sent_copy_that_only_a_lost_ledger_knew_of_may_have_bounced_and_the_card_says_so(world: World) -> None:
    mail = await enriched(world)
    await post(world, mail)
    assert world.row(mail).warnings == ()
    world.bounce(world.mailbox.ap_inbox[0].message_id)
    await world.settle()
    assert world.outcome(mail) == "failed: undelivered"
    after = World(clock=world.clock, mailbox=world.mailbox)
    after.clock.advance(1000)
    after.release(mail)
    await after.settle()
    assert after.outcome(mail) == "posted"
    assert after.row(mail).warnings == (UNKNOWN_SEND,)
    assert "may have bounced since" in str(after.channel.cards[-1])
    assert len(after.mailbox.ap_inbox) == 1


async def test_a_mail_admitted_in_time_costs_no_search_for_evidence(world: World) -> None:
    mail = await enriched(world)
    await post(world, mail)
    assert "marked" not in world.mailbox.calls


HOSTILE = '<script>alert("x")</script> & Söhne'


async def test_what_a_sender_wrote_is_escaped(world: World) -> None:
    world.vendors.add(Vendor(vendor_name=HOSTILE, vendor_id="hostile", email_domain=("hostile.example",)))
    mail = world.invoice(sender="a@hostile.example", subject="Invoice <img src=x>\r\nBcc: b@c.example", body="<b>")
    await enriched(world, mail)
    await post(world, mail)
    [sent] = world.mailbox.ap_inbox
    assert "<script" not in sent.body
    assert "&lt;script&gt;" in sent.body
    assert not re.search(r"[\r\n]", sent.subject)


async def test_a_row_posted_already_is_handed_on_again_without_a_second_mail(world: World) -> None:
    mail = await enriched(world)
    await post(world, mail)
    await post(world, mail)
    assert len(world.mailbox.ap_inbox) == 1
    assert len(world.queues.messages[NOTIFY]) == 2


async def test_a_person_who_files_the_mail_during_the_send_is_left_their_way(world: World) -> None:
    mail = await enriched(world)

    async def tap(phase: Phase, call: str) -> None:
        if phase == "after" and call == "send":
            world.mailbox.fail_next("move", Later("503"))
            world.mailbox.move_by_person(mail.id, "Mine")

    world.tap = tap
    await post(world, mail)
    await world.settle()
    assert world.outcome(mail) == "posted"
    assert world.folder(mail) == "Mine"
    assert len(world.mailbox.ap_inbox) == 1


async def test_a_transaction_unknown_to_the_ledger_is_no_error(world: World) -> None:
    mail = world.invoice()
    outgoing: Any = await world.post_to_ap.run(
        b'{"partition": "202603", "transaction_id": "0123456789abcdef0123456789abcdef"}'
    )
    assert outgoing is None
    assert world.folder(mail) == "Inbox"
