"""What every Mailbox promises, over mails that are real MIME."""

import email
import os
import re
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import policy
from email.message import EmailMessage, Message
from pathlib import Path
from typing import Protocol

import pytest

from infrastructure.local.mailbox import MailboxServer
from infrastructure.local.samples.builders import (
    AP_MAILBOX,
    MAILBOX,
    MARKER,
    Attached,
    make_calendar,
    make_invoice_pdf,
    make_mail,
)
from shared.adapters.graph_mailbox import GraphMailbox
from shared.domain.forward import BODY_LIMIT
from shared.domain.mail import ELSEWHERE, INBOX, Attachment, AttachmentKind, Listed, Mail
from shared.domain.transaction import FOLDERS
from shared.ports import Content, DraftChanges, Later, Mailbox, MailGone, MailRefused, Marked
from tests.adapters.graph import graph_client
from tests.fakes import Clock, Delivered, FakeMailbox

PDF = make_invoice_pdf()
CHANGES = DraftChanges(
    subject="Invoice INV-2026-0417 [IA-0123456789ab]",
    body="<html><body><p>Summary</p></body></html>",
    marker="0123456789abcdef0123456789abcdef-1",
    message_id="<0123456789abcdef0123456789abcdef-1@contoso.example>",
)
HOSTILE_WORDS = "O'Brien's \"Best\" & <b>Söhne</b>株式会社 🧾 100% ; a/b\\c"


class World(Protocol):
    """A mailbox, the people who use it, and AP's Inbox."""

    mailbox: Mailbox

    def drop(self, mime: bytes) -> None:
        """A mail arrives."""

    def move_by_person(self, mail: Listed, folder: str) -> None:
        """A person moves a mail, into a new folder if need be."""

    def delete_by_person(self, mail: Listed) -> None:
        """A person deletes a mail for good."""

    def delete_folder_by_person(self, folder: str) -> None:
        """A person deletes a folder with what lies in it."""

    def show_sent_from(self, address: str) -> None:
        """The mailbox shows its sent items under another of its addresses."""

    def delivered(self) -> list[Delivered]:
        """What AP received."""


class FakeWorld:
    def __init__(self) -> None:
        self.clock = Clock()
        self.fake = FakeMailbox(self.clock)
        self.mailbox: Mailbox = self.fake

    def drop(self, mime: bytes) -> None:
        self.clock.advance(1)
        mail, contents = parsed(mime, self.clock())
        self.fake.arrive(mail, source=mime)
        for attachment_id, data in contents.items():
            self.fake.give_content(mail.id, attachment_id, data)

    def move_by_person(self, mail: Listed, folder: str) -> None:
        self.fake.move_by_person(mail.id, folder)

    def delete_by_person(self, mail: Listed) -> None:
        self.fake.delete_by_person(mail.id)

    def delete_folder_by_person(self, folder: str) -> None:
        self.fake.delete_folder_by_person(folder)

    def show_sent_from(self, address: str) -> None:
        self.fake.show_sent_from(address)

    def delivered(self) -> list[Delivered]:
        return self.fake.ap_inbox


class LocalWorld:
    def __init__(self, root: Path, mailbox: Mailbox) -> None:
        self.mailbox = mailbox
        self._root = root
        self._home = root / MAILBOX
        self._dropped = 0

    def drop(self, mime: bytes) -> None:
        self._dropped += 1
        path = self._home / "Inbox" / f"{self._dropped:05d}.eml"
        path.write_bytes(mime)
        written = time.time() - 3600 + self._dropped  # a file just written may still grow
        os.utime(path, (written, written))

    def move_by_person(self, mail: Listed, folder: str) -> None:
        target = self._home / folder
        target.mkdir(parents=True, exist_ok=True)
        path = self._path(mail)
        path.rename(target / path.name)

    def delete_by_person(self, mail: Listed) -> None:
        self._path(mail).unlink()

    def delete_folder_by_person(self, folder: str) -> None:
        shutil.rmtree(self._home / folder)

    def show_sent_from(self, address: str) -> None:
        for path in (self._home / "Sent Items").glob("*.eml"):
            written = path.stat().st_mtime - 3600  # a file just written may still grow
            path.write_bytes(re.sub(rb"(?m)^From: .*", f"From: {address}\r".encode(), path.read_bytes(), count=1))
            os.utime(path, (written, written))

    def delivered(self) -> list[Delivered]:
        return [_delivered(path.read_bytes()) for path in sorted((self._root / AP_MAILBOX / "Inbox").glob("*.eml"))]

    def _path(self, mail: Listed) -> Path:
        wanted = mail.internet_message_id.encode()
        return next(path for path in self._home.rglob("*.eml") if wanted in path.read_bytes())


