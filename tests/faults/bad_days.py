"""A world that has bad days: its host tries a message five times, its storage may be down or lose tables."""

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any

from shared.domain.mail import Mail
from shared.domain.messages import ADD_VENDOR, AddVendor
from shared.domain.transaction import Key
from tests.fakes import FakeLedger
from tests.stages.world import MAX_DEQUEUE, Crash, Phase, World

NOBODY = "billing@nobody.example"
NOBODY_COLUMNS = {"vendor_name": "Nobody Ltd", "email_domain": "nobody.example"}
PORTS = ("ledger", "registry", "vendors", "queues", "mailbox", "channel")
STORAGE = ("ledger.", "registry.", "vendors.", "queues.")  # how the names of storage's calls begin

Gate = Callable[[Phase, str], Awaitable[None]]


class Forgetful(FakeLedger):
    """A ledger whose tables a person may empty."""

    def lose_rows(self) -> None:
        for table in (self._columns, self._etags, self._events):
            table.clear()

    def lose_open_entries(self) -> None:
        self._open.clear()

    def lose_references(self) -> None:
        self._references.clear()

    def lose_column(self, key: Key, column: str) -> None:
        del self._columns[key][column]


class _Guarded:
    """A port whose calls are named with it: ledger and mailbox both have a `get`, queues and mailbox a `send`."""

    def __init__(self, port: Any, name: str, world: "BadDay") -> None:
        self._port, self._name, self._world = port, name, world

    def __getattr__(self, method: str) -> Any:
        wanted = getattr(self._port, method)

        async def call(*args: Any, **kwargs: Any) -> Any:
            await self._world.gate("before", f"{self._name}.{method}")
            result = await wanted(*args, **kwargs)
            await self._world.gate("after", f"{self._name}.{method}")
            return result

        return call

    async def inbox(self, since: datetime | None) -> AsyncIterator[Any]:
        await self._world.gate("before", f"{self._name}.inbox")
        async for page in self._port.inbox(since):
            yield page


async def _open(phase: Phase, call: str) -> None:
    """Let every call through."""


def refusing(error: Exception, *calls: str) -> Gate:
    """A gate at which these calls fail before they take effect; "mailbox." names all of the mailbox's."""

    async def gate(phase: Phase, call: str) -> None:
        if phase == "before" and call.startswith(calls):
            raise error

    return gate


class BadDay(World):
    """A World with the host's patience; `errors` is what functions failed with."""

    ledger: Forgetful

    def _wire(self) -> None:
        self._furnish()
        self.gate: Gate = _open
        self.errors: list[Exception] = []
        self._tries: Counter[tuple[str, bytes]] = Counter()
        self._wire_through_gates()

    def _furnish(self) -> None:
        self.ledger = Forgetful()

    def _wire_through_gates(self) -> None:
        plain = {name: getattr(self, name) for name in PORTS}
        for name, port in plain.items():
            setattr(self, name, _Guarded(port, name, self))
        super()._wire()
        for name, port in plain.items():
            setattr(self, name, port)

    def calm(self) -> None:
        """Let every port call through again."""
        self.tap, self.gate = _open, _open

    async def minute(self) -> None:
        """The timer fires, every waiting message is tried once, and a minute passes."""
        try:
            await self.tick()
        except Exception as error:  # noqa: BLE001 - a host takes whatever a function raises
            self.errors.append(error)
        await self.try_all()
        self.clock.advance(60)

    async def go_as_host(self) -> None:
        """One tick and all that follows from it, of messages that another worker may take as well."""
        await self.tick()
        await self.try_all()

    async def go_on(self, seconds: float) -> None:
        """Let the whole minutes of that time pass with the host, the rest without."""
        await self.minutes(int(seconds // 60))
        self.clock.advance(seconds % 60)

    async def minutes(self, count: int) -> None:
        for _ in range(count):
            await self.minute()

    async def hours(self, count: int) -> None:
        """Let hours pass with a tick every ten minutes, which is enough where nothing changes."""
        for _ in range(6 * count):
            await self.minute()
            self.clock.advance(540)

    async def try_all(self) -> None:
        """Run what waits and what follows from it; what fails comes back later, or is poison after the last try."""
        failed: list[tuple[str, bytes]] = []
        while waiting := [(queue, body) for queue, bodies in self.queues.messages.items() for body in bodies]:
            queue, body = waiting[0]
            self.queues.messages[queue].remove(body)
            try:
                await self.deliver(queue, body)
            except Exception as error:  # noqa: BLE001 - a host takes whatever a function raises
                self.errors.append(error)
                failed.append((queue, body))
            except Crash:
                self.queues.messages[queue].append(body)
                raise
        for queue, body in failed:
            self._return(queue, body)

    def _return(self, queue: str, body: bytes) -> None:
        self._tries[queue, body] += 1
        if self._tries[queue, body] < MAX_DEQUEUE:
            self.queues.messages[queue].append(body)
        else:
            del self._tries[queue, body]
            self.queues.poison(queue, body)

    def outcomes(self, mails: Sequence[Mail] = ()) -> list[str]:
        """What became of these mails, or of every row where the app alone knows the keys."""
        rows = [self.row(mail) for mail in mails] or [self.ledger.row(key) for key in self.ledger.keys]
        return [f"{row.status}: {', '.join(row.reasons)}" if row.reasons else row.status.value for row in rows]

    def count_cards(self, status: str) -> int:
        return sum(card["status"] == status for card in self.channel.cards)

    async def send_vendor(self, **columns: Any) -> None:
        await self.queues.send(ADD_VENDOR, AddVendor(**columns).to_bytes())


async def calls_of_a_life() -> int:
    """How many port calls a mail's plain path makes, from the tick to its card."""
    world = BadDay()
    world.invoice()
    return await world.count_calls(world.go())


class Slot(BadDay):
    """A second deployment slot: its own processes over the mailbox, storage and channel of the first."""

    def __init__(self, first: BadDay) -> None:
        self._first = first
        super().__init__(first.tuning, clock=first.clock, mailbox=first.mailbox)

    def _furnish(self) -> None:
        for name in ("ledger", "registry", "vendors", "queues", "documents", "_reader", "channel", "control"):
            setattr(self, name, getattr(self._first, name))
