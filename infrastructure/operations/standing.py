"""How the app stands, as its storage tells it, and what of that needs a person."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from azure.core.exceptions import ResourceNotFoundError
from azure.data.tables import TableClient

from infrastructure.operations.account import Account, if_there
from infrastructure.operations.poison import Poison, read_poison
from infrastructure.operations.rows import Glance, columns_of, rows_of
from infrastructure.operations.show import age
from infrastructure.operations.stop import read_stop
from shared.adapters.tables import LEDGER, TableLedger
from shared.domain.messages import QUEUES
from shared.domain.open_entry import OpenEntry
from shared.domain.reason import Reason
from shared.domain.stop import Stop
from shared.domain.transaction import FOLDERS, Filing, Notice, Status

WAITS_TOO_LONG = timedelta(days=1)  # in Needs Vendor or Review
STUCK_TIMES = 6  # STUCK_AFTER_SECONDS without a move: by default the tick has given up by then
UNSEEN_FOR = timedelta(minutes=10)  # the tick looks at what is due every minute


@dataclass(frozen=True, slots=True)
class Open:
    """An open transaction; its row may be gone."""

    entry: OpenEntry
    row: Glance

    @property
    def state(self) -> str:
        """The row's status, and for one at rest what is still owed."""
        if not self.row.status:
            return "row is gone"
        if self.row.status not in FOLDERS:
            return self.row.status
        owed = "to be filed" if self.row.filing == Filing.PENDING else "card owed"
        is_owed = self.row.filing == Filing.PENDING or self.row.notice not in {"", Notice.NONE}
        return f"{self.row.status}, {owed if is_owed else 'to be closed'}"