@asynccontextmanager
async def local_world(server: MailboxServer, root: Path) -> AsyncIterator[LocalWorld]:
    async with graph_client(server.graph_url) as client:
        yield LocalWorld(root, GraphMailbox(client))


@pytest.fixture(params=["fake", "local"])
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    if request.param == "fake":
        yield FakeWorld()
        return
    async with local_world(request.getfixturevalue("local_mailbox"), tmp_path / "mails") as real:
        yield real


@pytest.fixture
async def local(local_mailbox: MailboxServer, tmp_path: Path) -> AsyncIterator[LocalWorld]:
    async with local_world(local_mailbox, tmp_path / "mails") as real:
        yield real


def parsed(mime: bytes, received_at: datetime) -> tuple[Mail, dict[str, bytes]]:
    """A mail as the fake keeps it, with the bytes of its attachments."""
    message = email.message_from_bytes(mime, policy=policy.default)
    assert isinstance(message, EmailMessage)
    body = message.get_body(("plain", "html"))
    author = message["From"].addresses[0]
    files = {f"{message['Message-ID']}-{n}": part for n, part in enumerate(message.iter_attachments())}
    contents = {id_: _bytes_of(part) for id_, part in files.items() if isinstance(part, EmailMessage)}
    attachments = [
        Attachment(
            id=id_,
            name=part.get_filename() or "",
            content_type=part.get_content_type(),
            size=len(contents[id_]),
            is_inline=part.get_content_disposition() == "inline",
            kind=_KINDS.get(part.get_content_type(), AttachmentKind.FILE),
        )
        for id_, part in files.items()
    ]
    mail = Mail(
        id=f"id of {message['Message-ID']}",
        folder=INBOX,
        internet_message_id=message["Message-ID"],
        received_at=received_at,
        sender=author.addr_spec.lower(),
        sender_name=author.display_name,
        subject=message["Subject"],
        body=body.get_content() if body else "",
        headers=tuple((name, str(value)) for name, value in message.items()),
        attachments=tuple(attachments),
        is_event=any(part.get_content_type() == "text/calendar" for part in message.walk()),
    )
    return mail, contents


_KINDS = {"message/rfc822": AttachmentKind.ITEM, "message/external-body": AttachmentKind.REFERENCE}


def _bytes_of(part: EmailMessage) -> bytes:
    payload = part.get_payload(decode=True)
    if isinstance(payload, bytes):
        return payload
    inner = part.get_payload()
    first = inner[0] if isinstance(inner, list) and inner else None
    return first.as_bytes() if isinstance(first, Message) else b""


def _delivered(mime: bytes) -> Delivered:
    message = email.message_from_bytes(mime, policy=policy.default)
    assert isinstance(message, EmailMessage)
    body = message.get_body(("html", "plain"))
    contents = [
        Content(part.get_filename() or "", part.get_content_type(), _bytes_of(part))
        for part in message.iter_attachments()
        if isinstance(part, EmailMessage)
    ]
    return Delivered(
        to=message["To"].addresses[0].addr_spec,
        subject=message["Subject"],
        body=body.get_content() if body else "",
        marker=message[MARKER] or "",
        message_id=message["Message-ID"],
        attachments=tuple(contents),
    )


async def inbox(mailbox: Mailbox, since: datetime | None = None) -> list[Listed]:
    return [listed async for page in mailbox.inbox(since) for listed in page]


async def only(world: World, mime: bytes | None = None) -> Listed:
    """Drop a mail into an empty Inbox and find it there."""
    world.drop(mime or make_mail(attachments=[Attached("invoice.pdf", PDF)]))
    (listed,) = await inbox(world.mailbox)
    return listed


async def forwarded(world: World, changes: DraftChanges = CHANGES, mime: bytes | None = None) -> str:
    """Make a draft with everything that we write on it."""
    mail = await only(world, mime)
    draft = await world.mailbox.create_forward(mail.id, AP_MAILBOX)
    await world.mailbox.write_draft(draft.id, changes)
    return draft.id


# The Inbox


async def test_an_empty_inbox_lists_nothing(world: World) -> None:
    assert await inbox(world.mailbox) == []


