"""The vendor of the synthetic check: written once by whoever may, and needed before any mail is sent."""

from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError

from infrastructure.operations.synthetic import commands
from infrastructure.operations.synthetic.invoice import VENDOR
from shared.adapters.tables import TableVendors
from tests.operations.place import Place


class Answer:
    """What the table service says to a request."""

    def __init__(self, status: int) -> None:
        self.status_code, self.reason = status, "no"


class Refusing:
    """A desk whose log-in may read and not write; a real one needs roles, which the emulator does not know."""

    def __init__(self, status: int) -> None:
        self._status = status

    async def add(self, *_: Any) -> None:
        answer: Any = Answer(self._status)
        raise HttpResponseError("AuthorizationPermissionMismatch", response=answer)


@pytest.fixture(autouse=True)
def _addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNTHETIC_RECIPIENT", "synthetic@contoso.example")
    monkeypatch.setenv("INVOICE_MAILBOX", "invoices@contoso.example")
    monkeypatch.setenv("GRAPH_BASE_URL", "http://127.0.0.1:9/v1.0")  # where nobody answers


def refuse(monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    monkeypatch.setattr(commands, "vendor_desk", lambda _: Refusing(status))


def test_an_engineer_writes_it_and_sends_nothing(place: Place) -> None:
    done = place.run("synthetic", "--vendor-only")
    assert (done.code, done.errors) == (0, "")
    assert place.do(TableVendors(place.tables).get(VENDOR.vendor_id)) is not None
    assert place.entities("SyntheticNonces") == []


def test_a_log_in_that_may_not_write_it_is_told_who_may(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse(monkeypatch, 403)
    done = place.run("synthetic")
    assert done.code == 1
    assert f"the vendor {VENDOR.vendor_id} is not in VendorMaster" in done.errors
    assert "operations synthetic --vendor-only" in done.errors
    assert place.entities("SyntheticNonces") == []


def test_a_storage_that_fails_is_not_taken_for_one_that_forbids(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse(monkeypatch, 500)
    done = place.run("synthetic")
    assert done.code == 1
    assert "--vendor-only" not in done.errors


def test_where_it_is_there_nothing_is_written(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.run("synthetic", "--vendor-only")
    refuse(monkeypatch, 403)
    assert place.run("synthetic", "--vendor-only").code == 0


def test_a_mailbox_that_cannot_be_reached_is_named(place: Place) -> None:
    place.run("synthetic", "--vendor-only")
    done = place.run("synthetic")
    assert done.code == 1
    assert "127.0.0.1 cannot be reached" in done.errors
