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
        self.numbers: dict[tuple[str, str], Key] = {}
        self.repeats: defaultdict[str, dict[Key, datetime]] = defaultdict(dict)
        self.poisons: dict[tuple[str, str], Poison] = {}

    async def take_permit(self, now: datetime, per_minute: int) -> bool:
        async with self._call("take_permit"):
            minute = now.astimezone(UTC).strftime("%Y%m%d%H%M")
            if self.permits[minute] >= per_minute:
                return False
            self.permits[minute] += 1
            return True

    async def claim_number(self, vendor_id: str, number: str, key: Key) -> Key:
        async with self._call("claim_number"):
            return self.numbers.setdefault((vendor_id, number), key)

    async def take_over_number(self, vendor_id: str, number: str, old: Key, new: Key) -> Key:
        async with self._call("take_over_number"):
            if self.numbers[vendor_id, number] == old:
                self.numbers[vendor_id, number] = new
            return self.numbers[vendor_id, number]

    async def count_repeat(self, digest: str, key: Key, now: datetime) -> int:
        async with self._call("count_repeat"):
            seen = self.repeats[digest]
            own = seen.setdefault(key, now)
            until_own = list(seen)[: list(seen).index(key) + 1]
            return sum(1 for other in until_own if seen[other] >= own - timedelta(hours=1))

    async def set_poison(self, poison: Poison) -> None:
        async with self._call("set_poison"):
            self.poisons[poison.queue, poison.message_id] = poison
