"""Any interleaving of workers, port call by port call, with faults and people keeps the promises about every mail."""

import asyncio
import copy
import itertools
import math
import os
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from shared.casework import RUN_SECONDS
from shared.domain.mail import INBOX, Mail
from shared.domain.messages import ADD_VENDOR, NOTIFY, QUEUES, RAW_MAIL, TO_POST, AddVendor, Outgoing, WorkOn
from shared.domain.reason import SENDS_AGAIN, Reason
from shared.domain.transaction import FOLDERS, RESTING, TRANSITIONS, Key, Status, Transaction
from shared.ports import Conflict, Later, MailGone, MailRefused
from tests.fakes import AfterSend, Clock, FakeMailbox
from tests.stages.world import BLUEBIRD, Phase, Tuning, World

SOAK = 20 if os.environ.get("SOAK") == "1" else 1  # how many times as many examples

SLOTS = 2  # production and staging run at once around a swap
WORKERS = 4  # held at once
FUNCTION_SECONDS = 300.0  # host.json: what runs longer takes its whole process with it
STILL_A_DRAFT_SECONDS = 250.0  # a slower transport looks like a draft that was never sent
TO_THE_END = 10_000
IDLE = 20  # turns of the loop without a port call: the worker waits for a lock of its own process

TICK = ""  # the queue of a worker that runs the timer


class StorageDown(Exception):
    """A storage call failed: the function fails, and the queue delivers its message again."""


class SimulatedLoop(asyncio.SelectorEventLoop):
    """A loop whose timers follow the model's time, and whose threads are calls."""

    now = 0.0

    def __init__(self) -> None:
        super().__init__()
        self.set_default_executor(_Inline(1))

    def time(self) -> float:
        return self.now


class _Inline(ThreadPoolExecutor):
    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        done: Future[Any] = Future()
        done.set_result(fn(*args, **kwargs))
        return done


