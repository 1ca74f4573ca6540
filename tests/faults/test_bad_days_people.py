"""What people and other systems do meanwhile, and the calendar."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from shared.domain.mail import Mail
from shared.domain.messages import ADD_VENDOR
from shared.ports import Later
from tests.fakes import Clock
from tests.faults.bad_days import NOBODY, NOBODY_COLUMNS, BadDay, calls_of_a_life, refusing
from tests.stages.world import Tuning

pytestmark = pytest.mark.timeout(120)


# A mail that is taken away at any moment

Take = Callable[[BadDay, Mail], None]


def delete(site: BadDay, mail: Mail) -> None:
    site.mailbox.delete_by_person(mail.id)


def move(site: BadDay, mail: Mail) -> None:
    site.mailbox.move_by_person(mail.id, "Mine")


async def take_away(site: BadDay, take: Take, number: int) -> Mail:
    """Take a mail away just before the numbered call of its plain path."""
    mail = site.invoice()

    async def taken() -> None:
        take(site, mail)

    await site.intrude(site.go_as_host(), number, taken)
    return mail


@pytest.mark.parametrize(
    ("take", "unsent"), [(delete, "failed: mail_gone"), (move, "ignored: taken_by_a_person")], ids=["deleted", "moved"]
)
async def test_a_mail_taken_away_at_any_call_is_sent_or_not_and_never_in_between(take: Take, unsent: str) -> None:
    seen: set[tuple[str, int]] = set()
    for number in range(1, await calls_of_a_life() + 1):
        site = BadDay()
        await take_away(site, take, number)
        await site.minutes(40)
        seen.update((outcome, len(site.mailbox.ap_inbox)) for outcome in site.outcomes())
        assert (site.ledger.open, site.errors, site.mailbox.drafts) == ({}, [], [])
    # Where it goes while its document is read is the next test's matter.
    assert seen - {("review: document_unreadable", 0)} == {("posted", 1), (unsent, 0)}


async def test_a_mail_deleted_before_its_document_is_read_is_called_gone() -> None:
    site = BadDay()
    mail = site.invoice()
    await site.tick()
    get = site.mailbox.get

    async def get_and_lose(mail_id: str) -> Mail:
        found = await get(mail_id)
        delete(site, mail)
        return found

    site.mailbox.get = get_and_lose  # type: ignore[method-assign]  # a person at exactly this point
    await site.try_all()
    assert site.outcome(mail) == "failed: mail_gone"


async def test_a_mail_taken_away_and_put_back_at_any_call_is_sent_once() -> None:
    for number in range(1, await calls_of_a_life() + 1):
        site = BadDay()
        mail = await take_away(site, move, number)
        await site.minutes(2)
        site.release(mail)
        await site.minutes(40)
        assert (site.outcome(mail), site.folder(mail)) == ("posted", "Posted"), number
        assert len(site.mailbox.ap_inbox) == 1


# A report that is faster than our own note of the sending


async def bounced_at(number: int) -> tuple[BadDay, Mail]:
    """A mail whose forward, if sent by then, bounces just before the numbered call; a second worker sees to it."""
    site = BadDay()
    mail = site.invoice()

    async def bounce() -> None:
        for sent in site.mailbox.ap_inbox:
            site.bounce(sent.message_id)
            await site.go_as_host()

    await site.intrude(site.go_as_host(), number, bounce)
    await site.minutes(40)
    return site, mail


async def every_bounce() -> list[tuple[BadDay, Mail]]:
    lives = [await bounced_at(number) for number in range(1, await calls_of_a_life() + 1)]
    return [(site, mail) for site, mail in lives if site.documents.reports]


async def test_a_bounce_at_any_call_after_the_send_is_noted_and_announced_once() -> None:
    lives = await every_bounce()
    assert len(lives) > 5
    for site, mail in lives:
        assert site.outcome(mail) == "failed: undelivered"
        assert site.count_cards("failed") == 1
        assert len(site.mailbox.ap_inbox) == 1
        assert (site.ledger.open, site.errors) == ({}, [])


async def test_a_mail_that_bounces_at_any_call_after_the_send_ends_in_failed() -> None:
    assert {site.folder(mail) for site, mail in await every_bounce()} == {"Failed"}


# Vendors, folders, the channel, the calendar


async def test_a_vendor_row_deleted_by_hand_sends_no_invoice_without_its_codes() -> None:
    site = BadDay()
    del site.vendors.vendors["bluebird-cloud-ltd"]
    mail = site.invoice()
    await site.minutes(5)
    assert site.outcome(mail) == "parked: vendor_unknown"
    assert site.mailbox.ap_inbox == []


async def test_a_vendor_added_deleted_and_added_again_wakes_its_mail() -> None:
    site = BadDay()
    mail = site.invoice(sender=NOBODY)
    await site.settle()
    await site.send_vendor(**NOBODY_COLUMNS)
    await site.deliver(ADD_VENDOR, site.queues.take_all(ADD_VENDOR)[0])
    site.vendors.claims.clear()
    site.vendors.vendors.clear()
    await site.minutes(3)
    assert (site.outcome(mail), site.folder(mail)) == ("parked: vendor_unknown", "Needs Vendor")
    await site.send_vendor(**NOBODY_COLUMNS)
    await site.minutes(20)
    assert site.outcome(mail) == "posted"


async def test_a_folder_that_is_gone_with_its_mails_gives_them_back_when_they_are_put_back() -> None:
    site = BadDay()
    mail = site.invoice(sender=NOBODY)
    await site.settle()
    site.mailbox.delete_folder_by_person("Needs Vendor")
    await site.send_vendor(**NOBODY_COLUMNS)
    await site.minutes(20)
    assert (site.outcome(mail), site.mailbox.ap_inbox) == ("ignored: taken_by_a_person", [])
    site.release(mail)
    await site.minutes(20)
    assert site.outcome(mail) == "posted"
    assert len(site.mailbox.ap_inbox) == 1


async def test_a_channel_that_is_dead_for_two_days_gets_every_card_afterwards() -> None:
    site = BadDay(Tuning(per_minute=4))
    mails = [site.invoice(f"INV-{number}") for number in range(12)]
    site.gate = refusing(Later("Teams answered 404"), "channel.")
    await site.hours(48)
    assert set(site.outcomes(mails)) == {"posted"}
    assert site.channel.cards == []
    site.calm()
    await site.minutes(20)
    assert site.count_cards("posted") == len(site.channel.cards) == 12
    assert site.ledger.open == {}


async def test_a_life_that_crosses_the_end_of_a_month_is_one_life() -> None:
    for number in range(1, await calls_of_a_life() + 1):
        site = BadDay(clock=Clock(datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)))
        mail = site.invoice()

        async def midnight(site: BadDay = site) -> None:
            site.clock.now += timedelta(seconds=2)

        await site.intrude(site.go(), number, midnight)
        await site.minutes(5)
        assert site.outcome(mail) == "posted"
        site.bounce(site.mailbox.ap_inbox[0].message_id)
        await site.minutes(5)
        assert site.outcome(mail) == "failed: undelivered"
        site.release(mail)
        await site.minutes(5)
        assert site.outcome(mail) == "posted"
        assert [key.partition for key in site.ledger.keys] == ["202612", "202701"]
        assert len(site.mailbox.ap_inbox) == 2
