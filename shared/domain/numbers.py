"""Invoice numbers, for comparison."""

import unicodedata


def normalised_number(number: str) -> str:
    """An invoice number with only its letters and digits, in any script: "inv 2026/001" is "INV2026001"."""
    return "".join(c for c in unicodedata.normalize("NFKC", number).upper() if c.isalnum())