class Mailbox(FakeMailbox):
    """Remembers who moved a mail last, and when a draft was sent that still looks like one."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.moved_by_app: set[str] = set()  # ids of mails that nobody else moved since
        self.taken: dict[str, int] = {}  # ids of mails that a person took, to the last worker started before that
        self.elapsed: Callable[[], float] = float
        self._shown_as_draft_since: float | None = None

    async def move(self, mail_id: str, folder: str) -> None:
        me = _me.get()
        started = me.number if me is not None else math.inf
        assert started <= self.taken.get(mail_id, math.inf), "moved from where a person had put it"
        self.moved_by_app.add(mail_id)
        await super().move(mail_id, folder)

    def move_by_person(self, mail_id: str, folder: str) -> None:
        self.moved_by_app.discard(mail_id)
        super().move_by_person(mail_id, folder)

    async def send(self, draft_id: str) -> None:
        if self.after_send is AfterSend.STILL_A_DRAFT and self._shown_as_draft_since is None:
            self._shown_as_draft_since = self.elapsed()
        await super().send(draft_id)

    def settle(self) -> None:
        self._shown_as_draft_since = None
        super().settle()

    def catch_up(self) -> None:
        """Let the transport finish where it would take longer than a mailbox does."""
        since = self._shown_as_draft_since
        if since is not None and self.elapsed() - since >= STILL_A_DRAFT_SECONDS:
            self.settle()


@dataclass(eq=False)
class Worker:
    """One run of a function, held at the gate before or after a port call once it has passed `left` of them."""

    slot: int
    queue: str
    body: bytes
    born: float
    number: int
    left: int
    is_alone: bool = True
    task: "asyncio.Task[Any]" = field(init=False)
    gate: "asyncio.Future[None] | None" = None

    @property
    def key(self) -> Key | None:
        """The transaction that it works on; None where that may be any."""
        return None if self.queue in {TICK, ADD_VENDOR} else WorkOn.parse(self.body).key


_me: ContextVar[Worker | None] = ContextVar("_me", default=None)


class Hosts:
    """The processes of two slots over one storage and one mailbox, and the time in which they live."""

    def __init__(self, world: World) -> None:
        self.runner = asyncio.Runner(loop_factory=SimulatedLoop)
        self.loop = cast("SimulatedLoop", self.runner.get_loop())
        self.clock = world.clock
        self.slots = [world, *(copy.copy(world) for _ in range(SLOTS - 1))]
        self.workers: list[Worker] = []
        self.started = 0
        self.disturbed: Counter[Key] = Counter()  # runs of Notify that may have posted a card and not noted it
        for slot in self.slots:
            slot.tap = self._gate
            slot._wire()

    async def _gate(self, phase: Phase, call: str) -> None:
        me = _me.get()
        if me is None:
            return
        while me.left <= 0:
            me.gate = self.loop.create_future()
            try:
                await me.gate
            finally:
                me.gate = None
        me.left -= 1

    def run(self, work: Awaitable[Any]) -> None:
        async def whole() -> None:
            await work

        self.runner.run(whole())

    def start(self, slot: int, queue: str, body: bytes, gates: int) -> Worker:
        self.started += 1
        worker = Worker(slot, queue, body, self.loop.time(), self.started, gates)
        for other in self.workers:
            # Two runs of Notify in one process wait for each other.
            if (other.slot, other.queue, queue) != (slot, NOTIFY, NOTIFY):
                other.is_alone = worker.is_alone = False
        self.workers.append(worker)
        self.run(self._start(worker))
        self._harvest()
        return worker

    def go_on(self, worker: Worker, gates: int) -> None:
        worker.left = gates
        self.run(self._advance(worker))
        self._harvest()

    def kill(self, slot: int) -> list[Worker]:
        """End a slot's process; the next one starts with nothing in memory."""
        dead = [worker for worker in self.workers if worker.slot == slot]
        self.run(self._cancel(dead))
        self.workers = [worker for worker in self.workers if worker.slot != slot]
        self.disturbed.update(worker.key for worker in dead if worker.queue == NOTIFY and worker.key)
        self.slots[slot]._wire()
        return dead

    def pass_time(self, seconds: float) -> list[Worker]:
        """Let time pass until the next worker runs out of it; returns those that the host ended."""
        ages = [self.loop.time() - worker.born for worker in self.workers]
        ends = [limit - age for age in ages for limit in (RUN_SECONDS, FUNCTION_SECONDS) if limit > age]
        step = min([seconds, *ends])
        self.loop.now += step
        self.clock.advance(step)
        self.run(_turns())  # those that overran their own limit learn of it
        self._harvest()
        overdue = {w.slot for w in self.workers if self.loop.time() - w.born >= FUNCTION_SECONDS}
        return [worker for slot in overdue for worker in self.kill(slot)]

    def close(self) -> None:
        self.run(self._cancel(self.workers))
        self.runner.close()

    async def _start(self, worker: Worker) -> None:
        worker.task = asyncio.create_task(self._live(worker))
        await self._advance(worker)

    async def _live(self, worker: Worker) -> Any:
        _me.set(worker)
        world = self.slots[worker.slot]
        return await (world.tick() if worker.queue == TICK else _stage(world, worker.queue)(worker.body))

    async def _advance(self, worker: Worker) -> None:
        """Turn the loop until the worker stands at its gate, is done, or waits for a lock that another one holds."""
        if worker.gate is not None:
            worker.gate.set_result(None)
            worker.gate = None
        idle, left = 0, worker.left
        while worker.gate is None and not worker.task.done() and idle < IDLE:
            await asyncio.sleep(0)
            idle, left = (idle + 1 if left == worker.left else 0), worker.left

    async def _cancel(self, workers: list[Worker]) -> None:
        for worker in workers:
            worker.task.cancel()
        await asyncio.gather(*(worker.task for worker in workers), return_exceptions=True)

    def _harvest(self) -> None:
        done = [worker for worker in self.workers if worker.task.done()]
        self.workers = [worker for worker in self.workers if not worker.task.done()]
        for worker in done:
            self._finish(worker)

    def _finish(self, worker: Worker) -> None:
        """Do as the host does with what a function returned or raised."""
        error, messages = worker.task.exception(), self.slots[0].queues.messages
        if worker.queue == NOTIFY and worker.key and (error or not worker.is_alone):
            self.disturbed[worker.key] += 1
        if error is not None and not _is_excused(worker.queue, error):
            raise error
        if error is not None and worker.queue != TICK:
            messages[worker.queue].append(worker.body)
        elif error is None and isinstance(outgoing := worker.task.result(), Outgoing):
            messages[outgoing.queue].append(outgoing.body)


async def _turns() -> None:
    for _ in range(IDLE):
        await asyncio.sleep(0)


def _stage(world: World, queue: str) -> Callable[[bytes], Awaitable[Outgoing | None]]:
    stages = (world.extract_enrich, world.post_to_ap, world.notify, world.add_vendor)
    return dict(zip(QUEUES, (stage.run for stage in stages), strict=True))[queue]


def _is_excused(queue: str, error: BaseException) -> bool:
    """Whether a function may fail so: with the storage, as a tick with the mailbox or time, as AddVendor in a crowd."""
    of_their_own = {TICK: (Later, TimeoutError), ADD_VENDOR: (Conflict,)}
    excused: tuple[type[Exception], ...] = (StorageDown, *of_their_own.get(queue, ()))
    if isinstance(error, BaseExceptionGroup):
        return error.split(excused)[1] is None
    return isinstance(error, excused)


