"""The checkout that every tool of the project works on, and what its people are told."""

from pathlib import Path

_CHECKOUT = Path(__file__).resolve().parents[1]


class LocalError(Exception):
    """Something a person can put right; the message says what and how."""


def checkout() -> Path:
    """The folder that holds this copy of the project."""
    return _CHECKOUT
