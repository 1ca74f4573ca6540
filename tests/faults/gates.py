"""Stops on the path of a host: a request is held there while something else happens, then all go on."""

import asyncio
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from azure.storage.queue import QueueServiceClient

from infrastructure.local import process
from infrastructure.local.samples import MAILBOX
from shared.adapters.queues import StorageQueues
from shared.adapters.tables import LEDGER
from shared.domain.messages import QUEUES
from tests.faults import boundaries
from tests.faults.boundaries import LISTING, RECEIVE, TICK, Boundary, kind_of
from tests.faults.hosts import Host, Hosts
from tests.faults.proxy import Answer, Cut, Exchange, Instead, Phase
from tests.faults.site import Site

SECONDS = 240.0  # until a case must have come to rest, on the slowest machine
HELD_SECONDS = 28.0  # the app gives up a request to storage after 30
LONG_SECONDS = 40.0  # of a held request to the mailbox; the tick ends itself after 45

# Azurite ends a connection that has been idle for 5 s, and a request that is passed on just then is lost: no hold ends
# near that.
_SHORT_SECONDS, _IDLE_SECONDS = 2.0, 8.0

_DELETE = re.compile(r"DELETE queue ([a-z-]+)/messages/\{id\}")
_NO_MAILS = Answer(200, b'{"value": []}', (("Content-Type", "application/json"),))
_NOTHING = Answer(200, b'<?xml version="1.0" encoding="utf-8"?><QueueMessagesList />', (("Content-Type", "text/xml"),))


@dataclass(frozen=True, slots=True)
class Stop:
    """One side of one request: `before` it takes effect, or `after`, with its answer held."""

    boundary: Boundary
    phase: Phase

    def __str__(self) -> str:
        return f"{self.phase} {self.boundary}"


def stops(found: Collection[Boundary]) -> list[Stop]:
    """Both sides of every request of a path, in its order."""
    phases: tuple[Phase, ...] = ("before", "after")
    return [Stop(boundary, phase) for boundary in found for phase in phases]


def moments(found: Collection[Boundary]) -> list[Stop]:
    """The same, each moment once: after one request and before the next one nothing happens that others could see."""
    every = stops(found)
    return every[:1] + every[1::2]


At = Callable[[Phase, Boundary, Exchange], None]


class Gate:
    """The watch of one host: does one tick and holds the next ones until it is let go; `at` sees every boundary.

    `kept_from` names queues that this host finds empty, `away` services that it cannot reach; while `is_blind` it finds
    the Inbox empty. `handled` counts the messages that it has done.
    """

    def __init__(self, at: At | None = None, *, kept_from: Collection[str] = ()) -> None:
        self.kept_from = set(kept_from)
        self.away: set[str] = set()
        self.is_blind = False
        self.handled: Counter[str] = Counter()
        self.ticks = 0
        self.errors: list[str] = []
        self._at = at
        self._path = boundaries.Path(self._guarded)
        self._is_free = False

    @classmethod
    def free(cls, *, kept_from: Collection[str] = ()) -> "Gate":
        """One that lets everything through."""
        gate = cls(kept_from=kept_from)
        gate.let_go()
        return gate

    def blind(self) -> None:
        """Let this host find the Inbox empty from now on; returns when no tick that saw more is left."""
        self.is_blind = True
        before = self.ticks
        assert process.wait_until(lambda: self.ticks >= before + 2, seconds=SECONDS), "no tick"

    @property
    def seen(self) -> list[Boundary]:
        return self._path.seen

    def let_go(self) -> None:
        """Let everything through from now on, ticks included."""
        self._is_free = True
        self._path.released.set()

    def __call__(self, phase: Phase, exchange: Exchange) -> None:
        if exchange.service in self.away:
            raise Cut
        kind = kind_of(exchange)
        received = RECEIVE.fullmatch(kind)
        if received and received[1] in self.kept_from and phase == "before":
            raise Instead(_NOTHING)
        if self.is_blind and kind == LISTING and phase == "before":
            raise Instead(_NO_MAILS)
        if phase == "after":
            self.ticks += kind == TICK
            self.handled.update(_DELETE.findall(kind))
        if not self._is_free:
            self._path(phase, exchange)

    def _guarded(self, phase: Phase, boundary: Boundary, exchange: Exchange) -> None:
        if self._at is None:
            return
        began = time.monotonic()
        try:
            self._at(phase, boundary, exchange)
        except AssertionError as error:
            self.errors.append(str(error).partition("\n")[0])
        if phase == "before" and exchange.service != "graph" and time.monotonic() - began > _SHORT_SECONDS:
            time.sleep(max(0.0, began + _IDLE_SECONDS - time.monotonic()))


class Once:
    """What is to happen at one stop; `passed` is set when it has happened."""

    def __init__(self, stop: Stop | None, act: Callable[[], None]) -> None:
        self.stop, self.act = stop, act
        self.passed = threading.Event()

    def __call__(self, phase: Phase, boundary: Boundary, exchange: Exchange) -> None:
        if self.stop != Stop(boundary, phase):
            return
        try:
            self.act()
        finally:
            self.passed.set()


