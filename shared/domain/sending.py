"""What to do about a forward that may or may not have been sent.

Graph has no idempotency key, an error on send does not mean unsent, and a 202 does not mean delivered
(https://learn.microsoft.com/graph/outlook-things-to-know-about-send-mail); so the mailbox is asked for evidence first.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from shared.domain.transaction import Transaction

MAX_SENDS = 3  # of a draft that is still one each time the patience is over, then a person decides; not counted is
# a send that was refused at the door


class Step(StrEnum):
    """The next step for a claimed transaction."""

    FORWARD = "forward"  # nothing was sent: make a draft, or take the marked one
    CONFIRM = "confirm"  # a sent item carries our marker
    WAIT = "wait"  # inconclusive until the patience is over
    RESEND = "resend"  # still a draft after the patience: send that same one again
    DOUBT = "doubt"  # neither sent nor there: a person decides


def next_step(row: Transaction, drafts: Sequence[str], sent: Sequence[str], now: datetime, patience: timedelta) -> Step:
    """Judge by the ids of the items that carry the marker, drafts and sent ones."""
    if sent:
        return Step.CONFIRM
    if row.send_started_at is None:
        return Step.FORWARD
    if now < row.send_started_at + patience:
        return Step.WAIT
    if row.draft_id in drafts and row.sends < MAX_SENDS:
        return Step.RESEND
    return Step.DOUBT