async def test_a_listed_mail_tells_what_is_needed_to_know_it_again(world: World) -> None:
    mime = make_mail(sender="Bluebird <Billing@Bluebird.EXAMPLE>", subject=HOSTILE_WORDS, message_id="<1@a.example>")
    listed = await only(world, mime)
    assert (listed.sender, listed.subject) == ("billing@bluebird.example", HOSTILE_WORDS)
    assert listed.internet_message_id == "<1@a.example>"
    assert listed.received_at.utcoffset() == timedelta(0)


async def test_a_long_inbox_comes_in_pages_oldest_first(world: World) -> None:
    for number in range(205):
        world.drop(make_mail(subject=f"Invoice {number}"))
    pages = [page async for page in world.mailbox.inbox(None)]
    assert [len(page) for page in pages] == [100, 100, 5]
    mails = [listed for page in pages for listed in page]
    assert [listed.subject for listed in mails] == [f"Invoice {number}" for number in range(205)]
    assert [listed.received_at for listed in mails] == sorted(listed.received_at for listed in mails)


async def test_since_is_the_first_instant_that_counts(world: World) -> None:
    mail = await only(world)
    assert await inbox(world.mailbox, mail.received_at) == [mail]
    assert await inbox(world.mailbox, mail.received_at.astimezone()) == [mail]
    assert await inbox(world.mailbox, mail.received_at - timedelta(days=1)) == [mail]
    assert await inbox(world.mailbox, mail.received_at + timedelta(seconds=1)) == []


async def test_a_mail_that_was_filed_is_not_in_the_inbox(world: World) -> None:
    mail = await only(world)
    await world.mailbox.move(mail.id, "Posted")
    assert await inbox(world.mailbox) == []


async def test_the_oldest_mail_of_a_folder_tells_since_when_it_waits(world: World) -> None:
    assert await world.mailbox.oldest("Review") is None
    for number in range(3):
        world.drop(make_mail(subject=f"Invoice {number}"))
    first, second, third = await inbox(world.mailbox)
    for mail in (third, second):
        await world.mailbox.move(mail.id, "Review")
    assert await world.mailbox.oldest("Review") == second.received_at
    assert await world.mailbox.oldest(INBOX) == first.received_at
    for mail in (third, second):
        world.delete_by_person(mail)
    assert await world.mailbox.oldest("Review") is None


async def test_a_mail_keeps_its_id_wherever_it_is_moved(world: World) -> None:
    mail = await only(world)
    await world.mailbox.move(mail.id, "Review")
    world.move_by_person(mail, "Inbox")
    assert await inbox(world.mailbox) == [mail]


# Reading


async def test_a_mail_is_read_with_its_headers_text_and_attachments(world: World) -> None:
    long = "a long value " * 20
    mime = make_mail(
        sender="Bluebird Billing <billing@bluebird.example>",
        subject=HOSTILE_WORDS,
        body=f"Dear AP,\n{HOSTILE_WORDS}\n",
        headers={"Auto-Submitted": "auto-generated", "X-Long": long.strip()},
        attachments=[Attached("Größe 1.pdf", PDF), Attached("e.xml", b"<Invoice/>", "application/xml")],
    )
    mail = await world.mailbox.get((await only(world, mime)).id)
    assert (mail.sender, mail.sender_name) == ("billing@bluebird.example", "Bluebird Billing")
    assert (mail.subject, mail.folder, mail.is_event) == (HOSTILE_WORDS, INBOX, False)
    assert HOSTILE_WORDS in mail.body
    assert mail.header("auto-submitted") == "auto-generated"
    assert " ".join(mail.header("x-long").split()) == long.strip()
    found = [(a.name, a.content_type, a.kind, a.is_inline, a.is_document) for a in mail.attachments]
    assert found == [
        ("Größe 1.pdf", "application/pdf", AttachmentKind.FILE, False, True),
        ("e.xml", "application/xml", AttachmentKind.FILE, False, True),
    ]
    assert mail.attachments[0].size >= len(PDF)


async def test_a_mail_without_anything_can_be_read(world: World) -> None:
    mail = await world.mailbox.get((await only(world, make_mail(subject="", body=""))).id)
    assert (mail.subject, mail.body.strip(), mail.attachments) == ("", "", ())


async def test_a_meeting_request_is_an_event(world: World) -> None:
    assert (await world.mailbox.get((await only(world, make_calendar())).id)).is_event


