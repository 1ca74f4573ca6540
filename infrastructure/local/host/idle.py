"""When nothing is left to do."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from infrastructure.local.host.queue_listener import QueueListener
from infrastructure.local.host.queues import Account, Queue, StorageError
from infrastructure.local.host.timer_listener import TimerListener

OPEN_TRANSACTIONS = "OpenTransactions"
_LONGEST_STEP = 0.25


@dataclass(slots=True)
class Idleness:
    """Remembers when something last happened; work between two looks tells of itself by touch.

    A timer's run holds idleness back while it lasts and does not start the wait anew: a timer that fires more often
    than the wait is long would otherwise never let it end. What a run puts into a queue does start it anew.
    """

    queues: Sequence[QueueListener]
    timers: Sequence[TimerListener]
    watched: Sequence[Queue]
    account: Account | None
    clock: Callable[[], float] = time.monotonic
    _since: float = field(init=False)

    def __post_init__(self) -> None:
        self._since = self.clock()

    def touch(self) -> None:
        """Something happened just now."""
        self._since = self.clock()

    async def wait(self, seconds: float) -> None:
        """Returns once nothing has happened, and nothing waited to happen, for so long."""
        while not await self._idle_for(seconds):  # noqa: ASYNC110  # other processes change queues, too
            await asyncio.sleep(min(_LONGEST_STEP, max(seconds / 4, 0.01)))

    async def _idle_for(self, seconds: float) -> bool:
        runs = self._timer_runs()
        if not await self._nothing_waits():
            self.touch()
            return False
        undisturbed = runs == self._timer_runs() and not any(timer.running for timer in self.timers)
        return undisturbed and self.clock() - self._since >= seconds

    def _timer_runs(self) -> int:
        return sum(timer.runs for timer in self.timers)

    async def _nothing_waits(self) -> bool:
        if any(listener.in_flight for listener in self.queues):
            return False
        try:
            empty = await asyncio.gather(*(queue.is_empty() for queue in self.watched))
            return all(empty) and (self.account is None or await self.account.table_is_empty(OPEN_TRANSACTIONS))
        except StorageError:
            return False
