"""Runs az; whatever goes wrong becomes part of the answer, because why az does not answer is evidence, too."""

import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from infrastructure.operations.diagnose.script import Step, without_secrets

AT_ONCE = 6  # each az is a Python of its own; most of its time it waits
LONGER = 3  # times the patience, for a download
_ENVIRONMENT = {"AZURE_CORE_NO_COLOR": "true", "AZURE_EXTENSION_USE_DYNAMIC_INSTALL": "no"}


class NoAz(Exception):
    """There is no az on this machine."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What az said, secrets left out; or, where it said nothing of use, why."""

    text: str = ""
    failure: str = ""


Run = Callable[[Sequence[str]], Answer]


def az(seconds: float) -> Run:
    """A function that runs az with arguments, and waits for that long at most; raises NoAz."""
    executable = shutil.which("az")
    if executable is None:
        raise NoAz
    return lambda arguments: _run([executable, *arguments, "--only-show-errors"], seconds)


def _run(command: Sequence[str], seconds: float) -> Answer:
    """Run in a group of its own: az is a shell script that starts a Python, and both have to go when time is up."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **_ENVIRONMENT},
        start_new_session=True,
        text=True,
        encoding="utf-8",
        errors="replace",
    )
    with process:
        try:
            said, complaint = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return Answer(failure=f"no answer within {seconds:g} seconds")
    if process.returncode:
        return Answer(failure=without_secrets(f"az ended with {process.returncode}: {complaint.strip()}"))
    return Answer(without_secrets(said))


def gather(steps: Sequence[Step], known: Mapping[str, str], run: Run, download: Run) -> dict[str, Answer]:
    """Ask everything: first what the rest is asked with, then the rest at once; what is `known` is not asked for."""
    values, answers = dict(known), {}
    for step in steps:
        if step.verb == "set":
            values[step.name] = step.filled(values)[0]
        elif step.verb == "learn" and not values.get(step.name):
            answer = answers[step.name] = _asked(step, values, lambda words: run([*words, "--output", "tsv"]))
            values[step.name] = "".join(answer.text.split("\n")).strip() or f"<{step.name} unknown>"
    with ThreadPoolExecutor(AT_ONCE) as pool:
        asked = {
            step.name: pool.submit(_asked, step, values, _json(run) if step.verb == "ask" else _digest(download))
            for step in steps
            if step.verb in {"ask", "digest"}
        }
    return answers | {name: future.result() for name, future in asked.items()}


def _asked(step: Step, values: Mapping[str, str], run: Run) -> Answer:
    words = step.filled(values)
    _, is_unknown, rest = " ".join(words).partition("<")
    if is_unknown and " unknown>" in rest:
        return Answer(failure=f"not asked: {rest.partition(' unknown>')[0]} is not known")
    return run(words)


def _json(run: Run) -> Run:
    def asked(words: Sequence[str]) -> Answer:
        answer = run([*words, "--output", "json"])
        is_page = answer.text.lstrip().startswith("<")
        return Answer(failure="the answer is a page of HTML, not JSON") if is_page else answer

    return asked


def _digest(download: Run) -> Run:
    def asked(words: Sequence[str]) -> Answer:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "download"
            answer = download([*words, "--output-file", str(file)])
            if answer.failure or not file.is_file():
                return answer if answer.failure else Answer(failure="az downloaded nothing")
            return Answer(f'{{"sha256": "{hashlib.sha256(file.read_bytes()).hexdigest()}"}}\n')

    return asked
