"""`trace`: how a mail is found, and that its whole life is shown."""

from datetime import timedelta
from typing import Any

import pytest

from infrastructure.operations.rows import months_before
from infrastructure.operations.search import references_of
from infrastructure.operations.trace.life import place_of
from shared.adapters.tables import TableVendors
from shared.domain.messages import TO_POST, WorkOn
from shared.domain.reason import Reason
from shared.domain.transaction import LONGEST_FIELD, Event, Filing, Key, Notice, Status, Transaction
from tests.domain import made
from tests.operations.place import NOW, Place, row

A, B = "a" * 32, "b" * 32


def sent(digit: str, **fields: Any) -> Transaction:
    given = {"posted_at": NOW, "send_started_at": NOW, "sends": 1, "filing": Filing.DONE, "folder": "Posted", **fields}
    return row(digit, Status.POSTED, **given)


def traced(place: Place, text: str, *options: str) -> list[str]:
    """The ids of the mails that fit, by their first digits."""
    document = place.run("trace", text, "--json", *options).document
    return [match["transaction_id"][0] for match in document["matches"]]


@pytest.mark.parametrize(
    "text",
    [
        A,
        A.upper(),
        A[:12],
        A[:20],
        f"[IA-{A[:12]}]",
        f"IA-{A[:12]}",
        f"Acme | Invoice 7 | FW: Rechnung [IA-{A[:12]}]",
        f"{A}-1",
        f"<{A}-2@contoso.example>",
        "<7@vendor.example>",
        "7@vendor.example",
        "  rechnung  NR. 7 ",
        "ÜBERFÄLLIG",
    ],
)
def test_a_mail_is_found_by_whatever_people_have_of_it(place: Place, text: str) -> None:
    subject = "Überfällig: Rechnung Nr.  7 [red]"
    place.add(row("a", subject=subject, internet_message_id="<7@vendor.example>"), Event("received", "MailIngest"))
    place.add(row("b", subject="Invoice 8", internet_message_id="<8@vendor.example>"))
    assert traced(place, text) == ["a"]


@pytest.mark.parametrize("text", [f"<{'x' * 1200}@vendor.example>", f"{'x' * 1200}@vendor.example"])
def test_a_mail_is_found_by_a_message_id_of_which_its_row_keeps_the_beginning(place: Place, text: str) -> None:
    place.add(row("a", internet_message_id=f"<{'x' * 1200}@vendor.example>"[:LONGEST_FIELD]))
    assert traced(place, text) == ["a"]


def test_digits_that_are_no_id_are_looked_for_in_subjects(place: Place) -> None:
    place.add(row("a", subject="Invoice 202603000417"))
    done = place.run("trace", "202603000417", "--json")
    assert done.code == 0
    assert [match["transaction_id"] for match in done.document["matches"]] == [A]
    first, second = done.document["looked_in"]
    assert first.startswith("transaction ids that begin with 202603000417")
    assert second.startswith("subjects of mails received in")


def test_only_the_months_are_looked_at_but_what_was_sent_is_found_at_any_age(place: Place) -> None:
    old = timedelta(days=200)
    place.add(row("a", subject="Invoice 7", ago=old))
    place.add(sent("b", subject="Invoice 7", ago=old))
    place.do(place.ledger.index_marker(Key(f"{NOW - old:%Y%m}", B)))
    assert traced(place, "Invoice 7") == []
    assert traced(place, A) == []
    assert traced(place, B) == ["b"]
    assert sorted(traced(place, "Invoice 7", "--months", "10")) == ["a", "b"]


def test_what_is_open_is_found_at_any_age(place: Place) -> None:
    place.open(place.add(row("a", ago=timedelta(days=200))))
    assert traced(place, A[:12]) == ["a"]


