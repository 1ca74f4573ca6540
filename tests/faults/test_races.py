"""Races that a proxy holds open between real hosts, people and vendors, judged from the outside alone.

Times are scaled down together: the ten minutes that storage or the mailbox may be away are ten seconds here, as the
fifteen minutes after which the app counts work as stuck are four.
"""

import re
import shutil
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import cycle, pairwise
from pathlib import Path
from typing import Any, Literal, get_args

import pytest
from azure.data.tables import TableServiceClient

from infrastructure.checkout import checkout
from infrastructure.local import process
from shared.adapters.tables import LEDGER
from shared.domain.messages import ADD_VENDOR, NOTIFY, RAW_MAIL, TO_POST, AddVendor, WorkOn
from tests.faults.boundaries import LISTING, Boundary, kind_of
from tests.faults.gates import (
    ALL_QUEUES,
    HELD_SECONDS,
    LONG_SECONDS,
    SECONDS,
    At,
    Bench,
    Ending,
    Gate,
    Meeting,
    Once,
    Order,
    Stop,
    ending,
    faults_of,
    faults_of_stale,
    file_of,
    moments,
    put,
    send,
    stops,
)
from tests.faults.hosts import Hosts
from tests.faults.mails import invoice_mail
from tests.faults.proxy import Exchange, Phase
from tests.faults.site import BLUEBIRD, Accounts, Site, site

AT_ONCE = 8  # cases of one mail; most of such a case is waiting
CROWDS_AT_ONCE = 2  # cases of many mails; such a case is work

PATIENT = {"STUCK_AFTER_SECONDS": "20"}  # of many mails at once each waits for the others, and is not stuck

Case = Callable[[], Iterator[str]]  # runs, and yields what is wrong
Cases = Iterator[tuple[str, Case]]  # with their titles
Act = Callable[[Site, Gate], None]  # what happens at a stop

_ROW = "GET table InvoiceTransactions"
_WRITE = "POST table InvoiceTransactions (batch)"
_READ = "GET graph messages/{id}"
_FORWARD = "POST graph messages/{id}/createForward"
_SEND = "POST graph messages/{id}/send"
_MOVE = "POST graph messages/{id}/move"
_CARD = "POST graph teams"
_LOOK_UP = "GET table VendorKeys"

pytestmark = pytest.mark.timeout(2400)  # the first one waits for its share of the pool


@dataclass(frozen=True, slots=True)
class Life:
    """What kind of life a mail has."""

    documents: int = 0  # reading one takes a process of its own
    vendors: Sequence[AddVendor] = (BLUEBIRD,)


PLAIN, READ, UNKNOWN = LIVES = (Life(), Life(documents=1), Life(documents=1, vendors=()))


@dataclass(frozen=True)
class Stage:
    """Where the cases of one test play."""

    folder: Path
    accounts: Accounts
    bench: Bench

    @contextmanager
    def site(self, name: str, life: Life, *mails: str) -> Iterator[Site]:
        """A site with one mail, or with mails of these numbers."""
        folder = self.folder / re.sub(r"\W+", "-", name)
        folder.mkdir()
        names = {"invoice.eml": "INV-1"} if not mails else {f"{number}.eml": number for number in mails}
        made = [(file, invoice_mail(number, documents=life.documents)) for file, number in names.items()]
        with site(folder, self.accounts, *made, vendors=life.vendors) as place:
            yield place

    def whole_path(self, life: Life) -> list[Boundary]:
        """The requests of a mail's undisturbed path."""
        gate = Gate()
        with self.site(f"whole {life.documents} {len(life.vendors)}", life) as place, self.bench.host(place, gate):
            assert process.wait_until(lambda: place.is_at_rest(1), seconds=SECONDS, step=0.2)
            return list(gate.seen)

    def stopped(self, stop: Stop, act: Act, life: Life, **settings: str) -> Ending:
        """The life of one mail on one host, in which something happens at one stop."""
        with self.site(f"{stop} {act.__name__}", life) as place:
            once = Once(stop, lambda: act(place, gate))
            gate = Gate(once)
            with self.bench.host(place, gate, **settings):
                is_reached = once.passed.wait(SECONDS)
                end = ending(place, gate, mails=0)  # one that was never listed has no row
                end.faults += [] if is_reached else ["never reached"]
                return end


