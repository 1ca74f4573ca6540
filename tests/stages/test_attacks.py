"""Sequences that once lost a mail, sent one twice, or made noise without end."""

import json
from datetime import timedelta
from typing import Any

import pytest

from shared.domain.mail import INBOX, Mail
from shared.domain.transaction import Notice, Status
from shared.ports import DraftChanges, Later, MailGone, MailRefused
from tests.fakes import SENT, AfterSend
from tests.stages.world import AP, REPORT, Tuning, World

NOBODY = "billing@nobody.example"

pytestmark = pytest.mark.timeout(60)


async def minutes(world: World, count: int) -> None:
    for _ in range(count):
        await world.go()
        world.clock.advance(60)


@pytest.mark.parametrize("answer", [MailGone("404"), MailRefused("400")], ids=["gone", "refused"])
async def test_an_evidence_search_that_fails_is_no_finding_about_a_mail_that_was_sent(answer: Exception) -> None:
    world = World()
    mail = world.invoice()
    world.mailbox.fail_next("send", Later("504"), "after")
    await world.go()
    world.mailbox.fail_next("marked", answer)
    world.clock.advance(60)
    await world.settle()
    assert world.outcome(mail) == "posted"
    assert len(world.mailbox.ap_inbox) == 1


async def test_a_leftover_draft_that_cannot_be_deleted_does_not_undo_a_confirmation() -> None:
    world = World()
    mail = world.invoice()
    world.mailbox.fail_next("send", Later("504"), "after")
    await world.go()
    draft = await world.mailbox.create_forward(mail.id, AP)
    await world.mailbox.write_draft(draft.id, DraftChanges("s", None, world.row(mail).marker, "<x@y>"))
    world.mailbox.fail_next("delete", MailRefused("409"))
    world.clock.advance(60)
    await world.settle()
    assert world.outcome(mail) == "posted"
    assert len(world.mailbox.ap_inbox) == 1


async def test_an_attachment_that_is_gone_costs_a_look_and_one_card() -> None:
    world = World()
    mail = world.invoice()
    world.mailbox.fail_next("content", MailGone("404"), times=1000)
    await minutes(world, 20)
    assert world.outcome(mail) == "review: document_unreadable"
    assert (world.folder(mail), len(world.channel.cards)) == ("Review", 1)


async def test_a_forward_that_answers_404_while_the_mail_is_there_is_not_a_mail_that_is_gone() -> None:
    world = World()
    mail = world.invoice()
    world.mailbox.fail_next("create_forward", MailGone("404"), times=1000)
    await minutes(world, 20)
    assert world.outcome(mail) == "review: mail_unreadable"
    assert (world.folder(mail), len(world.channel.cards)) == ("Review", 1)


async def test_a_filing_that_answers_404_is_not_a_release() -> None:
    world = World()
    world.invoice()
    await world.settle()
    double = world.invoice()
    world.mailbox.fail_next("move", MailGone("404"))
    await world.go()
    world.clock.advance(60)
    await world.settle()
    assert world.outcome(double) == "review: duplicate"
    assert world.folder(double) == "Review"
    assert len(world.mailbox.ap_inbox) == 1


async def test_a_channel_that_is_down_stops_no_invoice() -> None:
    world = World(Tuning(per_minute=4))
    world.channel.fail_next("post", Later("down"), times=100_000)
    for number in range(30):
        world.invoice(f"INV-{number}")
    await minutes(world, 30)
    assert len(world.mailbox.ap_inbox) == 30


async def test_a_mail_that_answers_500_for_ever_is_announced_after_a_day() -> None:
    world = World()
    bad = world.invoice("BAD")
    world.mailbox.fail_next("get", Later("500"), times=100_000)
    for _ in range(360):
        await world.go()
        world.clock.advance(300)
    assert world.row(bad).status is Status.REVIEW
    assert len(world.channel.cards) == 1


async def test_a_report_from_the_vendor_itself_is_no_bounce() -> None:
    world = World()
    mail = world.invoice()
    await world.settle()
    report = world.bounce(world.mailbox.ap_inbox[0].message_id, sender=f"postmaster@{mail.sender.partition('@')[2]}")
    await world.settle()
    assert world.outcome(mail) == "posted"
    assert world.outcome(report) == "review: bounce_unmatched"


async def test_a_report_about_somebody_behind_ap_is_no_bounce() -> None:
    world = World()
    mail = world.invoice()
    await world.settle()
    report = world.bounce(world.mailbox.ap_inbox[0].message_id, recipients=("member@elsewhere.example",))
    await world.settle()
    assert world.outcome(mail) == "posted"
    assert world.outcome(report) == "review: bounce_unmatched"


FORGED = "spf=fail smtp.mailfrom=evil.example; dkim=none; dmarc=fail header.from=contoso.example; compauth=fail"
DOUBTFUL = "spf=pass smtp.mailfrom=evil.example; dkim=none; dmarc=none header.from=contoso.example"
UNBELIEVED: dict[str, dict[str, Any]] = {
    "it names no recipient": {"recipients": ()},
    "it comes from elsewhere": {"sender": "mailer-daemon@evil.example"},
    "it comes from free mail": {"sender": "mailer-daemon@gmail.com", "recipients": ()},
    "our domain is forged": {"headers": (*REPORT, ("Authentication-Results", FORGED))},
    "nothing proves our domain": {"headers": (*REPORT, ("Authentication-Results", DOUBTFUL))},
}