# What the mailbox may answer, by method. A 404 for a mail that is there is no answer to the question where it lies.
THROTTLED, BUSY, REFUSED, GONE = Later("429", 30.0), Later("503"), MailRefused("400"), MailGone("404")
MAILBOX_ANSWERS: dict[str, tuple[Exception, ...]] = {
    "inbox": (BUSY,),
    "folder_of": (THROTTLED, BUSY),
    "get": (THROTTLED, BUSY, REFUSED, GONE),
    "content": (BUSY, REFUSED, GONE),
    "marked": (BUSY, REFUSED, GONE),
    "create_forward": (THROTTLED, BUSY, REFUSED, GONE),
    "write_draft": (BUSY, REFUSED, GONE),
    "attachments": (BUSY, REFUSED, GONE),
    "send": (THROTTLED, BUSY, REFUSED, GONE),
    "move": (THROTTLED, BUSY, REFUSED, GONE),
    "delete": (BUSY, REFUSED),
}
DOWN = StorageDown("500")
LOST_ANSWER = Conflict("412 to the SDK's own second try")  # the first one was written, its answer got lost
STORAGE: dict[str, tuple[str, ...]] = {
    "ledger": ("get", "insert", "update", "open_entries", "put_open", "postpone", "close", "index_marker"),
    "queues": ("send",),
    "vendors": ("claimants", "upsert", "park", "unpark", "parked"),
    "registry": ("take_permit", "claim", "holder", "take_over", "count_repeat"),
}


@dataclass(frozen=True)
class Trouble:
    """What the next call of a port's method meets, before or after it took effect."""

    port: str
    method: str
    error: Exception
    phase: Phase


PHASES: tuple[Phase, Phase] = ("before", "after")
OF_MAILBOX = [
    Trouble("mailbox", method, error, phase)
    for method, errors in MAILBOX_ANSWERS.items()
    for error in errors
    for phase in PHASES
    # A refusal means that nothing was done; of a sending alone it proves nothing.
    if phase == "before" or isinstance(error, Later) or method == "send"
]
OF_STORAGE = [
    Trouble(port, method, DOWN, phase) for port, methods in STORAGE.items() for method in methods for phase in PHASES
]
OTHERS = [
    Trouble("ledger", "update", LOST_ANSWER, "after"),
    *(Trouble("channel", "post", BUSY, phase) for phase in PHASES),
]
TROUBLES = st.one_of(*(st.sampled_from(troubles) for troubles in (OF_MAILBOX, OF_STORAGE, OTHERS)))

PICKS = st.integers(min_value=0, max_value=60)
SLOT = st.integers(min_value=0, max_value=SLOTS - 1)
GATES, FEW_GATES = st.integers(min_value=1, max_value=24), st.integers(min_value=1, max_value=8)
TIMES = st.sampled_from(["once", "once", "twice", "never"])
# A process that is killed takes seconds of a message's time; a claim, patience and a day are to pass as well.
SECONDS = st.sampled_from([1, 31, 61, 241, 301, 601, 901, 3700, 90_000, -1, -90, -1000])
MINE, DELETED = "Mine", "nowhere"
PLACES = st.sampled_from([INBOX, INBOX, MINE, MINE, *FOLDERS.values(), DELETED])
KNOWN = BLUEBIRD.email_domain[0]
STRANGERS = ("nobody.example", "no-one.example")
SENDERS = st.sampled_from([*[KNOWN] * 3, *STRANGERS])
NUMBERS = st.integers(min_value=0, max_value=5)