Paths = Mapping[Life, Sequence[Boundary]]  # the requests of an undisturbed life


# A tick that knows the Inbox as it was

Workers = Literal["its own queues", "the other host"]


def stale_tick(stage: Stage, stop: Stop, workers: Workers) -> Iterator[str]:
    """One host's tick rests at a stop for the whole life of the mail that it has listed, or is about to."""
    with stage.site(f"{stop} {workers}", PLAIN) as place, ExitStack() as stack:
        other = Gate.free(kept_from=ALL_QUEUES if workers == "its own queues" else ())

        def live() -> None:
            stack.enter_context(stage.bench.host(place, other))
            seconds = LONG_SECONDS if stop.boundary.kind == LISTING else HELD_SECONDS
            assert process.wait_until(lambda: _is_done(place), seconds=seconds, step=0.2), "never done meanwhile"

        once = Once(stop, live)
        stale = Gate(once, kept_from=() if workers == "its own queues" else ALL_QUEUES)
        stack.enter_context(stage.bench.host(place, stale))
        if not once.passed.wait(SECONDS):
            yield "never reached"
        yield from faults_of_stale(ending(place, stale, other))


def _is_done(place: Site, mails: int = 1) -> bool:
    return not place.mails("Inbox") and place.is_at_rest(mails)


def stale_row(stage: Stage, write: Boundary) -> Iterator[str]:
    """One host's tick lists the mail, reads its row as another host has just written it, and rests."""
    with stage.site(f"row {write}", PLAIN) as place, ExitStack() as stack:
        is_written, is_read = threading.Event(), threading.Event()

        def pause() -> None:
            is_written.set()
            assert is_read.wait(HELD_SECONDS), "the row was never read"

        other = Gate(Once(Stop(write, "after"), pause))
        stack.callback(other.let_go)

        def begin() -> None:
            stack.enter_context(stage.bench.host(place, other))
            assert is_written.wait(HELD_SECONDS), "the row was never written"

        def outlive() -> None:
            is_read.set()
            assert process.wait_until(lambda: _is_done(place), seconds=HELD_SECONDS, step=0.2), "never done meanwhile"
            rested.set()

        rested = threading.Event()
        listed, read = (
            Once(Stop(Boundary(LISTING, 1), "after"), begin),
            Once(Stop(Boundary(_ROW, 1), "after"), outlive),
        )
        stale = Gate(_both(listed, read), kept_from=ALL_QUEUES)
        stack.enter_context(stage.bench.host(place, stale))
        if not rested.wait(SECONDS):
            yield "never reached"
        yield from faults_of_stale(ending(place, stale, other))


def _both(*watches: At) -> At:
    def at(phase: Phase, boundary: Boundary, exchange: Exchange) -> None:
        for watch in watches:
            watch(phase, boundary, exchange)

    return at


def between_list_and_insert(found: Sequence[Boundary]) -> list[Stop]:
    """The moments of a tick from the answer of its list to its own insert of the mail."""
    kinds = [boundary.kind for boundary in found]
    return moments(found[kinds.index(LISTING) : kinds.index(_WRITE)])[1:]


def stale_list(stage: Stage) -> Iterator[str]:
    """The tick of one host holds a list of six mails, in disorder and with repeats, until all of them are done."""
    numbers = [f"INV-{n}" for n in range(6)]
    with stage.site("list", PLAIN, *numbers) as place, ExitStack() as stack:
        path = "/mailFolders/inbox/messages$"
        place.mailbox.faults.replace(
            [{"kind": "duplicate_items", "path": path}, {"kind": "reordered_items", "path": path}]
        )
        other = Gate.free()

        def live() -> None:
            stack.enter_context(stage.bench.host(place, other))
            assert process.wait_until(lambda: _is_done(place, 6), seconds=LONG_SECONDS, step=0.2), (
                "never done meanwhile"
            )

        once = Once(Stop(Boundary(LISTING, 1), "after"), live)
        stale = Gate(once, kept_from=ALL_QUEUES)
        stack.enter_context(stage.bench.host(place, stale))
        if not once.passed.wait(SECONDS):
            yield "never reached"
        yield from faults_of_stale(ending(place, stale, other, mails=6), mails=6)
        injected = place.mailbox.faults.injected
        if not (injected["duplicate_items"] and injected["reordered_items"]):
            yield f"the list was in order: {injected}"


