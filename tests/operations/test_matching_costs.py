"""Finding a vendor costs the same among many vendors as among few."""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence

import pytest

from infrastructure.bench.vendors import made_vendor
from infrastructure.operations.matching import Master, registered
from shared.domain.facts import Fact, Facts
from shared.domain.sender import Sender
from shared.domain.vendor import Likeness, Vendor
from shared.matching import Matching

FEW, MANY = 100, 20_000
WANTED = made_vendor(7)
STRANGER = Sender("jane@stranger-consulting.test", "Jane Doe | Stranger Consulting (jane@elsewhere.test)")


class Counting:
    """A vendor master that counts how often it is asked, and what it answers."""

    def __init__(self, master: Master) -> None:
        self._master = master
        self.calls: Counter[str] = Counter()
        self.most = 0  # in one answer

    async def claimants(self, key: str) -> Sequence[str]:
        self.calls["claimants"] += 1
        return self._noted(await self._master.claimants(key))

    async def get(self, vendor_id: str) -> Vendor | None:
        self.calls["get"] += 1
        return await self._master.get(vendor_id)

    async def alike(self, key: str, limit: int) -> Sequence[Likeness]:
        self.calls["alike"] += 1
        found = await self._master.alike(key, limit)
        self.most = max(self.most, len(found))
        return found

    def _noted(self, found: Sequence[str]) -> Sequence[str]:
        self.most = max(self.most, len(found))
        return found


def fact(text: str) -> Fact[str]:
    return Fact(text, "invoice.pdf, page 1")


async def find(desk: Matching) -> None:
    for facts in (Facts(vat_id=fact(WANTED.vat_id)), Facts(vendor_name=fact(WANTED.vendor_name)), Facts()):
        match = await desk.find(Sender(f"b@mail.{WANTED.domains[0]}"), facts)
        assert match.vendor == WANTED


async def look_around(desk: Matching) -> None:
    for facts in (Facts(vat_id=fact(WANTED.vat_id)), Facts()):
        around = await desk.surroundings(STRANGER, await desk.find(STRANGER, facts))
        assert around.displayed is None


async def suggest(desk: Matching) -> None:
    suggestion = await desk.suggestion(Facts(names=(fact(WANTED.vendor_name.replace("Telecom", "Telecon")),)))
    assert WANTED.vendor_id in suggestion


@pytest.fixture(scope="module")
def masters() -> dict[int, Master]:
    vendors = [made_vendor(number) for number in range(MANY)]
    return {count: Master(vendors[:count]) for count in (FEW, MANY)}


@pytest.mark.parametrize("look_up", [find, look_around, suggest])
async def test_as_many_calls_among_20_000_vendors_as_among_100(
    masters: dict[int, Master], look_up: Callable[[Matching], Awaitable[None]]
) -> None:
    calls = []
    for master in masters.values():
        counting = Counting(master)
        await look_up(Matching(counting, registered))
        assert counting.most <= 100
        calls.append(counting.calls)
    assert calls[0] == calls[1]
    assert calls[0].total() <= 40
