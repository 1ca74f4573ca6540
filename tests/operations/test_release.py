"""`release`: what it writes, what it refuses, and that the stages take up what it wrote."""

import io
from datetime import timedelta
from typing import Any

import pytest

from infrastructure.operations.release import obstacle, put_back
from shared.casework import Desk
from shared.domain.messages import RAW_MAIL, WorkOn
from shared.domain.reason import Reason
from shared.domain.transaction import Event, Filing, Notice, Status, Transaction
from tests.domain import made
from tests.operations.place import NOW, Place, row
from tests.stages.world import World


def filed(digit: str, status: Status, *reasons: Reason, **fields: Any) -> Transaction:
    folders = {Status.REVIEW: "Review", Status.PARKED: "Needs Vendor", Status.FAILED: "Failed", Status.POSTED: "Posted"}
    given = {"filing": Filing.DONE, "folder": folders.get(status, "Ignored"), "subject": "Invoice 7", **fields}
    return row(digit, status, reasons=reasons, **given)


def test_a_mail_is_released_and_driven(place: Place) -> None:
    before = place.add(filed("a", Status.REVIEW, Reason.DUPLICATE), Event("review", "ExtractEnrich", "duplicate"))
    done = place.run("release", before.transaction_id, "--why", "not\nthe same", "--yes")
    assert (done.code, done.errors) == (0, "")
    assert "waived: duplicate. The same invoice came before." in done.out
    after = place.read(before.key)
    assert (after.status, after.reasons, after.answered_reasons) == (Status.RECEIVED, (), (Reason.DUPLICATE,))
    assert (after.folder, after.filing, after.attempt) == ("Review", Filing.NONE, 1)
    assert place.bodies(RAW_MAIL) == [WorkOn.on(before.key).to_bytes()]
    (entry,) = place.do(place.ledger.open_entries())
    assert entry.key == before.key
    (event,) = [each for each in place.entities("InvoiceTransactions") if each.get("What") == "released"]
    assert event["By"] == "person"
    assert event["Why"].startswith("duplicate (")
    assert event["Why"].endswith(": not the same)")


def test_a_second_release_changes_nothing(place: Place) -> None:
    before = place.add(filed("a", Status.REVIEW, Reason.DUPLICATE))
    place.run("release", before.transaction_id, "--yes")
    once = place.read(before.key)
    done = place.run("release", before.transaction_id, "--yes", "--json")
    assert done.code == 0
    assert done.document["released"] is False
    assert place.read(before.key) == once
    assert len(place.bodies(RAW_MAIL)) == 1


@pytest.mark.parametrize(
    "text", ["a" * 12, f"[IA-{'a' * 12}]", f"FW: Invoice 7 [IA-{'a' * 12}]"], ids=["digits", "tag", "subject"]
)
def test_a_mail_is_named_by_its_tag(place: Place, text: str) -> None:
    before = place.add(filed("a", Status.FAILED, Reason.NO_PROGRESS, ago=timedelta(days=31)))
    assert place.run("release", text, "--yes").code == 0
    assert place.read(before.key).status is Status.RECEIVED


@pytest.mark.parametrize("reason", [Reason.DELIVERY_UNCONFIRMED, Reason.UNDELIVERED])
def test_a_mail_in_doubt_is_sent_once_more_and_that_is_said(place: Place, reason: Reason) -> None:
    status = Status.REVIEW if reason is Reason.DELIVERY_UNCONFIRMED else Status.FAILED
    before = place.add(filed("a", status, reason, sends=1, send_started_at=NOW, draft_id="d"))
    done = place.run("release", before.transaction_id, "--yes")
    assert "sent once more, as attempt 2; AP may get it twice" in done.out
    after = place.read(before.key)
    assert (after.attempt, after.send_started_at, after.draft_id) == (2, None, "")


def test_an_unknown_vendor_is_not_waived_and_it_is_said_what_helps(place: Place) -> None:
    before = place.add(filed("a", Status.PARKED, Reason.VENDOR_UNKNOWN))
    done = place.run("release", before.transaction_id, "--yes")
    assert done.code == 0
    assert "not waived: vendor_unknown. The vendor is not in the vendor master. Add the vendor" in done.out
    assert place.read(before.key).answered_reasons == ()


@pytest.mark.parametrize(
    ("before", "said"),
    [
        pytest.param(filed("a", Status.POSTED, posted_at=NOW), "is never sent again", id="posted"),
        pytest.param(
            filed("a", Status.REVIEW, Reason.DUPLICATE, filing=Filing.PENDING),
            "still filing its mail",
            id="to be filed",
        ),
        pytest.param(
            filed("a", Status.IGNORED, Reason.TAKEN_BY_A_PERSON, filing=Filing.NONE), "find it in Outlook", id="taken"
        ),
        pytest.param(filed("a", Status.FAILED, Reason.MAIL_GONE, filing=Filing.NONE), "which releases it", id="gone"),
        pytest.param(
            filed("a", Status.REVIEW, Reason.DUPLICATE, filing=Filing.NONE), "release it after that", id="never filed"
        ),
    ],
)
def test_what_cannot_be_released_is_left_as_it_is(place: Place, before: Transaction, said: str) -> None:
    now = place.add(before)
    done = place.run("release", now.transaction_id, "--yes")
    assert (done.code, done.out) == (3, "")
    assert said in done.errors
    assert done.errors.count("\n") == 1
    assert place.read(now.key) == now
    assert place.bodies(RAW_MAIL) == []