async def test_an_attachment_comes_byte_for_byte(world: World) -> None:
    attached = [
        Attached("invoice.pdf", PDF),
        Attached("every byte.bin", bytes(range(256)) * 40, "application/octet-stream"),
        Attached("O'Brien & Söhne #1 100%.xml", "<a>Größe</a>".encode(), "text/xml"),
    ]
    mail = await world.mailbox.get((await only(world, make_mail(attachments=attached))).id)
    contents = [await world.mailbox.content(mail.id, attachment) for attachment in mail.attachments]
    assert [(c.name, c.data) for c in contents] == [(a.name, a.data) for a in attached]


async def test_a_mail_within_the_mail_is_an_item_with_its_mime(world: World) -> None:
    inner = make_mail(subject="the inner one", attachments=[Attached("inner.pdf", PDF)])
    outer = EmailMessage()
    outer["From"], outer["Subject"], outer["Message-ID"] = "a@b.example", "outer", "<outer@b.example>"
    outer.set_content("see below")
    outer.add_attachment(email.message_from_bytes(inner, policy=policy.default))
    mail = await world.mailbox.get((await only(world, outer.as_bytes())).id)
    (item,) = mail.attachments
    assert (item.kind, item.is_document) == (AttachmentKind.ITEM, False)
    content = await world.mailbox.content(mail.id, item)
    assert email.message_from_bytes(content.data)["Subject"] == "the inner one"


async def test_a_link_into_a_cloud_drive_has_no_bytes(world: World) -> None:
    mime = (
        b"From: a@b.example\r\nSubject: link\r\nMessage-ID: <link@b.example>\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/mixed; boundary="x"\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\nsee there\r\n'
        b'--x\r\nContent-Type: message/external-body; access-type=URL; URL="https://drive.example/invoice.pdf"\r\n'
        b'Content-Disposition: attachment; filename="invoice.pdf"\r\n\r\n'
        b"Content-Type: application/pdf\r\n\r\n\r\n--x--\r\n"
    )
    mail = await world.mailbox.get((await only(world, mime)).id)
    (link,) = mail.attachments
    assert (link.kind, link.is_document) == (AttachmentKind.REFERENCE, False)
    with pytest.raises(MailRefused):
        await world.mailbox.content(mail.id, link)


async def test_the_source_of_a_mail_is_its_mime(world: World) -> None:
    mime = make_mail(attachments=[Attached("invoice.pdf", PDF)])
    assert await world.mailbox.source((await only(world, mime)).id) == mime


# Folders


@pytest.mark.parametrize("folder", FOLDERS.values())
async def test_a_mail_is_moved_into_a_folder_that_is_made_when_missing(world: World, folder: str) -> None:
    mail = await only(world)
    assert await world.mailbox.folder_of(mail.id) == INBOX
    for _ in range(2):
        await world.mailbox.move(mail.id, folder)
        assert await world.mailbox.folder_of(mail.id) == folder
        assert (await world.mailbox.get(mail.id)).folder == folder


async def test_two_mails_go_into_one_folder(world: World) -> None:
    for number in range(2):
        world.drop(make_mail(subject=f"Invoice {number}"))
    mails = await inbox(world.mailbox)
    for mail in mails:
        await world.mailbox.move(mail.id, "Posted")
    assert [await world.mailbox.folder_of(mail.id) for mail in mails] == ["Posted", "Posted"]


async def test_a_folder_that_a_person_deleted_is_made_again(world: World) -> None:
    for number in range(2):
        world.drop(make_mail(subject=f"Invoice {number}"))
    first, second = await inbox(world.mailbox)
    await world.mailbox.move(first.id, "Posted")
    world.delete_folder_by_person("Posted")
    await world.mailbox.move(second.id, "Posted")
    assert await world.mailbox.folder_of(second.id) == "Posted"


@pytest.mark.parametrize("folder", ["Archive", "Deleted Items", "Petra's own", "Archive/Posted"])
async def test_any_other_folder_is_elsewhere(world: World, folder: str) -> None:
    mail = await only(world)
    world.move_by_person(mail, folder)
    assert await world.mailbox.folder_of(mail.id) == ELSEWHERE
    assert (await world.mailbox.get(mail.id)).folder == ELSEWHERE


async def test_a_folder_of_ours_is_known_when_a_person_made_it(world: World) -> None:
    mail = await only(world)
    world.move_by_person(mail, "Review")
    assert await world.mailbox.folder_of(mail.id) == "Review"


