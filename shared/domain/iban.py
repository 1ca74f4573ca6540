"""An international bank account number as a value; `ibans` finds them in texts."""

import re

from shared.domain.ibans import is_iban


def normalised_iban(text: str) -> str:
    """Without the spaces, dots and dashes of its groups, in capitals."""
    return re.sub(r"[\s.-]", "", text).upper()


def iban_of(text: str) -> str | None:
    """The number in its normal form, None where its length or its check digits are not those of an IBAN."""
    plain = normalised_iban(text)
    return plain if is_iban(plain) else None