def stale_ticks(stage: Stage, paths: Paths) -> Cases:
    """No tick that knows the Inbox as it was takes anybody for a person who puts a mail back."""
    yield "list in disorder", partial(stale_list, stage)
    for stop in between_list_and_insert(paths[PLAIN]):
        for workers in get_args(Workers):
            yield f"{stop}, {workers}", partial(stale_tick, stage, stop, workers)
    for write in (boundary for boundary in paths[PLAIN] if boundary.kind == _WRITE):
        yield f"row after {write}", partial(stale_row, stage, write)


# Two hosts at the same request of the same mail


def two_ticks(stage: Stage, stop: Stop) -> Iterator[str]:
    """The ticks of two hosts meet at a stop before their inserts."""
    with stage.site(f"ticks {stop}", PLAIN) as place, ExitStack() as stack:
        barrier = threading.Barrier(2, timeout=HELD_SECONDS)
        meetings = [Once(stop, lambda: _wait(barrier)) for _ in range(2)]
        gates = [Gate(once) for once in meetings]
        for gate in gates:
            stack.enter_context(stage.bench.host(place, gate))
        if not all(once.passed.wait(SECONDS) for once in meetings):
            yield "never reached"
        yield from faults_of_stale(ending(place, *gates))


def _wait(barrier: threading.Barrier) -> None:
    try:
        barrier.wait()
    except threading.BrokenBarrierError:
        raise AssertionError("the two never met") from None


def is_write(what: str) -> Callable[[Exchange], bool]:
    """Whether a request writes this line of a mail's history."""
    line = re.compile(rb'"What": ?"%s"' % what.encode())
    return lambda exchange: kind_of(exchange) == _WRITE and bool(line.search(exchange.body))


def is_send(exchange: Exchange) -> bool:
    """Whether a request sends a draft."""
    return kind_of(exchange) == _SEND


@dataclass(frozen=True, slots=True)
class Encounter:
    """Where two hosts meet that got a message each, and what has to be over before the second one gets there."""

    is_it: Callable[[Exchange], bool]
    queue: str
    has_claim: bool = False

    @property
    def orders(self) -> tuple[Order, ...]:
        """Around the send the order matters most; elsewhere the ETag decides in any order alike."""
        return ("together", "first", "second") if self.has_claim else ("together",)


ENCOUNTERS = {
    "enriched": Encounter(is_write("enriched"), RAW_MAIL),
    "claimed": Encounter(is_write("claimed"), TO_POST),
    "send started": Encounter(is_write("send started"), TO_POST, has_claim=True),
    "send": Encounter(is_send, TO_POST, has_claim=True),
    "posted": Encounter(is_write("posted"), TO_POST, has_claim=True),
    "filed": Encounter(is_write("filed"), TO_POST),
    "announced": Encounter(is_write("announced"), NOTIFY),
}
SHORT = {"DELIVERY_PATIENCE_SECONDS": "2"}


def end_claim(place: Site) -> None:
    """Let the claim on the mail be over, though its worker still works; the ETag changes as by the next claim."""
    with TableServiceClient.from_connection_string(place.connection_string) as service:
        (row,) = place.rows()
        columns = {"PartitionKey": row.partition, "RowKey": row.transaction_id, "ClaimUntil": row.updated_at}
        service.get_table_client(LEDGER).update_entity(columns)


def two_workers(stage: Stage, name: str, order: Order) -> Iterator[str]:
    """The stages of two hosts meet on one mail, by a message each, and go on in an order."""
    encounter = ENCOUNTERS[name]
    meeting = Meeting(encounter.is_it, order)
    first, second = Gate(meeting.at("first")), Gate(meeting.at("second"))
    with stage.site(f"{name} {order}", PLAIN) as place, stage.bench.host(place, first, **SHORT):
        if not meeting.there["first"].wait(SECONDS):
            yield "never reached"
        first.kept_from.update(ALL_QUEUES)
        if encounter.has_claim:
            end_claim(place)
            time.sleep(2.2)  # the patience
        (row,) = place.rows()
        send(place, encounter.queue, WorkOn.on(row.key).to_bytes())
        with stage.bench.host(place, second, **SHORT):
            if not all(left.wait(2 * HELD_SECONDS) for left in meeting.left.values()):
                yield "never met"
            first.kept_from.clear()
            end = ending(place, first, second)
    yield from faults_of_stale(end)


