"""Invoice numbers, for comparison."""


def normalised_number(number: str) -> str:
    """An invoice number with only its letters and digits, upper case: "inv 2026/001" is "INV2026001"."""
    return "".join(c for c in number.upper() if c.isascii() and c.isalnum())
