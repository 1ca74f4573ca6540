"""Many mails under faults of every kind, two hosts that die at random, and a person who answers the cards."""

import json
import random
import shutil
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from azure.core.exceptions import ResourceNotFoundError
from azure.data.tables import TableClient, TableServiceClient

from infrastructure.local.samples import AP_MAILBOX, MAILBOX
from shared.adapters.tables import LEDGER, OPEN
from shared.domain.reason import Reason
from shared.domain.transaction import Status, Transaction
from tests.faults.hosts import Host, Hosts
from tests.faults.mails import invoice_mail
from tests.faults.proxy import Answer, Cut, Exchange, Instead, Phase
from tests.faults.site import Site

HOSTS = 2
AT_ONCE = 300  # mails in the Inbox and not yet finished
KILL_SECONDS = (10.0, 30.0)  # between two kills
STORAGE_RATE = 0.1
SETTINGS = {
    "STUCK_AFTER_SECONDS": "45",  # more than a claim, or every tick would drive what is being worked on
    "CLAIM_SECONDS": "40",  # more than a piece of work takes, as the setting demands
    "DELIVERY_PATIENCE_SECONDS": "10",
    "REDRIVE_LIMIT": "30",
}

_SEND = {"method": "POST", "path": "/send$"}
_FORWARD = {"method": "POST", "path": "/createForward$"}
# Of every request to the mailbox one in ten is disturbed by one of these...
_DISTURBANCES: list[dict[str, Any]] = [
    {"kind": "throttled", "retry_after": 0},
    {"kind": "throttled", "retry_after": 1},
    {"kind": "throttled", "retry_after": 2, "as_date": True},
    {"kind": "throttled"},
    {"kind": "unavailable"},
    {"kind": "unavailable", "phase": "after"},
    {"kind": "gateway_timeout"},
    {"kind": "gateway_timeout", "phase": "after"},
    {"kind": "html"},
    {"kind": "html", "phase": "after"},
    {"kind": "empty"},
    {"kind": "empty", "phase": "after"},
    {"kind": "reset"},
    {"kind": "reset", "phase": "after"},
    {"kind": "timeout", "seconds": 2},
    {"kind": "timeout", "seconds": 2, "phase": "after"},
    {"kind": "quota"},
    # Not of the channel: a card that is refused waits ten minutes.
    {"kind": "error", "status": 401, "code": "InvalidAuthenticationToken", "path": "/users/"},
    {"kind": "error", "status": 403, "code": "ErrorAccessDenied", "path": "/users/"},
    {"kind": "error", "status": 500, "code": "ErrorInternalServerError", "phase": "after"},
]
# ... and one in ten of what these can show on.
_EFFECTS: list[dict[str, Any]] = [
    {"kind": "draft_gone", **_SEND},
    {"kind": "sent_late", "seconds": 3, **_SEND},
    {"kind": "search_lags", "seconds": 3},
    {"kind": "duplicate_items"},
    {"kind": "reordered_items"},
    {"kind": "empty_page"},
    {"kind": "slow_down", **_SEND},
]
# Each of these costs a person an answer; a mailbox in which one forward in ten bounces has other troubles.
_FOR_PEOPLE: list[dict[str, Any]] = [
    {"kind": "bounce", "seconds": 1, **_SEND},
    {"kind": "attachment_lost", **_FORWARD},
    {"kind": "attachment_shrunk", **_FORWARD},
]
_FOR_A_PERSON = {Status.REVIEW, Status.FAILED}
_LONG = [{"kind": "throttled", "retry_after": seconds, "rate": 0.001} for seconds in (179, 180)]


KINDS = {rule["kind"] for rule in (*_DISTURBANCES, *_EFFECTS, *_FOR_PEOPLE)}


def mailbox_faults(seed: int, *, long_waits: int) -> list[dict[str, Any]]:
    """The rules for the local mailbox; every rule has dice of its own."""
    disturbances = [{**rule, "rate": 0.1 / len(_DISTURBANCES)} for rule in _DISTURBANCES]
    effects = [{**rule, "rate": 0.1} for rule in _EFFECTS]
    for_people = [{**rule, "rate": 0.01} for rule in _FOR_PEOPLE]
    rules = [*({**rule, "count": long_waits} for rule in _LONG), *disturbances, *effects, *for_people]
    return [{**rule, "seed": seed + number} for number, rule in enumerate(rules)]


