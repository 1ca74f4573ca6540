"""One HTTP request and its answer, as the routes see them."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, unquote

from infrastructure.local.mailbox.errors import unreadable_body
from infrastructure.local.mailbox.ids import IdFormat
from infrastructure.local.mailbox.whims import NO_WHIMS, Whims

_KEYED = re.compile(r"([A-Za-z$]+)\('(.*)'\)|([A-Za-z$]+)\(\)")


@dataclass(frozen=True, slots=True)
class Request:
    """A request with its path still encoded and its header names in lower case."""

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    whims: Whims = NO_WHIMS

    @property
    def is_control(self) -> bool:
        """Say whether this is about the server itself and not about mail."""
        return self.path.startswith("/_")

    def segments(self) -> Iterator[str]:
        """Return the decoded parts of the path; kind('key') is the same as kind/key."""
        for raw in filter(None, self.path.split("/")):
            segment = unquote(raw)
            keyed = _KEYED.fullmatch(segment)
            if not keyed:
                yield segment
            elif keyed[3]:
                yield keyed[3]
            else:
                yield keyed[1]
                yield keyed[2].replace("''", "'")

    @property
    def origin(self) -> str:
        """Return where the client believes the server to be."""
        return "http://" + self.headers.get("host", "127.0.0.1")

    def preferences(self) -> dict[str, str]:
        """Return the Prefer header's parts; several may share one line, in any order."""
        parts = (part.partition("=") for part in self.headers.get("prefer", "").replace(";", ",").split(","))
        return {name.strip().lower(): value.strip().strip('"') for name, _, value in parts if name.strip()}

    @property
    def id_format(self) -> IdFormat:
        """Return the kind of id that the client speaks."""
        wanted = self.preferences().get("idtype", "").lower()
        return IdFormat.IMMUTABLE if wanted == "immutableid" else IdFormat.DEFAULT

    @property
    def wants_text(self) -> bool:
        """Say whether bodies are wanted as text."""
        return self.preferences().get("outlook.body-content-type", "").lower() == "text"

    def json(self) -> dict[str, Any]:
        """Return the body as a JSON object; no body is an empty one."""
        if not self.body.strip():
            return {}
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise unreadable_body("The request body is not valid JSON.") from error
        if not isinstance(value, dict):
            raise unreadable_body("The request body must be a JSON object.")
        return value


class Ending(Enum):
    """What the client sees of an answer."""

    ANSWER = "answer"
    SILENCE = "silence"  # the connection is closed
    RESET = "reset"  # the connection breaks


@dataclass(frozen=True, slots=True)
class Response:
    """An answer; length and connection headers are the transport's."""

    status: int
    body: bytes = b""
    content_type: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    ending: Ending = Ending.ANSWER
    fault: str = ""


Handler = Callable[[Request], Response]


def json_response(value: object, status: int = HTTPStatus.OK) -> Response:
    """Return an answer that carries JSON as Graph writes it."""
    body = json.dumps(value, separators=(",", ":")).encode("ascii")
    content_type = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
    return Response(int(status), body, content_type)


def collection(request: Request, context: str, value: list[dict[str, object]], next_query: str | None) -> Response:
    """Return a page of things with the link to the next one."""
    page: dict[str, object] = {"@odata.context": f"{request.origin}/v1.0/$metadata#{context}", "value": value}
    if next_query is not None:
        page["@odata.nextLink"] = f"{request.origin}{request.path}?{next_query}"
    return json_response(page)


def encode_query(options: Mapping[str, str]) -> str:
    """Return query options as they stand in a link."""
    return "&".join(f"{name}={quote(value, safe='')}" for name, value in options.items())
