"""The emergency stop that people put on and take off."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Stop:
    """Whether it is on; `why`, `by` and `since` speak of the last change, and nobody may ever have made one."""

    is_on: bool = False
    why: str = ""
    by: str = ""
    since: datetime | None = None
