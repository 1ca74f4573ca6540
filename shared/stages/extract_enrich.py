"""Reads a mail, finds vendor and invoice facts, and decides what becomes of it."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from shared.casework import Case, Desk, is_gone
from shared.domain.attachments import Danger, Harmful, harmful_by_name, needs_a_look
from shared.domain.decision import Decision, Findings, Origin, claimed_transaction, decide, is_delivery_report
from shared.domain.distrust import WEIGHTS, Signal, Suspect, new_ibans, signals
from shared.domain.facts import Document, Facts, Legibility
from shared.domain.forward import Recipients, marked_attempt, references_in
from shared.domain.identity import Trait, is_same, traits
from shared.domain.mail import INBOX, Attachment, Mail, domain_of, normalised_subject
from shared.domain.messages import NOTIFY, TO_POST, Outgoing, WorkOn
from shared.domain.reading import read_facts
from shared.domain.reason import Reason
from shared.domain.release import vendor_added
from shared.domain.report import DeliveryReport, is_believed
from shared.domain.sender import Sender, judged_sender
from shared.domain.synthetic import nonce_of
from shared.domain.transaction import FOLDERS, Filing, Key, Notice, Status, Transaction, UnreadableRow
from shared.domain.vendor import Match, Vendor
from shared.matching import Matching
from shared.ports import Content, Control, Documents, Later, Mailbox, MailGone, MailRefused, Registry, Suffixes, Vendors

READ_BYTES = 25 * 1024 * 1024  # a larger document is forwarded unread
READ_COUNT = 10  # documents read of one mail
LEARNT_AT_ONCE = 3  # accounts
LOOKED_INTO = 20  # files of one mail whose names do not tell
READ_AT_ONCE = 2  # mails whose documents are in memory at once
SPOKEN_OF = 20  # forwards that one report is looked up for


class ExtractEnrich:
    """The stage behind `raw-mail`."""

    def __init__(
        self,
        desk: Desk,
        mailbox: Mailbox,
        registry: Registry,
        vendors: Vendors,
        documents: Documents,
        *,
        suffixes: Suffixes,
        control: Control,
        mailbox_address: str,
        recipients: Recipients,
        repeat_limit: int,
    ) -> None:
        self._desk = desk
        self._mailbox = mailbox
        self._registry = registry
        self._vendors = vendors
        self._matching = Matching(vendors, suffixes.registered)
        self._suffixes = suffixes
        self._documents = documents
        self._address = mailbox_address
        self._own_domains = frozenset({domain_of(mailbox_address)})
        self._recipients = recipients
        self._control = control
        self._reading = asyncio.Semaphore(READ_AT_ONCE)
        self._repeat_limit = repeat_limit

    async def run(self, body: bytes) -> Outgoing | None:
        """Do what the row still needs; raises UnreadableMessage for a body that names no transaction."""
        case = await self._desk.take_up(WorkOn.parse(body).key)
        if case is None:
            return None
        async with case.patiently():
            await self._examine(case)
            if await self._vendor_came(case):
                await self._examine(case)
            await case.file(self._mailbox)
            await case.close_if_finished()
        return case.next_message(TO_POST, NOTIFY)

    async def _examine(self, case: Case) -> None:
        if case.row.status is not Status.RECEIVED:
            return
        now, row = self._desk.clock(), case.row
        try:
            mail = await self._mailbox.get(row.mail_id)
            if mail.folder not in {INBOX, row.folder}:
                await case.leave_to_person(mail.folder)
                return
            findings = await self._gather(case, mail)
        except (MailGone, MailRefused) as error:
            case.log.warning("the mailbox refuses the mail: %s", error)
            if isinstance(error, MailGone) and await is_gone(self._mailbox, row.mail_id):
                await case.rest(row.rested(Status.FAILED, now, (Reason.MAIL_GONE,)))
            else:
                await case.rest(row.rested(Status.REVIEW, now, (Reason.MAIL_UNREADABLE,)))
        else:
            await self._settle(case, findings)

    async def _gather(self, case: Case, mail: Mail) -> Findings:
        report = await self._report(mail)
        bounced, spoken_of = await self._bounced(mail, report) if report is not None and report.failed else ("", "")
        async with self._reading:  # each may hold 250 MB of documents
            documents, digests = await self._read(mail)
        # In a thread: hostile text may cost the better part of a second, and the loop serves other mails.
        facts, sender = await asyncio.to_thread(self._understand, case, mail, documents)
        match = await self._matching.find(sender, facts)
        return Findings(
            mail=mail,
            digests=tuple(digests),
            sender=sender,
            facts=facts,
            match=match,
            origin=await self._origin(mail),
            has_nonce=await self._has_nonce(case.row, mail),
            has_recipient=bool(self._recipients.synthetic),
            report=report,
            bounced=bounced,
            spoken_of=spoken_of,
            signals=await self._signals(mail, sender, facts, match),
            repeats=await self._registry.count_repeat(_digest(mail, digests), case.row.key, self._desk.clock()),
            repeat_limit=self._repeat_limit,
            answered=frozenset(case.row.answered_reasons),
        )

    def _understand(self, case: Case, mail: Mail, documents: Sequence[Document]) -> tuple[Facts, Sender]:
        """What the mail says, and who says it; a text that our rules choke on is one for a person."""
        try:
            return read_facts(mail, documents), judged_sender(mail, self._own_domains)
        except Exception as error:  # noqa: BLE001  hostile text must not fail its mail again and again
            case.log.error("its text cannot be understood: %s", type(error).__name__)  # noqa: TRY400  no text in the log
            unread = tuple(Document(each.name, Legibility.UNREADABLE) for each in documents)
            return Facts(documents=unread), Sender(mail.sender, mail.sender_name)

    async def _read(self, mail: Mail) -> tuple[list[Document], list[str]]:
        """Every document's text, and a digest of every one's bytes."""
        wanted = [a for a in mail.documents if a.size <= READ_BYTES][:READ_COUNT]
        contents: list[Content] = []
        unread: list[Document] = []
        for attachment in mail.documents:
            if attachment not in wanted:
                unread.append(Document(attachment.name, Legibility.TOO_LARGE))
                continue
            try:
                contents.append(await self._mailbox.content(mail.id, attachment))
            except (MailGone, MailRefused) as error:
                if isinstance(error, MailGone) and await is_gone(self._mailbox, mail.id):
                    raise
                unread.append(Document(attachment.name, Legibility.UNREADABLE))
        read = await self._documents.read(contents) if contents else []
        return [*read, *unread], [hashlib.sha256(content.data).hexdigest() for content in contents]

    async def _signals(self, mail: Mail, sender: Sender, facts: Facts, match: Match) -> tuple[Signal, ...]:
        around = await self._matching.surroundings(sender, match)
        harmful = await self._harmful(mail, facts)
        registered, own = self._suffixes.registered, self._own_domains
        return signals(Suspect(mail, sender, facts, match, registered, around, own, harmful))

    async def _harmful(self, mail: Mail, facts: Facts) -> tuple[Harmful, ...]:
        """By name, and by the bytes of the few whose name does not tell."""
        found = [*harmful_by_name(mail.attachments, facts.carried_files)]
        for number, attachment in enumerate(a for a in mail.attachments if needs_a_look(a)):
            is_seen = number < LOOKED_INTO and attachment.size <= READ_BYTES
            dangers = await self._dangers_in(mail, attachment) if is_seen else (Danger.LOCKED,)
            found += [Harmful(attachment.name, danger) for danger in dangers]
        return tuple(found)

    async def _dangers_in(self, mail: Mail, attachment: Attachment) -> tuple[Danger, ...]:
        async with self._reading:
            try:
                content = await self._mailbox.content(mail.id, attachment)
            except MailRefused:
                return (Danger.LOCKED,)
            return await self._documents.dangers(content)

    async def _origin(self, mail: Mail) -> Origin:
        claimed = claimed_transaction(mail, self._address)
        if not claimed:
            return Origin.FOREIGN
        return Origin.OURS if await self._desk.ledger.by_reference(claimed) else Origin.FORGED

    async def _has_nonce(self, row: Transaction, mail: Mail) -> bool:
        """Whether the synthetic check has written a nonce for this mail; so it stays, whatever becomes of the nonce."""
        nonce = nonce_of(mail)
        return row.synthetic or (bool(nonce) and await self._control.use_nonce(nonce, row.key))

    async def _report(self, mail: Mail) -> DeliveryReport | None:
        if not is_delivery_report(mail) or mail.documents:
            return None
        return await self._documents.read_report(await self._mailbox.source(mail.id))

    async def _bounced(self, mail: Mail, report: DeliveryReport) -> tuple[str, str]:
        """Take the bounce down on the row of the forward that it speaks of; returns its id, else that mail in words."""
        in_words = ""
        async for case, attempt in self._spoken_of(report):
            row = case.row
            recipient, own = self._recipients.of(row), self._own_domains
            is_clear = attempt or row.attempt == 1  # a subject does not say which attempt it was
            if is_clear and is_believed(report, mail, recipient=recipient, vendor=row.sender, own_domains=own):
                return await self._undelivered(case, attempt or 1), ""
            in_words = in_words or _in_words(row)
        return "", in_words

    async def _spoken_of(self, report: DeliveryReport) -> AsyncIterator[tuple[Case, int]]:
        """The forwards that a report names, with the attempt; 0 where it is not said."""
        attempts = [found for text in report.message_ids if (found := marked_attempt(text, self._address))]
        named = [*attempts, *((tag, 0) for tag in references_in(report.text))]
        for reference, attempt in named[:SPOKEN_OF]:
            for key in await self._desk.ledger.by_reference(reference):
                case = await self._desk.take_up(key)
                if case is not None:
                    yield case, attempt

    async def _undelivered(self, case: Case, attempt: int) -> str:
        key = case.row.key
        if attempt != case.row.attempt:
            await self._note_earlier_bounce(case, attempt)
            return key.transaction_id
        if case.row.status in {Status.ENRICHED, Status.POSTING}:
            raise Later("a bounce came before its forward was known to be sent")
        now = self._desk.clock()
        if case.row.status is Status.POSTED or Reason.DELIVERY_UNCONFIRMED in case.row.reasons:
            await case.put_off_until(now, "bounced")
            folder = await self._lies_in(case)
            await case.rest(case.row.rested(Status.FAILED, now, (Reason.UNDELIVERED,), folder=folder))
        if not case.row.is_finished:
            # The tick files its mail and announces it. Once more: until the row was written, another tick had every
            # reason to close the entry.
            await case.ask_again(now, "bounced")
        return key.transaction_id

    async def _lies_in(self, case: Case) -> str:
        """Where a mail lies that may be filed at this very moment; a folder of a person's own counts for nothing."""
        row = case.row
        with suppress(MailGone):
            found = await self._mailbox.folder_of(row.mail_id)
            if found in {INBOX, FOLDERS[row.status]}:
                return found
        return row.folder

    async def _note_earlier_bounce(self, case: Case, attempt: int) -> None:
        """Note that the attempt before bounced where it was only in doubt: its sent copy proves nothing then."""
        row = case.row
        is_in_doubt = row.status is not Status.POSTED and Reason.DELIVERY_UNCONFIRMED in row.answered_reasons
        if attempt != row.attempt - 1 or not is_in_doubt:
            return
        answered = tuple(sorted({*row.answered_reasons, Reason.UNDELIVERED} - {Reason.DELIVERY_UNCONFIRMED}))
        await case.write(row.changed(self._desk.clock(), answered_reasons=answered), "bounced", f"attempt {attempt}")

    async def _settle(self, case: Case, findings: Findings) -> None:
        decision = decide(findings)
        if decision.status is Status.ENRICHED or Reason.REMINDER in decision.reasons:
            findings = await self._seen_before(case, findings, enters=decision.status is Status.ENRICHED)
            decision = decide(findings)
        keys: tuple[str, ...] = ()
        suggestion = ""
        if decision.status is Status.PARKED:
            clues = self._matching.clues(findings.sender, findings.facts)
            keys = tuple(dict.fromkeys(key for clue in clues for key in clue.keys))
            await self._vendors.park(keys, case.row.key)
            suggestion = await self._matching.suggestion(findings.facts)
        if decision.status is Status.ENRICHED:
            await self._learn(case, findings)
        await self._write(case, findings, decision, parked_keys=keys, suggestion=suggestion)

    async def _learn(self, case: Case, findings: Findings) -> None:
        """Remember the accounts of a mail that a person released although, and because, they were new."""
        vendor = findings.match.vendor
        # Whoever released a mail that had more against it was not asked about the account alone.
        was_asked = findings.answered & WEIGHTS.keys() == {Reason.IBAN_CHANGED}
        if vendor is None or not was_asked or case.row.vendor_id != vendor.vendor_id:
            return
        new = new_ibans(findings.facts, vendor)
        if len(new) <= LEARNT_AT_ONCE:  # more than a person sees on the card
            await self._vendors.learn_ibans(vendor.vendor_id, new)

    async def _vendor_came(self, case: Case) -> bool:
        """Look once more after parking: a vendor added before the row said "parked" woke nobody."""
        row = case.row
        if row.status is not Status.PARKED or row.filing is not Filing.PENDING:
            return False
        for key in row.parked_keys:
            if await self._matching.vendors_of(key):
                await case.write(vendor_added(row, self._desk.clock()), Status.RECEIVED.value, "vendor added")
                await self._vendors.unpark(row.parked_keys, row.key)
                return True
        return False

    async def _seen_before(self, case: Case, findings: Findings, *, enters: bool) -> Findings:
        """The findings with the mail that asked for the same before; unless `enters`, this one leaves no trace."""
        facts, vendor_id = findings.facts, findings.match.vendor_ids[0]
        for trait in traits(facts, findings.digests, findings.mail.internet_message_id):
            first = await self._first(case, vendor_id, trait, enters=enters)
            if first is None:
                continue
            key, row = first
            if row is None or is_same(trait, facts, row):  # of a row that was lost nobody knows
                words = _in_words(row) if row else ""
                return replace(findings, duplicate_of=key.transaction_id, first=words)
        return findings

    async def _first(
        self, case: Case, vendor_id: str, trait: Trait, *, enters: bool
    ) -> tuple[Key, Transaction | None] | None:
        """Who has a trait, None where it is this very mail or nobody; one that never went out gives it up."""
        own, registry = case.row.key, self._registry
        holder = await (
            registry.claim(vendor_id, trait.text, own) if enters else registry.holder(vendor_id, trait.text)
        )
        if holder is None or holder == own:
            return None
        row = await self._row_of(holder)
        if not enters or not _never_went_out(row):
            return holder, row
        after = await registry.take_over(vendor_id, trait.text, holder, own)
        row = await self._row_of(holder if after == own else after)
        if after != own:
            return after, row
        return None if _never_went_out(row) else (holder, row)  # released by a person at this very moment

    async def _row_of(self, key: Key) -> Transaction | None:
        try:
            return await self._desk.ledger.get(key)
        except UnreadableRow:
            return None

    async def _write(
        self, case: Case, findings: Findings, decision: Decision, *, parked_keys: tuple[str, ...], suggestion: str
    ) -> None:
        now = self._desk.clock()
        vendor = _vendor_columns(findings.match.vendor)
        uncoded = ("the vendor has no GL code",) if vendor["vendor_id"] and not vendor["gl_code"] else ()
        known = {
            **_fact_columns(findings.facts, findings.match),
            **vendor,
            "synthetic": findings.has_nonce,
            "warnings": (*decision.warnings, *uncoded),
            "duplicate_of": findings.duplicate_of,
            "parked_keys": parked_keys,
            "suggestion": suggestion,
        }
        if decision.status is Status.ENRICHED:
            await case.write(case.row.changed(now, status=Status.ENRICHED, reasons=(), **known), "enriched")
            return
        row = case.row.rested(decision.status, now, decision.reasons, **known)
        await case.rest(row if decision.is_announced else row.model_copy(update={"notice": Notice.NONE}))


