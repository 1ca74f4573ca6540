"""What a person asks for by moving a filed mail back to the Inbox."""

from datetime import datetime

from shared.domain.reason import NEVER_WAIVED, SENDS_AGAIN, WITH_A_PERSON
from shared.domain.transaction import FOLDERS, Filing, Notice, Status, Transaction


def is_put_back(row: Transaction) -> bool:
    """Whether a mail at rest that is in the Inbox was put there by a person: it was filed, or the person had it.

    Where its filing found it elsewhere for a moment, or was told so, nobody knows who put it where it lies now.
    """
    return row.filing is Filing.DONE or not WITH_A_PERSON.isdisjoint(row.reasons)


def released(row: Transaction, now: datetime) -> Transaction:
    """The row after its mail was put back: taken up again with its reasons answered, or, once posted, filed again.

    A posted mail is never sent a second time. The attempt rises only where a person wants it sent again although it
    was sent before.
    """
    if row.status is Status.POSTED:
        return row.changed(now, filing=Filing.PENDING, notice=Notice.ALREADY_SENT)
    is_sent_again = not SENDS_AGAIN.isdisjoint(row.reasons)
    # What sends again is an answer to the attempt before the present one, whose copy may be late, and to no other.
    kept = set(row.answered_reasons) - (SENDS_AGAIN if is_sent_again else frozenset())
    answered = kept | set(row.reasons) - NEVER_WAIVED
    return row.changed(
        now,
        status=Status.RECEIVED,
        reasons=(),
        answered_reasons=tuple(sorted(answered)),
        taken_up_at=now,
        attempt=row.attempt + is_sent_again,
        send_started_at=None,
        sends=0,
        draft_id="",
        claim_until=None,
        folder="",
        filing=Filing.NONE,
        notice=Notice.NONE,
    )


def vendor_added(row: Transaction, now: datetime) -> Transaction:
    """A parked row that is taken up again where it lies, because its vendor may be known now."""
    # Its filing may be under way at this moment: from here on the mail may lie in that folder or in the Inbox.
    folder = FOLDERS[Status.PARKED]
    return row.changed(
        now,
        status=Status.RECEIVED,
        reasons=(),
        taken_up_at=now,
        folder=folder,
        filing=Filing.NONE,
        notice=Notice.NONE,
    )
