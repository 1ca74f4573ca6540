"""What comes late: a move, a bounce, a sent copy, a draft of an earlier round, another address of the mailbox."""

import asyncio
from contextlib import suppress
from contextvars import ContextVar
from datetime import timedelta

import pytest

import tests.stages.world
from shared.domain.messages import RAW_MAIL
from shared.domain.transaction import Status
from shared.ports import Later, MailRefused, Marked
from tests.fakes import ADDRESS, AfterSend
from tests.faults.bad_days import BadDay, Slot, refusing
from tests.stages.world import Crash, Phase, Tuning

worker: ContextVar[str] = ContextVar("worker", default="")

pytestmark = pytest.mark.timeout(120)


# A bounce is taken down on a row that was finished


@pytest.mark.parametrize("number", range(1, 30))
async def test_a_tick_at_any_call_of_whoever_reads_a_bounce_does_not_silence_it(number: int) -> None:
    site = BadDay()
    mail = site.invoice()
    await site.settle()
    site.bounce(site.mailbox.ap_inbox[0].message_id)
    await site.tick()
    [body] = site.queues.take_all(RAW_MAIL)
    reached = False

    async def other_tick() -> None:
        nonlocal reached
        reached = True
        await Slot(site).tick()

    await site.intrude(site.deliver(RAW_MAIL, body), number, other_tick)
    if number < 10:
        assert reached
    site.calm()
    await site.minutes(120)
    assert (site.outcome(mail), site.folder(mail)) == ("failed: undelivered", "Failed")
    assert site.count_cards("failed") == 1
    assert site.ledger.open == {}


async def test_a_bounce_from_our_own_tenant_of_a_colleagues_invoice_is_believed() -> None:
    site = BadDay()
    body = "Please pay.\n\nFrom: Bluebird <billing@bluebird-cloud.example>\nSent: today\nSubject: Invoice\n"
    mail = site.invoice(sender="colleague@contoso.example", body=body)
    await site.settle()
    report = site.bounce(site.mailbox.ap_inbox[0].message_id)
    await site.minutes(10)
    assert (site.outcome(mail), site.folder(mail)) == ("failed: undelivered", "Failed")
    assert site.outcome(report) == "ignored: delivery_report"


async def test_a_report_that_names_no_attempt_says_nothing_about_a_second_one() -> None:
    site = BadDay()
    mail = site.invoice()
    await site.settle()
    tag = f"[IA-{site.key(mail).transaction_id[:12]}]"
    site.bounce(text=tag)
    await site.settle()
    assert site.outcome(mail) == "failed: undelivered"
    site.release(mail)
    await site.settle()
    late = site.bounce(text=tag, subject="Undeliverable, once more")
    await site.settle()
    assert (site.outcome(mail), site.row(mail).attempt) == ("posted", 2)
    assert site.outcome(late) == "review: bounce_unmatched"


# A move that comes when the row has gone on


@pytest.mark.parametrize("trouble", ["none", "storage fails", "dies"])
async def test_a_late_move_of_a_released_mail_is_not_taken_for_a_persons_and_nothing_is_lost(trouble: str) -> None:
    site = BadDay()
    mail = site.invoice("", documents={}, subject="As discussed")
    await site.tick()
    [body] = site.queues.take_all(RAW_MAIL)
    begun = ended = 0

    async def gate(phase: Phase, call: str) -> None:
        nonlocal begun, ended
        if call != "mailbox.move":
            return
        begun += phase == "before"
        ended += phase == "after"
        if phase == "before" and begun == 1:
            # The same message again: filed, put back by a person, and released, before this worker moves it.
            await site.deliver(RAW_MAIL, body)
            await site.try_all()
            site.release(mail)
            await site.tick()
        elif phase == "after" and ended == 2 and trouble == "dies":  # the other worker's move ended first
            raise Crash
        elif phase == "after" and ended == 2 and trouble == "storage fails":
            site.gate = refusing(ConnectionError("storage"), "ledger.update", "ledger.get")

    site.gate = gate
    with suppress(ConnectionError, Crash):
        await site.deliver(RAW_MAIL, body)
    site.calm()
    await site.minutes(90)
    if site.outcome(mail) == "review: taken_by_a_person":
        assert trouble != "none"
        assert site.channel.cards[-1]["reasons"] == ["taken_by_a_person"]
        site.release(mail)
        await site.minutes(90)
    assert (site.outcome(mail), site.folder(mail)) == ("posted", "Posted")
    assert len(site.mailbox.ap_inbox) == 1
    assert site.ledger.open == {}


async def test_a_late_move_releases_nobody() -> None:
    """Worker A moves late and reads the row; B rests the mail meanwhile; what A then does is no person's release."""
    site = BadDay()
    first = site.invoice(internet_message_id="<same@mail.example>")
    await site.minutes(5)
    second = site.invoice("", subject="Reminder", documents={}, body="As discussed", internet_message_id="<same@x>")
    await site.tick()
    [body] = site.queues.take_all(RAW_MAIL)
    before_move, move, before_note, note, has_read, rest = (asyncio.Event() for _ in range(6))
    moved = False

    async def gate(phase: Phase, call: str) -> None:
        nonlocal moved
        if worker.get() == "A" and (phase, call) == ("before", "mailbox.move"):
            before_move.set()
            await move.wait()
            moved = True
        elif worker.get() == "A" and moved and (phase, call) == ("after", "ledger.get"):
            before_note.set()
            await note.wait()
        elif worker.get() == "B" and (phase, call) == ("after", "mailbox.get"):
            has_read.set()
            await rest.wait()

    async def work(name: str) -> None:
        worker.set(name)
        await site.deliver(RAW_MAIL, body)

    site.gate = gate
    a = asyncio.create_task(work("A"))
    await before_move.wait()
    await site.deliver(RAW_MAIL, body)
    await site.try_all()
    asked = site.outcome(second)
    assert asked.startswith("review: ")
    site.release(second)
    await site.tick()
    site.lose_messages()
    b = asyncio.create_task(work("B"))
    await has_read.wait()
    site.arrange(second, answered_reasons=())  # so that B finds the same fault again
    move.set()
    await before_note.wait()
    rest.set()
    await b
    await site.try_all()
    note.set()
    await a
    site.calm()
    await site.minutes(60)
    assert (site.outcome(second), site.folder(second)) == (asked, "Review")
    assert [sent.subject for sent in site.mailbox.ap_inbox] == [site.mailbox.ap_inbox[0].subject]
    assert site.outcome(first) == "posted"


