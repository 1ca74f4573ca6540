"""International bank account numbers."""

import re
from functools import cache

# What follows country and check digits, by country: SWIFT IBAN Registry, release 101 (n digits, a letters, c either);
# check digits: ISO 13616-1 and ISO 7064 (mod 97-10).
_STRUCTURES = {
    "n11": "NO",
    "n12": "BE",
    "a2 n12": "FK",
    "a4 n10": "NL",
    "n14": "DK FI FO GL SD",
    "n15": "SI",
    "n3 c10 n2": "MK",
    "n16": "AT BA EE LT MN XK",
    "n3 c13": "KZ LU",
    "a4 c13": "LV",
    "n17": "HR",
    "n5 c12": "CH LI",
    "a2 n16": "GE",
    "a4 c14": "BH",
    "a4 n14": "GB IE",
    "a4 n6 c8": "BG",
    "n18": "CR DE ME RS VA",
    "a4 c15": "GI",
    "a4 n15": "IQ",
    "n19": "AE IL SO TL",
    "n3 c16": "OM",
    "a4 c16": "PK RO",
    "a4 n16": "VG",
    "c20": "MD",
    "n2 c18": "SA",
    "n20": "CZ ES SE SK TN",
    "n8 c12": "AD",
    "n21": "LY PT ST",
    "n22": "IS",
    "n6 c16": "TR",
    "a1 n10 c12": "IT SM",
    "n10 c11 n2": "FR MC",
    "n23": "BI DJ MR",
    "n7 c16": "GR",
    "a4 c20": "AZ",
    "a4 n20": "HN NI SV",
    "c24": "GT",
    "c4 n20": "DO",
    "c4 n4 c16": "BY",
    "n24": "HU PL",
    "n4 c20": "LB",
    "n8 c16": "AL CY",
    "a4 c21": "PS QA",
    "n23 a1 c1": "BR",
    "n25": "EG",
    "n6 c19": "UA",
    "a4 c22": "KW",
    "a4 n19 a3": "MU",
    "a4 n4 c18": "JO YE",
    "a4 n20 a3": "SC",
    "a4 n5 c18": "MT",
    "a4 c24": "LC",
    "n14 c15": "RU",
}
_CHARACTERS = {"n": "[0-9]", "a": "[A-Z]", "c": "[A-Z0-9]"}
_STRUCTURE = {country: structure for structure, countries in _STRUCTURES.items() for country in countries.split()}


def length_in(country: str) -> int | None:
    """How many characters the numbers of a country have."""
    structure = _STRUCTURE.get(country)
    return 4 + sum(int(part[1:]) for part in structure.split()) if structure else None


def is_iban(text: str) -> bool:
    """Whether a text without spaces is an IBAN: its country's length, and check digits that are right."""
    if length_in(text[:2]) != len(text) or not (text.isascii() and text.isalnum()):
        return False
    return _is_checked(text)


def iban_at(text: str, start: int) -> str | None:
    """The IBAN that stands in plain capitals and digits from a place on, built as its country's numbers are."""
    pattern = _pattern(text[start : start + 2])
    match = pattern.match(text, start) if pattern else None
    return match.group() if match and _is_checked(match.group()) else None


@cache
def _pattern(country: str) -> re.Pattern[str] | None:
    structure = _STRUCTURE.get(country)
    if structure is None:
        return None
    parts = (f"{_CHARACTERS[part[0]]}{{{part[1:]}}}" for part in structure.split())
    return re.compile(f"{country}[0-9]{{2}}{''.join(parts)}")


def _is_checked(text: str) -> bool:
    return int("".join(str(int(c, 36)) for c in text[4:] + text[:4])) % 97 == 1


def normalised_iban(text: str) -> str:
    """Without the spaces, dots and dashes of its groups, in capitals."""
    return re.sub(r"[\s.-]", "", text).upper()
