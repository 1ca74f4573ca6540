"""What a sabotaged package is: how it is made from a good one, and what must be found in it."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.package.draft import Draft, Original

Spoil = Callable[[Draft], None]
Rewrite = Callable[[Original, Path], None]


@dataclass(frozen=True, slots=True)
class Sabotage:
    """One way to spoil a package."""

    name: str
    fault: str  # what was done, as the table of the README tells it
    production: str  # what the worker makes of it
    check: str  # the rule that must find it
    path: str  # the member that must be named, or "" for the package as a whole
    word: str  # what the finding must say
    spoil: Spoil | None = None
    rewrite: Rewrite | None = None  # for faults of the archive itself, which members cannot tell

    def make(self, original: Original, path: Path) -> Path:
        """Writes the spoilt package."""
        if self.rewrite:
            self.rewrite(original, path)
            return path
        assert self.spoil
        members = original.draft()
        self.spoil(members)
        return original.write(members, path)


class Collection:
    """The ways to spoil that one file tells."""

    def __init__(self, production: str = "") -> None:
        self.all: list[Sabotage] = []
        self._production = production

    def spoil(self, check: str, path: str, word: str, production: str = "") -> Callable[[Spoil], Spoil]:
        """Registers a function that changes the members; its docstring is the fault."""

        def register(function: Spoil) -> Spoil:
            self._add(function, check, path, word, production, spoil=function)
            return function

        return register

    def rewrite(self, check: str, path: str, word: str, production: str = "") -> Callable[[Rewrite], Rewrite]:
        """Registers a function that writes the zip itself."""

        def register(function: Rewrite) -> Rewrite:
            self._add(function, check, path, word, production, rewrite=function)
            return function

        return register

    def _add(
        self,
        function: Spoil | Rewrite,
        check: str,
        path: str,
        word: str,
        production: str,
        *,
        spoil: Spoil | None = None,
        rewrite: Rewrite | None = None,
    ) -> None:
        fault = (inspect.getdoc(function) or "").rstrip(".")
        name = function.__name__.replace("_", "-")
        assert fault, f"{name} needs a docstring: it is the table's first column"
        production = production or self._production
        self.all.append(Sabotage(name, fault, production, check, path, word, spoil, rewrite))
