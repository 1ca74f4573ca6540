"""Checkov's policies for Azure hold, and every exception says why."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from infrastructure.checkout import checkout
from tests.app.checkout import lock
from tests.infrastructure.bicep.source import FOLDER, templates

LOCK = "infrastructure/bicep/checkov-requirements-lock.txt"
SKIP = re.compile(r"checkov:skip=([^:\s]*):?\s*(.*)")


def scanned(folder: Path, home: Path) -> dict[str, Any]:
    """What checkov says of a folder, without asking anybody."""
    checkov = checkout() / ".tools" / "checkov" / "bin" / "checkov"
    if not checkov.is_file():
        pytest.fail("the policy checker of Bicep is not installed; run: make setup")
    quiet = ("--skip-download", "--compact", "--output", "json")
    command = [str(checkov), "--framework", "bicep", "--directory", str(folder), *quiet]
    environment = {"HOME": str(home), "PATH": os.environ["PATH"], "LOG_LEVEL": "ERROR"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode in {0, 1}, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def found(report: dict[str, Any], kind: str) -> list[tuple[str, str]]:
    """File and policy of every finding of one kind, sorted."""
    return sorted((each["file_path"].lstrip("/"), each["check_id"]) for each in report["results"][kind])


def skips() -> list[tuple[str, str, str]]:
    """File, policy and reason of every exception that is written down."""
    return [
        (str(path.relative_to(FOLDER)), policy, reason)
        for path in templates()
        for policy, reason in SKIP.findall(path.read_text("utf-8"))
    ]


def test_every_policy_holds_or_is_an_exception(tmp_path: Path) -> None:
    report = scanned(FOLDER, tmp_path)
    assert found(report, "failed_checks") == []
    assert report["summary"]["parsing_errors"] == 0
    assert report["summary"]["passed"] >= 40
    # Each exception is needed: one for what holds by now would hide that it no longer does.
    assert found(report, "skipped_checks") == sorted((file, policy) for file, policy, _ in skips())


def test_a_policy_that_is_broken_is_found_and_so_is_a_file_that_is_not_read(tmp_path: Path) -> None:
    copy = tmp_path / "bicep"
    shutil.copytree(FOLDER, copy)
    app = copy / "modules" / "app.bicep"
    app.write_text(app.read_text("utf-8").replace("minTlsVersion: '1.2'", "minTlsVersion: '1.0'"))
    (copy / "broken.bicep").write_text("resource x {\n")
    report = scanned(copy, tmp_path)
    assert ("modules/app.bicep", "CKV_AZURE_15") in found(report, "failed_checks")
    assert report["summary"]["parsing_errors"] == 1


@pytest.mark.parametrize(
    ("file", "policy", "reason"),
    [pytest.param(*skip, id=f"{skip[0]}-{skip[1]}-{at}") for at, skip in enumerate(skips())],
)
def test_an_exception_names_one_policy_and_says_why(file: str, policy: str, reason: str) -> None:
    assert re.fullmatch(r"CKV2?_AZURE_\d+", policy), f"{file}: of a list of policies the checker skips none"
    assert len(reason.split()) >= 5, f"{file}: {policy} without a reason"


def test_the_checker_is_locked_with_hashes_and_names_no_index() -> None:
    pins = lock(LOCK)
    assert "checkov" in pins
    assert [name for name, (_, hashes) in pins.items() if hashes == 0] == []
    assert "://" not in (checkout() / LOCK).read_text("utf-8")


def test_make_installs_the_checker_from_its_lock_and_locks_it_anew() -> None:
    outer = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    command = ["make", "--dry-run", "--always-make", "setup", "lock"]
    done = subprocess.run(command, cwd=checkout(), env=outer, capture_output=True, text=True, check=True)
    assert ".tools/checkov/bin/python -m pip install" in done.stdout
    assert re.search(rf"--require-hashes -r {LOCK}", done.stdout)
    assert re.search(rf"--output-file {LOCK}", done.stdout)
