"""Texts that are one slip apart, found by keys that both have."""

from collections.abc import Iterator

SHORTEST = 5  # of a text in which one letter may differ: a shorter one is near to everything


def kept_under(text: str) -> Iterator[str]:
    """The keys under which a text is kept: with any text that is one slip away it shares at least one.

    A slip lies in the first half, in the second, or swaps the two letters where both meet.
    """
    yield f"swap:{middle_sorted(text)}"
    if len(text) >= SHORTEST:
        half = len(text) // 2
        yield f"head:{len(text)}:{text[:half]}"
        yield f"tail:{len(text)}:{text[half:]}"


def may_be_under(text: str) -> Iterator[str]:
    """The keys under which what is one slip away may be kept; a slip may add or drop a letter."""
    yield f"swap:{middle_sorted(text)}"
    for length in (len(text) - 1, len(text), len(text) + 1):
        if length >= SHORTEST:
            half = length // 2
            yield f"head:{length}:{text[:half]}"
            yield f"tail:{length}:{text[len(text) - (length - half) :]}"


def middle_sorted(text: str) -> str:
    """The text with the two letters where its halves meet in order."""
    half = max(len(text) // 2, 1)
    return text[: half - 1] + "".join(sorted(text[half - 1 : half + 1])) + text[half + 1 :]
