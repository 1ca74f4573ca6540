"""What diagnose.sh asks az: its lines between two marks are read here, so that each command is written once."""

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Template

SCRIPT = Path(__file__).resolve().parents[1] / "diagnose.sh"

_ASKED = re.compile(r"^ *# >>> asked.*?\n(.*?)^ *# <<< asked$", re.DOTALL | re.MULTILINE)
_SECRETS = re.compile(r"^# >>> secrets.*?\nsecrets='(.*?)'\n# <<< secrets$", re.DOTALL | re.MULTILINE)
_ASSIGNED = re.compile(r'(\w+)="([^"]*)"')
_VERBS = ("learn", "ask", "digest")


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the script: `set`, `learn`, `ask` or `digest`; `words` are az's arguments, or the value to set."""

    verb: str
    name: str
    words: tuple[str, ...]

    def filled(self, known: Mapping[str, str]) -> tuple[str, ...]:
        """The words with every $name replaced, and without a `--slot` that is empty; raises KeyError."""
        words = [Template(word).substitute(known) for word in self.words]
        if "--slot" in words and not words[words.index("--slot") + 1]:
            at = words.index("--slot")
            del words[at : at + 2]
        return tuple(words)


@cache
def steps() -> tuple[Step, ...]:
    """Every line between the marks, in order; raises ValueError for one of another form."""
    found = _ASKED.search(_text())
    lines = found[1].replace("\\\n", "").splitlines() if found else []
    return tuple(_steps(line.strip() for line in lines if line.strip()))


def _steps(lines: Iterator[str]) -> Iterator[Step]:
    for line in lines:
        if assigned := _ASSIGNED.fullmatch(line):
            yield Step("set", assigned[1], (assigned[2],))
            continue
        verb, name, *words = shlex.split(line)
        if verb not in _VERBS or not words:
            raise ValueError(f'{SCRIPT.name}: {line[:60]!r}: wanted NAME="VALUE", or one of {", ".join(_VERBS)}')
        yield Step(verb, name, tuple(words))


@cache
def _secrets() -> tuple[re.Pattern[str], ...]:
    found = _SECRETS.search(_text())
    return tuple(re.compile(pattern, re.MULTILINE) for pattern in found[1].splitlines()) if found else ()


def without_secrets(text: str) -> str:
    """The text with *** in the place of what looks like a key, a token or a password."""
    for pattern in _secrets():
        text = pattern.sub(r"\1***", text)
    return text


def _text() -> str:
    return SCRIPT.read_text("utf-8")
