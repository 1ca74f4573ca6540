from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.mail import domain_of
from shared.domain.reason import Reason
from shared.domain.transaction import (
    FOLDERS,
    LONGEST_FIELD,
    RESTING,
    TRANSITIONS,
    Filing,
    InvalidTransition,
    Key,
    Notice,
    Status,
    Transaction,
    UnreadableRow,
    key_of,
)
from tests.domain.made import MAILBOX, NOW, TRANSACTION, full_row, listed, quick, row, transactions

LATER = NOW + timedelta(minutes=1)


@quick
@given(transactions)
def test_a_row_survives_its_columns(before: Transaction) -> None:
    assert Transaction.from_columns(before.to_columns()) == before


@quick
@given(transactions, transactions)
def test_a_merge_leaves_nothing_of_the_row_before(before: Transaction, after: Transaction) -> None:
    merged = {**before.to_columns(), **after.to_columns()}
    assert Transaction.from_columns(merged) == after


@quick
@given(transactions)
def test_every_column_has_a_value_that_a_table_can_hold(any_row: Transaction) -> None:
    columns = any_row.to_columns()
    assert set(columns) == set(full_row().to_columns())
    assert {type(value) for value in columns.values()} <= {str, bool, int, datetime, Status, Filing, Notice}


def test_a_row_keeps_no_more_of_a_mails_header_than_a_column_holds() -> None:
    """The service counts UTF-16 units, two for each of these; the key is that of the whole mail all the same."""
    bird = "\N{BIRD}" * 40_000
    mail = listed(internet_message_id=f"<{bird}>", sender=f"{bird}@bluebird.example", subject=bird)
    key = key_of(MAILBOX, mail)
    admitted = Transaction.admitted(key, mail, NOW)
    assert admitted.internet_message_id == f"<{bird}>"[:LONGEST_FIELD]
    assert (len(admitted.sender), domain_of(admitted.sender)) == (LONGEST_FIELD, "bluebird.example")
    assert admitted.subject == bird[:LONGEST_FIELD]
    assert key != key_of(MAILBOX, replace(mail, internet_message_id=f"<{bird}!>"))


def test_the_full_row_leaves_no_column_empty() -> None:
    """What the tests on clearing rest on."""
    assert all(value not in {"", 0} for value in full_row().to_columns().values())


def test_a_cleared_value_overwrites_the_one_before() -> None:
    cleared = row()
    columns = {**full_row().to_columns(), **cleared.to_columns()}
    assert Transaction.from_columns(columns) == cleared


def test_columns_are_named_like_the_fields_in_pascal_case() -> None:
    columns = full_row().to_columns()
    assert columns["TransactionId"] == TRANSACTION
    assert columns["Reasons"] == "duplicate;repeated"
    assert columns["SendStartedAt"] == NOW
    assert "Etag" not in columns


def test_unknown_columns_do_not_disturb() -> None:
    columns = {**row().to_columns(), "PartitionKey": "202603", "RowKey": TRANSACTION, "NewInTheNextRelease": "x"}
    assert Transaction.from_columns(columns) == row()


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("Status", "archived"),
        ("Reasons", "duplicate;struck_by_lightning"),
        ("ReceivedAt", "yesterday"),
        ("ReceivedAt", "2026-03-05T09:30:00"),
        ("Total", "a lot"),
        ("Total", "NaN"),
        ("DueDate", "31.02.2026"),
        ("Filing", "lost"),
        ("Sends", "many"),
    ],
)
def test_a_row_that_cannot_be_read_names_its_column_and_not_its_content(column: str, value: str) -> None:
    columns = {**full_row().to_columns(), column: value, "RowKey": TRANSACTION}
    with pytest.raises(UnreadableRow, match=f"{TRANSACTION}.*{column}") as raised:
        Transaction.from_columns(columns)
    assert value not in str(raised.value)


def test_an_empty_row_names_every_column_that_is_missing() -> None:
    with pytest.raises(UnreadableRow, match=r"MailId.*Partition.*ReceivedAt.*Status.*TransactionId"):
        Transaction.from_columns({})


def test_an_admitted_mail_begins_as_received_and_owes_nothing() -> None:
    admitted = Transaction.admitted(Key("202603", TRANSACTION), listed(), NOW)
    assert admitted.status is Status.RECEIVED
    assert (admitted.revision, admitted.attempt, admitted.sends) == (0, 1, 0)
    assert (admitted.filing, admitted.notice) == (Filing.NONE, Notice.NONE)
    assert (admitted.mail_id, admitted.sender) == (listed().id, listed().sender)


def test_every_status_has_a_place_in_the_transition_table() -> None:
    assert set(TRANSITIONS) == set(Status)


def test_every_status_can_be_reached_from_received() -> None:
    reached, new = {Status.RECEIVED}, {Status.RECEIVED}
    while new:
        new = {after for status in new for after in TRANSITIONS[status]} - reached
        reached |= new
    assert reached == set(Status)


def test_every_resting_status_has_a_folder_of_its_own_and_no_other_has_one() -> None:
    assert set(FOLDERS) == RESTING == set(Status) - {Status.RECEIVED, Status.ENRICHED, Status.POSTING}
    assert len(set(FOLDERS.values())) == len(FOLDERS)


def test_nothing_leads_from_posted_back_to_a_send() -> None:
    assert TRANSITIONS[Status.POSTED] == {Status.FAILED}


