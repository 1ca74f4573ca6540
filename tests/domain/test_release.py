from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.reason import NEVER_WAIVED, SENDS_AGAIN, Reason
from shared.domain.release import is_put_back, released, vendor_added
from shared.domain.transaction import RESTING, Filing, InvalidTransition, Notice, Status, Transaction
from tests.domain.made import NOW, full_row, quick, row, transactions

LATER = NOW + timedelta(minutes=1)


PUT_BACK = [
    (Filing.DONE, Reason.DUPLICATE, True),
    (Filing.NONE, Reason.DUPLICATE, False),
    (Filing.NONE, Reason.UNDELIVERED, False),
    (Filing.NONE, Reason.TAKEN_BY_A_PERSON, True),
    (Filing.NONE, Reason.MAIL_GONE, True),
]


@pytest.mark.parametrize(("filing", "reason", "is_persons"), PUT_BACK)
def test_only_what_was_filed_or_a_person_had_is_put_back(filing: Filing, reason: Reason, *, is_persons: bool) -> None:
    assert is_put_back(row(Status.REVIEW, reasons=(reason,), filing=filing)) == is_persons


@pytest.mark.parametrize("status", sorted(RESTING - {Status.POSTED}))
def test_a_mail_put_back_is_taken_up_from_the_start(status: Status) -> None:
    before = full_row().model_copy(update={"status": status, "reasons": (Reason.DUPLICATE,)})
    after = released(before, LATER)
    assert after.status is Status.RECEIVED
    assert (after.reasons, after.folder, after.filing, after.notice) == ((), "", Filing.NONE, Notice.NONE)
    assert (after.send_started_at, after.sends, after.draft_id, after.claim_until) == (None, 0, "", None)
    assert after.revision == before.revision + 1


def test_a_posted_mail_put_back_is_filed_again_and_never_sent_again() -> None:
    before = row(Status.POSTED, filing=Filing.DONE, folder="Posted", posted_at=NOW, send_started_at=NOW, sends=1)
    after = released(before, LATER)
    assert after.status is Status.POSTED
    assert (after.filing, after.notice) == (Filing.PENDING, Notice.ALREADY_SENT)
    assert (after.attempt, after.posted_at, after.send_started_at) == (1, NOW, NOW)


@pytest.mark.parametrize("status", sorted(set(Status) - RESTING))
def test_what_is_under_way_cannot_be_released(status: Status) -> None:
    with pytest.raises(InvalidTransition):
        released(row(status), LATER)


@pytest.mark.parametrize("reason", Reason)
def test_the_attempt_rises_only_where_a_person_wants_it_sent_again(reason: Reason) -> None:
    after = released(row(Status.REVIEW, reasons=(reason,)), LATER)
    assert after.attempt == (2 if reason in SENDS_AGAIN else 1)


@pytest.mark.parametrize("reason", Reason)
def test_a_release_answers_what_could_be_seen_but_never_a_vendor(reason: Reason) -> None:
    after = released(row(Status.REVIEW, reasons=(reason,)), LATER)
    assert after.answered_reasons == (() if reason in NEVER_WAIVED else (reason,))


def test_a_doubt_about_the_attempt_before_lasts_until_the_next_attempt() -> None:
    taken = row(
        Status.IGNORED,
        reasons=(Reason.TAKEN_BY_A_PERSON,),
        answered_reasons=(Reason.DELIVERY_UNCONFIRMED,),
        attempt=2,
    )
    assert Reason.DELIVERY_UNCONFIRMED in released(taken, LATER).answered_reasons
    bounced = taken.model_copy(update={"status": Status.FAILED, "reasons": (Reason.UNDELIVERED,)})
    assert released(bounced, LATER).answered_reasons == (Reason.UNDELIVERED,)


def test_answers_add_up() -> None:
    before = row(Status.REVIEW, reasons=(Reason.REPEATED, Reason.DUPLICATE), answered_reasons=(Reason.NO_INVOICE,))
    assert released(before, LATER).answered_reasons == (Reason.DUPLICATE, Reason.NO_INVOICE, Reason.REPEATED)


@quick
@given(transactions, st.sampled_from(sorted(RESTING)))
def test_a_release_forgets_no_answer_and_no_posting(any_row: Transaction, status: Status) -> None:
    before = any_row.model_copy(update={"status": status})
    after = released(before, LATER)
    assert set(after.answered_reasons) >= set(before.answered_reasons) - SENDS_AGAIN
    assert after.posted_at == before.posted_at
    assert after.attempt in {before.attempt, before.attempt + 1}


def test_a_vendor_that_came_takes_a_parked_mail_up_where_it_lies() -> None:
    before = row(Status.PARKED, reasons=(Reason.VENDOR_UNKNOWN,), filing=Filing.PENDING, notice=Notice.OUTCOME)
    after = vendor_added(before, LATER)
    assert after.status is Status.RECEIVED
    assert (after.reasons, after.answered_reasons) == ((), ())
    assert (after.folder, after.filing, after.notice) == ("Needs Vendor", Filing.NONE, Notice.NONE)


@pytest.mark.parametrize("status", [Status.RECEIVED, Status.ENRICHED, Status.POSTING, Status.POSTED])
def test_a_vendor_that_came_wakes_nothing_else(status: Status) -> None:
    with pytest.raises(InvalidTransition):
        vendor_added(row(status), LATER)
