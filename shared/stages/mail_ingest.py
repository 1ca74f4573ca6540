"""The tick: re-drives what is due, admits new mails, and keeps what ended in a poison queue."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from shared.casework import LONGEST_SECONDS, RUN_SECONDS, Case, Desk, transaction_log
from shared.domain.card import poison_card
from shared.domain.mail import INBOX, Listed
from shared.domain.messages import ADD_VENDOR, QUEUES, AddVendor, UnreadableMessage, WorkOn
from shared.domain.open_entry import FARTHEST, LONGEST_WAIT, Bounds, Due, OpenEntry, due, is_due
from shared.domain.reason import Reason
from shared.domain.release import is_put_back, released
from shared.domain.stop import Stop
from shared.domain.transaction import FOLDERS, Event, Filing, Key, Notice, Status, Transaction, UnreadableRow, key_of
from shared.ports import (
    CardRefused,
    Channel,
    Conflict,
    Control,
    Later,
    Mailbox,
    MailGone,
    MailRefused,
    Poison,
    PoisonMessage,
    Queues,
    Registry,
)
from shared.watch import Watch

log = logging.getLogger(__name__)

PROVEN = timedelta(hours=1)  # of serving, until a transaction that still waits has trouble of its own
WATCHED_EVERY = timedelta(minutes=10)
WATCH_SECONDS = 30.0
GAP = timedelta(minutes=10)  # without a good tick, and the mailbox has to prove itself again
QUIET_SECONDS = 600.0  # until a channel that did not take a card is told of poison again
IN_A_ROW = 3  # transactions that the mailbox cannot serve, and the tick asks it about no more of them
TICK_SECONDS = 45.0  # the schedule is one minute; what is not reached waits for the next tick


@dataclass(frozen=True, slots=True)
class Pace:
    """How much the tick takes in, and when it loses patience with a transaction."""

    ingest_since: datetime | None
    open_limit: int  # transactions open at once
    redrive_limit: int


@dataclass(slots=True)
class Tally:
    """What one tick did, for its log line."""

    admitted: int = 0
    redriven: int = 0
    released: int = 0
    given_up: int = 0
    poisoned: int = 0
    left_alone: int = 0


class MailIngest:
    """The stage behind the timer; safe to run any number of times at once."""

    def __init__(
        self,
        desk: Desk,
        mailbox: Mailbox,
        registry: Registry,
        queues: Queues,
        channel: Channel,
        *,
        control: Control,
        mailbox_address: str,
        pace: Pace,
    ) -> None:
        self._desk = desk
        self._mailbox = mailbox
        self._registry = registry
        self._queues = queues
        self._channel = channel
        self._control = control
        self._watch = Watch(mailbox, registry, queues, control, desk.clock)
        self._watched_at: datetime | None = None
        self._address = mailbox_address
        self._pace = pace
        self._serves_since: datetime | None = None
        self._last_good: datetime | None = None
        self._quiet_until: datetime | None = None
        self._kept: set[str] = set()  # poison that waits for its card

    async def run(self) -> Tally:
        """Do one tick; raises Later, loudly, where the mailbox as a whole cannot be read."""
        tally = Tally()
        failures = await self._keep_poison(tally)
        stop = await self._control.stop()
        if stop.is_on:
            log.warning("emergency stop: nothing is admitted, driven or sent: %s", stop.why)
        else:
            failures += await self._work(tally, stop)
        await self._report_backlog(stop)
        if failures:
            raise ExceptionGroup("what the tick could not handle", failures)
        return tally

    async def _work(self, tally: Tally, stop: Stop) -> list[Exception]:
        """Drive what is due and admit what is new; returns what could not be handled."""
        serves = self._mailbox_serves() and not self._is_resumed(stop)
        tick = _Tick(
            self._desk, self._mailbox, self._queues, self._address, self._pace, tally=tally, mailbox_serves=serves
        )
        try:
            async with asyncio.timeout(RUN_SECONDS):
                await tick.redrive()
                await tick.admit()
            if not tick.is_unserved:
                self._note_good_tick()
        finally:
            log.info("tick: %s", tally)
        return tick.failures

    def _is_resumed(self, stop: Stop) -> bool:
        """Whether a stop has ended so lately that what waited for it may still wait for its turn."""
        now = self._desk.clock()
        return stop.since is not None and now - LONGEST_WAIT <= stop.since <= now + FARTHEST

    async def _report_backlog(self, stop: Stop) -> None:
        """Write the line that alerts on what waits for people read; a failure of that costs the tick nothing."""
        now = self._desk.clock()
        if self._watched_at is not None and now - self._watched_at < WATCHED_EVERY:
            return
        self._watched_at = now
        try:
            async with asyncio.timeout(WATCH_SECONDS):
                backlog = await self._watch.backlog(stop.why if stop.is_on else "")
        except Exception as error:  # noqa: BLE001
            log.warning("what waits for people cannot be counted: %s %s", type(error).__name__, error)
            return
        log.info("watch: %s", json.dumps(asdict(backlog)))

    def _mailbox_serves(self) -> bool:
        """Whether the mailbox as a whole has served for an hour, short failures aside."""
        since, last = self._serves_since, self._last_good
        return since is not None and last is not None and last - since >= PROVEN and self._desk.clock() - last <= GAP

    def _note_good_tick(self) -> None:
        now = self._desk.clock()
        if self._serves_since is None or self._last_good is None or now - self._last_good > GAP:
            self._serves_since = now
        self._last_good = now

    async def _keep_poison(self, tally: Tally) -> list[Exception]:
        """Move every poison message to where people look; what fails at that keeps no mail waiting, and is returned."""
        failures: list[Exception] = []
        for queue in QUEUES:
            try:
                await self._keep_poison_of(queue, tally)
            except Exception as error:  # noqa: BLE001 - whatever it is, the mails have nothing to do with it
                log.error("poison of %s cannot be kept: %s", queue, type(error).__name__)  # noqa: TRY400 - raised later
                failures.append(error)
        return failures

    async def _keep_poison_of(self, queue: str, tally: Tally) -> None:
        """Keep a queue's poison, with a line in the log for each message and one card for all."""
        messages = await self._queues.poisoned(queue)
        for message in messages:
            if message.id in self._kept:
                continue  # it came back for its card
            poison = _poison(queue, message)
            await self._registry.set_poison(poison)
            self._kept.add(message.id)
            transaction_log(log, poison.transaction_id or "-").error("poison message in %s: kept", queue)
            tally.poisoned += 1
        if messages and await self._announce(queue, len(messages)):
            for message in messages:
                await self._queues.forget(queue, message)
                self._kept.discard(message.id)

    async def _announce(self, queue: str, count: int) -> bool:
        """Tell the channel; False where it does not take the card now, and the messages are to come back for it."""
        if self._quiet_until is not None and self._desk.clock() < self._quiet_until:
            return False
        try:
            await self._channel.post(poison_card(queue, count))
        except Later as later:
            log.warning("poison is not announced yet: %s", later)
            quiet = min(later.after or QUIET_SECONDS, LONGEST_SECONDS)
            self._quiet_until = self._desk.clock() + timedelta(seconds=quiet)
            return False
        except CardRefused as error:
            log.error("the channel refuses the card: %s", error)  # noqa: TRY400 - a finding, no defect
        return True