class StorageFaults:
    """A watch that lets one storage request in ten fail, before or after its effect, and doubles queue messages."""

    def __init__(self, seed: int) -> None:
        self.injected: Counter[str] = Counter()
        self.is_on = True
        self._random = random.Random(seed)  # noqa: S311  # dice
        self._lock = threading.Lock()

    def __call__(self, phase: Phase, exchange: Exchange) -> None:
        if not self.is_on or exchange.service == "graph":
            return
        with self._lock:
            chance, kind = self._random.random(), self._random.choice(("cut", "503"))
            doubled = self._random.random() < STORAGE_RATE
        if phase == "before" and doubled and exchange.method == "POST" and exchange.path.endswith("/messages"):
            self._count("message doubled")
            exchange.times = 2
        if chance > STORAGE_RATE / 2:  # for each of the two phases
            return
        self._count(f"storage {kind} {phase}")
        if kind == "cut":
            raise Cut
        raise Instead(Answer(503))

    def _count(self, kind: str) -> None:
        with self._lock:
            self.injected[kind] += 1


@dataclass
class Outcome:
    """What became of all mails."""

    mails: int
    sent: Counter[str] = field(default_factory=Counter)  # by file name
    unconfirmed: set[str] = field(default_factory=set)
    elsewhere: dict[str, str] = field(default_factory=dict)  # file name to a folder it should not lie in
    rows: dict[str, Transaction] = field(default_factory=dict)  # by file name

    @property
    def doubled(self) -> dict[str, int]:
        return {name: count for name, count in self.sent.items() if count > 1}

    @property
    def lost(self) -> set[str]:
        return {name_of(n) for n in range(self.mails)} - set(self.sent) - self.unconfirmed


def name_of(number: int) -> str:
    """The file name of a mail."""
    return f"inv-{number:05d}.eml"


