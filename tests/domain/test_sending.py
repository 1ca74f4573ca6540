from datetime import datetime, timedelta
from itertools import product

import pytest

from shared.domain.sending import MAX_SENDS, Step, next_step
from tests.domain.made import NOW, row

PATIENCE = timedelta(minutes=10)
STARTED = {
    "never": None,
    "a moment ago": NOW - PATIENCE + timedelta(microseconds=1),
    "patience ago": NOW - PATIENCE,
    "an hour ago": NOW - timedelta(hours=1),
}


def expected(started: str, *, is_sent: bool, is_draft: bool, sends: int) -> Step:
    if is_sent:
        return Step.CONFIRM
    if started == "never":
        return Step.FORWARD
    if started == "a moment ago":
        return Step.WAIT
    return Step.RESEND if is_draft and sends < 3 else Step.DOUBT


@pytest.mark.parametrize(
    ("started", "is_sent", "is_draft", "sends"), list(product(STARTED, [True, False], [True, False], range(5)))
)
def test_the_next_step_follows_from_the_evidence(started: str, *, is_sent: bool, is_draft: bool, sends: int) -> None:
    known = row(send_started_at=STARTED[started], draft_id="draft", sends=sends)
    step = next_step(known, ["draft"] if is_draft else [], ["sent"] if is_sent else [], NOW, PATIENCE)
    assert step is expected(started, is_sent=is_sent, is_draft=is_draft, sends=sends)


@pytest.mark.parametrize("started", [NOW - PATIENCE, NOW - timedelta(days=9)])
def test_another_draft_than_the_one_that_was_sent_is_never_sent_instead(started: datetime) -> None:
    known = row(send_started_at=started, draft_id="draft", sends=1)
    assert next_step(known, ["another draft"], [], NOW, PATIENCE) is Step.DOUBT


def test_evidence_of_a_send_counts_even_where_the_row_knows_of_none() -> None:
    """The ledger may have been lost, and the row made anew."""
    assert next_step(row(), ["draft"], ["sent"], NOW, PATIENCE) is Step.CONFIRM


def test_one_draft_is_sent_three_times_at_most() -> None:
    assert MAX_SENDS == 3
