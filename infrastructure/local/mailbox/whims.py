"""What a request may run into: the rules that concern it, each with its own dice."""

import re
import threading
from collections.abc import Callable, Sequence
from random import Random
from urllib.parse import unquote

from infrastructure.local.mailbox.fault import Fault


class Armed:
    """A rule at work: its dice, and how often it took effect."""

    def __init__(self, fault: Fault) -> None:
        """Begin with the rule's seed."""
        self.fault = fault
        self.injected = 0
        self.choice = Random(fault.seed)  # noqa: S311 (for which items, never for whether: that has dice of its own)
        self._dice = Random(fault.seed)  # noqa: S311 (a run is to be repeatable)
        self._path = re.compile(fault.path)
        self._lock = threading.Lock()

    def concerns(self, method: str, path: str) -> bool:
        """Say whether the rule is about this request."""
        return self.fault.method in ("", method) and bool(self._path.search(path))

    def fires(self) -> bool:
        """Throw the dice, and count it if the rule takes effect."""
        with self._lock:
            is_spent = self.fault.count is not None and self.injected >= self.fault.count
            is_hit = not is_spent and self._dice.random() < self.fault.rate
            self.injected += is_hit
            return is_hit


class Whims:
    """The rules that concern one request; whoever can make one of them happen takes it."""

    def __init__(self, rules: Sequence[Armed] = (), method: str = "", path: str = "") -> None:
        """Keep the rules about this request."""
        decoded = unquote(path)
        self._rules = [each for each in rules if each.concerns(method, decoded)]
        self.taken: list[str] = []

    def take(self, *kinds: str, applies: Callable[[Fault], bool] | None = None) -> Armed | None:
        """Return the first rule of these kinds that fires; one that could not show here is not asked."""
        for each in self._rules:
            if each.fault.kind in kinds and (applies is None or applies(each.fault)) and each.fires():
                self.taken.append(each.fault.kind)
                return each
        return None


NO_WHIMS = Whims()
