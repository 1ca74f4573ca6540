"""The workflows, read as GitHub reads them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from infrastructure.checkout import checkout

FOLDER = checkout() / ".github" / "workflows"
ACTION = re.compile(r"(?P<action>[\w.-]+/[\w./-]+)@(?P<sha>[0-9a-f]{40}) # (?P<version>v\d+\.\d+\.\d+)")
COMMAND = re.compile(r"\bpython -m (?P<module>infrastructure\.\w+) (?P<arguments>[^\n|]+)")


@dataclass(frozen=True, slots=True)
class Step:
    """One step, and where it stands."""

    place: str  # "ci-cd.yml stage 5"
    job: str
    body: Mapping[str, Any]

    @property
    def action(self) -> str:
        """The action without its pin, or nothing."""
        return str(self.body.get("uses", "")).partition("@")[0]

    @property
    def run(self) -> str:
        return str(self.body.get("run", ""))

    @property
    def inputs(self) -> Mapping[str, Any]:
        inputs: Mapping[str, Any] = self.body.get("with", {})
        return inputs


def paths() -> list[Path]:
    return sorted(FOLDER.glob("*.yml"))


def workflow(name: str) -> dict[str, Any]:
    parsed: dict[str, Any] = YAML(typ="safe", pure=True).load((FOLDER / name).read_text("utf-8"))
    return parsed


def jobs() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """File, name and body of every job."""
    for path in paths():
        for name, job in workflow(path.name)["jobs"].items():
            yield path.name, name, job


def steps(file: str = "", job: str = "") -> list[Step]:
    """The steps of all jobs, or of one."""
    return [
        Step(f"{name} {each} {number}", each, step)
        for name, each, body in jobs()
        if file in {"", name} and job in {"", each}
        for number, step in enumerate(body["steps"], 1)
    ]


def commands() -> list[tuple[str, str, list[str]]]:
    """Place, module and arguments of every command of ours that a step runs."""
    return [
        (step.place, found["module"], found["arguments"].split())
        for step in steps()
        for found in COMMAND.finditer(step.run)
    ]


def all_inputs(file: str, action: str) -> Mapping[str, Any]:
    """What the one step of a workflow that uses an action gives to it."""
    (step,) = [step for step in steps(file) if step.action == action]
    return step.inputs
