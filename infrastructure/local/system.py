"""The parts of the local system, started together and looked at from the outside."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from azure.data.tables import TableServiceClient

from infrastructure.checkout import checkout
from infrastructure.local import process
from infrastructure.local.mailbox import MailboxServer, serve
from infrastructure.local.samples import AP_MAILBOX, MAILBOX, SYNTHETIC_MAILBOX
from infrastructure.local.storage import Storage
from shared.adapters.tables import LEDGER, OPEN
from shared.domain.transaction import Transaction


def fresh_folder() -> Path:
    """A folder of its own for this run, so that two side by side do not meet."""
    parent = checkout() / ".local"
    parent.mkdir(exist_ok=True)
    return Path(tempfile.mkdtemp(prefix=time.strftime("run-%Y%m%d-%H%M%S-"), dir=parent))


@dataclass
class Outside:
    """What people and auditors see of a system: its mail folders and its tables."""

    root: Path
    connection_string: str

    def arrive(self, mails: Sequence[tuple[str, bytes]]) -> None:
        """Drop mails into the Inbox."""
        inbox = self.root / MAILBOX / "Inbox"
        inbox.mkdir(parents=True, exist_ok=True)
        for number, (name, data) in enumerate(mails):
            target = inbox / name
            if target.exists():
                target = inbox / f"{target.stem}-{number}{target.suffix}"
            target.write_bytes(data)

    def rows(self) -> list[Transaction]:
        """Every transaction of the ledger."""
        return [Transaction.from_columns(e) for e in self._entities(LEDGER) if "EventOf" not in e]

    def open_count(self) -> int:
        """How many transactions are open."""
        return len(self._entities(OPEN))

    def is_quiet(self, expected: int, rows: Sequence[Transaction] | None = None) -> bool:
        """Whether that many mails, and all that the ledger knows, are final, filed and announced."""
        if rows is None:
            rows = self.rows()
        return len(rows) >= expected and all(row.is_finished for row in rows) and self.open_count() == 0

    def _entities(self, name: str) -> list[Mapping[str, Any]]:
        with TableServiceClient.from_connection_string(self.connection_string) as service:
            table = service.create_table_if_not_exists(name)
            return list(table.list_entities())


@dataclass
class System(Outside):
    """Everything that runs."""

    log: Path
    mailbox: MailboxServer
    environment: Mapping[str, str]
    host: "subprocess.Popen[str]"


@contextmanager
def running(folder: Path, app: Path | None = None) -> Iterator[System]:
    """Run storage, mailbox and a host for the app (default: this checkout) over a folder until the block ends."""
    root, log = folder / "mail", folder / "host.log"
    with Storage.start(folder / "storage") as storage, serve(root) as mailbox, log.open("wb") as output:
        (root / SYNTHETIC_MAILBOX / "Inbox").mkdir(parents=True, exist_ok=True)  # which sends mails as well
        environment = app_environment(storage.connection_string, mailbox.url)
        host = _start_host(app or checkout(), environment, output)
        try:
            yield System(root, storage.connection_string, log, mailbox, environment, host)
        finally:
            process.stop(host, seconds=30)


def _start_host(app: Path, environment: Mapping[str, str], output: IO[bytes]) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "infrastructure.local", "host", "--app", str(app)],
        cwd=checkout(),
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        text=True,
        start_new_session=True,  # Ctrl-C reaches the one who started it; a second signal would cut short what runs
        preexec_fn=process.die_with_parent(),  # noqa: PLW1509  # makes one system call, takes no lock
    )


def app_environment(connection_string: str, mailbox_url: str) -> dict[str, str]:
    """The settings of an app on this storage and mailbox; what the machine sets otherwise stays."""
    ours = {
        "AzureWebJobsStorage": connection_string,
        "INVOICE_MAILBOX": MAILBOX,
        "AP_MAILBOX": AP_MAILBOX,
        "TEAMS_WEBHOOK_URL": f"{mailbox_url}/teams",
        "GRAPH_BASE_URL": f"{mailbox_url}/v1.0",
        "GRAPH_CREDENTIAL": "anonymous",
        "SYNTHETIC_RECIPIENT": SYNTHETIC_MAILBOX,
    }
    defaults = {"MAIL_INGEST_SCHEDULE": "*/2 * * * * *", "AP_MAX_PER_MINUTE": "1000"}
    environment = {**defaults, **os.environ, **ours}
    process.keep_off_proxies(environment)
    return environment
