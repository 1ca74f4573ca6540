"""infrastructure/README.md names rules, commands and files as they are."""

import re
from pathlib import Path

import pytest

from infrastructure.checkout import checkout
from infrastructure.operations.__main__ import main as operations

TEXT = (checkout() / "infrastructure" / "README.md").read_text()
RUNBOOK = TEXT.partition("## Runbook")[2]
COMMANDS = sorted(set(re.findall(r"`operations ([a-z-]+)", TEXT)) - {"X"})
PATHS = sorted(set(re.findall(r"`((?:tests|package|operations|bicep|deploy|container|mailbox_access)/[\w./]*)`", TEXT)))


def test_every_alert_has_its_line_in_the_runbook() -> None:
    rules = {path.stem.replace("_", "-") for path in (checkout() / "infrastructure/bicep/alerts").glob("*.kql")}
    assert rules == set(re.findall(r"^\| `([a-z-]+)` \|", RUNBOOK, re.MULTILINE))


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_exists(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        operations([command, "--help"])
    assert ended.value.code == 0
    assert command in capsys.readouterr().out


@pytest.mark.parametrize("name", PATHS)
def test_every_file_exists(name: str) -> None:
    root = checkout() if name.startswith("tests/") else checkout() / "infrastructure"
    assert Path(root / name).exists()


def test_what_is_compared_is_there() -> None:
    assert len(COMMANDS) > 6
    assert len(PATHS) > 10