def two_hosts(stage: Stage, paths: Paths) -> Cases:
    """Two hosts that take up one mail send it once."""
    for stop in between_list_and_insert(paths[PLAIN]):
        yield f"ticks {stop}", partial(two_ticks, stage, stop)
    for name, encounter in ENCOUNTERS.items():
        for order in encounter.orders:
            yield f"{name}, {order}", partial(two_workers, stage, name, order)


# A vendor that is added between look-up and parking


def add_by_message(place: Site, gate: Gate) -> None:
    """Add the vendor as a message does, and wait until the host has done it."""
    send(place, ADD_VENDOR, BLUEBIRD.to_bytes())
    assert process.wait_until(lambda: gate.handled[ADD_VENDOR] > 0, seconds=HELD_SECONDS), "the vendor was never added"


def add_by_import(place: Site, _: Gate) -> None:
    """Add the vendor as an import does, from another process."""
    place.add_vendors(BLUEBIRD)


def late_vendor(stage: Stage, stop: Stop, add: Act) -> Iterator[str]:
    """The vendor comes at one stop on the way of its mail into "Needs Vendor"."""
    end = stage.stopped(stop, add, UNKNOWN)
    yield from faults_of(end)
    if end.folder != "Posted":
        yield f"lies in {end.folder}"


def late_vendors(stage: Stage, paths: Paths) -> Cases:
    """A vendor added between look-up and parking frees its mail."""
    kinds = [boundary.kind for boundary in paths[UNKNOWN]]
    parking = paths[UNKNOWN][kinds.index(_LOOK_UP) : kinds.index(_WRITE, kinds.index(_MOVE)) + 1]
    for stop, add in zip(moments(parking), cycle((add_by_message, add_by_import)), strict=False):
        yield f"{stop}, {add.__name__}", partial(late_vendor, stage, stop, add)


# A person who takes the mail away


def take_away(place: Site, _: Gate) -> None:
    """Move the mail to a folder of one's own."""
    put(place, "Mine")


def delete(place: Site, _: Gate) -> None:
    """Delete the mail for good."""
    found = file_of(place)
    assert found is not None, "the person does not find the mail"
    found.unlink()


UNSENT: Mapping[Act, str] = {take_away: "ignored: taken_by_a_person", delete: "failed: mail_gone"}


@dataclass(frozen=True, slots=True)
class Landmarks:
    """The stops of a mail's path at which it is settled what a person may still achieve."""

    path: Sequence[Stop]
    listed: Stop
    last_look: Stop  # at the folder, before the forward is made
    sent: Stop

    @classmethod
    def of(cls, found: Sequence[Boundary]) -> "Landmarks":
        kinds = [boundary.kind for boundary in found]
        forward = kinds.index(_FORWARD)
        look = max(number for number, kind in enumerate(kinds) if kind == _READ and number < forward)
        at = {
            "listed": kinds.index(LISTING),
            "last_look": look,
            "sent": kinds.index(_SEND),
        }
        return cls(stops(found), **{name: Stop(found[number], "after") for name, number in at.items()})

    def is_before(self, stop: Stop, landmark: Stop) -> bool:
        return self.path.index(stop) < self.path.index(landmark)

    def may_end(self, stop: Stop, unsent: str) -> set[tuple[str, int]]:
        """What may become of a mail that a person takes at a stop: its row, and how many AP mails."""
        if self.is_before(stop, self.listed):
            return {("", 0)}
        if self.is_before(stop, self.last_look):
            return {(unsent, 0)}
        return {(unsent, 0), ("posted", 1)} if self.is_before(stop, self.sent) else {("posted", 1)}


