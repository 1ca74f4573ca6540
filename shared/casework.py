"""What every stage does with a transaction: take it up, write its row, file its mail, put it off, hand it on."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, MutableMapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from shared.domain.mail import INBOX
from shared.domain.messages import NOTIFY, Outgoing, WorkOn, queue_for
from shared.domain.open_entry import OpenEntry, progress_of
from shared.domain.reason import Reason
from shared.domain.transaction import FOLDERS, Event, Filing, Key, Notice, Status, Transaction, UnreadableRow
from shared.ports import Conflict, Later, Ledger, Mailbox, MailGone, MailRefused, Queues

log = logging.getLogger(__name__)

Clock = Callable[[], datetime]

RUN_SECONDS = 240.0  # of one piece of work, below the five minutes after which the host ends the whole worker

# Seconds until work is taken up again where nobody said when. Short for a lost race: the winner needs moments.
UNAVAILABLE_SECONDS = 60.0
CONFLICT_SECONDS = 30.0
REFUSED_SECONDS = 600.0
TRIES = 5  # of a write that must not be lost, while others write the same row
LONGEST_SECONDS = 3600.0  # a Retry-After beyond that is not believed


class TransactionLog(logging.LoggerAdapter[logging.Logger]):
    """Puts the transaction id before every line."""

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        return f"[{(self.extra or {}).get('transaction_id')}] {msg}", kwargs


def transaction_log(logger: logging.Logger, transaction_id: str) -> TransactionLog:
    """A logger for one transaction."""
    return TransactionLog(logger, {"transaction_id": transaction_id})


@dataclass(frozen=True, slots=True)
class Desk:
    """The ports that every stage works with, the name that its events bear, and when its work counts as stuck."""

    ledger: Ledger
    clock: Clock
    function: str
    stuck_after: timedelta

    async def take_up(self, key: Key) -> "Case | None":
        """Read a transaction's row; None where there is nothing that this version can work on."""
        lines = transaction_log(log, key.transaction_id)
        try:
            row = await self.ledger.get(key)
        except UnreadableRow as error:
            lines.error("left alone by %s: %s", self.function, error)
            return None
        if row is None:
            lines.warning("%s was asked for a transaction that the ledger does not have", self.function)
            return None
        return Case(self, row)

    async def close(self, row: Transaction) -> None:
        """Remove a finished row's open entry, and put it back if the row was taken up again at this moment."""
        await self.ledger.close(row.key)
        try:
            now = await self.ledger.get(row.key)
        except UnreadableRow:
            await self.ledger.put_open(self.entry(row))  # a newer release may have taken it up, in words of its own
            return
        if now is not None and not now.is_finished:
            await self.ledger.put_open(replace(self.entry(now), not_before=self.clock()))

    def entry(self, row: Transaction) -> OpenEntry:
        """The open entry of a row that moves now: looked at again once it counts as stuck."""
        return OpenEntry(row.key, row.mail_id, self.clock() + self.stuck_after, progress=progress_of(row))

    async def drive(self, queues: Queues, entry: OpenEntry, row: Transaction) -> None:
        """Send the message for a row's next step; should it get lost, the entry's date brings the transaction back."""
        await self.ledger.put_open(entry)
        await queues.send(queue_for(row), WorkOn.on(row.key).to_bytes())

    async def reopen(self, queues: Queues, row: Transaction, event: Event) -> None:
        """Write a row that leaves its rest, and drive it; raises Conflict."""
        # The entry first: a row taken up again that nobody drives would be lost to every later tick.
        await self.ledger.put_open(self.entry(row))
        row = await self.ledger.update(row, event)
        transaction_log(log, row.transaction_id).info("%s: %s (%s)", self.function, event.what, event.why)
        await self.drive(queues, self.entry(row), row)


async def is_gone(mailbox: Mailbox, mail_id: str) -> bool:
    """Whether a mail does not exist any more; a 404 may come from anything else that a request names."""
    try:
        await mailbox.folder_of(mail_id)
    except MailGone:
        return True
    return False


