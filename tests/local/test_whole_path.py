"""The real function app over real storage, real mail files and HTTP, seen from the outside alone."""

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from email import policy
from email.parser import BytesParser
from pathlib import Path

import httpx
import pytest
from azure.data.tables import TableServiceClient
from azure.storage.queue import QueueServiceClient

from infrastructure.checkout import checkout
from infrastructure.local import process
from infrastructure.local.mailbox import serve
from infrastructure.local.samples import AP_MAILBOX, MAILBOX, VENDORS
from infrastructure.local.samples.builders import Attached, make_invoice_pdf, make_mail
from infrastructure.local.samples.vendors import BLUEBIRD
from infrastructure.local.storage import Storage
from infrastructure.local.system import System, app_environment, running
from infrastructure.operations.__main__ import main as operations
from shared.adapters.queues import StorageQueues
from shared.domain.messages import RAW_MAIL
from shared.domain.transaction import FOLDERS, Status, Transaction

CORPUS = Path(__file__).resolve().parents[2].parent / "shared" / "corpus" / "mail"

pytestmark = pytest.mark.timeout(600)


def invoice_mail(number: str) -> bytes:
    pdf = make_invoice_pdf(replace(BLUEBIRD, number=number))
    return make_mail(
        sender="billing@bluebird-cloud.example",
        subject=f"Invoice {number}",
        attachments=[Attached(f"{number}.pdf", pdf, "application/pdf")],
        message_id=f"<{number}@bluebird-cloud.example>",
    )


@contextmanager
def system_with_vendors(folder: Path, monkeypatch: pytest.MonkeyPatch, **settings: str) -> Iterator[System]:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    with running(folder) as system:
        monkeypatch.setenv("AzureWebJobsStorage", system.connection_string)
        assert operations(["vendors", "import", str(VENDORS)]) == 0
        yield system


def settle(system: System, until: Callable[[], bool], seconds: float = 240) -> list[Transaction]:
    assert process.wait_until(until, seconds=seconds, step=0.5), system.log.read_text()[-3000:]
    return system.rows()


def files(system: System, address: str, folder: str) -> list[Path]:
    return sorted((system.root / address / folder).glob("*.eml"))


def ap_transactions(system: System) -> list[str]:
    parse = BytesParser(policy=policy.default).parsebytes
    return [str(parse(path.read_bytes())["x-invoice-agent-transaction"]) for path in files(system, AP_MAILBOX, "Inbox")]


def poison_moves(system: System) -> int:
    return system.log.read_text().count("Moving message to queue")


def test_three_hundred_mails_at_once_are_three_hundred_ap_mails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with system_with_vendors(tmp_path, monkeypatch, AP_MAX_PER_MINUTE="10000") as system:
        system.arrive([(f"{n}.eml", invoice_mail(f"INV-{n:04d}")) for n in range(300)])
        rows = settle(system, lambda: system.is_quiet(300))
        assert {row.status for row in rows} == {Status.POSTED}
        assert sorted(ap_transactions(system)) == sorted(row.marker for row in rows)
        assert len(set(ap_transactions(system))) == 300
        assert len(files(system, MAILBOX, "Posted")) == 300
        assert poison_moves(system) == 0
        check_log(system, rows)


def check_log(system: System, rows: list[Transaction]) -> None:
    """Nothing of a mail or an invoice stands in the log, and what is said of a transaction begins with its id."""
    lines = [line for line in system.log.read_text().splitlines() if " DEBUG " not in line[:25]]
    told = {"bluebird-cloud.example", "inv-", "1,490.40", "1490.40", AP_MAILBOX.lower(), MAILBOX.lower()}
    assert [line for line in lines if any(word in line.lower() for word in told)] == []
    ids = {row.transaction_id for row in rows}
    about = {line: found for line in lines if (found := ids.intersection(re.findall(r"[0-9a-f]{32}", line)))}
    assert {found for line, ids_of_line in about.items() for found in ids_of_line} == ids
    assert [line for line, (found, *_) in about.items() if not re.match(rf"[\d:.]+ \w+ +\[{found}\] ", line)] == []


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of real mails does not lie beside the checkout")
def test_every_real_mail_reaches_a_final_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mails = [(path.name, path.read_bytes()) for path in sorted(CORPUS.glob("*.eml"))]
    with system_with_vendors(tmp_path, monkeypatch) as system:
        system.arrive(mails)
        settle(system, lambda: system.is_quiet(len(mails)))
        assert files(system, MAILBOX, "Inbox") == []
        filed = [path for folder in FOLDERS.values() for path in files(system, MAILBOX, folder)]
        assert len(filed) == len(mails)
        assert poison_moves(system) == 0


