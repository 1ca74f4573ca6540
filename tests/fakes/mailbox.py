"""A mailbox in memory, with the people who use it and the trouble it makes."""

import html
import itertools
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from typing import Any

from shared.domain.forward import MARKER_HEADER
from shared.domain.mail import ELSEWHERE, INBOX, Attachment, AttachmentKind, Listed, Mail
from shared.domain.transaction import FOLDERS
from shared.ports import Content, Draft, DraftChanges, MailGone, MailRefused, Marked
from tests.fakes.clock import Clock
from tests.fakes.trouble import Fallible

ADDRESS = "invoices@contoso.example"
DRAFTS, SENT, DELETED, JUNK = "Drafts", "Sent Items", "Deleted Items", "Junk Email"
PAGE = 100


class AfterSend(Enum):
    """What the mailbox shows of a draft after send returned; `settle` ends the last two."""

    SENT = "sent"  # the same item, in Sent Items
    OTHER_ID = "other id"  # the sent copy has another id, the draft's is gone
    STILL_A_DRAFT = "still a draft"  # the transport has not come round to moving it
    NOWHERE = "nowhere"  # gone from Drafts, not yet in Sent Items


@dataclass(frozen=True, slots=True)
class Delivered:
    """One mail as AP received it."""

    to: str
    subject: str
    body: str
    marker: str
    message_id: str
    attachments: tuple[Content, ...]


@dataclass(slots=True)
class _Item:
    mail: Mail
    contents: dict[str, bytes]
    source: bytes = b""
    is_draft: bool = False
    to: str = ""
    html: str = ""
    marker: str = ""