class Chaos:
    """One run over a site."""

    def __init__(self, site: Site, hosts: Hosts, mails: int, seed: int) -> None:
        self.site, self.mails = site, mails
        self.storage = StorageFaults(seed)
        self.kills = 0
        self.releases: Counter[str] = Counter()
        self._hosts = hosts
        self._random = random.Random(seed)  # noqa: S311  # dice
        self._running: list[Host] = []
        self._dropped = 0
        self._cards_seen: set[str] = set()  # not how many: one card may be written before an older one
        self._to_answer: list[tuple[str, set[str]]] = []
        self._unconfirmed: set[str] = set()

    @property
    def faults(self) -> dict[str, int]:
        """How often each kind was injected."""
        return {**self.site.mailbox.faults.injected, **self.storage.injected}

    def run(self, seconds: float) -> Outcome:
        """Feed, kill and answer until every mail is at rest, or the time is over."""
        deadline, next_kill = time.monotonic() + seconds, time.monotonic() + KILL_SECONDS[1]
        with ExitStack() as stack:
            wires = [stack.enter_context(self.site.wires(self.storage, **SETTINGS)) for _ in range(HOSTS)]
            self._running = [self._start(one.environment) for one in wires]
            stack.callback(self._end_hosts)
            while time.monotonic() < deadline and not self._is_over():
                self._feed()
                self._answer_cards()
                if time.monotonic() > next_kill:
                    self._kill_one([one.environment for one in wires])
                    next_kill = time.monotonic() + self._random.uniform(*KILL_SECONDS)
                time.sleep(0.5)
        return self._outcome()

    def _start(self, environment: dict[str, str]) -> Host:
        return self._hosts.start(environment, self.site.folder / "host.log")

    def _end_hosts(self) -> None:
        for host in self._running:
            host.kill()

    def _kill_one(self, environments: list[dict[str, str]]) -> None:
        chosen = self._random.randrange(HOSTS)
        self._running[chosen].kill()
        self._running[chosen] = self._start(environments[chosen])
        self.kills += 1

    def _feed(self) -> None:
        room = AT_ONCE - len(list(self._inbox.glob("inv-*.eml")))
        numbers = range(self._dropped, min(self._dropped + max(room, 0), self.mails))
        # Half of them with a document, half with the number in their text alone.
        self.site.arrive([(name_of(n), invoice_mail(f"INV-{n:05d}", documents=n % 2)) for n in numbers])
        self._dropped += len(numbers)

    @property
    def _inbox(self) -> Path:
        return self.site.root / MAILBOX / "Inbox"

    def _answer_cards(self) -> None:
        """Do as an AP clerk does: whatever did not get through is put back into the Inbox."""
        for path in self.site.cards():
            if path.name in self._cards_seen:
                continue
            self._cards_seen.add(path.name)
            card = json.loads(path.read_bytes())
            if card["status"] in _FOR_A_PERSON:
                self._to_answer.append((card["transactionId"], set(card["reasons"])))
        self._to_answer = [one for one in self._to_answer if not self._is_answered(*one)]

    def _is_answered(self, transaction_id: str, reasons: set[str]) -> bool:
        row = self._row(transaction_id)
        if row is None or row["Status"] not in _FOR_A_PERSON:
            return True  # it has gone on meanwhile
        file = self.site.mailbox.file_of(MAILBOX, row["MailId"])
        if file is None or not file.name.startswith("inv-"):
            return True  # a delivery report that fits nothing
        if Reason.DELIVERY_UNCONFIRMED in reasons:
            self._unconfirmed.add(file.name)
            return True
        if file.parent.name not in {"Review", "Failed"}:
            return False  # not filed yet: a clerk looks again
        shutil.move(file, self._inbox / file.name)
        self.releases.update(reasons)
        self._unconfirmed.discard(file.name)
        return True

    def _row(self, transaction_id: str) -> Mapping[str, Any] | None:
        try:
            return self._ledger.get_entity(time.strftime("%Y%m", time.gmtime()), transaction_id)
        except ResourceNotFoundError:
            return None

    @cached_property
    def _service(self) -> TableServiceClient:
        return TableServiceClient.from_connection_string(self.site.connection_string)

    @cached_property
    def _ledger(self) -> TableClient:
        return self._service.get_table_client(LEDGER)

    def _is_over(self) -> bool:
        if self._dropped < self.mails or any(self._inbox.glob("*.eml")):
            return False
        at_rest = len(list((self.site.root / MAILBOX / "Posted").glob("inv-*.eml"))) + len(self._unconfirmed)
        if at_rest < self.mails:
            return False
        self.storage.is_on = False
        self.site.mailbox.faults.clear()
        return not list(self._service.get_table_client(OPEN).list_entities()) and not self.site.waiting()

    def _outcome(self) -> Outcome:
        outcome = Outcome(self.mails, unconfirmed=self._unconfirmed)
        for path in self.site.mails("Inbox", AP_MAILBOX):
            outcome.sent[_source_of(path)] += 1
        for folder in ("Inbox", "Needs Vendor", "Review", "Ignored", "Failed"):
            for path in (self.site.root / MAILBOX / folder).glob("inv-*.eml"):
                if not (folder == "Review" and path.name in self._unconfirmed):
                    outcome.elsewhere[path.name] = folder
        outcome.rows.update((_numbered(row.subject), row) for row in self.site.rows() if "INV-" in row.subject)
        return outcome


def _source_of(path: Path) -> str:
    """Which mail an AP mail is the forward of: its number stands in the subject."""
    return _numbered(path.read_bytes()[:8000].decode(errors="replace"))


def _numbered(text: str) -> str:
    return name_of(int(text.partition("INV-")[2][:5]))


def measured(chaos: Chaos, outcome: Outcome, seconds: float) -> Iterator[str]:
    """What the run was, and what came of it."""
    faults = chaos.faults
    yield (
        f"chaos: {outcome.mails} mails in {seconds:.0f} s, {HOSTS} hosts, {chaos.kills} kills, "
        f"{sum(faults.values())} faults, {sum(chaos.releases.values())} released by a person"
    )
    counts = {"unconfirmed": outcome.unconfirmed, "doubled": outcome.doubled, "lost": outcome.lost}
    yield f"  AP mails {outcome.sent.total()}, " + ", ".join(f"{name} {len(found)}" for name, found in counts.items())
    yield f"  cards {len(chaos.site.cards())}, poison kept {dict(chaos.site.poison())}"
    yield "  faults: " + ", ".join(f"{kind} {count}" for kind, count in sorted(faults.items()))
    yield "  released: " + ", ".join(f"{reason} {count}" for reason, count in sorted(chaos.releases.items()))
    for name in sorted(outcome.lost | set(outcome.elsewhere) | set(outcome.doubled)):
        row = outcome.rows.get(name)
        known = row.model_dump_json(exclude_defaults=True) if row else "no row"
        yield f"  {name}: in {outcome.elsewhere.get(name, 'no folder that is wrong')}, {known}"
