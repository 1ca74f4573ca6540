"""Messages of another release or of nobody, and rows that a person edited."""

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from azure.data.tables import EdmType, EntityProperty, UpdateMode

from infrastructure.local.storage import Storage
from shared.adapters.tables import OPEN, TableLedger, Tables
from shared.domain.mail import Mail
from shared.domain.messages import ADD_VENDOR, NOTIFY, QUEUES, RAW_MAIL, TO_POST
from shared.domain.transaction import Key
from shared.ports import Later
from tests.adapters.conftest import own_tables
from tests.faults.bad_days import BadDay, refusing

pytestmark = pytest.mark.timeout(120)

STAGES = (RAW_MAIL, TO_POST, NOTIFY)


# Messages

VERSIONS: dict[str, dict[str, Any]] = {
    "no version": {},
    "version 0": {"schema_version": 0},
    "version 1": {"schema_version": 1},
    "version 2": {"schema_version": 2},
    "version 99 with fields unknown here": {"schema_version": 99, "priority": {"level": "high"}, "hops": [1, 2]},
}


def rewrite(site: BadDay, queue: str, change: Callable[[dict[str, Any]], bytes]) -> None:
    """Change the messages of a queue, as another release or a broken hand would have written them."""
    site.queues.messages[queue] = [change(json.loads(body)) for body in site.queues.messages[queue]]


@pytest.mark.parametrize("version", VERSIONS.values(), ids=VERSIONS)
async def test_a_message_of_any_release_is_handled_from_the_row(version: dict[str, Any]) -> None:
    site = BadDay()
    mail = site.invoice()
    await site.tick()
    for queue in STAGES:
        rewrite(site, queue, lambda body: json.dumps({**without_version(body), **version}).encode())
        await site.deliver(queue, site.queues.messages[queue].pop())
    assert site.row(mail).is_finished
    assert (site.outcome(mail), len(site.mailbox.ap_inbox), len(site.channel.cards)) == ("posted", 1, 1)


def without_version(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name != "schema_version"}


UNREADABLE: dict[str, bytes] = {
    "nothing": b"",
    "no JSON": b"\xff\xfe not ours",
    "a list": b"[1, 2]",
    "another release's other key": b'{"schema_version": 99, "key": "202603/0123"}',
    "a key cut off": b'{"schema_version": 1, "partition": "202603", "transaction_id": "0123"}',
}


@pytest.mark.parametrize("queue", STAGES)
@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE)
async def test_an_unreadable_message_is_kept_as_poison_and_its_mail_goes_on(
    body: bytes, queue: str, caplog: pytest.LogCaptureFixture
) -> None:
    site = BadDay()
    mail = site.invoice()
    await site.tick()
    for earlier in STAGES[: STAGES.index(queue)]:
        await site.deliver(earlier, site.queues.messages[earlier].pop())
    rewrite(site, queue, lambda _: body)
    await site.minutes(4)
    await site.try_all()
    tally = await site.tick()
    assert (tally.poisoned, site.queues.poison_left(queue)) == (1, [])
    [kept] = site.registry.poisons.values()
    assert (kept.queue, kept.body, kept.transaction_id) == (queue, body.decode(errors="replace"), "")
    assert f"[-] poison message in {queue}: kept" in caplog.messages
    await site.minutes(40)
    assert (site.outcome(mail), len(site.mailbox.ap_inbox), site.ledger.open) == ("posted", 1, {})
    assert (site.count_cards("poison"), site.count_cards("posted")) == (1, 1)


async def test_poison_of_every_queue_is_announced_and_stops_neither_tick_nor_mail(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.ERROR)
    site = BadDay()
    mail = site.invoice()
    for queue in QUEUES:
        site.queues.poison(queue, b'{"vendor_name": ""}')
    assert (await site.tick()).poisoned == len(QUEUES)
    assert [line for line in caplog.messages if "poison" in line] == [
        f"[-] poison message in {queue}: kept" for queue in QUEUES
    ]
    assert {poison.queue for poison in site.registry.poisons.values()} == set(QUEUES)
    assert "vendor_name" in next(p.reason for p in site.registry.poisons.values() if p.queue == ADD_VENDOR)
    assert site.count_cards("poison") == len(QUEUES)
    await site.minutes(3)
    assert site.outcome(mail) == "posted"


async def test_poison_on_a_day_without_teams_is_kept_at_once_and_announced_afterwards() -> None:
    site = BadDay()
    mail = site.invoice()
    site.queues.poison(TO_POST, b"?")
    site.gate = refusing(Later("Teams answered 404"), "channel.")
    await site.minute()
    assert [poison.queue for poison in site.registry.poisons.values()] == [TO_POST]
    await site.hours(24)
    assert site.outcome(mail) == "posted"
    site.calm()
    await site.minutes(3)
    assert site.count_cards("poison") == len(site.registry.poisons) == 1
    assert (site.queues.poison_left(TO_POST), site.errors) == ([], [])


# Rows of the ledger


@pytest.mark.parametrize("column", ["Status", "MailId", "ReceivedAt", "AdmittedAt"])
async def test_a_row_that_lacks_a_column_is_left_alone_and_counted(column: str) -> None:
    site = BadDay()
    mail, other = site.invoice("INV-1"), site.invoice("INV-2")
    await site.tick()
    site.ledger.lose_column(site.key(mail), column)
    before = site.ledger.columns(site.key(mail))
    await site.minutes(5)
    site.clock.advance(900)
    assert (await site.tick()).left_alone == 1
    assert site.ledger.columns(site.key(mail)) == before
    assert site.outcome(other) == "posted"
    assert (len(site.mailbox.ap_inbox), site.folder(mail), site.errors) == (1, "Inbox", [])


