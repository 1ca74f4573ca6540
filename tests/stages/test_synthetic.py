"""Mails of the synthetic check go their whole way to a recipient of their own, and nobody else's mail does."""

from typing import Any

import pytest

from shared.domain.forward import message_id
from shared.domain.mail import Mail
from tests.fakes import ADDRESS
from tests.stages.world import AP, SYNTHETIC, Tuning, World

NONCE = "0123456789abcdef0123456789abcdef"
OTHER = "f" * 32


def synthetic(world: World, nonce: str = NONCE, *, written: bool = True, **fields: Any) -> Mail:
    """Deliver a mail that carries a nonce, which the check has written before or not."""
    if written:
        world.control.nonces.setdefault(nonce, None)
    return world.invoice(headers=(("X-Invoice-Agent-Synthetic", nonce),), **fields)


async def test_a_synthetic_mail_goes_its_whole_way_to_its_own_recipient(world: World) -> None:
    mail = synthetic(world)
    await world.settle()
    assert world.outcome(mail) == "posted"
    assert world.folder(mail) == "Posted"
    assert [delivered.to for delivered in world.mailbox.ap_inbox] == [SYNTHETIC]
    assert world.channel.cards == []  # an hourly success is no news


async def test_what_becomes_of_it_otherwise_is_announced(world: World) -> None:
    mail = synthetic(world, sender="nobody@unknown.example")
    await world.settle()
    assert world.outcome(mail) == "parked: vendor_unknown"
    assert len(world.channel.cards) == 1


@pytest.mark.parametrize("header", [OTHER, NONCE.upper()[:31], "", NONCE + "0", f"{NONCE},{OTHER}", "x" * 4000])
async def test_a_forged_mark_diverts_no_invoice(world: World, header: str) -> None:
    world.control.nonces[NONCE] = None
    mail = synthetic(world, header, written=False)
    await world.settle()
    assert world.outcome(mail) == "posted"
    assert [delivered.to for delivered in world.mailbox.ap_inbox] == [AP]
    assert not world.row(mail).synthetic


async def test_a_used_nonce_is_worth_nothing_to_another_mail(world: World) -> None:
    synthetic(world)
    await world.settle()
    mail = synthetic(world, number="INV-2026-0999")
    await world.settle()
    assert world.outcome(mail) == "posted"
    assert [delivered.to for delivered in world.mailbox.ap_inbox] == [SYNTHETIC, AP]


async def test_the_same_mail_read_twice_stays_synthetic_though_its_nonce_is_gone(world: World) -> None:
    mail = synthetic(world, sender="nobody@unknown.example")
    await world.settle()
    world.control.nonces.clear()
    await world.add(vendor_name="Nobody", email_domain="unknown.example")
    await world.settle()
    assert world.outcome(mail) == "posted"
    assert [delivered.to for delivered in world.mailbox.ap_inbox] == [SYNTHETIC]


async def test_without_a_recipient_it_is_refused_and_no_release_leads_it_to_ap() -> None:
    world = World(Tuning(synthetic_recipient=""))
    mail = synthetic(world)
    await world.settle()
    assert world.outcome(mail) == "ignored: synthetic_refused"
    world.release(mail)
    await world.settle()
    assert world.outcome(mail) == "ignored: synthetic_refused"
    assert world.mailbox.ap_inbox == []


async def test_a_recipient_that_is_taken_away_meanwhile_leads_nothing_to_ap(world: World) -> None:
    mail = synthetic(world)
    await world.tick()
    (body,) = world.queues.take_all("raw-mail")
    await world.deliver("raw-mail", body)
    later = World(Tuning(synthetic_recipient=""), clock=world.clock, mailbox=world.mailbox)
    later.ledger.put(world.row(mail))
    await later.work("to-post", mail)
    assert later.outcome(mail) == "ignored: synthetic_refused"
    assert world.mailbox.ap_inbox == []


async def test_a_bounce_of_its_recipient_is_matched(world: World) -> None:
    mail = synthetic(world)
    await world.settle()
    world.bounce(message_id(world.row(mail), ADDRESS), recipients=(SYNTHETIC,))
    await world.settle()
    assert world.outcome(mail) == "failed: undelivered"
