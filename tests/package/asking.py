"""Runs one command-line tool on many things: it is imported once, and each run is a fork of the process that did."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import entry_points
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Question:
    """One run of a tool."""

    arguments: tuple[str, ...]
    site: str = ""  # the folder whose distributions it is to see instead of those around it


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of it."""

    code: int
    output: str


def ask(tool: str, questions: Sequence[Question]) -> list[Answer]:
    """The answers of a console command of this environment, in the order of the questions."""
    with tempfile.TemporaryDirectory(prefix="asking-") as folder:
        task = {"tool": tool, "folder": folder, "questions": [asdict(each) for each in questions]}
        command = [sys.executable, "-X", "utf8", "-W", "ignore", __file__]
        # What the tools run is not ours to cover.
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
        environment = {**inherited, "COLUMNS": "1000", "NO_COLOR": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
        subprocess.run(command, input=json.dumps(task).encode(), env=environment, check=True, capture_output=True)
        codes = json.loads(Path(folder, "codes").read_text("utf-8"))
        outputs = (Path(folder, str(number)).read_text("utf-8", "replace") for number in range(len(questions)))
        return [Answer(code, output) for code, output in zip(codes, outputs, strict=True)]


def main() -> None:
    """The process that forks."""
    task = json.load(sys.stdin)
    (found,) = entry_points(group="console_scripts", name=task["tool"])
    command = found.load()
    codes = []
    for number, question in enumerate(task["questions"]):
        child = os.fork()
        if not child:
            _run(task["tool"], command, question, Path(task["folder"], str(number)))
        codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    Path(task["folder"], "codes").write_text(json.dumps(codes), "utf-8")


def _run(tool: str, command: object, question: dict[str, object], output: Path) -> None:
    """Runs the command in this process and ends it."""
    handle = os.open(output, os.O_WRONLY | os.O_CREAT)
    for stream in (1, 2):
        os.dup2(handle, stream)
    sys.argv = [tool, *question["arguments"]]  # type: ignore[misc]
    if question["site"]:
        sys.path[:] = [str(question["site"]), *(each for each in sys.path if "site-packages" not in each)]
    code: object = 1
    try:
        code = command() or 0  # type: ignore[operator]
    except SystemExit as ended:
        code = ended.code
    except BaseException as error:  # noqa: BLE001  a tool that fails has answered as well
        print(f"{type(error).__name__}: {error}")
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else bool(code))


if __name__ == "__main__":
    main()
