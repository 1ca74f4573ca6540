"""One invocation: log its start, run the function, send what it set, log its end."""

import asyncio
import logging
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from infrastructure.local.host import log
from infrastructure.local.host.bindings import encode_text, messages_of
from infrastructure.local.host.indexing import Function, QueueBinding
from infrastructure.local.host.queues import Accounts
from infrastructure.local.host.worker import FUNCTION_FRAMES, Call, Worker

_TIMED_OUT = 1


@dataclass(frozen=True, slots=True)
class Invoker:
    """Runs calls for the listeners; woke is told every queue that got a message."""

    worker: Worker
    accounts: Accounts
    base64: bool
    timeout: float | None
    woke: Callable[[QueueBinding], None]

    async def run(self, function: Function, value: Callable[[], Any], reason: str) -> bool:
        """Runs the function on the trigger's value and sends its outputs; says whether all of it succeeded."""
        call = Call(function, value)
        lines = log.function_log(function.name)
        lines.info("Executing 'Functions.%s' (Reason='%s', Id=%s)", function.name, reason, call.id)
        started = time.perf_counter()
        failure: Exception | None = None
        try:
            await self._run(call)
        except Exception as error:  # noqa: BLE001  # whatever an app raises is a failed invocation, logged below
            failure = error.with_traceback(_in_app(error.__traceback__))
        outcome = "Failed" if failure else "Succeeded"
        duration = round((time.perf_counter() - started) * 1000)
        text = "Executed 'Functions.%s' (%s, Id=%s, Duration=%dms)"
        lines.log(
            logging.ERROR if failure else logging.INFO,
            text, function.name, outcome, call.id, duration, exc_info=failure,
        )  # fmt: skip
        return failure is None

    async def _run(self, call: Call) -> None:
        running = asyncio.ensure_future(self.worker.run(call))
        done, _ = await asyncio.wait([running], timeout=self.timeout)
        if not done:
            _end_process(call, self.timeout)
        await self._send(call.function, running.result())

    async def _send(self, function: Function, values: dict[str, Any]) -> None:
        """Sends all outputs side by side, each one's messages in order; nothing when one cannot be encoded."""
        encoded = [(binding, self._texts(function, binding, values[binding.parameter])) for binding in function.outputs]
        sent = await asyncio.gather(*(self._send_all(*each) for each in encoded), return_exceptions=True)
        for failure in sent:
            if failure is not None:
                raise failure

    def _texts(self, function: Function, binding: QueueBinding, value: Any) -> list[str]:
        kind = function.signature.types.get(binding.parameter)
        return [encode_text(body, base64_encoded=self.base64) for body in messages_of(value, kind)]

    async def _send_all(self, binding: QueueBinding, texts: list[str]) -> None:
        queue = self.accounts.get(binding.connection_string).queue(binding.queue)
        for text in texts:
            await queue.send(text)
            self.woke(binding)


def _in_app(traceback: TracebackType | None) -> TracebackType | None:
    """The part of a traceback below this host; all of it when the host itself is what failed."""
    below = traceback
    while below is not None and below.tb_frame.f_code.co_name not in FUNCTION_FRAMES:
        below = below.tb_next
    return below.tb_next if below is not None and below.tb_next is not None else traceback


def _end_process(call: Call, timeout: float | None) -> None:
    """Azure kills the worker process on a timeout, and with it everything else that runs there."""
    log.function_log(call.function.name).error(
        "Timeout value of %g s exceeded by function 'Functions.%s' (Id: '%s'). Ending the process.",
        timeout, call.function.name, call.id,
    )  # fmt: skip
    logging.shutdown()
    os._exit(_TIMED_OUT)
