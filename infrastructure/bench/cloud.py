"""What a start meets in production, on loopback: a mailbox with one mail, and the endpoint that gives out tokens."""

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.request import Request, urlopen

from infrastructure.local.mailbox import serve
from infrastructure.local.samples import AP_MAILBOX, MAILBOX, sample_mails

_SETTLED_SECONDS = 0.5  # the mailbox takes a file for a mail once its size has been steady


@contextmanager
def cloud() -> Iterator[Mapping[str, str]]:
    """The settings of an app in production, with managed identity throughout, and MAIL_ID: the one mail's."""
    with TemporaryDirectory(prefix="mails-") as folder, serve(Path(folder)) as mailbox, _identity() as endpoint:
        _deliver(Path(folder))
        yield {
            "MAIL_ID": _mail_id(f"{mailbox.url}/v1.0"),
            "INVOICE_MAILBOX": MAILBOX,
            "AP_MAILBOX": AP_MAILBOX,
            "TEAMS_WEBHOOK_URL": mailbox.teams_url,
            "GRAPH_BASE_URL": f"{mailbox.url}/v1.0",
            "AzureWebJobsStorage__accountName": "contoso",  # clients are built for it, and nothing is sent
            # https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference
            "IDENTITY_ENDPOINT": endpoint,
            "IDENTITY_HEADER": "none",
        }


def _deliver(root: Path) -> None:
    inbox = root / MAILBOX / "Inbox"
    inbox.mkdir(parents=True)
    sample = next(sample_mails())
    (inbox / sample.name).write_bytes(sample.data)
    time.sleep(_SETTLED_SECONDS)


def _mail_id(graph: str) -> str:
    """The id that MailIngest would have put into the ledger."""
    url = f"{graph}/users/{MAILBOX}/mailFolders/inbox/messages?$select=id"
    with urlopen(Request(url, headers={"Prefer": 'IdType="ImmutableId"'})) as answer:  # noqa: S310  loopback
        return str(json.load(answer)["value"][0]["id"])


@contextmanager
def _identity() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Tokens)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/msi/token"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Tokens(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        token = {"access_token": "none", "token_type": "Bearer", "expires_on": str(int(time.time()) + 86_400)}
        body = json.dumps({**token, "resource": "https://graph.microsoft.com"}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's
        """Says nothing: the table is the output."""
