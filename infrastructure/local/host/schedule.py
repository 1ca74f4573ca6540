"""NCRONTAB: when a timer fires next. Pure.

Grammar: https://github.com/atifaziz/NCrontab. Six fields, second to day of week; day and day of week must both match.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_PART = re.compile(r"(?P<first>\*|\w+)(?:-(?P<last>\w+))?(?:/(?P<step>\d+))?")
_HORIZON_DAYS = 366 * 8 + 1  # the longest wait for a date that exists: 29 February across a century


class ScheduleError(ValueError):
    """The text is not an NCRONTAB expression."""


@dataclass(frozen=True, slots=True)
class _Field:
    low: int
    high: int
    names: tuple[str, ...] = ()


_FIELDS = (_Field(0, 59), _Field(0, 59), _Field(0, 23), _Field(1, 31), _Field(1, 12, _MONTHS), _Field(0, 6, _DAYS))


@dataclass(frozen=True, slots=True)
class Schedule:
    """The values each field allows, in ascending order."""

    seconds: tuple[int, ...]
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...]
    months: tuple[int, ...]
    weekdays: tuple[int, ...]

    @staticmethod
    def parse(text: str) -> "Schedule":
        """Reads six fields, or five without seconds, as the timer extension does."""
        fields = text.split()
        if len(fields) == len(_FIELDS) - 1:
            fields = ["0", *fields]
        refused = f"The schedule expression '{text}' was not recognized as a valid cron expression or timespan string."
        if len(fields) != len(_FIELDS):
            raise ScheduleError(refused)
        try:
            return Schedule(*(_values(field, part) for field, part in zip(_FIELDS, fields, strict=True)))
        except ScheduleError as error:
            raise ScheduleError(f"{refused} {error}.") from error

    def next_after(self, now: datetime) -> datetime | None:
        """The first instant later than now, in UTC; None for a date that never comes."""
        start = now.astimezone(UTC).replace(microsecond=0) + timedelta(seconds=1)
        day = start.date()
        earliest = start.time()
        for _ in range(_HORIZON_DAYS):
            found = self._first_time(earliest) if self._allows(day) else None
            if found is not None:
                return datetime.combine(day, found, UTC)
            day += timedelta(days=1)
            earliest = time.min
        return None

    def _allows(self, day: date) -> bool:
        return day.month in self.months and day.day in self.days and day.isoweekday() % 7 in self.weekdays

    def _first_time(self, earliest: time) -> time | None:
        for hour in (hour for hour in self.hours if hour >= earliest.hour):
            floor = earliest if hour == earliest.hour else time.min
            for minute in (minute for minute in self.minutes if minute >= floor.minute):
                low = floor.second if minute == floor.minute else 0
                for second in (second for second in self.seconds if second >= low):
                    return time(hour, minute, second)
        return None


def _values(field: _Field, text: str) -> tuple[int, ...]:
    return tuple(sorted({value for part in text.split(",") for value in _part(field, part)}))


def _part(field: _Field, text: str) -> range:
    match = _PART.fullmatch(text)
    if match is None or (match["first"] == "*" and match["last"]):
        raise ScheduleError(f"'{text}' is not a value, range or step of a cron expression")
    step = int(match["step"] or 1)
    if step < 1:
        raise ScheduleError(f"'{text}' has a step of 0")
    if match["first"] == "*":
        return range(field.low, field.high + 1, step)
    first = _value(field, match["first"])
    last = _value(field, match["last"]) if match["last"] else (field.high if step > 1 else first)
    low, high = sorted((first, last))
    return range(low, high + 1, step)


def _value(field: _Field, text: str) -> int:
    if text.isdecimal():
        value = int(text)
    else:
        known = (number for number, name in enumerate(field.names) if name.lower().startswith(text.lower()))
        value = next(known, -field.low - 1) + field.low
    if not field.low <= value <= field.high:
        raise ScheduleError(f"'{text}' is not between {field.low} and {field.high}")
    return value
