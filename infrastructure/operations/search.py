"""Finds transactions by what people have of them: an id, its tag in a subject, a Message-ID, words of a subject."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from infrastructure.operations.account import Account, if_there
from infrastructure.operations.rows import Glance, columns_of, rows_of
from shared.adapters.tables import TableLedger
from shared.domain.forward import marker_of, references_in
from shared.domain.transaction import LONGEST_FIELD, Key

DEFAULT_MONTHS = 3

_REFERENCE = re.compile(r"\[?(?:IA-)?([0-9a-f]{12,32})\]?", re.IGNORECASE)

_Look = Callable[[], Awaitable[Sequence[Glance]]]


@dataclass(frozen=True, slots=True)
class Found:
    """The transactions that fit, newest mail first, and in words where was looked for them."""

    matches: tuple[Glance, ...]
    looked_in: tuple[str, ...]


async def search(account: Account, text: str, months: Sequence[str]) -> Found:
    """Take the text for one thing after the other, the most certain first, until something is found."""
    looked: list[str] = []
    for words, look in _looks(account, text, months):
        looked.append(words)
        if found := await look():
            return Found(tuple(found), tuple(looked))
    return Found((), tuple(looked))


def _looks(account: Account, text: str, months: Sequence[str]) -> Iterator[tuple[str, _Look]]:
    span = f"of mails received in {months[-1]}" + (f" to {months[0]}" if len(months) > 1 else "")
    for reference in references_of(text):
        yield (
            f"transaction ids that begin with {reference}, {span} or sent",
            partial(by_reference, account, reference, months),
        )
    if "@" in text and not any(map(str.isspace, text.strip())):
        yield f"Message-IDs {span}", partial(_by_message_id, account, text.strip(), months)
    yield f"subjects {span}", partial(_by_subject, account, text, months)


def references_of(text: str) -> tuple[str, ...]:
    """The ids, or beginnings of ids, that a text is or holds: an id, a tag, a marker, the Message-ID of a forward."""
    bare = text.strip().lower()
    if marked := marker_of(bare.strip("<>").partition("@")[0]):
        return (marked,)
    whole = _REFERENCE.fullmatch(bare)
    return (whole[1],) if whole else references_in(text)


async def by_reference(account: Account, reference: str, months: Sequence[str]) -> Sequence[Glance]:
    """The transactions whose id begins so: sent ones of any age by the index, open ones, and the months' others."""
    ledger = TableLedger(account.reading)
    keys = {*await if_there(ledger.by_reference(reference))}
    keys |= {entry.key for entry in await if_there(ledger.open_entries())}
    known = [key for key in keys if key.transaction_id.startswith(reference)]
    if known:
        return [Glance.of(key, await columns_of(account, key)) for key in sorted(known, key=_age)]
    return await _in_months(
        account, months, "RowKey ge @first and RowKey lt @beyond", first=reference, beyond=f"{reference}\uffff"
    )


def _age(key: Key) -> tuple[int, str]:
    return -int(key.partition) if key.partition.isdecimal() else 0, key.transaction_id


async def _by_message_id(account: Account, text: str, months: Sequence[str]) -> Sequence[Glance]:
    bare = text.removeprefix("<").removesuffix(">")
    condition = "InternetMessageId eq @bare or InternetMessageId eq @whole"
    return await _in_months(account, months, condition, bare=bare[:LONGEST_FIELD], whole=f"<{bare}>"[:LONGEST_FIELD])


async def _by_subject(account: Account, text: str, months: Sequence[str]) -> Sequence[Glance]:
    wanted = _folded(text)
    return [row for row in await _in_months(account, months) if wanted in _folded(row.subject)]


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()


async def _in_months(
    account: Account, months: Sequence[str], condition: str = "", **parameters: str
) -> Sequence[Glance]:
    found = await asyncio.gather(*(rows_of(account, month, condition, **parameters) for month in months))
    return [row for rows in found for row in rows]
