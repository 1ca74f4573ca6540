"""python -m infrastructure.operations synthetic."""

import argparse
import asyncio
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from azure.core.exceptions import HttpResponseError

from infrastructure.local_settings import SettingError
from infrastructure.operations.account import Account, environment
from infrastructure.operations.command import complain, declare
from infrastructure.operations.exits import AT_FAULT, COULD_NOT_RUN, OK
from infrastructure.operations.show import print_json, print_line
from infrastructure.operations.synthetic.invoice import VENDOR, make_check
from infrastructure.operations.synthetic.mailbox import CheckMailbox, Refused
from infrastructure.operations.synthetic.nonces import Nonces
from infrastructure.operations.synthetic.progress import Progress, Step, progress
from shared.adapters.tables import TableLedger, TableVendors
from shared.domain.forward import message_id
from shared.domain.transaction import Key, Status, Transaction
from shared.wiring import vendor_desk

POLL_SECONDS = 3.0
_FORBIDDEN = 403
GRAPH = "https://graph.microsoft.com/v1.0"
_KEYS = '{"transaction", "step": "arrived" or how far it came, "words", "seconds"}'


@dataclass(frozen=True, slots=True)
class Addresses:
    """From where to where the check's mail goes, and the Graph that carries it."""

    recipient: str
    mailbox: str
    graph: str

    @classmethod
    def of(cls, settings: Mapping[str, str]) -> Self:
        """Read them; raises SettingError that names what is missing."""
        names = ("SYNTHETIC_RECIPIENT", "INVOICE_MAILBOX")
        recipient, mailbox = (settings.get(name, "").strip().lower() for name in names)
        if missing := [name for name, value in zip(names, (recipient, mailbox), strict=True) if not value]:
            raise SettingError(f"missing: {', '.join(missing)}; set what the app's own settings say")
        return cls(recipient, mailbox, settings.get("GRAPH_BASE_URL", "").strip() or GRAPH)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `synthetic` takes."""
    declare(
        parser,
        _run,
        "Send one mail the whole way of an invoice, to SYNTHETIC_RECIPIENT instead of AP, and wait until it arrives.\n"
        "The mail is sent from that mailbox too; the application that runs this needs Mail.Send and Mail.Read on it\n"
        "(infrastructure/mailbox_access). A person's log-in has neither: it can do --vendor-only.",
        at_fault="it has not arrived in time, or rests elsewhere",
        json=_KEYS,
    )
    parser.add_argument(
        "--vendor-only", action="store_true", help="only write the check's vendor, which the workflow may not"
    )
    parser.add_argument(
        "--timeout", type=float, default=900.0, metavar="SECONDS", help="until it counts as lost; default: 900"
    )


async def _run(arguments: argparse.Namespace, account: Account) -> int:
    settings = environment()
    addresses = Addresses.of(settings)
    began = time.monotonic()
    try:
        await _see_to_vendor(settings, account)
        if arguments.vendor_only:
            return OK
        with CheckMailbox(addresses.recipient, addresses.graph) as mailbox:
            check = await _Check.begun(account, addresses, mailbox)
            await check.follow(began + arguments.timeout)
        if check.seen.step is Step.ARRIVED:
            await Nonces(account).set_arrival(datetime.now(UTC))
    except Refused as error:
        complain(arguments, str(error))
        return COULD_NOT_RUN
    return _told(check, round(time.monotonic() - began), is_json=arguments.json)


async def _see_to_vendor(settings: Mapping[str, str], account: Account) -> None:
    """Write the check's vendor where the vendor master lacks it; raises Refused where whoever runs this may not."""
    if await TableVendors(account.reading).get(VENDOR.vendor_id) is not None:
        return
    try:
        await vendor_desk(settings).add(VENDOR)
    except HttpResponseError as error:
        if error.status_code != _FORBIDDEN:
            raise
        raise Refused(
            f"the vendor {VENDOR.vendor_id} is not in VendorMaster, and this log-in may not write it; "
            "an engineer runs this once: operations synthetic --vendor-only"
        ) from error


def _told(check: "_Check", seconds: int, *, is_json: bool) -> int:
    seen, transaction = check.seen, check.key.transaction_id if check.key else ""
    if is_json:
        print_json({"transaction": transaction, "step": seen.step.value, "words": seen.words, "seconds": seconds})
    else:
        print_line(f"{seen.step} after {seconds} s: {seen.words}{f' [{transaction}]' if transaction else ''}")
    return OK if seen.step is Step.ARRIVED else AT_FAULT


@dataclass(slots=True)
class _Check:
    """One mail on its way, and what has been seen of it."""

    account: Account
    addresses: Addresses
    mailbox: CheckMailbox
    nonce: str
    seen: Progress
    key: Key | None = None

    @classmethod
    async def begun(cls, account: Account, addresses: Addresses, mailbox: CheckMailbox) -> Self:
        """Write a nonce, then send the mail that carries it; raises Refused."""
        now = datetime.now(UTC)
        nonce = await Nonces(account).write(now)
        mailbox.send(make_check(nonce, sender=addresses.recipient, to=addresses.mailbox, now=now))
        return cls(account, addresses, mailbox, nonce, progress(None, has_arrived=False))

    async def follow(self, until: float) -> None:
        """Look until it has arrived, rests elsewhere, or the time is over."""
        print(self.seen.step, file=sys.stderr)
        while not self.seen.is_over and time.monotonic() < until:
            await asyncio.sleep(POLL_SECONDS)
            before = self.seen.step
            self.seen = await self._look()
            if self.seen.step is not before:
                print(self.seen.step, file=sys.stderr)

    async def _look(self) -> Progress:
        self.key = self.key or await Nonces(self.account).user(self.nonce)
        row = await TableLedger(self.account.reading).get(self.key) if self.key else None
        if row is None or row.status is not Status.POSTED:
            return progress(row, has_arrived=False)
        return progress(row, has_arrived=self._has_arrived(row))

    def _has_arrived(self, row: Transaction) -> bool:
        """Whether the forward lies there; a mailbox that does not say so now may do so in a moment."""
        try:
            return self.mailbox.has(message_id(row, self.addresses.mailbox))
        except Refused as error:
            print(error, file=sys.stderr)
            return False
