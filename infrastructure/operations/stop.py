"""The emergency stop: a row that the tick reads before it admits, and PostToAP before it sends."""

from typing import Any

from infrastructure.operations.account import Account
from shared.adapters.tables import CONTROL, STOP, TableControl
from shared.adapters.tables.service import merge
from shared.domain.stop import Stop


def as_object(stop: Stop) -> dict[str, Any]:
    """A stop for JSON."""
    return {"stopped": stop.is_on, "why": stop.why, "by": stop.by, "since": stop.since}


async def read_stop(account: Account) -> Stop:
    """The stop as it stands; off where nobody ever wrote one."""
    return await TableControl(account.reading).stop()


async def write_stop(account: Account, stop: Stop) -> None:
    """Write the row, and the table where there is none."""
    partition, row = STOP
    columns = {"Stopped": stop.is_on, "Why": stop.why, "By": stop.by, "Since": stop.since}
    await account.tables.run(CONTROL, merge, {"PartitionKey": partition, "RowKey": row, **columns})
