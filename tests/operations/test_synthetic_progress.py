"""What a look at a synthetic mail means."""

from datetime import UTC, datetime
from typing import Any

import pytest

from infrastructure.operations.synthetic.progress import Step, progress
from shared.domain.mail import Listed
from shared.domain.reason import Reason
from shared.domain.transaction import Filing, Status, Transaction, key_of

NOW = datetime(2026, 3, 5, 9, 30, tzinfo=UTC)


def a_row(**changes: Any) -> Transaction:
    mail = Listed("mail-1", "<1@synthetic.invalid>", NOW, "synthetic@contoso.example", "Synthetic check")
    return Transaction.admitted(key_of("invoices@contoso.example", mail), mail, NOW).model_copy(update=changes)


@pytest.mark.parametrize(
    ("row", "has_arrived", "step", "words"),
    [
        (None, False, Step.SENT, "does MailIngest run"),
        (a_row(), False, Step.TAKEN_IN, "it is received"),
        (a_row(status=Status.POSTING), False, Step.TAKEN_IN, "it is posting"),
        (a_row(status=Status.POSTED, filing=Filing.DONE), False, Step.POSTED, "has not arrived"),
        (a_row(status=Status.POSTED, filing=Filing.PENDING), True, Step.POSTED, "not filed yet"),
        (a_row(status=Status.POSTED, filing=Filing.DONE), True, Step.ARRIVED, "lies in Posted"),
        (
            a_row(status=Status.PARKED, reasons=(Reason.VENDOR_UNKNOWN,)),
            False,
            Step.STOPPED,
            "not in the vendor master",
        ),
        (a_row(status=Status.IGNORED, reasons=(Reason.SYNTHETIC_REFUSED,)), False, Step.STOPPED, "no recipient is set"),
    ],
)
def test_a_look_says_how_far_it_came_and_what_that_means(
    row: Transaction | None, has_arrived: bool, step: Step, words: str
) -> None:
    seen = progress(row, has_arrived=has_arrived)
    assert seen.step is step
    assert words in seen.words
    assert seen.is_over == (step in {Step.ARRIVED, Step.STOPPED})
