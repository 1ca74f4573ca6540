"""`emergency-stop`, on the real storage emulator: what it writes is what the app reads."""

from datetime import UTC, datetime

import pytest

from shared.adapters.tables import TableControl
from tests.operations.place import NOW, Place


def stopped(place: Place) -> str:
    """Why the app holds still, empty where it works."""
    stop = place.do(TableControl(place.tables).stop())
    return stop.why if stop.is_on else ""


def test_the_app_hears_of_a_stop_and_of_its_end(place: Place) -> None:
    assert stopped(place) == ""
    done = place.run("emergency-stop", "--why", "AP gets\nodd mails")
    assert (done.code, done.errors) == (0, "")
    assert stopped(place) == "AP gets odd mails"
    assert "nothing is lost" in done.out
    assert "emergency-stop --resume" in done.out

    done = place.run("emergency-stop", "--resume", "--why", "it was a drill")
    assert done.code == 0
    assert "resumed by" in done.out
    assert stopped(place) == ""
    (row,) = place.entities("Control")
    assert (row["PartitionKey"], row["RowKey"]) == ("control", "emergency-stop")
    assert (row["Stopped"], row["Why"]) == (False, "it was a drill")


def test_a_stop_says_why_who_and_since_when(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "jane")  # where getpass looks first
    document = place.run("emergency-stop", "--why", "odd mails", "--json").document
    assert (document["stopped"], document["why"], document["changed"]) == (True, "odd mails", True)
    assert document["by"].startswith("jane@")
    assert NOW <= datetime.fromisoformat(document["since"]) <= datetime.now(UTC)
    assert document["account"].startswith("operations")


def test_a_second_stop_leaves_the_first_as_it_is(place: Place) -> None:
    place.run("emergency-stop", "--why", "first")
    before = place.entities("Control")
    done = place.run("emergency-stop", "--why", "second")
    assert done.code == 0
    assert "stopped already" in done.out
    assert "first" in done.out
    assert place.entities("Control") == before


def test_nothing_to_resume_is_no_error_and_writes_nothing(place: Place) -> None:
    done = place.run("emergency-stop", "--resume")
    assert done.code == 0
    assert done.out.endswith("nothing is stopped\n")
    assert place.names() == set()


@pytest.mark.parametrize("arguments", [(), ("--why", " ")], ids=["none", "blank"])
def test_a_stop_without_a_reason_is_refused(place: Place, arguments: tuple[str, ...]) -> None:
    done = place.run("emergency-stop", *arguments)
    assert done.code == 2
    assert "--why is missing" in done.errors
    assert place.names() == set()


def test_a_stop_that_cannot_be_written_ends_with_1_and_one_line(monkeypatch: pytest.MonkeyPatch, place: Place) -> None:
    monkeypatch.setenv("AzureWebJobsStorage", "AccountName=a;AccountKey=S3CRET;TableEndpoint=http://127.0.0.1:1/a")
    done = place.run("emergency-stop", "--why", "odd mails")
    assert (done.code, done.out) == (1, "")
    assert done.errors.startswith("emergency-stop: ")
    assert done.errors.count("\n") == 1
    assert "S3CRET" not in done.errors
