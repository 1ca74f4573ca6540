"""VAT identification numbers by their national form."""

import re

# https://ec.europa.eu/taxation_customs/vies/#/faq (structure of the numbers); GB, CH and NO beside them.
_FORMS = {
    "AT": r"U\d{8}",
    "BE": r"[01]\d{9}",
    "BG": r"\d{9,10}",
    "CH": r"E\d{9}(?:MWST|TVA|IVA)?",
    "CY": r"\d{8}[A-Z]",
    "CZ": r"\d{8,10}",
    "DE": r"\d{9}",
    "DK": r"\d{8}",
    "EE": r"\d{9}",
    "EL": r"\d{9}",
    "ES": r"[A-Z0-9]\d{7}[A-Z0-9]",
    "FI": r"\d{8}",
    "FR": r"[A-HJ-NP-Z0-9]{2}\d{9}",
    "GB": r"(?:\d{9}|\d{12}|(?:GD|HA)\d{3})",
    "HR": r"\d{11}",
    "HU": r"\d{8}",
    "IE": r"\d[A-Z0-9+*]\d{5}[A-Z]{1,2}",
    "IT": r"\d{11}",
    "LT": r"(?:\d{9}|\d{12})",
    "LU": r"\d{8}",
    "LV": r"\d{11}",
    "MT": r"\d{8}",
    "NL": r"[0-9A-Z+*]{9}B[0-9A-Z+*]{2}",
    "NO": r"\d{9}(?:MVA)?",
    "PL": r"\d{10}",
    "PT": r"\d{9}",
    "RO": r"\d{2,10}",
    "SE": r"\d{12}",
    "SI": r"\d{8}",
    "SK": r"\d{10}",
    "XI": r"(?:\d{9}|\d{12}|(?:GD|HA)\d{3})",
}
_FORM = re.compile("|".join(f"(?:{country}{form})" for country, form in _FORMS.items()))
# Groups are printed apart by a space, dot or dash, and the country may stand apart too.
_PRINTED = re.compile(r"[A-Z]{2}[ .-]?[0-9A-Z+*]{1,13}(?:[ .-][0-9A-Z+*]{1,12}){0,5}")
_LONGEST_FIRST = range(6, 0, -1)


def vat_id_at_start(text: str) -> str | None:
    """The VAT id that a text begins with, without spaces and dots; None where it has no country or not its form."""
    printed = _PRINTED.match(text)
    if printed is None:
        return None
    groups = re.split(r"(?<=[0-9A-Z+*])[ .-]", printed.group())
    candidates = ("".join(groups[:count]) for count in _LONGEST_FIRST if count <= len(groups))
    return next((c for c in candidates if _FORM.fullmatch(c)), None)
