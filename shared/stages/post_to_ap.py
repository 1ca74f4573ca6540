"""Forwards the mail to accounts payable exactly once."""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.casework import Case, Desk, is_gone
from shared.domain.forward import Recipients, difference, message_id, subject, summary_text, with_summary
from shared.domain.mail import INBOX, Mail
from shared.domain.messages import NOTIFY, Outgoing, WorkOn
from shared.domain.open_entry import FARTHEST
from shared.domain.reason import Reason
from shared.domain.sending import Step, next_step
from shared.domain.transaction import Status, Transaction
from shared.ports import Control, Draft, DraftChanges, Later, Mailbox, MailGone, MailRefused, Marked, Registry

UNKNOWN_SEND = "it was sent without the ledger knowing of it, and may have bounced since: ask AP whether they have it"
FORGOTTEN_ATTEMPTS = 3  # looked for where the ledger was lost; each is a search
OF_CLAIM = 0.8  # of its claim a worker uses, so that it has ended when another may begin
STOPPED_SECONDS = 60.0  # until a mail asks again whether the emergency stop is over
CONFIRM_SECONDS = 30.0  # after an unclear answer to a send, until the mailbox is asked for evidence


@dataclass(frozen=True, slots=True)
class Route:
    """From where to where, how fast, and with how much patience."""

    mailbox: str
    recipients: Recipients
    per_minute: int
    claim: timedelta
    patience: timedelta


