"""Judges a finished package: the gate, then every check, those that take long side by side."""

import argparse
import json
import re
import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from infrastructure.checkout import checkout
from infrastructure.package import interpreter as interpreters
from infrastructure.package import lock, policy, probing, runtime
from infrastructure.package.checks import (
    budget,
    bytecode,
    forbidden,
    host_json,
    imports,
    index,
    invoke,
    layout,
    names,
    namespaces,
    native,
    record,
    syntax,
    wheel_tags,
    worker_sdk,
)
from infrastructure.package.checks import lock as lock_check
from infrastructure.package.findings import CouldNotRunError, Finding
from infrastructure.package.fresh import Fresh, compile_package
from infrastructure.package.interpreter import NoInterpreterError
from infrastructure.package.package import Ground, HostileArchiveError, Package, open_package
from infrastructure.package.policy import Policy
from infrastructure.package.probing import Probed
from infrastructure.package.report import FORMATS, Verdict
from infrastructure.package.runtime import Runtime

CLEAN, COULD_NOT_RUN, FINDINGS = 0, 1, 3
PATIENCE = 60.0  # seconds for the app to load and run, as the host has it; it takes two
GATE = "archive"

T = TypeVar("T")
Check = Callable[[Package, Ground], Iterator[Finding]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One check and its demands."""

    findings: Check
    needs_target: bool = False  # nothing of it can be done without the target's interpreter
    needs_system: bool = False  # nor with one that is not on the target's system: it loads native files


RULES: Mapping[str, Rule] = {
    "layout": Rule(layout.findings),
    "host_json": Rule(host_json.findings),
    "forbidden": Rule(forbidden.findings),
    "budget": Rule(budget.findings),
    "lock": Rule(lock_check.findings),
    "wheel_tags": Rule(wheel_tags.findings),
    "record": Rule(record.findings),
    "namespaces": Rule(namespaces.findings),
    "native": Rule(native.findings),
    "names": Rule(names.findings),
    "worker_sdk": Rule(worker_sdk.findings),
    "imports": Rule(imports.findings, needs_target=True),
    "syntax": Rule(syntax.findings, needs_target=True),
    "bytecode": Rule(bytecode.findings, needs_target=True),
    "index": Rule(index.findings, needs_target=True, needs_system=True),
    "invoke": Rule(invoke.findings, needs_target=True, needs_system=True),
}
_IN_PART = {
    "native": "what native files ask of the interpreter was not compared",
    "names": "names were not compared with those of the standard library",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command line of `verify`."""
    parser.add_argument("zip", type=Path, help="the package")
    parser.add_argument("--format", choices=FORMATS, default="text", help="of what goes to stdout (default: text)")
    parser.add_argument(
        "--target", metavar="3.11", type=_version, help="Python version of the worker (default: policy.toml's)"
    )
    parser.add_argument(
        "--allow-skipped", action="store_true", help="exit with 0 though checks could not run on this machine"
    )


def _version(text: str) -> str:
    if not re.fullmatch(r"3\.[0-9]{1,2}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no Python version such as 3.11")
    return text


def run(arguments: argparse.Namespace) -> int:
    """Judges one zip and reports; returns the exit code."""
    rules = policy.read()
    if arguments.target and arguments.target != rules.target.python:
        target = replace(rules.target, python=arguments.target, interpreter=arguments.target)
        rules = replace(rules, target=target)
    verdict = judge(arguments.zip, checkout(), rules)
    sys.stdout.write(FORMATS[arguments.format](verdict))
    return exit_code(verdict, allow_skipped=arguments.allow_skipped)


def exit_code(verdict: Verdict, *, allow_skipped: bool) -> int:
    """Findings count first, then what was not looked at."""
    if verdict.findings:
        return FINDINGS
    return COULD_NOT_RUN if verdict.skipped and not allow_skipped else CLEAN


def judge(
    path: Path,
    root: Path,
    rules: Policy,
    *,
    checks: Collection[str] | None = None,
    patience: float = PATIENCE,
) -> Verdict:
    """Judges a package against a checkout; raises CouldNotRunError where it cannot be done at all.

    `checks` are the rules to apply, all where none are named; the gate is always one of them.
    """
    started = time.perf_counter()
    chosen = [name for name in RULES if checks is None or name in checks]
    try:
        package = open_package(path)
    except OSError as error:
        raise CouldNotRunError(f"{path} cannot be read: {error.strerror}") from error
    except HostileArchiveError as refused:
        skipped = dict.fromkeys(chosen, "the zip was refused before anything of it was used")
        return _verdict(refused.package, rules, skipped=skipped, findings=refused.findings, started=started)
    found, unmet = _runtime(rules)
    with ThreadPoolExecutor(2) as pool:
        ground = _Beginning(package, root, rules, found, frozenset(chosen), patience).ground(pool)
        ran = [name for name in chosen if _can_run(RULES[name], found, rules)]
        return _verdict(
            package,
            rules,
            interpreter=found.version if found else "",
            checks=ran,
            skipped=_skipped(chosen, found, unmet, rules),
            findings=[each for name in ran for each in _found(name, package, ground)],
            measured=_measured(ground.probed()),
            started=started,
        )


def _found(name: str, package: Package, ground: Ground) -> Iterator[Finding]:
    """What a rule finds; one that fails hides nothing of the others, and is no pass."""
    try:
        yield from RULES[name].findings(package, ground)
    except CouldNotRunError:
        raise
    except Exception as error:  # noqa: BLE001  whatever a package holds
        yield Finding(
            name,
            "",
            "it could not be judged to its end",
            "a package that this check can read",
            f"{type(error).__name__}: {error}"[:500],
            "not known: something in the package is as nobody expected it to be",
            "build the package anew; if this stays, the check has a defect",
        )


@dataclass(frozen=True, slots=True)
class _Beginning:
    """What has to be known before the first check."""

    package: Package
    root: Path
    rules: Policy
    runtime: Runtime | None
    chosen: frozenset[str]
    patience: float

    def ground(self, pool: ThreadPoolExecutor) -> Ground:
        """What takes long begins at once, if a check will ask for it."""
        settings = infrastructure_settings(self.root)
        pins = lock.read(self.root / "requirements-lock.txt")

        def compiled(found: Runtime) -> Fresh:
            return compile_package(found.path, self.package.sources)

        def probed(found: Runtime) -> Probed:
            return probing.run(self.package, found, settings, self.patience)

        return Ground(
            self.rules,
            pins,
            settings,
            self.runtime,
            self._begun(pool, compiled, {"syntax", "bytecode"}, Fresh({}, {})),
            self._begun(pool, probed, {"index", "invoke"}, Probed((), ())),
        )

    def _begun(
        self, pool: ThreadPoolExecutor, task: Callable[[Runtime], T], users: set[str], nothing: T
    ) -> Callable[[], T]:
        wanted = users & self.chosen
        if self.runtime is None or not any(_can_run(RULES[name], self.runtime, self.rules) for name in wanted):
            return lambda: nothing
        return pool.submit(task, self.runtime).result


def _runtime(rules: Policy) -> tuple[Runtime | None, str]:
    """The target's interpreter, by its patch version if there is one, or why there is none."""
    unmet = ""
    for version in (rules.target.interpreter, rules.target.python):
        try:
            return runtime.describe(interpreters.find(version)), ""
        except NoInterpreterError as error:
            unmet = str(error)
    return None, unmet


def infrastructure_settings(root: Path) -> Mapping[str, str]:
    """The settings that the infrastructure defines, by name, with values that do no harm."""
    path = root / "local.settings.json.example"
    try:
        return {str(name): str(value) for name, value in json.loads(path.read_text("utf-8"))["Values"].items()}
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise CouldNotRunError(f"{path} does not tell the settings of the app: {error}") from error


def _skipped(chosen: Collection[str], found: Runtime | None, unmet: str, rules: Policy) -> dict[str, str]:
    if found is None:
        whole = {name: unmet for name in chosen if RULES[name].needs_target}
        return {**whole, **{name: f"{why}: {unmet}" for name, why in _IN_PART.items() if name in chosen}}
    skipped: dict[str, str] = {}
    if "bytecode" in chosen and not found.is_of(rules.target.interpreter):
        why = f"compared by the hash of the source only: this is Python {found.version}, not {rules.target.interpreter}"
        skipped["bytecode"] = why
    if not found.is_on(rules.target.machine):
        why = f"this is {found.system}, and the package is for CPython on Linux, {rules.target.machine}"
        skipped |= {name: why for name in chosen if RULES[name].needs_system}
        skipped |= {name: f"{_IN_PART[name]}: {why}" for name in ("native",) if name in chosen}
    return skipped


def _can_run(rule: Rule, found: Runtime | None, rules: Policy) -> bool:
    if found is None:
        return not rule.needs_target
    return found.is_on(rules.target.machine) or not rule.needs_system


def _verdict(
    package: Package,
    rules: Policy,
    *,
    started: float,
    skipped: Mapping[str, str],
    findings: Collection[Finding],
    interpreter: str = "",
    checks: Collection[str] = (),
    measured: Mapping[str, Mapping[str, float]] | None = None,
) -> Verdict:
    return Verdict(
        path=package.path,
        sha256=package.sha256,
        bytes=package.size,
        files=len(package.members),
        target=rules.target.python,
        interpreter=interpreter,
        checks=(GATE, *checks),
        skipped=skipped,
        findings=tuple(sorted(set(findings))),
        measured=measured or {},
        seconds=time.perf_counter() - started,
    )


def _measured(probed: Probed) -> dict[str, dict[str, float]]:
    loads = {answer.order: answer.known.get("load") for answer in probed.answers}
    return {order: {key: load[key] for key in ("cpu", "wall", "modules")} for order, load in loads.items() if load}