class Life(RuleBasedStateMachine):
    """A mailbox with people, hosts that lose and double messages, and a clock that jumps.

    A rule that has nothing to work on does the next thing that makes it work, so that few steps are wasted.
    """

    def __init__(self) -> None:
        super().__init__()
        clock = Clock()
        self.mailbox = Mailbox(clock)
        self.world = World(Tuning(per_minute=3, redrive_limit=1), clock=clock, mailbox=self.mailbox)
        self.hosts = Hosts(self.world)
        self.mailbox.elapsed = self.hosts.loop.time
        self.mails: dict[Key, Mail] = {}
        self.bounces: dict[Key, str] = {}  # of the reports' own rows, to the marker that came back
        self.returns: Counter[str] = Counter()  # how often a person put a mail into the Inbox
        self.kept: set[str] = set()  # ids of mails that a person took away and left there
        self.lost_answers = 0  # of the channel, which took the card all the same
        self.do_workers_die = False

    @initialize(
        senders=st.lists(SENDERS, max_size=4),
        after_send=st.sampled_from(AfterSend),
        answer=st.sampled_from([None, BUSY, REFUSED, GONE]),
        minutes=st.integers(min_value=0, max_value=15),
        do_workers_die=st.booleans(),
    )
    def it_begins(
        self, *, senders: list[str], after_send: AfterSend, answer: Exception | None, minutes: int, do_workers_die: bool
    ) -> None:
        """Start anywhere between an empty mailbox and one whose mails are all filed, some of them in doubt."""
        self.do_workers_die = do_workers_die
        self.mailbox.after_send = after_send
        for number, sender in enumerate(senders):
            self.a_mail_arrives(sender, number)
        if answer is not None:
            self.mailbox.fail_next("send", copy.copy(answer), "after")
        for _ in range(minutes):
            self.all_goes_well_for_a_while(0)
            self.time_passes(61)

    # The hosts

    @rule(pick=PICKS, slot=SLOT, gates=GATES, times=TIMES)
    def a_worker_does_some_calls(self, pick: int, slot: int, gates: int, times: str) -> None:
        """Let a worker that is held go on, or start one on a message that comes once, again, or never."""
        self._work(pick, slot, gates, times)

    @rule(pick=PICKS, slot=SLOT, times=TIMES)
    def a_worker_does_the_rest(self, pick: int, slot: int, times: str) -> None:
        """Let a worker go on, or start, and run to its end."""
        self._work(pick, slot, TO_THE_END, times)

    @rule(picks=st.lists(PICKS, min_size=2, max_size=3), turns=st.lists(st.tuples(PICKS, FEW_GATES), max_size=20))
    def workers_race(self, picks: list[int], turns: list[tuple[int, int]]) -> None:
        """Start workers in both slots, on one message or several, and let all that are held go on in turns."""
        for slot, pick in enumerate(picks):
            runs = [*self.waiting, (TICK, b""), *((ADD_VENDOR, _vendor(domain)) for domain in STRANGERS)]
            queue, body = runs[pick % len(runs)]
            if len(self.hosts.workers) < WORKERS and queue != TICK:
                self.hosts.start(slot % SLOTS, queue, body, 1)
            elif len(self.hosts.workers) < WORKERS:
                self.a_tick_starts(slot % SLOTS, 1)
        for pick, gates in turns:
            if self.hosts.workers:
                self.hosts.go_on(_one(self.hosts.workers, pick), gates)

    @rule(slot=SLOT)
    def all_goes_well_for_a_while(self, slot: int) -> None:
        self.a_tick_starts(slot, TO_THE_END)
        for _ in range(30):
            if not self.waiting or len(self.hosts.workers) >= WORKERS:
                return
            self.a_worker_starts(*self.waiting[0], slot, TO_THE_END)

    @rule(slot=SLOT, times=st.integers(min_value=1, max_value=4))
    def no_message_comes_through(self, slot: int, times: int) -> None:
        for _ in range(times):
            self.a_tick_starts(slot, TO_THE_END)
            for queue in (RAW_MAIL, TO_POST, NOTIFY):
                self.world.queues.messages[queue].clear()
            self.time_passes(901)

    @rule(slot=SLOT, are_messages_lost=st.booleans())
    def a_process_dies(self, slot: int, *, are_messages_lost: bool) -> None:
        dead = self.hosts.kill(slot)
        self._deliver_again([w for w in dead if w.queue == ADD_VENDOR or not are_messages_lost])

    # The world around

    @rule(sender=SENDERS, number=NUMBERS)
    def a_mail_arrives(self, sender: str, number: int) -> None:
        mail = self.world.invoice(f"INV-{number}", sender=f"billing@{sender}")
        self.mails[self.world.key(mail)] = mail

    @rule(pick=PICKS)
    def a_bounce_or_a_vendor_arrives(self, pick: int) -> None:
        if not self.mailbox.ap_inbox:
            self.a_vendor_arrives(pick)
            return
        delivered = _one(self.mailbox.ap_inbox, pick)
        mail = self.world.bounce(delivered.message_id)
        self.mails[self.world.key(mail)] = mail
        self.bounces[self.world.key(mail)] = delivered.marker

    def a_vendor_arrives(self, pick: int) -> None:
        self.world.queues.messages[ADD_VENDOR].append(_vendor(_one(STRANGERS, pick)))

    @rule(pick=PICKS, place=PLACES)
    def a_person_takes_a_mail(self, pick: int, place: str) -> None:
        if self.present:
            self.a_person_takes(_one(self.present, pick), place)

    @rule(pick=PICKS)
    def a_person_puts_a_filed_mail_back(self, pick: int) -> None:
        if self.filed:
            self.a_person_takes(_one(self.filed, pick), INBOX)

    def a_person_puts_back(self, mail: Mail) -> None:
        if mail.id in {filed.id for filed in self.filed}:
            self.a_person_takes(mail, INBOX)

    @rule(seconds=SECONDS)
    def time_passes(self, seconds: int) -> None:
        if seconds < 0:
            self.world.clock.advance(seconds)  # set right by its time server; nobody lives longer for it
            return
        self._deliver_again(self.hosts.pass_time(seconds))
        self.mailbox.catch_up()

    @rule(trouble=TROUBLES)
    def a_call_is_about_to_fail(self, trouble: Trouble) -> None:
        # A copy: an error keeps the trace of everywhere it was raised.
        getattr(self.world, trouble.port).fail_next(trouble.method, copy.copy(trouble.error), trouble.phase)
        self.lost_answers += (trouble.method, trouble.phase) == ("post", "after")

    @rule(after_send=st.sampled_from([None, *AfterSend]), pick=PICKS)
    def the_mailbox_has_its_ways(self, after_send: AfterSend | None, pick: int) -> None:
        """Change what it shows of a sent mail; or show what it owes, and somebody writes a note on a row."""
        if after_send is not None:
            self.mailbox.after_send = after_send
            return
        self.mailbox.settle()
        if self.world.ledger.keys:
            self.world.ledger.edit_by_person(_one(self.world.ledger.keys, pick), Note="seen")

    def _work(self, pick: int, slot: int, gates: int, times: str) -> None:
        runs: list[Worker | tuple[str, bytes]] = [*self.hosts.workers, *self.waiting]
        run = runs[pick % len(runs)] if runs else None
        if isinstance(run, Worker):
            self.hosts.go_on(run, gates)
        elif len(self.hosts.workers) >= WORKERS:
            return
        elif run is None:
            self.a_tick_starts(slot, gates)
        elif times == "never" and run[0] != ADD_VENDOR:  # nothing else knows of that vendor
            self.world.queues.messages[run[0]].remove(run[1])
        else:
            self.a_worker_starts(*run, slot, gates)
            if times == "twice":
                self.world.queues.messages[run[0]].append(run[1])

    def the_rest_is_done(self, slot: int) -> None:
        for worker in [worker for worker in self.hosts.workers if worker.slot == slot]:
            self.hosts.go_on(worker, TO_THE_END)

    def a_worker_starts(self, queue: str, body: bytes, slot: int, gates: int) -> None:
        self.world.queues.messages[queue].remove(body)
        self.hosts.start(slot, queue, body, gates)

    def a_person_takes(self, mail: Mail, place: str) -> None:
        if place == INBOX:
            self.returns[mail.id] += self.world.folder(mail) != INBOX
            self.kept.discard(mail.id)
        else:
            self.kept.add(mail.id)
        self.mailbox.taken.pop(mail.id, None)
        if place == MINE:
            self.mailbox.taken[mail.id] = self.hosts.started
        if place == DELETED:
            self.mailbox.delete_by_person(mail.id)
        else:
            self.mailbox.move_by_person(mail.id, place)

    def a_tick_starts(self, slot: int, gates: int) -> None:
        # The timer of a slot waits for its last run.
        if not any(worker.queue == TICK and worker.slot == slot for worker in self.hosts.workers):
            self.hosts.start(slot, TICK, b"", gates)

    def _deliver_again(self, dead: list[Worker]) -> None:
        for worker in dead:
            if worker.queue != TICK:
                self.world.queues.messages[worker.queue].append(worker.body)

    # What there is

    @property
    def waiting(self) -> list[tuple[str, bytes]]:
        return [(queue, body) for queue, bodies in self.world.queues.messages.items() for body in bodies]

    @property
    def present(self) -> list[Mail]:
        """The mails that nobody deleted."""
        there = {mail.id for folder in self.mailbox.folders for mail in self.mailbox.mails_in(folder)}
        return [mail for mail in self.mails.values() if mail.id in there]

    @property
    def filed(self) -> list[Mail]:
        return [m for f in FOLDERS.values() for m in self.mailbox.mails_in(f) if m.id in self.mailbox.moved_by_app]

    @property
    def rows(self) -> Iterator[tuple[Transaction, Mail]]:
        for key in self.world.ledger.keys:
            yield self.world.ledger.row(key), self.mails[key]

    # What holds at every moment

    @invariant()
    def every_promise_holds(self) -> None:
        self.ap_received_each_attempt_at_most_once()
        self.an_attempt_rises_only_after_a_release_in_doubt()
        self.every_status_change_is_allowed_and_on_record()
        self.what_was_sent_fails_by_a_bounce_alone()
        self.what_is_unfinished_lies_in_the_inbox_or_on_the_open_list()
        self.what_is_finished_lies_in_the_inbox_by_a_persons_hand_alone()

    def ap_received_each_attempt_at_most_once(self) -> None:
        sent = Counter(delivered.marker for delivered in self.mailbox.ap_inbox)
        assert [marker for marker, count in sent.items() if count > 1] == []

    def an_attempt_rises_only_after_a_release_in_doubt(self) -> None:
        for row, mail in self.rows:
            released = [event for event in self._history(row) if event.what == "released"]
            assert len(released) <= self.returns[mail.id], "a release that no person asked for"
            in_doubt = [event for event in released if SENDS_AGAIN.intersection(event.why.split(", "))]
            assert row.attempt <= 1 + len(in_doubt)

    def every_status_change_is_allowed_and_on_record(self) -> None:
        for row, _ in self.rows:
            history = self._history(row)
            assert row.revision == len(history) - 1, "a write without its event"
            status = Status.RECEIVED
            for event in history[1:]:
                after = _status_after(status, event.what)
                assert after is status or after in TRANSITIONS[status], f"{status} -> {after}"
                status = after
            assert row.status is status, "a status that no event tells of"

    def what_was_sent_fails_by_a_bounce_alone(self) -> None:
        for row, _ in self.rows:
            if row.status is Status.FAILED and row.send_started_at is not None:
                assert row.reasons == (Reason.UNDELIVERED,)
                assert row.marker in self.bounces.values()

    def what_is_unfinished_lies_in_the_inbox_or_on_the_open_list(self) -> None:
        in_inbox = {mail.id for mail in self.mailbox.mails_in(INBOX)}
        for row, mail in self.rows:
            is_known = row.key in self.world.ledger.open or mail.id in in_inbox or self._was_taken_at_once(row, mail)
            assert row.is_finished or is_known or self._is_in_hand(row.key), f"lost in state {row.status}"

    def what_is_finished_lies_in_the_inbox_by_a_persons_hand_alone(self) -> None:
        in_inbox = {mail.id for mail in self.mailbox.mails_in(INBOX)}
        for row, mail in self.rows:
            if row.is_finished and mail.id in in_inbox:
                assert self.returns[mail.id], f"{row.status} ({', '.join(row.reasons)}) and still in the Inbox"

    def _was_taken_at_once(self, row: Transaction, mail: Mail) -> bool:
        """Whether a person took the mail before its tick could put it on the open list: nobody's business then."""
        return row.revision == 0 and mail.id in self.kept

    def _history(self, row: Transaction) -> list[Any]:
        return self.world.ledger.history(row.key)

    def _is_in_hand(self, key: Key) -> bool:
        """Whether a worker that lives may be about to write the row or its open entry."""
        keys = [None if worker.key in self.bounces else worker.key for worker in self.hosts.workers]
        return key in keys or None in keys

    # What holds in the end

    def teardown(self) -> None:
        """Once the trouble ends, every mail comes to rest where it belongs."""
        try:
            self._end_all_trouble()
            self._let_time_pass()
            self._check_the_end()
        finally:
            self.hosts.close()

    def _end_all_trouble(self) -> None:
        world = self.world
        for port in (world.mailbox, world.channel, world.ledger, world.queues, world.vendors, world.registry):
            port._scripted.clear()
        self.mailbox.settle()
        self.mailbox.after_send = AfterSend.SENT
        for slot in range(SLOTS if self.do_workers_die else 0):
            self._deliver_again(self.hosts.kill(slot))
        for worker in list(self.hosts.workers):
            worker.left = TO_THE_END
        for worker in list(self.hosts.workers):
            self.hosts.go_on(worker, TO_THE_END)
        assert self.hosts.workers == [], "a worker never ends"

    def _let_time_pass(self) -> None:
        for _ in range(10):
            self.hosts.run(self.world.settle(200))
            self.world.clock.advance(61)
        assert self.world.ledger.open == {}
        assert self.waiting == []

    def _check_the_end(self) -> None:
        self.every_promise_holds()
        for mail in self.mails.values():
            assert self.world.key(mail) in self.world.ledger.keys or mail.id in self.kept, "never taken in"
        for row, mail in self.rows:
            if self._was_taken_at_once(row, mail):
                continue
            assert row.is_finished
            if mail.id not in self.kept:
                assert self.world.folder(mail) == FOLDERS[row.status], "it lies in the folder of another state"
            self._check_what_ap_has(row, mail)
            self._check_cards(row)
            self._check_vendor(row)
            self._check_bounce(row)
        self._check_numbers()

    def _check_what_ap_has(self, row: Transaction, mail: Mail) -> None:
        received = [delivered for delivered in self.mailbox.ap_inbox if delivered.marker == row.marker]
        assert len(received) == 1 or row.status is not Status.POSTED, "posted, and AP has nothing"
        for delivered in received:
            in_doubt = SENDS_AGAIN.intersection(row.reasons)
            assert row.status is Status.POSTED or in_doubt, f"AP has it, and the row says {row.status}"
            assert delivered.subject.endswith(f"[IA-{row.transaction_id[:12]}]")
            assert [a.name for a in delivered.attachments] == [a.name for a in mail.attachments]

    def _check_cards(self, row: Transaction) -> None:
        cards = [card["status"] for card in self.world.channel.cards if card.get("transactionId") == row.transaction_id]
        whats = [event.what for event in self._history(row)]
        owed = sum(what in RESTING - {Status.IGNORED} for what in whats) + whats.count("released")
        assert whats.count("announced") <= owed
        doubled = self.hosts.disturbed[row.key] + self.lost_answers
        assert len(cards) <= whats.count("announced") + doubled, "a card too many"
        if row.status is not Status.IGNORED and "no card" not in [event.why for event in self._history(row)]:
            assert row.status in cards, "nobody was told"

    def _check_vendor(self, row: Transaction) -> None:
        if row.status is Status.PARKED:
            assert not any(self.world.vendors.claims[key] for key in row.parked_keys), "its vendor is known"

    def _check_bounce(self, row: Transaction) -> None:
        """A report that was read leaves no row that says its mail arrived."""
        marker = self.bounces.get(row.key)
        if marker is None or row.status in {Status.REVIEW, Status.FAILED} or Reason.TAKEN_BY_A_PERSON in row.reasons:
            assert Reason.BOUNCE_UNMATCHED not in row.reasons
            return
        [about] = [other for other, _ in self.rows if other.transaction_id == marker.partition("-")[0]]
        assert about.marker != marker or about.reasons == (Reason.UNDELIVERED,), f"bounced, and still {about.status}"

    def _check_numbers(self) -> None:
        """No number of a vendor goes to AP twice, unless it bounced, or a person said so."""
        arrived = {delivered.marker for delivered in self.mailbox.ap_inbox} - set(self.bounces.values())
        firsts = Counter(
            (row.vendor_id, row.invoice_number)
            for row, _ in self.rows
            if row.marker in arrived and Reason.DUPLICATE not in row.answered_reasons
        )
        assert [number for number, count in firsts.items() if count > 1] == []


