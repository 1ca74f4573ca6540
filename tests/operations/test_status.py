"""`status`: what it counts, and what it says needs a person."""

from datetime import timedelta
from typing import Any

import pytest

from shared.domain.messages import QUEUES, RAW_MAIL, TO_POST, WorkOn
from shared.domain.reason import Reason
from shared.domain.transaction import Filing, Key, Notice, Status, Transaction
from tests.operations.place import Place

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def test_an_app_at_rest_needs_nobody(place: Place) -> None:
    posted = place.now - HOUR
    place.add(place.row("a", Status.POSTED, posted_at=posted, filing=Filing.DONE, ago=2 * HOUR))
    place.add(place.row("b", Status.POSTED, posted_at=posted - HOUR, filing=Filing.DONE, ago=3 * HOUR))
    place.add(place.row("c", Status.PARKED, reasons=(Reason.VENDOR_UNKNOWN,), filing=Filing.DONE, ago=HOUR))
    place.do(place.queues.send(RAW_MAIL, b"{}"))
    done = place.run("status", "--json")
    assert done.code == 0, done.document["needs_a_person"]
    document = done.document
    assert document["account"].startswith("operations")
    assert document["has_ledger"] is True
    assert document["emergency_stop"]["stopped"] is False
    waiting = {queue["queue"]: queue["waiting"] for queue in document["queues"]}
    assert waiting == {queue: 1 if queue == RAW_MAIL else None for queue in QUEUES}
    counts: dict[str, int] = {}
    for line in document["transactions"]:
        counts[line["status"]] = counts.get(line["status"], 0) + line["count"]
    assert counts == {"posted": 2, "parked": 1}
    assert document["last_posted"] == posted.isoformat()
    assert document["last_admitted"] == (place.now - HOUR).isoformat()
    assert document["needs_a_person"] == []

    shown = place.run("status")
    assert shown.code == 0
    assert shown.out.endswith("nothing is overdue; 1 in Needs Vendor and Review, none for longer than a day\n")
    assert f"last mail posted {posted:%Y-%m-%d %H:%M:%S} UTC" in shown.out


def test_an_account_without_a_ledger_is_said_to_be_the_wrong_one(place: Place) -> None:
    done = place.run("status")
    assert done.code == 3
    assert "no table InvoiceTransactions" in done.said
    assert "no mail admitted in these months" in done.out
    assert place.names() == set()


def found(place: Place) -> list[str]:
    """What needs a person."""
    done = place.run("status", "--json")
    findings = done.document["needs_a_person"]
    assert done.code == (3 if findings else 0)
    return [f"{finding['what']} -> {finding['command']}" for finding in findings]


def test_poison_needs_a_person_wherever_it_lies(place: Place) -> None:
    place.add(place.row("a", Status.POSTED))
    body = WorkOn.on(Key("202603", "a" * 32)).to_bytes()
    place.keep(TO_POST, "kept-1", body.decode(), "a" * 32)
    place.poison(RAW_MAIL, body)
    assert found(place) == ["poison messages: 1 of to-post, 1 of raw-mail -> poison list"]
    document = place.run("status", "--json").document
    assert {queue["queue"]: queue["poison_waiting"] for queue in document["queues"] if queue["poison_waiting"]} == {
        RAW_MAIL: 1
    }
    assert {message["queue"] for message in document["poison"]} == {TO_POST, RAW_MAIL}
    assert all("body" not in message for message in document["poison"])


def test_an_emergency_stop_needs_a_person_and_explains_what_nobody_looks_at(place: Place) -> None:
    place.open(place.add(place.row("a")), due=-HOUR)
    assert "no tick looks at: 1, the first for 1 h 0 min" in found(place)[0]
    place.run("emergency-stop", "--why", "odd mails")
    (finding,) = found(place)
    assert finding.endswith(": odd mails -> emergency-stop --resume")


def test_deliveries_in_doubt_need_a_person(place: Place) -> None:
    place.add(place.row("a", Status.REVIEW, reasons=(Reason.DELIVERY_UNCONFIRMED,), filing=Filing.DONE))
    (finding,) = found(place)
    assert finding == f"mails of which nobody knows whether AP has them: 1 ({'a' * 32}) -> trace ID"


def waiting(place: Place, digit: str, status: Status, hours: int, **fields: Any) -> Transaction:
    given: dict[str, Any] = {"filing": Filing.DONE, "folder": "Review", **fields}
    return place.row(digit, status, ago=hours * HOUR, **given)


def test_what_waits_longer_than_a_day_needs_a_person(place: Place) -> None:
    place.add(waiting(place, "a", Status.REVIEW, 25))
    place.add(waiting(place, "b", Status.REVIEW, 50))
    place.add(waiting(place, "c", Status.REVIEW, 23))
    place.add(waiting(place, "d", Status.PARKED, 30))
    place.add(waiting(place, "e", Status.REVIEW, 30, filing=Filing.NONE, reasons=(Reason.TAKEN_BY_A_PERSON,)))
    place.add(waiting(place, "f", Status.FAILED, 30))
    vendor, review = found(place)
    assert vendor == (
        f"mails that wait in Needs Vendor for longer than a day, the first for 1 d 6 h: 1 ({'d' * 32}) -> trace ID"
    )
    assert review.startswith("mails that wait in Review for longer than a day, the first for 2 d 2 h: 2 (bbbb")
    document = place.run("status", "--json").document
    assert [each["transaction_id"][0] for each in document["waiting_long"]] == ["d", "b", "a"]


