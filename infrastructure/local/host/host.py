"""The running host: index the app, listen, stop."""

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infrastructure.host_json import HostJson
from infrastructure.local.host import log
from infrastructure.local.host.idle import Idleness
from infrastructure.local.host.indexing import Function, Index, IndexingError, QueueBinding, TimerBinding, index
from infrastructure.local.host.invocation import Invoker
from infrastructure.local.host.queue_listener import POISON, QueueListener
from infrastructure.local.host.queues import Account, Accounts, Queue
from infrastructure.local.host.settings import AppSettings
from infrastructure.local.host.timer_listener import TimerListener
from infrastructure.local.host.worker import Worker
from infrastructure.local_settings import SettingError

STOPPED, FAILED, POISONED = 0, 1, 3


@dataclass(frozen=True, slots=True)
class Options:
    """The seconds of idleness that end the host (None: never), and those that a message is hidden at a time."""

    until_idle: float | None
    lease: float


class Host:
    """Runs one function app."""

    def __init__(self, app: Path, environment: Mapping[str, str], host_json: HostJson, options: Options) -> None:
        self._settings = AppSettings.of(environment)
        self._app = app
        self._host_json = host_json
        self._options = options
        self._stopping = asyncio.Event()
        self._accounts = Accounts()
        self._worker = Worker(app, environment)
        self._invoker = Invoker(
            self._worker, self._accounts, host_json.queues.base64, host_json.function_timeout, self._wake
        )
        self._queues: list[QueueListener] = []
        self._timers: list[TimerListener] = []
        self._idleness: Idleness | None = None
        self._in_error: list[str] = []

    async def run(self) -> int:
        """Runs until a signal or idleness; returns the exit code."""
        self._watch_signals()
        try:
            return await self._run()
        finally:
            self._worker.close()
            self._accounts.close()

    async def _run(self) -> int:
        found = self._index()
        if found is None:
            if self._options.until_idle is None:
                await self._stopping.wait()
                return STOPPED
            return FAILED
        enabled = [function for function in found.functions if not function.disabled]
        for function in enabled:
            self._add_listener(function)
        self._idleness = Idleness(self._queues, self._timers, self._watched(), self._own_account())
        await self._listen(enabled)
        return self._exit_code()

    def _index(self) -> Index | None:
        """What the app registers; None, after saying why, when the worker cannot tell."""
        try:
            found = index(self._app, self._settings)
        except IndexingError as error:
            log.startup.error("Worker failed to index functions: %s", error, exc_info=error.__cause__)
            log.startup.info("0 functions loaded")
            return None
        self._in_error = [name for name, _ in found.errors]
        for name, reason in found.errors:
            log.startup.error("The '%s' function is in error: %s", name, reason)
        for function in found.functions:
            if function.disabled:
                log.startup.info("Function '%s' is disabled", function.name)
        log.startup.info("%d functions loaded%s", len(found.functions), _names(found.functions))
        return found

    def _add_listener(self, function: Function) -> None:
        if isinstance(function.trigger, TimerBinding):
            self._timers.append(TimerListener(function, function.trigger, self._invoker))
            return
        self._queues.append(
            QueueListener(
                function,
                function.trigger,
                invoker=self._invoker,
                accounts=self._accounts,
                options=self._host_json.queues,
                lease=self._options.lease,
                on_message=self._touch,
            )
        )

    async def _listen(self, enabled: Sequence[Function]) -> None:
        listeners: list[QueueListener | TimerListener] = [*self._queues, *self._timers]
        listening = [asyncio.create_task(listener.listen(self._stopping)) for listener in listeners]
        print(f"host ready: {len(enabled)} functions{_names(enabled)}", flush=True)
        until: list[asyncio.Task[Any]] = [asyncio.create_task(self._stopping.wait())]
        if self._options.until_idle is not None and self._idleness is not None:
            until.append(asyncio.create_task(self._until_idle(self._idleness, self._options.until_idle)))
        await asyncio.wait([*until, *listening], return_when=asyncio.FIRST_COMPLETED)
        self._stopping.set()
        for task in until:
            task.cancel()
        await asyncio.gather(*listening)

    async def _until_idle(self, idleness: Idleness, seconds: float) -> None:
        await idleness.wait(seconds)
        log.general.info("Idle for %g s", seconds)

    def _exit_code(self) -> int:
        poisoned = [listener for listener in self._queues if listener.poisoned]
        for listener in poisoned:
            print(f"poison: {listener.poisoned} in {listener.binding.queue}{POISON}", flush=True)
        if self._options.until_idle is None:
            return STOPPED
        if self._in_error:
            print(f"in error, never run: {', '.join(self._in_error)}", flush=True)
            return FAILED
        return POISONED if poisoned else STOPPED

    def _watched(self) -> list[Queue]:
        """The queues that this host drains: one that nobody here reads would never become empty."""
        return [
            self._accounts.get(listener.binding.connection_string).queue(listener.binding.queue)
            for listener in self._queues
            if not listener.binding.queue.endswith(POISON)
        ]

    def _own_account(self) -> Account | None:
        try:
            return self._accounts.get(self._settings.connection_string(""))
        except SettingError:
            return None

    def _touch(self) -> None:
        if self._idleness is not None:
            self._idleness.touch()

    def _wake(self, binding: QueueBinding) -> None:
        self._touch()
        for listener in self._queues:
            if (listener.binding.queue, listener.binding.connection_string) == (
                binding.queue,
                binding.connection_string,
            ):
                listener.wake()

    def _watch_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop)

    def _stop(self) -> None:
        if self._stopping.is_set():
            os._exit(FAILED)
        log.general.info("Stopping: running functions are finished; a second signal ends at once")
        self._stopping.set()


def _names(functions: Sequence[Function]) -> str:
    return f" ({', '.join(function.name for function in functions)})" if functions else ""
