"""The HTTP side: threads, keep-alive, and nothing that knows about mail."""

import os
import socket
import struct
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from infrastructure.local.mailbox.answers import Answers
from infrastructure.local.mailbox.errors import GraphError
from infrastructure.local.mailbox.exchange import Ending, Handler, Request, Response
from infrastructure.local.mailbox.faults import Faults
from infrastructure.local.mailbox.ids import IdFormat, Kind, decode
from infrastructure.local.mailbox.journal import Journal
from infrastructure.local.mailbox.later import Later
from infrastructure.local.mailbox.person import Person
from infrastructure.local.mailbox.routes import Routes
from infrastructure.local.mailbox.store import Store

# Graph takes write requests of about this size; larger content goes through upload sessions.
_LARGEST_BODY = 4 * 1024 * 1024
_POLL_SECONDS = 0.05
_LAST_REQUEST_SECONDS = 10


class MailboxServer:
    """A running local mailbox; close it, or use it as a context manager."""

    def __init__(self, root: Path, port: int, faults: Sequence[Mapping[str, object]] = ()) -> None:
        """Serve the mails below root until closed, misbehaving as these rules say."""
        root.mkdir(parents=True, exist_ok=True)
        self._store, self._later = Store(root), Later()
        service = Answers(_limited(Routes(self._store, self._later)))
        self.faults = Faults(service, Person(self._store))
        self.faults.replace(list(faults))
        self._http = _Server(("127.0.0.1", port), Journal(self.faults))
        self._thread = threading.Thread(
            target=self._http.serve_forever, args=(_POLL_SECONDS,), name="mailbox", daemon=True
        )
        self._thread.start()

    @property
    def url(self) -> str:
        """Return the address of the server."""
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    @property
    def graph_url(self) -> str:
        """Return the base address for Graph clients."""
        return f"{self.url}/v1.0"

    @property
    def teams_url(self) -> str:
        """Return the address of the Teams webhook."""
        return f"{self.url}/teams"

    def file_of(self, address: str, mail_id: str) -> Path | None:
        """Return where the mail with this immutable id lies now, None when it is gone."""
        try:
            item = self._store.item(address, decode(mail_id, IdFormat.IMMUTABLE, Kind.MESSAGE).uid)
        except GraphError:
            return None
        return self._store.path(item)

    def close(self) -> None:
        """Stop serving; connections end, files stay, and what was due later happens now."""
        self.faults.close()
        self._http.shutdown()
        self._thread.join()
        self._http.close_connections()
        self._http.server_close()
        self._later.close()

    def __enter__(self) -> Self:
        """Return the running server."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the server."""
        self.close()


def serve(root: Path, port: int = 0, faults: Sequence[Mapping[str, object]] = ()) -> MailboxServer:
    """Serve the mails below root on loopback, misbehaving as the rules say; port 0 takes a free one."""
    return MailboxServer(root, port, faults)


def _limited(handler: Handler) -> Handler:
    def check(request: Request) -> Response:
        if len(request.body) > _LARGEST_BODY:
            raise GraphError(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                "RequestEntityTooLarge",
                "The request payload is larger than what can be processed.",
            )
        return handler(request)

    return check


class _Server(ThreadingHTTPServer):
    request_queue_size = 128
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], handler: Handler) -> None:
        self.handler = handler
        self._open: dict[socket.socket, threading.Thread] = {}
        self._open_lock = threading.Lock()
        super().__init__(address, _Connection)

    def process_request(self, request: Any, client_address: Any) -> None:
        thread = threading.Thread(target=self.process_request_thread, args=(request, client_address), daemon=True)
        with self._open_lock:
            self._open[request] = thread
        thread.start()

    def shutdown_request(self, request: Any) -> None:
        with self._open_lock:
            self._open.pop(request, None)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing about clients that went away; answers report their own errors."""

    def close_connections(self) -> None:
        """End idle connections at once and others after their running request."""
        with self._open_lock:
            running = list(self._open.items())
        for connection, _ in running:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RD)
        for _, thread in running:
            thread.join(_LAST_REQUEST_SECONDS)


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def _serve(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if self.headers.get("Transfer-Encoding") or not length.isdigit():
            self.close_connection = True
            self._write(Response(HTTPStatus.LENGTH_REQUIRED))
            return
        path, _, query = self.path.partition("?")
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, path, query, headers, self.rfile.read(int(length)))
        self._write(self.server.handler(request))

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = do_HEAD = do_OPTIONS = _serve  # noqa: N815

    def _write(self, response: Response) -> None:
        if response.ending is not Ending.ANSWER:
            self.close_connection = True
            if response.ending is Ending.RESET:
                self._reset()
            return
        self.send_response(response.status)
        if response.content_type:
            self.send_header("Content-Type", response.content_type)
        for name, value in response.headers:
            self.send_header(name, value)
        if response.status != HTTPStatus.NO_CONTENT:
            self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body)
        self.wfile.flush()

    def _reset(self) -> None:
        """Break the connection: closed without lingering and before anything shuts it down, it ends with an RST."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.connection.detach())

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Keep quiet: the journal tells what was served."""
