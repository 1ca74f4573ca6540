"""The command run as people start it, in a process group of its own, as a terminal gives it one."""

import os
import re
import shutil
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from infrastructure.checkout import checkout
from infrastructure.local.process import free_port, keep_off_proxies, wait_until
from infrastructure.local.samples import MAILBOX, sample_mails
from infrastructure.local.samples.builders import Attached, make_invoice_pdf, make_mail
from shared.domain.reason import EXPLANATIONS, Reason

pytestmark = pytest.mark.timeout(300)

REASONS = {
    "05-duplicate.eml": (Reason.DUPLICATE, Reason.REMINDER),
    "14-auto-reply.eml": (Reason.AUTO_REPLY,),
    "15-calendar.eml": (Reason.CALENDAR,),
    "16-bounce.eml": (Reason.BOUNCE_UNMATCHED,),
    "17-no-invoice.eml": (Reason.NO_INVOICE,),
    "18-own-forward.eml": (Reason.MARKER_UNKNOWN,),
    "19-own-forward-bare.eml": (Reason.OWN_FORWARD,),
    "23-reminder.eml": (Reason.DUPLICATE, Reason.REMINDER),
    "24-same-sum.eml": (Reason.DUPLICATE,),
    "27-misprinted.eml": (Reason.VENDOR_UNKNOWN,),
    "28-encrypted.eml": (Reason.DOCUMENT_UNREADABLE,),
    "29-new-account.eml": (Reason.IBAN_CHANGED,),
    "30-look-alike.eml": (
        Reason.LOOK_ALIKE_DOMAIN,
        Reason.NAME_FROM_ELSEWHERE,
        Reason.DOMAIN_FIRST_SEEN,
        Reason.IBAN_CHANGED,
    ),
    "31-forged.eml": (Reason.SENDER_FALSE,),
    "32-reply-to.eml": (Reason.REPLY_TO_FREE_MAIL,),
    "33-two-totals.eml": (Reason.DOCUMENTS_DISAGREE,),
    "34-html.eml": (Reason.DANGEROUS_ATTACHMENT,),
    "35-locked-and-macros.eml": (Reason.DANGEROUS_ATTACHMENT,),
}
# What stands behind the reasons, or alone.
DETAILS = {
    "03-two-pdfs.eml": "it holds several invoices: INV-2026-0398, INV-2026-0425",
    "05-duplicate.eml": "(first came invoice INV-2026-0417 from billing@bluebird-cloud.example",
    "10-large.eml": "a document was not read here",
    "13-scan.eml": "a document is a scan without text",
    "22-corrected.eml": "it corrects an invoice that came before",
    "23-reminder.eml": "(first came invoice 7004418822 from noreply@metropole-energie.example",
    "24-same-sum.eml": "(first came invoice NL-2026-0088 from rechnung@nordlicht-software.example",
    "27-misprinted.eml": "(similar vendor: Van Dijk Logistiek B.V. (van-dijk))",
    "29-new-account.eml": "(account LT601010012345678901 is none of Bluebird Cloud Ltd's known ones)",
    "30-look-alike.eml": "(bluebird-c1oud.example looks like bluebird-cloud.example; displayed as Bluebird Cloud Ltd,",
    "31-forged.eml": "(noreply@metropole-energie.example fails sender authentication)",
    "32-reply-to.eml": "(replies go to papeterie.lumiere@gmail.com instead of papeterie-lumiere.example)",
    "33-two-totals.eml": "(NL-2026-0095.pdf: total 2499.00 in its XML, 1428.00 on its pages)",
    "34-html.eml": "(portale.html is an HTML page)",
    "35-locked-and-macros.eml": "(",
}


@dataclass
class Run:
    """A run that was started; its processes are known by a variable that they inherit."""

    process: "subprocess.Popen[str]"
    output: Path
    mark: str

    def said(self) -> str:
        """What it wrote to its error output."""
        return self.output.read_text()

    def folder(self) -> Path | None:
        """Where it keeps its mails, once it has said so."""
        found = re.search(r"mails in (\S+)/mail, log in ", self.said())
        return Path(found[1]) if found else None

    def host_log(self) -> str:
        """What its host wrote so far."""
        log = (self.folder() or Path("nowhere")) / "host.log"
        return log.read_text() if log.exists() else ""

    def wait_for_host(self, text: str) -> None:
        """Wait until the host has written a text."""
        assert wait_until(lambda: text in self.host_log(), seconds=90), self.said() + self.host_log()

    def left(self) -> list[str]:
        """The command lines of its processes that are still there."""
        return [line for line in map(self._command_of, Path("/proc").glob("[0-9]*")) if line]

    def _command_of(self, process: Path) -> str:
        try:
            is_ours = f"RUN_MARK={self.mark}".encode() in (process / "environ").read_bytes()
            return (process / "cmdline").read_bytes().replace(b"\0", b" ").decode() if is_ours else ""
        except OSError:
            return ""