def test_moving_a_mail_back_to_the_inbox_releases_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bare = make_mail(sender="billing@bluebird-cloud.example", subject="As discussed", body="please pay")
    with system_with_vendors(tmp_path, monkeypatch) as system:
        system.arrive([("bare.eml", bare), ("invoice.eml", invoice_mail("INV-1"))])
        settle(system, lambda: system.is_quiet(2))
        assert [path.name for path in files(system, MAILBOX, "Review")] == ["bare.eml"]

        inbox = system.root / MAILBOX / "Inbox"
        shutil.move(system.root / MAILBOX / "Review" / "bare.eml", inbox / "bare.eml")
        shutil.move(system.root / MAILBOX / "Posted" / "invoice.eml", inbox / "invoice.eml")
        names = ["bare.eml", "invoice.eml"]
        settle(system, lambda: [p.name for p in files(system, MAILBOX, "Posted")] == names and system.is_quiet(2))
        assert len(ap_transactions(system)) == len(set(ap_transactions(system))) == 2
        cards = [path.read_text() for path in (system.root / "teams").glob("[!.]*.json")]
        assert len(cards) == 4
        assert sum("Already sent on" in card for card in cards) == 1


def test_a_mail_that_a_person_opened_before_the_tick_is_taken_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Storage.start(tmp_path / "storage") as storage, serve(tmp_path / "mail") as mailbox:
        inbox = tmp_path / "mail" / MAILBOX / "Inbox"
        inbox.mkdir(parents=True)
        (inbox / "opened.eml").write_bytes(invoice_mail("INV-7"))
        messages = f"{mailbox.graph_url}/users/{MAILBOX}/messages"
        assert process.wait_until(lambda: bool(httpx.get(messages).json()["value"]), seconds=10)
        opened = httpx.get(messages).json()["value"][0]["id"]
        assert httpx.patch(f"{messages}/{opened}", json={"isRead": True}).json()["isRead"] is True

        environment = app_environment(storage.connection_string, mailbox.url)
        monkeypatch.setenv("AzureWebJobsStorage", storage.connection_string)
        assert operations(["vendors", "import", str(VENDORS)]) == 0
        assert host(environment, "--until-idle", "4").returncode == 0
        assert len(list((tmp_path / "mail" / AP_MAILBOX / "Inbox").glob("*.eml"))) == 1


def test_a_message_that_nobody_can_read_ends_in_the_poison_table(tmp_path: Path) -> None:
    app = app_with_short_retries(tmp_path / "app")
    with Storage.start(tmp_path / "storage") as storage, serve(tmp_path / "mail") as mailbox:
        (tmp_path / "mail" / MAILBOX / "Inbox").mkdir(parents=True)
        with QueueServiceClient.from_connection_string(storage.connection_string) as service:
            asyncio.run(StorageQueues(lambda: service).send(RAW_MAIL, b"not for us"))
        ended = host(app_environment(storage.connection_string, mailbox.url), "--app", str(app), "--until-idle", "4")
        assert ended.returncode == 3, ended.stdout + ended.stderr
        with TableServiceClient.from_connection_string(storage.connection_string) as tables:
            kept = list(tables.get_table_client("PoisonMessages").list_entities())
        assert [(poison["PartitionKey"], poison["Body"]) for poison in kept] == [(RAW_MAIL, "not for us")]


def app_with_short_retries(folder: Path) -> Path:
    folder.mkdir()
    shutil.copy(checkout() / "function_app.py", folder)
    (folder / "shared").symlink_to(checkout() / "shared")
    settings = json.loads((checkout() / "host.json").read_text())
    settings["extensions"]["queues"] |= {"visibilityTimeout": "00:00:00", "maxPollingInterval": "00:00:01"}
    (folder / "host.json").write_text(json.dumps(settings))
    return folder


def test_settings_at_fault_are_all_named_in_one_error(tmp_path: Path) -> None:
    with Storage.start(tmp_path / "storage") as storage, serve(tmp_path / "mail") as mailbox:
        environment = {
            **app_environment(storage.connection_string, mailbox.url),
            "AP_MAILBOX": MAILBOX,
            "CLAIM_SECONDS": "soon",
        }
        del environment["TEAMS_WEBHOOK_URL"]
        ended = host(environment, "--until-idle", "3")
        assert ended.returncode == 0  # every run fails and none was left to do: the host itself is well
        shown = ended.stdout + ended.stderr
        assert "AP_MAILBOX: must not be INVOICE_MAILBOX" in shown
        assert re.search(r"CLAIM_SECONDS: wanted a whole number of seconds.*, found 'soon'", shown)


def host(environment: dict[str, str], *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "infrastructure.local", "host", *arguments]
    return subprocess.run(
        command,
        cwd=checkout(),
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