# Drafts and sent copies of a round that the row does not know


async def test_a_draft_of_an_earlier_round_is_not_sent_with_its_old_codes() -> None:
    site = BadDay()
    mail = site.invoice()
    await site.tick()
    site.mailbox.fail_next("attachments", MailRefused("400"))
    site.mailbox.fail_next("delete", Later("503"))
    await site.minutes(3)
    assert (site.outcome(mail), len(site.mailbox.drafts)) == ("review: mail_unreadable", 1)
    await site.add(vendor_name="Bluebird Cloud Ltd", email_domain=("bluebird-cloud.example",), gl_code="9999")
    site.release(mail)
    await site.minutes(20)
    [sent] = site.mailbox.ap_inbox
    assert ("9999" in sent.body, "6200" in sent.body) == (True, False)
    assert site.mailbox.drafts == []


async def test_a_draft_that_a_search_names_twice_makes_no_second_forward() -> None:
    site = BadDay()
    mail = site.invoice()
    await site.tick()
    await site.work(RAW_MAIL, mail)
    site.lose_messages()
    await site.crash(site.work("to-post", mail), 8, "before")  # the draft is written, and nothing sent
    assert len(site.mailbox.drafts) == 1
    served = site.mailbox.marked

    async def twice(marker: str) -> list[Marked]:
        return [*await served(marker)] * 2

    site.mailbox.marked = twice  # type: ignore[method-assign]  # as Graph's lists may
    await site.minutes(40)
    assert site.errors == []
    assert (site.outcome(mail), len(site.mailbox.ap_inbox)) == ("posted", 1)
    assert site.mailbox.drafts == []


@pytest.mark.parametrize("minutes", [1, 2, 5, 9])
@pytest.mark.parametrize("dies", [False, True], ids=["goes on", "dies"])
async def test_a_ledger_lost_after_a_send_whose_copy_is_late_sends_nothing_twice(minutes: int, *, dies: bool) -> None:
    site = BadDay()
    site.invoice()
    site.mailbox.after_send = AfterSend.NOWHERE
    await site.tick()

    async def gate(phase: Phase, call: str) -> None:
        if (phase, call) == ("after", "mailbox.send"):
            site.ledger.lose_rows()
            site.ledger.lose_open_entries()
            if dies:
                raise Crash

    site.gate = gate
    with suppress(Crash):
        await site.try_all()
    site.calm()
    site.mailbox.after_send = AfterSend.SENT
    await site.minutes(minutes)
    site.mailbox.settle()
    await site.minutes(60)
    assert len(site.mailbox.ap_inbox) == 1
    assert site.outcomes() == ["posted"]


async def test_a_worker_whose_claim_is_over_touches_nothing_any_more() -> None:
    """Else it would delete the draft that its successor is about to send."""
    site = BadDay(Tuning(claim=timedelta(seconds=0.1)))
    mail = site.invoice()
    await site.tick()
    await site.work(RAW_MAIL, mail)
    site.lose_messages()
    is_held = True
    calls: list[str] = []

    async def gate(phase: Phase, call: str) -> None:
        if (phase, call) == ("before", "mailbox.attachments") and is_held:
            await asyncio.sleep(60)  # cut short by the end of its claim
        if not call.startswith("ledger."):
            calls.append(call)

    site.gate = gate
    started = asyncio.get_running_loop().time()
    await site.work("to-post", mail)
    assert asyncio.get_running_loop().time() - started < 30
    assert "mailbox.delete" not in calls
    assert "mailbox.send" not in calls
    is_held = False
    await site.minutes(30)
    assert site.outcome(mail) == "posted"
    assert len(site.mailbox.ap_inbox) == 1


# The mailbox


@pytest.mark.parametrize("is_enriched", [False, True])
@pytest.mark.parametrize("is_lost", [False, True], ids=["message waits", "message lost"])
async def test_mails_in_flight_survive_another_address_of_the_mailbox(
    monkeypatch: pytest.MonkeyPatch, *, is_enriched: bool, is_lost: bool
) -> None:
    site = BadDay()
    mail = site.invoice()
    await site.tick()
    key = site.key(mail)
    if is_enriched:
        await site.work(RAW_MAIL, mail)
    if is_lost:
        site.lose_messages()
    monkeypatch.setattr(tests.stages.world, "ADDRESS", f"ap-{ADDRESS}")
    site._wire_through_gates()
    await site.minutes(120)
    assert site.ledger.row(key).status is Status.POSTED
    assert site.outcomes() == ["posted"]
    assert len(site.mailbox.ap_inbox) == 1


async def test_a_right_to_send_that_is_missing_is_an_error_from_the_first_minute(
    caplog: pytest.LogCaptureFixture,
) -> None:
    site = BadDay()
    site.invoice()
    site.gate = refusing(Later("graph 403 ErrorAccessDenied", nothing_done=True), "mailbox.send")
    await site.minutes(3)
    errors = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert any("AP gets nothing" in line and "graph 403" in line for line in errors)
