"""An open transaction: something is still owed, and when to look at it again."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from shared.domain.transaction import RESTING, Key, Transaction

LONGEST_WAIT = timedelta(days=1)
FARTHEST = timedelta(hours=2)  # no date is written further ahead than this and STUCK_AFTER_SECONDS


@dataclass(frozen=True, slots=True)
class OpenEntry:
    """One row of `OpenTransactions`.

    `waiting` says that a stage asked for `not_before` (a throttled mailbox, no permit, patience): coming back is then
    no sign of trouble. `stalls` counts the re-drives since `progress` last changed.
    """

    key: Key
    mail_id: str
    not_before: datetime
    waiting: bool = False
    stalls: int = 0
    progress: str = ""

    @property
    def is_at_rest(self) -> bool:
        """Whether only its filing or its card is owed, as far as the entry knows."""
        return self.progress.partition("/")[0] in RESTING


class Due(StrEnum):
    """What the tick does about an entry."""

    NOTHING = "nothing"
    CLOSE = "close"  # nothing is owed any more
    PUT_OFF = "put_off"  # it moved lately
    REDRIVE = "redrive"
    GIVE_UP = "give_up"  # too often without progress


def progress_of(row: Transaction) -> str:
    """What has to change for a re-drive to count as having helped; a claim taken again does not."""
    return f"{row.status}/{row.filing}/{row.notice}/{row.attempt}/{row.sends}"


@dataclass(frozen=True, slots=True)
class Bounds:
    """When the tick loses patience; `mailbox_serves` says whether the mailbox as a whole answered lately."""

    stuck_after: timedelta
    redrive_limit: int
    mailbox_serves: bool = True


def is_due(entry: OpenEntry, now: datetime, bounds: Bounds) -> bool:
    """Whether an entry is to be looked at; a date that is too far ahead was written by a clock ahead of ours."""
    return not now < entry.not_before <= now + bounds.stuck_after + FARTHEST


def due(entry: OpenEntry, row: Transaction, now: datetime, bounds: Bounds) -> tuple[Due, OpenEntry]:
    """Judge a due entry by its row; the second value is the entry as it is to be written."""
    if row.is_finished:
        return Due.CLOSE, entry
    moved = progress_of(row) != entry.progress
    seen = replace(entry, progress=progress_of(row), stalls=0 if moved else entry.stalls, waiting=False)
    again = replace(seen, not_before=now + bounds.stuck_after)
    if entry.waiting and not _has_waited_too_long(row, now, bounds):
        return Due.REDRIVE, again
    moved_lately = now - bounds.stuck_after < row.updated_at <= now + FARTHEST
    if not entry.waiting and moved_lately:
        return Due.PUT_OFF, replace(seen, not_before=row.updated_at + bounds.stuck_after)
    if seen.stalls >= bounds.redrive_limit:
        return Due.GIVE_UP, seen
    return Due.REDRIVE, replace(again, stalls=seen.stalls + 1)


def _has_waited_too_long(row: Transaction, now: datetime, bounds: Bounds) -> bool:
    """Whether waiting is a sign of trouble after all: the mailbox serves others, and never this mail."""
    waited = now - (row.taken_up_at or row.admitted_at)
    return bounds.mailbox_serves and not row.is_resting and waited > LONGEST_WAIT