def _vendor(domain: str) -> bytes:
    return AddVendor(vendor_name=domain.title(), email_domain=(domain,)).to_bytes()


def _one(of: "Sequence[Any]", pick: int) -> Any:
    return of[pick % len(of)]


def _status_after(before: Status, event: str) -> Status:
    if event == "released":
        return before if before is Status.POSTED else Status.RECEIVED
    if event == "claimed":
        return Status.POSTING
    return Status(event) if event in {status.value for status in Status} else before


TestLife = pytest.mark.timeout(600 * SOAK)(Life.TestCase)
TestLife.settings = settings(
    max_examples=400 * SOAK,
    stateful_step_count=60,
    deadline=None,
    derandomize=SOAK == 1,
    database=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)


# One worker, held before and after every single call in turn, while the other slot does all that there is to do


@dataclass(frozen=True)
class Work:
    """What the held worker does: its mail's sender, the stages that the mail has behind it, and what came before."""

    sender: str
    stages: int = 0
    is_tick: bool = False
    is_double: bool = False  # of an invoice that was sent on already
    after_send: AfterSend = AfterSend.SENT


WORKS = {
    "examining": Work(KNOWN),
    "forwarding": Work(KNOWN, 1),
    "forwarding, with late proof": Work(KNOWN, 1, after_send=AfterSend.NOWHERE),
    "forwarding, with a lasting draft": Work(KNOWN, 1, after_send=AfterSend.STILL_A_DRAFT),
    "announcing": Work(KNOWN, 2),
    "parking": Work(STRANGERS[0]),
    "announcing what is parked": Work(STRANGERS[0], 1),
    "holding back": Work(KNOWN, is_double=True),
    "announcing what is held back": Work(KNOWN, 1, is_double=True),
    "a tick": Work(KNOWN, is_tick=True),
    "a tick over a stranger": Work(STRANGERS[0], is_tick=True),
}
EVENTS: dict[str, Callable[[Life, Mail], None]] = {
    "nothing": lambda life, mail: None,
    "its vendor is added": lambda life, mail: life.a_vendor_arrives(0),
    "it bounces": lambda life, mail: life.a_bounce_or_a_vendor_arrives(-1),
    "a person puts it back": lambda life, mail: life.a_person_puts_back(mail),
    "a person takes it": lambda life, mail: life.a_person_takes(mail, MINE),
    "a person deletes it": lambda life, mail: life.a_person_takes(mail, DELETED),
}


