"""A verdict for people, for programs and for GitHub."""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from infrastructure.package.findings import Finding

SCHEMA = Path(__file__).with_name("report.schema.json")
SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a package: every check that ran, those that could not, and all that was found."""

    path: Path
    sha256: str
    bytes: int
    files: int
    target: str  # "3.11"
    interpreter: str  # "3.11.7", or "" where none was found
    checks: tuple[str, ...]  # that ran
    skipped: Mapping[str, str]  # that did not run, or not in full, and why
    findings: tuple[Finding, ...]
    measured: Mapping[str, Mapping[str, float]]  # by order of sys.path: what the import cost
    seconds: float

    @property
    def word(self) -> str:
        """`clean`, `findings`, or `incomplete` where nothing was found and not all was looked at."""
        if self.findings:
            return "findings"
        return "incomplete" if self.skipped else "clean"

    @property
    def summary(self) -> str:
        """The verdict in one line."""
        count, checks = len(self.findings), len(self.checks)
        said = f"{count} finding{'s' * (count != 1)} in {checks} checks" if count else f"clean in {checks} checks"
        skipped = f"; not, or not in full: {', '.join(self.skipped)}" if self.skipped else ""
        return f"{said}{skipped} ({self.seconds:.1f} s)"


def text(verdict: Verdict) -> str:
    """Plain lines that read well in a log."""
    return "\n".join(visible(line) for line in _lines(verdict)) + "\n"


def _lines(verdict: Verdict) -> Iterator[str]:
    yield f"{verdict.path}: {verdict.bytes:,} bytes, {verdict.files:,} files, sha256 {verdict.sha256}"
    yield f"judged for Python {verdict.target}" + (f" by {verdict.interpreter}" if verdict.interpreter else "")
    yield ""
    for check in verdict.checks:
        count = sum(each.check == check for each in verdict.findings)
        state = f"{count} finding{'s' * (count != 1)}" if count else "ok"
        yield f"  {check:<12} {state}{', not in full' if check in verdict.skipped else ''}"
    for check, why in verdict.skipped.items():
        yield f"  {check:<12} could not run: {why}" if check not in verdict.checks else f"  {check:<12} {why}"
    for order, costs in verdict.measured.items():
        yield f"  import ({order}): {costs['cpu']:.2f} s CPU, {costs['wall']:.2f} s, {costs['modules']:,.0f} modules"
    for number, each in enumerate(verdict.findings, 1):
        yield ""
        yield f"{number}. [{each.check}] {each.path or 'the package'}: {each.what}"
        yield f"   wanted:        {each.wanted}"
        yield f"   found:         {each.found}"
        yield f"   in production: {each.effect}"
        yield f"   to do:         {each.remedy}"
    yield ""
    yield verdict.summary


def visible(line: str) -> str:
    """A line in which no character of a hostile name can begin another line or change the terminal."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode("ascii") for each in line)


def as_json(verdict: Verdict) -> str:
    """One object, as report.schema.json describes it."""
    document: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "verdict": verdict.word,
        "package": {
            "path": str(verdict.path),
            "sha256": verdict.sha256,
            "bytes": verdict.bytes,
            "files": verdict.files,
        },
        "target": {"python": verdict.target, "interpreter": verdict.interpreter},
        "checks": list(verdict.checks),
        "skipped": [{"check": check, "why": why} for check, why in verdict.skipped.items()],
        "findings": [asdict(each) for each in verdict.findings],
        "measured": {order: dict(costs) for order, costs in verdict.measured.items()},
        "seconds": round(verdict.seconds, 3),
    }
    # ASCII: a hostile name may hold what no terminal or encoding takes.
    return json.dumps(document, indent=2, ensure_ascii=True) + "\n"


def github(verdict: Verdict) -> str:
    """Annotations; a table goes into the job's summary, where there is one."""
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if summary:
        with Path(summary).open("a", encoding="utf-8") as file:
            file.write(markdown(verdict))
    lines = [annotation("error", each.path, f"{each.check}: {each.what}", _told(each)) for each in verdict.findings]
    lines += [annotation("warning", "", f"{check} did not run in full", why) for check, why in verdict.skipped.items()]
    return "\n".join([*lines, visible(f"{verdict.path}: {verdict.summary}")]) + "\n"


def _told(each: Finding) -> str:
    return f"wanted {each.wanted}\nfound {each.found}\nin production: {each.effect}\nto do: {each.remedy}"


def annotation(level: str, path: str, title: str, message: str) -> str:
    """One line that GitHub shows beside the file, or on the run."""
    """https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands."""
    properties = ",".join(f"{key}={_property(value)}" for key, value in (("file", path), ("title", title)) if value)
    return f"::{level} {properties}::{_data(message)}"


def _data(message: str) -> str:
    return "".join(map(visible, message.replace("%", "%25"))).replace("\\r", "%0D").replace("\\n", "%0A")


def _property(value: str) -> str:
    return visible(value).replace("%", "%25").replace(":", "%3A").replace(",", "%2C")


def markdown(verdict: Verdict) -> str:
    """The verdict as a table."""
    rows = "".join(
        f"| {cell(each.check)} | {cell(each.path or 'the package')} | {cell(each.what)} | {cell(each.wanted)} "
        f"| {cell(each.found)} | {cell(each.effect)} | {cell(each.remedy)} |\n"
        for each in verdict.findings
    )
    titles = ("check", "where", "what", "wanted", "found", "in production", "to do")
    head = f"| {' | '.join(titles)} |\n{'| --- ' * len(titles)}|\n"
    skipped = "".join(f"- {check} did not run in full: {cell(why)}\n" for check, why in verdict.skipped.items())
    return f"### {cell(str(verdict.path))}: {verdict.summary}\n\n{head + rows if rows else ''}{skipped}\n"


def cell(value: str) -> str:
    """A value as the cell of a Markdown table."""
    """Text in which nothing is markup."""
    shown = visible(value).replace("&", "&amp;").replace("<", "&lt;")
    return "".join(f"\\{each}" if each in r"\`*_{}[]()#|!~" else each for each in shown)


FORMATS: Mapping[str, Callable[[Verdict], str]] = {"text": text, "json": as_json, "github": github}
