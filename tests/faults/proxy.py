"""Stands between a host and one service: counts its requests, holds them, cuts them off, passes them on twice."""

import http.client
import select
import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal

Phase = Literal["before", "after"]
Headers = tuple[tuple[str, str], ...]

IDLE_SECONDS = 2.0  # Azurite ends an idle connection after 5, and a request sent at that moment is lost
_OWN_HEADERS = {"connection", "keep-alive", "transfer-encoding", "content-length", "date", "server"}
_RESET = struct.pack("ii", 1, 0)  # close at once, by a reset: SO_LINGER on, no seconds


class Cut(Exception):
    """Raised by a watch: the connection ends here, by a reset."""


@dataclass(slots=True)
class Answer:
    """What a service answered, or what it never did."""

    status: int
    body: bytes = b""
    headers: Headers = ()


class Instead(Exception):
    """Raised by a watch: the host gets this answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


@dataclass(slots=True)
class Exchange:
    """One request of the host; `answer` is None until the service has answered."""

    service: str
    method: str
    path: str
    query: str
    body: bytes
    answer: Answer | None = None
    times: int = 1  # how often it is passed on


Watch = Callable[[Phase, Exchange], None]


class Proxy:
    """A running proxy for one service; `watch` sees every request before it is passed on and after it was answered."""

    def __init__(self, service: str, target: int, watch: Watch) -> None:
        self.service, self.target, self.watch = service, target, watch
        self._http = _Server(("127.0.0.1", 0), _Connection, self)
        self.port = int(self._http.server_address[1])
        threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler], proxy: Proxy) -> None:
        self.proxy = proxy
        super().__init__(address, handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: hosts are killed all the time."""


def _is_readable(connection: socket.socket) -> bool:
    """Whether an idle connection has something to say, which can only be its end."""
    return bool(select.select([connection], [], [], 0)[0])


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def setup(self) -> None:
        super().setup()
        self._upstream: http.client.HTTPConnection | None = None
        self._used = 0.0

    def finish(self) -> None:
        if self._upstream is not None:
            self._upstream.close()
        with suppress(OSError):
            super().finish()

    def _serve(self) -> None:
        proxy = self.server.proxy
        path, _, query = self.path.partition("?")
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        exchange = Exchange(proxy.service, self.command, path, query, body)
        try:
            proxy.watch("before", exchange)
            for _ in range(exchange.times):
                exchange.answer = self._pass_on(exchange)
            proxy.watch("after", exchange)
        except Instead as instead:
            exchange.answer = instead.answer
        except (Cut, OSError, http.client.HTTPException):
            self._cut()
            return
        assert exchange.answer is not None
        self._write(exchange.answer)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = do_HEAD = do_MERGE = _serve  # noqa: N815

    def _pass_on(self, exchange: Exchange) -> Answer:
        headers = {name: value for name, value in self.headers.items() if name.lower() != "connection"}
        upstream = self._connected()
        upstream.request(exchange.method, self.path, exchange.body, headers)
        response = upstream.getresponse()
        kept = tuple((name, value) for name, value in response.getheaders() if name.lower() not in _OWN_HEADERS)
        return Answer(response.status, response.read(), kept)

    def _connected(self) -> http.client.HTTPConnection:
        """The connection to the service; one that the service has closed meanwhile is made anew."""
        upstream, idle = self._upstream, time.monotonic() - self._used
        self._used = time.monotonic()
        if upstream is None or upstream.sock is None or idle > IDLE_SECONDS or _is_readable(upstream.sock):
            if upstream is not None:
                upstream.close()
            upstream = self._upstream = http.client.HTTPConnection("127.0.0.1", self.server.proxy.target, timeout=120)
            upstream.connect()
            upstream.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return upstream

    def _write(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        if answer.status != http.HTTPStatus.NO_CONTENT:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)
        self.wfile.flush()

    def _cut(self) -> None:
        self.close_connection = True
        with suppress(OSError):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self.connection.close()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Keep quiet."""
