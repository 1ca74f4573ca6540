"""The five stages over fakes: a mailbox, storage, a clock, and the host that carries messages between them."""

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from shared.adapters.suffixes import PublicSuffixes
from shared.casework import Desk
from shared.domain.forward import Recipients
from shared.domain.mail import Listed, Mail
from shared.domain.messages import ADD_VENDOR, NOTIFY, RAW_MAIL, TO_POST, AddVendor, Outgoing, WorkOn
from shared.domain.report import DeliveryReport
from shared.domain.transaction import Key, Transaction, key_of
from shared.domain.vendor import Vendor
from shared.ports import Documents
from shared.stages.add_vendor import VendorDesk
from shared.stages.extract_enrich import ExtractEnrich
from shared.stages.mail_ingest import MailIngest, Pace, Tally
from shared.stages.notify import Notify
from shared.stages.post_to_ap import PostToAP, Route
from tests.fakes import (
    ADDRESS,
    Clock,
    FakeChannel,
    FakeControl,
    FakeDocuments,
    FakeLedger,
    FakeMailbox,
    FakeQueues,
    FakeRegistry,
    FakeVendors,
)

AP = "ap@contoso.example"
SYNTHETIC = "synthetic@contoso.example"
BLUEBIRD = Vendor(
    vendor_name="Bluebird Cloud Ltd",
    email_domain=("bluebird-cloud.example",),
    gl_code="6200",
    expense_dept="IT",
    allocation_schedule="MONTHLY",
    billing_party="Contoso Ltd",
)
REPORT = (("Content-Type", 'multipart/report; report-type="delivery-status"; boundary="b"'),)
MAX_DEQUEUE = 5
SUFFIXES = PublicSuffixes()  # one for all worlds: reading the list takes longer than most of what they do

Phase = Literal["before", "after"]
Tap = Callable[[Phase, str], Awaitable[None]]


class Crash(BaseException):
    """The process is killed: no `except Exception` sees it."""


async def _quiet(phase: Phase, call: str) -> None:
    """Let every call through."""


def crash_at(number: int, phase: Phase) -> Tap:
    """Kill the process at the numbered port call, before or after that call took effect."""
    left = Counter({"before": number, "after": number})

    async def tap(now: Phase, call: str) -> None:
        left[now] -= 1
        if now == phase and left[now] == 0:
            raise Crash(f"{phase} call {number}, {call}")

    return tap


class Tapped:
    """A port whose every call is seen by the world's tap before and after it takes effect."""

    def __init__(self, port: Any, tap: Tap) -> None:
        self._port = port
        self._tap = tap

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)

        async def call(*args: Any, **kwargs: Any) -> Any:
            await self._tap("before", name)
            result = await method(*args, **kwargs)
            await self._tap("after", name)
            return result

        return call

    async def inbox(self, since: datetime | None) -> AsyncIterator[Any]:
        await self._tap("before", "inbox")
        pages = [page async for page in self._port.inbox(since)]
        await self._tap("after", "inbox")
        for page in pages:
            yield page


@dataclass(frozen=True)
class Tuning:
    """What tests set differently."""

    per_minute: int = 20
    since: datetime | None = None
    redrive_limit: int = 5
    repeat_limit: int = 20
    claim: timedelta = timedelta(seconds=900)
    stuck_after: timedelta = timedelta(seconds=900)
    patience: timedelta = timedelta(seconds=600)
    synthetic_recipient: str = SYNTHETIC


