"""An outcome for people, for programs and for GitHub."""

import json
import os
from pathlib import Path

from infrastructure.deploy.journal import Journal
from infrastructure.deploy.outcome import Exit, Outcome
from infrastructure.package.report import annotation, cell


def text(outcome: Outcome, journal: Journal) -> str:
    """Plain lines; under GitHub Actions what failed is an annotation as well."""
    lines = [f"{outcome.headline} ({journal.seconds:.0f} s, exit code {outcome.exit:d})"]
    lines += [f"  {seen}" for seen in outcome.seen]
    lines += [f"  run: {command}" for command in outcome.commands]
    shown = [journal.clean(line) if not line.startswith(" ") else f"  {journal.clean(line)}" for line in lines]
    if os.environ.get("GITHUB_ACTIONS") and outcome.exit is not Exit.DONE:
        shown.append(_annotation(outcome, journal))
    return "\n".join(shown) + "\n"


def _annotation(outcome: Outcome, journal: Journal) -> str:
    told = [journal.clean(line) for line in (*outcome.seen, *(f"run: {each}" for each in outcome.commands))]
    return annotation("error", "", journal.clean(outcome.headline), "\n".join(told) or journal.clean(outcome.headline))


def as_json(outcome: Outcome, journal: Journal) -> str:
    """One object: exit, headline, seen, commands, seconds, steps."""
    document = {
        "exit": int(outcome.exit),
        "headline": journal.clean(outcome.headline),
        "seen": [journal.clean(line) for line in outcome.seen],
        "commands": list(outcome.commands),
        "seconds": round(journal.seconds, 1),
        "steps": [{"step": each.what, "result": each.result, "after": round(each.after, 1)} for each in journal.steps],
    }
    return json.dumps(document, indent=2) + "\n"


def summarise(outcome: Outcome, journal: Journal) -> None:
    """Add the steps as a table to the summary of the job, where there is one."""
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if not path:
        return
    rows = "".join(f"| {cell(each.what)} | {cell(each.result)} | {each.after:.0f} s |\n" for each in journal.steps)
    seen = "".join(f"- {cell(journal.clean(line))}\n" for line in outcome.seen)
    commands = "".join(f"\n```\n{command}\n```\n" for command in outcome.commands)
    table = f"| step | result | after |\n| --- | --- | --- |\n{rows}\n" if rows else ""
    with Path(path).open("a", encoding="utf-8") as file:
        file.write(f"### {cell(journal.clean(outcome.headline))}\n\n{table}{seen}{commands}\n")
