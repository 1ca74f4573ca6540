"""One observation."""

from dataclasses import dataclass

from infrastructure.operations.diagnose.advice import Advice
from infrastructure.operations.diagnose.texts import Kind

QUOTED = 220  # characters of a log line


@dataclass(frozen=True, slots=True)
class Sign:
    """How much an observation speaks for a cause (1 to 99); one that `supports` says nothing by itself."""

    kind: Kind
    weight: int
    what: str
    advice: Advice
    supports: bool = False
