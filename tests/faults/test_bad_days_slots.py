"""Two deployment slots that run the app at once, in every order of their calls, and one of them may die."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest

from shared.domain.mail import Mail
from shared.domain.messages import ADD_VENDOR, NOTIFY, RAW_MAIL, TO_POST, AddVendor, WorkOn
from tests.fakes import AfterSend
from tests.faults.bad_days import NOBODY, NOBODY_COLUMNS, BadDay, Slot
from tests.stages.world import Crash

pytestmark = pytest.mark.timeout(300)

Work = Callable[[BadDay], Awaitable[Any]]
LONG_ENOUGH = 45  # minutes in which everything is driven again


async def run(slot: BadDay, work: Work, number: int, meanwhile: Callable[[], Awaitable[None]]) -> None:
    """Do a slot's work, with something else before its numbered call; it may be the end of the slot."""
    with suppress(Crash):
        await slot.intrude(work(slot), number, meanwhile)


async def overlap(one: BadDay, other: BadDay, work: Work, calls: tuple[int, int], *, dies: bool) -> bool:
    """Stop one slot before its numbered call until the other stands before its own, end the one, then the other.

    Where it `dies`, the one ends at its call. Returns whether it has such a call at all.
    """
    other_stands, one_is_done = asyncio.Event(), asyncio.Event()
    others: list[asyncio.Task[None]] = []

    async def stand() -> None:
        other_stands.set()
        await one_is_done.wait()

    async def start_other() -> None:
        others.append(asyncio.create_task(run(other, work, calls[1], stand)))
        others[0].add_done_callback(lambda _: other_stands.set())
        await other_stands.wait()
        if dies:
            raise Crash

    await run(one, work, calls[0], start_other)
    one_is_done.set()
    await asyncio.gather(*others)
    return bool(others)


async def every_order(arrange: Callable[[BadDay], Awaitable[Mail]], work: Work, *, dies: bool) -> int:
    """Let two slots do the same work in every order of their calls; returns how many orders there were."""
    first = BadDay()
    await arrange(first)
    most = await first.count_calls(work(first))
    numbers = range(1, most + 1)
    for calls in itertools.product(numbers, numbers):
        one = BadDay()
        mail = await arrange(one)
        assert await overlap(one, Slot(one), work, calls, dies=dies)
        await one.minutes(1)
        one.mailbox.settle()
        await one.minutes(LONG_ENOUGH)
        assert_final(one, mail, calls)
    return most**2


def assert_final(site: BadDay, mail: Mail, calls: tuple[int, int]) -> None:
    assert (site.outcome(mail), site.folder(mail)) == ("posted", "Posted"), calls
    assert len(site.mailbox.ap_inbox) == 1, calls
    assert 1 <= len(site.channel.cards) - site.count_cards("parked") <= 2, calls
    assert (site.ledger.open, site.errors) == ({}, []), calls


async def arrived(site: BadDay) -> Mail:
    return site.invoice()


dying = pytest.mark.parametrize("dies", [False, True], ids=["both live", "one dies"])


@dying
async def test_two_slots_share_a_mails_whole_life(*, dies: bool) -> None:
    assert await every_order(arrived, BadDay.go_as_host, dies=dies) > 1000


async def test_a_stop_holds_in_both_slots() -> None:
    one = BadDay()
    other = Slot(one)
    mail = one.invoice()
    one.control.put_on("fraud")
    for slot in (one, other):
        await slot.go_as_host()
    assert one.ledger.keys == []
    one.control.take_off(one.clock())
    await other.go_as_host()
    assert one.outcome(mail) == "posted"


# The same message in both: its lease was lost, or a tick of each slot drove it

Arrange = Callable[[BadDay], Awaitable[Mail]]


async def admitted(site: BadDay) -> Mail:
    mail = site.invoice()
    await site.tick()
    site.lose_messages()
    return mail


async def enriched(site: BadDay) -> Mail:
    mail = await admitted(site)
    await site.work(RAW_MAIL, mail)
    site.lose_messages()
    return mail


async def enriched_over_a_slow_transport(site: BadDay) -> Mail:
    """What is sent from here on lies in Drafts for another minute."""
    mail = await enriched(site)
    site.mailbox.after_send = AfterSend.STILL_A_DRAFT
    return mail


async def posted(site: BadDay) -> Mail:
    mail = await enriched(site)
    await site.work(TO_POST, mail)
    site.lose_messages()
    return mail


async def released(site: BadDay) -> Mail:
    """A mail that bounced and was put back by a person; what is sent from here on is its second attempt."""
    mail = site.invoice()
    await site.settle()
    site.bounce(site.mailbox.ap_inbox.pop().message_id)
    await site.settle()
    site.release(mail)
    site.channel.cards.clear()
    return mail


async def parked(site: BadDay) -> Mail:
    mail = site.invoice(sender=NOBODY)
    await site.settle()
    return mail


def only(queue: str) -> Work:
    """Run one queue's function on the message about the one invoice there is."""

    async def work(slot: BadDay) -> None:
        await slot.deliver(queue, WorkOn.on(slot.ledger.keys[0]).to_bytes())

    return work


async def vendor_comes(slot: BadDay) -> None:
    await slot.deliver(ADD_VENDOR, AddVendor(**NOBODY_COLUMNS).to_bytes())


SAME_MESSAGE: dict[str, tuple[Arrange, Work]] = {
    "ExtractEnrich": (admitted, only(RAW_MAIL)),
    "PostToAP": (enriched, only(TO_POST)),
    "PostToAP, slow transport": (enriched_over_a_slow_transport, only(TO_POST)),
    "Notify": (posted, only(NOTIFY)),
    "AddVendor": (parked, vendor_comes),
    "a tick that releases": (released, BadDay.tick),
}


@dying
@pytest.mark.parametrize(("arrange", "work"), SAME_MESSAGE.values(), ids=SAME_MESSAGE)
async def test_two_slots_work_on_the_same_message(arrange: Arrange, work: Work, *, dies: bool) -> None:
    assert await every_order(arrange, work, dies=dies) > 1