def test_several_that_fit_are_listed_newest_first(place: Place) -> None:
    for days, digit in enumerate("abc"):
        place.add(row(digit, subject=f"Invoice {digit}", ago=timedelta(days=3 - days)))
    assert traced(place, "invoice") == ["c", "b", "a"]
    done = place.run("trace", "invoice")
    assert done.code == 0
    assert "3 mails match; name one by its id" in done.out
    assert place.run("trace", "invoice", "--json").document["trace"] is None


def test_a_mail_that_is_not_found_is_told_where_was_looked(place: Place) -> None:
    done = place.run("trace", "<9@vendor.example>")
    assert (done.code, done.out) == (3, "")
    assert done.errors.count("\n") == 1
    assert "nothing found among Message-IDs of mails received in" in done.errors
    assert "; subjects of mails" in done.errors
    assert place.names() == set()


def test_the_whole_life_of_a_sent_mail(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INVOICE_MAILBOX", "Invoices@Contoso.example")
    what = sent("a", subject="Invoice 7", attempt=2, answered_reasons=(Reason.UNDELIVERED,))
    place.add(what, Event("received", "MailIngest"), Event("released", "person", "undelivered (jane@pc)"))
    place.keep(TO_POST, "kept-1", WorkOn.on(what.key).to_bytes().decode(), A)
    place.keep(TO_POST, "kept-2", "{}", B)
    document = place.run("trace", A, "--json").document["trace"]
    assert document["transaction"]["Status"] == "posted"
    assert document["transaction"]["Subject"] == "Invoice 7"
    assert [(e["what"], e["by"], e["why"]) for e in document["events"]] == [
        ("received", "MailIngest", ""),
        ("released", "person", "undelivered (jane@pc)"),
    ]
    assert document["events"][0]["at"] == NOW.isoformat()
    assert document["place"] == "Posted"
    assert [message["id"] for message in document["poison"]] == ["kept-1"]
    assert document["forward"] == {
        "reference": f"[IA-{A[:12]}]",
        "marker": f"{A}-2",
        "message_id": f"<{A}-2@contoso.example>",
        "sends": 1,
        "send_started_at": NOW.isoformat(),
        "posted_at": NOW.isoformat(),
    }
    assert document["next_steps"] == ["A message about it failed every time: poison show kept-1"]

    shown = place.run("trace", A)
    assert shown.code == 0
    for part in ("received MailIngest", "released person undelivered (jane@pc)", f"<{A}-2@contoso.example>", "kept-1"):
        assert part in shown.said


def test_a_parked_mail_says_for_whom_it_waits_and_what_to_do(place: Place) -> None:
    keys = ("domain:acme.example", "name:acme")
    what = row(
        "a",
        Status.PARKED,
        reasons=(Reason.VENDOR_UNKNOWN,),
        parked_keys=keys,
        suggestion="Acme Ltd (acme-ltd)",
        filing=Filing.DONE,
        folder="Needs Vendor",
    )
    place.add(what)
    place.do(TableVendors(place.tables).park(keys[:1], what.key))
    trace = place.run("trace", A, "--json").document["trace"]
    assert trace["parked_under"] == ["domain:acme.example"]
    assert trace["place"] == "Needs Vendor"
    assert trace["forward"] is None
    vendor, similar, release = trace["next_steps"]
    assert vendor.startswith("The vendor is not in the vendor master. Add the vendor")
    assert "Acme Ltd (acme-ltd)" in similar
    assert release == f"Without Outlook: release {A}"


def test_a_duplicate_names_the_first(place: Place) -> None:
    place.add(sent("b", subject="Invoice 7"))
    place.add(row("a", Status.REVIEW, reasons=(Reason.DUPLICATE,), duplicate_of=B, filing=Filing.PENDING))
    trace = place.run("trace", A, "--json").document["trace"]
    assert trace["duplicate_of"]["transaction_id"] == B
    assert trace["duplicate_of"]["status"] == "posted"
    assert not any("Without Outlook" in step for step in trace["next_steps"])
    assert B in place.run("trace", A).said


def test_an_open_mail_says_when_it_is_looked_at_and_what_it_waits_for(place: Place) -> None:
    what = place.add(row("a", Status.RECEIVED))
    later = NOW + timedelta(minutes=7)
    place.do(place.ledger.postpone(what.key, what.mail_id, later))
    trace = place.run("trace", A, "--json").document["trace"]
    assert trace["open"] == {"not_before": later.isoformat(), "waiting": True, "stalls": 0, "progress": ""}
    assert trace["next_steps"] == ["Nothing to do: it moves by itself."]
    place.run("emergency-stop", "--why", "odd mails")
    steps = place.run("trace", A, "--json").document["trace"]["next_steps"]
    assert steps[1].startswith("It waits for the end of the emergency stop")


def test_what_a_sender_wrote_changes_nothing_on_the_terminal(place: Place) -> None:
    place.add(row("a", subject="[red]\x1b[2Jpaid[/red]", sender="x@\x07.example"))
    out = place.run("trace", A).out
    assert "[red]\\x1b[2Jpaid[/red]" in out
    assert "\x1b" not in out
    assert "\x07" not in out


def test_the_history_of_a_row_that_is_gone_is_shown(place: Place) -> None:
    what = place.add(row("a"), Event("received", "MailIngest"), Event("enriched", "ExtractEnrich"))
    place.do(place.ledger.index_marker(what.key))
    with place.service.get_table_client("InvoiceTransactions") as table:
        table.delete_entity(what.partition, A)
    done = place.run("trace", A)
    assert done.code == 3
    assert "enriched ExtractEnrich" in done.said
    assert "next: the row is gone" in done.out


def test_a_row_that_cannot_be_read_is_shown_as_it_stands(place: Place) -> None:
    what = place.add(row("a"))
    with place.service.get_table_client("InvoiceTransactions") as table:
        table.update_entity({"PartitionKey": what.partition, "RowKey": A, "Status": "dreaming", "Extra": "kept"})
    done = place.run("trace", A, "--json")
    assert done.code == 3
    trace = done.document["trace"]
    assert (trace["transaction"]["Status"], trace["transaction"]["Extra"]) == ("dreaming", "kept")
    assert "cannot read Status" in trace["next_steps"][0]


@pytest.mark.parametrize(
    ("what", "wanted"),
    [
        (made.row(Status.RECEIVED), "the Inbox"),
        (made.row(Status.RECEIVED, folder="Needs Vendor"), "Needs Vendor or the Inbox"),
        (made.row(Status.POSTED, filing=Filing.PENDING), "on its way from the Inbox to Posted"),
        (made.row(Status.REVIEW, filing=Filing.PENDING, folder="Review"), "Review"),
        (made.row(Status.REVIEW, filing=Filing.DONE, folder="Review"), "Review"),
        (made.row(Status.FAILED, reasons=(Reason.MAIL_GONE,), notice=Notice.OUTCOME), "deleted"),
        (made.row(Status.IGNORED, reasons=(Reason.TAKEN_BY_A_PERSON,)), "where a person put it"),
    ],
    ids=["new", "its vendor came", "just sent", "held again", "held", "gone", "taken"],
)
def test_where_a_mail_lies(what: Transaction, wanted: str) -> None:
    assert place_of(what) == wanted


@pytest.mark.parametrize("text", ["IA-abc", "hello", "a" * 33, "", f"{A}@contoso.example", "[IA-xyz]"])
def test_other_texts_are_no_reference(text: str) -> None:
    assert references_of(text) == ()


def test_months_go_back_over_the_year() -> None:
    assert months_before(made.NOW, 4) == ["202603", "202602", "202601", "202512"]


@pytest.mark.parametrize("arguments", [(" ",), ("x", "--months", "0"), ("x", "--months", "many"), ()], ids=str)
def test_usage_errors_end_with_2(place: Place, arguments: tuple[str, ...]) -> None:
    done = place.run("trace", *arguments)
    assert done.code == 2
    assert "usage: python -m infrastructure.operations trace" in done.errors
