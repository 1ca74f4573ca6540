"""What was asked of the server, for tests to look at."""

import threading
from collections import deque
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from infrastructure.local.mailbox.exchange import Handler, Request, Response, json_response

PATH = "/_requests"
_KEPT = 100_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One served request; a status of 0 was no answer at all, several faults stand with commas."""

    method: str
    path: str
    query: str
    status: int
    time: str
    fault: str = ""


class Journal:
    """Records every request that passes on to the handler behind it, and lists them at /_requests."""

    def __init__(self, handler: Handler) -> None:
        """Stand in front of handler."""
        self._handler = handler
        self._lock = threading.Lock()
        self._entries: deque[Entry] = deque(maxlen=_KEPT)

    def __call__(self, request: Request) -> Response:
        """Answer a request."""
        if request.is_control:
            return self._list() if (request.path, request.method) == (PATH, "GET") else self._handler(request)
        time = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        response = self._handler(request)
        entry = Entry(request.method, request.path, request.query, response.status, time, response.fault)
        with self._lock:
            self._entries.append(entry)
        return response

    def _list(self) -> Response:
        with self._lock:
            return json_response([asdict(entry) for entry in self._entries])
