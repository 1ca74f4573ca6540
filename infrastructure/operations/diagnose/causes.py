"""The verdict on the evidence: what is wrong, and the likely causes, the likeliest first. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import prod

from infrastructure.operations.diagnose.advice import Advice
from infrastructure.operations.diagnose.evidence import Evidence
from infrastructure.operations.diagnose.signs import Sign, signs
from infrastructure.operations.diagnose.signs.package import expected, missing
from infrastructure.operations.diagnose.texts import Kind
from infrastructure.operations.show import age

SILENT = timedelta(minutes=10)  # without a good run of MailIngest, which runs every minute
ERROR_PERCENT, ERROR_FLOOR = 1.0, 3  # of runs; as the alert error-rate


@dataclass(frozen=True, slots=True)
class Cause:
    """A likely cause, its score from 1 to 99, and the commands that confirm and mend it."""

    kind: Kind
    score: int
    signs: tuple[Sign, ...]
    advice: Advice


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is wrong, why that may be, and whether enough is known to call the app healthy."""

    symptoms: tuple[str, ...]
    causes: tuple[Cause, ...]
    is_blind: bool  # nothing was found, and too little was answered

    @property
    def is_healthy(self) -> bool:
        """Whether nothing is wrong, as far as can be seen from here."""
        return not (self.symptoms or self.causes or self.is_blind)


def judge(evidence: Evidence) -> Verdict:
    """Rank the causes by the evidence."""
    symptoms, found = tuple(_symptoms(evidence)), signs(evidence)
    if not symptoms:
        alone = {sign.kind for sign in found if not sign.supports}
        found = [sign for sign in found if sign.kind in alone]
    kinds = {sign.kind for sign in found}
    causes = [_cause(kind, [sign for sign in found if sign.kind == kind]) for kind in Kind if kind in kinds]
    causes.sort(key=lambda cause: -cause.score)
    lacks = evidence.app is None or evidence.functions is None
    return Verdict(symptoms, tuple(causes), is_blind=lacks and not symptoms and not causes)


def _cause(kind: Kind, found: Sequence[Sign]) -> Cause:
    """Signs add up as independent doubts: two of 60 leave 16 % of doubt."""
    ranked = sorted(found, key=lambda sign: -sign.weight)
    doubt = prod(1 - sign.weight / 100 for sign in ranked)
    return Cause(kind, min(99, round(100 * (1 - doubt))), tuple(ranked), ranked[0].advice)


def _symptoms(evidence: Evidence) -> Iterator[str]:
    gone = missing(evidence.functions) if evidence.functions is not None else ()
    if gone:
        yield f"{len(expected()) - len(gone)} of {len(expected())} functions loaded; missing: {', '.join(gone)}"
    if evidence.app and evidence.app.state != "Running":
        yield f"the app is {evidence.app.state or 'in no state'}"
    if evidence.host and evidence.host.state != "Running":
        yield f"the host is {evidence.host.state or 'in no state'}"
    if evidence.host and evidence.host.errors:
        yield f"the host reports {len(evidence.host.errors)} errors"
    if evidence.is_production:
        yield from _symptoms_of_work(evidence)


def poison_count(evidence: Evidence) -> int | None:
    """Messages that were given up, by the table or the app's own last count; None where neither answered."""
    if evidence.poison_kept is not None or not evidence.watch:
        return evidence.poison_kept
    return int(evidence.watch.get("poison_kept") or 0) + int(evidence.watch.get("poison_queued") or 0)


def _symptoms_of_work(evidence: Evidence) -> Iterator[str]:
    at = evidence.subject.at
    if evidence.runs is not None:
        ingest = evidence.run_of("MailIngest")
        if ingest is None or ingest.last_good is None:
            yield "no run of MailIngest succeeded in 24 h"
        elif at - ingest.last_good > SILENT:
            yield f"the last good run of MailIngest was {age(at - ingest.last_good)} ago"
        total, failed = sum(run.recent for run in evidence.runs), sum(run.recent_failed for run in evidence.runs)
        if failed >= ERROR_FLOOR and 100 * failed >= ERROR_PERCENT * total:
            yield f"{failed} of {total} runs failed in the last hour ({100 * failed / total:.1f} %)"
    if poison := poison_count(evidence):
        yield f"{poison} poison messages: python -m infrastructure.operations poison list"
    for queue, (count, oldest) in evidence.queues.items():
        if oldest and at - oldest > timedelta(hours=1):
            yield f"{queue}: {count} messages in front, the oldest waits for {age(at - oldest)}"