EDITED: dict[str, dict[str, Any]] = {
    "posted, not filed": {"Filing": "none"},
    "posted, to be filed from elsewhere": {"Filing": "pending", "Folder": "Review"},
    "received, and yet sent": {"Status": "received"},
    "enriched, and yet sent": {"Status": "enriched"},
    "posting, its draft forgotten": {"Status": "posting", "DraftId": "", "Sends": 0},
    "in review without a reason": {"Status": "review"},
    "parked for nobody": {"Status": "parked"},
    "the id of no mail": {"MailId": "nobody's"},
}


async def edit_after_posting(columns: dict[str, Any], *, is_put_back: bool) -> tuple[BadDay, Mail]:
    """A mail that AP has, whose row was edited, and which may lie in the Inbox again."""
    site = BadDay()
    mail = site.invoice("INV-1")
    await site.settle()
    site.ledger.edit_by_person(site.key(mail), **columns)
    if is_put_back:
        site.release(mail)
    await site.minutes(60)
    return site, mail


@pytest.mark.parametrize("columns", EDITED.values(), ids=EDITED)
async def test_the_row_of_a_mail_in_posted_can_be_edited_into_no_second_send(columns: dict[str, Any]) -> None:
    site, mail = await edit_after_posting(columns, is_put_back=False)
    await assert_sent_once(site, mail)


PUT_BACK = EDITED | {"wiped out": {"Status": "received", "SendStartedAt": ""}}


@pytest.mark.parametrize("columns", PUT_BACK.values(), ids=PUT_BACK)
async def test_the_row_of_a_mail_put_back_can_be_edited_into_no_second_send(columns: dict[str, Any]) -> None:
    site, mail = await edit_after_posting(columns, is_put_back=True)
    await assert_sent_once(site, mail)


async def assert_sent_once(site: BadDay, mail: Mail) -> None:
    other = site.invoice("INV-2")
    await site.minutes(5)
    assert [sent.subject.split(" | ")[1] for sent in site.mailbox.ap_inbox] == ["Invoice INV-1", "Invoice INV-2"]
    assert site.outcome(other) == "posted"
    assert (site.folder(mail), site.ledger.open, site.errors) == ("Posted", {}, [])


WAITING: dict[str, tuple[dict[str, Any], str, int]] = {
    "send started, and never sent": ({"SendStartedAt": "2026-03-05T09:00:00Z"}, "review: delivery_unconfirmed", 0),
    "the id of no mail": ({"MailId": "nobody's"}, "posted", 1),
    "posted, and never sent": ({"Status": "posted"}, "posted", 0),
}


@pytest.mark.parametrize(("columns", "outcome", "sent"), WAITING.values(), ids=WAITING)
async def test_the_row_of_a_mail_that_waits_can_be_edited_without_losing_it_in_the_inbox(
    columns: dict[str, Any], outcome: str, sent: int
) -> None:
    site = BadDay()
    mail = site.invoice()
    await site.tick()
    site.ledger.edit_by_person(site.key(mail), **columns)
    await site.minutes(60)
    assert (site.outcome(mail), len(site.mailbox.ap_inbox)) == (outcome, sent)
    assert site.folder(mail) != "Inbox"
    assert (site.ledger.open, site.errors) == ({}, [])


async def test_a_row_that_names_another_rows_mail_sends_neither_twice() -> None:
    site = BadDay()
    mails = [site.invoice(f"INV-{number}") for number in (1, 2)]
    await site.tick()
    site.ledger.edit_by_person(site.key(mails[0]), MailId=mails[1].id)
    await site.minutes(60)
    # The edited row took the other's number before it was found out, so a person is asked about the other.
    assert [sent.subject.split(" | ")[1] for sent in site.mailbox.ap_inbox] == ["Invoice INV-1"]
    assert (site.folder(mails[0]), site.outcome(mails[1])) == ("Posted", "review: duplicate")
    # One card more may say that the mail lies where nobody put it.
    assert {card["status"] for card in site.channel.cards} == {"posted", "review"}
    assert (site.ledger.open, site.errors) == ({}, [])


# Open entries, in real tables: what a person types there may have any type

ENTRY: dict[str, Any] = {
    "PartitionKey": "open",
    "RowKey": "0123456789abcdef0123456789abcdef",
    "Partition": "202603",
    "MailId": "mail-1",
    "NotBefore": datetime(2026, 3, 5, 9, 30, tzinfo=UTC),
    "Stalls": 0,
}
RETYPED = [
    pytest.param({"NotBefore": "tomorrow"}, id="a date as text"),
    pytest.param({"NotBefore": 5}, id="a date as a number"),
    pytest.param({"Stalls": "many"}, id="a count as text"),
    pytest.param({"Stalls": EntityProperty(3, EdmType.INT64)}, id="a count as a long number"),
    pytest.param({"Progress": 5, "MailId": 7, "Waiting": "yes"}, id="numbers and texts for one another"),
]


@pytest.mark.parametrize("columns", RETYPED)
async def test_an_open_entry_edited_by_hand_hides_no_other(columns: dict[str, Any], azurite: Storage) -> None:
    with own_tables(azurite) as service:
        table = service.create_table_if_not_exists(OPEN)
        other = {**ENTRY, "RowKey": "f" * 32}
        for entity in ({**ENTRY, **columns}, other):
            table.upsert_entity(entity, UpdateMode.REPLACE)
        found = await TableLedger(Tables(service)).open_entries()
    assert Key("202603", "f" * 32) in [entry.key for entry in found]