@dataclass
class Runs:
    """Starts runs, and leaves nothing of them behind."""

    root: Path
    started: list[Run]

    def start(self, *arguments: str, **environment: str) -> Run:
        """Start `run` with its own process group."""
        mark, output = uuid.uuid4().hex, self.root / f"errors{len(self.started)}"
        with output.open("w") as errors:
            process = subprocess.Popen(
                [sys.executable, "-m", "infrastructure.local", "run", *arguments],
                cwd=checkout(),
                env={**os.environ, **environment, "RUN_MARK": mark, "PYTHONUTF8": "1"},
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                encoding="utf-8",
                start_new_session=True,
            )
        self.started.append(Run(process, output, mark))
        return self.started[-1]

    def start_with_a_mail(self, *arguments: str) -> Run:
        """Start it over one invoice."""
        mail = make_mail(attachments=[Attached("invoice.pdf", make_invoice_pdf(), "application/pdf")])
        (self.root / "one.eml").write_bytes(mail)
        return self.start(*arguments, str(self.root / "one.eml"))


@pytest.fixture
def runs(tmp_path: Path, storage: object) -> Iterator[Runs]:
    del storage  # only says that the emulator is installed
    made = Runs(tmp_path, [])
    yield made
    for run in made.started:
        run.process.kill()
        run.process.communicate()
        if folder := run.folder():
            shutil.rmtree(folder, ignore_errors=True)


def test_every_sample_ends_where_it_should_and_nothing_is_left_running(runs: Runs) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"  # no proxy is asked for what runs on this machine
    run = runs.start(HTTP_PROXY=nowhere, HTTPS_PROXY=nowhere, ALL_PROXY=nowhere, http_proxy=nowhere)
    shown, _ = run.process.communicate(timeout=240)
    folder = run.folder()
    assert run.process.returncode == 0, run.said() + run.host_log()[-3000:]
    assert folder
    home = folder / "mail" / MAILBOX
    filed = {path.name: path.parent.name for path in home.rglob("*.eml") if path.parent.name != "Sent Items"}
    assert filed == {sample.name: sample.outcome for sample in sample_mails()}
    reasons = last_column(shown)
    for name in filed:
        sentences = (EXPLANATIONS[reason].what for reason in REASONS.get(name, ()))
        wanted = " ".join(filter(None, [*sentences, DETAILS.get(name, "")]))
        assert reasons[name].startswith(wanted), name
        assert bool(reasons[name]) == bool(wanted), name
    assert run.left() == []


def last_column(table: str) -> dict[str, str]:
    """The reasons by file name; a row without a name goes on with the one above it."""
    reasons: dict[str, str] = {}
    name = ""
    for line in table.splitlines():
        if line.startswith("│"):
            cells = [cell.strip() for cell in line.strip("│").split("│")]
            name = cells[0] or name
            reasons[name] = f"{reasons.get(name, '')} {cells[-1]}".strip()
    return reasons


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_to_the_group_lets_the_host_finish_and_ends_everything(
    runs: Runs, number: signal.Signals, code: int
) -> None:
    run = runs.start_with_a_mail()
    run.wait_for_host("Executing 'Functions.ExtractEnrich'")
    os.killpg(run.process.pid, number)
    assert run.process.wait(60) == code
    log = run.host_log()
    assert "Traceback" not in run.said() + log
    assert "Stopping: running functions are finished" in log
    assert log.count("Executing 'Functions.") == log.count("Executed 'Functions.")
    assert run.left() == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_before_anything_runs_leaves_no_trace(runs: Runs, number: signal.Signals) -> None:
    run = runs.start_with_a_mail()
    assert wait_until(lambda: bool(run.folder() or len(run.left()) > 1), seconds=60)  # itself and the emulator
    os.killpg(run.process.pid, number)
    assert run.process.wait(60) == 128 + number
    assert "Traceback" not in run.said()
    assert run.left() == []


def test_the_host_and_the_emulator_die_with_run(runs: Runs) -> None:
    run = runs.start_with_a_mail("--keep")
    run.wait_for_host("host ready")
    run.process.kill()
    run.process.wait()
    assert wait_until(lambda: run.left() == [], seconds=20), run.left()


def test_loopback_is_added_to_what_needs_no_proxy() -> None:
    environment = {"NO_PROXY": "intranet.example, localhost"}
    keep_off_proxies(environment)
    keep_off_proxies(environment)
    assert environment == {"no_proxy": "127.0.0.1,localhost", "NO_PROXY": "intranet.example,localhost,127.0.0.1"}


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("nowhere", "no such file or folder; check the name"),
        ("notes.txt", "wanted a mail, a file whose name ends in .eml, or a folder with some"),
        ("empty", "wanted a mail, a file whose name ends in .eml, or a folder with some"),
    ],
)
def test_what_holds_no_mail_is_refused_before_anything_starts(tmp_path: Path, name: str, told: str) -> None:
    (tmp_path / "notes.txt").write_text("no mail")
    (tmp_path / "empty").mkdir()
    command = [sys.executable, "-m", "infrastructure.local", "run", str(tmp_path / name)]
    done = subprocess.run(command, cwd=checkout(), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert f"{tmp_path / name}: {told}" in done.stderr
