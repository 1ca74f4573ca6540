"""How far a synthetic mail has come, and what it means that it stays there. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from shared.domain.reason import EXPLANATIONS
from shared.domain.transaction import FOLDERS, Filing, Status, Transaction


class Step(StrEnum):
    """What has been seen last."""

    SENT = "sent"
    TAKEN_IN = "taken in"
    POSTED = "posted"
    ARRIVED = "arrived"
    STOPPED = "stopped"  # it rests elsewhere


@dataclass(frozen=True, slots=True)
class Progress:
    """One look at the mail."""

    step: Step
    words: str

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to be waited for."""
        return self.step in {Step.ARRIVED, Step.STOPPED}


def progress(row: Transaction | None, *, has_arrived: bool) -> Progress:
    """Judge by the mail's row, None where no stage has read the mail yet, and by the recipient's mailbox."""
    if row is None:
        return Progress(Step.SENT, "no stage has read it: does MailIngest run, and did the mail reach the Inbox?")
    if row.status is Status.POSTED:
        if not has_arrived:
            return Progress(Step.POSTED, "it was sent on, but has not arrived at its recipient: is mail delayed?")
        if row.filing is Filing.PENDING:
            return Progress(Step.POSTED, "it has arrived, but the mail is not filed yet")
        return Progress(Step.ARRIVED, f"it has arrived, and the mail lies in {FOLDERS[Status.POSTED]}")
    if row.is_resting:
        why = " ".join(f"{EXPLANATIONS[reason].what} {EXPLANATIONS[reason].next}" for reason in row.reasons)
        return Progress(Step.STOPPED, f"it rests as {row.status}: {why}")
    return Progress(Step.TAKEN_IN, f"it is {row.status}, and the next stage has not finished it")
