"""A mailbox on disk behind its server, as the tests of the mailbox see it."""

import os
import time
from pathlib import Path
from typing import Any

import httpx

from infrastructure.local.mailbox import MailboxServer, serve
from infrastructure.local.process import wait_until

ADDRESS = "invoices@contoso.com"
MAIL = (
    "From: Vendor <billing@vendor.example>\r\nTo: invoices@contoso.com\r\nSubject: Invoice 1\r\n"
    "Message-ID: <1@vendor.example>\r\n\r\nPlease pay.\r\n"
)


class World:
    """A mailbox on disk, its server, and a client that prefers immutable ids."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.home = root / ADDRESS
        self.inbox = self.home / "Inbox"
        self.inbox.mkdir(parents=True)
        self.server: MailboxServer | None = None
        self.client = httpx.Client(headers={"Prefer": 'IdType="ImmutableId"'}, timeout=60)
        self.start()

    def start(self) -> None:
        self.server = serve(self.root)

    def stop(self) -> None:
        if self.server:
            self.server.close()

    def close(self) -> None:
        self.client.close()
        self.stop()

    def drop(self, name: str, text: str = MAIL, folder: str = "Inbox") -> Path:
        """Put a mail into a folder the way a move does: whole, and not just written."""
        path = self.home / folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
        age(path)
        return path

    def url(self, path: str) -> str:
        assert self.server
        return f"{self.server.graph_url}/users/{ADDRESS}/{path}"

    def list(self, folder: str = "inbox", **params: Any) -> list[dict[str, Any]]:
        answer = self.client.get(self.url(f"mailFolders/{folder}/messages"), params=params)
        assert answer.status_code == 200, answer.text
        value: list[dict[str, Any]] = answer.json()["value"]
        return value

    def wait_for(self, count: int) -> None:
        """Wait until the Inbox holds so many mails, all different."""
        assert wait_until(lambda: len({message["id"] for message in self.list()}) == count, seconds=10)

    def only(self, folder: str = "inbox") -> dict[str, Any]:
        (message,) = self.list(folder)
        return message

    def get(self, message_id: str) -> httpx.Response:
        return self.client.get(self.url(f"messages/{message_id}"))

    def folder_named(self, name: str) -> str:
        answer = self.client.get(self.url("mailFolders"), params={"$filter": f"displayName eq '{name}'"})
        folder_id: str = answer.json()["value"][0]["id"]
        return folder_id


def age(path: Path, seconds: float = 60) -> None:
    """Make a file look as if it had been written some time ago."""
    then = time.time() - seconds
    os.utime(path, (then, then))
