"""International bank account numbers."""

import re

# Length by country: SWIFT IBAN Registry; structure and check digits: ISO 13616-1 and ISO 7064 (mod 97-10).
_LENGTHS = {
    15: "NO",
    16: "BE",
    18: "DK FI FK FO GL NL SD",
    19: "MK SI",
    20: "AT BA EE KZ LT LU MN XK",
    21: "CH HR LI LV",
    22: "BG BH CR DE GB GE IE ME RS VA",
    23: "AE GI IL IQ OM SO TL",
    24: "AD CZ ES MD PK RO SA SE SK TN VG",
    25: "LY PT ST",
    26: "IS TR",
    27: "BI DJ FR GR IT MC MR SM",
    28: "AL AZ BY CY DO GT HU LB NI PL SV",
    29: "BR EG PS QA UA",
    30: "JO KW MU YE",
    31: "MT SC",
    32: "LC",
    33: "RU",
}
_LENGTH = {country: length for length, countries in _LENGTHS.items() for country in countries.split()}


def length_in(country: str) -> int | None:
    """How many characters the numbers of a country have."""
    return _LENGTH.get(country)


def is_iban(text: str) -> bool:
    """Whether a text without spaces is an IBAN: its country's length, and check digits that are right."""
    if length_in(text[:2]) != len(text) or not (text.isascii() and text.isalnum()):
        return False
    return int("".join(str(int(c, 36)) for c in text[4:] + text[:4])) % 97 == 1


def normalised_iban(text: str) -> str:
    """Without the spaces, dots and dashes of its groups, in capitals."""
    return re.sub(r"[\s.-]", "", text).upper()


def iban_of(text: str) -> str | None:
    """The number in its normal form, None where its length or its check digits are not those of an IBAN."""
    plain = normalised_iban(text)
    return plain if is_iban(plain) else None