Order = Literal["together", "first", "second"]


class Meeting:
    """Holds two hosts at the same request of the same mail until both are there, then lets them go in an order."""

    def __init__(self, is_it: Callable[[Exchange], bool], order: Order) -> None:
        self.is_it, self.order = is_it, order
        self.there = {"first": threading.Event(), "second": threading.Event()}
        self.left = {"first": threading.Event(), "second": threading.Event()}
        self._answered = threading.Event()

    def at(self, who: Literal["first", "second"]) -> At:
        """What to do at the boundaries of one of them."""

        def at(phase: Phase, _: Boundary, exchange: Exchange) -> None:
            if not self.is_it(exchange):
                return
            if phase == "after" and who == self.order:
                self._answered.set()
            if phase == "before" and not self.there[who].is_set():
                try:
                    self._meet(who)
                finally:
                    self.left[who].set()

        return at

    def _meet(self, who: Literal["first", "second"]) -> None:
        self.there[who].set()
        for other in self.there.values():
            assert other.wait(HELD_SECONDS), "the two never met"
        if self.order not in {"together", who}:
            assert self._answered.wait(HELD_SECONDS), "the other had no answer"


@dataclass(frozen=True, slots=True)
class Bench:
    """What every case starts hosts with."""

    hosts: Hosts

    @contextmanager
    def host(self, place: Site, gate: Gate, **settings: str) -> Iterator[Host]:
        """A host of the current release behind a gate, until the block ends."""
        with place.wires(gate, **settings) as wires:
            host = self.hosts.start(wires.environment, place.folder / "host.log")
            try:
                yield host
            finally:
                gate.let_go()
                host.kill()


def send(place: Site, queue: str, body: bytes) -> None:
    """Put a message on a queue."""
    with QueueServiceClient.from_connection_string(place.connection_string) as service:
        asyncio.run(StorageQueues(lambda: service).send(queue, body))


def file_of(place: Site, name: str = "invoice.eml") -> Path | None:
    """Where a mail lies now, None where it is gone."""
    return next(iter((place.root / MAILBOX).rglob(name)), None)


def put(place: Site, folder: str, name: str = "invoice.eml") -> None:
    """Move a mail as a person does."""
    found = file_of(place, name)
    assert found is not None, "the person does not find the mail"
    target = place.root / MAILBOX / folder
    target.mkdir(exist_ok=True)
    found.rename(target / name)


@dataclass(slots=True)
class Ending:
    """What a case looks like from the outside once it is over."""

    outcomes: list[str]
    events: list[str]
    sent: list[str]  # the markers of AP's mails
    already_sent: int  # cards
    cards: int
    poison: dict[str, int]
    folder: str  # of invoice.eml; empty: gone
    faults: list[str]  # of the case itself: it never got where it was to go

    @property
    def outcome(self) -> str:
        return "; ".join(self.outcomes)


def ending(place: Site, *gates: Gate, mails: int = 1) -> Ending:
    """Let the hosts go on until at least one whole tick of each has changed nothing any more, and look."""
    since = [gate.ticks for gate in gates]
    for gate in gates:
        gate.let_go()

    def is_over() -> bool:
        has_ticked = all(gate.ticks >= before + 2 for gate, before in zip(gates, since, strict=True))
        return has_ticked and not place.mails("Inbox") and place.is_at_rest(mails)

    faults = [] if process.wait_until(is_over, seconds=SECONDS, step=0.3) else ["never at rest"]
    return look(place, [*faults, *(error for gate in gates for error in gate.errors)])


def look(place: Site, faults: list[str]) -> Ending:
    """What can be seen now."""
    cards = [path.read_text() for path in place.cards()]
    found = file_of(place)
    return Ending(
        outcomes=[": ".join(filter(None, (row.status, ", ".join(row.reasons)))) for row in place.rows()],
        events=[entity["What"] for entity in place._entities(LEDGER) if "EventOf" in entity],
        sent=place.ap_markers(),
        already_sent=sum("Already sent on" in card for card in cards),
        cards=len(cards),
        poison=dict(place.poison()),
        folder=found.parent.name if found is not None else "",
        faults=faults,
    )


def faults_of(end: Ending, *, mails: int = 1) -> Iterator[str]:
    """What is wrong where every mail must have been sent once and nothing else may have happened."""
    yield from end.faults
    if len(end.sent) != mails or len(set(end.sent)) != mails:
        yield f"{len(end.sent)} AP mails of {len(set(end.sent))} transactions"
    if end.outcomes != ["posted"] * mails:
        yield f"ledger: {Counter(end.outcomes)}"
    if end.poison:
        yield f"poison: {end.poison}"


def faults_of_stale(end: Ending, *, mails: int = 1) -> Iterator[str]:
    """The same where nobody may have been taken for a person who puts a mail back."""
    yield from faults_of(end, mails=mails)
    if "released" in end.events or end.already_sent:
        yield f"released: {end.events.count('released')} events, {end.already_sent} cards"
    if end.cards < mails:  # a second one is no fault: announcing is at least once
        yield f"{end.cards} cards"


ALL_QUEUES = frozenset(QUEUES)