@pytest.mark.parametrize("answer", ["y\n", "n\n", ""])
def test_a_person_is_asked(place: Place, monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    before = place.add(filed("a", Status.REVIEW, Reason.DUPLICATE))
    monkeypatch.setattr("sys.stdin", io.StringIO(answer))
    done = place.run("release", before.transaction_id)
    assert "release it? [y/N]" in done.errors
    is_released = answer == "y\n"
    assert done.code == (0 if is_released else 1)
    assert (place.read(before.key) == before) is not is_released


class _Impatient(io.StringIO):
    """A person whose mail the app writes while they think."""

    def __init__(self, place: Place, before: Transaction) -> None:
        super().__init__("y\n")
        self._place, self._before = place, before

    def readline(self, size: int | None = -1, /) -> str:  # type: ignore[override]  # typeshed: as bytes in its base
        after = self._before.changed(NOW, notice=Notice.NONE)
        self._place.do(self._place.ledger.update(after, Event("announced", "Notify")))
        return super().readline()


def test_a_mail_that_moves_while_the_person_thinks_is_not_released(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = place.add(filed("a", Status.REVIEW, Reason.DUPLICATE, notice=Notice.OUTCOME))
    monkeypatch.setattr("sys.stdin", _Impatient(place, before))
    done = place.run("release", before.transaction_id)
    assert done.code == 1
    assert "was written by the app in between" in done.errors
    assert place.read(before.key).status is Status.REVIEW
    assert place.bodies(RAW_MAIL) == []


def test_an_emergency_stop_is_mentioned(place: Place) -> None:
    before = place.add(filed("a", Status.REVIEW, Reason.DUPLICATE))
    place.run("emergency-stop", "--why", "odd mails")
    done = place.run("release", before.transaction_id, "--yes")
    assert done.code == 0
    assert done.out.rstrip().endswith(": odd mails")


def test_a_mail_that_is_not_known_is_not_found(place: Place) -> None:
    done = place.run("release", "b" * 32, "--yes")
    assert (done.code, done.out) == (3, "")
    assert "no transaction begins with bbbb" in done.errors


def test_a_row_that_cannot_be_read_is_left_alone(place: Place) -> None:
    before = place.add(filed("a", Status.REVIEW))
    with place.service.get_table_client("InvoiceTransactions") as table:
        table.update_entity({"PartitionKey": before.partition, "RowKey": before.transaction_id, "Status": "dreaming"})
    done = place.run("release", before.transaction_id, "--yes")
    assert done.code == 3
    assert "cannot read Status" in done.errors


@pytest.mark.parametrize("text", ["", "Invoice 7", "abc", f"[IA-{'a' * 12}] [IA-{'b' * 12}]"])
def test_a_text_that_names_no_single_mail_is_a_usage_error(place: Place, text: str) -> None:
    done = place.run("release", text)
    assert done.code == 2
    assert "wanted a transaction id" in done.errors


@pytest.mark.parametrize("status", sorted({Status.REVIEW, Status.PARKED, Status.IGNORED, Status.FAILED}))
def test_a_mail_that_lies_where_the_app_filed_it_may_be_released(status: Status) -> None:
    assert obstacle(made.row(status, filing=Filing.DONE)) == ""


async def test_the_stages_send_on_and_file_a_mail_that_was_released_where_it_lies() -> None:
    world = World()
    world.invoice()
    mail = world.invoice()
    await world.settle()
    assert (world.outcome(mail), world.folder(mail)) == ("review: duplicate", "Review")
    desk = Desk(world.ledger, world.clock, "release", timedelta(minutes=15))
    await desk.reopen(world.queues, put_back(world.row(mail), world.clock()), Event("released", "person"))
    await world.settle()
    assert (world.outcome(mail), world.folder(mail)) == ("posted", "Posted")
    assert len(world.mailbox.ap_inbox) == 2


async def test_a_mail_that_stops_again_after_its_release_lies_in_its_folder() -> None:
    world = World()
    mail = world.invoice(sender="billing@nobody.example")
    await world.settle()
    desk = Desk(world.ledger, world.clock, "release", timedelta(minutes=15))
    await desk.reopen(world.queues, put_back(world.row(mail), world.clock()), Event("released", "person"))
    await world.settle()
    assert (world.outcome(mail), world.folder(mail)) == ("parked: vendor_unknown", "Needs Vendor")
