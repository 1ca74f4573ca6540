"""What becomes of a mail: every decision, and every way in which reading it may fail."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from infrastructure.local.samples.builders import (
    Invoice,
    make_bounce,
    make_encrypted_pdf,
    make_invoice_pdf,
    make_mail,
    make_scan_pdf,
)
from shared.adapters.documents import SubprocessDocuments
from shared.domain.facts import Legibility
from shared.domain.mail import Attachment, AttachmentKind, Mail
from shared.domain.messages import NOTIFY, RAW_MAIL, TO_POST, AddVendor, UnreadableMessage
from shared.domain.reason import Reason
from shared.domain.transaction import Filing, Notice, Status
from shared.domain.vendor import Vendor
from shared.ports import Later, MailGone, MailRefused
from shared.stages.extract_enrich import READ_BYTES, READ_COUNT
from tests.fakes import ADDRESS, DELETED
from tests.stages.world import BLUEBIRD, REPORT, Phase, Tuning, World

NOBODY = "billing@nobody.example"
FOREIGN_MARKER = "0" * 32


async def extract(world: World, mail: Mail) -> None:
    """Admit the mail, and hand the message about it to the stage."""
    await world.tick()
    world.queues.take_all(RAW_MAIL)
    await world.work(RAW_MAIL, mail)


def pdf(name: str = "invoice.pdf", size: int = 1000, number: int = 1) -> Attachment:
    return Attachment(f"a{number}", name, "application/pdf", size, is_inline=False, kind=AttachmentKind.FILE)


def unreadable(world: World) -> Mail:
    return world.invoice(documents={"invoice.pdf": b"\xff\xfe\xff"})


def scan(world: World) -> Mail:
    data = world.documents.prepare(b"%PDF scan", legibility=Legibility.SCAN)
    return world.invoice(documents={"scan.pdf": data})


def ambiguous(world: World) -> Mail:
    world.vendors.add(BLUEBIRD.model_copy(update={"vendor_id": "bluebird-two"}))
    return world.invoice()


def bare(world: World, **fields: Any) -> Mail:
    """A mail without a document and without an invoice number."""
    return world.mailbox.arrive(subject="Hello", body="See you at lunch.", **fields)


def auto(value: str, **fields: Any) -> Callable[[World], Mail]:
    return lambda world: bare(world, headers=(("Auto-Submitted", value),), **fields)


RECEIPT = (("Content-Type", "multipart/report; report-type=disposition-notification"),)
MARKER = (("X-Invoice-Agent-Transaction", f"{FOREIGN_MARKER}-1"),)
OWN_MESSAGE_ID = f"<{FOREIGN_MARKER}-1@{ADDRESS.partition('@')[2]}>"

DECISIONS: dict[str, tuple[Callable[[World], Mail], str]] = {
    "a known vendor and a document": (lambda world: world.invoice(), "enriched"),
    "a known vendor and a number in the subject": (lambda world: world.mailbox.arrive(), "enriched"),
    "a scan from a known vendor": (scan, "enriched"),
    "a subdomain of a known vendor": (lambda world: world.invoice(sender="a@mail.bluebird-cloud.example"), "enriched"),
    "a document from nobody known": (lambda world: world.invoice(sender=NOBODY), "parked: vendor_unknown"),
    "a free-mail sender": (lambda world: world.invoice(sender="bluebird@gmail.com"), "parked: vendor_unknown"),
    "no sender at all": (lambda world: world.invoice(sender=""), "parked: vendor_unknown"),
    "two vendors with one domain": (ambiguous, "review: vendor_ambiguous"),
    "neither document nor number": (bare, "review: no_invoice"),
    "a damaged document": (unreadable, "review: document_unreadable"),
    "a forged marker and a document": (lambda world: world.invoice(headers=MARKER), "review: marker_unknown"),
    "a forged Message-ID and a document": (
        lambda world: world.invoice(internet_message_id=OWN_MESSAGE_ID),
        "review: marker_unknown",
    ),
    "a forged marker without a document": (lambda world: bare(world, headers=MARKER), "ignored: own_forward"),
    "an automatic reply": (auto("auto-replied"), "ignored: auto_reply"),
    "an automatic reply with a document": (
        lambda world: world.invoice(headers=(("Auto-Submitted", "auto-replied"),)),
        "enriched",
    ),
    "a generated mail": (auto("auto-generated"), "review: no_invoice"),
    "a bulk mail": (lambda world: world.invoice(headers=(("Precedence", "bulk"),)), "enriched"),
    "a read receipt": (lambda world: bare(world, headers=RECEIPT), "ignored: read_receipt"),
    "a calendar item": (lambda world: bare(world, is_event=True), "ignored: calendar"),
    "a calendar item with a document": (lambda world: world.invoice(is_event=True), "enriched"),
    "a bounce of nothing we sent": (lambda world: world.bounce("<x@y.example>"), "review: bounce_unmatched"),
    "a bounce that nobody can read": (lambda world: bare(world, headers=REPORT), "review: bounce_unmatched"),
    "a delay warning": (lambda world: world.bounce("<x@y.example>", failed=False), "ignored: delivery_report"),
}


@pytest.mark.parametrize(("make", "expected"), DECISIONS.values(), ids=DECISIONS)
async def test_every_mail_gets_its_decision(world: World, make: Callable[[World], Mail], expected: str) -> None:
    mail = make(world)
    await extract(world, mail)
    assert world.outcome(mail) == expected
    row = world.row(mail)
    if row.is_resting:
        folder = {"parked": "Needs Vendor", "review": "Review", "ignored": "Ignored"}[row.status]
        assert world.folder(mail) == folder
    before = world.ledger.columns(world.key(mail))
    await world.work(RAW_MAIL, mail)
    assert world.ledger.columns(world.key(mail)) == before


async def test_what_is_to_be_posted_is_handed_on_again_and_again(world: World) -> None:
    mail = world.invoice()
    await extract(world, mail)
    await world.work(RAW_MAIL, mail)
    assert len(world.queues.messages[TO_POST]) == 2


async def test_what_rests_is_announced(world: World) -> None:
    mail = world.invoice(sender=NOBODY)
    await extract(world, mail)
    assert len(world.queues.messages[NOTIFY]) == 1


async def test_what_is_ignored_is_not_announced_and_closed(world: World) -> None:
    mail = bare(world, is_event=True)
    await extract(world, mail)
    assert not world.queues.messages[NOTIFY]
    assert not world.ledger.open


async def test_a_body_that_names_no_transaction_is_an_error(world: World) -> None:
    with pytest.raises(UnreadableMessage):
        await world.extract_enrich.run(b"not json")


async def test_the_row_holds_codes_facts_and_where_they_were_read(world: World) -> None:
    mail = world.invoice()
    await extract(world, mail)
    row = world.row(mail)
    assert (row.vendor_id, row.gl_code, row.expense_dept) == ("bluebird-cloud-ltd", "6200", "IT")
    assert (row.allocation_schedule, row.billing_party) == ("MONTHLY", "Contoso Ltd")
    assert (row.invoice_number, row.total, row.currency) == ("INV-2026-0417", Decimal("1190.00"), "EUR")
    assert "invoice.pdf, page 1" in row.evidence


# The mail itself


async def test_a_mail_gone_is_failed_and_announced(world: World) -> None:
    mail = world.invoice()
    await world.tick()
    world.mailbox.delete_by_person(mail.id)
    await world.settle()
    assert world.outcome(mail) == "failed: mail_gone"
    assert len(world.channel.cards) == 1


async def test_a_mail_that_is_refused_goes_to_review(world: World) -> None:
    mail = world.invoice()
    world.mailbox.damaged.add(mail.id)
    await extract(world, mail)
    assert world.outcome(mail) == "review: mail_unreadable"
    assert world.folder(mail) == "Review"


@pytest.mark.parametrize("folder", ["Posted", "Needs Vendor"])
async def test_a_mail_that_lies_in_a_folder_of_ours_too_early_is_left_there_and_somebody_is_told(
    world: World, folder: str
) -> None:
    mail = world.invoice()
    await world.tick()
    world.mailbox.move_by_person(mail.id, folder)
    await world.settle()
    assert (world.outcome(mail), world.folder(mail)) == ("review: taken_by_a_person", folder)
    assert [card["reasons"] for card in world.channel.cards] == [["taken_by_a_person"]]
    assert world.mailbox.ap_inbox == []


@pytest.mark.parametrize("folder", ["Mine", DELETED])
async def test_a_mail_that_a_person_took_is_left_where_it_is(world: World, folder: str) -> None:
    mail = world.invoice()
    await world.tick()
    world.mailbox.move_by_person(mail.id, folder)
    await world.settle()
    assert world.outcome(mail) == "ignored: taken_by_a_person"
    assert world.folder(mail) == folder
    assert world.channel.cards == []
    assert world.mailbox.ap_inbox == []


async def test_an_attachment_that_the_mailbox_refuses_counts_as_unreadable(world: World) -> None:
    mail = world.invoice()
    world.mailbox.fail_next("content", MailRefused("400"))
    await extract(world, mail)
    assert world.outcome(mail) == "review: document_unreadable"


async def test_a_document_over_the_limit_is_not_downloaded(world: World) -> None:
    mail = world.invoice(documents={}, attachments=(pdf(size=READ_BYTES + 1),))
    await extract(world, mail)
    assert world.outcome(mail) == "enriched"
    assert "content" not in world.mailbox.calls
    assert "too large" in world.row(mail).warnings[0]


async def test_no_more_documents_are_downloaded_than_are_read(world: World) -> None:
    many = tuple(pdf(f"{n}.pdf", number=n) for n in range(READ_COUNT + 3))
    mail = world.invoice(documents={}, attachments=many)
    await extract(world, mail)
    assert world.mailbox.calls.count("content") == READ_COUNT


async def test_other_attachments_are_not_downloaded(world: World) -> None:
    link = Attachment("l", "invoice.pdf", "", 0, is_inline=False, kind=AttachmentKind.REFERENCE)
    logo = Attachment("p", "logo.png", "image/png", 100, is_inline=False, kind=AttachmentKind.FILE)
    mail = world.invoice(documents={}, attachments=(link, logo))
    await extract(world, mail)
    assert "content" not in world.mailbox.calls


@pytest.mark.parametrize("method", ["get", "content", "move", "folder_of"])
@pytest.mark.parametrize("effect", ["before", "after"])
async def test_a_throttled_mailbox_puts_off_without_blame(world: World, method: str, effect: Phase) -> None:
    mail = world.invoice(sender=NOBODY)
    world.mailbox.fail_next(method, Later("429", 240.0), effect)
    await extract(world, mail)
    entry = world.ledger.open[world.key(mail)]
    assert (entry.waiting, entry.stalls) == (True, 0)
    assert entry.not_before == world.clock() + timedelta(seconds=240)
    await world.settle()
    assert world.outcome(mail) == "parked: vendor_unknown"
    assert world.folder(mail) == "Needs Vendor"


async def test_a_retry_after_of_days_is_not_believed(world: World) -> None:
    mail = world.invoice()
    world.mailbox.fail_next("get", Later("429", 1e6))
    await extract(world, mail)
    assert world.ledger.open[world.key(mail)].not_before == world.clock() + timedelta(seconds=3600)


@pytest.mark.parametrize("phase", ["before", "after"])
@pytest.mark.parametrize("sender", ["billing@bluebird-cloud.example", NOBODY])
async def test_a_crash_at_any_call_changes_nothing_in_the_end(phase: Phase, sender: str) -> None:
    async def admitted(world: World) -> Mail:
        mail = world.invoice(sender=sender)
        await world.tick()
        world.lose_messages()
        return mail

    first = World()
    calls = await first.count_calls(first.work(RAW_MAIL, await admitted(first)))
    await first.settle()
    for number in range(1, calls + 1):
        world = World()
        mail = await admitted(world)
        await world.crash(world.work(RAW_MAIL, mail), number, phase)
        await world.settle()
        assert world.outcome(mail) == first.outcome(mail)
        assert world.folder(mail) == first.folder(mail)
        assert len(world.channel.cards) == 1
        assert world.registry.traits == first.registry.traits
        assert world.vendors.waiting == first.vendors.waiting


@pytest.mark.parametrize("number", range(1, 16))
async def test_two_workers_at_once_decide_once(number: int) -> None:
    world = World()
    mail = world.invoice(sender=NOBODY)
    await world.tick()
    world.lose_messages()
    await world.intrude(world.work(RAW_MAIL, mail), number, lambda: world.work(RAW_MAIL, mail))
    await world.settle()
    assert world.events(mail).count("parked") == 1
    assert world.folder(mail) == "Needs Vendor"
    assert len(world.channel.cards) == 1


async def test_a_storage_error_fails_the_function(world: World) -> None:
    mail = world.invoice()
    await world.tick()
    world.ledger.fail_next("update", ConnectionError("storage"))
    with pytest.raises(ConnectionError):
        await world.work(RAW_MAIL, mail)
    await world.settle()
    assert world.outcome(mail) == "posted"


# Parking


async def test_a_parked_mail_waits_under_every_key_that_could_have_found_its_vendor(world: World) -> None:
    text = b"Invoice number: 4711\nVAT number: DE123456789\n"
    mail = world.invoice(sender="a@mail.nobody.example", documents={"invoice.pdf": text})
    await extract(world, mail)
    keys = {"vat:DE123456789", "domain:mail.nobody.example", "domain:nobody.example"}
    assert {key for key, waiting in world.vendors.waiting.items() if waiting == {world.key(mail)}} == keys
    assert set(world.row(mail).parked_keys) == keys


@pytest.mark.parametrize("call", ["claimants", "park", "update"])
@pytest.mark.parametrize("phase", ["before", "after"])
async def test_a_vendor_added_while_the_mail_is_being_parked_is_found(phase: Phase, call: str) -> None:
    """The vendor comes at any moment between the first look-up and the row that says "parked"."""
    world = World()
    mail = world.invoice(sender=NOBODY)
    await world.tick()

    async def tap(now: Phase, seen: str) -> None:
        if (now, seen) == (phase, call):
            world.tap = quiet
            await world.add_vendor.add(AddVendor(vendor_name="Nobody Ltd", email_domain=("nobody.example",)))

    async def quiet(now: Phase, seen: str) -> None:
        return

    world.tap = tap
    await world.settle()
    assert world.outcome(mail) == "posted"
    assert len(world.mailbox.ap_inbox) == 1
    assert not any(world.vendors.waiting.values())


async def test_a_mail_in_needs_vendor_goes_on_from_there(world: World) -> None:
    mail = world.invoice(sender=NOBODY)
    await world.settle()
    assert world.folder(mail) == "Needs Vendor"
    await world.add(vendor_name="Nobody Ltd", email_domain="nobody.example")
    assert world.outcome(mail) == "posted"
    assert world.folder(mail) == "Posted"


async def test_a_mail_in_needs_vendor_that_a_person_took_is_left(world: World) -> None:
    mail = world.invoice(sender=NOBODY)
    await world.settle()
    world.mailbox.move_by_person(mail.id, "Mine")
    await world.add(vendor_name="Nobody Ltd", email_domain="nobody.example")
    assert world.outcome(mail) == "ignored: taken_by_a_person"
    assert world.folder(mail) == "Mine"


# Duplicates and repeats


async def test_the_first_mail_with_a_number_wins(world: World) -> None:
    first, second = world.invoice("INV-2026/0417"), world.invoice("inv2026-0417")
    await world.settle()
    assert world.outcome(first) == "posted"
    assert world.outcome(second) == "review: duplicate"
    assert world.row(second).duplicate_of == world.row(first).transaction_id


async def test_the_same_number_of_another_vendor_is_no_duplicate(world: World) -> None:
    world.vendors.add(Vendor(vendor_name="Other", email_domain=("other.example",)))
    mails = [world.invoice(), world.invoice(sender="a@other.example")]
    await world.settle()
    assert [world.outcome(mail) for mail in mails] == ["posted", "posted"]


async def test_its_own_number_is_no_duplicate_on_a_second_run(world: World) -> None:
    mail = world.invoice()
    await world.tick()
    world.ledger.fail_next("update", ConnectionError("storage"))
    with pytest.raises(ConnectionError):
        await world.work(RAW_MAIL, mail)
    assert world.registry.traits
    await world.work(RAW_MAIL, mail)
    assert world.outcome(mail) == "enriched"


async def test_a_released_duplicate_is_posted(world: World) -> None:
    world.invoice()
    mail = world.invoice()
    await world.settle()
    world.release(mail)
    await world.settle()
    assert world.outcome(mail) == "posted"
    assert len(world.mailbox.ap_inbox) == 2


async def test_the_same_mail_again_and_again_makes_one_card() -> None:
    world = World(Tuning(repeat_limit=3))
    mails = [world.invoice(documents={"a.pdf": b"the same"}, subject="Reminder") for _ in range(7)]
    await world.settle()
    repeated = [mail for mail in mails if "repeated" in world.row(mail).reasons]
    assert len(repeated) == 4
    assert sum("repeated" in card["reasons"] for card in world.channel.cards) == 1
    assert {world.folder(mail) for mail in repeated} == {"Review"}


async def test_a_repeat_that_is_read_twice_does_not_lose_its_card() -> None:
    """The storage fails after the first one over the limit was counted, and the next one overtakes it."""
    world = World(Tuning(repeat_limit=1))
    mails = [world.invoice(documents={"a.pdf": b"the same"}, subject="Reminder") for _ in range(3)]
    await world.tick()
    world.lose_messages()
    await world.work(RAW_MAIL, mails[0])
    world.ledger.fail_next("update", ConnectionError("storage"))
    with pytest.raises(ConnectionError):
        await world.work(RAW_MAIL, mails[1])
    await world.work(RAW_MAIL, mails[2])
    await world.work(RAW_MAIL, mails[1])
    await world.settle()
    assert sum("repeated" in card["reasons"] for card in world.channel.cards) == 1


async def test_many_different_mails_of_one_sender_are_no_repeats() -> None:
    world = World(Tuning(repeat_limit=3))
    mails = [world.invoice(f"INV-{n}") for n in range(10)]
    await world.settle()
    assert {world.outcome(mail) for mail in mails} == {"posted"}


# Bounces


async def posted(world: World, number: str = "INV-2026-0417") -> Mail:
    mail = world.invoice(number)
    await world.settle()
    assert world.outcome(mail) == "posted"
    world.channel.cards.clear()
    return mail


TRACES: dict[str, Callable[[World, Mail], dict[str, Any]]] = {
    "message id": lambda world, mail: {"ids": [f"<{world.row(mail).marker}@contoso.example>"]},
    "references": lambda world, mail: {"ids": ["<x@y.example>", f"{world.row(mail).marker}@CONTOSO.example"]},
    "subject tag": lambda world, mail: {"text": f"Re: Invoice [IA-{world.row(mail).transaction_id[:12]}] failed"},
}


@pytest.mark.parametrize("trace", TRACES.values(), ids=TRACES)
async def test_a_bounce_fails_the_mail_that_it_speaks_of(
    world: World, trace: Callable[[World, Mail], dict[str, Any]]
) -> None:
    mail = await posted(world)
    found = trace(world, mail)
    report = world.bounce(*found.get("ids", ()), text=found.get("text", ""))
    await world.settle()
    assert world.outcome(mail) == "failed: undelivered"
    assert world.folder(mail) == "Failed"
    assert world.outcome(report) == "ignored: delivery_report"
    assert world.folder(report) == "Ignored"
    assert [card["reasons"] for card in world.channel.cards] == [["undelivered"]]


@pytest.mark.parametrize("phase", ["before", "after"])
async def test_a_crash_while_a_bounce_is_taken_down_loses_nothing(phase: Phase) -> None:
    async def bounced(world: World) -> tuple[Mail, Mail]:
        mail = await posted(world)
        report = world.bounce(f"<{world.row(mail).marker}@contoso.example>")
        await world.tick()
        world.lose_messages()
        return mail, report

    first = World()
    calls = await first.count_calls(first.work(RAW_MAIL, (await bounced(first))[1]))
    for number in range(1, calls + 1):
        world = World()
        mail, report = await bounced(world)
        await world.crash(world.work(RAW_MAIL, report), number, phase)
        await world.settle()
        assert (world.outcome(mail), world.folder(mail)) == ("failed: undelivered", "Failed")
        assert (world.outcome(report), world.folder(report)) == ("ignored: delivery_report", "Ignored")
        assert [card["reasons"] for card in world.channel.cards] == [["undelivered"]]


async def test_a_bounce_before_the_forward_is_known_to_be_sent_waits(world: World) -> None:
    mail = world.invoice()
    await world.tick()
    await world.deliver(RAW_MAIL, world.queues.take_all(RAW_MAIL)[0])
    world.mailbox.fail_next("send", Later("timed out"), "after")
    await world.work(TO_POST, mail)
    world.lose_messages()
    assert world.outcome(mail) == "posting"
    report = world.bounce(world.mailbox.ap_inbox[0].message_id)
    await extract(world, report)
    assert world.outcome(report) == "received"
    assert world.ledger.open[world.key(report)].waiting
    await world.settle()
    assert world.outcome(mail) == "failed: undelivered"
    assert world.outcome(report) == "ignored: delivery_report"


async def test_a_late_bounce_of_an_earlier_attempt_changes_nothing(world: World) -> None:
    mail = await posted(world)
    first = world.mailbox.ap_inbox[0].message_id
    world.bounce(first)
    await world.settle()
    world.release(mail)
    await world.settle()
    assert world.outcome(mail) == "posted"
    late = world.bounce(first, subject="Undeliverable again")
    await world.settle()
    assert world.outcome(mail) == "posted"
    assert world.outcome(late) == "ignored: delivery_report"
    assert world.folder(mail) == "Posted"


async def test_the_same_bounce_twice_is_announced_once(world: World) -> None:
    mail = await posted(world)
    message_id = world.mailbox.ap_inbox[0].message_id
    world.bounce(message_id)
    world.bounce(message_id)
    await world.settle()
    assert world.outcome(mail) == "failed: undelivered"
    assert len(world.channel.cards) == 1


async def test_a_delay_warning_fails_nothing(world: World) -> None:
    mail = await posted(world)
    report = world.bounce(world.mailbox.ap_inbox[0].message_id, failed=False)
    await world.settle()
    assert world.outcome(mail) == "posted"
    assert world.outcome(report) == "ignored: delivery_report"


async def test_a_message_id_of_another_domain_is_not_ours(world: World) -> None:
    mail = await posted(world)
    report = world.bounce(f"<{world.row(mail).marker}@attacker.example>")
    await world.settle()
    assert world.outcome(mail) == "posted"
    assert world.outcome(report) == "review: bounce_unmatched"


async def test_our_own_forward_that_comes_back_is_ignored_with_its_document(world: World) -> None:
    mail = await posted(world)
    back = world.invoice("INV-1", headers=(("x-invoice-agent-transaction", world.row(mail).marker),))
    await world.settle()
    assert world.outcome(back) == "ignored: own_forward"
    assert len(world.mailbox.ap_inbox) == 1


async def test_a_released_automatic_reply_is_taken_past_the_ignore_rule(world: World) -> None:
    mail = world.mailbox.arrive(headers=(("Auto-Submitted", "auto-replied"),))
    await world.settle()
    assert world.outcome(mail) == "ignored: auto_reply"
    world.release(mail)
    await world.settle()
    assert world.outcome(mail) == "posted"


async def test_facts_of_an_earlier_run_do_not_outlive_it(world: World) -> None:
    """The vendor known at the first run is not shown any more once it is ambiguous."""
    mail = unreadable(world)
    await world.settle()
    assert world.row(mail).vendor_id == "bluebird-cloud-ltd"
    ambiguous(world)
    world.release(mail)
    await world.settle()
    assert "review: vendor_ambiguous" in world.outcome(mail)
    assert world.row(mail).vendor_id == ""


async def test_a_row_that_is_at_rest_is_only_filed(world: World) -> None:
    mail = world.invoice()
    world.arrange(mail, status=Status.REVIEW, reasons=(Reason.DUPLICATE,), filing=Filing.PENDING, notice=Notice.NONE)
    await world.work(RAW_MAIL, mail)
    assert world.folder(mail) == "Review"
    assert "get" not in world.mailbox.calls


async def test_a_mail_deleted_before_it_is_filed_is_left(world: World) -> None:
    mail = world.invoice(sender=NOBODY)
    world.mailbox.fail_next("move", MailGone("404"))
    world.mailbox.fail_next("folder_of", Later("503"))
    await extract(world, mail)
    world.mailbox.delete_by_person(mail.id)
    await world.settle()
    assert world.row(mail).filing is Filing.NONE
    assert world.outcome(mail) == "parked: vendor_unknown"
    assert len(world.channel.cards) == 1


# Real documents


async def test_real_documents_are_read_in_their_own_process() -> None:
    world = World(documents=SubprocessDocuments())
    text = world.invoice("A", documents={"invoice.pdf": make_invoice_pdf(Invoice())}, subject="Your invoice")
    scanned = world.invoice("B", documents={"scan.pdf": make_scan_pdf()}, subject="Scan")
    locked = world.invoice("C", documents={"locked.pdf": make_encrypted_pdf("secret")}, subject="Locked")
    await world.tick()
    await asyncio.gather(*(world.work(RAW_MAIL, mail) for mail in (text, scanned, locked)))
    assert world.outcome(text) == "enriched"
    assert world.row(text).total is not None
    assert world.outcome(scanned) == "enriched"
    assert "scan" in world.row(scanned).warnings[0]
    assert world.outcome(locked) == "review: document_unreadable"


async def test_a_real_bounce_is_matched() -> None:
    world = World(documents=SubprocessDocuments())
    mail = world.mailbox.arrive()
    await world.settle()
    [sent] = world.mailbox.ap_inbox
    forward = make_mail(message_id=sent.message_id, subject=f"FW: Invoice {sent.subject[-17:]}")
    report = world.bounce(source=make_bounce(forward))
    await world.settle()
    assert world.outcome(mail) == "failed: undelivered"
    assert world.outcome(report) == "ignored: delivery_report"
