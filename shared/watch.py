"""What has to be looked at now and then although nothing happens: what waits for people, and since when."""

from dataclasses import dataclass

from shared.casework import Clock
from shared.domain.messages import QUEUES
from shared.domain.transaction import FOLDERS, Status
from shared.ports import Mailbox, Queues, Registry


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits for people; the alerts read its names in the log."""

    poison_kept: int
    poison_queued: int
    needs_vendor_oldest_hours: float  # 0 where nothing waits
    review_oldest_hours: float
    stopped: str  # why, empty where work goes on


@dataclass(frozen=True, slots=True)
class Watch:
    """Counts what waits."""

    mailbox: Mailbox
    registry: Registry
    queues: Queues
    clock: Clock

    async def backlog(self, stopped: str) -> Backlog:
        """Ask for all of it; raises Later where the mailbox cannot serve."""
        kept = [await self.registry.kept_poison(queue) for queue in QUEUES]
        queued = [await self.queues.poison_waiting(queue) for queue in QUEUES]
        return Backlog(
            poison_kept=sum(kept),
            poison_queued=sum(queued),
            needs_vendor_oldest_hours=await self._hours(FOLDERS[Status.PARKED]),
            review_oldest_hours=await self._hours(FOLDERS[Status.REVIEW]),
            stopped=stopped,
        )

    async def _hours(self, folder: str) -> float:
        oldest = await self.mailbox.oldest(folder)
        return round((self.clock() - oldest).total_seconds() / 3600, 1) if oldest else 0.0
