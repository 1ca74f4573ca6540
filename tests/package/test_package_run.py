"""The package run on this machine: the whole sample mailbox, with what the package holds and nothing else."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from infrastructure.checkout import checkout
from infrastructure.local.package import mounted
from infrastructure.local.samples import AP_MAILBOX, MAILBOX, sample_mails
from infrastructure.local.samples.builders import Attached, make_invoice_pdf, make_mail
from infrastructure.local.storage import Storage
from tests.package.draft import Original

pytestmark = pytest.mark.timeout(300)

# What the worker's process has loaded when it ends, by file.
NOTE = """

import atexit
import json
import os
import sys


@atexit.register
def _note():
    files = {name: getattr(module, "__file__", None) or "" for name, module in list(sys.modules.items())}
    with open(os.environ["LOADED"], "w") as out:
        json.dump(files, out)
"""
# Put into every process of this environment by its .pth files, before anything else runs.
BY_PTH = {"_distutils_hack", "coverage", "a1_coverage"}
OURS = checkout() / "infrastructure"


@pytest.fixture
def original(good: Path) -> Original:
    return Original(good)


def run(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "infrastructure.local", *arguments],
        cwd=checkout(),
        env={**os.environ, "PYTHONUTF8": "1", **environment},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=240,
    )


def host(app: Path, storage: Storage, folder: Path) -> "subprocess.CompletedProcess[str]":
    """The host over an app until nothing is left to do, with `folder` for what it puts aside."""
    settings = {
        "AzureWebJobsStorage": storage.connection_string,
        "MAIL_INGEST_SCHEDULE": "0 0 0 1 1 *",
        "TMPDIR": str(folder),
    }
    return run("host", "--app", str(app), "--until-idle", "0.2", **settings)


def mailbox(*arguments: str, folder: Path, **environment: str) -> tuple["subprocess.CompletedProcess[str]", Path]:
    """The whole system until all mails are at rest, and the folder that it left, moved to where the test's own is."""
    done = run("run", *arguments, TMPDIR=str(folder), **environment)
    left = done.stderr.partition("mails in ")[2].partition("/mail, log in")[0]
    assert left, done.stderr
    return done, Path(shutil.move(left, folder / "left"))


def test_the_whole_sample_mailbox_is_processed_from_the_zip(good: Path, tmp_path: Path, azurite: Storage) -> None:
    del azurite  # only says that the emulator is installed
    done, left = mailbox("--package", str(good), folder=tmp_path)
    log = (left / "host.log").read_text()
    assert done.returncode == 0, done.stderr + log[-3000:]
    home = left / "mail" / MAILBOX
    filed = {path.name: path.parent.name for path in home.rglob("*.eml") if path.parent.name != "Sent Items"}
    assert filed == {sample.name: sample.outcome for sample in sample_mails()}
    assert "Traceback" not in log
    assert list(tmp_path.glob("package-*")) == []


def test_a_mail_reaches_ap_on_nothing_but_the_packages_own_modules(
    original: Original, tmp_path: Path, azurite: Storage
) -> None:
    del azurite
    draft = original.draft()
    draft.append("function_app.py", NOTE)
    package = original.write(draft, tmp_path / "noting.zip")
    mail = tmp_path / "one.eml"
    mail.write_bytes(make_mail(attachments=[Attached("invoice.pdf", make_invoice_pdf(), "application/pdf")]))
    note = tmp_path / "loaded.json"
    done, left = mailbox("--package", str(package), str(mail), folder=tmp_path, LOADED=str(note))
    assert done.returncode == 0, done.stderr
    assert len(list((left / "mail" / AP_MAILBOX / "Inbox").glob("*.eml"))) == 1
    loaded = {name: Path(file) for name, file in json.loads(note.read_text()).items() if file}
    foreign = {name: file for name, file in loaded.items() if not _is_in_place(file, tmp_path)}
    assert {name: file for name, file in foreign.items() if name.partition(".")[0] not in BY_PTH} == {}
    assert {"azure.functions", "msgraph", "pydantic", "shared.wiring", "requests"} <= set(loaded)
    assert all(file.is_relative_to(tmp_path) for name, file in loaded.items() if name.startswith(("azure.", "shared")))


def _is_in_place(file: Path, mounts: Path) -> bool:
    """Whether a module is the package's, the host's or Python's own, and not one that is installed beside Python."""
    if file.is_relative_to(mounts) or file.is_relative_to(OURS):
        return True
    return file.is_relative_to(sys.base_prefix) and "site-packages" not in file.parts


def test_a_distribution_that_the_package_lacks_is_not_taken_from_here(
    original: Original, tmp_path: Path, azurite: Storage
) -> None:
    draft = original.draft()
    draft.remove("pydantic")
    done = host(original.write(draft, tmp_path / "lacking.zip"), azurite, tmp_path)
    assert done.returncode == 1
    wanted = "Worker failed to index functions: ModuleNotFoundError: No module named 'pydantic'. Cannot find module."
    assert wanted in done.stderr
    assert "0 functions loaded" in done.stderr
    assert list(tmp_path.glob("package-*")) == []


def test_one_that_the_host_needs_as_well_is_named(original: Original, tmp_path: Path, azurite: Storage) -> None:
    draft = original.draft()
    draft.remove("azure-storage-queue")
    done = host(original.write(draft, tmp_path / "lacking.zip"), azurite, tmp_path)
    assert done.returncode == 1
    assert "the package lacks azure.storage, which this host needs as well" in done.stderr


def test_an_extracted_package_runs_as_the_zip_does(good: Path, tmp_path: Path, azurite: Storage) -> None:
    with mounted(good) as folder:
        before = set(folder.rglob("*"))
        done = host(folder, azurite, tmp_path)
        assert set(folder.rglob("*")) == before
    assert done.returncode == 0, done.stderr
    assert "host ready: 5 functions" in done.stdout


def test_what_is_neither_folder_nor_zip_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.zip").write_text("no archive")
    for app in (tmp_path / "notes.zip", tmp_path / "absent"):
        done = run("host", "--app", str(app))
        assert done.returncode == 1
        assert done.stderr == f"python -m infrastructure.local host: {app}: no such folder, and no zip either\n"
