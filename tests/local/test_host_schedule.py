"""NCRONTAB expressions."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from infrastructure.local.host.schedule import Schedule, ScheduleError

MONDAY = datetime(2026, 11, 23, 10, 30, 15, 500_000, UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("* * * * * *", "2026-11-23 10:30:16"),
        ("0 * * * * *", "2026-11-23 10:31:00"),
        ("* * * * *", "2026-11-23 10:31:00"),
        ("*/20 * * * * *", "2026-11-23 10:30:20"),
        ("15 30 10 * * *", "2026-11-24 10:30:15"),
        ("16-18 30 10 * * *", "2026-11-23 10:30:16"),
        ("5/25 * * * * *", "2026-11-23 10:30:30"),
        ("0 0/15 * * * *", "2026-11-23 10:45:00"),
        ("0 10-50/20 * * * *", "2026-11-23 10:50:00"),
        ("0 5,10 9,11 * * *", "2026-11-23 11:05:00"),
        ("0 0 0 * * Mon", "2026-11-30 00:00:00"),
        ("0 0 0 * * tue-thu", "2026-11-24 00:00:00"),
        ("0 0 0 * * Sunday", "2026-11-29 00:00:00"),
        ("0 0 0 * * 0", "2026-11-29 00:00:00"),
        ("0 0 0 1 jan *", "2027-01-01 00:00:00"),
        ("0 0 0 13 * Fri", "2027-08-13 00:00:00"),  # both must match
        ("0 0 0 29 2 *", "2028-02-29 00:00:00"),
        ("59 59 23 31 12 *", "2026-12-31 23:59:59"),
        ("0 0 0 50-3/1 * *", None),
        ("0 30 9 * Jan-Mar 1-5", "2027-01-01 09:30:00"),
        ("0 0 0 5-1 1 *", "2027-01-01 00:00:00"),  # a range may be written backwards
    ],
)
def test_next_after(text: str, expected: str | None) -> None:
    if expected is None:
        with pytest.raises(ScheduleError):
            Schedule.parse(text)
        return
    assert Schedule.parse(text).next_after(MONDAY) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


def test_a_date_that_never_comes_has_no_next() -> None:
    assert Schedule.parse("0 0 0 30 2 *").next_after(MONDAY) is None


def test_an_instant_on_the_schedule_is_not_its_own_next() -> None:
    due = datetime(2026, 11, 23, 10, 31, tzinfo=UTC)
    assert Schedule.parse("0 * * * * *").next_after(due) == due + timedelta(minutes=1)


def test_the_schedule_is_utc_whatever_zone_now_is_in() -> None:
    elsewhere = MONDAY.astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert Schedule.parse("0 0 12 * * *").next_after(elsewhere) == datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    ["", "* * * *", "* * * * * * *", "60 * * * * *", "* * 24 * * *", "* * * 0 * *", "* * * * 13 *", "* * * * * 7",
     "*/0 * * * * *", "a * * * * *", "* * * * foo *", "? * * * * *", "1- * * * * *", "1,,2 * * * * *", "* * * L * *",
     "*-5 * * * * *", "-1 * * * * *", "01:00:00"],
)  # fmt: skip
def test_rejected(text: str) -> None:
    with pytest.raises(ScheduleError):
        Schedule.parse(text)
