"""The app's queues as lists."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from shared.ports import PoisonMessage
from tests.fakes.clock import Clock
from tests.fakes.trouble import Fallible

HIDDEN_SECONDS = 60
BATCH = 32


@dataclass(slots=True)
class _Poisoned:
    message: PoisonMessage
    visible_from: float


class FakeQueues(Fallible):
    """Implements the Queues port; `messages` holds what was sent, by queue."""

    def __init__(self, clock: Callable[[], datetime] | None = None) -> None:
        super().__init__()
        self._clock = clock or Clock()
        self._receipts = 0
        self.messages: defaultdict[str, list[bytes]] = defaultdict(list)
        self._poison: defaultdict[str, dict[str, _Poisoned]] = defaultdict(dict)

    def take_all(self, queue: str) -> list[bytes]:
        """Remove and return the messages of a queue, as the host does before it calls a function."""
        return self.messages.pop(queue, [])

    def poison(self, queue: str, body: bytes) -> PoisonMessage:
        """Put a message on the poison queue, as the host does after the last try."""
        message = PoisonMessage(f"{queue}-{len(self._poison[queue]) + 1}", "", body, self._clock())
        self._poison[queue][message.id] = _Poisoned(message, 0.0)
        return message

    def poison_left(self, queue: str) -> list[bytes]:
        """The bodies on the poison queue, hidden ones included."""
        return [entry.message.body for entry in self._poison[queue].values()]

    async def send(self, queue: str, body: bytes) -> None:
        async with self._call("send"):
            self.messages[queue].append(bytes(body))

    async def poisoned(self, queue: str) -> list[PoisonMessage]:
        async with self._call("poisoned"):
            now = self._clock().timestamp()
            visible = [entry for entry in self._poison[queue].values() if entry.visible_from <= now][:BATCH]
            return [self._receive(entry, now) for entry in visible]

    async def poison_waiting(self, queue: str) -> int:
        async with self._call("poison_waiting"):
            return len(self._poison[queue])

    def _receive(self, entry: _Poisoned, now: float) -> PoisonMessage:
        self._receipts += 1
        was = entry.message
        entry.message = PoisonMessage(was.id, f"receipt-{self._receipts}", was.body, was.inserted_at)
        entry.visible_from = now + HIDDEN_SECONDS
        return entry.message

    async def forget(self, queue: str, message: PoisonMessage) -> None:
        async with self._call("forget"):
            entry = self._poison[queue].get(message.id)
            if entry is not None and entry.message.pop_receipt == message.pop_receipt:
                del self._poison[queue][message.id]