@pytest.mark.parametrize("is_by_tag", [False, True], ids=["by Message-ID", "by tag"])
@pytest.mark.parametrize("forgery", UNBELIEVED.values(), ids=UNBELIEVED)
async def test_a_report_that_anybody_may_have_written_is_shown_and_not_believed(
    forgery: dict[str, Any], *, is_by_tag: bool
) -> None:
    world = World()
    mail = world.invoice()
    await world.settle()
    [sent] = world.mailbox.ap_inbox
    report = world.bounce(*([] if is_by_tag else [sent.message_id]), text=sent.subject if is_by_tag else "", **forgery)
    await world.settle()
    assert (world.outcome(mail), world.folder(mail)) == ("posted", "Posted")
    assert world.outcome(report).startswith("review: bounce_unmatched")
    card = json.dumps(world.channel.cards[-1])
    assert "may be forged" in card
    assert "the report speaks of invoice INV-2026-0417 from billing@bluebird-cloud.example" in card
    assert world.key(mail).transaction_id[:12] in card
    world.release(mail)
    await world.settle()
    assert world.mailbox.ap_inbox == [sent]


async def released_in_doubt(world: World) -> Mail:
    """Invoice INV-1, which AP has, though nothing proved it; a person has put it back."""
    mail = world.invoice("INV-1")
    world.mailbox.after_send = AfterSend.NOWHERE
    world.mailbox.fail_next("send", Later("504"), "after")
    await world.settle()
    world.mailbox.after_send = AfterSend.SENT
    world.release(mail)
    await world.tick()
    return mail


async def test_a_forged_report_does_not_have_a_mail_in_doubt_sent_again() -> None:
    world = World()
    mail = await released_in_doubt(world)
    world.lose_messages()
    report = world.bounce(world.mailbox.ap_inbox[0].message_id, sender="postmaster@evil.example")
    await world.tick()
    await world.work("raw-mail", report)
    world.mailbox.settle()
    await world.settle()
    assert world.outcome(mail) == "posted"
    assert len(world.mailbox.ap_inbox) == 1


async def test_a_bounce_between_the_card_and_the_close_is_not_forgotten() -> None:
    world = World()
    mail = world.invoice()
    close = world.ledger.close
    bounced: list[Mail] = []

    async def bounce_first(key: object) -> None:
        if not bounced and world.row(mail).notice is Notice.NONE:
            bounced.append(world.bounce(world.mailbox.ap_inbox[0].message_id))
            await world.tick()
            await world.work("raw-mail", bounced[0])
        await close(key)  # type: ignore[arg-type]  # the port's own type

    world.ledger.close = bounce_first  # type: ignore[method-assign]  # a worker at exactly this point
    await world.settle()
    await minutes(world, 40)
    assert bounced
    assert world.outcome(mail) == "failed: undelivered"
    assert world.folder(mail) == "Failed"
    assert [card["status"] for card in world.channel.cards] == ["posted", "failed"]


async def test_a_number_of_a_mail_that_never_went_out_is_free_again() -> None:
    world = World()
    first = world.invoice("INV-1")
    world.mailbox.fail_next("attachments", Later("503"))
    await world.go()
    world.mailbox.delete_by_person(first.id)
    await world.settle()
    assert world.outcome(first) == "failed: mail_gone"
    second = world.invoice("INV-1")
    await world.settle()
    assert world.outcome(second) == "posted"


@pytest.mark.parametrize("is_deleted", [False, True], ids=["taken", "deleted"])
async def test_a_number_of_a_mail_that_was_sent_in_doubt_is_not_free_again(*, is_deleted: bool) -> None:
    world = World()
    first = await released_in_doubt(world)
    if is_deleted:
        world.mailbox.delete_by_person(first.id)
    else:
        world.mailbox.move_by_person(first.id, "Done by hand")
    await world.settle()
    second = world.invoice("INV-1")
    await world.settle()
    assert world.outcome(second) == "review: duplicate"
    assert len(world.mailbox.ap_inbox) == 1


async def test_invoices_without_a_document_are_no_repeats_of_each_other() -> None:
    world = World(Tuning(repeat_limit=3))
    mails = [
        world.mailbox.arrive(
            sender="billing@bluebird-cloud.example", subject="Your invoice", body=f"Invoice number: INV-{number}"
        )
        for number in range(8)
    ]
    await world.settle()
    assert not any("repeated" in world.outcome(mail) for mail in mails)


async def test_a_vendor_wakes_every_mail_though_the_first_page_was_released() -> None:
    world = World()
    mails = [world.invoice(f"INV-{number}", sender=NOBODY) for number in range(60)]
    await world.settle()
    waiting = sorted(world.vendors.waiting["domain:nobody.example"], key=lambda key: key.transaction_id)
    head = {key.transaction_id for key in waiting[:50]}
    for mail in mails:
        if world.key(mail).transaction_id in head:
            world.release(mail)
    await world.tick()
    await world.add_vendor.run(b'{"vendor_name": "Nobody", "email_domain": "nobody.example"}')
    await world.settle()
    await minutes(world, 10)
    assert {world.outcome(mail) for mail in mails} == {"posted"}


async def test_a_draft_that_a_person_sent_by_hand_is_not_sent_again_on_release() -> None:
    world = World(Tuning(redrive_limit=1, stuck_after=timedelta(seconds=60)))
    mail = world.invoice()
    world.mailbox.fail_next("attachments", MailRefused("400"))
    world.mailbox.fail_next("delete", Later("503"))
    await world.settle()
    assert world.outcome(mail) == "review: mail_unreadable"
    [draft] = world.mailbox.drafts
    await world.mailbox.send(draft.id)
    world.release(mail)
    await world.settle()
    assert world.outcome(mail) == "posted"
    assert len(world.mailbox.ap_inbox) == len(world.mailbox.mails_in(SENT)) == 1
    assert world.folder(mail) != INBOX
