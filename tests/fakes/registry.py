"""The index tables that answer "has this been seen before"."""

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta

from shared.domain.transaction import Key
from shared.ports import Poison
from tests.fakes.trouble import Fallible


class FakeRegistry(Fallible):
    """Implements the Registry port."""

    def __init__(self) -> None:
        super().__init__()
        self.permits: Counter[str] = Counter()  # by UTC minute, yyyymmddHHMM
        self.traits: dict[tuple[str, str], Key] = {}
        self.repeats: defaultdict[str, dict[Key, datetime]] = defaultdict(dict)
        self.poisons: dict[tuple[str, str], Poison] = {}

    async def take_permit(self, now: datetime, per_minute: int) -> bool:
        async with self._call("take_permit"):
            minute = now.astimezone(UTC).strftime("%Y%m%d%H%M")
            if self.permits[minute] >= per_minute:
                return False
            self.permits[minute] += 1
            return True

    async def claim(self, vendor_id: str, trait: str, key: Key) -> Key:
        async with self._call("claim"):
            return self.traits.setdefault((vendor_id, trait), key)

    async def holder(self, vendor_id: str, trait: str) -> Key | None:
        async with self._call("holder"):
            return self.traits.get((vendor_id, trait))

    async def take_over(self, vendor_id: str, trait: str, old: Key, new: Key) -> Key:
        async with self._call("take_over"):
            if self.traits[vendor_id, trait] == old:
                self.traits[vendor_id, trait] = new
            return self.traits[vendor_id, trait]

    async def count_repeat(self, digest: str, key: Key, now: datetime) -> int:
        async with self._call("count_repeat"):
            seen = self.repeats[digest]
            own = seen.setdefault(key, now)
            until_own = list(seen)[: list(seen).index(key) + 1]
            return sum(1 for other in until_own if seen[other] >= own - timedelta(hours=1))

    async def set_poison(self, poison: Poison) -> None:
        async with self._call("set_poison"):
            self.poisons[poison.queue, poison.message_id] = poison

    async def kept_poison(self, queue: str) -> int:
        async with self._call("kept_poison"):
            return sum(1 for kept, _ in self.poisons if kept == queue)