def test_open_transactions_are_counted_by_state_and_the_stuck_ones_named(place: Place) -> None:
    place.open(place.add(place.row("a", ago=HOUR)))
    place.open(place.add(place.row("b", ago=2 * HOUR)))
    place.open(place.add(place.row("c", Status.POSTED, filing=Filing.PENDING, notice=Notice.OUTCOME)))
    place.open(place.add(place.row("d", Status.POSTED, filing=Filing.DONE, notice=Notice.OUTCOME)))
    place.open(place.add(place.row("e", ago=100 * DAY)))
    document = place.run("status", "--json").document
    states = {each["state"]: each["count"] for each in document["open"]}
    assert states == {"received": 3, "posted, to be filed": 1, "posted, card owed": 1}
    assert document["open"][-1]["oldest"] == (place.now - 100 * DAY).isoformat()
    assert {each["transaction_id"][0] for each in document["stuck"]} == {"b", "e"}
    (finding,) = found(place)
    assert finding.startswith("open transactions that have not moved for 1 h 30 min: 2 (")
    assert "received 3 100 d 0 h" in place.run("status").said


def test_patience_follows_the_apps_own_setting(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.open(place.add(place.row("b", ago=2 * HOUR)))
    monkeypatch.setenv("STUCK_AFTER_SECONDS", "7200")
    assert found(place) == []


def test_an_open_transaction_without_a_row_needs_a_person(place: Place) -> None:
    place.add(place.row("b", Status.POSTED))
    place.open(place.row("a"))
    (finding,) = found(place)
    assert finding == f"open transactions without a row in the ledger: 1 ({'a' * 32}) -> trace ID"


@pytest.mark.parametrize(("minutes", "is_found"), [(5, False), (20, True)])
def test_a_tick_that_does_not_look_needs_a_person(place: Place, minutes: int, *, is_found: bool) -> None:
    place.open(place.add(place.row("a")), due=timedelta(minutes=-minutes))
    assert bool(found(place)) is is_found


def test_a_status_of_a_newer_release_is_counted_and_shown(place: Place) -> None:
    what = place.add(place.row("a"))
    with place.service.get_table_client("InvoiceTransactions") as table:
        table.update_entity({"PartitionKey": what.partition, "RowKey": "a" * 32, "Status": "dreaming"})
    lines = place.run("status", "--json").document["transactions"]
    assert [(line["status"], line["count"]) for line in lines] == [("dreaming", 1)]
    assert place.run("status").code == 0


def test_only_the_months_asked_for_are_counted(place: Place) -> None:
    place.add(place.row("a", ago=70 * DAY))
    assert place.run("status", "--json").document["transactions"] == []
    months = place.run("status", "--json", "--months", "4").document["transactions"]
    assert [(line["month"], line["count"]) for line in months] == [(f"{place.now - 70 * DAY:%Y%m}", 1)]


def test_many_rows_are_read_over_several_pages(place: Place) -> None:
    """A month's partition holds more than the 1,000 entities that the service gives at once, events among them."""
    with place.service.create_table_if_not_exists("InvoiceTransactions") as table:
        for start in range(0, 1200, 100):
            made = [place.row("a", subject=f"Invoice {n}") for n in range(start, start + 100)]
            columns = [
                {
                    **each.to_columns(),
                    "PartitionKey": each.partition,
                    "RowKey": f"{n:032x}",
                    "TransactionId": f"{n:032x}",
                }
                for n, each in enumerate(made, start)
            ]
            table.submit_transaction([("create", each) for each in columns])
    (line,) = place.run("status", "--json").document["transactions"]
    assert line["count"] == 1200


def test_a_status_that_only_may_read_still_works(place: Place) -> None:
    """Looking makes no table: a role that may read alone suffices."""
    place.add(place.row("a", Status.POSTED))
    before = place.names()
    assert place.run("status").code == 0
    assert place.names() == before


def test_storage_that_does_not_answer_ends_with_1_and_one_line(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    ends = "QueueEndpoint=http://127.0.0.1:1/a;TableEndpoint=http://127.0.0.1:1/a"
    monkeypatch.setenv("AzureWebJobsStorage", f"AccountName=a;AccountKey=UzNDUkVU;{ends}")
    done = place.run("status")
    assert (done.code, done.out) == (1, "")
    assert done.errors.startswith("status: storage cannot be reached or refuses: ")
    assert done.errors.count("\n") == 1


def test_settings_at_fault_end_with_1_and_one_line(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AzureWebJobsStorage", "nonsense")
    monkeypatch.setenv("STUCK_AFTER_SECONDS", "soon")
    done = place.run("status", "--json")
    assert (done.code, done.out) == (1, "")
    assert "AzureWebJobsStorage: is no connection string" in done.errors
    assert "STUCK_AFTER_SECONDS: wanted" in done.errors
    assert done.errors.count("\n") == 1


def test_months_that_are_none_are_a_usage_error(place: Place) -> None:
    done = place.run("status", "--months", "-1")
    assert done.code == 2
    assert "wanted a number of months" in done.errors
