"""One slot: what can be seen of it, and the proof that it runs what it should."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from infrastructure.deploy.azure import Arm, Tokens
from infrastructure.deploy.clock import Clock
from infrastructure.deploy.host_admin import HostAdmin
from infrastructure.deploy.journal import Journal
from infrastructure.deploy.kudu import Kudu
from infrastructure.deploy.place import PRODUCTION
from infrastructure.deploy.proof import (
    Expected,
    Fault,
    Host,
    Limits,
    Observation,
    Package,
    Process,
    Run,
    Unseen,
    Verdict,
    explained,
    faults,
    follow,
    verdict,
)
from infrastructure.deploy.trouble import Trouble
from infrastructure.deploy.web import Web

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Slot:
    """One slot with its Kudu and its host."""

    name: str
    state: str  # as ARM tells it
    kudu: Kudu
    host: HostAdmin

    @property
    def is_live(self) -> bool:
        """Whether it is the one that takes mail in."""
        return self.name == PRODUCTION


@dataclass(frozen=True, slots=True)
class Proof:
    """What came of proving a slot; `why` is empty where it is proven."""

    why: tuple[str, ...] = ()
    process: Process | None = None  # that answered last

    @property
    def is_proven(self) -> bool:
        """Whether the slot runs what it should."""
        return not self.why


def open_slot(name: str, arm: Arm, web: Web, tokens: Tokens, clock: Clock) -> Slot:
    """Find out where a slot answers; raises Trouble."""
    site = arm.site(name)
    return Slot(
        name,
        site.state,
        Kudu(web, tokens, clock, site.kudu_name, name),
        HostAdmin(web, clock, site.host_name, name, lambda: arm.master_key(name)),
    )


def prove(slot: Slot, expected: Expected, limits: Limits, clock: Clock, journal: Journal) -> Proof:
    """Watch a slot until it is proven, ruled out, or time is up; never raises for what it meets outside."""
    begun, known, run = clock.now(), dict[str, str](), None
    while True:
        is_read_now = not known
        seen = _observe(slot, clock, known)
        found = faults(seen, expected)
        _tell(journal, slot, run, found)
        run = follow(run, seen, found)
        said = verdict(run, limits)
        if said is Verdict.PROVEN and not is_read_now:  # the last word on the package is not an old one
            known.clear()
            continue
        if said is Verdict.PROVEN:
            journal.step(f"prove {slot.name}", f"proven: {len(expected.functions)} functions, the package, one process")
            return Proof((), run.process)
        if said is Verdict.FAILED or clock.now() - begun >= limits.patience:
            why = explained(run, limits)
            journal.step(f"prove {slot.name}", f"NOT proven: {'; '.join(why)}")
            return Proof(why, run.process)
        clock.sleep(limits.pause)


def _tell(journal: Journal, slot: Slot, run: Run | None, found: tuple[Fault, ...]) -> None:
    """Say what is wrong when it changes, not each time that it is seen."""
    if run is None or found != run.faults:
        journal.say(f"{slot.name}: {'; '.join(fault.what for fault in found) or 'all as it should be'}")


def _observe(slot: Slot, clock: Clock, known: dict[str, str]) -> Observation:
    """Look at everything once; `known` holds the digests of packages already read in this proof."""
    host: Host | Unseen = _seen(slot.host.host)
    functions = _seen(slot.host.functions) if isinstance(host, Host) else host
    return Observation(clock.now(), host, functions, _seen(lambda: _package(slot, known)))


def _seen(look: Callable[[], T]) -> T | Unseen:
    try:
        return look()
    except Trouble as trouble:
        return Unseen(str(trouble))


def _package(slot: Slot, known: dict[str, str]) -> Package:
    """Kudu names each package by the second of its deployment: one name, one content."""
    name = slot.kudu.package_name()
    if not name:
        return Package()
    if not known.get(name):
        known[name] = slot.kudu.digest(name)
    return Package(name, known[name])
