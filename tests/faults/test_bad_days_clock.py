"""A system clock that jumps in the middle of anything, and is right again some minutes later."""

from contextlib import suppress
from datetime import timedelta

import pytest

from shared.domain.mail import Mail
from shared.domain.open_entry import OpenEntry, progress_of
from shared.domain.transaction import Status
from shared.ports import DraftChanges, Later
from tests.faults.bad_days import BadDay, calls_of_a_life
from tests.stages.world import AP, Crash

pytestmark = pytest.mark.timeout(120)

BACK = {"an hour back": timedelta(hours=-1), "a year back": timedelta(days=-365)}
FORWARD = {"a day forward": timedelta(days=1), "a year forward": timedelta(days=365)}
JUMPS = BACK | FORWARD
WRONG_MINUTES = 10
SANE_MINUTES = 90  # no stage asks for more than an hour


def assert_posted_once(site: BadDay, mail: Mail) -> None:
    assert (site.outcome(mail), site.folder(mail)) == ("posted", "Posted")
    assert len(site.mailbox.ap_inbox) == 1
    assert (site.ledger.open, site.errors) == ({}, [])


@pytest.mark.parametrize("is_answered", [True, False], ids=["answered", "send unclear"])
@pytest.mark.parametrize("jump", JUMPS.values(), ids=JUMPS)
async def test_a_clock_that_jumps_at_any_call_loses_and_doubles_nothing(jump: timedelta, *, is_answered: bool) -> None:
    for number in range(1, await calls_of_a_life() + 1):
        site = BadDay()
        mail = site.invoice()
        if not is_answered:
            site.mailbox.fail_next("send", Later("504"), "after")

        async def leap(site: BadDay = site) -> None:
            site.clock.now += jump

        await site.intrude(site.go(), number, leap)
        await site.minutes(WRONG_MINUTES)
        site.clock.now -= jump
        await site.minutes(SANE_MINUTES)
        assert_posted_once(site, mail)


async def jump_and_die(site: BadDay, jump: timedelta, number: int, lives_for: int) -> None:
    """Let the clock jump at the numbered call, and the process die some calls later."""
    calls = 0

    async def tap(phase: str, call: str) -> None:
        nonlocal calls
        calls += phase == "before"
        if (phase, calls) == ("before", number):
            site.clock.now += jump
        if (phase, calls) == ("before", number + lives_for):
            raise Crash

    site.tap = tap
    with suppress(Crash):
        await site.go()
    site.calm()
    site.lose_messages()


@pytest.mark.parametrize("lives_for", [3, 6])
@pytest.mark.parametrize("jump", JUMPS.values(), ids=JUMPS)
async def test_what_a_process_with_a_wrong_clock_left_behind_is_finished_soon(jump: timedelta, lives_for: int) -> None:
    for number in range(1, await calls_of_a_life() + 1):
        site = BadDay()
        mail = site.invoice()
        await jump_and_die(site, jump, number, lives_for)
        site.clock.now -= jump
        await site.minutes(SANE_MINUTES)
        assert_posted_once(site, mail)


YEAR_AHEAD = timedelta(days=365)


async def with_a_draft(site: BadDay) -> Mail:
    """A mail whose forward lies in Drafts, as a process that died before sending it leaves it."""
    mail = site.invoice()
    await site.tick()
    site.lose_messages()
    draft = await site.mailbox.create_forward(mail.id, AP)
    row = site.arrange(mail, status=Status.POSTING, draft_id=draft.id, sends=1, vendor_name="Bluebird")
    await site.mailbox.write_draft(draft.id, DraftChanges("Invoice", None, row.marker, "<1@contoso.example>"))
    return mail


@pytest.mark.parametrize(
    "column",
    [
        "claim_until",
        "send_started_at",
        "updated_at",
        "admitted_at",
        "taken_up_at",
    ],
)
async def test_a_row_dated_a_year_ahead_does_not_wait_for_that_year(column: str) -> None:
    site = BadDay()
    mail = await with_a_draft(site)
    site.arrange(mail, **{column: site.clock() + YEAR_AHEAD})
    await site.minutes(SANE_MINUTES)
    assert_posted_once(site, mail)


@pytest.mark.parametrize("is_waiting", [True, False])
async def test_an_open_entry_dated_a_year_ahead_does_not_wait_for_that_year(*, is_waiting: bool) -> None:
    site = BadDay()
    mail = await with_a_draft(site)
    row = site.row(mail)
    ahead = OpenEntry(row.key, mail.id, site.clock() + YEAR_AHEAD, waiting=is_waiting, progress=progress_of(row))
    site.ledger.arrange_open(ahead)
    await site.minutes(SANE_MINUTES)
    assert_posted_once(site, mail)
