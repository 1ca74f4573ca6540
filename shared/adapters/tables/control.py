"""What people and the synthetic check tell the app while it runs."""

from datetime import datetime

from azure.data.tables import TableClient

from shared.adapters.tables.service import CONTROL, NONCES, Tables, etag_of, get_entity, merge_if_same
from shared.domain.stop import Stop
from shared.domain.transaction import Key

STOP = ("control", "emergency-stop")
SYNTHETIC = "synthetic"  # the partition of the nonces
ARRIVAL = ("arrival", "last")  # beside them, so that whoever writes it needs no other table
_TRIES = 5


class TableControl:
    """Implements the Control port."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def stop(self) -> Stop:
        found = await self._tables.run(CONTROL, get_entity, *STOP)
        if found is None:
            return Stop()
        since = found.get("Since")
        return Stop(
            is_on=bool(found.get("Stopped")),
            why=str(found.get("Why") or "") or "no reason given",
            by=str(found.get("By") or ""),
            since=since if isinstance(since, datetime) else None,
        )

    async def use_nonce(self, nonce: str, key: Key) -> bool:
        return await self._tables.run(NONCES, _use_nonce, nonce, key)

    async def arrived_at(self) -> datetime | None:
        found = await self._tables.run(NONCES, get_entity, *ARRIVAL)
        at = found.get("At") if found else None
        return at if isinstance(at, datetime) else None


def _use_nonce(table: TableClient, nonce: str, key: Key) -> bool:
    for _ in range(_TRIES):
        found = get_entity(table, SYNTHETIC, nonce)
        if found is None:
            return False
        if user := str(found.get("UsedBy") or ""):
            return user == key.transaction_id
        used = {**found, "UsedBy": key.transaction_id, "UsedPartition": key.partition}
        if merge_if_same(table, used, etag_of(found)):
            return True
    return False
