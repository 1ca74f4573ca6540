"""Fires one function by its schedule: one run at a time, the next instant computed after the run.

No status is kept across restarts, so a run missed while the host was down stays missed: use_monitor=False in Azure, and
what Azure does of itself for schedules below a minute.
"""

import asyncio
from datetime import UTC, datetime

from infrastructure.local.host import log
from infrastructure.local.host.bindings import timer_value
from infrastructure.local.host.indexing import Function, TimerBinding
from infrastructure.local.host.invocation import Invoker

_LONGEST_SLEEP = 60.0  # the wall clock may be set meanwhile


class TimerListener:
    """Runs one timer function; running says whether it does now, runs how often it has."""

    def __init__(self, function: Function, binding: TimerBinding, invoker: Invoker) -> None:
        self.function = function
        self.binding = binding
        self.running = False
        self.runs = 0
        self._invoker = invoker
        self._last: datetime | None = None

    async def listen(self, stopping: asyncio.Event) -> None:
        """Fires until stopping is set; a run under way is finished."""
        if self.binding.run_on_startup:
            await self._run(datetime.now(UTC), "Timer fired at startup.")
        while not stopping.is_set():
            due = self.binding.schedule.next_after(datetime.now(UTC))
            if due is None:
                log.general.warning("The schedule of '%s' never comes.", self.function.name)
                await stopping.wait()
            elif await _sleep_until(due, stopping):
                await self._run(due, "Timer fired.")

    async def _run(self, due: datetime, reason: str) -> None:
        kind = self.function.signature.types.get(self.binding.parameter)
        self.running = True
        self.runs += 1
        try:
            await self._invoker.run(
                self.function, lambda: timer_value(last=self._last, due=due, past_due=False, kind=kind), reason
            )
        finally:
            self.running = False
            self._last = due


async def _sleep_until(due: datetime, stopping: asyncio.Event) -> bool:
    """Waits for the instant; False when stopping came first."""
    while (left := (due - datetime.now(UTC)).total_seconds()) > 0:
        try:
            await asyncio.wait_for(stopping.wait(), min(left, _LONGEST_SLEEP))
        except TimeoutError:
            continue
        return False
    return True
