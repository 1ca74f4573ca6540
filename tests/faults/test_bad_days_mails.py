"""Mails that come twice, sixty times, with 150 attachments, or bounce off a full mailbox."""

from collections import Counter
from typing import Any

import pytest

from infrastructure.local.samples.builders import Invoice, make_bounce, make_invoice_pdf, make_mail
from shared.adapters.documents import SubprocessDocuments
from shared.domain.mail import Mail
from shared.domain.messages import RAW_MAIL
from shared.ports import Conflict
from tests.faults.bad_days import BadDay
from tests.stages.world import Phase, Tuning

pytestmark = pytest.mark.timeout(120)

# AP's mailbox is full: accepted, then a report that says 5.2.2


def full(site: BadDay) -> bytes:
    """The report on the latest forward, as Exchange writes it for a mailbox that is full."""
    sent = site.mailbox.ap_inbox[-1]
    report = make_bounce(make_mail(message_id=sent.message_id, subject=sent.subject), recipient=sent.to)
    return report.replace(b"5.1.10", b"5.2.2")


async def test_a_full_ap_mailbox_costs_an_attempt_for_every_release_and_no_more() -> None:
    site = BadDay(documents=SubprocessDocuments())
    mail = site.mailbox.arrive(body="Invoice number: INV-2026-0417")
    for attempt in (1, 2, 3):
        await site.minutes(3)
        assert [sent.marker[-2:] for sent in site.mailbox.ap_inbox] == [f"-{n}" for n in range(1, attempt + 1)]
        assert site.folder(mail) == "Posted"
        report = site.bounce(source=full(site))
        await site.minutes(3)
        assert (site.outcome(mail), site.folder(mail)) == ("failed: undelivered", "Failed")
        assert (site.outcome(report), site.folder(report)) == ("ignored: delivery_report", "Ignored")
        assert site.count_cards("failed") == attempt
        site.release(mail)


async def bounced_and_released(site: BadDay) -> Mail:
    mail = site.invoice()
    await site.settle()
    site.bounce(site.mailbox.ap_inbox[0].message_id)
    await site.settle()
    site.release(mail)
    return mail


@pytest.mark.parametrize("phase", ["before", "after"])
async def test_a_crash_at_any_call_after_the_release_of_a_bounced_mail_sends_the_second_attempt_once(
    phase: Phase,
) -> None:
    first = BadDay()
    await bounced_and_released(first)
    for number in range(1, await first.count_calls(first.go()) + 1):
        site = BadDay()
        mail = await bounced_and_released(site)
        await site.crash(site.go(), number, phase)
        site.lose_messages()
        await site.minutes(40)
        assert (site.outcome(mail), site.folder(mail)) == ("posted", "Posted")
        assert [sent.marker[-2:] for sent in site.mailbox.ap_inbox] == ["-1", "-2"]


async def test_an_ap_mailbox_that_is_full_for_an_hour_fails_every_mail_of_that_hour() -> None:
    site = BadDay()
    mails = [site.invoice(f"INV-{number}") for number in range(30)]
    await site.minutes(5)
    reports = [site.bounce(sent.message_id) for sent in site.mailbox.ap_inbox]
    await site.minutes(5)
    assert Counter(site.outcomes(mails)) == {"failed: undelivered": 30}
    assert Counter(site.outcomes(reports)) == {"ignored: delivery_report": 30}
    assert site.count_cards("failed") == 30


# The same mail twice


NO_DOCUMENT = {"subject": "Reminder", "documents": {}}
TWICE = [
    pytest.param({}, id="document and number"),
    pytest.param({**NO_DOCUMENT, "body": "Invoice number: INV-7"}, id="number alone"),
    pytest.param({"subject": "To pay", "documents": {"invoice.pdf": b"To pay: 12.00"}}, id="document alone"),
]
SECONDS = pytest.mark.parametrize("seconds", [0, 1, 90], ids=["same second", "next second", "first one sent"])


async def deliver_twice(site: BadDay, seconds: int, **fields: Any) -> list[Mail]:
    mails = []
    for _ in range(2):
        mails.append(site.invoice(internet_message_id="<same@mail.example>", **fields))
        await site.go_on(seconds)
    await site.minutes(20)
    return mails


@SECONDS
@pytest.mark.parametrize("fields", TWICE)
async def test_an_invoice_that_exchange_delivers_twice_reaches_ap_once(fields: dict[str, Any], seconds: int) -> None:
    site = BadDay()
    mails = await deliver_twice(site, seconds, **fields)
    assert Counter(site.outcomes()) == {"posted": 1, "review: duplicate": 1}
    assert {site.folder(mail) for mail in mails} == {"Posted", "Review"}
    assert len(site.mailbox.ap_inbox) == 1


