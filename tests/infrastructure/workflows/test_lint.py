"""The linters find nothing in what is there, and in the very same run the faults that are planted beside it."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

from infrastructure.checkout import checkout
from tests.infrastructure.tools import run, tool
from tests.infrastructure.workflows.source import FOLDER, paths

FAULTY = """\
name: faulty
on: pull_request_target
permissions: {}
defaults:
  run:
    shell: bash --noprofile --norc -euo pipefail {0}
jobs:
  build:
    runs-on: ubuntu-24.04
    outputs:
      sha256: ${{ steps.bulid.outputs.sha256 }}
    steps:
      - uses: actions/checkout@v7
      - id: build
        run: echo ${{ github.event.pull_request.title }} $UNQUOTED
"""


def planted(folder: Path, content: str = FAULTY) -> Path:
    """A workflow with faults, below a folder of its own."""
    path = folder / ".github" / "workflows" / "faulty.yml"
    path.parent.mkdir(parents=True)
    path.write_text(content, "utf-8")
    return path


def test_actionlint_finds_the_planted_faults_alone(tmp_path: Path) -> None:
    """It also has shellcheck look at the steps."""
    faulty = planted(tmp_path)
    done = run("actionlint", f"-shellcheck={tool('shellcheck')}", "-format", "{{json .}}", *paths(), faulty)
    found = json.loads(done.stdout)
    assert {Path(each["filepath"]).name for each in found} == {faulty.name}, done.stdout
    said = " ".join(each["message"] for each in found)
    assert 'property "bulid" is not defined' in said
    assert "SC2086" in said


def test_zizmor_finds_the_planted_faults_alone(tmp_path: Path) -> None:
    """The strictest of its personas, without a single exception."""
    planted(tmp_path)
    real = (FOLDER.parent / "dependabot.yml").read_text("utf-8")
    hasty = re.sub(r" *cooldown:.*\n.*default-days:.*\n", "", real)
    (tmp_path / ".github" / "dependabot.yml").write_text(hasty, "utf-8")
    options = ("--offline", "--no-progress", "--strict-collection", "--persona=auditor", "--format=json")
    done = run("zizmor", *options, FOLDER.parent, tmp_path)
    found: list[dict[str, Any]] = json.loads(done.stdout)
    places = {location["symbolic"]["key"]["Local"]["verbatim_path"] for each in found for location in each["locations"]}
    assert {place for place in places if not Path(place).is_relative_to(tmp_path)} == set(), done.stdout
    rules = {each["ident"] for each in found}
    assert {"unpinned-uses", "template-injection", "dangerous-triggers", "artipacked", "dependabot-cooldown"} <= rules


def test_no_finding_is_silenced() -> None:
    texts = {path.name: path.read_text("utf-8") for path in (*paths(), FOLDER.parent / "dependabot.yml")}
    assert [name for name, text in texts.items() if "zizmor: ignore" in text or "shellcheck disable" in text] == []
    assert not list(FOLDER.parent.glob("*zizmor*"))
    assert not list(FOLDER.parent.glob("actionlint*"))


def test_the_schema_of_workflows_finds_the_planted_fault_alone(tmp_path: Path) -> None:
    faulty = planted(tmp_path, FAULTY.replace("runs-on:", "run-on:"))
    done = run("check-jsonschema", "--builtin-schema", "vendor.github-workflows", "-o", "json", *paths(), faulty)
    found = json.loads(done.stdout)
    assert {Path(each["filename"]).name for each in found["errors"]} == {faulty.name}, done.stdout
    assert found["parse_errors"] == []


def test_the_schema_of_dependabot_finds_the_planted_fault_alone(tmp_path: Path) -> None:
    real, faulty = FOLDER.parent / "dependabot.yml", tmp_path / "faulty.yml"
    faulty.write_text(real.read_text("utf-8").replace("interval: weekly", "interval: hourly"), "utf-8")
    done = run("check-jsonschema", "--builtin-schema", "vendor.dependabot", "-o", "json", real, faulty)
    assert {Path(each["filename"]).name for each in json.loads(done.stdout)["errors"]} == {faulty.name}, done.stdout


def scripts() -> list[Path]:
    """Every shell script of the checkout, by its first line."""
    files = (path for top in (".ci", ".github", "infrastructure", "tests") for path in (checkout() / top).rglob("*"))
    return sorted(path for path in files if path.is_file() and b"sh" in _interpreter(path).split())


def _interpreter(path: Path) -> bytes:
    with path.open("rb") as file:
        first = file.readline(100)
    return first.removeprefix(b"#!").replace(b"/", b" ").replace(b"bash", b"sh") if first.startswith(b"#!") else b""


def test_shellcheck_finds_the_planted_fault_alone(tmp_path: Path) -> None:
    faulty = tmp_path / "faulty.sh"
    shutil.copy(checkout() / "infrastructure" / "workflows" / "digest.sh", faulty)
    faulty.write_text(faulty.read_text("utf-8") + "rm -rf $file/*\n", "utf-8")
    assert {"digest.sh", "propose_locks.sh", "diagnose.sh"} <= {path.name for path in scripts()}
    found = json.loads(run("shellcheck", "--format=json", *scripts(), faulty).stdout)
    assert {Path(each["file"]).name for each in found} == {faulty.name}, found
    assert {2086, 2115} <= {each["code"] for each in found}