class PostToAP:
    """The stage behind `to-post`."""

    def __init__(self, desk: Desk, mailbox: Mailbox, registry: Registry, control: Control, route: Route) -> None:
        self._desk = desk
        self._mailbox = mailbox
        self._registry = registry
        self._control = control
        self._route = route

    async def run(self, body: bytes) -> Outgoing | None:
        """Do what the row still needs; raises UnreadableMessage for a body that names no transaction."""
        case = await self._desk.take_up(WorkOn.parse(body).key)
        if case is None:
            return None
        async with case.patiently():
            if case.row.status in {Status.ENRICHED, Status.POSTING}:
                await self._post(case)
            await case.file(self._mailbox)
            await case.close_if_finished()
        return case.next_message(NOTIFY)

    async def _post(self, case: Case) -> None:
        is_first_try = case.row.status is Status.ENRICHED
        if not await self._is_free(case):
            return
        if case.row.send_started_at is None and not self._route.recipients.of(case.row):
            # A mail of the synthetic check for which no recipient is set any more.
            await case.rest(case.row.rested(Status.IGNORED, self._desk.clock(), (Reason.SYNTHETIC_REFUSED,)))
            return
        # Written before anything that carries the id can be sent; it outlives the loss of the ledger alone.
        is_new = await self._desk.ledger.index_marker(case.row.key)
        if is_first_try and not is_new and await self._waits_for_evidence(case):
            return
        await self._claim(case)
        try:
            # A worker whose claim is over must not touch what the next one builds on.
            async with asyncio.timeout(self._route.claim.total_seconds() * OF_CLAIM):
                await self._advance(case, is_first_try=is_first_try, is_new=is_new)
        except (MailGone, MailRefused) as error:
            await self._stop(case, error)

    async def _stop(self, case: Case, error: Exception) -> None:
        """Rest a mail that cannot be forwarded; once a send has started, no error says anything about it."""
        if case.row.send_started_at is not None:
            raise Later(str(error)) from error
        case.log.warning("the mailbox refuses to forward: %s", error)
        if await is_gone(self._mailbox, case.row.mail_id):
            await case.rest(case.row.rested(Status.FAILED, self._desk.clock(), (Reason.MAIL_GONE,)))
        else:
            await case.rest(case.row.rested(Status.REVIEW, self._desk.clock(), (Reason.MAIL_UNREADABLE,)))

    async def _is_free(self, case: Case) -> bool:
        """Whether no other worker is on the transaction; what has not been sent also needs a permit."""
        now, row = self._desk.clock(), case.row
        # What lies further ahead than any claim and any send was written by a clock that went wrong.
        if row.claim_until is not None and now < row.claim_until <= now + self._route.claim + FARTHEST:
            await case.ask_again(row.claim_until, "another worker is on it")
            return False
        return row.send_started_at is not None or await self._has_permit(case)

    async def _waits_for_evidence(self, case: Case) -> bool:
        """Put off a mail that went this way before the ledger was lost: its sent copy may not be there yet."""
        row, ends = case.row, case.row.admitted_at + self._route.patience
        if row.answered_reasons or not self._desk.clock() < ends:
            return False
        await case.ask_again(ends, "known to the index, but new to the ledger")
        return True

    async def _claim(self, case: Case) -> None:
        """Make this worker the only one on the transaction; raises Conflict."""
        now, row = self._desk.clock(), case.row
        is_absurd = row.send_started_at is not None and row.send_started_at > now + FARTHEST
        claim = {"claim_until": now + self._route.claim, "send_started_at": now if is_absurd else row.send_started_at}
        await case.write(row.changed(now, status=Status.POSTING, **claim), "claimed")

    async def _has_permit(self, case: Case) -> bool:
        now = self._desk.clock()
        if await self._registry.take_permit(now, self._route.per_minute):
            return True
        next_minute = now.replace(second=0, microsecond=0) + timedelta(minutes=1)
        await case.put_off_until(next_minute, "no send permit left in this minute")
        return False

    async def _advance(self, case: Case, *, is_first_try: bool, is_new: bool) -> None:
        drafts, sent = await self._evidence(case, is_first_try=is_first_try, is_new=is_new)
        match next_step(case.row, drafts, sent, self._desk.clock(), self._route.patience):
            case Step.CONFIRM:
                await self._posted(case)
                await self._delete(drafts)
            case Step.FORWARD:
                if not is_first_try and not drafts:
                    case.log.info("an earlier try may have left a draft without our marker")
                # None of them is sent: it says what was known then, anybody may have written on it since, and AP's
                # address may be another.
                await self._delete(drafts)
                await self._forward(case)
            case Step.WAIT:
                await case.put_off_until(self._patience_ends(case.row), "sent, but not confirmed yet")
            case Step.RESEND if self._route.recipients.of(case.row):
                if await self._has_permit(case):
                    await self._send(case, case.row.draft_id)
            case Step.RESEND | Step.DOUBT:
                case.log.error("delivery unconfirmed: it was sent, but nothing proves it")
                await case.rest(case.row.rested(Status.REVIEW, self._desk.clock(), (Reason.DELIVERY_UNCONFIRMED,)))

    def _patience_ends(self, row: Transaction) -> datetime:
        return (row.send_started_at or row.updated_at) + self._route.patience

    async def _evidence(self, case: Case, *, is_first_try: bool, is_new: bool) -> tuple[list[str], list[str]]:
        """The drafts and the sent items that carry our marker; asked for only where there may be any."""
        row = case.row
        ledger_may_be_new = row.admitted_at - row.received_at > self._desk.stuck_after
        if is_first_try and is_new and not ledger_may_be_new and not row.answered_reasons:
            return [], []
        released_in_doubt = Reason.DELIVERY_UNCONFIRMED in row.answered_reasons
        marked = await self._marked(row)
        drafts = [item.id for item in marked if item.is_draft]
        sent = [item.id for item in marked if not item.is_draft]
        if released_in_doubt and not sent and row.send_started_at is None:
            sent = await self._late_proof(case)
        if is_first_try and not is_new and not sent and not row.answered_reasons:
            sent = await self._forgotten_attempt(case)
        return drafts, sent

    async def _forgotten_attempt(self, case: Case) -> list[str]:
        """Sent items of a later attempt that only a lost ledger knew of."""
        for attempt in range(case.row.attempt + 1, FORGOTTEN_ATTEMPTS + 1):
            later = case.row.model_copy(update={"attempt": attempt})
            if sent := [item.id for item in await self._marked(later) if not item.is_draft]:
                case.row = later
                return sent
        return []

    async def _late_proof(self, case: Case) -> list[str]:
        """Sent items of the attempt before, which turned up after a person was asked; its drafts are cleared away."""
        earlier = case.row.model_copy(update={"attempt": case.row.attempt - 1})
        marked = await self._marked(earlier)
        await self._delete(item.id for item in marked if item.is_draft)
        sent = [item.id for item in marked if not item.is_draft]
        if sent:
            # That attempt is what AP has; should it bounce yet, the report names it.
            case.row = earlier
        return sent

    async def _marked(self, row: Transaction) -> Sequence[Marked]:
        try:
            return await self._mailbox.marked(row.marker)
        except (MailGone, MailRefused) as error:
            raise Later(f"no evidence to be had: {error}") from error

    async def _delete(self, drafts: Iterable[str]) -> None:
        """Clear drafts away; one that stays does no harm and is no reason to stop."""
        for draft_id in drafts:
            with suppress(Later, MailGone, MailRefused):
                await self._mailbox.delete(draft_id)

    async def _forward(self, case: Case) -> None:
        mail = await self._mailbox.get(case.row.mail_id)
        if mail.folder not in {INBOX, case.row.folder}:
            await case.leave_to_person(mail.folder)
            return
        draft_id = await self._draft(case.row)
        differs = await self._difference(mail, draft_id)
        if differs:
            case.log.warning("the forward is not sent: %s", differs)
            await self._delete([draft_id])
            await case.rest(case.row.rested(Status.REVIEW, self._desk.clock(), (Reason.FORWARD_DIFFERS,)))
            return
        await self._send(case, draft_id)
        await case.file(self._mailbox, seen_in=mail.folder)

    async def _draft(self, row: Transaction) -> str:
        """Make the forward and write subject, summary and marker on it."""
        draft = await self._create(row)
        body = with_summary(row, draft.body)
        if body is None:
            await self._delete([draft.id])
            draft = await self._create(row, summary_text(row))
        try:
            await self._mailbox.write_draft(draft.id, self._changes(row, body))
        except (Later, MailGone, MailRefused) as error:
            # Nobody would find it again: it carries no marker yet.
            await self._delete([draft.id])
            if isinstance(error, MailGone):
                raise Later("the draft is gone", CONFIRM_SECONDS) from error
            raise
        return draft.id

    def _changes(self, row: Transaction, body: str | None, to: str = "") -> DraftChanges:
        return DraftChanges(subject(row), body, row.marker, message_id(row, self._route.mailbox), to)

    async def _create(self, row: Transaction, comment: str = "") -> Draft:
        try:
            return await self._mailbox.create_forward(row.mail_id, self._route.recipients.of(row), comment)
        except Later as later:
            if later.nothing_done or later.after is not None:
                raise
            # It may have left a draft of the mail's whole size, and so may the next try: not every minute.
            raise Later(str(later), self._route.patience.total_seconds()) from later

    async def _difference(self, mail: Mail, draft_id: str) -> str:
        try:
            return difference(mail.attachments, await self._mailbox.attachments(draft_id))
        except MailGone as error:
            raise Later("the draft is gone", CONFIRM_SECONDS) from error
        except MailRefused:
            await self._delete([draft_id])
            raise

    async def _send(self, case: Case, draft_id: str) -> None:
        """Send the draft; only the writer of `SendStartedAt` does, and no answer but success is proof of anything."""
        stop = await self._control.stop()
        if stop.is_on:
            raise Later(f"emergency stop: {stop.why}", STOPPED_SECONDS)
        now, before = self._desk.clock(), case.row
        started = before.changed(now, send_started_at=now, draft_id=draft_id, sends=before.sends + 1)
        await case.write(started, "send started", started.marker)
        try:
            if before.send_started_at is not None:
                # Where anybody could write on it; yet the same one, as a new one beside a slow transport could double.
                await self._address_anew(started)
            await self._mailbox.send(draft_id)
        except Later as later:
            if later.nothing_done:
                await self._not_begun(case, before, later)
            else:
                await self._unclear(case, CONFIRM_SECONDS if later.after is None else later.after, later)
        except (MailGone, MailRefused) as error:
            await self._unclear(case, CONFIRM_SECONDS, error)
        else:
            await self._posted(case)

    async def _address_anew(self, row: Transaction) -> None:
        """Write on a draft that lay in Drafts for a while whom it is for, and what we know it by."""
        await self._mailbox.write_draft(row.draft_id, self._changes(row, None, self._route.recipients.of(row)))

    async def _not_begun(self, case: Case, before: Transaction, error: Later) -> None:
        """Go back to before a send that was refused at the door: a first draft is made anew, a later one sent again."""
        case.log.error("AP gets nothing: a send was refused at the door: %s", error)
        undone = {"send_started_at": before.send_started_at, "draft_id": before.draft_id, "sends": before.sends}
        case.row = case.row.model_copy(update=undone)
        # The next draft is of the mail's whole size again: not every minute, where nobody says when it is worth it.
        patience = self._route.patience.total_seconds()
        await case.put_off(patience if error.after is None else min(error.after, patience), f"send refused: {error}")

    async def _unclear(self, case: Case, seconds: float, error: Exception) -> None:
        await case.put_off(min(seconds, self._route.patience.total_seconds()), f"send unclear: {error}")

    async def _posted(self, case: Case) -> None:
        now, row = self._desk.clock(), case.row
        is_known = row.send_started_at is not None or Reason.DELIVERY_UNCONFIRMED in row.answered_reasons
        warnings = row.warnings if is_known else (*row.warnings, UNKNOWN_SEND)
        await case.rest(row.rested(Status.POSTED, now, posted_at=now, warnings=warnings))
