"""Runs the probe on a read-only copy of a package, once for each order of sys.path, both at the same time."""

import io
import json
import os
import secrets
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pypdf import PdfWriter

from infrastructure.package.package import Package
from infrastructure.package.places import SITE
from infrastructure.package.runtime import Runtime
from infrastructure.package.stand_in import MESSAGES, StandIn

DEDICATED, CONSUMPTION = "dedicated", "consumption"
_SCRIPT = Path(__file__).with_name("probe.py")
_SAID = 20  # lines of stderr that are looked at
_TEXT = "Probe 4711"

# In the cloud the app proves who it is by its identity; building the clients for that must need no network.
_IDENTITY: Mapping[str, str | None] = {
    "AzureWebJobsStorage": None,
    "AzureWebJobsStorage__accountName": "probe",
    "AzureWebJobsStorage__credential": "managedidentity",
    "GRAPH_BASE_URL": "https://graph.microsoft.com/v1.0",
    "GRAPH_CREDENTIAL": "managed_identity",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one process."""

    order: str
    known: Mapping[str, Any]  # what it wrote down, step by step
    ended: str  # how it ended where it did not run to its end
    said: str  # the last of its stderr
    requests: Mapping[str, list[str]] = field(default_factory=dict)  # to the stand-in, by function


@dataclass(frozen=True, slots=True)
class Probed:
    """What came of the processes, and the files that they changed in spite of all."""

    answers: tuple[Answer, ...]
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Task:
    """What both processes share."""

    app: Path  # the read-only copy
    folder: Path  # for what is not the app's
    interpreter: Path
    settings: Mapping[str, str]
    native: tuple[str, ...]  # modules
    patience: float


def run(package: Package, runtime: Runtime, settings: Mapping[str, str], patience: float) -> Probed:
    """Loads, indexes and invokes the app with these settings only."""
    native = tuple(sorted(name for name, member in package.modules.items() if member.endswith(".so")))
    with tempfile.TemporaryDirectory(prefix="package-probe-") as folder, _read_only_copy(package, Path(folder)) as app:
        task = _Task(app, Path(folder), runtime.path, settings, native, patience)
        before = _state(app)
        with ThreadPoolExecutor(2) as pool:
            answers = tuple(pool.map(lambda order: _probe(order, task), (DEDICATED, CONSUMPTION)))
        after = _state(app)
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    return Probed(answers, tuple(sorted(changed)))


@contextmanager
def _read_only_copy(package: Package, folder: Path) -> Iterator[Path]:
    app = folder.resolve() / "app"
    app.mkdir()
    for name, member in package.members.items():
        path = app / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(member.content)
        path.chmod(0o444)
    folders = [app, *(Path(parent, name) for parent, names, _ in os.walk(app) for name in names)]
    for each in folders:
        each.chmod(0o555)
    try:
        yield app
    finally:
        for each in folders:
            each.chmod(0o755)


def _state(app: Path) -> dict[str, tuple[int, int]]:
    files = {path.relative_to(app).as_posix(): path.lstat() for path in app.rglob("*") if not path.is_dir()}
    return {name: (status.st_size, status.st_mtime_ns) for name, status in files.items()}


def _probe(order: str, task: _Task) -> Answer:
    own = task.folder / order
    (own / "tmp").mkdir(parents=True)
    answer, nonce = own / "answer.json", secrets.token_hex(16)
    with StandIn() as stand_in, (own / "stderr").open("wb") as stderr:
        (own / "task.json").write_text(json.dumps(_brief(order, task, answer, nonce, stand_in.port)), "utf-8")
        places = {name: value for name, value in stand_in.settings.items() if name in task.settings}
        process = subprocess.Popen(
            [str(task.interpreter), "-I", "-S", "-B", str(_SCRIPT), str(own / "task.json"), *_orders(order, task.app)],
            cwd=task.app,
            env={**task.settings, **places, "HOME": str(own / "tmp"), "TMPDIR": str(own / "tmp"), "PATH": os.defpath},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            start_new_session=True,
        )
        ended = _wait(process, task.patience)
        known = _known(answer, nonce)
        return Answer(order, known, "" if known.get("done") else ended, _last_lines(own / "stderr"), stand_in.requests)


def _brief(order: str, task: _Task, answer: Path, nonce: str, port: int) -> dict[str, object]:
    """What probe.py is told."""
    return {
        "app": str(task.app),
        "answer": str(answer),
        "nonce": nonce,
        "port": port,
        "messages": {queue: body.decode() for queue, body in MESSAGES.items()},
        # The other order loads the same files, as the checks of names and of the index see to.
        "lazy": order == DEDICATED,
        "text": _TEXT,
        "documents": {name: content.hex() for name, content in _documents()},
        "identity": _IDENTITY,
        "native": task.native,
    }


def _orders(order: str, app: Path) -> tuple[str, str]:
    """The folders before and after Python's own, see the worker's sys.path."""
    site = str(app / SITE.rstrip("/"))
    return (f"{app}\n{site}", "") if order == DEDICATED else (site, str(app))


def _wait(process: subprocess.Popen[bytes], patience: float) -> str:
    """How the process ended; it and all that it started are gone afterwards."""
    try:
        code = process.wait(patience)
        how = f"ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
    except subprocess.TimeoutExpired:
        how = f"not ready after {patience:g} seconds"
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return how


def _known(path: Path, nonce: str) -> dict[str, Any]:
    try:
        known = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    # Whatever else the app may have written there does not know this word.
    return known if isinstance(known, dict) and known.get("nonce") == nonce else {}


def _last_lines(path: Path) -> str:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 16_384))
        lines = file.read().decode("utf-8", "replace").splitlines()
    return "\n".join(lines[-_SAID:])


def _documents() -> Iterator[tuple[str, bytes]]:
    """One as it comes, and one that is encrypted, which takes a cipher to read."""
    plain = pdf(_TEXT)
    yield "probe.pdf", plain
    writer, encrypted = PdfWriter(clone_from=io.BytesIO(plain)), io.BytesIO()
    writer.encrypt("", algorithm="AES-256")
    writer.write(encrypted)
    yield "encrypted.pdf", encrypted.getvalue()


def pdf(text: str) -> bytes:
    """A PDF of one page that says one line."""
    drawing = f"BT /F1 12 Tf 20 50 Td ({text}) Tj ET".encode("ascii")
    font = b"<< /F1 5 0 R >>"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 100] /Contents 4 0 R /Resources << /Font %s >> >>" % font,
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawing), drawing),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    content, places = b"%PDF-1.4\n", []
    for number, each in enumerate(objects, 1):
        places.append(len(content))
        content += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(content))
    return content + b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1) + table + end
