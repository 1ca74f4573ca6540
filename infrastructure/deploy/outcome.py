"""How a command ended."""

from dataclasses import dataclass
from enum import IntEnum


class Exit(IntEnum):
    """The exit codes."""

    DONE = 0
    COULD_NOT_RUN = 1  # nothing was changed
    USAGE = 2
    PUT_BACK = 3  # refused or put back: production serves what it served before
    PERSON_NEEDED = 4  # production is not proven


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is the matter in one line, what was seen, and the commands that a person may need."""

    exit: Exit
    headline: str
    seen: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
