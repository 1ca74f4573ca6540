"""Mails of the synthetic check go their whole way to a recipient of their own, and nobody else's mail does."""

from typing import Any

import pytest

from shared.domain.forward import message_id
from shared.domain.mail import Mail
from shared.domain.messages import RAW_MAIL, TO_POST
from shared.domain.synthetic import CHECK_VENDOR
from shared.domain.vendor import Vendor
from shared.ports import Later
from tests.fakes import ADDRESS
from tests.stages.world import AP, SYNTHETIC, Tuning, World

NONCE = "0123456789abcdef0123456789abcdef"
OTHER = "f" * 32
CHECK = Vendor(
    vendor_id=CHECK_VENDOR, vendor_name="Synthetic Check Ltd", email_domain=("check.example",), gl_code="none"
)


@pytest.fixture(autouse=True)
def _check_is_a_vendor(world: World) -> None:
    world.vendors.add(CHECK)


def marked(world: World, nonce: str = NONCE, *, written: bool = True, **fields: Any) -> Mail:
    """Deliver a mail that carries a nonce, which the check has written before or not."""
    if written:
        world.control.nonces.setdefault(nonce, None)
    return world.invoice(headers=(("X-Invoice-Agent-Synthetic", nonce),), **fields)


def synthetic(world: World, nonce: str = NONCE, **fields: Any) -> Mail:
    """Deliver a mail of the check."""
    return marked(world, nonce, **{"sender": "synthetic@check.example", **fields})


def sent_to(world: World) -> list[str]:
    return [delivered.to for delivered in world.mailbox.ap_inbox]


async def test_a_synthetic_mail_goes_its_whole_way_to_its_own_recipient(world: World) -> None:
    mail = synthetic(world)
    await world.settle()
    assert world.outcome(mail) == "posted"
    assert world.folder(mail) == "Posted"
    assert sent_to(world) == [SYNTHETIC]
    assert world.channel.cards == []  # an hourly success is no news


async def test_what_becomes_of_it_otherwise_is_announced(world: World) -> None:
    mail = synthetic(world, sender="nobody@unknown.example")
    await world.settle()
    assert world.outcome(mail) == "parked: vendor_unknown"
    assert len(world.channel.cards) == 1


@pytest.mark.parametrize("header", [OTHER, NONCE.upper()[:31], "", NONCE + "0", f"{NONCE},{OTHER}", "x" * 4000])
async def test_a_forged_mark_diverts_no_invoice(world: World, header: str) -> None:
    world.control.nonces[NONCE] = None
    mail = marked(world, header, written=False)
    await world.settle()
    assert world.outcome(mail) == "posted"
    assert sent_to(world) == [AP]
    assert not world.row(mail).synthetic


async def test_a_stolen_nonce_diverts_no_invoice_either(world: World) -> None:
    mail = marked(world)
    await world.settle()
    assert world.outcome(mail) == "posted"
    assert sent_to(world) == [AP]
    assert len(world.channel.cards) == 1


async def test_a_used_nonce_is_worth_nothing_to_another_mail(world: World) -> None:
    synthetic(world)
    await world.settle()
    invoice, replay = marked(world, number="INV-2026-0999"), synthetic(world, number="INV-2026-0998")
    await world.settle()
    assert world.outcome(invoice) == "posted"
    assert world.outcome(replay) == "review: synthetic_unproven"
    assert sent_to(world) == [SYNTHETIC, AP]


@pytest.mark.parametrize("header", ["", OTHER])
async def test_who_writes_as_the_check_reaches_nobody_and_no_release_changes_that(world: World, header: str) -> None:
    mail = synthetic(world, header, written=False) if header else world.invoice(sender="thief@check.example")
    world.control.nonces.clear()
    await world.settle()
    assert world.outcome(mail) == "review: synthetic_unproven"
    world.release(mail)
    await world.settle()
    assert world.outcome(mail) == "review: synthetic_unproven"
    assert sent_to(world) == []


async def test_of_two_copies_of_a_check_none_reaches_ap(world: World) -> None:
    first = synthetic(world)
    second = world.mailbox.arrive(first, id="mail-copy")
    await world.settle()
    assert AP not in sent_to(world)
    assert len(sent_to(world)) <= 1
    for mail in (first, second):
        assert world.folder(mail) in {"Posted", "Review"}


async def test_it_keeps_its_proof_though_its_nonce_is_gone(world: World) -> None:
    mail = synthetic(world, sender="synthetic@late.example")
    await world.settle()
    world.control.nonces.clear()
    world.vendors.add(CHECK.model_copy(update={"email_domain": ("check.example", "late.example")}))
    world.release(mail)
    await world.settle()
    assert world.outcome(mail) == "posted"
    assert sent_to(world) == [SYNTHETIC]


async def test_without_a_recipient_it_is_refused_and_no_release_leads_it_to_ap() -> None:
    world = World(Tuning(synthetic_recipient=""))
    world.vendors.add(CHECK)
    mail = synthetic(world)
    await world.settle()
    assert world.outcome(mail) == "ignored: synthetic_refused"
    world.release(mail)
    await world.settle()
    assert world.outcome(mail) == "ignored: synthetic_refused"
    assert sent_to(world) == []


async def enriched(world: World) -> Mail:
    mail = synthetic(world)
    await world.tick()
    (body,) = world.queues.take_all(RAW_MAIL)
    await world.deliver(RAW_MAIL, body)
    return mail


def without_recipient(world: World, mail: Mail) -> World:
    """The same mailbox and row under settings that name no recipient any more."""
    later = World(Tuning(synthetic_recipient=""), clock=world.clock, mailbox=world.mailbox)
    later.ledger.put(world.row(mail))
    return later


async def test_a_recipient_that_is_taken_away_meanwhile_leads_nothing_to_ap(world: World) -> None:
    mail = await enriched(world)
    later = without_recipient(world, mail)
    await later.work(TO_POST, mail)
    assert later.outcome(mail) == "ignored: synthetic_refused"
    assert sent_to(world) == []


async def test_a_recipient_that_is_taken_away_after_the_send_hides_no_send(world: World) -> None:
    mail = await enriched(world)
    world.mailbox.fail_next("send", Later("reset"), "after")
    await world.pump()
    later = without_recipient(world, mail)
    world.clock.advance(60)
    await later.work(TO_POST, mail)
    assert later.outcome(mail) == "posted"
    assert sent_to(world) == [SYNTHETIC]


async def test_a_recipient_that_is_taken_away_after_an_unclear_send_leads_nothing_to_ap(world: World) -> None:
    mail = await enriched(world)
    world.mailbox.fail_next("send", Later("reset"))
    await world.pump()
    later = without_recipient(world, mail)
    world.clock.advance(601)
    await later.work(TO_POST, mail)
    assert later.outcome(mail) == "review: delivery_unconfirmed"
    assert sent_to(world) == []


async def test_a_bounce_of_its_recipient_is_matched(world: World) -> None:
    mail = synthetic(world)
    await world.settle()
    world.bounce(message_id(world.row(mail), ADDRESS), recipients=(SYNTHETIC,))
    await world.settle()
    assert world.outcome(mail) == "failed: undelivered"
