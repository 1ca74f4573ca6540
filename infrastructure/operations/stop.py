"""The emergency stop: a row that the tick reads before it admits, and PostToAP before it sends."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from infrastructure.operations.account import Account
from shared.adapters.tables import CONTROL, STOP
from shared.adapters.tables.service import get_entity, merge


@dataclass(frozen=True, slots=True)
class Stop:
    """Whether it is on; `why`, `by` and `since` speak of the last change."""

    is_on: bool = False
    why: str = ""
    by: str = ""
    since: datetime | None = None

    def as_object(self) -> dict[str, Any]:
        """For JSON."""
        return {"stopped": self.is_on, "why": self.why, "by": self.by, "since": self.since}


async def read_stop(account: Account) -> Stop:
    """The stop as it stands; off where nobody ever wrote one."""
    found = await account.reading.run(CONTROL, get_entity, *STOP)
    if found is None:
        return Stop()
    since = found.get("Since")
    return Stop(
        bool(found.get("Stopped")),
        str(found.get("Why") or ""),
        str(found.get("By") or ""),
        since if isinstance(since, datetime) else None,
    )


async def write_stop(account: Account, stop: Stop) -> None:
    """Write the row, and the table where there is none."""
    partition, row = STOP
    columns = {"Stopped": stop.is_on, "Why": stop.why, "By": stop.by, "Since": stop.since}
    await account.tables.run(CONTROL, merge, {"PartitionKey": partition, "RowKey": row, **columns})