def taken(stage: Stage, landmarks: Landmarks, stop: Stop, take: Act) -> Iterator[str]:
    """A person takes the mail at one stop."""
    end = stage.stopped(stop, take, READ)
    yield from end.faults
    if (end.outcome, len(end.sent)) not in landmarks.may_end(stop, UNSENT[take]):
        yield f"{end.outcome or 'no row'}, {len(end.sent)} AP mails"
    places = {""} if take is delete else {"Mine", "Posted"} if end.sent else {"Mine"}
    if end.folder not in places:
        yield f"lies in {end.folder or 'no folder'}"
    if end.poison:
        yield f"poison: {end.poison}"


def is_of_mailbox(boundary: Boundary | None) -> bool:
    return boundary is not None and " graph " in boundary.kind and boundary.kind != _CARD


def mailbox_moments(found: Sequence[Boundary]) -> Iterator[Stop]:
    """The moments around every request to the mailbox."""
    for before, boundary in pairwise([None, *found]):
        if boundary is not None and is_of_mailbox(boundary):
            if not is_of_mailbox(before):  # or else its "after" is the same moment
                yield Stop(boundary, "before")
            yield Stop(boundary, "after")


def taken_mails(stage: Stage, paths: Paths) -> Cases:
    """A mail that a person takes is sent once or not at all, and stays with the person."""
    landmarks = Landmarks.of(paths[READ])
    for stop in mailbox_moments(paths[READ]):
        for take in UNSENT:
            yield f"{stop}, {take.__name__}", partial(taken, stage, landmarks, stop, take)


# A person who puts the mail back at once


def put_back(place: Site, _: Gate) -> None:
    """Move the mail back to the Inbox and let the host go on at once."""
    put(place, "Inbox")


def put_back_and_wait(place: Site, gate: Gate) -> None:
    """Move the mail back to the Inbox and hold the host's request until its ticks have seen that."""
    put(place, "Inbox")
    before = gate.ticks
    gate.let_go()
    assert process.wait_until(lambda: gate.ticks >= before + 2, seconds=HELD_SECONDS), "no tick meanwhile"


def released(stage: Stage, stop: Stop, act: Act) -> Iterator[str]:
    """A person puts the mail back while the last steps after its filing still run."""
    # Held for longer than work takes, its filing would be done again, and the person's move with it undone.
    end = stage.stopped(stop, act, PLAIN, STUCK_AFTER_SECONDS="120", CLAIM_SECONDS="120")
    yield from faults_of(end)
    if end.folder != "Posted":
        yield f"lies in {end.folder}"
    if end.already_sent != 1:
        yield f"{end.already_sent} cards that say already sent"


def released_mails(stage: Stage, paths: Paths) -> Cases:
    """A mail that a person puts back as soon as it is filed is not sent again, and a card says so."""
    moved = [boundary.kind for boundary in paths[PLAIN]].index(_MOVE)
    for stop in moments(paths[PLAIN][moved:])[1:-1]:
        for act in (put_back, put_back_and_wait):
            yield f"{stop}, {act.__name__}", partial(released, stage, stop, act)


# Two releases on one storage account

Edit = tuple[str, str, str]  # file, what stands there once, what is to stand there
MARK: Edit = ("adapters/tables/ledger.py", '"Why": event.why,', '"Why": event.why, "Release": "other",')
NEXT: tuple[Edit, ...] = (
    MARK,
    ("domain/messages.py", "SCHEMA_VERSION = 1", "SCHEMA_VERSION = 2"),
    ("domain/messages.py", "    partition: str = Field(", '    hint: str = "new"\n    partition: str = Field('),
    ("domain/transaction.py", "    etag: str = Field(", '    cost_centre: str = ""\n    etag: str = Field('),
    ("domain/transaction.py", "            taken_up_at=now,", '            taken_up_at=now, cost_centre="CC-77",'),
)
LACKED = ("TakenUpAt", "Evidence")  # columns that the previous release knew nothing of
PREVIOUS: tuple[Edit, ...] = (
    MARK,
    ("domain/transaction.py", "self.model_dump(by_alias=True)", "_without(self.model_dump(by_alias=True))"),
    ("domain/transaction.py", "cls.model_validate(dict(columns))", "cls.model_validate(_without(columns))"),
    (
        "domain/transaction.py",
        "def _split(",
        f"def _without(cells):\n    return {{n: v for n, v in cells.items() if n not in {LACKED}}}\n\n\ndef _split(",
    ),
)