@dataclass(frozen=True, slots=True)
class Standing:
    """All that `status` shows."""

    at: datetime
    account: str
    has_ledger: bool
    stop: Stop
    waiting: Mapping[str, int | None]  # queue to its messages; None where it does not exist
    poison_waiting: Mapping[str, int]
    poison: Poison
    open: tuple[Open, ...]
    months: Mapping[str, tuple[Glance, ...]]  # partition to its rows
    stuck_after: timedelta

    @property
    def rows(self) -> tuple[Glance, ...]:
        """All rows of the months."""
        return tuple(row for rows in self.months.values() for row in rows)

    @property
    def counts(self) -> Mapping[str, Counter[str]]:
        """Month to status to number of transactions."""
        return {month: Counter(row.status for row in rows) for month, rows in self.months.items()}

    @property
    def last_admitted(self) -> datetime | None:
        """When the tick last took a mail in, as far as the months tell."""
        return max((row.admitted_at for row in self.rows if row.admitted_at), default=None)

    @property
    def last_posted(self) -> datetime | None:
        """When a mail was last sent to AP, as far as the months tell."""
        return max((row.posted_at for row in self.rows if row.posted_at), default=None)

    @property
    def unconfirmed(self) -> tuple[Glance, ...]:
        """Those of which nobody knows whether AP has them."""
        return tuple(row for row in self.rows if Reason.DELIVERY_UNCONFIRMED in row.reasons)

    def waiting_long(self, status: Status) -> tuple[Glance, ...]:
        """Mails that the app filed in the folder of that status, received longer than a day ago; the oldest first."""
        found = [
            row
            for row in self.rows
            if row.status == status and row.filing != Filing.NONE and self._since(row.received_at) > WAITS_TOO_LONG
        ]
        return tuple(reversed(found))

    def _since(self, moment: datetime | None) -> timedelta:
        return self.at - moment if moment else timedelta()

    @property
    def stuck(self) -> tuple[Open, ...]:
        """Open transactions that have not moved for so long that they will hardly do so by themselves."""
        limit = STUCK_TIMES * self.stuck_after
        return tuple(each for each in self.open if each.row.status and self._since(each.row.updated_at) > limit)

    @property
    def unseen(self) -> tuple[Open, ...]:
        """Open transactions that are due, and no tick has looked at them."""
        return tuple(each for each in self.open if self._since(each.entry.not_before) > UNSEEN_FOR)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that needs a person, and the command that goes on from here."""

    what: str
    command: str


async def read_standing(account: Account, now: datetime, months: Sequence[str]) -> Standing:
    """Gather it: a query for each month, one for what is open, and some point reads."""
    rows = await asyncio.gather(*(rows_of(account, month) for month in months))
    by_month = {month: tuple(found) for month, found in zip(months, rows, strict=True)}
    known = {row.key: row for found in by_month.values() for row in found}
    entries = await if_there(TableLedger(account.reading).open_entries())
    return Standing(
        at=now,
        account=account.name,
        has_ledger=await account.reading.run(LEDGER, _exists),
        stop=await read_stop(account),
        waiting={queue: await asyncio.to_thread(_waiting, account, queue) for queue in QUEUES},
        poison_waiting={queue: await account.queues.poison_waiting(queue) for queue in QUEUES},
        poison=await read_poison(account),
        open=tuple([Open(entry, known.get(entry.key) or await _row(account, entry)) for entry in entries]),
        months=by_month,
        stuck_after=account.stuck_after,
    )


async def _row(account: Account, entry: OpenEntry) -> Glance:
    return Glance.of(entry.key, await columns_of(account, entry.key))


def _exists(table: TableClient) -> bool:
    try:
        next(table.query_entities("PartitionKey eq ''", results_per_page=1).by_page(), None)
    except ResourceNotFoundError:
        return False
    return True


def _waiting(account: Account, queue: str) -> int | None:
    with account.queue_service.get_queue_client(queue) as client:
        try:
            return client.get_queue_properties().approximate_message_count or 0
        except ResourceNotFoundError:
            return None


def findings(standing: Standing) -> list[Finding]:
    """What needs a person, the gravest first."""
    return [
        *_of_the_whole(standing),
        *_of_poison(standing),
        *_of_rows(standing),
        *_of_open(standing),
    ]


def _of_the_whole(standing: Standing) -> Iterator[Finding]:
    if not standing.has_ledger:
        yield Finding(
            f"the account {standing.account} has no table {LEDGER}: the app never ran here, or it is the wrong account",
            "diagnose",
        )
    if standing.stop.is_on:
        yield Finding(f"emergency stop by {standing.stop.by}: {standing.stop.why}", "emergency-stop --resume")
    elif standing.unseen:
        first = min(each.entry.not_before for each in standing.unseen)
        yield Finding(
            f"open transactions that are due and that no tick looks at: {len(standing.unseen)}, the first for "
            f"{age(standing.at - first)}; MailIngest does not run, or not to its end",
            "diagnose",
        )


def _of_poison(standing: Standing) -> Iterator[Finding]:
    messages = standing.poison.messages
    if messages:
        queues = ", ".join(f"{count} of {queue}" for queue, count in Counter(m.queue for m in messages).items())
        yield Finding(f"poison messages: {queues}", "poison list")
    elif standing.poison.unseen:
        yield Finding("poison queues hold messages that the tick is keeping at this moment", "poison list")


def _of_rows(standing: Standing) -> Iterator[Finding]:
    if standing.unconfirmed:
        ids = _some_ids(standing.unconfirmed)
        yield Finding(f"mails of which nobody knows whether AP has them: {ids}", "trace ID")
    for status in (Status.PARKED, Status.REVIEW):
        if found := standing.waiting_long(status):
            longest = age(standing.at - (found[0].received_at or standing.at))
            what = f"mails that wait in {FOLDERS[status]} for longer than a day, the first for {longest}"
            yield Finding(f"{what}: {_some_ids(found)}", "trace ID")


def _of_open(standing: Standing) -> Iterator[Finding]:
    if standing.stuck:
        ids = _some_ids([each.row for each in standing.stuck])
        limit = age(STUCK_TIMES * standing.stuck_after)
        yield Finding(f"open transactions that have not moved for {limit}: {ids}", "trace ID")
    if lost := [each.row for each in standing.open if not each.row.status]:
        yield Finding(f"open transactions without a row in the ledger: {_some_ids(lost)}", "trace ID")


def _some_ids(rows: Sequence[Glance], most: int = 3) -> str:
    ids = ", ".join(row.key.transaction_id for row in rows[:most])
    return f"{len(rows)} ({ids}{' ...' if len(rows) > most else ''})"
