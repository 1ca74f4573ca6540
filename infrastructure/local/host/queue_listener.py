"""Feeds one function from its queue.

https://github.com/Azure/azure-sdk-for-net/tree/main/sdk/storage/Microsoft.Azure.WebJobs.Extensions.Storage.Queues/src/Listeners
"""

import asyncio
import random
from collections.abc import Callable
from typing import Any

from infrastructure.host_json import QueueOptions
from infrastructure.local.host import log
from infrastructure.local.host.bindings import Received, decode_text, queue_value
from infrastructure.local.host.indexing import Function, QueueBinding
from infrastructure.local.host.invocation import Invoker
from infrastructure.local.host.queues import Accounts, Queue, StorageError, is_lost, said

POISON = "-poison"
_LONGEST_NAME = 63
_FIRST_PAUSE = 0.1
_SHORTEST_RENEWAL = 0.5


class QueueListener:
    """Receives, runs, and then deletes, releases or poisons; poisoned counts the last of these."""

    def __init__(
        self,
        function: Function,
        binding: QueueBinding,
        *,
        invoker: Invoker,
        accounts: Accounts,
        options: QueueOptions,
        lease: float,
        on_message: Callable[[], None],
    ) -> None:
        account = accounts.get(binding.connection_string)
        self.function = function
        self.binding = binding
        self.poisoned = 0
        self.in_flight: set[asyncio.Task[None]] = set()
        self._queue = account.queue(binding.queue)
        self._poison = _poison_queue(binding.queue, account.queue)
        self._invoker = invoker
        self._options = options
        self._lease = lease
        self._on_message = on_message
        self._hint = asyncio.Event()

    def wake(self) -> None:
        """Polls now: a message was just sent to this queue."""
        self._hint.set()

    async def listen(self, stopping: asyncio.Event) -> None:
        """Polls until stopping is set and then waits for what still runs."""
        stop = asyncio.create_task(stopping.wait())
        misses = 0
        while not stopping.is_set():
            self._hint.clear()
            received = await self._receive()
            for message in received:
                self._start(message)
            misses = 0 if received else misses + 1
            if misses:
                await self._pause(misses, stop)
            else:
                await self._await_room(stop)
        await stop
        if self.in_flight:
            await asyncio.wait(self.in_flight)

    async def _receive(self) -> list[Received]:
        try:
            return await self._queue.receive(self._options.batch_size, lease=self._lease)
        except StorageError as error:
            log.general.warning("Cannot receive from queue '%s': %s", self.binding.queue, said(error))
            return []

    def _start(self, message: Received) -> None:
        self._on_message()
        task = asyncio.create_task(self._process(message))
        self.in_flight.add(task)
        task.add_done_callback(self.in_flight.discard)

    async def _await_room(self, stop: "asyncio.Task[Any]") -> None:
        while len(self.in_flight) > self._options.new_batch_threshold and not stop.done():
            await asyncio.wait([*self.in_flight, stop], return_when=asyncio.FIRST_COMPLETED)

    async def _pause(self, misses: int, stop: "asyncio.Task[Any]") -> None:
        """Waits longer with every miss in a row: 100 ms, then about twice as long each time, up to the limit."""
        spread = random.uniform(0.8, 1.2)  # noqa: S311  # spreads polls, guards nothing
        pause = _FIRST_PAUSE if misses == 1 else _FIRST_PAUSE * (1 + spread * 2 ** min(misses - 2, 20))
        hint = asyncio.create_task(self._hint.wait())
        limit = min(pause, self._options.max_polling_interval)
        await asyncio.wait([hint, stop], timeout=limit, return_when=asyncio.FIRST_COMPLETED)
        hint.cancel()

    async def _process(self, message: Received) -> None:
        lease = Lease(self._queue, message, self._lease)
        renewing = asyncio.create_task(lease.keep())
        try:
            succeeded = await self._run(message)
        finally:
            lease.release()
            await renewing
        try:
            await self._complete(message, lease.pop_receipt, succeeded=succeeded)
        except StorageError as error:
            log.general.warning(
                "Cannot settle message '%s' of queue '%s': %s", message.id, self.binding.queue, said(error)
            )
        self._on_message()

    async def _run(self, message: Received) -> bool:
        """Runs the function unless the message is past its tries or cannot be read."""
        body = decode_text(message.text, base64_encoded=self._options.base64)
        if body is None or message.dequeue_count > self._options.max_dequeue_count:
            return False
        kind = self.function.signature.types.get(self.binding.parameter)
        reason = f"New queue message detected on '{self.binding.queue}'."
        return await self._invoker.run(self.function, lambda: queue_value(message, body, kind), reason)

    async def _complete(self, message: Received, pop_receipt: str, *, succeeded: bool) -> None:
        if succeeded:
            await self._queue.delete(message.id, pop_receipt)
        elif self._poison is None:
            return  # it stays hidden until its lease ends: releasing it would loop without end
        elif decode_text(message.text, base64_encoded=self._options.base64) is None:
            await self._move_to_poison(message, pop_receipt, "Message is not valid base64.")
        elif message.dequeue_count >= self._options.max_dequeue_count:
            limit = self._options.max_dequeue_count
            await self._move_to_poison(message, pop_receipt, f"Message has reached MaxDequeueCount of {limit}.")
        else:
            await self._queue.hide(message.id, pop_receipt, self._options.visibility_timeout)

    async def _move_to_poison(self, message: Received, pop_receipt: str, why: str) -> None:
        if self._poison is None:
            return
        log.general.warning("%s Moving message to queue '%s'.", why, self._poison.name)
        await self._poison.send(message.text)
        await self._queue.delete(message.id, pop_receipt)
        self.poisoned += 1


class Lease:
    """Keeps a received message hidden, and knows its newest pop receipt."""

    def __init__(self, queue: Queue, message: Received, seconds: float) -> None:
        self._queue = queue
        self._id = message.id
        self._seconds = seconds
        self._done = asyncio.Event()
        self.pop_receipt = message.pop_receipt

    async def keep(self) -> None:
        """Renews at half time until released or lost; sooner and sooner while storage does not take it."""
        pause = self._seconds / 2
        while not await self._released(pause):
            try:
                self.pop_receipt = await self._queue.hide(self._id, self.pop_receipt, self._seconds)
                pause = self._seconds / 2
            except StorageError as error:
                if is_lost(error):
                    log.general.warning("Lost message '%s' while it ran: %s", self._id, said(error))
                    return
                log.general.warning("Cannot renew message '%s' while it runs: %s", self._id, said(error))
                pause = max(pause / 2, min(_SHORTEST_RENEWAL, pause))

    def release(self) -> None:
        """Ends the renewals; one under way is still awaited by keep."""
        self._done.set()

    async def _released(self, seconds: float) -> bool:
        try:
            await asyncio.wait_for(self._done.wait(), seconds)
        except TimeoutError:
            return False
        return True


def _poison_queue(name: str, queue: Callable[[str], Queue]) -> Queue | None:
    """The poison queue; none for a poison queue itself, or where its name would be too long."""
    if name.endswith(POISON) or len(name) + len(POISON) > _LONGEST_NAME:
        return None
    return queue(name + POISON)
