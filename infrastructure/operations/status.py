"""Shows how the app stands: what waits, what is open, what became of the mails, and what needs a person."""

import argparse
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from infrastructure.operations.account import Account
from infrastructure.operations.command import declare
from infrastructure.operations.exits import AT_FAULT, OK
from infrastructure.operations.rows import Glance, add_months, months_before
from infrastructure.operations.show import age, as_text, print_json, print_line, print_table
from infrastructure.operations.standing import Finding, Open, Standing, findings, read_standing
from infrastructure.operations.stop import as_object as stop_as_object
from shared.domain.transaction import Status

_DESCRIPTION = """\
Show how the app stands, from its storage alone: queues and poison, open transactions by state and age, what became
of the mails of the last months, what waits for people, and the commands that go on from there.
What waits in Needs Vendor and Review is told by the ledger: a mail that a person took out of its folder by hand
still counts there, until its month is past."""

_KEYS = """\
  at, account, has_ledger (bool)
  emergency_stop: {stopped, why, by, since}
  queues: [{queue, waiting (null: there is no such queue), poison_waiting}]
  poison: [{id, queue, places, reason, inserted_at, transaction_id}]
  open: [{state, count, oldest (when its mail was admitted), next_look}]
  transactions: [{month, status, count}]
  waiting_long, unconfirmed, stuck: [{transaction_id, partition, status, reasons, sender, subject, folder,
    received_at, updated_at, posted_at}]
  last_admitted, last_posted: when the tick last took a mail in, when one was last sent; null: not in these months
  needs_a_person: [{what, command}]"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare `status`."""
    at_fault = (
        "something needs a person: poison, deliveries unconfirmed, an emergency stop, mails that wait longer than a\n"
        "  day, open transactions that do not move, a tick that does not run"
    )
    declare(parser, _run, _DESCRIPTION, at_fault=at_fault, json=_KEYS)
    add_months(parser, 2)


async def _run(arguments: argparse.Namespace, account: Account) -> int:
    now = datetime.now(UTC)
    standing = await read_standing(account, now, months_before(now, arguments.months))
    found = findings(standing)
    if arguments.json:
        print_json(_as_object(standing, found))
    else:
        _print(standing, found)
    return AT_FAULT if found else OK


def _by_state(standing: Standing) -> Mapping[str, Sequence[Open]]:
    states: defaultdict[str, list[Open]] = defaultdict(list)
    for each in standing.open:
        states[each.state].append(each)
    return dict(sorted(states.items()))


def _oldest(those: Sequence[Open]) -> datetime | None:
    return min((each.row.admitted_at for each in those if each.row.admitted_at), default=None)


def _next_look(those: Sequence[Open]) -> datetime:
    return min(each.entry.not_before for each in those)


def _long(standing: Standing) -> list[Glance]:
    return [row for status in (Status.PARKED, Status.REVIEW) for row in standing.waiting_long(status)]


def _as_object(standing: Standing, found: Sequence[Finding]) -> dict[str, Any]:
    poison = [message.as_object() for message in standing.poison.messages]
    return {
        "at": standing.at,
        "account": standing.account,
        "has_ledger": standing.has_ledger,
        "emergency_stop": stop_as_object(standing.stop),
        "queues": [
            {"queue": queue, "waiting": waiting, "poison_waiting": standing.poison_waiting[queue]}
            for queue, waiting in standing.waiting.items()
        ],
        "poison": [{key: each[key] for key in _POISON_KEYS} for each in poison],
        "open": [
            {"state": state, "count": len(those), "oldest": _oldest(those), "next_look": _next_look(those)}
            for state, those in _by_state(standing).items()
        ],
        "transactions": [
            {"month": month, "status": status, "count": count} for month, status, count in _counts(standing)
        ],
        "waiting_long": [row.as_object() for row in _long(standing)],
        "unconfirmed": [row.as_object() for row in standing.unconfirmed],
        "stuck": [each.row.as_object() for each in standing.stuck],
        "last_admitted": standing.last_admitted,
        "last_posted": standing.last_posted,
        "needs_a_person": [{"what": finding.what, "command": finding.command} for finding in found],
    }


_POISON_KEYS = ("id", "queue", "places", "reason", "inserted_at", "transaction_id")


def _counts(standing: Standing) -> Iterator[tuple[str, str, int]]:
    for month, counts in standing.counts.items():
        yield from ((month, status, count) for status, count in sorted(counts.items()))


def _print(standing: Standing, found: Sequence[Finding]) -> None:
    print_line(f"account {standing.account} at {as_text(standing.at)} UTC")
    print_table("queues", ("queue", "waiting", "poison"), _queue_cells(standing))
    if standing.open:
        cells = (
            (state, len(those), age(_age(standing, _oldest(those))), _next_look(those))
            for state, those in _by_state(standing).items()
        )
        print_table("open transactions", ("state", "count", "oldest", "next look"), cells)
    print_table("transactions by month of receipt", ("month", *Status, "other"), _month_cells(standing))
    print_line(_last("admitted", standing, standing.last_admitted))
    print_line(_last("posted", standing, standing.last_posted))
    if found:
        print_table("needs a person", ("what", "go on with"), ((each.what, each.command) for each in found))
    else:
        print_line(f"nothing is overdue{_waiting(standing)}")


def _waiting(standing: Standing) -> str:
    """What waits for people, in words; mails that wait for more than a day are overdue."""
    mails = sum(counts[Status.PARKED] + counts[Status.REVIEW] for counts in standing.counts.values())
    return f"; {mails} in Needs Vendor and Review, none for longer than a day" if mails else ""


def _age(standing: Standing, moment: datetime | None) -> timedelta | None:
    return standing.at - moment if moment else None


def _queue_cells(standing: Standing) -> Iterator[Sequence[object]]:
    kept = [message.queue for message in standing.poison.messages]
    for queue, waiting in standing.waiting.items():
        unseen = standing.poison.unseen.get(queue, 0)
        poison = f"{kept.count(queue)}" + (f" and {unseen} in keeping" if unseen else "")
        yield queue, "no such queue" if waiting is None else waiting, poison


def _month_cells(standing: Standing) -> Iterator[Sequence[object]]:
    for month, counts in standing.counts.items():
        known = [counts[status] for status in Status]
        # Others were written by a newer release, or by hand; the app leaves them alone.
        yield month, *(count or "" for count in (*known, counts.total() - sum(known)))


def _last(what: str, standing: Standing, moment: datetime | None) -> str:
    if moment is None:
        return f"no mail {what} in these months"
    return f"last mail {what} {as_text(moment)} UTC, {age(standing.at - moment)} ago"
