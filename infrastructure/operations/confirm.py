"""Asks before what cannot be undone."""

import sys


def confirmed(question: str) -> bool:
    """Ask on stderr; anything but yes is a no, the end of the input too."""
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}
