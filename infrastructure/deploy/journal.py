"""What happened, step by step: told as it happens, kept for the summary."""

from dataclasses import dataclass, field
from typing import TextIO

from infrastructure.deploy.clock import Clock
from infrastructure.deploy.secrecy import Secrets
from infrastructure.operations.show import one_line

_LONGEST = 2000  # characters of one line; the errors of a host can be whole stacks


@dataclass(frozen=True, slots=True)
class Step:
    """One step, what came of it, and after how many seconds."""

    what: str
    result: str
    after: float


@dataclass(slots=True)
class Journal:
    """Tells no secret, whatever was sent back to us."""

    clock: Clock
    secrets: Secrets
    out: TextIO
    steps: list[Step] = field(default_factory=list)
    begun: float = field(init=False)

    def __post_init__(self) -> None:
        self.begun = self.clock.now()

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return self.clock.now() - self.begun

    def say(self, text: str) -> None:
        """Tell a line."""
        self.out.write(f"[{self.seconds:4.0f} s] {self.clean(text)}\n")
        self.out.flush()

    def step(self, what: str, result: str) -> None:
        """Tell a step, and keep it."""
        self.say(f"{what}: {result}")
        self.steps.append(Step(what, self.clean(result), self.seconds))

    def clean(self, text: str) -> str:
        """The text on one line, of a bearable length, with no secret in it."""
        shown = one_line(self.secrets.hidden(text))
        return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]} ..."
