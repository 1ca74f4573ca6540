"""The verdict for people and for programs."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from infrastructure.operations.diagnose.causes import Cause, Verdict, poison_count
from infrastructure.operations.diagnose.evidence import PEEKED, Change, Deployment, Evidence
from infrastructure.operations.diagnose.signs.app import runtime
from infrastructure.operations.diagnose.signs.package import expected, missing
from infrastructure.operations.diagnose.signs.settings import REQUIRED
from infrastructure.operations.show import age, as_text, one_line, print_line, print_table

KEYS = """\
  at, resource_group, app, slot
  healthy (bool), symptoms: [text]
  causes, the likeliest first: [{cause, score (1 to 99), evidence: [{weight, what}], confirm, mend}]
  facts: {name: text}
  deployments: [{at, status, by, tool, message, active}]
  changes: [{at, by, what, on}]
  unanswered: {command: why}; its names are those of diagnose.sh"""

_DEPLOYMENTS, _CHANGES, _MESSAGE = 5, 12, 60
_STATUS = {0: "pending", 1: "building", 2: "deploying", 3: "failed", 4: "succeeded"}


def as_object(evidence: Evidence, verdict: Verdict) -> dict[str, Any]:
    """The JSON document."""
    return {
        "at": evidence.subject.at,
        "resource_group": evidence.subject.group,
        "app": evidence.subject.app,
        "slot": evidence.subject.slot or "production",
        "healthy": verdict.is_healthy,
        "symptoms": list(verdict.symptoms),
        "causes": [_cause(each) for each in verdict.causes],
        "facts": dict(_facts(evidence)),
        "deployments": [_deployment(each) for each in evidence.deployments or ()],
        "changes": [
            {"at": each.at, "by": each.by, "what": each.what, "on": each.on} for each in _writing(evidence.changes)
        ],
        "unanswered": dict(evidence.unanswered),
    }


def _cause(cause: Cause) -> dict[str, Any]:
    evidence = [{"weight": sign.weight, "what": sign.what} for sign in cause.signs]
    advice = {"confirm": cause.advice.confirm, "mend": cause.advice.mend}
    return {"cause": str(cause.kind), "score": cause.score, "evidence": evidence, **advice}


def _deployment(each: Deployment) -> dict[str, Any]:
    status = _STATUS.get(each.status, str(each.status))
    who = {"by": each.by, "tool": each.tool, "message": each.message}
    return {"at": each.at, "status": status, **who, "active": each.is_active}


def print_report(evidence: Evidence, verdict: Verdict) -> None:
    """Write it to stdout: how it stands, what is wrong, why that may be, and what could not be asked."""
    subject = evidence.subject
    print_line(f"{subject.app}, {subject.slot or 'production'}, in {subject.group}, at {as_text(subject.at)} UTC")
    print_table("how it stands", ("what", "found"), _facts(evidence))
    if evidence.deployments:
        newest = sorted(evidence.deployments, key=_when, reverse=True)[:_DEPLOYMENTS]
        print_table("deployments, newest first", ("at", "status", "by", "with", "message"), map(_cells, newest))
    if changes := _writing(evidence.changes)[:_CHANGES]:
        rows = ((each.at, each.by, each.what, each.on) for each in changes)
        print_table("changes in the resource group, newest first", ("at", "by", "what", "on"), rows)
    for line in _lines(evidence, verdict):
        print_line(line)


def _cells(each: Deployment) -> tuple[object, ...]:
    status = _STATUS.get(each.status, str(each.status)) + (", active" if each.is_active else "")
    return each.at, status, each.by, each.tool, one_line(each.message)[:_MESSAGE]


def _when(each: Deployment | Change) -> float:
    return each.at.timestamp() if each.at else 0.0


def _writing(changes: Sequence[Change]) -> list[Change]:
    """Without what only reads, as .../config/list/action; newest first."""
    found = [each for each in changes if "/list" not in each.what.casefold()]
    return sorted(found, key=_when, reverse=True)


def _lines(evidence: Evidence, verdict: Verdict) -> Iterator[str]:
    if verdict.symptoms:
        yield from ("", "what is wrong")
        yield from (f"  - {symptom}" for symptom in verdict.symptoms)
    if verdict.causes:
        yield from ("", "likely causes, the likeliest first")
    for number, cause in enumerate(verdict.causes, 1):
        yield f"{number}. {cause.kind} (score {cause.score})"
        yield from (f"   {sign.weight:>3}  {sign.what}" for sign in cause.signs)
        yield f"   confirm: {cause.advice.confirm}"
        yield f"   mend:    {cause.advice.mend}"
    if evidence.unanswered:
        yield from ("", "not answered")
        yield from (f"  - {name}: {why}" for name, why in evidence.unanswered.items())
    yield from ("", _summary(verdict, len(evidence.unanswered)))


def _summary(verdict: Verdict, unanswered: int) -> str:
    gaps = f"; {unanswered} questions were not answered" if unanswered else ""
    if verdict.causes:
        first = verdict.causes[0]
        return f"likeliest cause: {first.kind} (score {first.score}){gaps}"
    if verdict.symptoms:
        return f"something is wrong, and nothing known explains it: read the errors of Application Insights{gaps}"
    return f"too little was answered to say how the app is{gaps}" if verdict.is_blind else f"healthy{gaps}"


def _facts(evidence: Evidence) -> Iterator[tuple[str, str]]:
    app, host = evidence.app, evidence.host
    yield "state", app.state if app else "?"
    yield "runtime", f"{evidence.runtime or '?'} (wanted {runtime()})"
    yield "plan", " ".join(filter(None, evidence.plan)) if evidence.plan else "?"
    yield "host", f"{host.state} {host.version}, {len(host.errors)} errors" if host else "?"
    yield "functions loaded", _functions(evidence)
    yield "host starts in 24 h", _starts(evidence)
    yield "package", f"{evidence.package or '?'}, sha256 {evidence.deployed or '?'}"
    yield "last proven package", f"sha256 {evidence.last_good or '?'}"
    yield "settings", _settings(evidence)
    yield "identity", f"{app.identity or 'none'}" if app else "?"
    yield "storage account", evidence.account.id.rpartition("/")[2] if evidence.account else "?"
    yield from _facts_of_work(evidence)


def _facts_of_work(evidence: Evidence) -> Iterator[tuple[str, str]]:
    at = evidence.subject.at
    for run in evidence.runs or ():
        last = f"{age(at - run.last_good)} ago" if run.last_good else "never"
        yield f"runs of {run.name} in 24 h", f"{run.runs}, {run.failed} failed, last good {last}"
    kinds = "?" if evidence.lines is None else f"{sum(line.level >= 3 for line in evidence.lines)}"  # noqa: PLR2004
    yield "kinds of errors in 24 h", kinds
    for queue, (count, oldest) in evidence.queues.items():
        waits = f", the oldest for {age(at - oldest)}" if oldest else ""
        yield f"queue {queue}", f"{count}{' or more' * (count == PEEKED)}{waits}"
    poison = poison_count(evidence)
    yield "poison", "?" if poison is None else str(poison)
    yield "emergency stop", "on" if evidence.stop else "?" if "stop" in evidence.unanswered else "off"


def _functions(evidence: Evidence) -> str:
    if evidence.functions is None:
        return "?"
    gone = missing(evidence.functions)
    off = [function.name for function in evidence.functions if function.is_disabled]
    disabled = f"; disabled: {', '.join(off)}" if off else ""
    absent = f"; missing: {', '.join(gone)}" if gone else ""
    return f"{len(expected()) - len(gone)} of {len(expected())}{absent}{disabled}"


def _starts(evidence: Evidence) -> str:
    if evidence.starts is None:
        return "?"
    latest: datetime | None = max((start.at for start in evidence.starts if start.at), default=None)
    return f"{len(evidence.starts)}" + (f", the last at {as_text(latest)}" if latest else "")


def _settings(evidence: Evidence) -> str:
    if evidence.settings is None:
        return "?"
    there = sum(name in evidence.settings for name in REQUIRED)
    references = sum(setting.is_reference for setting in evidence.settings.values())
    resolved = sum(reference.status == "Resolved" for reference in evidence.references)
    return (
        f"{len(evidence.settings)}, {there} of {len(REQUIRED)} required, {resolved} of {references} references resolved"
    )
