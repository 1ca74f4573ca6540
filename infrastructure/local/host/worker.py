"""Where the app's code runs: async functions on one loop of their own, sync ones in a thread pool.

A function that blocks its loop stalls the app's other async functions and nothing of the host, as in Azure.
"""

import asyncio
import concurrent.futures
import contextlib
import contextvars
import os
import threading
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from azure import functions

from infrastructure.local.host.bindings import BindingError
from infrastructure.local.host.indexing import Function

running_function: contextvars.ContextVar[str | None] = contextvars.ContextVar("running_function", default=None)
_MOST_THREADS = 32
_CLOSE_SECONDS = 5.0


class FunctionEndedError(RuntimeError):
    """The function tried to end its process; here only its own run fails."""


class Output(functions.Out[Any]):
    """The value that a function sets for one output."""

    def __init__(self) -> None:
        self._value: Any = None

    def set(self, val: Any) -> None:
        """Keeps the value; the last one wins."""
        self._value = val

    def get(self) -> Any:
        """The value last set."""
        return self._value


class _TraceContext(functions._abc.TraceContext):  # noqa: SLF001  # not exported, and Context must give one
    trace_parent = property(lambda _: "")
    trace_state = property(lambda _: "")
    attributes = property(lambda _: {})


class InvocationContext(functions.Context):
    """What a parameter called context receives."""

    def __init__(self, function: str, invocation: str, directory: str) -> None:
        self._function = function
        self._invocation = invocation
        self._directory = directory
        self._local: Any = threading.local()
        self._local.invocation_id = invocation

    @property
    def invocation_id(self) -> str:
        """The id that the log names."""
        return self._invocation

    @property
    def thread_local_storage(self) -> Any:
        """Carries invocation_id for the thread that made it."""
        return self._local

    @property
    def function_name(self) -> str:
        """The registered name."""
        return self._function

    @property
    def function_directory(self) -> str:
        """The app's folder."""
        return self._directory

    @property
    def trace_context(self) -> Any:
        """Empty: nothing is traced here."""
        return _TraceContext()

    @property
    def retry_context(self) -> Any:
        """None: no retry policy applies to these triggers."""
        return None


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a function: what makes the trigger's value, and the id that the log names."""

    function: Function
    value: Callable[[], Any]
    id: str = field(default_factory=lambda: str(uuid.uuid4()))


class Worker:
    """Runs calls until it is closed."""

    def __init__(self, app: Path, environment: Mapping[str, str]) -> None:
        self._directory = str(app)
        cores = os.cpu_count() or 1
        threads = environment.get("PYTHON_THREADPOOL_THREAD_COUNT", "")
        self._pool = ThreadPoolExecutor(int(threads) if threads.isdecimal() else min(_MOST_THREADS, cores + 4))
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="functions", daemon=True)
        self._thread.start()

    async def run(self, call: Call) -> dict[str, Any]:
        """Runs the function; returns what each output was set to."""
        function = call.function
        outputs = {binding.parameter: Output() for binding in function.outputs if binding.parameter != "$return"}
        arguments: dict[str, Any] = {function.trigger.parameter: call.value(), **outputs}
        if function.signature.takes_context:
            arguments["context"] = InvocationContext(function.name, call.id, self._directory)
        returned = await self._result(function, arguments)
        values = {name: output.get() for name, output in outputs.items()}
        if any(binding.parameter == "$return" for binding in function.outputs):
            values["$return"] = returned
        elif returned is not None:
            raise BindingError(f"function '{function.name}' without a $return binding returned a non-None value")
        return values

    async def _result(self, function: Function, arguments: dict[str, Any]) -> Any:
        if function.is_async:
            running = asyncio.run_coroutine_threadsafe(_await_function(function, arguments), self._loop)
            return await asyncio.wrap_future(running)
        context = contextvars.copy_context()
        return await asyncio.get_running_loop().run_in_executor(
            self._pool, lambda: context.run(_call_function, function, arguments)
        )

    def close(self) -> None:
        """Ends the loop and the pool once nothing runs any more."""
        self._pool.shutdown(wait=False)
        if self._thread.is_alive():
            with contextlib.suppress(concurrent.futures.TimeoutError):  # the app left something that blocks its loop
                asyncio.run_coroutine_threadsafe(self._finish(), self._loop).result(_CLOSE_SECONDS)
                self._loop.call_soon_threadsafe(self._loop.stop)
                self._thread.join(_CLOSE_SECONDS)
                self._loop.close()

    async def _finish(self) -> None:
        """Cancels what the app left behind on the loop."""
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        await self._loop.shutdown_asyncgens()


FUNCTION_FRAMES = ("_await_function", "_call_function")  # what lies below them in a traceback is the app's


async def _await_function(function: Function, arguments: dict[str, Any]) -> Any:
    running_function.set(function.name)
    try:
        return await function.call(**arguments)
    except (SystemExit, KeyboardInterrupt, asyncio.CancelledError) as error:
        raise FunctionEndedError(f"the function ended with {type(error).__name__}") from error


def _call_function(function: Function, arguments: dict[str, Any]) -> Any:
    running_function.set(function.name)
    try:
        return function.call(**arguments)
    except (SystemExit, KeyboardInterrupt) as error:
        raise FunctionEndedError(f"the function ended with {type(error).__name__}") from error
