"""The rim of the service: every request gets an answer, with the headers that Graph puts on it."""

import logging
from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

from infrastructure.local.mailbox.errors import GraphError, envelope
from infrastructure.local.mailbox.exchange import Handler, Request, Response, json_response
from infrastructure.local.mailbox.ids import IdFormat

_log = logging.getLogger(__name__)


class Answers:
    """Turns a handler that may raise into one that always answers."""

    def __init__(self, handler: Handler) -> None:
        """Stand in front of handler."""
        self._handler = handler

    def __call__(self, request: Request) -> Response:
        """Answer a request."""
        request_id = str(uuid4())
        client_request_id = request.headers.get("client-request-id") or request_id
        try:
            response = self._handler(request)
        except GraphError as error:
            response = _error_response(error, request_id, client_request_id)
        except Exception:  # noqa: BLE001 (whatever breaks, the client gets Graph's answer to a broken server)
            _log.exception("no answer to %s %s", request.method, request.path)
            response = _error_response(GraphError(500, "UnknownError", ""), request_id, client_request_id)
        headers = [("request-id", request_id), ("client-request-id", client_request_id), *_applied(request)]
        return replace(response, headers=(*headers, *response.headers))


def _error_response(error: GraphError, request_id: str, client_request_id: str) -> Response:
    date = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    body = envelope(error, date=date, request_id=request_id, client_request_id=client_request_id)
    return replace(json_response(body, error.status), headers=error.headers)


def _applied(request: Request) -> list[tuple[str, str]]:
    applied = ["IdType=ImmutableId"] if request.id_format is IdFormat.IMMUTABLE else []
    body_type = request.preferences().get("outlook.body-content-type", "").lower()
    if body_type in ("text", "html"):
        applied.append(f'outlook.body-content-type="{body_type}"')
    return [("Preference-Applied", ", ".join(applied))] if applied else []