def release(folder: Path, edits: Sequence[Edit]) -> Path:
    """An app folder of another release: this one with some edits."""
    folder.mkdir()
    for name in ("function_app.py", "host.json"):
        shutil.copy(checkout() / name, folder)
    shutil.copytree(checkout() / "shared", folder / "shared", ignore=shutil.ignore_patterns("__pycache__"))
    for name, old, new in edits:
        path = folder / "shared" / name
        text = path.read_text()
        assert text.count(old) == 1, f"{name}: {old}"
        path.write_text(text.replace(old, new))
    return folder


@contextmanager
def other_host(app: Path, place: Site, gate: Gate, **settings: str) -> Iterator[None]:
    """A host that runs an app folder, in a process that has imported nothing of this checkout's app."""
    log = place.folder / "other.log"
    with place.wires(gate, **settings) as wires, log.open("wb") as output:
        environment = {n: v for n, v in wires.environment.items() if not n.startswith("COVERAGE_PROCESS")}
        host = subprocess.Popen(
            [sys.executable, "-m", "infrastructure.local", "host", "--app", str(app), "--lease", "4"],
            cwd=checkout(),
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            text=True,
            preexec_fn=process.die_with_parent(),  # noqa: PLW1509  # makes one system call, takes no lock
        )
        try:
            assert process.wait_until(lambda: gate.ticks > 0, seconds=SECONDS), log.read_text()
            yield
        finally:
            gate.let_go()
            process.stop(host, seconds=20)


@dataclass(frozen=True, slots=True)
class History:
    """The rows as they stand, and which release wrote which line of their history."""

    rows: Mapping[str, Mapping[str, Any]]
    by_other: Mapping[str, set[str]]  # transaction id to lines
    by_current: Mapping[str, set[str]]

    @classmethod
    def of(cls, place: Site) -> "History":
        entities = place._entities(LEDGER)
        lines: dict[bool, dict[str, set[str]]] = {True: defaultdict(set), False: defaultdict(set)}
        for entity in entities:
            if "EventOf" in entity:
                lines["Release" in entity][entity["EventOf"]].add(entity["What"])
        rows = {entity["RowKey"]: entity for entity in entities if "EventOf" not in entity}
        return cls(rows, lines[True], lines[False])

    @property
    def mixed(self) -> int:
        return sum(1 for row in self.rows if self.by_other[row] and self.by_current[row])

    def lost(self, by: Mapping[str, set[str]], what: str, column: str) -> Iterator[str]:
        """The rows in which a column is gone that a release has written with a line."""
        writers = [row for row in self.rows if what in by[row]]
        if not writers:
            yield f"{column}: never written"
        if gone := [row for row in writers if not self.rows[row].get(column)]:
            yield f"{column}: lost in {len(gone)} of {len(writers)} rows"


BURST = tuple(f"INV-{n:02d}" for n in range(15))
ARRIVAL_SECONDS = 0.3


def taken_in(place: Site, mails: int) -> None:
    """Wait until so many mails have a row."""
    assert process.wait_until(lambda: len(place.rows()) == mails, seconds=SECONDS), f"{mails} were never taken in"


def two_releases(
    stage: Stage, app: Path, *, other_reads: bool, kept: Callable[[History], Iterator[str]]
) -> Iterator[str]:
    """Two releases share 15 mails: one of them reads each, the other one posts it, both tick and announce."""
    reader, poster = Gate.free(kept_from=[TO_POST]), Gate.free(kept_from=[RAW_MAIL])
    other, current = (reader, poster) if other_reads else (poster, reader)
    burst = [(f"{number}.eml", invoice_mail(number, documents=0)) for number in BURST[1:]]
    with stage.site(f"{app.name} {other_reads}", PLAIN, BURST[0]) as place, other_host(app, place, other, **PATIENT):
        taken_in(place, 1)  # by the other one
        with stage.bench.host(place, current, **PATIENT):
            other.blind()
            place.arrive(burst[:1])
            taken_in(place, 2)  # by the current one; whose tick is first for the rest is a matter of luck
            other.is_blind = False
            for mail in burst[1:]:  # one by one, or the first tick of one release may take all of them in
                place.arrive([mail])
                time.sleep(ARRIVAL_SECONDS)
            end = ending(place, other, current, mails=len(BURST))
        history = History.of(place)
    yield from faults_of_stale(end, mails=len(BURST))
    yield from kept(history)
    if history.mixed < len(BURST):
        yield f"only {history.mixed} mails went through both"