@pytest.mark.parametrize("does_it_die", [False, True], ids=["goes on", "dies"])
@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("work", WORKS)
def test_whatever_happens_in_the_middle_of_a_run(work: str, event: str, *, does_it_die: bool) -> None:
    for gates in itertools.count():
        life = Life()
        try:
            is_held = _hold(life, WORKS[work], gates)
            life.all_goes_well_for_a_while(1)
            EVENTS[event](life, list(life.mails.values())[-1])
            _two_minutes_pass(life)
            if does_it_die:
                life.a_process_dies(0, are_messages_lost=False)
            else:
                life.the_rest_is_done(0)
            life.every_promise_holds()
            _two_minutes_pass(life)
        finally:
            life.teardown()
        if not is_held:
            return


def _two_minutes_pass(life: Life) -> None:
    for _ in range(2):
        life.all_goes_well_for_a_while(1)
        life.time_passes(61)


def _hold(life: Life, work: Work, gates: int) -> bool:
    """Let a mail come that far, and hold its next worker after some calls; its message comes again."""
    life.mailbox.after_send = work.after_send
    if work.is_double:
        life.a_mail_arrives(work.sender, 1)
        life.all_goes_well_for_a_while(0)
    life.a_mail_arrives(work.sender, 1)
    if work.is_tick:
        life.a_tick_starts(0, gates)
        return bool(life.hosts.workers)
    life.a_tick_starts(0, TO_THE_END)
    for allowed in (*[TO_THE_END] * work.stages, gates):
        queue, body = life.waiting[0]
        life.a_worker_starts(queue, body, 0, allowed)
    life.world.queues.messages[queue].append(body)
    return bool(life.hosts.workers)


