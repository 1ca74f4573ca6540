"""What can go wrong outside: each message says what was asked, what came back, and what to do."""


class Trouble(Exception):
    """Something outside did not do as it was asked."""


class Unreachable(Trouble):
    """No usable answer; asking again may help."""


class Refused(Trouble):
    """A clear no, which asking again does not change."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
