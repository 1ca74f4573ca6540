"""What the logs of the last day say."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from infrastructure.operations.diagnose.advice import Advice, Advisor
from infrastructure.operations.diagnose.evidence import Evidence, Said
from infrastructure.operations.diagnose.signs.package import expected, is_whole
from infrastructure.operations.diagnose.signs.sign import QUOTED, Sign
from infrastructure.operations.diagnose.texts import TEXTS, Kind, Text
from infrastructure.operations.show import as_text, one_line


def signs(evidence: Evidence, advisor: Advisor) -> Iterator[Sign]:
    """One sign for each text that is known to give a cause away, unless it is over."""
    errors = evidence.host.errors if evidence.host else ()
    lines = [*(evidence.lines or ()), *(Said(error, 3, 1, None) for error in errors)]
    current = [line for line in lines if not is_over(evidence, line)]
    for text in TEXTS:
        found = [line for line in current if _first(line.text, text.kind) is text]
        if found and not (text.is_of_start and _is_refuted(evidence, found)):
            yield _sign(text, found, advisor)


def is_over(evidence: Evidence, line: Said) -> bool:
    """Whether a fault has not shown for so long that it is history; while functions are missing none is."""
    return is_whole(evidence) and not evidence.is_current(line.last)


def _first(line: str, kind: Kind) -> Text | None:
    return next((text for text in TEXTS if text.kind == kind and text.pattern.search(line)), None)


def _is_refuted(evidence: Evidence, lines: list[Said]) -> bool:
    """Whether the app has started well since."""
    good = [start.at for start in evidence.starts or () if start.at and start.loaded >= len(expected())]
    return is_whole(evidence) and bool(good) and all(line.last and line.last < max(good) for line in lines)


def _sign(text: Text, lines: list[Said], advisor: Advisor) -> Sign:
    latest = max(lines, key=_when)
    count = sum(line.count for line in lines)
    seen = f" ({count} times, last {as_text(latest.last)})" if latest.last else ""
    what = f"{text.meaning}{seen}: {_around(text, latest.text)}"
    return Sign(text.kind, text.weight, what, _advice(text, advisor))


def _when(line: Said) -> float:
    return line.last.timestamp() if isinstance(line.last, datetime) else float("inf")


def _around(text: Text, line: str) -> str:
    """The line on one line; of a long one, the part around the text."""
    shown = one_line(line)
    found = text.pattern.search(shown)
    begin = max(0, found.start() - QUOTED // 3) if found and len(shown) > QUOTED else 0
    return f"{'...' if begin else ''}{shown[begin : begin + QUOTED]}{'...' if len(shown) > begin + QUOTED else ''}"


def _advice(text: Text, advisor: Advisor) -> Advice:
    by_kind: Mapping[Kind, Callable[[], Advice]] = {
        Kind.VERSION_MISMATCH: advisor.build,
        Kind.DEPENDENCY_CONFLICT: advisor.build,
        Kind.CORRUPT_PACKAGE: advisor.package,
        Kind.SETTINGS: advisor.settings,
        Kind.STORAGE: advisor.storage_account,
        Kind.MAILBOX_ACCESS: advisor.mailbox,
        Kind.PLATFORM: advisor.platform,
        Kind.EMERGENCY_STOP: advisor.stop,
    }
    return by_kind[text.kind]()
