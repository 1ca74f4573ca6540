from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.open_entry import LONGEST_WAIT, Bounds, Due, OpenEntry, due, progress_of
from shared.domain.transaction import Filing, Key, Notice, Status, Transaction
from tests.domain.made import NOW, TRANSACTION, quick, row, transactions

STUCK = timedelta(minutes=15)
LIMIT = 5
OLD = NOW - timedelta(hours=1)


def entry(of: Transaction, **fields: Any) -> OpenEntry:
    given_fields: dict[str, Any] = {"progress": progress_of(of), **fields}
    return OpenEntry(Key("202603", TRANSACTION), of.mail_id, NOW, **given_fields)


def test_a_finished_transaction_is_closed() -> None:
    finished = row(Status.POSTED, filing=Filing.DONE)
    assert due(entry(finished, stalls=99), finished, NOW, Bounds(STUCK, LIMIT))[0] is Due.CLOSE


def test_what_asked_to_be_woken_is_re_driven_without_blame() -> None:
    waits = row(updated_at=NOW)
    what, after = due(entry(waits, waiting=True, stalls=3), waits, NOW, Bounds(STUCK, LIMIT))
    assert what is Due.REDRIVE
    assert (after.waiting, after.stalls, after.not_before) == (False, 3, NOW + STUCK)


def test_what_moved_lately_is_put_off_until_it_could_be_stuck() -> None:
    moving = row(updated_at=NOW - timedelta(minutes=5))
    what, after = due(entry(moving), moving, NOW, Bounds(STUCK, LIMIT))
    assert (what, after.not_before) == (Due.PUT_OFF, NOW + timedelta(minutes=10))


def test_what_has_not_moved_is_re_driven_and_counted() -> None:
    stuck = row(updated_at=OLD)
    what, after = due(entry(stuck), stuck, NOW, Bounds(STUCK, LIMIT))
    assert (what, after.stalls, after.not_before) == (Due.REDRIVE, 1, NOW + STUCK)


def test_exactly_stuck_after_counts_as_stuck() -> None:
    stuck = row(updated_at=NOW - STUCK)
    assert due(entry(stuck), stuck, NOW, Bounds(STUCK, LIMIT))[0] is Due.REDRIVE


def test_progress_begins_the_count_anew() -> None:
    moved = row(Status.ENRICHED, updated_at=OLD)
    what, after = due(entry(row(), stalls=LIMIT), moved, NOW, Bounds(STUCK, LIMIT))
    assert (what, after.stalls, after.progress) == (Due.REDRIVE, 1, progress_of(moved))


def test_the_limit_ends_re_drives_that_do_not_help() -> None:
    stuck = row(updated_at=OLD)
    seen = entry(stuck)
    verdicts = []
    for _ in range(LIMIT + 1):
        what, seen = due(seen, stuck, NOW, Bounds(STUCK, LIMIT))
        verdicts.append(what)
    assert verdicts == [Due.REDRIVE] * LIMIT + [Due.GIVE_UP]


@pytest.mark.parametrize(
    "changes",
    [
        {"status": Status.ENRICHED},
        {"filing": Filing.PENDING},
        {"notice": Notice.OUTCOME},
        {"attempt": 2},
        {"sends": 1},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_these_changes_are_progress(changes: dict[str, Any]) -> None:
    assert progress_of(row(**changes)) != progress_of(row())


def test_a_claim_taken_again_is_no_progress() -> None:
    again = row(Status.POSTING, claim_until=NOW, revision=9, updated_at=NOW)
    assert progress_of(again) == progress_of(row(Status.POSTING, updated_at=OLD))


@quick
@given(transactions, st.booleans(), st.integers(0, 9), st.text(), st.integers(1, 9))
def test_a_judgement_never_loses_the_transaction(
    any_row: Transaction, waiting: bool, stalls: int, progress: str, limit: int
) -> None:
    before = entry(any_row, waiting=waiting, stalls=stalls, progress=progress)
    what, after = due(before, any_row, NOW, Bounds(STUCK, limit))
    assert (after.key, after.mail_id) == (before.key, before.mail_id)
    assert (what is Due.CLOSE) == any_row.is_finished
    if what in {Due.REDRIVE, Due.PUT_OFF}:
        assert after.not_before > NOW
        assert after.stalls <= limit or waiting
    if what is Due.GIVE_UP:
        assert stalls >= limit
    assert due(replace(before), any_row, NOW, Bounds(STUCK, limit)) == (what, after)


def test_a_day_of_waiting_counts_once_the_mailbox_serves_others() -> None:
    waits = row(Status.RECEIVED, taken_up_at=NOW - LONGEST_WAIT - STUCK, updated_at=OLD)
    before = entry(waits, waiting=True, stalls=LIMIT, progress=progress_of(waits))
    assert due(before, waits, NOW, Bounds(STUCK, LIMIT))[0] is Due.GIVE_UP
    assert due(before, waits, NOW, Bounds(STUCK, LIMIT, mailbox_serves=False))[0] is Due.REDRIVE
    fresh = row(Status.RECEIVED, taken_up_at=NOW - STUCK, updated_at=OLD)
    assert due(before, fresh, NOW, Bounds(STUCK, LIMIT))[0] is Due.REDRIVE
