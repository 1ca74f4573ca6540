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
    """One served request."""

    method: str
    path: str
    query: str
    status: int
    time: str


class Journal:
    """Records every request that passes on to the handler behind it, and lists them at /_requests."""

    def __init__(self, handler: Handler) -> None:
        """Stand in front of handler."""
        self._handler = handler
        self._lock = threading.Lock()
        self._entries: deque[Entry] = deque(maxlen=_KEPT)

    def __call__(self, request: Request) -> Response:
        """Answer a request."""
        if request.path == PATH and request.method == "GET":
            with self._lock:
                return json_response([asdict(entry) for entry in self._entries])
        time = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        response = self._handler(request)
        entry = Entry(request.method, request.path, request.query, response.status, time)
        with self._lock:
            self._entries.append(entry)
        return response