async def test_a_mail_can_be_brought_back_from_anywhere(world: World) -> None:
    mail = await only(world)
    world.move_by_person(mail, "Petra's own")
    await world.mailbox.move(mail.id, "Failed")
    assert await world.mailbox.folder_of(mail.id) == "Failed"


# Forwarding


async def test_a_forward_quotes_the_mail_and_carries_its_attachments(world: World) -> None:
    mail = await only(world, make_mail(body="Please pay 5 < 6 & more.", attachments=[Attached("invoice.pdf", PDF)]))
    source = await world.mailbox.get(mail.id)
    draft = await world.mailbox.create_forward(mail.id, AP_MAILBOX)
    assert "Please pay 5 &lt; 6 &amp; more." in draft.body
    assert await world.mailbox.draft(draft.id) == draft
    copied = await world.mailbox.attachments(draft.id)
    assert [(a.name, a.size, a.kind) for a in copied] == [(a.name, a.size, a.kind) for a in source.attachments]
    assert (await world.mailbox.content(draft.id, copied[0])).data == PDF
    assert await inbox(world.mailbox) == [mail]
    assert world.delivered() == []


async def test_a_comment_stands_in_the_forward_and_is_no_markup(world: World) -> None:
    mail = await only(world)
    draft = await world.mailbox.create_forward(mail.id, AP_MAILBOX, "Vendor: <b>O & O</b>")
    assert "Vendor: &lt;b&gt;O &amp; O&lt;/b&gt;" in draft.body


async def test_every_forward_is_a_draft_of_its_own(world: World) -> None:
    mail = await only(world)
    drafts = [await world.mailbox.create_forward(mail.id, AP_MAILBOX) for _ in range(2)]
    assert drafts[0].id != drafts[1].id


async def test_a_draft_says_what_was_written_on_it(world: World) -> None:
    draft_id = await forwarded(world)
    assert "<p>Summary</p>" in (await world.mailbox.draft(draft_id)).body
    written = await world.mailbox.get(draft_id)
    assert (written.subject, written.internet_message_id) == (CHANGES.subject, CHANGES.message_id)


async def test_a_draft_keeps_its_body_where_none_is_written(world: World) -> None:
    mail = await only(world, make_mail(body="as it was"))
    draft = await world.mailbox.create_forward(mail.id, AP_MAILBOX, "a comment")
    await world.mailbox.write_draft(draft.id, replace(CHANGES, body=None))
    kept = (await world.mailbox.draft(draft.id)).body
    assert "as it was" in kept
    assert "a comment" in kept


async def test_a_draft_goes_to_whom_it_is_addressed_anew(world: World) -> None:
    mail = await only(world)
    draft = await world.mailbox.create_forward(mail.id, "somebody@elsewhere.example")
    await world.mailbox.write_draft(draft.id, replace(CHANGES, to=AP_MAILBOX))
    await world.mailbox.write_draft(draft.id, CHANGES)
    await world.mailbox.send(draft.id)
    (received,) = world.delivered()
    assert (received.to, received.marker) == (AP_MAILBOX, CHANGES.marker)


