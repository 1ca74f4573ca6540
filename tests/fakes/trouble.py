"""Errors that a test scripts for the next calls of a fake."""

from collections import defaultdict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

Effect = Literal["before", "after"]


class Fallible:
    """A fake whose methods fail on request; `calls` names every call of a port method, in order."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self._scripted: dict[str, deque[tuple[Exception, Effect]]] = defaultdict(deque)

    def fail_next(self, method: str, error: Exception, effect: Effect = "before", times: int = 1) -> None:
        """Let the next calls of a method raise: `before` it did anything, or `after` it took effect."""
        if not hasattr(self, method):
            raise AttributeError(f"{type(self).__name__} has no method {method}")
        self._scripted[method].extend([(error, effect)] * times)

    @property
    def unspent(self) -> list[str]:
        """The methods whose scripted failures have not happened yet."""
        return [method for method, scripted in self._scripted.items() if scripted]

    @asynccontextmanager
    async def _call(self, method: str) -> AsyncIterator[None]:
        self.calls.append(method)
        scripted = self._scripted[method]
        error, effect = scripted.popleft() if scripted else (None, "before")
        if error is not None and effect == "before":
            raise error
        yield
        if error is not None:
            raise error
