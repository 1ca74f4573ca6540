"""What is told, to people, to programs and to GitHub; and what never is."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from infrastructure.deploy.journal import Journal
from infrastructure.deploy.secrecy import Secrets
from tests.adapters.scripted import Answer
from tests.deploy.azure_model import RESET, TOKEN, Azure, Deployment, Swap, error
from tests.deploy.conftest import Deploy, Done
from tests.deploy.packages import NEW, OLD, OLDER, digest, package
from tests.deploy.slot_model import Behaviour, Seconds

EMPTY = Behaviour(functions=())


def test_json_tells_the_outcome_with_its_steps(staged: Deploy) -> None:
    done = staged.run("swap", "--digest", digest(NEW), "--json")

    document = json.loads(done.out)
    assert (document["exit"], document["seen"], document["commands"]) == (0, [], [])
    assert document["headline"] == f"production serves {digest(NEW)}, proven"
    assert [each["step"] for each in document["steps"]] == [
        "prove production",
        "production before",
        "prove staging",
        "swap",
        "prove production",
        "record",
    ]
    assert document["seconds"] == document["steps"][-1]["after"] == 130.0


def test_json_tells_what_a_person_can_run(staged: Deploy) -> None:
    staged.azure.behave("production", digest(NEW), EMPTY)
    staged.azure.swaps = [Swap(), *[Swap(happens=False, answer=error(400, "BadRequest", "no"))] * 3]

    document = json.loads(staged.run("swap", "--digest", digest(NEW), "--json").out)

    assert document["exit"] == 4
    assert document["commands"][0].startswith("az functionapp deployment slot swap")
    assert "no functions at all" in document["seen"][0]


def test_under_github_a_failure_is_an_annotation(staged: Deploy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    staged.azure.behave("staging", digest(NEW), EMPTY)

    (annotation,) = (line for line in staged.swap(NEW).out.splitlines() if line.startswith("::"))

    assert annotation.startswith(f"::error title=staging does not prove {digest(NEW)[:12]}::no functions at all")
    assert "%0A" in annotation, "all that was seen is told"


def test_under_github_a_success_is_none(staged: Deploy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")

    assert "::" not in staged.swap(NEW).out


def test_a_server_cannot_give_github_commands(staged: Deploy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    staged.azure.behave("staging", digest(NEW), Behaviour(errors=("x\n::add-path::/tmp/evil\n",)))

    lines = staged.swap(NEW).said.splitlines()

    assert not [line for line in lines if line.startswith("::") and not line.startswith("::error title=staging")]


def test_the_summary_is_a_table_of_the_steps(staged: Deploy, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "summary.md"
    path.write_text("# what was there\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(path))
    staged.azure.behave("production", digest(NEW), EMPTY)

    staged.swap(NEW)

    text = path.read_text("utf-8")
    assert text.startswith("# what was there\n### ")
    assert "| step | result | after |" in text
    assert "| swap back | production does not prove" in text
    assert "- staging holds the last good" in text


def test_the_summary_shows_the_commands_as_they_are(
    released: Deploy, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(path))

    released.run("prove", "--slot", "production", "--digest", digest(NEW))

    assert "\n```\npython -m infrastructure.deploy rollback --subscription sub-1" in path.read_text("utf-8")


def test_a_line_is_one_line_of_a_bearable_length(capsys: pytest.CaptureFixture[str]) -> None:
    journal = Journal(Seconds(), Secrets(), sys.stderr)
    journal.say("a\nb\x1b[31m" + "x" * 9_999)

    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("[   0 s] a b\\x1b[31mxxx")
    assert len(line) < 2_100


# Keys and tokens.

SECRETS = (TOKEN, "master-key-of-production", "master-key-of-staging")
GIVEN = (TOKEN, "master-key-of-staging")  # to a command that looks at staging alone
HOST = r"-staging\.azurewebsites"


def _error_of_host(azure: Azure) -> None:
    azure.behave("staging", digest(NEW), Behaviour(errors=tuple(f"failed with key {each}" for each in GIVEN)))


def _error_of_function(azure: Azure) -> None:
    azure.behave("staging", digest(NEW), Behaviour(in_error={"Notify": GIVEN}))


def _log(azure: Azure) -> None:
    azure.deployments = [Deployment(status=3, lines=(TOKEN,))]  # a key has not been asked for yet


def _long_body(azure: Azure) -> None:
    """Cut in the middle of a key."""
    azure.instead("GET", HOST, Answer(500, b"x" * 280 + b" master-key-of-staging"))


ECHOING: dict[str, Callable[[Azure], None]] = {
    "host-500": lambda azure: azure.instead("GET", HOST, Answer(500, b"no: ")),
    "host-401": lambda azure: azure.instead("GET", HOST, Answer(401, b"no: ")),
    "host-403-page": lambda azure: azure.instead("GET", HOST, Answer(403, b"<html><body>no: ")),
    "host-404-of-one": lambda azure: azure.instead("GET", f"{HOST}.*Notify", Answer(404, b"no: ")),
    "host-200-with-the-key": lambda azure: azure.instead("GET", HOST, Answer(200, b'"master-key-of-staging"')),
    "host-long": _long_body,
    "host-reset": lambda azure: azure.instead("GET", HOST, RESET),
    "host-errors": _error_of_host,
    "function-errors": _error_of_function,
    "kudu-500": lambda azure: azure.instead("POST", "zipdeploy", Answer(500, b"no: ")),
    "kudu-403": lambda azure: azure.instead("POST", "zipdeploy", Answer(403, b"no: ")),
    "kudu-file": lambda azure: azure.instead("GET", r"vfs/.*\.zip", Answer(500, b"no: "), 9),
    "kudu-log": _log,
    "arm-403": lambda azure: azure.instead("GET", r"/sites/", Answer(403, b"no: ")),
    "arm-keys": lambda azure: azure.instead("POST", "listkeys", Answer(200, b'{"masterkey": "master-key-of-staging"}')),
    "arm-settings": lambda azure: azure.instead("POST", "appsettings", Answer(500, b"no: ")),
    "a-key-with-a-line-break": lambda azure: setattr(azure.staging, "key", "master-key-of-staging\n"),
    "a-key-that-is-no-ascii": lambda azure: setattr(azure.staging, "key", "master-key-of-staging\u00e9"),
}


@pytest.mark.parametrize("name", sorted(ECHOING))
def test_no_key_and_no_token_is_ever_told(
    released: Deploy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Though every error answers with the headers that it was asked with."""
    summary = tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    released.azure.is_echoing = True
    ECHOING[name](released.azure)

    done = released.stage(package(NEW), tmp_path)

    assert done.code in (1, 3), done.said
    assert_nothing_is_told(done.said + summary.read_text("utf-8"))


@pytest.mark.parametrize("command", ["swap", "rollback"])
def test_no_key_and_no_token_is_told_by_a_swap_that_fails(staged: Deploy, command: str) -> None:
    azure = staged.azure
    azure.is_echoing = True
    azure.behave("production", digest(NEW), Behaviour(errors=SECRETS))
    azure.behave("production", digest(OLDER), Behaviour(errors=SECRETS))
    azure.swaps = [Swap(), *[Swap(happens=False, answer=Answer(400, b"no: "))] * 3]

    done: Done = staged.swap(NEW) if command == "swap" else staged.run("rollback")

    assert done.code == 4, done.said
    assert "***" in done.out
    assert_nothing_is_told(done.said)


def test_no_token_is_told_when_nobody_is_logged_in(released: Deploy) -> None:
    released.login.says = f"az said: {digest(OLD)}"

    assert_nothing_is_told(released.run("rollback").said)


def assert_nothing_is_told(text: str) -> None:
    """Not even a part of one: half a key is more than nothing."""
    for secret in SECRETS:
        assert secret[:12] not in text
