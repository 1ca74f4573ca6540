"""propose_locks.sh, with a real git, a remote of its own, and a gh that writes down what it is told."""

import os
import subprocess
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from infrastructure.checkout import checkout
from tests.infrastructure.workflows.source import all_inputs

SCRIPT = checkout() / "infrastructure" / "workflows" / "propose_locks.sh"
LOCKS = (
    "infrastructure/bicep/checkov-requirements-lock.txt",
    "infrastructure/workflows/requirements-lock.txt",
    "requirements-lock.txt",
    "tests/requirements-lock.txt",
)
GH = """\
#!/usr/bin/env bash
set -euo pipefail
printf '%s\\n' "$*" >> "$GH_LOG"
case "$1 $2" in
  "pr list") echo "$OPEN" ;;
  "pr create") exit "$CREATE_ENDS" ;;
esac
"""


@dataclass(frozen=True, slots=True)
class Place:
    """A clone as the workflow has it, and where it came from."""

    clone: Path
    remote: Path
    home: Path

    def git(self, *arguments: str, at: Path | None = None) -> str:
        command = ["git", "-c", "user.name=T", "-c", "user.email=t@example.com", *arguments]
        done = subprocess.run(
            command, cwd=at or self.clone, env=self.environment, capture_output=True, text=True, check=True
        )
        return done.stdout

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PATH": f"{self.home}:{os.environ['PATH']}",
            "HOME": str(self.home),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GH_LOG": str(self.home / "gh.log"),
            "GH_TOKEN": "token",
            "GITHUB_REPOSITORY": "contoso/invoice-agent",
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_RUN_ID": "42",
        }

    def propose(self, is_open: int = 0, create_ends: int = 0) -> "subprocess.CompletedProcess[str]":
        environment = self.environment | {"OPEN": str(is_open), "CREATE_ENDS": str(create_ends)}
        return subprocess.run(
            [SCRIPT], cwd=self.clone, env=environment, capture_output=True, text=True, timeout=60, check=False
        )

    @property
    def told(self) -> list[str]:
        """What gh was told, a line each."""
        log = self.home / "gh.log"
        return log.read_text("utf-8").splitlines() if log.exists() else []

    def files_of(self, branch: str) -> list[str]:
        """What the last commit of a branch of the remote changed."""
        return self.git("show", "--name-only", "--format=", branch, at=self.remote).split()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    home, remote = tmp_path / "home", tmp_path / "remote.git"
    home.mkdir()
    (home / "gh").write_text(GH, "utf-8")
    (home / "gh").chmod(0o755)
    place = Place(tmp_path / "clone", remote, home)
    place.git("init", "--quiet", "--bare", "--initial-branch=main", str(remote), at=tmp_path)
    place.git("clone", "--quiet", str(remote), str(place.clone), at=tmp_path)
    for name in (*LOCKS, "README.md"):
        (place.clone / name).parent.mkdir(parents=True, exist_ok=True)
        (place.clone / name).write_text("old\n", "utf-8")
    place.git("switch", "--quiet", "--force-create", "main")
    place.git("add", ".")
    place.git("commit", "--quiet", "--message", "Begin")
    place.git("push", "--quiet", "origin", "main")
    return place


def resolve(place: Place, *names: str) -> None:
    for name in names:
        (place.clone / name).write_text("new\n", "utf-8")


def test_nothing_is_proposed_where_nothing_changed(place: Place) -> None:
    done = place.propose()
    assert done.returncode == 0, done.stderr
    assert place.told == []
    assert place.git("branch", "--list", at=place.remote).split() == ["*", "main"]


def test_changed_locks_come_as_a_pull_request_that_the_pipeline_judges(place: Place) -> None:
    resolve(place, *LOCKS)
    done = place.propose()
    assert done.returncode == 0, done.stderr
    assert place.files_of("locks") == [*LOCKS]
    set_up, look, create, dispatch = place.told
    assert set_up == "auth setup-git"
    assert look.startswith("pr list --repo contoso/invoice-agent --head locks --base main --state open")
    assert create.startswith("pr create --repo contoso/invoice-agent --head locks --base main")
    assert "https://github.com/contoso/invoice-agent/actions/runs/42" in create
    assert dispatch == "workflow run ci-cd.yml --repo contoso/invoice-agent --ref locks"


def test_nothing_but_locks_is_proposed(place: Place) -> None:
    """Whatever else lies about, a job that may write takes up nothing of it."""
    resolve(place, "README.md", "requirements-lock.txt")
    (place.clone / "planted.yml").write_text("on: push\n", "utf-8")
    place.git("add", "README.md", "planted.yml")
    assert place.propose().returncode == 0
    assert place.files_of("locks") == ["requirements-lock.txt"]


def test_an_open_pull_request_is_brought_up_to_date(place: Place) -> None:
    resolve(place, "requirements-lock.txt")
    assert place.propose().returncode == 0
    place.git("switch", "--quiet", "main")
    resolve(place, "tests/requirements-lock.txt")
    (place.home / "gh.log").unlink()
    done = place.propose(is_open=1)
    assert done.returncode == 0, done.stderr
    assert [told.split()[:2] for told in place.told] == [["auth", "setup-git"], ["pr", "list"], ["workflow", "run"]]
    assert place.files_of("locks") == ["tests/requirements-lock.txt"]
    assert (
        place.git("rev-parse", "locks~", "main", at=place.remote).split()[0] == place.git("rev-parse", "main").strip()
    )


def test_a_pull_request_that_is_refused_fails_the_run(place: Place) -> None:
    resolve(place, "requirements-lock.txt")
    assert place.propose(create_ends=1).returncode != 0
    assert not any(told.startswith("workflow run") for told in place.told)


def test_a_push_that_is_refused_fails_the_run(place: Place) -> None:
    resolve(place, "requirements-lock.txt")
    hook = place.remote / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\nexit 1\n", "utf-8")
    hook.chmod(0o755)
    assert place.propose().returncode != 0
    assert place.told == ["auth setup-git"]


def test_the_locks_are_those_of_the_checkout_of_make_and_of_the_workflow() -> None:
    found = set(checkout().glob("*-lock.txt"))
    found |= {path for top in ("infrastructure", "shared", "tests") for path in (checkout() / top).rglob("*-lock.txt")}
    assert sorted(path.relative_to(checkout()).as_posix() for path in found) == [*LOCKS]
    assert sorted(all_inputs("lock.yml", "actions/upload-artifact")["path"].split()) == [*LOCKS]
    outer = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    command = ["make", "--dry-run", "--always-make", "lock"]
    done = subprocess.run(command, cwd=checkout(), env=outer, capture_output=True, text=True, check=True)
    words = done.stdout.split()
    made = [word for before, word in pairwise(words) if before == "--output-file"]
    assert sorted(made) == [*LOCKS]