@SECONDS
async def test_a_mail_without_an_invoice_that_is_delivered_twice_is_looked_at_twice(seconds: int) -> None:
    site = BadDay()
    mails = await deliver_twice(site, seconds, **NO_DOCUMENT, body="As discussed.")
    assert Counter(site.outcomes()) == {"review: no_invoice": 2}
    assert [site.folder(mail) for mail in mails] == ["Review", "Review"]


# 150 attachments


async def test_a_mail_with_150_attachments_is_forwarded_once_with_all_of_them() -> None:
    site = BadDay(documents=SubprocessDocuments())
    pdf = make_invoice_pdf(Invoice())
    files = {f"photo-{n:03d}.jpg": b"x" * n for n in range(125)} | {f"page-{n:02d}.pdf": pdf for n in range(25)}
    mail = site.invoice(documents=files, subject="Invoice with photos")
    await site.minutes(3)
    assert site.outcome(mail) == "posted"
    [sent] = site.mailbox.ap_inbox
    assert sorted(content.name for content in sent.attachments) == sorted(files)
    assert {content.data for content in sent.attachments} == set(files.values())
    assert site.mailbox.calls.count("content") == 10
    assert any("not read here" in warning for warning in site.row(mail).warnings)


# A sender gone wild


def again(site: BadDay) -> Mail:
    """The same invoice, sent by a system that never learns that it did."""
    return site.invoice("INV-1", subject="Reminder")


def repeat_cards(site: BadDay) -> int:
    return sum("repeated" in card["reasons"] for card in site.channel.cards)


async def an_hour_of(site: BadDay, count: int, seconds: float) -> list[Mail]:
    mails = []
    for _ in range(count):
        mails.append(again(site))
        await site.go()
        site.clock.advance(seconds)
    return mails


async def test_sixty_in_an_hour_are_twenty_by_the_rules_and_one_card_for_the_rest() -> None:
    site = BadDay()
    mails = await an_hour_of(site, 60, 60)
    assert Counter(site.outcomes(mails[:20])) == {"posted": 1, "review: duplicate": 19}
    assert {site.row(mail).reasons[0].value for mail in mails[20:]} == {"repeated"}
    assert {site.folder(mail) for mail in mails[20:]} == {"Review"}
    assert repeat_cards(site) == 1
    site.clock.advance(3601)
    assert site.outcomes(await an_hour_of(site, 1, 0)) == ["review: duplicate"]


@pytest.mark.xfail(strict=True, reason="a card for every mail that is exactly the first over the limit of its hour")
async def test_one_mail_every_three_minutes_makes_one_card_and_not_one_each() -> None:
    site = BadDay()
    await an_hour_of(site, 60, 180)
    assert repeat_cards(site) == 1


async def over_the_limit(site: BadDay) -> list[Mail]:
    """Five of a kind where two are allowed, admitted, the first two dealt with."""
    mails = [again(site) for _ in range(5)]
    await site.tick()
    site.lose_messages()
    for mail in mails[:2]:
        await site.work(RAW_MAIL, mail)
    return mails


@pytest.mark.parametrize("phase", ["before", "after"])
async def test_workers_that_die_on_the_mails_over_the_limit_make_one_card(phase: Phase) -> None:
    first = BadDay(Tuning(repeat_limit=2))
    mails = await over_the_limit(first)
    for number in range(1, await first.count_calls(first.work(RAW_MAIL, mails[2])) + 1):
        site = BadDay(Tuning(repeat_limit=2))
        mails = await over_the_limit(site)
        for mail in mails[2:]:
            await site.crash(site.work(RAW_MAIL, mail), number, phase)
        await site.minutes(40)
        assert {"repeated" in site.row(mail).reasons for mail in mails[2:]} == {True}
        assert repeat_cards(site) == 1


@pytest.mark.parametrize("conflicts", [1, 2, 5])
async def test_conflicts_on_the_mails_over_the_limit_make_one_card(conflicts: int) -> None:
    site = BadDay(Tuning(repeat_limit=2))
    mails = await over_the_limit(site)
    site.ledger.fail_next("update", Conflict(), times=conflicts)
    for mail in reversed(mails[2:]):
        await site.work(RAW_MAIL, mail)
    await site.minutes(40)
    assert {"repeated" in site.row(mail).reasons for mail in mails[2:]} == {True}
    assert repeat_cards(site) == 1


async def test_a_hundred_different_invoices_of_a_sender_in_an_hour_are_all_posted() -> None:
    site = BadDay()
    mails = [site.invoice(f"INV-{number}", subject="Your invoice") for number in range(100)]
    await site.minutes(60)
    assert Counter(site.outcomes(mails)) == {"posted": 100}
