"""Which path is answered by what; everything else gets the error that Graph gives."""

import binascii
import json
import time
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

from infrastructure.local.mailbox.errors import (
    GraphError,
    bad_request,
    item_not_found,
    method_not_allowed,
    not_emulated,
)
from infrastructure.local.mailbox.exchange import Request, Response
from infrastructure.local.mailbox.folder_routes import FolderRoutes
from infrastructure.local.mailbox.later import Later
from infrastructure.local.mailbox.message_routes import MessageRoutes, Place
from infrastructure.local.mailbox.outbox import Outbox
from infrastructure.local.mailbox.store import Store

_ACCEPTED = 202
_NOT_EMULATED = frozenset({"delta", "createreply", "createreplyall", "forward", "reply", "replyall", "copy",
                           "$batch", "createuploadsession", "translateexchangeids", "$count", "calendar", "events",
                           "extensions", "messagerules", "contacts", "outlook", "mailboxsettings"})  # fmt: skip
Answer = Callable[..., Response]


class Routes:
    """The Graph endpoints below /v1.0 and the Teams webhook, over one store."""

    def __init__(self, store: Store, later: Later) -> None:
        """Answer from store."""
        self._store = store
        self._outbox = Outbox(store, later)
        folders, messages = FolderRoutes(store), MessageRoutes(store, self._outbox)
        self._folder_routes: dict[tuple[str, ...], dict[str, Answer]] = {
            (): {"GET": folders.list_top, "POST": folders.create_top},
            ("*",): {"GET": folders.get, "PATCH": _refuse, "DELETE": _refuse},
            ("*", "childfolders"): {"GET": folders.list_children, "POST": folders.create},
        }
        self._message_routes: dict[tuple[str, ...], dict[str, Answer]] = {
            (): {"GET": messages.list, "POST": _refuse},
            ("*",): {"GET": messages.get, "PATCH": messages.update, "DELETE": messages.delete},
            ("*", "$value"): {"GET": messages.mime},
            ("*", "attachments"): {"GET": messages.list_attachments, "POST": _refuse},
            ("*", "attachments", "*"): {"GET": messages.get_attachment, "DELETE": _refuse},
            ("*", "attachments", "*", "$value"): {"GET": messages.attachment_bytes},
            ("*", "createforward"): {"POST": messages.create_forward},
            ("*", "send"): {"POST": messages.send},
            ("*", "move"): {"POST": messages.move},
        }

    def __call__(self, request: Request) -> Response:
        """Answer a request, or raise a GraphError."""
        segments = list(request.segments())
        if [segment.lower() for segment in segments] == ["teams"]:
            return self._teams(request)
        if not segments or segments[0].lower() != "v1.0":
            raise GraphError(404, "ResourceNotFound", "Resource not found: the endpoints are below /v1.0.")
        try:
            return self._graph(request, segments[1:])
        except FileNotFoundError as error:  # a person took the file away meanwhile
            raise item_not_found() from error

    def _graph(self, request: Request, segments: list[str]) -> Response:
        if not segments or segments[0].lower() != "users":
            raise _unknown(segments[0] if segments else "")
        if len(segments) <= len(("users", "address")):
            raise not_emulated("the user resource")
        address, kind, rest = self._store.mailbox(segments[1]), segments[2].lower(), segments[3:]
        if kind == "messages":
            return _dispatch(self._message_routes, request, Place(address), rest)
        if kind == "sendmail" and not rest:
            return self._send_mail(request, address)
        if kind != "mailfolders":
            raise _unknown(segments[2])
        if len(rest) > 1 and rest[1].lower() == "messages":
            place = Place(address, self._store.folder(address, rest[0]))
            return _dispatch(self._message_routes, request, place, rest[2:])
        return _dispatch(self._folder_routes, request, address, rest)

    def _send_mail(self, request: Request, address: str) -> Response:
        """Send a mail that comes whole, as base64 of MIME: https://learn.microsoft.com/graph/api/user-sendmail."""
        if request.method != "POST":
            raise method_not_allowed("POST")
        if not request.headers.get("content-type", "").lower().startswith("text/plain"):
            raise not_emulated("sendMail of JSON")
        try:
            mime = b64decode(request.body, validate=True)
        except binascii.Error as error:
            raise bad_request("Invalid base64 string for MIME content.") from error
        self._outbox.submit(address, mime)
        return Response(_ACCEPTED)

    def _teams(self, request: Request) -> Response:
        if request.method != "POST":
            raise method_not_allowed("POST")
        try:
            json.loads(request.body)
        except (ValueError, RecursionError) as error:
            raise bad_request("The request body is not valid JSON.") from error
        _store_card(self._store.root / "teams", request.body)
        return Response(_ACCEPTED)


def _dispatch(
    routes: dict[tuple[str, ...], dict[str, Answer]], request: Request, place: Place | str, rest: list[str]
) -> Response:
    # Ids and names of things alternate, beginning with an id.
    ids, names = rest[::2], rest[1::2]
    for segment in ids:
        if segment.lower() in _NOT_EMULATED:
            raise not_emulated(segment)
    shape = tuple("*" if at % 2 == 0 else segment.lower() for at, segment in enumerate(rest))
    methods = routes.get(shape)
    if methods is None:
        raise _unknown(names[-1] if names else rest[-1])
    answer = methods.get(request.method)
    if answer is None:
        raise method_not_allowed(", ".join(methods))
    return answer(request, place, *ids)


def _refuse(request: Request, *_: object) -> Response:
    raise not_emulated(f"{request.method} {request.path}")


def _unknown(segment: str) -> GraphError:
    if segment.lower() in _NOT_EMULATED:
        return not_emulated(segment)
    return bad_request(f"Resource not found for the segment '{segment}'.")


def _store_card(directory: Path, card: bytes) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    target = directory / f"{time.time_ns():020}-{uuid4().hex[:8]}.json"
    draft = directory / f".{target.name}"
    draft.write_bytes(card)
    draft.replace(target)
