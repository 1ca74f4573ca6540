"""The request boundaries of a mail's path: which request it is, and the how-manieth of its kind."""

import re
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote

from shared.domain.messages import QUEUES
from tests.faults.proxy import Cut, Exchange, Phase

_KEYS = re.compile(r"\(.*\)")
_OPERATION = re.compile(rb"^(?:POST|PUT|PATCH|MERGE|DELETE|GET) https?://[^/]+/[^/]+/(\w+)", re.MULTILINE)
RECEIVE = re.compile(r"GET queue ([a-z-]+)/messages")
_SEND = re.compile(r"POST queue (\S+)/messages")
TICK = "GET queue raw-mail-poison/messages"  # what every tick does first
LISTING = "GET graph mailFolders/inbox/messages"


@dataclass(frozen=True, slots=True, order=True)
class Boundary:
    """The `number`th request of one kind in the life of a host."""

    kind: str
    number: int

    def __str__(self) -> str:
        return self.kind if self.number == 1 else f"{self.kind} #{self.number}"


def kind_of(exchange: Exchange) -> str:
    """A request without what differs from run to run: ids, keys, account, query."""
    parts = [unquote(part) for part in exchange.path.split("/") if part]
    if exchange.service == "graph":
        shown = [
            "{id}" if len(part) > 30 else part for part in parts if part not in {"v1.0", "users"} and "@" not in part
        ]
    else:
        shown = [_KEYS.sub("", part) for part in parts[1:]]
    if exchange.service == "queue" and len(shown) > 2:
        shown[2:] = ["{id}"]
    if exchange.service == "table" and shown == ["$batch"]:
        shown = [f"{name.decode()} (batch)" for name in _OPERATION.findall(exchange.body)[:1]]
    return f"{exchange.method} {exchange.service} {'/'.join(shown)}"


class Path:
    """Follows one host's requests, idle polls left out, and lets it do one tick.

    `at` is called at every boundary in both phases; what it raises happens to the request.
    """

    def __init__(self, at: Callable[[Phase, Boundary, Exchange], None] | None = None) -> None:
        self.seen: list[Boundary] = []
        self.released = threading.Event()
        self._at = at
        self._counts: Counter[str] = Counter()
        self._waiting: Counter[str] = Counter()
        self._current: dict[int, Boundary] = {}
        self._ticks = 0
        self._lock = threading.Lock()

    def __call__(self, phase: Phase, exchange: Exchange) -> None:
        kind = kind_of(exchange)
        if kind == TICK and phase == "before":
            self._ticks += 1
            if self._ticks > 1:
                self.released.wait(120)  # a second tick would add requests to the path, or not, by chance
                raise Cut
        boundary = self._boundary(phase, kind, exchange)
        if boundary is not None and self._at is not None:
            self._at(phase, boundary, exchange)

    def _boundary(self, phase: Phase, kind: str, exchange: Exchange) -> Boundary | None:
        with self._lock:
            if phase == "after":
                boundary = self._current.pop(id(exchange), None)
                is_sent = exchange.answer is not None and exchange.answer.status < 300
                if is_sent and (sent := _SEND.fullmatch(kind)):
                    self._waiting[sent[1]] += 1
                return boundary
            received = RECEIVE.fullmatch(kind)
            if received and received[1] in QUEUES:
                if not self._waiting[received[1]]:
                    return None  # an idle poll
                self._waiting[received[1]] -= 1
            self._counts[kind] += 1
            boundary = Boundary(kind, self._counts[kind])
            self.seen.append(boundary)
            self._current[id(exchange)] = boundary
            return boundary
