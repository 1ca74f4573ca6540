"""digest.sh says what a file is, and stops a file that is another than the one that was looked at."""

import hashlib
import subprocess
from pathlib import Path

import pytest

from infrastructure.checkout import checkout

SCRIPT = checkout() / "infrastructure" / "workflows" / "digest.sh"
CONTENT = b"PK\x05\x06 a package"
DIGEST = hashlib.sha256(CONTENT).hexdigest()


def digest(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([SCRIPT, *arguments], capture_output=True, text=True, timeout=30, check=False)


@pytest.fixture(params=["invoice-agent.zip", "a name with blanks.zip", "-n.zip", "back\\slash.zip"])
def package(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    path = tmp_path / str(request.param)
    path.write_bytes(CONTENT)
    return path


def test_the_digest_alone_is_printed(package: Path) -> None:
    done = digest(package)
    assert (done.returncode, done.stdout) == (0, f"{DIGEST}\n")


def test_the_digest_that_is_expected_is_printed(package: Path) -> None:
    done = digest(package, DIGEST)
    assert (done.returncode, done.stdout) == (0, f"{DIGEST}\n")


def test_another_file_is_stopped_and_nothing_is_handed_on(package: Path) -> None:
    package.write_bytes(CONTENT + b"!")
    done = digest(package, DIGEST)
    assert (done.returncode, done.stdout) == (3, "")
    assert DIGEST in done.stderr
    assert hashlib.sha256(CONTENT + b"!").hexdigest() in done.stderr


@pytest.mark.parametrize("expected", ["", DIGEST[:-1], DIGEST.upper(), f"sha256:{DIGEST}", f"{DIGEST}\n{DIGEST}", "*"])
def test_what_is_no_digest_is_never_equal(tmp_path: Path, expected: str) -> None:
    """An output that a job before failed to set is empty."""
    path = tmp_path / "invoice-agent.zip"
    path.write_bytes(CONTENT)
    done = digest(path, expected)
    assert (done.returncode, done.stdout) == (2, "")
    assert "no SHA-256" in done.stderr


def test_a_file_that_is_not_there_has_no_digest(tmp_path: Path) -> None:
    done = digest(tmp_path / "invoice-agent.zip")
    assert (done.returncode, done.stdout) == (1, "")
    assert "No such file" in done.stderr


@pytest.mark.parametrize("count", [0, 3])
def test_the_usage_is_told(count: int) -> None:
    done = digest(*["x"] * count)
    assert done.returncode == 2
    assert done.stderr.startswith("usage:")
