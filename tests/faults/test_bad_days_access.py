"""A mailbox that was renamed, is full itself, or lets us in no more: the tick is loud, and no mail is blamed."""

import json
import os
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from infrastructure.local.mailbox import MailboxServer
from infrastructure.local.samples.builders import AP_MAILBOX, MAILBOX, Attached, make_mail
from shared.adapters.graph_mailbox import GraphMailbox
from shared.domain.messages import RAW_MAIL
from shared.domain.transaction import Status, Transaction
from shared.ports import Later
from tests.adapters.graph import graph_client
from tests.adapters.scripted import Answer, ScriptedServer
from tests.faults.bad_days import BadDay, refusing
from tests.stages.world import Tuning

pytestmark = pytest.mark.timeout(120)

REFUSALS = {
    "renamed": (404, "ErrorInvalidUser"),
    "renamed, another datacentre": (404, "Request_ResourceNotFound"),
    "licence gone": (404, "MailboxNotEnabledForRESTAPI"),
    "token refused": (401, "InvalidAuthenticationToken"),
    "access withdrawn": (403, "ErrorAccessDenied"),
    "over quota": (507, "ErrorQuotaExceeded"),
    "over quota, as a bad request": (400, "ErrorQuotaExceeded"),
}
INVOICE = make_mail(
    sender="billing@bluebird-cloud.example",
    subject="Invoice INV-2026-0417",
    attachments=[Attached("invoice.pdf", b"Invoice number: INV-2026-0417\n", "application/pdf")],
)


class Switched:
    """A mailbox behind the real Graph client that answers as it should, or refuses what begins with `refused`."""

    def __init__(self, good: GraphMailbox, refusing: GraphMailbox) -> None:
        self._good, self._refusing = good, refusing
        self.refused: str | None = None

    def __getattr__(self, method: str) -> Any:
        is_refused = self.refused is not None and method.startswith(self.refused)
        return getattr(self._refusing if is_refused else self._good, method)


@asynccontextmanager
async def switched(server: MailboxServer, status: int, code: str) -> AsyncIterator[Switched]:
    body = json.dumps({"error": {"code": code, "message": "words that change"}}).encode()
    with ScriptedServer(Answer(status, body)) as refusing:
        async with graph_client(server.graph_url) as good, graph_client(f"{refusing.url}/v1.0") as bad:
            yield Switched(GraphMailbox(good), GraphMailbox(bad))


def rows(site: BadDay) -> list[Transaction]:
    return [site.ledger.row(key) for key in site.ledger.keys]


def files(root: Path, folder: str, address: str = MAILBOX) -> int:
    return len(list((root / address / folder).glob("*.eml")))


def drop(root: Path) -> None:
    path = root / MAILBOX / "Inbox" / "invoice.eml"
    path.write_bytes(INVOICE)
    os.utime(path, (time.time() - 60,) * 2)  # a file just written may still grow


# How far a mail gets before it happens: ticks, then functions run one by one.
STEPS = {"before the first tick": 0, "before it is read": 1, "before it is forwarded": 2, "before its card": 3}


async def one_function(site: BadDay) -> None:
    """Run the function that the waiting message is for."""
    [(queue, body)] = [(queue, body) for queue, bodies in site.queues.messages.items() for body in bodies]
    site.lose_messages()
    await site.deliver(queue, body)


@pytest.mark.parametrize("steps", STEPS.values(), ids=STEPS)
@pytest.mark.parametrize(("status", "code"), REFUSALS.values(), ids=REFUSALS)
async def test_a_mailbox_that_refuses_everything_is_loud_and_blames_no_mail(
    status: int, code: str, steps: int, local_mailbox: MailboxServer, tmp_path: Path
) -> None:
    root = tmp_path / "mails"
    drop(root)
    async with switched(local_mailbox, status, code) as mailbox:
        site = BadDay(mailbox=mailbox)  # type: ignore[arg-type]  # the port, for once not the fake
        for step in range(steps):
            await (one_function(site) if step else site.tick())
        waiting, are_resting = files(root, "Inbox"), [row.is_resting for row in rows(site)]
        mailbox.refused = ""
        await site.minutes(5)
        assert sum(f"graph {status}" in str(error) for error in site.errors) == 5  # every tick fails
        assert (files(root, "Inbox"), [row.is_resting for row in rows(site)]) == (waiting, are_resting)
        mailbox.refused = None
        await site.minutes(5)
        assert (files(root, "Posted"), files(root, "Inbox", AP_MAILBOX)) == (1, 1)
        assert [row.status for row in rows(site)] == [Status.POSTED]
        assert len(site.channel.cards) == 1


@pytest.mark.parametrize("code", ["ErrorAccessDenied", "ErrorSendAsDenied"])
async def test_a_right_to_send_that_comes_an_hour_late_costs_no_mail_a_review(
    code: str, local_mailbox: MailboxServer, tmp_path: Path
) -> None:
    root = tmp_path / "mails"
    drop(root)
    async with switched(local_mailbox, 403, code) as mailbox:
        site = BadDay(mailbox=mailbox)  # type: ignore[arg-type]  # the port, for once not the fake
        mailbox.refused = "send"
        await site.minutes(60)
        mailbox.refused = None
        await site.minutes(20)
        assert site.outcomes() == ["posted"]
        assert (files(root, "Posted"), files(root, "Inbox", AP_MAILBOX)) == (1, 1)


# Over days, on the fakes


async def extract_all(site: BadDay) -> None:
    for body in site.queues.take_all(RAW_MAIL):
        await site.deliver(RAW_MAIL, body)


async def not_at_all(site: BadDay) -> None:
    pass


@pytest.mark.parametrize("count", [3, 60], ids=["a few mails", "a backlog"])
@pytest.mark.parametrize("begin", [not_at_all, extract_all], ids=["admitted", "to be posted"])
async def test_three_days_without_access_burn_no_tries(begin: Callable[[BadDay], Awaitable[None]], count: int) -> None:
    site = BadDay(Tuning(per_minute=4))
    mails = [site.invoice(f"INV-{number}") for number in range(count)]
    await site.tick()
    await begin(site)
    site.gate = refusing(Later("graph 403 ErrorAccessDenied"), "mailbox.")
    await site.hours(72)
    site.calm()
    assert site.errors
    assert {type(error) for error in site.errors} == {Later}
    assert not any(site.ledger.row(key).is_resting for key in site.ledger.keys)
    assert {entry.stalls for entry in site.ledger.open.values()} == {0}
    await site.minutes(60)
    assert Counter(site.outcome(mail) for mail in mails) == {"posted": count}
    assert len(site.mailbox.ap_inbox) == count
