"""The vendor master and the mails that wait for it."""

from collections import defaultdict
from collections.abc import AsyncIterator, Sequence

from shared.domain.transaction import Key
from shared.domain.vendor import Likeness, Vendor, with_ibans
from tests.fakes.trouble import Fallible

MOST_CLAIMANTS = 10


class FakeVendors(Fallible):
    """Implements the Vendors port; `add` is for arranging a test."""

    def __init__(self, *vendors: Vendor) -> None:
        super().__init__()
        self.vendors: dict[str, Vendor] = {}
        self.claims: defaultdict[str, set[str]] = defaultdict(set)
        self.likenesses: defaultdict[str, dict[str, str]] = defaultdict(dict)
        self.waiting: defaultdict[str, set[Key]] = defaultdict(set)
        self.add(*vendors)

    def add(self, *vendors: Vendor) -> None:
        for vendor in vendors:
            before = self.vendors.get(vendor.vendor_id)
            for key in before.keys if before else ():
                self.claims[key].discard(vendor.vendor_id)
            for key in before.likenesses if before else ():
                self.likenesses[key].pop(vendor.vendor_id, None)
            self.vendors[vendor.vendor_id] = vendor
            for key in vendor.keys:
                self.claims[key].add(vendor.vendor_id)
            for key, text in vendor.likenesses.items():
                self.likenesses[key][vendor.vendor_id] = text

    async def claimants(self, key: str) -> Sequence[str]:
        async with self._call("claimants"):
            return sorted(self.claims[key])[:MOST_CLAIMANTS]

    async def alike(self, key: str, limit: int) -> Sequence[Likeness]:
        async with self._call("alike"):
            return [Likeness(vendor_id, text) for vendor_id, text in sorted(self.likenesses[key].items())][:limit]

    async def get(self, vendor_id: str) -> Vendor | None:
        async with self._call("get"):
            return self.vendors.get(vendor_id)

    async def all(self) -> AsyncIterator[Vendor]:
        async with self._call("all"):
            found = sorted(self.vendors.items())
        for _, vendor in found:
            yield vendor

    async def upsert(self, vendor: Vendor) -> None:
        async with self._call("upsert"):
            self.add(vendor)

    async def learn_ibans(self, vendor_id: str, ibans: Sequence[str]) -> None:
        async with self._call("learn_ibans"):
            if vendor := self.vendors.get(vendor_id):
                learnt = with_ibans(vendor.ibans, ibans)
                self.vendors[vendor_id] = vendor.model_copy(update={"ibans": learnt})

    async def park(self, vendor_keys: Sequence[str], key: Key) -> None:
        async with self._call("park"):
            for vendor_key in vendor_keys:
                self.waiting[vendor_key].add(key)

    async def unpark(self, vendor_keys: Sequence[str], key: Key) -> None:
        async with self._call("unpark"):
            for vendor_key in vendor_keys:
                self.waiting[vendor_key].discard(key)

    async def parked(self, vendor_key: str, limit: int) -> Sequence[Key]:
        async with self._call("parked"):
            return sorted(self.waiting[vendor_key], key=lambda key: key.transaction_id)[:limit]
