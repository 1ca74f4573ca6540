"""What a person has told the app to do."""

from collections.abc import Iterator

from infrastructure.operations.diagnose.advice import Advisor
from infrastructure.operations.diagnose.evidence import Evidence
from infrastructure.operations.diagnose.signs.sign import Sign
from infrastructure.operations.diagnose.texts import Kind


def signs(evidence: Evidence, advisor: Advisor) -> Iterator[Sign]:
    """An emergency stop: no fault, and the reason why nothing is sent."""
    if evidence.stop is not None:
        why, by = evidence.stop
        what = f"an emergency stop is on: {why or 'no reason given'} (by {by or 'unknown'})"
        yield Sign(Kind.EMERGENCY_STOP, 95, what, advisor.stop())
    elif "stop" in evidence.unanswered and (why := _last_known(evidence)):
        yield Sign(Kind.EMERGENCY_STOP, 90, f"an emergency stop was on a moment ago: {why}", advisor.stop())


def _last_known(evidence: Evidence) -> str:
    """Why the app itself said that it was stopped, empty where it did not."""
    watch = evidence.watch
    return str(watch.get("stopped") or "") if watch and evidence.is_current(watch["at"]) else ""