class World:
    """Fakes, stages, and the host; one vendor is known."""

    def __init__(
        self,
        tuning: Tuning | None = None,
        *,
        clock: Clock | None = None,
        mailbox: FakeMailbox | None = None,
        documents: Documents | None = None,
    ) -> None:
        self.tuning = tuning or Tuning()
        self.clock = clock or Clock()
        self.mailbox = mailbox or FakeMailbox(self.clock)
        self.ledger = FakeLedger()
        self.registry = FakeRegistry()
        self.vendors = FakeVendors(BLUEBIRD)
        self.queues = FakeQueues(self.clock)
        self.documents = FakeDocuments()
        self._reader = documents or self.documents
        self.channel = FakeChannel()
        self.control = FakeControl()
        self.tap: Tap = _quiet
        self.deliveries: Counter[bytes] = Counter()
        self._wire()

    def _wire(self) -> None:
        async def tap(phase: Phase, call: str) -> None:
            await self.tap(phase, call)

        ledger, mailbox, registry, vendors, queues, documents, channel, control = (
            Tapped(port, tap)
            for port in (
                self.ledger,
                self.mailbox,
                self.registry,
                self.vendors,
                self.queues,
                self._reader,
                self.channel,
                self.control,
            )
        )

        def desk(function: str) -> Desk:
            return Desk(ledger, self.clock, function, self.tuning.stuck_after)

        tuning = self.tuning
        pace = Pace(tuning.since, 5 * tuning.per_minute, tuning.redrive_limit)
        route = Route(
            ADDRESS, Recipients(AP, tuning.synthetic_recipient), tuning.per_minute, tuning.claim, tuning.patience
        )
        self.mail_ingest = MailIngest(
            desk("MailIngest"), mailbox, registry, queues, channel, control=control, mailbox_address=ADDRESS, pace=pace
        )
        self.extract_enrich = ExtractEnrich(
            desk("ExtractEnrich"),
            mailbox,
            registry,
            vendors,
            documents,
            suffixes=SUFFIXES,
            control=control,
            mailbox_address=ADDRESS,
            recipients=route.recipients,
            repeat_limit=tuning.repeat_limit,
        )
        self.post_to_ap = PostToAP(desk("PostToAP"), mailbox, registry, control, route)
        self.notify = Notify(desk("Notify"), channel)
        self.add_vendor = VendorDesk(desk("AddVendor"), vendors, queues)

    # Mails

    def invoice(self, number: str = "INV-2026-0417", **fields: Any) -> Mail:
        """Deliver a mail with one readable document from a known vendor, unless told otherwise."""
        text = f"Invoice number: {number}\nTotal amount: EUR 1,190.00\n"
        wanted = {"subject": f"Invoice {number}", "documents": {"invoice.pdf": text.encode()}, **fields}
        return self.mailbox.arrive(**wanted)

    def bounce(
        self,
        *message_ids: str,
        text: str = "",
        failed: bool = True,
        recipients: tuple[str, ...] = (AP,),
        **fields: Any,
    ) -> Mail:
        """Deliver a delivery report that speaks of these Message-IDs."""
        source = f"report {len(self.documents.reports)}".encode()
        self.documents.reports[source] = DeliveryReport(failed, message_ids, text, recipients)
        wanted = {
            "sender": "postmaster@contoso.example",
            "subject": "Undeliverable",
            "body": "",
            "headers": REPORT,
            "source": source,
            **fields,
        }
        return self.mailbox.arrive(**wanted)

    def key(self, mail: Mail, *, salt: str = "") -> Key:
        listed = Listed(mail.id, mail.internet_message_id, mail.received_at, mail.sender, mail.subject)
        return key_of(ADDRESS, listed, salt=salt)

    def row(self, mail: Mail) -> Transaction:
        return self.ledger.row(self.key(mail))

    def outcome(self, mail: Mail) -> str:
        """Status and reasons in one text, such as "review: duplicate"."""
        row = self.row(mail)
        return f"{row.status}: {', '.join(row.reasons)}" if row.reasons else row.status.value

    def folder(self, mail: Mail) -> str:
        """Where the mail of a transaction lies now."""
        everywhere = {m.id: f for f in self.mailbox.folders for m in self.mailbox.mails_in(f)}
        return everywhere[mail.id]

    def events(self, mail: Mail) -> list[str]:
        return [event.what for event in self.ledger.history(self.key(mail))]

    def arrange(self, mail: Mail, **changes: Any) -> Transaction:
        """Write the mail's row in any state, admitted or changed, without an event or an open entry."""
        listed = Listed(mail.id, mail.internet_message_id, mail.received_at, mail.sender, mail.subject)
        is_known = self.key(mail) in self.ledger.keys
        row = self.row(mail) if is_known else Transaction.admitted(self.key(mail), listed, self.clock())
        return self.ledger.put(row.model_copy(update=changes))

    def release(self, mail: Mail) -> None:
        """Do as a person does who wants a mail taken up again."""
        self.mailbox.move_by_person(mail.id, "Inbox")

    # The host

    async def tick(self) -> Tally:
        return await self.mail_ingest.run()

    async def deliver(self, queue: str, body: bytes) -> None:
        """Hand one message to its function, and put what that hands on into its queue."""
        runs: dict[str, Callable[[bytes], Awaitable[Outgoing | None]]] = {
            RAW_MAIL: self.extract_enrich.run,
            TO_POST: self.post_to_ap.run,
            NOTIFY: self.notify.run,
            ADD_VENDOR: self.add_vendor.run,
        }
        outgoing = await runs[queue](body)
        if outgoing is not None:
            self.queues.messages[outgoing.queue].append(outgoing.body)

    async def pump(self) -> None:
        """Deliver until every queue is empty; a message whose function raises stays in its queue."""
        while queue := next((name for name, waiting in self.queues.messages.items() if waiting), ""):
            await self.deliver(queue, self.queues.messages[queue][0])
            self.queues.messages[queue].pop(0)

    async def work(self, queue: str, mail: Mail) -> None:
        """Hand the message about a mail to the stage of a queue."""
        await self.deliver(queue, WorkOn.on(self.key(mail)).to_bytes())

    async def go(self) -> None:
        """One tick, and all that follows from it at once."""
        await self.tick()
        await self.pump()

    async def settle(self, rounds: int = 80) -> None:
        """Let time pass until nothing is owed any more."""
        await self.go()
        for _ in range(rounds):
            if not self.ledger.open:
                return
            due = min(entry.not_before for entry in self.ledger.open.values())
            self.clock.now = max(self.clock.now, due) + timedelta(seconds=1)
            await self.go()
        raise AssertionError(f"never at rest: {self.ledger.open}")

    async def count_calls(self, work: Awaitable[Any]) -> int:
        """How many port calls some work makes."""
        calls = 0

        async def tap(phase: Phase, call: str) -> None:
            nonlocal calls
            calls += phase == "before"

        self.tap = tap
        await work
        self.tap = _quiet
        return calls

    async def crash(self, work: Awaitable[Any], number: int, phase: Phase) -> None:
        """Kill the process while it does some work; the next process starts with the same storage and mailbox."""
        self.tap = crash_at(number, phase)
        try:
            await work
        except Crash:
            return
        finally:
            self.tap = _quiet
        raise AssertionError(f"the work ended before call {number}")

    async def intrude(self, work: Awaitable[Any], number: int, intruder: Callable[[], Awaitable[Any]]) -> None:
        """Let another worker do its whole work just before the numbered port call of this one."""
        calls = 0

        async def tap(phase: Phase, call: str) -> None:
            nonlocal calls
            calls += phase == "before"
            if phase == "before" and calls == number:
                self.tap = _quiet
                await intruder()

        self.tap = tap
        await work
        self.tap = _quiet

    def lose_messages(self) -> None:
        self.queues.messages.clear()

    async def add(self, **columns: Any) -> None:
        """Send a vendor in and do what follows from it."""
        await self.queues.send(ADD_VENDOR, AddVendor(**columns).to_bytes())
        await self.pump()
