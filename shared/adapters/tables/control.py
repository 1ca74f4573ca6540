"""What people and the synthetic check tell the app while it runs."""

import asyncio
import time
from collections.abc import Callable

from azure.data.tables import TableClient

from shared.adapters.tables.service import CONTROL, Tables, etag_of, get_entity, merge_if_same
from shared.domain.transaction import Key

STOP = ("control", "emergency-stop")
SYNTHETIC = "synthetic"  # the partition of the nonces
_KNOWN_SECONDS = 5.0  # a stop is heard of after that at the latest; to ask before every send costs a request each
_TRIES = 5


class TableControl:
    """Implements the Control port; `seconds` tells how much time has passed."""

    def __init__(self, tables: Tables, seconds: Callable[[], float] = time.monotonic) -> None:
        self._tables = tables
        self._seconds = seconds
        self._asking = asyncio.Lock()
        self._known_until = float("-inf")
        self._why = ""

    async def stopped(self) -> str:
        async with self._asking:
            if self._seconds() > self._known_until:
                found = await self._tables.run(CONTROL, get_entity, *STOP)
                is_stopped = found is not None and bool(found.get("Stopped"))
                self._why = (str(found.get("Why") or "") or "no reason given") if found and is_stopped else ""
                self._known_until = self._seconds() + _KNOWN_SECONDS
            return self._why

    async def use_nonce(self, nonce: str, key: Key) -> bool:
        return await self._tables.run(CONTROL, _use_nonce, nonce, key)


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
