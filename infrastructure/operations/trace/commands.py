"""python -m infrastructure.operations trace SUBJECT|ID|MESSAGE-ID."""

import argparse
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from infrastructure.operations.account import Account
from infrastructure.operations.command import complain, declare
from infrastructure.operations.exits import AT_FAULT, OK
from infrastructure.operations.rows import HEADINGS, Glance, add_months, months_before
from infrastructure.operations.search import DEFAULT_MONTHS, Found, search
from infrastructure.operations.show import as_text, print_json, print_line, print_table
from infrastructure.operations.trace.life import Life, next_steps, place_of, read_life, was_sent
from shared.domain.forward import message_id
from shared.domain.transaction import Transaction

_LISTED = 50

_DESCRIPTION = """\
Show the whole life of one mail: its row, every event with time, by and why, what is still owed, its poison messages,
where the mail lies, what to search for in AP's mailbox, and what a person does next. It is found by
  a transaction id, or its beginning of at least 12 digits,
  the tag [IA-0123456789ab] of a forward's subject, or that whole subject,
  a Message-ID, the vendor's or our forward's,
  any part of the vendor's subject, in upper or lower case.
Mails that were sent are found by id at any age, others only within the months."""

_KEYS = """\
  query, looked_in (array of text), matches: [{transaction_id, partition, status, reasons, sender, subject, folder,
    received_at, updated_at, posted_at}], newest first
  trace: null unless there is exactly one match, else
    transaction: the columns of its row in InvoiceTransactions, events: [{at, what, by, why}],
    open: null, or {not_before, waiting, stalls, progress}, poison: array as of `poison list`,
    parked_under: array of vendor keys, duplicate_of: null, or an object as in matches, place (where the mail lies),
    forward: null where it was never sent, else {reference, marker, message_id (null without INVOICE_MAILBOX), sends,
    send_started_at, posted_at}, next_steps: array of text"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare `trace`."""
    at_fault = "no mail was found, or its row is gone or cannot be read"
    declare(parser, _run, _DESCRIPTION, at_fault=at_fault, json=_KEYS)
    parser.add_argument("query", type=_not_blank, metavar="SUBJECT|ID|MESSAGE-ID")
    add_months(parser, DEFAULT_MONTHS)


def _not_blank(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("wanted a subject, an id or a Message-ID, found nothing")
    return text.strip()


async def _run(arguments: argparse.Namespace, account: Account) -> int:
    months = months_before(datetime.now(UTC), arguments.months)
    found = await search(account, arguments.query, months)
    life = await read_life(account, found.matches[0].key, months) if len(found.matches) == 1 else None
    if arguments.json:
        print_json(_as_object(arguments.query, found, life, account.mailbox))
    elif life is not None:
        _print_life(life, account.mailbox)
    elif found.matches:
        _print_matches(found.matches)
    if not found.matches:
        where = "; ".join(found.looked_in)
        complain(arguments, f"nothing found among {where}. Is it still in the Inbox, or older? see --months, status")
    return AT_FAULT if not found.matches or (life is not None and life.fault) else OK


def _as_object(query: str, found: Found, life: Life | None, mailbox: str) -> dict[str, Any]:
    return {
        "query": query,
        "looked_in": found.looked_in,
        "matches": [match.as_object() for match in found.matches],
        "trace": _life_as_object(life, mailbox) if life is not None else None,
    }


def _life_as_object(life: Life, mailbox: str) -> dict[str, Any]:
    entry, row = life.entry, life.row
    return {
        "transaction": dict(life.columns),
        "events": [{"at": e.at, "what": e.what, "by": e.by, "why": e.why} for e in life.history],
        "open": entry
        and {
            "not_before": entry.not_before,
            "waiting": entry.waiting,
            "stalls": entry.stalls,
            "progress": entry.progress,
        },
        "poison": [message.as_object() for message in life.poison],
        "parked_under": life.parked_under,
        "duplicate_of": life.first and life.first.as_object(),
        "place": row and place_of(row),
        "forward": dict(_forward(row, mailbox)) if row and was_sent(row) else None,
        "next_steps": next_steps(life),
    }


def _forward(row: Transaction, mailbox: str) -> Iterator[tuple[str, Any]]:
    yield "reference", f"[IA-{row.transaction_id[:12]}]"
    yield "marker", row.marker
    yield "message_id", message_id(row, mailbox) if mailbox else None
    yield "sends", row.sends
    yield "send_started_at", row.send_started_at
    yield "posted_at", row.posted_at


def _print_matches(matches: Sequence[Glance]) -> None:
    print_table("mails", HEADINGS, (match.as_cells() for match in matches[:_LISTED]))
    newest = f", the newest {_LISTED} shown" if len(matches) > _LISTED else ""
    print_line(f"{len(matches)} mails match{newest}; name one by its id")


def _print_life(life: Life, mailbox: str) -> None:
    title = f"transaction {life.key.transaction_id} of {life.key.partition}"
    print_table(title, ("column", "value"), ((n, v) for n, v in sorted(life.columns.items()) if v not in {"", None}))
    print_table("history", ("when", "what", "by", "why"), ((e.at, e.what, e.by, e.why) for e in life.history))
    print_table("standing", ("", ""), _standing(life, mailbox))
    for step in next_steps(life):
        print_line(f"next: {step}")


def _standing(life: Life, mailbox: str) -> Iterator[tuple[str, object]]:
    row = life.row
    if row is not None:
        yield "the mail lies in", place_of(row)
    if life.entry is not None:
        waits = ", a stage asked for that" if life.entry.waiting else ""
        tries = f", {life.entry.stalls} tries without progress" if life.entry.stalls else ""
        yield "open, looked at again", f"{as_text(life.entry.not_before)}{waits}{tries}"
    for key in life.parked_under:
        yield "waits for a vendor of", key
    if life.first is not None:
        yield "the first one", " | ".join(filter(None, map(as_text, life.first.as_cells())))
    for message in life.poison:
        yield "poison", f"{message.id} in {', '.join(message.places)}: {message.reason}"
    if row is not None and was_sent(row):
        yield from (("in AP's mailbox: " + name, value) for name, value in _forward(row, mailbox) if value is not None)
