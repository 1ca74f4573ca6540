"""Amounts and currencies as invoices print them."""

import re
from dataclasses import dataclass
from decimal import Decimal

from shared.domain.countries import UNITED_STATES
from shared.domain.pattern import Pattern

# Active ISO 4217 codes that trade invoices use; a closed list, so that other words in capitals are no currency.
_CODES = (
    "AED|AUD|BGN|BRL|CAD|CHF|CLP|CNY|COP|CZK|DKK|EGP|EUR|GBP|HKD|HUF|IDR|ILS|INR|ISK|JPY|KRW|KWD|MAD|MXN|MYR|NOK|NZD|"
    "PEN|PHP|PKR|PLN|QAR|RON|RSD|RUB|SAR|SEK|SGD|THB|TND|TRY|TWD|UAH|USD|VND|ZAR"
)
_SYMBOLS = {
    "€": "EUR",
    "£": "GBP",
    "₹": "INR",
    "zł": "PLN",
    "Kč": "CZK",
    "US$": "USD",
    "A$": "AUD",
    "AU$": "AUD",
    "C$": "CAD",
    "CA$": "CAD",
    "NZ$": "NZD",
    "HK$": "HKD",
    "S$": "SGD",
    "R$": "BRL",
    "Euro": "EUR",
    "SFr.": "CHF",
    "Euros": "EUR",
    "EURO": "EUR",
    "EUROS": "EUR",
    "euros": "EUR",
    "euro": "EUR",
    "$": "$",
}
# Whose dollar a plain "$" is, where the words around it say so; HST and GST are taxes, ABN is a registration.
_DOLLAR_OF = {
    "USD": UNITED_STATES,
    "AUD": Pattern(r"(?<!\w)(?:ABN|A\.B\.N\.|Australia)(?!\w)"),
    "CAD": Pattern(r"(?<!\w)(?:HST|GST/HST|PST|QST|TPS|TVQ|Canada)(?!\w)"),
    "NZD": Pattern(r"(?<!\w)(?:NZBN|New Zealand)(?!\w)"),
    "SGD": Pattern(r"(?<!\w)(?:Singapore)(?!\w)"),
}
_OTHER_DOLLAR = Pattern(r"(?<!\w)(?:GST|Hong Kong|México|Mexico|Chile|Colombia|Argentina)(?!\w)")
_DOLLARS = frozenset({"AUD", "CAD", "CLP", "COP", "HKD", "MXN", "NZD", "SGD", "TWD", "USD"})
_CURRENCY = "|".join([_CODES, *(re.escape(symbol) for symbol in sorted(_SYMBOLS, key=len, reverse=True))])
_INDIAN = r"\d{1,2}(?:,\d\d){1,3},\d{3}(?:\.\d{1,2})?"
_NUMBER = _INDIAN + r"|\d{1,3}(?:[ '\u2019.,]\d{3}){1,4}(?:[.,]\d{1,2})?|\d{1,12}(?:[.,]\d{1,2})?"
_DASH = r"[-\u2212\u2013]"
_MONEY = Pattern(
    rf"(?<![\w.,/])(?P<open>\(|{_DASH})?\s?(?:(?P<before>{_CURRENCY})\s?)?(?P<minus>{_DASH}\s?)?"
    rf"(?P<number>{_NUMBER})(?:[.,]{_DASH}{{1,2}})?(?![\w/%]|[.,:]\d|\s%)(?P<close>\)|"
    rf"{_DASH}(?!\w))?(?:\s?(?P<after>{_CURRENCY})(?!\w))?"
)
_CODE = Pattern(rf"(?<!\w)(?:{_CURRENCY})(?!\w)")
_PRICE_WORD = "amounts?|total|price|betrag|preis|gesamt|summe|montant|prix|importe|precio|importo|prezzo|bedrag|prijs"
_NAMED = Pattern(
    rf"(?:[(\[]|(?i:currency|währung|devise|moneda|divisa|valuta|munt|in|en|"
    rf"{_PRICE_WORD})[\s:(\[]{{1,120}})({_CURRENCY})"
    rf"(?![\w.]\w|\w)|(?<![\w.])({_CURRENCY}) (?:HT|TTC|netto|brutto|IVA|incl|excl)(?!\w)"
)
_STATED = Pattern(rf"(?i:currency|währung|devise|moneda|divisa|valuta|munt)[\s:(]{{1,120}}({_CURRENCY})(?!\w)")
_DECIMALS = re.compile(r"\d([.,])\d\d(?![\d.,])")


