"""What every Ledger promises: conditional writes, a history that fits them, and rows that lose nothing."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol

import pytest
from azure.core.exceptions import HttpResponseError
from azure.core.pipeline.transport import HttpRequest, HttpResponse, RequestsTransport
from azure.data.tables import UpdateMode

from infrastructure.local.storage import Storage
from shared.adapters.tables import LEDGER, OPEN, TableLedger, Tables
from shared.domain.open_entry import OpenEntry
from shared.domain.reason import Reason
from shared.domain.transaction import Event, Filing, Key, Notice, Status, Transaction, UnreadableRow
from shared.ports import Conflict, Ledger
from tests.adapters.conftest import OwnTables, own_tables
from tests.adapters.hostile import HOSTILE_TEXTS, LONG_TEXTS
from tests.fakes import FakeLedger
from tests.fakes.ledger import LONGEST_TEXT

NOW = datetime(2026, 3, 5, 9, 30, 15, 123456, tzinfo=UTC)
KEY = Key("202603", "0123456789abcdef0123456789abcdef")
SEEN = Event("received", "MailIngest", "seen in the Inbox")
WRITTEN = Event("enriched", "ExtractEnrich")


class World(Protocol):
    """A ledger and what a person or an auditor sees of its table."""

    ledger: Ledger

    def columns(self, key: Key) -> Mapping[str, Any]:
        """The row as the table holds it."""

    def edit(self, key: Key, columns: Mapping[str, Any]) -> None:
        """Change columns as a person does."""

    def delete_row(self, key: Key) -> None:
        """Delete the row alone as a person does; its events stay."""

    def history(self, key: Key) -> list[Event]:
        """The events of a row, in order."""

    def fill_open(self, entries: list[OpenEntry]) -> None:
        """Write many open entries at once."""


class FakeWorld:
    def __init__(self) -> None:
        self.fake = FakeLedger()
        self.ledger: Ledger = self.fake

    def columns(self, key: Key) -> Mapping[str, Any]:
        return self.fake.columns(key)

    def edit(self, key: Key, columns: Mapping[str, Any]) -> None:
        self.fake.edit_by_person(key, **columns)

    def delete_row(self, key: Key) -> None:
        self.fake.delete_row_by_person(key)

    def history(self, key: Key) -> list[Event]:
        return self.fake.history(key)

    def fill_open(self, entries: list[OpenEntry]) -> None:
        self.fake.arrange_open(*entries)


class TableWorld:
    def __init__(self, service: OwnTables) -> None:
        self.ledger: Ledger = TableLedger(Tables(service))
        self._table = service.create_table_if_not_exists(LEDGER)
        self._open = service.create_table_if_not_exists(OPEN)

    def columns(self, key: Key) -> Mapping[str, Any]:
        return dict(self._table.get_entity(key.partition, key.transaction_id))

    def edit(self, key: Key, columns: Mapping[str, Any]) -> None:
        entity = {"PartitionKey": key.partition, "RowKey": key.transaction_id, **columns}
        self._table.update_entity(entity, UpdateMode.MERGE)

    def delete_row(self, key: Key) -> None:
        self._table.delete_entity(key.partition, key.transaction_id)

    def history(self, key: Key) -> list[Event]:
        found = self._table.query_entities(
            "PartitionKey eq @partition and RowKey gt @first and RowKey lt @last",
            parameters={"partition": key.partition, "first": key.transaction_id, "last": f"{key.transaction_id}.~"},
        )
        return [Event(entity["What"], entity["By"], entity["Why"]) for entity in found]

    def fill_open(self, entries: list[OpenEntry]) -> None:
        rows = [
            {
                "PartitionKey": "open",
                "RowKey": entry.key.transaction_id,
                "Partition": entry.key.partition,
                "MailId": entry.mail_id,
                "NotBefore": entry.not_before,
            }
            for entry in entries
        ]
        for start in range(0, len(rows), 100):
            self._open.submit_transaction([("create", row) for row in rows[start : start + 100]])


@pytest.fixture(params=["fake", "azurite"])
def world(request: pytest.FixtureRequest) -> World:
    return FakeWorld() if request.param == "fake" else TableWorld(request.getfixturevalue("table_service"))


@pytest.fixture
def ledger(world: World) -> Ledger:
    return world.ledger


def transaction(key: Key = KEY, **changes: Any) -> Transaction:
    made = Transaction(
        partition=key.partition,
        transaction_id=key.transaction_id,
        status=Status.RECEIVED,
        mail_id="AAkALgAAAAAAHYQDEapmEc2byACqAC/EWg0AAA==",
        received_at=NOW - timedelta(minutes=2),
        admitted_at=NOW,
        updated_at=NOW,
    )
    return made.model_copy(update=changes)


def full(key: Key = KEY) -> Transaction:
    """A row with something in every column."""
    return transaction(
        key,
        status=Status.POSTING,
        reasons=(Reason.DUPLICATE, Reason.REPEATED),
        answered_reasons=(Reason.NO_INVOICE,),
        warnings=("scan", "no total"),
        internet_message_id="<1@mail.example>",
        sender="billing@bluebird-cloud.example",
        subject="Rechnung №1 'März' \"2026\"",
        vendor_id="bluebird",
        vendor_name="Bluebird Cloud & Söhne",
        gl_code="6100",
        expense_dept="IT",
        allocation_schedule="A1",
        billing_party="Contoso",
        invoice_number="0012",
        kind="invoice",
        total=Decimal("1234.50"),
        currency="EUR",
        issue_date=date(2026, 3, 1),
        due_date=date(2026, 3, 31),
        evidence='{"total": "invoice.pdf, page 1"}',
        duplicate_of="f" * 32,
        attempt=2,
        claim_until=NOW + timedelta(minutes=15),
        send_started_at=NOW,
        sends=1,
        draft_id="draft",
        posted_at=NOW + timedelta(seconds=1),
        parked_keys=("domain:bluebird-cloud.example", "name:blue bird"),
        folder="Review",
        filing=Filing.PENDING,
        notice=Notice.ALREADY_SENT,
    )


def bare(row: Transaction | None) -> Transaction:
    """A row without its ETag, for comparison."""
    assert row is not None
    return row.model_copy(update={"etag": ""})


async def inserted(ledger: Ledger, row: Transaction) -> Transaction:
    assert await ledger.insert(row, SEEN)
    return await read(ledger, row.key)


async def read(ledger: Ledger, key: Key = KEY) -> Transaction:
    row = await ledger.get(key)
    assert row is not None
    return row


def entry(number: int = 0, **changes: Any) -> OpenEntry:
    return replace(OpenEntry(Key("202603", f"{number:032x}"), f"mail-{number}", NOW), **changes)


async def test_a_row_comes_back_as_it_was_written(ledger: Ledger) -> None:
    await ledger.insert(full(), SEEN)
    assert bare(await ledger.get(KEY)) == full()


async def test_a_row_with_nothing_but_the_necessary_comes_back_as_it_was_written(ledger: Ledger) -> None:
    await ledger.insert(transaction(), SEEN)
    assert bare(await ledger.get(KEY)) == transaction()


async def test_a_senders_words_come_back_as_they_were_written(ledger: Ledger) -> None:
    for number, text in enumerate([*HOSTILE_TEXTS.values(), *LONG_TEXTS.values()]):
        row = transaction(entry(number).key, subject=text, sender=text, vendor_name=text, invoice_number=text)
        await ledger.insert(row, replace(SEEN, why=text))
        assert bare(await ledger.get(row.key)) == row


@pytest.mark.parametrize("text", ["x" * LONGEST_TEXT, "🧾" * (LONGEST_TEXT // 2)], ids=["plain", "astral"])
async def test_a_text_fits_a_column_up_to_32_ki_of_utf_16(world: World, text: str) -> None:
    row = await inserted(world.ledger, transaction(subject=text))
    assert row.subject == text
    other = transaction(entry(1).key, subject=f"{text}x")
    refusals = (HttpResponseError, ValueError)
    with pytest.raises(refusals):
        await world.ledger.insert(other, SEEN)
    assert await world.ledger.get(other.key) is None
    with pytest.raises(refusals):
        await world.ledger.update(row.changed(NOW, sender=f"{text}x"), WRITTEN)
    with pytest.raises(refusals):
        await world.ledger.update(row.changed(NOW, gl_code="9"), replace(WRITTEN, why=f"{text}x"))
    assert await read(world.ledger) == row
    assert world.history(KEY) == [SEEN]


async def test_a_row_that_is_not_there_is_none(ledger: Ledger) -> None:
    assert await ledger.get(KEY) is None


async def test_a_key_out_of_a_mangled_message_finds_nothing(ledger: Ledger) -> None:
    await ledger.insert(transaction(), SEEN)
    for text in HOSTILE_TEXTS.values():
        assert await ledger.get(Key("202603", text)) is None
        assert await ledger.get(Key(text, KEY.transaction_id)) is None


async def test_a_key_of_endless_length_finds_nothing(ledger: Ledger) -> None:
    await ledger.insert(transaction(), SEEN)
    assert await ledger.get(Key("202603", LONG_TEXTS["long"])) is None


async def test_the_first_insert_wins_and_the_second_changes_nothing(world: World) -> None:
    await world.ledger.insert(transaction(subject="first"), SEEN)
    assert not await world.ledger.insert(transaction(subject="second"), WRITTEN)
    assert (await read(world.ledger)).subject == "first"
    assert world.history(KEY) == [SEEN]


async def test_one_of_many_simultaneous_inserts_wins(world: World) -> None:
    answers = await asyncio.gather(*(world.ledger.insert(transaction(subject=str(n)), SEEN) for n in range(10)))
    assert answers.count(True) == 1
    assert (await read(world.ledger)).subject == str(answers.index(True))
    assert world.history(KEY) == [SEEN]


async def test_the_etag_of_a_write_is_the_condition_of_the_next(world: World) -> None:
    row = await inserted(world.ledger, transaction())
    for gl_code in ("1", "2", "3"):
        row = await world.ledger.update(row.changed(NOW, gl_code=gl_code), WRITTEN)
        assert row.gl_code == gl_code
    assert await read(world.ledger) == row
    assert world.history(KEY) == [SEEN, WRITTEN, WRITTEN, WRITTEN]


async def test_the_history_keeps_what_by_whom_and_why_in_order(world: World) -> None:
    row = await inserted(world.ledger, transaction())
    events = [Event(f"what {n}", f"function {n}", f"why {n}") for n in range(12)]
    for event in events:
        row = await world.ledger.update(row.changed(NOW), event)
    assert world.history(KEY) == [SEEN, *events]


async def test_an_update_of_a_row_that_somebody_else_wrote_is_a_conflict_and_leaves_no_trace(world: World) -> None:
    mine = await inserted(world.ledger, transaction())
    theirs = await world.ledger.update(mine.changed(NOW, gl_code="theirs"), WRITTEN)
    with pytest.raises(Conflict):
        await world.ledger.update(mine.changed(NOW, gl_code="mine"), Event("mine", "PostToAP"))
    assert await read(world.ledger) == theirs
    assert world.history(KEY) == [SEEN, WRITTEN]


async def test_a_persons_edit_is_a_conflict_too(world: World) -> None:
    row = await inserted(world.ledger, transaction())
    world.edit(KEY, {"GlCode": "6100"})
    with pytest.raises(Conflict):
        await world.ledger.update(row.changed(NOW, gl_code="9"), WRITTEN)
    assert (await read(world.ledger)).gl_code == "6100"


async def test_a_row_whose_history_has_lost_its_beginning_is_written_behind_what_is_left(world: World) -> None:
    """As after a person deleted a row and its first events, and the mail came in again."""
    row = await inserted(world.ledger, transaction())
    row = await world.ledger.update(row.changed(NOW, gl_code="8"), WRITTEN)
    again = row.changed(NOW, gl_code="9").model_copy(update={"revision": 0})
    written = await world.ledger.update(again, WRITTEN)
    assert written.gl_code == "9"
    assert await read(world.ledger) == written
    await world.ledger.update(written.changed(NOW, gl_code="10"), WRITTEN)
    assert world.history(KEY) == [SEEN, WRITTEN, WRITTEN, WRITTEN]


async def test_one_of_many_simultaneous_updates_wins(world: World) -> None:
    row = await inserted(world.ledger, transaction())
    tries = (world.ledger.update(row.changed(NOW, gl_code=str(n)), Event(str(n), "PostToAP")) for n in range(10))
    answers = await asyncio.gather(*tries, return_exceptions=True)
    (winner,) = [answer for answer in answers if isinstance(answer, Transaction)]
    assert [type(answer) for answer in answers].count(Conflict) == 9
    assert await read(world.ledger) == winner
    assert world.history(KEY) == [SEEN, Event(winner.gl_code, "PostToAP")]


async def test_a_row_that_is_gone_or_was_never_read_cannot_be_updated(world: World) -> None:
    row = await inserted(world.ledger, transaction())
    lost = row.model_copy(update={"transaction_id": "f" * 32})
    with pytest.raises(Conflict):
        await world.ledger.update(lost.changed(NOW), WRITTEN)
    assert await world.ledger.get(lost.key) is None


async def test_a_row_that_was_deleted_alone_is_inserted_again_behind_its_history(world: World) -> None:
    row = await inserted(world.ledger, transaction())
    await world.ledger.update(row.changed(NOW, gl_code="6100"), WRITTEN)
    world.delete_row(KEY)
    again = await inserted(world.ledger, transaction(subject="again"))
    assert (again.subject, again.gl_code) == ("again", "")
    assert not await world.ledger.insert(transaction(subject="a third time"), SEEN)
    await world.ledger.update(again.changed(NOW, gl_code="6200"), WRITTEN)
    assert (await read(world.ledger)).gl_code == "6200"
    assert world.history(KEY) == [SEEN, WRITTEN, SEEN, WRITTEN]


async def test_columns_that_this_version_does_not_know_survive_an_update(world: World) -> None:
    row = await inserted(world.ledger, transaction())
    world.edit(KEY, {"Remark": "of a newer release", "Weight": 7})
    row = await read(world.ledger)
    await world.ledger.update(row.changed(NOW, gl_code="9"), WRITTEN)
    columns = world.columns(KEY)
    assert (columns["Remark"], columns["Weight"], columns["GlCode"]) == ("of a newer release", 7, "9")


@pytest.mark.parametrize("field", ["claim_until", "send_started_at", "posted_at", "total", "issue_date", "due_date"])
async def test_a_value_set_to_none_is_really_gone(ledger: Ledger, field: str) -> None:
    row = await inserted(ledger, full())
    row = await ledger.update(row.changed(NOW, **{field: None}), WRITTEN)
    assert getattr(await read(ledger), field) is None
    filled = row.changed(NOW, **{field: getattr(full(), field)})
    await ledger.update(filled, WRITTEN)
    assert getattr(await read(ledger), field) == getattr(full(), field)


@pytest.mark.parametrize("field", ["reasons", "answered_reasons", "warnings", "parked_keys", "draft_id", "evidence"])
async def test_a_list_or_text_that_becomes_empty_is_really_empty(ledger: Ledger, field: str) -> None:
    row = await inserted(ledger, full())
    empty = type(getattr(row, field))()
    await ledger.update(row.changed(NOW, **{field: empty}), WRITTEN)
    assert getattr(await read(ledger), field) == empty


@pytest.mark.parametrize(
    "columns",
    [{"Status": "archived"}, {"Status": ""}, {"Reasons": "solar_flare"}, {"Total": "a lot"}, {"ClaimUntil": "soon"}],
    ids=lambda columns: next(iter(columns.items()))[0] + "=" + str(next(iter(columns.values()))),
)
async def test_a_row_that_this_version_cannot_read_says_which_column(world: World, columns: dict[str, Any]) -> None:
    await world.ledger.insert(transaction(), SEEN)
    world.edit(KEY, columns)
    with pytest.raises(UnreadableRow, match=next(iter(columns))):
        await world.ledger.get(KEY)


async def test_a_person_may_type_numbers_and_dates_as_text(world: World) -> None:
    await world.ledger.insert(transaction(), SEEN)
    world.edit(KEY, {"Attempt": "2", "Total": "12.50", "ClaimUntil": "2026-03-05T09:30:00Z", "IssueDate": "2026-03-01"})
    row = await read(world.ledger)
    assert (row.attempt, row.total, row.issue_date) == (2, Decimal("12.50"), date(2026, 3, 1))
    assert row.claim_until == datetime(2026, 3, 5, 9, 30, tzinfo=UTC)


async def test_an_open_entry_comes_back_as_it_was_written(ledger: Ledger) -> None:
    assert await ledger.open_entries() == []
    written = entry(1, waiting=True, stalls=3, progress="received/none/none/1/0")
    await ledger.put_open(written)
    assert await ledger.open_entries() == [written]


async def test_an_open_entry_is_overwritten_whole(ledger: Ledger) -> None:
    await ledger.put_open(entry(1, waiting=True, stalls=3, progress="somewhere"))
    later = entry(1, mail_id="another id", not_before=NOW + timedelta(minutes=5))
    await ledger.put_open(later)
    assert await ledger.open_entries() == [later]


async def test_a_closed_entry_is_gone_and_may_be_closed_again(ledger: Ledger) -> None:
    await ledger.put_open(entry(1))
    await ledger.put_open(entry(2))
    for _ in range(2):
        await ledger.close(entry(1).key)
        assert await ledger.open_entries() == [entry(2)]


async def test_more_open_entries_than_a_page_holds_are_all_listed(world: World) -> None:
    """The table service answers a query with 1,000 rows at most."""
    entries = [entry(number) for number in range(1_050)]
    world.fill_open(entries)
    assert sorted(await world.ledger.open_entries(), key=lambda e: e.key.transaction_id) == entries


async def test_a_transaction_is_found_by_the_first_digits_of_its_id(ledger: Ledger) -> None:
    twin = Key("202604", KEY.transaction_id[:12] + "f" * 20)
    for key in (KEY, twin, Key("202603", "e" * 32), KEY):
        await ledger.index_marker(key)
    assert set(await ledger.by_reference(KEY.transaction_id[:12])) == {KEY, twin}
    assert await ledger.by_reference(KEY.transaction_id) == [KEY]
    assert await ledger.by_reference(KEY.transaction_id[:13]) == [KEY]
    assert await ledger.by_reference("d" * 12) == []


async def test_a_reference_out_of_a_strangers_mail_finds_nothing(ledger: Ledger) -> None:
    await ledger.index_marker(KEY)
    for text in [*HOSTILE_TEXTS.values(), *LONG_TEXTS.values()]:
        assert await ledger.by_reference(text) == []


class LosesAnAnswer(RequestsTransport):  # type: ignore[misc]  # the SDK loads it lazily, without its type
    """Passes every request on, and turns the answer to one chosen request into a 503."""

    def __init__(self) -> None:
        super().__init__()
        self.is_armed = False

    def send(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        response: HttpResponse = super().send(request, **kwargs)
        if self.is_armed and request.url.endswith("/$batch"):
            self.is_armed = False
            response.status_code = 503
        return response


async def test_an_update_whose_answer_got_lost_is_no_conflict_with_itself(azurite: Storage) -> None:
    """The SDK repeats the request, and meets the row that its first try has written."""
    transport = LosesAnAnswer()
    with own_tables(azurite, transport=transport) as service:
        world = TableWorld(service)
        row = await inserted(world.ledger, transaction())
        transport.is_armed = True
        row = await world.ledger.update(row.changed(NOW, gl_code="once"), WRITTEN)
        assert not transport.is_armed
        await world.ledger.update(row.changed(NOW, gl_code="twice"), WRITTEN)
        assert world.history(KEY) == [SEEN, WRITTEN, WRITTEN]


async def test_a_wait_keeps_the_count_of_stalls(ledger: Ledger) -> None:
    await ledger.put_open(entry(7, stalls=3, progress="somewhere"))
    later = NOW + timedelta(minutes=5)
    await ledger.postpone(entry(7).key, "new id", later)
    [kept] = [found for found in await ledger.open_entries() if found.key == entry(7).key]
    assert (kept.not_before, kept.waiting, kept.mail_id) == (later, True, "new id")
    assert (kept.stalls, kept.progress) == (3, "somewhere")


async def test_a_wait_makes_an_entry_where_there_is_none(ledger: Ledger) -> None:
    await ledger.postpone(entry(8).key, "id", NOW)
    [made] = [found for found in await ledger.open_entries() if found.key == entry(8).key]
    assert (made.waiting, made.stalls) == (True, 0)