# What it found: each of these lost a mail's place once


async def meanwhile(world: World, call: str, work: Awaitable[Any], other: Callable[[], Awaitable[Any]]) -> None:
    """Let others do all that they have to do just before the first such call of this work."""
    quiet = world.tap

    async def tap(phase: Phase, name: str) -> None:
        if (phase, name) == ("before", call):
            world.tap = quiet
            await other()

    world.lose_messages()
    world.tap = tap
    await work
    world.tap = quiet
    await world.settle()


async def test_a_late_move_to_needs_vendor_does_not_outlast_the_vendor() -> None:
    world = World()
    mail = world.invoice(sender="billing@nobody.example")
    await world.tick()

    async def the_vendor_comes() -> None:
        await world.add(vendor_name="Nobody Ltd", email_domain=("nobody.example",))
        await world.settle()

    await meanwhile(world, "move", world.work(RAW_MAIL, mail), the_vendor_comes)
    assert (world.outcome(mail), world.folder(mail)) == ("posted", "Posted")


async def test_a_late_move_to_review_does_not_undo_a_release() -> None:
    world = World()
    mail = world.invoice("", documents={}, subject="As discussed")
    await world.tick()

    async def it_is_filed_and_put_back() -> None:
        await world.work(RAW_MAIL, mail)
        await world.settle()
        world.release(mail)
        await world.tick()

    await meanwhile(world, "move", world.work(RAW_MAIL, mail), it_is_filed_and_put_back)
    assert (world.outcome(mail), world.folder(mail)) == ("posted", "Posted")


async def test_a_late_move_to_posted_does_not_hide_a_bounce() -> None:
    world = World()
    mail = world.invoice()
    await world.tick()
    await world.work(RAW_MAIL, mail)

    async def it_bounces() -> None:
        world.bounce(world.mailbox.ap_inbox[0].message_id)
        await world.settle()

    await meanwhile(world, "move", world.work(TO_POST, mail), it_bounces)
    assert (world.outcome(mail), world.folder(mail)) == ("failed: undelivered", "Failed")


async def test_a_bounce_finds_a_mail_that_is_not_filed_yet() -> None:
    world = World()
    mail = world.invoice(sender="billing@nobody.example")
    await world.settle()
    world.mailbox.fail_next("move", Later("429", 30.0))
    await world.add(vendor_name="Nobody Ltd", email_domain=("nobody.example",))
    assert (world.outcome(mail), world.folder(mail)) == ("posted", "Needs Vendor")
    world.bounce(world.mailbox.ap_inbox[0].message_id)
    await world.settle()
    assert (world.outcome(mail), world.folder(mail)) == ("failed: undelivered", "Failed")
