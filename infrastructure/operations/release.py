"""Releases a mail that rests, as a person does by moving it back to the Inbox, but without Outlook."""

import argparse
from datetime import UTC, datetime

from infrastructure.operations.account import Account
from infrastructure.operations.caller import caller
from infrastructure.operations.command import complain, declare
from infrastructure.operations.confirm import confirmed
from infrastructure.operations.exits import AT_FAULT, COULD_NOT_RUN, OK
from infrastructure.operations.rows import add_months, months_before
from infrastructure.operations.search import DEFAULT_MONTHS, by_reference, references_of
from infrastructure.operations.show import as_text, one_line, print_json, print_line
from infrastructure.operations.stop import read_stop
from shared.casework import Desk
from shared.domain.reason import EXPLANATIONS, NEVER_WAIVED, SENDS_AGAIN, Reason
from shared.domain.release import is_put_back, released
from shared.domain.transaction import Event, Filing, Status, Transaction, UnreadableRow
from shared.ports import Conflict

_DESCRIPTION = """\
Release a mail that rests in Review, Failed, Ignored or Needs Vendor, as moving it back to the Inbox does: what it was
held for is waived, anything else stops it again, and it is sent once more only where the delivery was in doubt or
bounced. The mail stays where it is until it is filed anew. A mail that was sent to AP is never sent again.
One that is released already is no error."""

_KEYS = """\
  transaction_id, released (bool: by this command), status (after it), waived, not_waived: arrays of reasons,
  attempt (which sending this is)"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare `release ID`."""
    at_fault = "there is no such transaction, or it cannot be released"
    declare(parser, _run, _DESCRIPTION, at_fault=at_fault, json=_KEYS)
    parser.add_argument(
        "id", type=_reference, metavar="ID", help="a transaction id, or its tag as in [IA-0123456789ab]"
    )
    parser.add_argument("--why", type=one_line, default="", metavar="TEXT", help="kept in the mail's history")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    add_months(parser, DEFAULT_MONTHS)


def _reference(text: str) -> str:
    found = references_of(text)
    if len(found) != 1:
        raise argparse.ArgumentTypeError(f"wanted a transaction id or one tag, found {text!r}; find it with: trace")
    return found[0]


async def _run(arguments: argparse.Namespace, account: Account) -> int:
    now = datetime.now(UTC)
    found = await by_reference(account, arguments.id, months_before(now, arguments.months))
    if len(found) != 1:
        complain(arguments, _not_one(arguments, len(found)))
        return AT_FAULT
    try:
        row = await account.ledger.get(found[0].key)
    except UnreadableRow as error:
        complain(arguments, f"{error}; it was edited by hand, or a newer release wrote it")
        return AT_FAULT
    if row is None:
        complain(arguments, f"the row of {found[0].key.transaction_id} is gone; see: trace {arguments.id}")
        return AT_FAULT
    return await _release(arguments, account, row, now)


def _not_one(arguments: argparse.Namespace, count: int) -> str:
    if count:
        return f"{count} transactions begin with {arguments.id}; give the whole id, see: trace {arguments.id}"
    return (
        f"no transaction begins with {arguments.id}, of the mails received in {arguments.months} months; try --months"
    )


async def _release(arguments: argparse.Namespace, account: Account, row: Transaction, now: datetime) -> int:
    if not row.is_resting:
        _say(arguments, row, row, is_released=False)
        return OK
    if fault := obstacle(row):
        complain(arguments, f"{row.transaction_id} is not released: {fault}")
        return AT_FAULT
    after = put_back(row, now)
    if not arguments.json:
        _print_answer(row, after)
    if not arguments.yes and not confirmed("release it?"):
        complain(arguments, "nothing was changed; answer y, or give --yes")
        return COULD_NOT_RUN
    desk = Desk(account.ledger, lambda: datetime.now(UTC), arguments.command, account.stuck_after)
    try:
        await desk.reopen(account.queues, after, Event("released", "person", _why(row, arguments.why)))
    except Conflict:
        complain(arguments, f"{row.transaction_id} was written by the app in between; look again: trace {arguments.id}")
        return COULD_NOT_RUN
    _say(arguments, row, after, is_released=True)
    if (stop := await read_stop(account)).is_on and not arguments.json:
        print_line(f"it waits for the end of the emergency stop by {stop.by}: {stop.why}")
    return OK


def obstacle(row: Transaction) -> str:
    """Why a row at rest is not to be released from here, and what to do; empty where it may be."""
    if row.status is Status.POSTED:
        when = f" on {row.posted_at:%Y-%m-%d %H:%M} UTC" if row.posted_at else ""
        return f"it was sent to AP{when} and is never sent again; forward it by hand if AP wants it twice"
    if row.filing is Filing.PENDING:
        return "the app is still filing its mail; try again in a minute"
    if row.filing is Filing.NONE:
        then = "which releases it" if is_put_back(row) else "from where the app files it; release it after that"
        return f"its mail is not where the app left it; find it in Outlook and move it to the Inbox, {then}"
    return ""


def put_back(row: Transaction, now: datetime) -> Transaction:
    """The row released where its mail lies: the stages look for it in that folder as well as in the Inbox."""
    return released(row, now).model_copy(update={"folder": row.folder})


def _why(row: Transaction, text: str) -> str:
    said = f": {text}" if text else ""
    return f"{', '.join(row.reasons)} ({caller()}{said})"


def _split(row: Transaction) -> tuple[list[Reason], list[Reason]]:
    waived = [reason for reason in row.reasons if reason not in NEVER_WAIVED]
    return waived, [reason for reason in row.reasons if reason in NEVER_WAIVED]


def _print_answer(row: Transaction, after: Transaction) -> None:
    waived, others = _split(row)
    print_line(f"{row.transaction_id}, received {as_text(row.received_at)} UTC from {row.sender or 'nobody named'}")
    print_line(f"subject: {row.subject or 'none'}")
    print_line(f"state: {row.status}, in {row.folder}")
    for reason in waived:
        print_line(f"waived: {reason}. {EXPLANATIONS[reason].what}")
    for reason in others:
        print_line(f"not waived: {reason}. {EXPLANATIONS[reason].what} {EXPLANATIONS[reason].next}")
    if after.attempt > row.attempt:
        doubt = ", ".join(sorted(SENDS_AGAIN.intersection(row.reasons)))
        print_line(f"{doubt}: it is sent once more, as attempt {after.attempt}; AP may get it twice, so ask them first")


def _say(arguments: argparse.Namespace, row: Transaction, after: Transaction, *, is_released: bool) -> None:
    if arguments.json:
        waived, others = _split(row)
        document = {
            "transaction_id": row.transaction_id,
            "released": is_released,
            "status": after.status,
            "waived": waived,
            "not_waived": others,
            "attempt": after.attempt,
        }
        print_json(document)
    elif is_released:
        print_line("released: the app takes it up again; follow it with: trace " + row.transaction_id)
    else:
        print_line(f"{row.transaction_id} is {row.status} and moves by itself: nothing to release")
