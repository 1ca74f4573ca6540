"""Time that passes when a test says so."""

from datetime import UTC, datetime, timedelta

START = datetime(2026, 3, 5, 9, 30, tzinfo=UTC)


class Clock:
    """Called, it tells the time; `advance` is the only thing that moves it."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> datetime:
        self.now += timedelta(seconds=seconds)
        return self.now