@dataclass(frozen=True, slots=True)
class Money:
    """An amount with the currency printed at it: ISO code, `$` for a dollar that is not named, or None."""

    amount: Decimal
    currency: str | None
    is_integer: bool = False


def decimal_mark(text: str) -> str | None:
    """The sign that the text puts before cents, None where it uses both or shows none."""
    marks = set(_DECIMALS.findall(text))
    return marks.pop() if len(marks) == 1 else None


def money_at_start(text: str, mark: str | None = None) -> tuple[Money, int] | None:
    """The amount that a text begins with and where it ends; `mark` decides 1.234 and 1,234."""
    match = _MONEY.compiled.match(text)
    if match is None:
        return None
    amount = parse_number(match["number"], mark)
    if amount is None:
        return None
    is_negative = bool(match["minus"]) or (match["open"] or match["close"] or "(") != "("
    if match["open"] == "(":
        is_negative = match["close"] == ")"
    printed = match["before"] or match["after"]
    money = Money(-amount if is_negative else amount, _iso(printed), match["number"].isdigit())
    return money, match.end()


def parse_number(text: str, mark: str | None = None) -> Decimal | None:
    """The value of a printed number, None where 1.234 could be both."""
    digits = re.sub(r"[ '\u2019]", "", text)
    separators = [c for c in digits if c in ".,"]
    if not separators:
        return Decimal(digits)
    last = separators[-1]
    head, _, tail = digits.rpartition(last)
    if len(set(separators)) == 1 and len(tail) == 3:  # noqa: PLR2004  a group of thousands
        if len(separators) == 1 and (mark is None or mark == last) and digits == text:
            return None
        return Decimal(digits.replace(last, ""))
    if len(tail) > 2 or last in head:  # noqa: PLR2004  cents
        return None
    return Decimal(f"{re.sub(r'[.,]', '', head)}.{tail}")


def _iso(printed: str | None) -> str | None:
    return None if printed is None else _SYMBOLS.get(printed, printed)


def currency_named(text: str) -> str | None:
    """The currency that begins a text, None where it begins with something else."""
    match = _CODE.compiled.match(text)
    return _iso(match.group()) if match else None


def currencies_in(text: str) -> set[str]:
    """Every currency that stands at an amount of the text, or that it names as its currency; words alone are none."""
    at_amounts = (m["before"] or m["after"] for m in _MONEY.compiled.finditer(text))
    named = (match[1] or match[2] for match in _NAMED.compiled.finditer(text))
    return {iso for code in (*at_amounts, *named) if code and (iso := _iso(code))}


def _stated(text: str) -> str | None:
    """The one currency that a text calls its currency."""
    stated = {_iso(match[1]) for match in _STATED.compiled.finditer(text)}
    return stated.pop() if len(stated) == 1 else None


def settle(printed: str | None, text: str) -> str | None:
    """The ISO code for what is printed at an amount, or for the one currency of the text; None where not sure."""
    named = currencies_in(text)
    if printed == "$":
        return _dollar(named & _DOLLARS, text)
    if printed:
        return printed
    if (stated := _stated(text)) and stated != "$":
        return stated
    if "$" in named:
        dollars = named - {"$"}
        return _dollar(dollars, text) if dollars <= _DOLLARS else None
    return named.pop() if len(named) == 1 else None


def _dollar(named: set[str], text: str) -> str | None:
    """Whose dollar is meant: the one that is named, else the one of the country, else that of the United States."""
    dollars = named or {iso for iso, words in _DOLLAR_OF.items() if words.compiled.search(text)}
    if not dollars and not _OTHER_DOLLAR.compiled.search(text):
        return "USD"
    return dollars.pop() if len(dollars) == 1 else None
