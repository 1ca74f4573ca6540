"""The shared mailbox through Microsoft Graph v1.0 (https://learn.microsoft.com/graph/api/resources/message)."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from kiota_abstractions.base_request_builder import BaseRequestBuilder
from kiota_abstractions.method import Method
from msgraph.generated.users.item.messages.item.message_item_request_builder import MessageItemRequestBuilder

from shared.adapters.graph_client import GraphClient
from shared.domain.forward import MARKER_PROPERTY
from shared.domain.mail import ELSEWHERE, INBOX, Attachment, AttachmentKind, Listed, Mail
from shared.domain.transaction import FOLDERS
from shared.ports import Content, Draft, DraftChanges, MailGone, MailRefused, Marked

log = logging.getLogger(__name__)

BODY_LIMIT = 1_000_000  # characters of a mail's text that are looked at
FOLDERS_SECONDS = 600.0  # between two looks at the folders
PAGE = 100  # mails a listing page; large pages risk a 504
_LISTED = "id,internetMessageId,receivedDateTime,from,subject"
_READ = f"{_LISTED},replyTo,parentFolderId,body,internetMessageHeaders"
# contentBytes comes along by default, so the properties are named; nested select:
# https://github.com/microsoftgraph/msgraph-sdk-dotnet-core/issues/437
_ATTACHMENTS = "id,name,contentType,size,isInline"
_TEXT_BODY = 'outlook.body-content-type="text"'


class GraphMailbox:
    """Implements the Mailbox port for the mailbox that the client is bound to."""

    def __init__(self, client: GraphClient) -> None:
        self._client = client
        self._folders: dict[str, str] = {}  # display name to id; ids never change while the folder lives
        self._foreign: set[str] = set()  # ids of folders that are not ours
        self._well_known_ids: dict[str, str] = {}  # of folders that nobody can delete
        self._read_at = float("-inf")
        self._reading = asyncio.Lock()  # several mails at once would all read the folders at a start

    def _message(self, mail_id: str) -> MessageItemRequestBuilder:
        return self._client.user.messages.by_message_id(mail_id)

    async def inbox(self, since: datetime | None) -> AsyncIterator[Sequence[Listed]]:
        query: dict[str, str | int] = {"select": _LISTED, "orderby": "receivedDateTime asc", "top": PAGE}
        if since is not None:
            query["filter"] = f"receivedDateTime ge {since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        messages = self._client.user.mail_folders.by_mail_folder_id("inbox").messages
        await self._refresh()
        async for page in self._pages(messages, query):
            yield [listed for item in page if (listed := _readable(item)) is not None]

    async def _refresh(self) -> None:
        """Forget the folders now and then: a person may have renamed or deleted one, and its id goes on to work."""
        async with self._reading:
            if time.monotonic() - self._read_at > FOLDERS_SECONDS:
                self._folders.clear()
                self._foreign.clear()

    async def get(self, mail_id: str) -> Mail:
        query = {"select": _READ, "expand": f"attachments($select={_ATTACHMENTS})"}
        item = await self._client.get(self._message(mail_id), query, _TEXT_BODY, expects="parentFolderId")
        listed = _listed(item)
        return Mail(
            id=listed.id,
            folder=await self._name_of(item["parentFolderId"]),
            internet_message_id=listed.internet_message_id,
            received_at=listed.received_at,
            sender=listed.sender,
            sender_name=_text(_address(item).get("name")),
            subject=listed.subject,
            body=_text((item.get("body") or {}).get("content"))[:BODY_LIMIT],
            headers=tuple(
                (_text(h.get("name")), _text(h.get("value"))) for h in item.get("internetMessageHeaders") or ()
            ),
            attachments=tuple(_attachment(a) for a in item.get("attachments") or ()),
            is_event="eventmessage" in str(item.get("@odata.type", "")).lower(),
            reply_to=tuple(_addresses(item.get("replyTo"))),
        )

    async def oldest(self, folder: str) -> datetime | None:
        async with self._reading:
            if not self._folders:
                await self._read_folders()
            folder_id = self._folders.get(folder)  # one that was made lately may be missing until they are read again
        if folder_id is None:
            return None
        query: dict[str, str | int] = {"select": "id,receivedDateTime", "orderby": "receivedDateTime asc", "top": 1}
        messages = self._client.user.mail_folders.by_mail_folder_id(folder_id).messages
        async for page in self._pages(messages, query):
            if page:
                return datetime.fromisoformat(page[0]["receivedDateTime"])
        return None

    async def folder_of(self, mail_id: str) -> str:
        query = {"select": "id,parentFolderId"}
        item = await self._client.get(self._message(mail_id), query, expects="parentFolderId")
        return await self._name_of(item["parentFolderId"])

    async def content(self, mail_id: str, attachment: Attachment) -> Content:
        item = self._message(mail_id).attachments.by_attachment_id(attachment.id)
        data = await self._client.get_bytes(item, "/$value")  # the SDK has no builder for it
        return Content(attachment.name, attachment.content_type, data)

    async def source(self, mail_id: str) -> bytes:
        return await self._client.get_bytes(self._message(mail_id).content)

    async def marked(self, marker: str) -> Sequence[Marked]:
        value = marker.replace("'", "''")  # OData's own escape of a quote
        found = f"singleValueExtendedProperties/Any(ep: ep/id eq '{MARKER_PROPERTY}' and ep/value eq '{value}')"
        query: dict[str, str | int] = {"filter": found, "select": "id,isDraft,parentFolderId,from", "top": 50}
        # All pages: one may be empty and lead to another.
        items = [item async for page in self._pages(self._client.user.messages, query) for item in page]
        if not items:
            return []
        return [
            Marked(str(item["id"]), bool(item.get("isDraft"))) for item in items if await self._is_trustworthy(item)
        ]

    async def _is_trustworthy(self, item: Mapping[str, Any]) -> bool:
        folder_id = item.get("parentFolderId", "")
        if item.get("isDraft"):
            return bool(folder_id != await self._well_known("deleteditems"))  # one that was deleted keeps its marker
        # The marker is a header, and anybody can send one: what came in is no copy of what we sent. Nothing comes in
        # to Sent Items; elsewhere the sender tells, who is shown by the mailbox's primary address.
        if folder_id == await self._well_known("sentitems"):
            return True
        is_junk = folder_id == await self._well_known("junkemail")
        return not is_junk and self._is_ours(item) and await self._name_of(folder_id) == ELSEWHERE

    def _is_ours(self, item: Mapping[str, Any]) -> bool:
        return str(_address(item).get("address") or "").lower() == self._client.address

    async def _well_known(self, name: str) -> str:
        if name not in self._well_known_ids:
            folder = self._client.user.mail_folders.by_mail_folder_id(name)
            self._well_known_ids[name] = str((await self._client.get(folder, {"select": "id"}))["id"])
        return self._well_known_ids[name]

    async def create_forward(self, mail_id: str, to: str, comment: str = "") -> Draft:
        body: dict[str, Any] = {"toRecipients": _recipients(to)}
        if comment:
            body["comment"] = comment
        forward = self._message(mail_id).create_forward
        return _draft(await self._client.change(Method.POST, forward, body, repeat=False, expects="id"))

    async def draft(self, draft_id: str) -> Draft:
        item = await self._client.get(self._message(draft_id), {"select": "id,isDraft,body"})
        if not item.get("isDraft"):
            raise MailGone("it is no draft any more")
        return _draft(item)

    async def write_draft(self, draft_id: str, changes: DraftChanges) -> None:
        body: dict[str, Any] = {
            "subject": changes.subject,
            "internetMessageId": changes.message_id,
            "singleValueExtendedProperties": [{"id": MARKER_PROPERTY, "value": changes.marker}],
        }
        if changes.body is not None:
            body["body"] = {"contentType": "html", "content": changes.body}
        if changes.to:
            body |= {"toRecipients": _recipients(changes.to), "ccRecipients": [], "bccRecipients": []}
        await self._client.change(Method.PATCH, self._message(draft_id), body)

    async def attachments(self, mail_id: str) -> Sequence[Attachment]:
        pages = self._pages(self._message(mail_id).attachments, {"select": _ATTACHMENTS})
        return [_attachment(item) async for page in pages for item in page]

    async def _pages(
        self, builder: BaseRequestBuilder, query: Mapping[str, str | int]
    ) -> AsyncIterator[list[dict[str, Any]]]:
        page = await self._client.get(builder, query, expects="value")
        while True:
            yield page.get("value", [])
            if not (link := page.get("@odata.nextLink")):
                return
            page = await self._client.get_link(link)

    async def send(self, draft_id: str) -> None:
        await self._client.change(Method.POST, self._message(draft_id).send, repeat=False, status=202)

    async def move(self, mail_id: str, folder: str) -> None:
        try:
            await self._move(mail_id, await self._id_of(folder))
        except MailGone:
            # Either the mail or the folder is gone; a folder that somebody deleted is made again.
            self._folders.clear()
            await self._move(mail_id, await self._id_of(folder))

    async def _move(self, mail_id: str, folder_id: str) -> None:
        # May be repeated: what it moves it moves to one place, and the immutable id stays.
        await self._client.change(Method.POST, self._message(mail_id).move, {"destinationId": folder_id})

    async def delete(self, mail_id: str) -> None:
        try:
            await self._client.change(Method.DELETE, self._message(mail_id))
        except MailGone:
            return

    async def _name_of(self, folder_id: str) -> str:
        async with self._reading:
            if folder_id not in self._folders.values() and folder_id not in self._foreign:
                await self._read_folders()  # it may be ours, made by another process
        found = next((name for name, known in self._folders.items() if known == folder_id), ELSEWHERE)
        if found == ELSEWHERE:
            self._foreign.add(folder_id)
        return found

    async def _id_of(self, folder: str) -> str:
        async with self._reading:
            if folder not in self._folders:
                await self._read_folders()
            if folder not in self._folders:
                await self._make_folder(folder)
            return self._folders[folder]

    async def _read_folders(self) -> None:
        folders = self._client.user.mail_folders
        inbox = await self._client.get(folders.by_mail_folder_id("inbox"), {"select": "id"})
        ours = {INBOX: str(inbox["id"])}
        names = {name.casefold(): name for name in FOLDERS.values()}
        async for page in self._pages(folders, {"select": "id,displayName", "top": PAGE}):
            for item in page:
                # Exchange tells folder names apart without regard to case.
                name = names.get(str(item.get("displayName", "")).casefold())
                if name is not None:
                    ours.setdefault(name, str(item["id"]))
        self._folders = ours
        self._read_at = time.monotonic()

    async def _make_folder(self, folder: str) -> None:
        folders = self._client.user.mail_folders
        try:
            made = await self._client.change(Method.POST, folders, {"displayName": folder}, expects="id")
            self._folders[folder] = str(made["id"])
        except MailRefused:
            await self._read_folders()  # somebody made it in between (409 ErrorFolderExists)
            if folder not in self._folders:
                raise


def _address(item: Mapping[str, Any]) -> dict[str, Any]:
    found = (item.get("from") or {}).get("emailAddress") or {}
    return dict(found)


def _recipients(address: str) -> list[dict[str, Any]]:
    return [{"emailAddress": {"address": address}}]


def _addresses(recipients: Any) -> Iterator[str]:
    for recipient in recipients or ():
        address = _text((recipient.get("emailAddress") or {}).get("address")).strip().lower()
        if address:
            yield address


def _text(value: Any) -> str:
    """The text of a property; half a surrogate pair, legal in JSON and in no encoding, becomes a question mark."""
    text = value if isinstance(value, str) else ""
    return text if text.isascii() else text.encode(errors="replace").decode()


def _readable(item: Mapping[str, Any]) -> Listed | None:
    try:
        return _listed(item)
    except (KeyError, TypeError, ValueError) as error:
        log.error("a listed item cannot be read: %s", type(error).__name__)  # noqa: TRY400 - no defect of ours
        return None


def _listed(item: Mapping[str, Any]) -> Listed:
    return Listed(
        id=str(item["id"]),
        internet_message_id=_text(item.get("internetMessageId")),
        received_at=datetime.fromisoformat(item["receivedDateTime"]),
        sender=_text(_address(item).get("address")).strip().lower(),
        subject=_text(item.get("subject")),
    )


def _draft(item: Mapping[str, Any]) -> Draft:
    return Draft(str(item["id"]), _text((item.get("body") or {}).get("content")))


def _attachment(item: Mapping[str, Any]) -> Attachment:
    # "#microsoft.graph.fileAttachment"; collections sometimes omit the "#".
    declared = str(item.get("@odata.type", "")).lower()
    kinds = {"itemattachment": AttachmentKind.ITEM, "referenceattachment": AttachmentKind.REFERENCE}
    return Attachment(
        id=str(item["id"]),
        name=_text(item.get("name")),
        content_type=item.get("contentType") or "",
        size=int(item.get("size") or 0),
        is_inline=bool(item.get("isInline")),
        kind=next((kind for suffix, kind in kinds.items() if declared.endswith(suffix)), AttachmentKind.FILE),
    )