@pytest.mark.parametrize(("before", "after"), list(product(Status, Status)))
def test_a_status_changes_only_as_the_table_allows(before: Status, after: Status) -> None:
    if after in TRANSITIONS[before]:
        assert row(before).changed(LATER, status=after).status is after
    else:
        with pytest.raises(InvalidTransition, match=f"{TRANSACTION}: {before} -> {after}"):
            row(before).changed(LATER, status=after)


@quick
@given(transactions)
def test_every_change_is_one_revision_on_and_dated(before: Transaction) -> None:
    after = before.changed(LATER, folder="Review")
    assert (after.revision, after.updated_at, after.folder) == (before.revision + 1, LATER, "Review")
    assert after == before.model_copy(update={"revision": after.revision, "updated_at": LATER, "folder": "Review"})


@pytest.mark.parametrize(
    ("status", "reasons", "filing", "notice"),
    [
        (Status.PARKED, (Reason.VENDOR_UNKNOWN,), Filing.PENDING, Notice.OUTCOME),
        (Status.REVIEW, (Reason.DUPLICATE,), Filing.PENDING, Notice.OUTCOME),
        (Status.IGNORED, (Reason.AUTO_REPLY,), Filing.PENDING, Notice.NONE),
        (Status.IGNORED, (Reason.TAKEN_BY_A_PERSON,), Filing.NONE, Notice.NONE),
        (Status.FAILED, (Reason.NO_PROGRESS,), Filing.PENDING, Notice.OUTCOME),
        (Status.FAILED, (Reason.MAIL_GONE,), Filing.NONE, Notice.OUTCOME),
    ],
)
def test_a_resting_row_is_filed_and_announced_unless_nobody_needs_it(
    status: Status, reasons: tuple[Reason, ...], filing: Filing, notice: Notice
) -> None:
    rested = row(claim_until=NOW).rested(status, LATER, reasons)
    assert (rested.status, rested.reasons, rested.filing, rested.notice) == (status, reasons, filing, notice)
    assert rested.claim_until is None


@pytest.mark.parametrize(
    ("fields", "is_finished"),
    [
        ({"status": Status.POSTED, "filing": Filing.DONE}, True),
        ({"status": Status.IGNORED, "filing": Filing.NONE}, True),
        ({"status": Status.POSTED, "filing": Filing.PENDING}, False),
        ({"status": Status.POSTED, "filing": Filing.DONE, "notice": Notice.OUTCOME}, False),
        ({"status": Status.POSTED, "filing": Filing.DONE, "notice": Notice.ALREADY_SENT}, False),
        ({"status": Status.POSTING, "filing": Filing.DONE}, False),
        ({"status": Status.RECEIVED}, False),
    ],
)
def test_finished_means_final_and_filed_and_announced(fields: dict[str, Any], *, is_finished: bool) -> None:
    assert row(**fields).is_finished is is_finished


def test_the_marker_tells_attempts_apart() -> None:
    assert row().marker == f"{TRANSACTION}-1"
    assert row(attempt=2).marker == f"{TRANSACTION}-2"


def test_a_key_is_the_month_of_receipt_and_32_hex_digits() -> None:
    key = key_of(MAILBOX, listed())
    assert key.partition == "202603"
    assert len(key.transaction_id) == 32
    assert int(key.transaction_id, 16) >= 0


def test_a_key_stays_what_the_first_release_made_of_the_same_mail() -> None:
    """Another value would admit every mail in the Inbox a second time."""
    assert key_of(MAILBOX, listed()) == Key("202603", "96c6b667369819ce7f8cc3d378112853")


@pytest.mark.parametrize(
    "again",
    [
        pytest.param(listed(id="AAMkAG-after-a-restore"), id="immutable id"),
        pytest.param(listed(subject="[EXTERNAL] Invoice 7"), id="subject"),
        pytest.param(listed(received_at=NOW.replace(microsecond=1)), id="fraction of a second"),
    ],
)
def test_a_key_does_not_depend_on_what_changes_for_the_same_mail(again: Any) -> None:
    assert key_of(MAILBOX.upper(), again) == key_of(MAILBOX, listed())


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"internet_message_id": "<2@bluebird.example>"}, id="Message-ID"),
        pytest.param({"received_at": NOW + timedelta(seconds=1)}, id="time of receipt"),
        pytest.param({"sender": "other@bluebird.example"}, id="sender"),
    ],
)
def test_a_key_depends_on_every_part_of_the_identity(other: dict[str, Any]) -> None:
    keys = {key_of(MAILBOX, listed()), key_of(MAILBOX, listed(**other))}
    assert len(keys) == 2


def test_a_key_depends_on_the_mailbox_and_the_salt() -> None:
    keys = {
        key_of(MAILBOX, listed()),
        key_of("other@contoso.example", listed()),
        key_of(MAILBOX, listed(), salt="AAMkAG-1"),
        key_of(MAILBOX, listed(), salt="AAMkAG-2"),
    }
    assert len(keys) == 4


def test_without_a_message_id_the_immutable_id_tells_mails_apart() -> None:
    first, second = listed(internet_message_id="", id="1"), listed(internet_message_id="", id="2")
    assert key_of(MAILBOX, first) != key_of(MAILBOX, second)
    assert key_of(MAILBOX, first) == key_of(MAILBOX, replace(first))


@quick
@given(
    st.text(),
    st.text(),
    st.text(),
    st.datetimes(datetime(2000, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001  a bound
)
def test_any_mail_has_one_key(mailbox: str, message_id: str, sender: str, received_at: datetime) -> None:
    one = listed(internet_message_id=message_id, sender=sender, received_at=received_at)
    assert key_of(mailbox, one) == key_of(mailbox, replace(one))
    assert key_of(mailbox, one).partition == f"{received_at:%Y%m}"