class FakeMailbox(Fallible):
    """Implements the Mailbox port; `ap_inbox` is what was delivered, `damaged` the ids that it refuses to read out."""

    def __init__(self, clock: Callable[[], datetime] | None = None) -> None:
        super().__init__()
        self.after_send = AfterSend.SENT
        self.damaged: set[str] = set()
        self.ap_inbox: list[Delivered] = []
        self.folders = {INBOX, DRAFTS, SENT, DELETED}
        self._clock = clock or Clock()
        self._items: dict[str, _Item] = {}
        self._in_transit: dict[str, _Item] = {}
        self._numbers = itertools.count(1)

    # Arranging and looking

    def arrive(
        self,
        mail: Mail | None = None,
        *,
        documents: Mapping[str, bytes] | None = None,
        source: bytes = b"",
        **fields: Any,
    ) -> Mail:
        """Deliver a mail; what is not given is made up, and `documents` become file attachments by their names."""
        mail_id = self._new_id("mail")
        base = mail or Mail(
            id=mail_id,
            folder=INBOX,
            internet_message_id=f"<{mail_id}@mail.example>",
            received_at=self._clock(),
            sender="billing@bluebird-cloud.example",
            sender_name="Bluebird Billing",
            subject="Invoice INV-2026-0417",
            body="Please find our invoice attached.",
            headers=(),
            attachments=(),
        )
        files = {self._file(name, len(data)): data for name, data in (documents or {}).items()}
        arrived = replace(base, **fields)
        arrived = replace(arrived, attachments=(*arrived.attachments, *files))
        self.folders.add(arrived.folder)
        contents = {a.id: data for a, data in files.items()}
        self._items[arrived.id] = _Item(arrived, contents, source, marker=arrived.header(MARKER_HEADER))
        return arrived

    def give_content(self, mail_id: str, attachment_id: str, data: bytes) -> None:
        """Set the bytes of an attachment that a given mail came with."""
        self._items[mail_id].contents[attachment_id] = data

    def mails_in(self, folder: str) -> list[Mail]:
        """The mails and drafts that lie in a folder, oldest first."""
        found = (item.mail for item in self._items.values() if item.mail.folder == folder)
        return sorted(found, key=lambda mail: mail.received_at)

    @property
    def drafts(self) -> list[Mail]:
        return self.mails_in(DRAFTS)

    def html_of(self, draft_id: str) -> str:
        """The body of a draft or sent item."""
        return self._items[draft_id].html

    def show_sent_from(self, address: str) -> None:
        """Show the sent items under another of the mailbox's addresses than the one it is asked by."""
        for sent in self.mails_in(SENT):
            self._items[sent.id].mail = replace(sent, sender=address)

    def settle(self) -> None:
        """Let the transport finish: every sent draft lies in Sent Items, with the id it had."""
        for item_id, item in self._in_transit.items():
            self._items[item_id] = self._as_sent(item)
        self._in_transit.clear()

    # What people and the service do

    def move_by_person(self, mail_id: str, folder: str) -> None:
        self.folders.add(folder)
        self._put(mail_id, folder)

    def readdress_by_person(self, draft_id: str, to: str) -> None:
        self._items[draft_id].to = to

    def delete_by_person(self, mail_id: str) -> None:
        """Delete for good: the id leads nowhere any more."""
        del self._items[mail_id]

    def delete_folder_by_person(self, folder: str) -> None:
        """Delete a folder; what lay in it is elsewhere then."""
        self.folders.discard(folder)
        for mail in self.mails_in(folder):
            self._put(mail.id, f"{DELETED}/{folder}")

    def reidentify(self, mail_id: str) -> str:
        """Give a mail another immutable id, as an export and import does."""
        item = self._items.pop(mail_id)
        new_id = self._new_id("mail")
        self._items[new_id] = replace(item, mail=replace(item.mail, id=new_id))
        return new_id

    # The port

    async def inbox(self, since: datetime | None) -> AsyncIterator[Sequence[Listed]]:
        async with self._call("inbox"):
            mails = [mail for mail in self.mails_in(INBOX) if since is None or mail.received_at >= since]
            for start in range(0, max(len(mails), 1), PAGE):
                page = mails[start : start + PAGE]
                yield [Listed(m.id, m.internet_message_id, m.received_at, m.sender, m.subject) for m in page]

    async def get(self, mail_id: str) -> Mail:
        async with self._call("get"):
            mail = self._readable(mail_id).mail
            return replace(mail, folder=_shown(mail.folder))

    async def oldest(self, folder: str) -> datetime | None:
        async with self._call("oldest"):
            return min((mail.received_at for mail in self.mails_in(folder)), default=None)

    async def folder_of(self, mail_id: str) -> str:
        async with self._call("folder_of"):
            return _shown(self._find(mail_id).mail.folder)

    async def content(self, mail_id: str, attachment: Attachment) -> Content:
        async with self._call("content"):
            item = self._readable(mail_id)
            if attachment.id not in {known.id for known in item.mail.attachments}:
                raise MailGone(f"there is no attachment {attachment.id}")
            if attachment.kind is AttachmentKind.REFERENCE:
                raise MailRefused("a link has no bytes")
            return Content(attachment.name, attachment.content_type, item.contents.get(attachment.id, b""))

    async def source(self, mail_id: str) -> bytes:
        async with self._call("source"):
            return self._readable(mail_id).source

    async def marked(self, marker: str) -> Sequence[Marked]:
        async with self._call("marked"):
            # Exchange compares the value of an extended property without regard to case.
            wanted = marker.casefold()
            found = [(id_, i) for id_, i in self._items.items() if i.marker and i.marker.casefold() == wanted]
            return [Marked(id_, i.is_draft) for id_, i in found if _is_trustworthy(i)]

    async def create_forward(self, mail_id: str, to: str, comment: str = "") -> Draft:
        async with self._call("create_forward"):
            source = self._readable(mail_id)
            draft_id = self._new_id("draft")
            copies = {self._copy(a): source.contents.get(a.id, b"") for a in source.mail.attachments}
            quoted = f"<html><body>{html.escape(comment)}<hr>{html.escape(source.mail.body)}</body></html>"
            mail = replace(
                source.mail,
                id=draft_id,
                folder=DRAFTS,
                internet_message_id=f"<{draft_id}@contoso.example>",
                received_at=self._clock(),
                sender=ADDRESS,
                sender_name="",
                subject=f"FW: {source.mail.subject}",
                headers=(),
                attachments=tuple(copies),
            )
            contents = {attachment.id: data for attachment, data in copies.items()}
            self._items[draft_id] = _Item(mail, contents, is_draft=True, to=to, html=quoted)
            return Draft(draft_id, quoted)

    async def draft(self, draft_id: str) -> Draft:
        async with self._call("draft"):
            item = self._find(draft_id)
            if not item.is_draft:
                raise MailGone("it is no draft any more")
            return Draft(draft_id, item.html)

    async def write_draft(self, draft_id: str, changes: DraftChanges) -> None:
        async with self._call("write_draft"):
            item = self._find(draft_id)
            if not item.is_draft:
                raise MailRefused("only a draft can be changed")
            item.mail = replace(item.mail, subject=changes.subject, internet_message_id=changes.message_id)
            item.marker = changes.marker
            item.html = item.html if changes.body is None else changes.body
            item.to = changes.to or item.to

    async def attachments(self, mail_id: str) -> Sequence[Attachment]:
        async with self._call("attachments"):
            return list(self._find(mail_id).mail.attachments)

    async def send(self, draft_id: str) -> None:
        async with self._call("send"):
            item = self._find(draft_id)
            if not item.is_draft:
                raise MailGone("it is no draft any more")
            self._deliver(item)
            self._show_sent(draft_id, item)

    async def move(self, mail_id: str, folder: str) -> None:
        async with self._call("move"):
            self._find(mail_id)
            self.folders.add(folder)
            self._put(mail_id, folder)

    async def delete(self, mail_id: str) -> None:
        async with self._call("delete"):
            item = self._items.get(mail_id)
            if item is not None and item.mail.folder == DELETED:
                del self._items[mail_id]
            elif item is not None:
                self._put(mail_id, DELETED)

    def _new_id(self, kind: str) -> str:
        return f"{kind}-{next(self._numbers)}"

    def _file(self, name: str, size: int) -> Attachment:
        is_pdf = name.lower().endswith(".pdf")
        kind = "application/pdf" if is_pdf else "application/octet-stream"
        return Attachment(self._new_id("attachment"), name, kind, size, is_inline=False, kind=AttachmentKind.FILE)

    def _copy(self, attachment: Attachment) -> Attachment:
        return replace(attachment, id=self._new_id("attachment"))

    def _find(self, mail_id: str) -> _Item:
        try:
            return self._items[mail_id]
        except KeyError:
            raise MailGone(f"there is no item {mail_id}") from None

    def _readable(self, mail_id: str) -> _Item:
        item = self._find(mail_id)
        if mail_id in self.damaged:
            raise MailRefused("the item is damaged")
        return item

    def _put(self, mail_id: str, folder: str) -> None:
        item = self._find(mail_id)
        item.mail = replace(item.mail, folder=folder)

    def _deliver(self, item: _Item) -> None:
        mail = item.mail
        contents = tuple(Content(a.name, a.content_type, item.contents.get(a.id, b"")) for a in mail.attachments)
        self.ap_inbox.append(
            Delivered(item.to, mail.subject, item.html, item.marker, mail.internet_message_id, contents)
        )

    def _show_sent(self, draft_id: str, item: _Item) -> None:
        if self.after_send is AfterSend.STILL_A_DRAFT:
            self._in_transit[draft_id] = item
            return
        del self._items[draft_id]
        if self.after_send is AfterSend.NOWHERE:
            self._in_transit[draft_id] = item
            return
        sent_id = self._new_id("sent") if self.after_send is AfterSend.OTHER_ID else draft_id
        sent = self._as_sent(item)
        self._items[sent_id] = replace(sent, mail=replace(sent.mail, id=sent_id))

    @staticmethod
    def _as_sent(item: _Item) -> _Item:
        return replace(item, is_draft=False, mail=replace(item.mail, folder=SENT))


def _is_trustworthy(item: _Item) -> bool:
    """Whether an item that carries our marker was made by us: anybody can send such a mail in."""
    folder = item.mail.folder
    if item.is_draft:
        return folder != DELETED
    is_ours = item.mail.sender == ADDRESS and folder != JUNK and _shown(folder) == ELSEWHERE
    return folder == SENT or is_ours


def _shown(folder: str) -> str:
    return folder if folder == INBOX or folder in FOLDERS.values() else ELSEWHERE
