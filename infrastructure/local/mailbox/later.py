"""What happens some time after the request that caused it."""

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable

_log = logging.getLogger(__name__)


class Later:
    """Does things when they are due, in one thread; what is pending at the end is done then, so that nothing is lost.

    A process that is killed loses what was pending: it lives in memory only.
    """

    def __init__(self) -> None:
        """Wait for the first thing to do; the thread starts with it."""
        self._pending: list[tuple[float, int, Callable[[], object]]] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._is_closed = False

    def after(self, seconds: float, act: Callable[[], object]) -> None:
        """Do something after so many seconds; without delay, or once closed, at once."""
        with self._changed:
            is_now = seconds <= 0 or self._is_closed
            if not is_now:
                heapq.heappush(self._pending, (time.monotonic() + seconds, next(self._numbers), act))
                if self._thread is None:
                    self._thread = threading.Thread(target=self._run, name="mailbox later", daemon=True)
                    self._thread.start()
                self._changed.notify()
        if is_now:
            act()

    def close(self) -> None:
        """Do all that is pending without further delay."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while (act := self._next()) is not None:
            try:
                act()
            except Exception:  # noqa: BLE001 (one that fails must not keep the others from happening)
                _log.exception("something due later failed")

    def _next(self) -> Callable[[], object] | None:
        """Wait for the next thing that is due; None when closed and nothing is left."""
        with self._changed:
            while not self._is_closed and (not self._pending or self._pending[0][0] > time.monotonic()):
                self._changed.wait(self._pending[0][0] - time.monotonic() if self._pending else None)
            return heapq.heappop(self._pending)[2] if self._pending else None
