"""A vendor comes, and every mail that waited for it goes on."""

import json
from typing import Any

import pytest

from shared.domain.mail import Mail
from shared.domain.messages import ADD_VENDOR, RAW_MAIL, AddVendor, UnreadableMessage
from shared.domain.transaction import Status
from shared.ports import Conflict
from shared.stages.add_vendor import PAGE
from tests.stages.world import Phase, Tuning, World

NOBODY = {"vendor_name": "Nobody Ltd", "email_domain": "nobody.example", "gl_code": "7000"}
BODY = json.dumps(NOBODY).encode()


async def parked(world: World, number: str = "INV-1", **fields: Any) -> Mail:
    mail = world.invoice(number, sender="billing@nobody.example", **fields)
    await world.settle()
    assert world.outcome(mail) == "parked: vendor_unknown"
    return mail


async def test_a_vendor_is_written_and_the_mail_that_waited_is_posted(world: World) -> None:
    mail = await parked(world)
    await world.add(**NOBODY)
    assert world.outcome(mail) == "posted"
    assert world.row(mail).gl_code == "7000"
    assert world.events(mail).count("received") == 2
    assert not any(world.vendors.waiting.values())
    await world.settle()
    assert world.folder(mail) == "Posted"


async def test_the_same_vendor_any_number_of_times_is_no_error(world: World) -> None:
    mail = await parked(world)
    for _ in range(3):
        await world.add_vendor.run(BODY)
    assert world.queues.messages[RAW_MAIL] == world.queues.messages[RAW_MAIL][:1]
    await world.settle()
    await world.add_vendor.run(BODY)
    assert world.outcome(mail) == "posted"
    assert len(world.mailbox.ap_inbox) == 1
    assert list(world.vendors.vendors) == ["bluebird-cloud-ltd", "nobody-ltd"]


async def test_a_vendor_that_changes_is_overwritten(world: World) -> None:
    await world.add(**NOBODY)
    await world.add(**NOBODY | {"gl_code": "7100", "email_domain": "other.example"})
    assert world.vendors.vendors["nobody-ltd"].gl_code == "7100"
    assert not world.vendors.claims["domain:nobody.example"]


async def test_more_mails_than_a_page_are_woken_by_continuations() -> None:
    world = World(Tuning(per_minute=100))
    mails = [world.invoice(f"INV-{n}", sender="billing@nobody.example") for n in range(2 * PAGE + 7)]
    await world.settle()
    await world.add_vendor.run(BODY)
    assert len(world.queues.messages[RAW_MAIL]) == PAGE
    assert len(world.queues.messages[ADD_VENDOR]) == 1
    await world.pump()
    await world.settle()
    assert {world.outcome(mail) for mail in mails} == {"posted"}
    assert len(world.mailbox.ap_inbox) == len(mails)


async def test_a_vendor_wakes_under_each_of_its_keys(world: World) -> None:
    text = b"Invoice number: 1\nVAT number: DE123456789\n"
    by_vat = world.invoice(sender="x@stripe.com", documents={"a.pdf": text}, subject="One")
    by_domain = await parked(world)
    await world.add(**NOBODY, vat_id="DE 123 456 789")
    assert world.outcome(by_vat) == "posted"
    assert world.outcome(by_domain) == "posted"


async def test_accounts_that_were_learnt_outlive_a_message_without_any(world: World) -> None:
    await world.add(**NOBODY, ibans=("DE89370400440532013000",))
    await world.add(**NOBODY, notes="again")
    (vendor,) = [v for v in world.vendors.vendors.values() if v.vendor_name == NOBODY["vendor_name"]]
    assert (vendor.notes, vendor.ibans) == ("again", ("DE89370400440532013000",))
    await world.add(**NOBODY, ibans=("GB33BUKB20201555555555",))
    assert world.vendors.vendors[vendor.vendor_id].ibans == ("GB33BUKB20201555555555",)


async def test_a_mail_that_is_being_filed_meanwhile_goes_on(world: World) -> None:
    """The row is written by the filing between the read and the write."""
    mail = world.invoice(sender="billing@nobody.example")
    await world.tick()

    async def tap(phase: Phase, call: str) -> None:
        if (phase, call) == ("after", "move"):
            world.tap = quiet
            await world.add_vendor.run(BODY)

    async def quiet(phase: Phase, call: str) -> None:
        return

    world.tap = tap
    await world.settle()
    assert world.outcome(mail) == "posted"
    assert world.folder(mail) == "Posted"
    assert len(world.mailbox.ap_inbox) == 1


