"""Keys and tokens of this run, so that none of them is ever shown."""


class Secrets:
    """What was given to us in confidence."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    def add(self, value: str) -> str:
        """Remember a key or a token, and return it."""
        if value:
            self._known.add(value)
        return value

    def hidden(self, text: str) -> str:
        """The text with a mark in the place of each secret: a server may send back what it was sent."""
        for value in sorted(self._known, key=len, reverse=True):
            text = text.replace(value, "***")
        return text
