"""The messages endpoints: reading, drafting, changing, sending, filing."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any

from infrastructure.local.mailbox import attachment, compose, listing, message, mischief, query
from infrastructure.local.mailbox.changes import read_changes, read_recipients
from infrastructure.local.mailbox.errors import (
    GraphError,
    item_not_found,
    method_not_allowed,
    not_emulated,
    unknown_field,
    unreadable_body,
)
from infrastructure.local.mailbox.exchange import Request, Response, collection, json_response
from infrastructure.local.mailbox.folders import DELETED, DRAFTS, Folder
from infrastructure.local.mailbox.ids import IdFormat, Kind, decode
from infrastructure.local.mailbox.item import Item
from infrastructure.local.mailbox.mail import Mail
from infrastructure.local.mailbox.message import Wishes
from infrastructure.local.mailbox.outbox import Outbox
from infrastructure.local.mailbox.store import Store


@dataclass(frozen=True, slots=True)
class Place:
    """Where a request looks: a mailbox, and a folder if the path names one."""

    address: str
    folder: Folder | None = None


class MessageRoutes:
    """Answers for mails of one store."""

    def __init__(self, store: Store, outbox: Outbox) -> None:
        """Answer from store; outbox sends."""
        self._store = store
        self._outbox = outbox

    def list(self, request: Request, place: Place) -> Response:
        """GET messages."""
        options = query.parse_options(request.query)
        wishes = _wishes(request, options)
        folder = place.folder or Folder(place.address, "")
        items = mischief.searchable(self._store, self._store.items(folder), options, request.whims)
        page, following = listing.select(items, options, self._store)
        page, following = mischief.disordered(page, following, options, request.whims)
        shown = list(self._show(page, wishes))
        return collection(request, f"users('{place.address}')/messages", shown, following)

    def _show(self, page: Iterable[Item], wishes: Wishes) -> Iterator[dict[str, object]]:
        for item in page:
            with suppress(GraphError, FileNotFoundError):  # a person took the file away meanwhile
                current = self._store.item(item.address, item.uid)
                yield message.render(current, self._store.mail(current), wishes)

    def get(self, request: Request, place: Place, key: str) -> Response:
        """GET messages/{id}."""
        options = query.parse_options(request.query)
        query.allow(options, "$select", "$expand")
        wishes = _wishes(request, options)
        return self._answer(request, self._find(request, place, key), wishes)

    def mime(self, request: Request, place: Place, key: str) -> Response:
        """GET messages/{id}/$value."""
        query.allow(query.parse_options(request.query))
        item = self._find(request, place, key)
        return Response(HTTPStatus.OK, self._store.path(item).read_bytes(), "text/plain")

    def list_attachments(self, request: Request, place: Place, key: str) -> Response:
        """GET messages/{id}/attachments."""
        options = query.parse_options(request.query)
        query.allow(options, "$select")
        select = query.names_of(options.get("$select"))
        attachment.check(select)
        item, mail = self._open(request, place, key)
        shown = [attachment.render(item, mail, each, request.id_format, select) for each in mail.attachments]
        context = f"users('{place.address}')/messages('{item.id_in(request.id_format)}')/attachments"
        return collection(request, context, shown, None)

    def get_attachment(self, request: Request, place: Place, key: str, attachment_id: str) -> Response:
        """GET messages/{id}/attachments/{id}."""
        options = query.parse_options(request.query)
        query.allow(options, "$select")
        select = query.names_of(options.get("$select"))
        attachment.check(select)
        item, mail = self._open(request, place, key)
        found = attachment.find(item, mail, attachment_id, request.id_format)
        context = f"{request.origin}/v1.0/$metadata#users('{place.address}')/messages/attachments/$entity"
        return json_response(
            {"@odata.context": context} | attachment.render(item, mail, found, request.id_format, select)
        )

    def attachment_bytes(self, request: Request, place: Place, key: str, attachment_id: str) -> Response:
        """GET messages/{id}/attachments/{id}/$value."""
        query.allow(query.parse_options(request.query))
        item, mail = self._open(request, place, key)
        found = attachment.find(item, mail, attachment_id, request.id_format)
        if found.kind == "reference":
            raise method_not_allowed("")
        content_type = "text/plain" if found.kind == "item" else found.part.content_type
        return Response(HTTPStatus.OK, mail.content(found), content_type)

    def create_forward(self, request: Request, place: Place, key: str) -> Response:
        """POST messages/{id}/createForward."""
        query.allow(query.parse_options(request.query))
        if request.headers.get("content-type", "").lower().startswith("text/plain"):
            raise not_emulated("createForward with a MIME body")
        changes, state, comment = _read_forward(request.json())
        item, mail = self._open(request, place, key)
        scratch = self._store.scratch()
        attachments = mischief.forwarded(mail, request.whims)
        compose.write_forward(scratch, item, mail, changes, comment, attachments=attachments)
        subject = changes.subject if changes.subject is not None else f"FW: {mail.subject}"
        state = {"is_read": True, "outgoing": True} | state
        draft = self._store.add(Folder(place.address, DRAFTS), subject, scratch, **state)
        return self._answer(request, draft, _wishes(request, {}), HTTPStatus.CREATED)

    def update(self, request: Request, place: Place, key: str) -> Response:
        """PATCH messages/{id}."""
        query.allow(query.parse_options(request.query))
        raw = request.json()
        with self._exclusive(request, place, key) as item:
            mail = self._store.mail(item)
            changes, state = read_changes(raw, is_draft=mail.is_draft)
            if "properties" in state:
                state["properties"] = item.properties | state["properties"]
            if changes == compose.Changes():
                changed = self._store.update(item, **state)
            else:
                scratch = self._store.scratch()
                compose.write_changed(scratch, mail, changes)
                changed = self._store.exchange(item, scratch, **state)
            return self._answer(request, changed, _wishes(request, {}))

    def send(self, request: Request, place: Place, key: str) -> Response:
        """POST messages/{id}/send."""
        query.allow(query.parse_options(request.query))
        if request.body.strip():
            raise unreadable_body("The send action takes no parameters.")
        with self._exclusive(request, place, key) as item:
            mail = self._store.mail(item)
            if not mail.is_draft:
                raise item_not_found()
            self._outbox.send(item, mail, request.whims)
        slowed = request.whims.take("slow_down")
        headers = () if slowed is None else (("Retry-After", str(slowed.fault.options["retry_after"])),)
        return Response(HTTPStatus.ACCEPTED, headers=headers)

    def move(self, request: Request, place: Place, key: str) -> Response:
        """POST messages/{id}/move."""
        query.allow(query.parse_options(request.query))
        raw = {name.lower(): value for name, value in request.json().items()}
        for name in raw:
            if name != "destinationid":
                raise unknown_field(name, "move")
        destination = raw.get("destinationid")
        if not isinstance(destination, str):
            raise unreadable_body("The destinationId is missing.")
        with self._exclusive(request, place, key) as item:
            moved = self._store.move(item, self._store.folder(place.address, destination))
            return self._answer(request, moved, _wishes(request, {}), HTTPStatus.CREATED)

    def delete(self, request: Request, place: Place, key: str) -> Response:
        """DELETE messages/{id}."""
        query.allow(query.parse_options(request.query))
        with self._exclusive(request, place, key) as item:
            if item.folder == DELETED:
                self._store.remove(item)
            else:
                self._store.move(item, Folder(place.address, DELETED))
        return Response(HTTPStatus.NO_CONTENT)

    def _find(self, request: Request, place: Place, key: str) -> Item:
        wanted = decode(key, request.id_format, Kind.MESSAGE)
        item = self._store.item(place.address, wanted.uid)
        is_old_id = request.id_format is IdFormat.DEFAULT and wanted.moves != item.moves
        is_elsewhere = place.folder is not None and place.folder.path != item.folder
        if is_old_id or is_elsewhere:
            raise item_not_found()
        return item

    def _open(self, request: Request, place: Place, key: str) -> tuple[Item, Mail]:
        item = self._find(request, place, key)
        return item, self._store.mail(item)

    @contextmanager
    def _exclusive(self, request: Request, place: Place, key: str) -> Iterator[Item]:
        with self._store.exclusive(self._find(request, place, key).uid):
            yield self._find(request, place, key)

    def _answer(self, request: Request, item: Item, wishes: Wishes, status: int = HTTPStatus.OK) -> Response:
        context = f"{request.origin}/v1.0/$metadata#users('{item.address}')/messages/$entity"
        try:
            shown = message.render(item, self._store.mail(item), wishes)
        except FileNotFoundError:  # a person was quick: the mail lies elsewhere by now
            item = self._store.item(item.address, item.uid)
            shown = message.render(item, self._store.mail(item), wishes)
        return json_response({"@odata.context": context} | shown, status)


def _wishes(request: Request, options: Mapping[str, str]) -> Wishes:
    select, expand = query.names_of(options.get("$select")), query.expansions_of(options.get("$expand"))
    wishes = Wishes(request.id_format, request.wants_text, select, expand)
    message.check(wishes)
    return wishes


def _read_forward(raw: Mapping[str, Any]) -> tuple[compose.Changes, dict[str, Any], str]:
    """Return what a createForward sets, or raise what Graph answers to a contradictory one."""
    named = {name.lower(): value for name, value in raw.items()}
    for name in named:
        if name not in ("comment", "message", "torecipients"):
            raise unknown_field(name, "createForward")
    comment, given = named.get("comment") or "", named.get("message") or {}
    if not isinstance(comment, str) or not isinstance(given, dict):
        raise unreadable_body("The comment must be a string and the message an object.")
    if comment and "body" in given:
        raise unreadable_body("Either Comment or Message.Body can be specified, not both.")
    if "torecipients" in named and "toRecipients" in given:
        raise unreadable_body("Either ToRecipients or Message.ToRecipients can be specified, not both.")
    if "singleValueExtendedProperties" in given or "internetMessageHeaders" in given:
        raise not_emulated("extended properties and headers within createForward: PATCH the draft")
    changes, state = read_changes(given, is_draft=True)
    if "torecipients" in named:
        changes = replace(changes, to=read_recipients("toRecipients", named["torecipients"]))
    return changes, state, comment