_VENDOR_COLUMNS = ("vendor_id", "vendor_name", "gl_code", "expense_dept", "allocation_schedule", "billing_party")


def _vendor_columns(vendor: Vendor | None) -> dict[str, str]:
    # Blank where there is none: what an earlier run knew must not outlive it.
    return {column: getattr(vendor, column) if vendor else "" for column in _VENDOR_COLUMNS}


def _fact_columns(facts: Facts, match: Match) -> dict[str, Any]:
    vendor = {"vendor": match.in_words} if match.is_certain else {}
    return {
        "invoice_number": facts.invoice_number.value if facts.invoice_number else "",
        "purchase_order": facts.purchase_order.value if facts.purchase_order else "",
        "nature": facts.nature.value.value if facts.nature else "",
        "kind": facts.kind.value.value if facts.kind else "",
        "total": facts.total.value if facts.total else None,
        "currency": facts.currency.value if facts.currency else "",
        "issue_date": facts.issue_date.value if facts.issue_date else None,
        "due_date": facts.due_date.value if facts.due_date else None,
        "evidence": json.dumps({**facts.sources(), **vendor}, ensure_ascii=False)[:30_000],
    }


def _never_went_out(row: Transaction | None) -> bool:
    if row is None or row.status not in {Status.IGNORED, Status.FAILED}:
        return False
    return row.send_started_at is None and row.attempt == 1  # a later attempt follows one that may have arrived


def _in_words(row: Transaction) -> str:
    """A mail that another one speaks of or repeats, as a person finds it."""
    number = f" {row.invoice_number}" if row.invoice_number else ""
    where = f", in folder {row.folder}" if row.folder else ""
    came = f"{row.received_at:%Y-%m-%d %H:%M} UTC"
    return f"invoice{number} from {row.sender} on {came}{where} [IA-{row.transaction_id[:12]}]"


def _digest(mail: Mail, digests: Sequence[str]) -> str:
    """What makes two mails the same mail: sender, subject and attachments, or the text where there is none."""
    names = sorted(f"{a.name}:{a.size}" for a in mail.attachments)
    body = [] if mail.attachments else [mail.body]
    parts = [mail.sender, normalised_subject(mail.subject), *sorted(digests), *names, *body]
    return hashlib.sha256("\u001f".join(parts).encode(errors="replace")).hexdigest()