class Case:
    """One transaction in work; `row` is what the ledger holds as far as this worker knows."""

    def __init__(self, desk: Desk, row: Transaction) -> None:
        self.desk = desk
        self.row = row
        self.log = transaction_log(log, row.transaction_id)
        self._cannot_be_filed = False

    async def write(self, row: Transaction, what: str, why: str = "") -> None:
        """Write the row and a line of its history; raises Conflict."""
        self.row = await self.desk.ledger.update(row, Event(what, self.desk.function, why))
        self.log.info("%s: %s%s", self.desk.function, what, f" ({why})" if why else "")

    async def rest(self, row: Transaction) -> None:
        """Write a row that has come to a resting state."""
        await self.write(row, row.status.value, ", ".join(row.reasons))

    async def put_off(self, seconds: float, why: str) -> None:
        """Ask for this transaction again in that many seconds, without blame."""
        await self.put_off_until(self.desk.clock() + timedelta(seconds=seconds), why)

    async def put_off_until(self, not_before: datetime, why: str) -> None:
        """Ask for this transaction again at that instant, and let go of its claim."""
        if self.row.claim_until is not None:
            await self.write(self.row.changed(self.desk.clock(), claim_until=None), "put off", why)
        await self.ask_again(not_before, why)

    async def ask_again(self, not_before: datetime, why: str) -> None:
        """Write the date on the open entry, and leave the row alone."""
        self.log.info("%s: again at %s: %s", self.desk.function, f"{not_before:%H:%M:%S}", why)
        await self.desk.ledger.postpone(self.row.key, self.row.mail_id, not_before)

    async def file(self, mailbox: Mailbox, *, seen_in: str = "") -> None:
        """Move the mail to the folder of its state, once; `seen_in` is where this very run has seen it lie."""
        row = self.row
        if row.filing is not Filing.PENDING:
            return
        target = FOLDERS[row.status]
        try:
            folder = seen_in or await mailbox.folder_of(row.mail_id)
            if folder not in {INBOX, row.folder, target}:
                await self._leave("moved by a person")
                return
            if folder != target:
                await mailbox.move(row.mail_id, target)
        except MailGone as error:
            if not await is_gone(mailbox, row.mail_id):
                raise Later(f"cannot be filed: {error}") from error
            await self._leave("deleted by a person")
            return
        except MailRefused as error:
            self._cannot_be_filed = True
            wait = min(REFUSED_SECONDS, self.desk.stuck_after.total_seconds())
            raise Later(f"cannot be filed: {error}", wait) from error
        try:
            await self.write(row.changed(self.desk.clock(), filing=Filing.DONE, folder=target), "filed", target)
        except Conflict:
            await self._note_late_move(target)
            raise

    async def _note_late_move(self, folder: str) -> None:
        """Say in the row where a move that came late has left the mail: the row has gone on, and looks elsewhere."""
        for _ in range(TRIES):
            now = await self.desk.ledger.get(self.row.key)
            if now is None or now.folder == folder or (now.is_resting and now.filing is Filing.NONE):
                return  # lost, known, or a person has the mail
            if now.filing is Filing.PENDING and FOLDERS[now.status] == folder:
                return  # it belongs there
            after = now.changed(self.desk.clock(), folder=folder)
            if now.filing is Filing.DONE:  # to be filed once more
                after = after.model_copy(update={"filing": Filing.PENDING})
                await self.desk.ledger.put_open(replace(self.desk.entry(after), not_before=self.desk.clock()))
            with suppress(Conflict):
                await self.desk.ledger.update(after, Event("moved late", self.desk.function, folder))
                return

    async def leave_to_person(self, folder: str) -> None:
        """Rest a mail that does not lie where it was; a folder of ours is no proof of a person, so somebody is told."""
        status = Status.REVIEW if folder in FOLDERS.values() else Status.IGNORED
        await self.rest(self.row.rested(status, self.desk.clock(), (Reason.TAKEN_BY_A_PERSON,)))

    async def _leave(self, why: str) -> None:
        await self.write(self.row.changed(self.desk.clock(), filing=Filing.NONE), "not filed", why)

    async def close_if_finished(self) -> None:
        """Take a transaction to which nothing is owed off the list of open ones."""
        if self.row.is_finished:
            await self.desk.close(self.row)

    def next_message(self, *queues: str) -> Outgoing | None:
        """What to hand on, where the next step is one of these queues' and not this stage's own."""
        queue = queue_for(self.row)
        if self._cannot_be_filed and self.row.notice is not Notice.NONE:
            queue = NOTIFY  # the card does not wait for what may never come
        if self.row.is_finished or queue not in queues:
            return None
        return Outgoing(queue, WorkOn.on(self.row.key).to_bytes())

    @asynccontextmanager
    async def patiently(self) -> AsyncIterator[None]:
        """Turn "not now" into a date on the open entry, so that it costs the message none of its tries."""
        stuck = self.desk.stuck_after.total_seconds()
        try:
            async with asyncio.timeout(RUN_SECONDS):
                yield
        except (Later, TimeoutError) as error:
            asked = error.after if isinstance(error, Later) else None
            seconds = min(UNAVAILABLE_SECONDS, stuck) if asked is None else min(asked, LONGEST_SECONDS)
            with suppress(Conflict):
                await self.put_off(seconds, str(error) or "no end in sight")
        except Conflict:
            again = self.desk.clock() + timedelta(seconds=min(CONFLICT_SECONDS, stuck))
            await self.ask_again(again, "another worker wrote the row first")
