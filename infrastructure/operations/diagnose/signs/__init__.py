"""What in the evidence speaks for which cause, and how much. Pure; one file for each thing that is looked at."""

from infrastructure.operations.diagnose.advice import Advisor
from infrastructure.operations.diagnose.evidence import Evidence
from infrastructure.operations.diagnose.signs import app, control, lines, package, settings, storage
from infrastructure.operations.diagnose.signs.sign import Sign

_LOOKED_AT = (app, settings, storage, package, lines, control)

__all__ = ["Sign", "signs"]


def signs(evidence: Evidence) -> list[Sign]:
    """Everything that speaks for a cause."""
    advisor = Advisor.of(evidence)
    return [sign for each in _LOOKED_AT for sign in each.signs(evidence, advisor)]