async def test_a_conflict_is_tried_again(world: World) -> None:
    mail = await parked(world)
    world.ledger.fail_next("update", Conflict("another"), times=4)
    await world.add_vendor.run(BODY)
    assert world.outcome(mail) == "received"


async def test_conflicts_without_end_fail_the_message(world: World) -> None:
    await parked(world)
    world.ledger.fail_next("update", Conflict("another"), times=5)
    with pytest.raises(Conflict):
        await world.add_vendor.run(BODY)
    await world.add_vendor.run(BODY)
    assert len(world.queues.messages[RAW_MAIL]) == 1


@pytest.mark.parametrize("status", [Status.POSTED, Status.ENRICHED, Status.REVIEW, Status.IGNORED, Status.FAILED])
async def test_a_row_that_has_moved_on_is_left_and_forgotten(world: World, status: Status) -> None:
    mail = await parked(world)
    world.arrange(mail, status=status)
    await world.add_vendor.run(BODY)
    assert world.row(mail).status is status
    assert not world.queues.messages[RAW_MAIL]
    assert not any(world.vendors.waiting.values())


async def test_a_row_that_is_being_parked_is_left_in_the_index(world: World) -> None:
    mail = await parked(world)
    world.arrange(mail, status=Status.RECEIVED, parked_keys=())
    await world.add_vendor.run(BODY)
    assert world.row(mail).status is Status.RECEIVED
    assert world.vendors.waiting["domain:nobody.example"] == {world.key(mail)}


async def test_a_row_that_cannot_be_read_stops_no_other(world: World) -> None:
    edited, other = await parked(world, "INV-1"), await parked(world, "INV-2")
    world.ledger.edit_by_person(world.key(edited), Status="archived")
    await world.add(**NOBODY)
    assert world.outcome(other) == "posted"
    assert world.ledger.columns(world.key(edited))["Status"] == "archived"


async def test_a_row_that_can_be_read_again_is_woken_by_the_same_vendor_again(world: World) -> None:
    mail = await parked(world)
    world.ledger.edit_by_person(world.key(mail), AnsweredReasons="a reason of a newer release")
    await world.add(**NOBODY)
    world.ledger.edit_by_person(world.key(mail), AnsweredReasons="")
    await world.add(**NOBODY)
    assert world.outcome(mail) == "posted"
    assert not any(world.vendors.waiting.values())


@pytest.mark.parametrize("phase", ["before", "after"])
async def test_a_crash_at_any_call_wakes_the_mails_in_the_end(phase: Phase) -> None:
    first = World()
    await parked(first)
    for number in range(1, await first.count_calls(first.add_vendor.run(BODY)) + 1):
        world = World()
        mails = [await parked(world)]
        await world.crash(world.add_vendor.run(BODY), number, phase)
        world.lose_messages()
        await world.add_vendor.run(BODY)
        await world.settle()
        assert {world.outcome(mail) for mail in mails} == {"posted"}
        assert len(world.mailbox.ap_inbox) == 1


INVALID = {
    "no name": (b"{}", ["vendor_name"]),
    "empty name": (b'{"vendor_name": " "}', ["vendor_name"]),
    "name too long": (json.dumps({"vendor_name": "x" * 201}).encode(), ["vendor_name"]),
    "two columns": (b'{"vendor_name": 1, "gl_code": []}', ["vendor_name", "gl_code"]),
    "bad domain": (b'{"vendor_name": "A", "email_domain": "nonsense"}', ["email_domain"]),
    "name without letters": ('{"vendor_name": "株式会社"}'.encode(), ["vendor_id"]),
    "bad id": (b'{"vendor_name": "A", "vendor_id": "a/b"}', ["vendor_id"]),
    "no json": (b"vendor", []),
}


@pytest.mark.parametrize(("body", "columns"), INVALID.values(), ids=INVALID)
async def test_an_invalid_message_names_the_columns_at_fault(world: World, body: bytes, columns: list[str]) -> None:
    with pytest.raises(UnreadableMessage) as caught:
        await world.add_vendor.run(body)
    assert all(column in str(caught.value) for column in columns)
    assert list(world.vendors.vendors) == ["bluebird-cloud-ltd"]


async def test_a_continuation_carries_the_whole_vendor(world: World) -> None:
    vendor = AddVendor(vendor_name="Nobody Ltd", email_domain=("nobody.example",), aliases=("Nemo",), notes="x")
    assert AddVendor.parse(vendor.to_bytes()) == vendor
