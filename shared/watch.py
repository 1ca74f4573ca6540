"""What has to be looked at now and then although nothing happens: what waits for people, and since when."""

from dataclasses import dataclass
from datetime import datetime

from shared.casework import Clock
from shared.domain.messages import QUEUES
from shared.domain.transaction import FOLDERS, Status
from shared.ports import Control, Mailbox, Queues, Registry


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits for people; the alerts read its names in the log."""

    poison_kept: int
    poison_queued: int
    needs_vendor_oldest_hours: float  # 0 where nothing waits
    review_oldest_hours: float
    synthetic_silent_hours: float  # since a mail of the synthetic check last arrived; 0 where none ever has
    stopped: str  # why, empty where work goes on


@dataclass(frozen=True, slots=True)
class Watch:
    """Counts what waits."""

    mailbox: Mailbox
    registry: Registry
    queues: Queues
    control: Control
    clock: Clock

    async def backlog(self, stopped: str) -> Backlog:
        """Ask for all of it; raises Later where the mailbox cannot serve."""
        kept = [await self.registry.kept_poison(queue) for queue in QUEUES]
        queued = [await self.queues.poison_waiting(queue) for queue in QUEUES]
        return Backlog(
            poison_kept=sum(kept),
            poison_queued=sum(queued),
            needs_vendor_oldest_hours=self._hours_since(await self.mailbox.oldest(FOLDERS[Status.PARKED])),
            review_oldest_hours=self._hours_since(await self.mailbox.oldest(FOLDERS[Status.REVIEW])),
            synthetic_silent_hours=self._hours_since(await self.control.arrived_at()),
            stopped=stopped,
        )

    def _hours_since(self, then: datetime | None) -> float:
        return round((self.clock() - then).total_seconds() / 3600, 1) if then else 0.0
