"""What the app meets outside in a probe: storage without a row, a mailbox without a mail, a channel that takes all.

And what it is sent: one message for each queue, about a transaction that nobody knows.
"""

import json
import re
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

ACCOUNT = "probe"
MARK = "/_mark/"

_TRANSACTION = b'{"schema_version": 1, "partition": "202401", "transaction_id": "00000000000000000000000000000000"}'
MESSAGES: Mapping[str, bytes] = {
    "raw-mail": _TRANSACTION,
    "to-post": _TRANSACTION,
    "notify": _TRANSACTION,
    "add-vendor": b'{"schema_version": 1, "vendor_name": "Probe", "email_domain": "probe.example"}',
}

_ENTITY = re.compile(r"\(PartitionKey=")
_WRITES = {"PUT", "PATCH", "MERGE", "DELETE"}


class StandIn:
    """An HTTP server on this machine; `requests` tells what came, by the mark that stood before it."""

    def __init__(self) -> None:
        self.requests: dict[str, list[str]] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"stand_in": self}))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._mark = ""

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    @property
    def settings(self) -> dict[str, str]:
        """The settings that lead the app here."""
        base = f"http://127.0.0.1:{self.port}"
        endpoints = "".join(f"{kind}Endpoint={base}/{ACCOUNT};" for kind in ("Blob", "Queue", "Table"))
        connection = f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey=cHJvYmU=;{endpoints}"
        return {
            "AzureWebJobsStorage": connection,
            "GRAPH_BASE_URL": f"{base}/v1.0",
            "TEAMS_WEBHOOK_URL": f"{base}/teams",
        }

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def note(self, method: str, path: str) -> None:
        """Takes down one request."""
        if path.startswith(MARK):
            self._mark = path.removeprefix(MARK)
        else:
            self.requests.setdefault(self._mark, []).append(f"{method} {path}")


class _Handler(BaseHTTPRequestHandler):
    stand_in: StandIn

    def __getattr__(self, name: str) -> object:
        if name.startswith("do_"):
            return self._serve
        raise AttributeError(name)

    def _serve(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.stand_in.note(self.command, self.path)
        status, kind, code, body = _answer(self.command, self.path)
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", 'W/"probe"')
        if code:
            self.send_header("x-ms-error-code", code)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class names it so
        """Say nothing: what came is told by the findings."""


Answer = tuple[int, str, str, bytes]


def _answer(method: str, path: str) -> Answer:
    """Status, content type, storage's error code and body."""
    if path.startswith(f"/{ACCOUNT}/"):
        return _storage(method, path.removeprefix(f"/{ACCOUNT}/"))
    if path.startswith("/v1.0/"):
        name = path.partition("?")[0].rpartition("/")[2]
        return _json(200, {"value": []} if name in {"messages", "mailFolders", "attachments"} else {"id": name})
    return 202, "text/plain", "", b""


def _storage(method: str, path: str) -> Answer:
    if "/messages" in path:
        return _queue(method)
    if path.startswith("Tables") and method == "POST":
        return _json(201, {"TableName": "probe"})
    if method in _WRITES:
        return 204, "application/json", "", b""
    if _ENTITY.search(path):
        return _json(404, {"odata.error": {"code": "ResourceNotFound", "message": {"value": "no such row"}}})
    return _json(200, {"value": []})


def _queue(method: str) -> Answer:
    if method == "GET":
        return (
            404,
            "application/xml",
            "QueueNotFound",
            b"<Error><Code>QueueNotFound</Code><Message>none</Message></Error>",
        )
    return 201, "application/xml", "", b"<QueueMessagesList/>"


def _json(status: int, body: object) -> Answer:
    code = "ResourceNotFound" if status == 404 else ""  # noqa: PLR2004  HTTP
    return status, "application/json", code, json.dumps(body).encode()
