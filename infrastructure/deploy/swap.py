"""Swapping the slots, and finding out what came of it by looking at the packages, whatever ARM answered."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from http import HTTPStatus

from infrastructure.deploy.azure import Arm
from infrastructure.deploy.clock import Clock
from infrastructure.deploy.trouble import Refused, Trouble


class Answer(Enum):
    """How ARM left it."""

    DONE = auto()
    FAILED = auto()  # a clear no, or an operation that ended in failure
    BUSY = auto()  # another operation is in progress
    OPEN = auto()  # no clear answer, or still at it when time was up


class Position(Enum):
    """Which package production holds."""

    SWAPPED = auto()
    AS_BEFORE = auto()
    UNKNOWN = auto()  # neither, or it cannot be read


@dataclass(frozen=True, slots=True)
class SwapPatience:
    """In seconds."""

    operation: float = 600.0  # ARM warms the slot up before it switches
    busy: float = 180.0  # for another operation to end
    settle: float = 120.0  # for the packages to show what happened
    pause: float = 10.0
    lost: int = 5  # failed looks at an operation before it counts as lost


@dataclass(frozen=True, slots=True)
class Exchange:
    """What came of a swap, and whether production may change without anybody doing anything more."""

    position: Position
    may_still_happen: bool
    said: str


def exchange(arm: Arm, look: Callable[[], Position], clock: Clock, patience: SwapPatience) -> Exchange:
    """Swap, and say what production holds then; `look` tells it and never raises.

    Asked again only where ARM was busy and nothing has changed: a swap that is asked for twice swaps back.
    """
    deadline = clock.now() + patience.busy
    while True:
        answer, said = _asked(arm, clock, patience)
        position = _settled(arm, look, answer, clock, patience)
        is_worth_another = answer is Answer.BUSY and position is Position.AS_BEFORE
        if not is_worth_another or clock.now() >= deadline:
            return Exchange(position, position is Position.AS_BEFORE and not arm.is_idle(), said)
        clock.sleep(patience.pause)


def _asked(arm: Arm, clock: Clock, patience: SwapPatience) -> tuple[Answer, str]:
    try:
        link = arm.begin_swap()
    except Refused as error:
        return (Answer.BUSY if error.status == HTTPStatus.CONFLICT else Answer.FAILED), str(error)
    except Trouble as error:
        return Answer.OPEN, str(error)
    return _followed(arm, link, clock, patience) if link else (Answer.DONE, "done at once")


def _followed(arm: Arm, link: str, clock: Clock, patience: SwapPatience) -> tuple[Answer, str]:
    deadline, lost = clock.now() + patience.operation, 0
    while True:
        clock.sleep(patience.pause)
        try:
            if arm.is_over(link):
                return Answer.DONE, "done"
            lost, said = 0, f"ARM has not ended it after {patience.operation:.0f} s"
        except Refused as error:
            return Answer.FAILED, str(error)
        except Trouble as error:
            lost, said = lost + 1, str(error)
        if lost >= patience.lost or clock.now() >= deadline:
            return Answer.OPEN, said


def _settled(arm: Arm, look: Callable[[], Position], answer: Answer, clock: Clock, patience: SwapPatience) -> Position:
    """What production holds once that no longer changes.

    A swap that happened shows at once. One that failed has to be seen as failed twice; where ARM says that it is
    done, or is still at something, the packages get all the time there is to show it.
    """
    deadline, last = clock.now() + patience.settle, None
    while True:
        position = look()
        is_steady = position is last is Position.AS_BEFORE
        is_certain = answer is Answer.BUSY or (answer is Answer.FAILED and arm.is_idle())
        if position is Position.SWAPPED or (is_steady and is_certain) or clock.now() >= deadline:
            return position
        last = position
        clock.sleep(patience.pause)
