"""A folder of answers, as diagnose.sh --save writes it too: NAME.json or NAME.txt, NAME.failed, and about.txt."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from infrastructure.operations.diagnose.az import Answer
from infrastructure.operations.diagnose.script import steps, without_secrets

_ABOUT = "about.txt"


class UnusableFolder(Exception):
    """There are no answers in the folder, or they cannot be written there; the message says what was wanted."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Which app was asked about, and when."""

    at: datetime
    group: str
    app: str
    slot: str  # empty: production


def prepare(folder: Path) -> None:
    """Make the folder to save in; raises UnusableFolder where something lies in it, as answers must not be mixed."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        is_used = any(folder.iterdir())
    except OSError as error:
        raise UnusableFolder(f"{folder}: cannot be written: {error.strerror}") from error
    if is_used:
        raise UnusableFolder(f"{folder}: wanted an empty folder")


def save(folder: Path, subject: Subject, answers: Mapping[str, Answer]) -> None:
    """Write the answers; raises UnusableFolder."""
    learnt = {step.name for step in steps() if step.verb == "learn"}
    try:
        _write(folder / _ABOUT, "".join(f"{name}={value}\n" for name, value in _about(subject).items()))
        for name, answer in answers.items():
            ending = "failed" if answer.failure else "txt" if name in learnt else "json"
            _write(folder / f"{name}.{ending}", answer.failure or answer.text)
    except OSError as error:
        raise UnusableFolder(f"{folder}: cannot be written: {error.strerror}") from error


def _write(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text, "utf-8")


def _about(subject: Subject) -> dict[str, str]:
    at = f"{subject.at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return {"at": at, "group": subject.group, "app": subject.app, "slot": subject.slot}


def load(folder: Path) -> tuple[Subject, dict[str, Answer]]:
    """Read what was saved, by this command or by diagnose.sh; raises UnusableFolder."""
    try:
        lines = (folder / _ABOUT).read_text("utf-8").splitlines()
        about = dict(line.split("=", 1) for line in lines if "=" in line)
        subject = Subject(datetime.fromisoformat(about["at"]), about["group"], about["app"], about["slot"])
        asked = [step for step in steps() if step.verb != "set"]
        found = {step.name: _answer(folder, step.name) for step in asked}
        # What was given need not be learnt, so only an answer that was asked for is missed.
        missed = {step.name for step in asked if step.verb != "learn"}
        absent = Answer(failure="not among the saved answers")
        return subject, {name: answer or absent for name, answer in found.items() if answer or name in missed}
    except (OSError, KeyError, ValueError) as error:
        wanted = "wanted a folder that diagnose --save or diagnose.sh --save wrote"
        raise UnusableFolder(f"{folder}: {wanted} ({type(error).__name__}: {error})") from error


def _answer(folder: Path, name: str) -> Answer | None:
    failed = folder / f"{name}.failed"
    if failed.is_file():
        return Answer(failure=without_secrets(_read(failed)))
    for ending in ("json", "txt"):
        if (path := folder / f"{name}.{ending}").is_file():
            return Answer(without_secrets(_read(path)))
    return None


def _read(path: Path) -> str:
    return path.read_text("utf-8", errors="replace")