def _poison(queue: str, message: PoisonMessage) -> Poison:
    transaction_id, reason = "", "its function failed every time"
    try:
        if queue == ADD_VENDOR:
            AddVendor.parse(message.body)
        else:
            transaction_id = WorkOn.parse(message.body).transaction_id
    except UnreadableMessage as error:
        reason = str(error)[:1000]  # it may quote a message of 48 KiB, and a column has its limit
    body = message.body.decode(errors="replace")
    return Poison(queue, message.id, body, reason, message.inserted_at, transaction_id)


class _Tick:
    """One run of the tick, with what it has learnt so far."""

    def __init__(
        self,
        desk: Desk,
        mailbox: Mailbox,
        queues: Queues,
        address: str,
        pace: Pace,
        *,
        tally: Tally,
        mailbox_serves: bool,
    ) -> None:
        self._desk = desk
        self._mailbox = mailbox
        self._queues = queues
        self._address = address
        self._pace = pace
        self._bounds = Bounds(desk.stuck_after, pace.redrive_limit, mailbox_serves)
        self._open: dict[str, OpenEntry] = {}
        self._until = desk.clock() + timedelta(seconds=TICK_SECONDS)
        self.tally = tally
        self.failures: list[Exception] = []
        self._unserved = 0  # transactions in a row

    @property
    def is_unserved(self) -> bool:
        """Whether so many transactions in a row were not served that it is the mailbox as a whole."""
        return self._unserved >= IN_A_ROW

    async def redrive(self) -> None:
        """Look at every open transaction that is due."""
        entries = await self._desk.ledger.open_entries()
        self._open = {entry.key.transaction_id: entry for entry in entries}
        now = self._desk.clock()
        for entry in sorted(entries, key=lambda entry: entry.not_before):
            if self._desk.clock() > self._until:
                return
            if not is_due(entry, now, self._bounds):
                continue
            async with self._one_of_many(entry.key):
                await self._redrive(entry, now)

    async def _redrive(self, entry: OpenEntry, now: datetime) -> None:
        try:
            row = await self._desk.ledger.get(entry.key)
        except UnreadableRow:
            await self._desk.ledger.put_open(replace(entry, not_before=now + self._desk.stuck_after))
            raise
        if row is None:
            await self._without_row(entry)
            return
        was_waiting = entry.waiting
        verdict, entry = due(entry, row, now, self._bounds)
        match verdict:
            case Due.CLOSE:
                await self._close(row)
            case Due.GIVE_UP:
                await self._give_up(entry, row, was_waiting=was_waiting)
            case Due.PUT_OFF:
                await self._desk.ledger.put_open(entry)
            case Due.REDRIVE:
                await self._desk.drive(self._queues, entry, row)
                self.tally.redriven += 1

    async def _without_row(self, entry: OpenEntry) -> None:
        """Give up an entry whose row was lost, after seeing to it that its mail is admitted again from the Inbox."""
        lines = transaction_log(log, entry.key.transaction_id)
        lines.error("open, but not in the ledger: closed; its mail is admitted again from the Inbox")
        with suppress(MailGone, MailRefused):
            if await self._folder_of(entry.mail_id) == FOLDERS[Status.PARKED]:
                await self._mailbox.move(entry.mail_id, INBOX)
        await self._desk.ledger.close(entry.key)
        self._open.pop(entry.key.transaction_id, None)

    async def _close(self, row: Transaction) -> None:
        await self._desk.close(row)
        self._open.pop(row.transaction_id, None)

    async def _give_up(self, entry: OpenEntry, row: Transaction, *, was_waiting: bool) -> None:
        case = Case(self._desk, row)
        case.log.error("given up in state %s after %d tries without progress", row.status, entry.stalls)
        self.tally.given_up += 1
        try:
            if row.filing is Filing.PENDING:
                # Never given up: nothing else remembers where the mail lies, and one in the Inbox would look released.
                await self._desk.drive(self._queues, self._entry(row), row)
                return
            if row.is_resting:
                await case.write(row.changed(self._desk.clock(), notice=Notice.NONE), "given up", "no card")
                await self._close(case.row)
                return
            await case.rest(_without_progress(row, self._desk.clock(), has_waited=was_waiting))
        except Conflict:
            return  # it moved after all
        await self._desk.drive(self._queues, self._entry(case.row), case.row)

    async def admit(self) -> None:
        """Page through the Inbox and settle what every mail in it is; one that cannot be handled stops no other."""
        async for mail in self._listed():
            key = key_of(self._address, mail)
            async with self._one_of_many(key):
                await self._settle(key, mail)

    @asynccontextmanager
    async def _one_of_many(self, key: Key) -> AsyncIterator[None]:
        """Keep what goes wrong with one transaction from stopping the others; the tick fails with it at its end."""
        lines = transaction_log(log, key.transaction_id)
        try:
            yield
            if not self.is_unserved:
                self._unserved = 0
        except Later as later:
            lines.warning("not served: %s", later)
            if not self.is_unserved:
                self._unserved += 1
                self.failures.append(later)
        except (MailGone, MailRefused, Conflict) as finding:
            lines.info("changed under the tick: %s", finding)
        except UnreadableRow as finding:
            lines.error("left alone: %s", finding)
            self.tally.left_alone += 1
        except Exception as error:  # noqa: BLE001 - a defect met by one mail must not hide the newer ones
            lines.error("the tick could not handle it: %s", type(error).__name__)
            self.failures.append(error)

    async def _listed(self) -> AsyncIterator[Listed]:
        async for page in self._mailbox.inbox(self._pace.ingest_since):
            for mail in page:
                if self._desk.clock() > self._until or self._in_work() >= self._pace.open_limit:
                    return
                yield mail

    def _in_work(self) -> int:
        # Cards that a broken channel does not take must not keep new mails out.
        return sum(1 for entry in self._open.values() if not entry.is_at_rest)

    async def _settle(self, key: Key, mail: Listed) -> None:
        # By the mail, not by the key: that changes with the mailbox's address.
        if any(entry.mail_id == mail.id for entry in self._open.values()):
            return  # known and moving
        # To insert first spares most mails a look for a row that they do not have.
        if await self._admit(key, mail):
            return
        key, row = await self._identify(key, mail)
        if row is None:
            await self._admit(key, mail)
        elif not row.is_resting or row.filing is Filing.PENDING:
            await self._resume(row)
        elif await self._folder_of(row.mail_id) == INBOX:
            # The listing alone never counts, it may be older than the filing.
            await self._take_back(row)

    async def _folder_of(self, mail_id: str) -> str:
        """Where a mail lies; raises Later, and asks nobody, where the mailbox as a whole does not serve."""
        if self.is_unserved:
            raise Later("the mailbox serves no other either")
        return await self._mailbox.folder_of(mail_id)

    async def _identify(self, key: Key, mail: Listed) -> tuple[Key, Transaction | None]:
        """Find the row of a listed mail; two mails may share a key, and one mail may change its id."""
        row = await self._desk.ledger.get(key)
        if row is None or row.mail_id == mail.id:
            return key, row
        own_key = key_of(self._address, mail, salt=mail.id)
        own_row = await self._desk.ledger.get(own_key)
        if own_row is not None:
            return own_key, own_row
        try:
            await self._folder_of(row.mail_id)
        except MailGone:
            case = Case(self._desk, row)
            # What was filed lay under the id before: this one was not, so that nobody can have put it back.
            filing = Filing.NONE if row.filing is Filing.DONE else row.filing
            await case.write(row.changed(self._desk.clock(), mail_id=mail.id, filing=filing), "re-identified")
            return key, case.row
        return own_key, None

    async def _admit(self, key: Key, mail: Listed) -> bool:
        """Begin a transaction; False where the key is taken."""
        row = Transaction.admitted(key, mail, self._desk.clock())
        if not await self._desk.ledger.insert(row, Event(row.status.value, self._desk.function)):
            return False
        transaction_log(log, row.transaction_id).info("%s: %s", self._desk.function, row.status)
        await self._desk.drive(self._queues, self._entry(row), row)
        self.tally.admitted += 1
        return True

    async def _resume(self, row: Transaction) -> None:
        if row.transaction_id not in self._open:
            await self._desk.drive(self._queues, self._entry(row), row)

    async def _take_back(self, row: Transaction) -> None:
        """Release a mail at rest that is in the Inbox; one that was never filed has not left it, and is filed."""
        is_release, now = is_put_back(row), self._desk.clock()
        if is_release:
            after, event = released(row, now), Event("released", "person", ", ".join(row.reasons))
        else:
            after, event = row.changed(now, filing=Filing.PENDING), Event("to be filed", self._desk.function)
        await self._desk.reopen(self._queues, after, event)
        self._entry(after)
        self.tally.released += is_release

    def _entry(self, row: Transaction) -> OpenEntry:
        """A new open entry, which counts from now on."""
        entry = self._open[row.transaction_id] = self._desk.entry(row)
        return entry


def _without_progress(row: Transaction, now: datetime, *, has_waited: bool) -> Transaction:
    # Once a send has started nobody may say "failed": the mail may well be with AP.
    if row.send_started_at is not None:
        return row.rested(Status.REVIEW, now, (Reason.DELIVERY_UNCONFIRMED,))
    if has_waited:
        return row.rested(Status.REVIEW, now, (Reason.MAIL_UNREADABLE,))
    return row.rested(Status.FAILED, now, (Reason.NO_PROGRESS,))
