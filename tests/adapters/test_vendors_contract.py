"""What every Vendors port promises: a vendor is found by each of its keys and by no other."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from azure.core.exceptions import ServiceRequestError
from azure.core.pipeline.transport import HttpRequest, HttpResponse, RequestsTransport

from infrastructure.local.storage import Storage
from shared.adapters.tables import Tables, TableVendors
from shared.domain.transaction import Key
from shared.domain.vendor import Likeness, Vendor, domain_key, name_key, vat_key, word_keys
from shared.ports import Vendors
from tests.adapters.conftest import own_tables
from tests.adapters.hostile import HOSTILE_TEXTS, LONG_TEXTS
from tests.fakes import FakeVendors

BLUEBIRD = Vendor(
    vendor_name="Bluebird Cloud & Söhne",
    vendor_id="bluebird",
    email_domain=("bluebird-cloud.example", "@Bluebird.example"),
    expense_dept="IT",
    allocation_schedule="A1",
    gl_code="6100",
    billing_party="Contoso",
    notes='O\'Brien; "call first"',
    vat_id="DE 123.456.789",
    aliases=("Blue Bird", "株式会社ブルー", "A/B\\C #1?"),
    ibans=("DE00 1234", "FR76"),
)


@pytest.fixture(params=["fake", "azurite"])
def vendors(request: pytest.FixtureRequest) -> Vendors:
    if request.param == "fake":
        return FakeVendors()
    return TableVendors(Tables(request.getfixturevalue("table_service")))


def a_key() -> Key:
    return Key("202603", uuid4().hex)


async def test_a_vendor_comes_back_as_it_was_written(vendors: Vendors) -> None:
    await vendors.upsert(BLUEBIRD)
    assert await vendors.get("bluebird") == BLUEBIRD


async def test_a_vendor_that_is_not_there_is_none(vendors: Vendors) -> None:
    for text in HOSTILE_TEXTS.values():
        assert await vendors.get(text) is None
        assert await vendors.claimants(text) == []


async def test_all_vendors_come_by_id(vendors: Vendors) -> None:
    assert [vendor async for vendor in vendors.all()] == []
    written = [Vendor(vendor_name=f"Vendor {number}") for number in (3, 1, 2)]
    for vendor in (*written, BLUEBIRD):
        await vendors.upsert(vendor)
    found = [vendor async for vendor in vendors.all()]
    assert found == sorted((*written, BLUEBIRD), key=lambda vendor: vendor.vendor_id)


async def test_every_key_finds_its_vendor(vendors: Vendors) -> None:
    await vendors.upsert(BLUEBIRD)
    assert len(BLUEBIRD.keys) == 7
    for key in BLUEBIRD.keys:
        assert await vendors.claimants(key) == ["bluebird"]
    assert await vendors.claimants(domain_key("BLUEBIRD.example")) == ["bluebird"]
    assert await vendors.claimants(vat_key("de123456789")) == ["bluebird"]
    assert await vendors.claimants(name_key("BLUE  BIRD")) == ["bluebird"]
    assert await vendors.claimants(domain_key("bird.example")) == []


async def test_a_key_of_two_vendors_names_both(vendors: Vendors) -> None:
    rival = Vendor(vendor_name="Rival", email_domain=("bluebird.example",))
    await vendors.upsert(BLUEBIRD)
    await vendors.upsert(rival)
    assert sorted(await vendors.claimants(domain_key("bluebird.example"))) == ["bluebird", "rival"]


async def test_a_key_that_a_vendor_gives_up_finds_it_no_more(vendors: Vendors) -> None:
    await vendors.upsert(BLUEBIRD)
    await vendors.upsert(Vendor(vendor_name="Rival", email_domain=("bluebird.example",)))
    smaller = BLUEBIRD.model_copy(update={"email_domain": ("new.example",), "aliases": (), "vat_id": ""})
    await vendors.upsert(smaller)
    for key in set(BLUEBIRD.keys) - set(smaller.keys) - {domain_key("bluebird.example")}:
        assert await vendors.claimants(key) == []
    assert await vendors.claimants(domain_key("bluebird.example")) == ["rival"]
    assert await vendors.claimants(domain_key("new.example")) == ["bluebird"]


async def test_what_is_merely_like_a_vendor_leads_to_it_too(vendors: Vendors) -> None:
    await vendors.upsert(BLUEBIRD)
    assert BLUEBIRD.likenesses
    for key, text in BLUEBIRD.likenesses.items():
        assert await vendors.alike(key, 5) == [Likeness("bluebird", text)]
    assert await vendors.alike("word:bird of prey", 5) == []


async def test_no_more_likenesses_than_asked_for(vendors: Vendors) -> None:
    for number in range(4):
        await vendors.upsert(Vendor(vendor_name=f"Bluebird {number}"))
    assert len(await vendors.alike(word_keys("bluebird")[0], 3)) == 3


async def test_a_likeness_that_a_vendor_gives_up_is_gone(vendors: Vendors) -> None:
    await vendors.upsert(BLUEBIRD)
    await vendors.upsert(Vendor(vendor_name="Redwood", vendor_id="bluebird"))
    for key in BLUEBIRD.likenesses:
        assert await vendors.alike(key, 5) == []


async def test_accounts_are_learnt_and_nothing_else_changes(vendors: Vendors) -> None:
    await vendors.upsert(BLUEBIRD)
    await vendors.learn_ibans("bluebird", ["FR76", "GB33"])
    await vendors.learn_ibans("bluebird", ["GB33"])
    assert await vendors.get("bluebird") == BLUEBIRD.model_copy(update={"ibans": ("DE00 1234", "FR76", "GB33")})
    await vendors.learn_ibans("nobody", ["GB33"])
    assert await vendors.get("nobody") is None


async def test_accounts_learnt_at_once_are_all_learnt(vendors: Vendors) -> None:
    await vendors.upsert(BLUEBIRD)
    await asyncio.gather(*(vendors.learn_ibans("bluebird", [f"GB{number}"]) for number in range(5)))
    found = await vendors.get("bluebird")
    assert found is not None
    assert set(found.ibans) == {*BLUEBIRD.ibans, *(f"GB{number}" for number in range(5))}


async def test_what_an_update_leaves_empty_is_empty(vendors: Vendors) -> None:
    await vendors.upsert(BLUEBIRD)
    bare = Vendor(vendor_name="Bluebird", vendor_id="bluebird")
    await vendors.upsert(bare)
    assert await vendors.get("bluebird") == bare


async def test_the_same_vendor_twice_changes_nothing(vendors: Vendors) -> None:
    for _ in range(2):
        await vendors.upsert(BLUEBIRD)
    assert await vendors.get("bluebird") == BLUEBIRD
    for key in BLUEBIRD.keys:
        assert await vendors.claimants(key) == ["bluebird"]


async def test_the_same_vendor_several_times_at_once_is_one_vendor(vendors: Vendors) -> None:
    await asyncio.gather(*(vendors.upsert(BLUEBIRD) for _ in range(5)))
    assert await vendors.get("bluebird") == BLUEBIRD
    assert await vendors.claimants(BLUEBIRD.keys[0]) == ["bluebird"]


@pytest.mark.parametrize("texts", [HOSTILE_TEXTS, LONG_TEXTS], ids=["hostile", "long"])
async def test_every_key_is_told_apart_from_every_other(vendors: Vendors, texts: dict[str, str]) -> None:
    names = list(texts.values())
    for number, name in enumerate(names):
        await vendors.park([f"name:{name}"], Key("202603", f"{number:032x}"))
    for number, name in enumerate(names):
        assert await vendors.parked(f"name:{name}", 50) == [Key("202603", f"{number:032x}")]


async def test_a_vendor_with_an_endless_alias_can_be_written(vendors: Vendors) -> None:
    endless = Vendor(vendor_name="Endless", aliases=("endless " * 24 + "endless", "株式会社" * 50))
    await vendors.upsert(endless)
    assert await vendors.get("endless") == endless
    for key in endless.keys:
        assert await vendors.claimants(key) == ["endless"]


async def test_a_mail_waits_under_every_key_until_it_is_unparked(vendors: Vendors) -> None:
    key, other = a_key(), Key("202512", uuid4().hex)
    for _ in range(2):
        await vendors.park(["domain:a.example", "name:a"], key)
    await vendors.park(["name:a"], other)
    assert await vendors.parked("domain:a.example", 50) == [key]
    assert set(await vendors.parked("name:a", 50)) == {key, other}
    for _ in range(2):
        await vendors.unpark(["domain:a.example", "name:a", "name:never parked"], key)
    assert await vendors.parked("domain:a.example", 50) == []
    assert await vendors.parked("name:a", 50) == [other]


async def test_parked_mails_come_a_page_at_a_time_until_none_is_left(vendors: Vendors) -> None:
    waiting = {a_key() for _ in range(23)}
    for key in waiting:
        await vendors.park(["name:a"], key)
    woken: list[Key] = []
    while page := await vendors.parked("name:a", 10):
        assert len(page) <= 10
        woken += page
        for key in page:
            await vendors.unpark(["name:a"], key)
    assert len(woken) == 23
    assert set(woken) == waiting


async def test_a_page_holds_no_more_than_was_asked_for(vendors: Vendors) -> None:
    for _ in range(4):
        await vendors.park(["name:a"], a_key())
    assert [len(await vendors.parked("name:a", limit)) for limit in (1, 3, 4, 5)] == [1, 3, 4, 4]


class BreaksOff(RequestsTransport):  # type: ignore[misc]  # the SDK loads it lazily, without its type
    """Does not get through any more from the first request of a chosen method on, until it is mended."""

    def __init__(self) -> None:
        super().__init__()
        self.method = ""

    def send(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        if request.method == self.method:
            raise ServiceRequestError("no connection")
        response: HttpResponse = super().send(request, **kwargs)
        return response


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
async def test_an_update_that_broke_off_is_completed_by_the_next_try(azurite: Storage, method: str) -> None:
    transport = BreaksOff()
    with own_tables(azurite, transport=transport, retry_total=0) as service:
        vendors = TableVendors(Tables(service))
        await vendors.upsert(BLUEBIRD)
        smaller = BLUEBIRD.model_copy(update={"aliases": (), "email_domain": ("new.example",)})
        transport.method = method
        with pytest.raises(ServiceRequestError):
            await vendors.upsert(smaller)
        transport.method = ""
        await vendors.upsert(smaller)
        assert await vendors.get("bluebird") == smaller
        found = {key: await vendors.claimants(key) for key in {*BLUEBIRD.keys, *smaller.keys}}
        assert {key for key, claimants in found.items() if claimants} == set(smaller.keys)