async def test_the_largest_body_is_written_in_any_script(world: World) -> None:
    body = "ж" * (BODY_LIMIT // 2)  # with every letter escaped it would be three times its size
    draft_id = await forwarded(world, replace(CHANGES, body=body))
    assert body in (await world.mailbox.draft(draft_id)).body


async def test_writing_a_draft_twice_leaves_it_as_written_once(world: World) -> None:
    draft_id = await forwarded(world)
    before = await world.mailbox.draft(draft_id)
    await world.mailbox.write_draft(draft_id, CHANGES)
    assert await world.mailbox.draft(draft_id) == before
    assert await world.mailbox.marked(CHANGES.marker) == [Marked(draft_id, is_draft=True)]
    assert len(await world.mailbox.attachments(draft_id)) == 1


async def test_ap_receives_the_draft_as_it_was_written_once(world: World) -> None:
    changes = replace(CHANGES, subject=f"{HOSTILE_WORDS} [IA-0123456789ab]", body=f"<html><body>{HOSTILE_WORDS}</body>")
    draft_id = await forwarded(world, changes)
    await world.mailbox.send(draft_id)
    (received,) = world.delivered()
    assert (received.to, received.subject) == (AP_MAILBOX, changes.subject)
    assert (received.marker, received.message_id) == (changes.marker, changes.message_id)
    assert HOSTILE_WORDS in received.body
    assert [(c.name, c.data) for c in received.attachments] == [("invoice.pdf", PDF)]


async def test_a_sent_draft_is_found_by_its_marker_and_is_no_draft(world: World) -> None:
    draft_id = await forwarded(world)
    await world.mailbox.send(draft_id)
    (sent,) = await world.mailbox.marked(CHANGES.marker)
    assert not sent.is_draft
    assert await world.mailbox.folder_of(sent.id) == ELSEWHERE
    with pytest.raises(MailGone):
        await world.mailbox.draft(draft_id)
    with pytest.raises(MailGone):
        await world.mailbox.send(draft_id)
    with pytest.raises((MailGone, MailRefused)):
        await world.mailbox.write_draft(draft_id, CHANGES)
    assert len(world.delivered()) == 1


async def test_only_exactly_this_marker_is_found(world: World) -> None:
    draft_id = await forwarded(world)
    assert await world.mailbox.marked(CHANGES.marker) == [Marked(draft_id, is_draft=True)]
    for other in (CHANGES.marker[:-1], CHANGES.marker + "1", CHANGES.marker[:-1] + "2", "", "%"):
        assert await world.mailbox.marked(other) == []


async def test_a_marker_of_any_text_is_searched_as_a_text(world: World) -> None:
    for text in ("O'Brien", "' or ep/value ne '", 'a"b', "a/b#c?d&e", "100%", "a+b", "Größe 🧾"):
        assert await world.mailbox.marked(text) == []
    draft_id = await forwarded(world, replace(CHANGES, marker="O'Brien & Co + 100%"))
    assert [found.id for found in await world.mailbox.marked("O'Brien & Co + 100%")] == [draft_id]


async def test_marked_items_are_found_in_every_folder(world: World) -> None:
    draft_id = await forwarded(world)
    await world.mailbox.move(draft_id, "Review")
    assert await world.mailbox.marked(CHANGES.marker) == [Marked(draft_id, is_draft=True)]


async def test_a_deleted_draft_is_not_found_by_its_marker(world: World) -> None:
    draft_id = await forwarded(world)
    await world.mailbox.delete(draft_id)
    assert await world.mailbox.marked(CHANGES.marker) == []


async def test_a_sent_copy_that_a_person_threw_away_is_found_all_the_same(world: World) -> None:
    await world.mailbox.send(await forwarded(world))
    (sent,) = await world.mailbox.marked(CHANGES.marker)
    await world.mailbox.delete(sent.id)
    assert await world.mailbox.marked(CHANGES.marker) == [sent]


async def test_a_sent_copy_is_known_by_its_folder_whatever_address_the_mailbox_shows(world: World) -> None:
    """It may be asked for by an alias, and shows its primary address."""
    await world.mailbox.send(await forwarded(world))
    world.show_sent_from("accounts@contoso.example")
    (sent,) = await world.mailbox.marked(CHANGES.marker)
    assert not sent.is_draft


@pytest.mark.parametrize("folder", ["Inbox", "Review", "Archive", "Junk Email", "Deleted Items"])
async def test_a_mail_that_came_in_with_our_marker_is_no_sent_copy(world: World, folder: str) -> None:
    mail = await only(world, make_mail(headers={MARKER: CHANGES.marker}))
    world.move_by_person(mail, folder)
    assert await world.mailbox.marked(CHANGES.marker) == []


async def test_a_deleted_draft_is_not_in_drafts_and_may_be_deleted_again(world: World) -> None:
    mail = await only(world)
    draft = await world.mailbox.create_forward(mail.id, AP_MAILBOX)
    for _ in range(3):
        await world.mailbox.delete(draft.id)
    with pytest.raises(MailGone):
        await world.mailbox.draft(draft.id)
    assert await inbox(world.mailbox) == [mail]


async def test_a_forward_of_a_body_over_two_megabytes_goes_out_whole(world: World) -> None:
    end = "the last words"
    mime = make_mail(html=f"<html><body><p>{'0123456789abcdef ' * 130_000}</p>{end}</body></html>", body=end)
    mail = await only(world, mime)
    draft = await world.mailbox.create_forward(mail.id, AP_MAILBOX, "the summary")
    await world.mailbox.write_draft(draft.id, replace(CHANGES, body=None))
    await world.mailbox.send(draft.id)
    (received,) = world.delivered()
    assert "the summary" in received.body
    assert end in received.body


async def test_a_body_of_two_megabytes_can_be_written(world: World) -> None:
    body = f"<html><body>{'Söhne ' * 280_000}</body></html>"
    assert len(body.encode()) < 2 * 1024 * 1024
    draft_id = await forwarded(world, replace(CHANGES, body=body))
    await world.mailbox.send(draft_id)
    assert "Söhne Söhne" in world.delivered()[0].body


async def test_a_forward_has_every_attachment_however_many(world: World) -> None:
    attached = [Attached(f"invoice {n}.pdf", b"%%PDF-1.7 %d" % n) for n in range(30)]
    draft_id = await forwarded(world, mime=make_mail(attachments=attached))
    assert sorted(a.name for a in await world.mailbox.attachments(draft_id)) == sorted(a.name for a in attached)
    await world.mailbox.send(draft_id)
    (received,) = world.delivered()
    assert sorted(c.data for c in received.attachments) == sorted(a.data for a in attached)


# What is gone


async def test_a_mail_that_a_person_deleted_is_gone_for_every_method(world: World) -> None:
    mail = await only(world)
    attachment = (await world.mailbox.get(mail.id)).attachments[0]
    world.delete_by_person(mail)
    mailbox = world.mailbox
    for attempt in (
        mailbox.get(mail.id),
        mailbox.folder_of(mail.id),
        mailbox.content(mail.id, attachment),
        mailbox.source(mail.id),
        mailbox.create_forward(mail.id, AP_MAILBOX),
        mailbox.draft(mail.id),
        mailbox.write_draft(mail.id, CHANGES),
        mailbox.attachments(mail.id),
        mailbox.send(mail.id),
        mailbox.move(mail.id, "Posted"),
    ):
        with pytest.raises(MailGone):
            await attempt
    await mailbox.delete(mail.id)
    assert await inbox(mailbox) == []


# What only the real mailbox can show


async def test_an_id_that_never_was_one_is_refused(local: LocalWorld) -> None:
    for mail_id in ("x", "a/b", "a'b", "Größe", "x" * 2000):
        with pytest.raises((MailGone, MailRefused)):
            await local.mailbox.get(mail_id)


async def test_evidence_is_found_behind_an_empty_page(local: LocalWorld, local_mailbox: MailboxServer) -> None:
    draft_id = await forwarded(local)
    local_mailbox.faults.replace([{"kind": "empty_page", "count": 1}])
    try:
        assert await local.mailbox.marked(CHANGES.marker) == [Marked(draft_id, is_draft=True)]
    finally:
        local_mailbox.faults.clear()


async def test_an_unknown_mailbox_is_no_fault_of_the_mail(local_mailbox: MailboxServer) -> None:
    async with graph_client(local_mailbox.graph_url, user="nobody@contoso.example") as client:
        mailbox = GraphMailbox(client)
        with pytest.raises(Later):
            await mailbox.create_forward("x", AP_MAILBOX)


async def test_a_draft_larger_than_a_request_may_be_is_refused(local: LocalWorld) -> None:
    with pytest.raises(MailRefused):
        await forwarded(local, replace(CHANGES, body="x" * 5 * 1024 * 1024))


async def test_a_folder_that_another_process_made_is_one_of_ours(
    local: LocalWorld, local_mailbox: MailboxServer
) -> None:
    """Two slots file into the same mailbox: what one has made, the other must not take for a person's folder."""
    mail = await only(local)
    assert await local.mailbox.folder_of(mail.id) == INBOX
    async with graph_client(local_mailbox.graph_url) as client:
        await GraphMailbox(client).move(mail.id, "Review")
    assert await local.mailbox.folder_of(mail.id) == "Review"
    assert (await local.mailbox.get(mail.id)).folder == "Review"


async def test_a_folder_named_in_other_letters_is_used(local: LocalWorld, tmp_path: Path) -> None:
    """Exchange tells folder names apart without regard to case, so ours cannot be made beside it."""
    (tmp_path / "mails" / MAILBOX / "posted").mkdir()
    mail = await only(local)
    await local.mailbox.move(mail.id, "Posted")
    assert await local.mailbox.folder_of(mail.id) == "Posted"


async def test_what_is_received_is_told_in_utc(local: LocalWorld) -> None:
    mail = await only(local)
    assert abs(mail.received_at - datetime.now(UTC)) < timedelta(minutes=1)
