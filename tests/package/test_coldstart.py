"""The cold-start benchmark runs, and compares what it says it compares; no test looks at its times."""

import subprocess
import sys
from pathlib import Path

import pytest

from infrastructure.bench.coldstart import OVER
from infrastructure.checkout import checkout

pytestmark = pytest.mark.timeout(300)


def bench(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "infrastructure.bench.coldstart", *arguments],
        cwd=checkout(),
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


def rows(table: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.strip("│").split("│")] for line in table.splitlines() if "│" in line]


def test_three_apps_are_started_and_ours_twice_goes_on_to_a_mail(good: Path) -> None:
    done = bench("--zip", str(good), "--runs", "1")
    assert done.returncode in {0, OVER}, done.stderr
    assert [row[:2] for row in rows(done.stdout)] == [
        ["bare app", "functions indexed"],
        ["naive package", "functions indexed"],
        ["", "first mail parsed"],
        ["", "its invoice read"],
        ["this package", "functions indexed"],
        ["", "first mail parsed"],
        ["", "its invoice read"],
    ]
    assert rows(done.stdout)[0][3] == "1.00"
    modules = [int(row[5]) for row in rows(done.stdout)]
    assert modules[0] < modules[1] < modules[2] <= modules[3]
    assert "budget of 2 times the bare app's CPU: " in done.stdout


def test_a_zip_that_is_not_there_is_named(tmp_path: Path) -> None:
    done = bench("--zip", str(tmp_path / "absent.zip"))
    assert done.returncode == 1
    assert f"{tmp_path / 'absent.zip'}: no such folder, and no zip either" in done.stderr