def next_is_kept(history: History) -> Iterator[str]:
    yield from history.lost(history.by_other, "received", "CostCentre")


def current_is_kept(history: History) -> Iterator[str]:
    yield from history.lost(history.by_current, "received", "TakenUpAt")


def mixed_releases(stage: Stage, _: Paths) -> Cases:
    """Two releases side by side send every mail once, and keep what the other one knows."""
    for name, edits, kept in (("next", NEXT, next_is_kept), ("previous", PREVIOUS, current_is_kept)):
        app = release(stage.folder / f"{name}-app", edits)
        yield f"{name} reads", partial(two_releases, stage, app, other_reads=True, kept=kept)
        yield f"{name} posts", partial(two_releases, stage, app, other_reads=False, kept=kept)


# Storage or the mailbox is away for a while

AWAY_SECONDS = 10.0


def outage(stage: Stage, services: Sequence[str]) -> Iterator[str]:
    """Every request to some services is cut for ten seconds in the middle of a burst."""
    numbers = [f"INV-{n:02d}" for n in range(20)]
    gate = Gate.free()
    with stage.site(f"away {services}", PLAIN, *numbers) as place, stage.bench.host(place, gate, **PATIENT):
        if not process.wait_until(lambda: len(place.ap_markers()) >= 5, seconds=SECONDS):
            yield "never in the middle"
        gate.away.update(services)
        time.sleep(AWAY_SECONDS)
        before = len(place.ap_markers())
        gate.away.clear()
        end = ending(place, gate, mails=len(numbers))
    if before == len(numbers):
        yield "nothing was left to do"
    yield from faults_of(replace(end, poison={}), mails=len(numbers))  # what is kept may be: all mails are final


def outages(stage: Stage, _: Paths) -> Cases:
    """Ten minutes without storage, the mailbox or both cost time and nothing else."""
    yield "storage", partial(outage, stage, ("queue", "table"))
    yield "mailbox", partial(outage, stage, ("graph",))
    yield "everything", partial(outage, stage, ("queue", "table", "graph"))


CROWDS = (outages, mixed_releases)
RACES = {race.__name__: race for race in (*CROWDS, two_hosts, stale_ticks, late_vendors, released_mails, taken_mails)}


def _faults_of(case: Case) -> list[str]:
    return list(case())


Running = Mapping[str, Mapping[str, "Future[list[str]]"]]


@pytest.fixture(scope="module")
def running(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, accounts: Accounts, hosts: Hosts
) -> Iterator[Running]:
    """The cases of all races that this session is to run; those of one mail begin when the crowds are gone."""
    items = [item for item in request.session.items if isinstance(item, pytest.Function)]
    chosen = {item.callspec.params["race"] for item in items if item.path == request.path}
    stage = Stage(tmp_path_factory.mktemp("races"), accounts, Bench(hosts))
    with ThreadPoolExecutor(AT_ONCE) as pool, ThreadPoolExecutor(CROWDS_AT_ONCE) as crowds:
        paths = dict(zip(LIVES, pool.map(stage.whole_path, LIVES), strict=True))

        def begun(race: Callable[[Stage, Paths], Cases], on: ThreadPoolExecutor) -> dict[str, "Future[list[str]]"]:
            return {title: on.submit(_faults_of, case) for title, case in race(stage, paths)}

        found = {race.__name__: begun(race, crowds) for race in CROWDS if race.__name__ in chosen}
        wait(future for cases in found.values() for future in cases.values())
        alone = {name: begun(race, pool) for name, race in RACES.items() if name in chosen and race not in CROWDS}
        yield {**found, **alone}
        pool.shutdown(wait=False, cancel_futures=True)


@pytest.mark.parametrize("race", RACES)
def test_race(race: str, running: Running, figures: list[str]) -> None:
    found = {title: future.result() for title, future in running[race].items()}
    wrong = [f"{title}: {faults}" for title, faults in found.items() if faults]
    figures.append(f"races: {race.replace('_', ' ')}: {len(found)} cases, {len(wrong)} wrong")
    assert len(found) > 2
    assert wrong == []
