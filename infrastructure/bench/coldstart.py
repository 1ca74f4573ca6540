"""What a cold start costs: of a bare app, of ours packaged naively, and of the deployment package.

Every start is a fresh interpreter of the target's version over a read-only folder; it sees no environment but the
settings. Those of different apps take turns, so that a busy machine is busy for all of them.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from infrastructure.bench.cloud import cloud
from infrastructure.checkout import LocalError, checkout
from infrastructure.local.package import PACKAGES, mounted, read_only
from infrastructure.package import app_files, interpreter, lock, policy, site
from infrastructure.package.build import LOCK
from infrastructure.package.findings import CouldNotRunError

MILESTONES = {
    "indexed": "functions indexed",
    "mail": "first mail parsed",
    "document": "its invoice read",
}
BUDGET = 2.0  # times the CPU of the bare app
OVER = 3  # the exit code where it is exceeded
_SCRIPT = Path(__file__).with_name("milestones.py")
_BARE = ("azure-functions", "werkzeug", "markupsafe")  # what pip installs for a requirement on azure-functions alone
_BARE_APP = """import azure.functions as func

app = func.FunctionApp()


@app.timer_trigger(arg_name="timer", schedule="0 * * * * *")
def tick(timer: func.TimerRequest) -> None:
    pass
"""


@dataclass(frozen=True, slots=True)
class Contender:
    """An app that is started: its folder, how many functions it has, and whether it goes on to a mail."""

    name: str
    folder: Path
    functions: int
    reads_mail: bool = True


Figures = Mapping[str, float]
Runs = list[Mapping[str, Figures]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the benchmark; 0 within the budget, OVER beyond it, 1 where it could not run."""
    parser = argparse.ArgumentParser(prog="python -m infrastructure.bench.coldstart", description=__doc__)
    parser.add_argument(
        "--zip", type=Path, default=checkout() / "dist" / "invoice-agent.zip", help="default: %(default)s"
    )
    parser.add_argument("--runs", type=int, default=7, help="starts of each app; default: %(default)s")
    parsed = parser.parse_args(arguments)
    try:
        return _run(parsed.zip, parsed.runs)
    except (LocalError, CouldNotRunError, interpreter.NoInterpreterError) as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 1


def _run(package: Path, runs: int) -> int:
    python = interpreter.find(policy.read().target.interpreter)
    with _contenders(package) as contenders, cloud() as settings:
        measured = _measure(python, contenders, settings, runs)
    bare, *_, ours = (contender.name for contender in contenders)
    Console(width=None if sys.stdout.isatty() else 140).print(_table(measured, bare, runs))
    ratios = {milestone: _ratio(measured[ours], measured[bare], milestone) for milestone in ("indexed", "mail")}
    over = [f"{MILESTONES[name]} {ratio:.2f}" for name, ratio in ratios.items() if ratio > BUDGET]
    print(f"budget of {BUDGET:g} times the bare app's CPU: " + (f"exceeded: {', '.join(over)}" if over else "kept"))
    return OVER if over else 0


@contextmanager
def _contenders(package: Path) -> Iterator[tuple[Contender, ...]]:
    functions = len(policy.read().functions)
    with TemporaryDirectory(prefix="coldstart-") as folder, mounted(package) as ours:
        bare, naive = Path(folder, "bare"), Path(folder, "naive")
        _make_bare(bare)
        _make_naive(naive)
        with read_only(bare), read_only(naive):
            yield (
                Contender("bare app", bare, 1, reads_mail=False),
                Contender("naive package", naive, functions),
                Contender("this package", ours, functions),
            )


def _make_bare(folder: Path) -> None:
    """An app of one timer, as it is usually deployed: no bytecode but the standard library's."""
    entries = lock.entries(checkout() / LOCK)
    folder.mkdir()
    (folder / "function_app.py").write_text(_BARE_APP)
    chosen = folder / "requirements.txt"
    chosen.write_text("".join(entries[name] for name in _BARE))
    site.install(chosen, policy.read().target, folder / PACKAGES, offline=True)


def _make_naive(folder: Path) -> None:
    """Our app with everything that the lock names, as pip leaves it without bytecode."""
    for name, file in app_files.read(checkout()).items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
    site.install(checkout() / LOCK, policy.read().target, folder / PACKAGES, offline=True)


def _measure(python: Path, contenders: Sequence[Contender], settings: Mapping[str, str], runs: int) -> dict[str, Runs]:
    measured: dict[str, Runs] = {contender.name: [] for contender in contenders}
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("starts", total=(runs + 1) * len(contenders))
        for run in range(runs + 1):
            for contender in contenders:
                milestones = _start(python, contender, settings)
                if run:  # the first of each only warms the file cache
                    measured[contender.name].append(milestones)
                progress.advance(task)
    return measured


def _start(python: Path, contender: Contender, settings: Mapping[str, str]) -> Mapping[str, Figures]:
    """One cold start; -I -S: nothing of this machine's Python but its standard library."""
    way = "whole" if contender.reads_mail else "index"
    command = [str(python), "-I", "-S", "-B", str(_SCRIPT), str(contender.folder), str(time.monotonic()), way]
    environment = {"PYTHONDONTWRITEBYTECODE": "1", "PATH": os.defpath, **settings}
    done = subprocess.run(command, env=environment, cwd="/", capture_output=True, text=True, check=False)  # noqa: S603  our own script
    if done.returncode:
        raise LocalError(f"{contender.name}: the start failed\n{done.stderr[-3000:]}")
    answer = json.loads(done.stdout)
    if answer["functions"] != contender.functions:
        raise LocalError(f"{contender.name}: {answer['functions']} functions, not {contender.functions}")
    milestones: Mapping[str, Figures] = answer["milestones"]
    return milestones


def _median(runs: Runs, milestone: str, figure: str) -> float:
    return statistics.median(run[milestone][figure] for run in runs)


def _ratio(runs: Runs, bare: Runs, milestone: str) -> float:
    """The median of what a start costs beside the bare one that ran just before it, whatever else the machine did."""
    pairs = zip(runs, bare, strict=True)
    return statistics.median(ours[milestone]["cpu"] / theirs["indexed"]["cpu"] for ours, theirs in pairs)


def _table(measured: Mapping[str, Runs], bare: str, runs: int) -> Table:
    table = Table(title=f"from the interpreter's start, medians of {runs}", title_justify="left")
    table.add_column("app")
    table.add_column("until")
    for heading in ("CPU s", "CPU / bare", "wall s", "modules", "peak memory MB"):
        table.add_column(heading, justify="right")
    for name, ran in measured.items():
        for milestone in ran[0]:
            table.add_row(
                name if milestone == "indexed" else "",
                MILESTONES[milestone],
                f"{_median(ran, milestone, 'cpu'):.2f}",
                f"{_ratio(ran, measured[bare], milestone):.2f}",
                f"{_median(ran, milestone, 'wall'):.2f}",
                f"{_median(ran, milestone, 'modules'):.0f}",
                f"{_median(ran, milestone, 'memory') / 1e6:.0f}",
            )
        table.add_section()
    return table


if __name__ == "__main__":
    sys.exit(main())
