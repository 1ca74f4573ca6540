"""Facts of structured invoices; each is cited by its business term of EN 16931-1."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TypeVar

from shared.domain import cii, fatturapa, ubl
from shared.domain.facts import Fact, Facts, Kind, Nature, Sureness
from shared.domain.iban import is_iban, normalised_iban
from shared.domain.markup import Element
from shared.domain.terms import Terms

V = TypeVar("V")

_SYNTAXES = (ubl.terms, cii.terms, fatturapa.terms)
# Of UNTDID 1001, as EN 16931 sorts them: the codes of its CreditNoteTypeCode list.
_CREDIT_NOTES = frozenset(["81", "83", "261", "262", "296", "308", "381", "396", "420", "458", "502", "503", "532"])
_CORRECTED = "384"
_DATE = re.compile(r"(\d{4}-\d\d-\d\d)(?:T[\d:.]{5,18})?(?:Z|[+-]\d\d:\d\d)?")  # xsd:date or xsd:dateTime
_YEARS = range(1970, 2200)  # what lies outside is how programs write "none"
_AMOUNT = re.compile(r"[+-]?(?:\d{1,18}(?:\.\d{0,10})?|\.\d{1,10})")  # xsd:decimal
_CURRENCY = re.compile(r"[A-Z]{3}")
_CODE = re.compile(r"\d{1,3}")
_NO_VALUE = frozenset({"n/a", "na", "none", "null", "nil", "unknown"})
_LONGEST_NAME = 300
_LONGEST_ID = 100
_LONGEST_TAX_ID = 40
_SHORTEST_ACCOUNT, _LONGEST_ACCOUNT = 5, 40
_MOST_ACCOUNTS = 50


def is_invoice(root: Element) -> bool:
    """Whether an element is the root of an invoice in a known syntax."""
    return _terms(root) is not None


def structured_facts(root: Element, place: str) -> Facts | None:
    """The facts that a structured invoice states, None where the root is no known one."""
    terms = _terms(root)
    return None if terms is None else _facts(_Reader(terms, place))


def _terms(root: Element) -> Terms | None:
    return next((terms for read in _SYNTAXES if (terms := read(root)) is not None), None)


@dataclass(frozen=True, slots=True)
class _Reader:
    terms: Terms
    place: str

    def one(self, term: str, parse: Callable[[str], V | None]) -> Fact[V] | None:
        """The value of a term; None where it is missing, not well formed, or stated twice and not the same."""
        values = [parse(text) for text in self.terms.get(term, ())]
        first = values[0] if values else None
        return None if first is None or any(value != first for value in values) else self.fact(first, term)

    def every(self, term: str, parse: Callable[[str], V | None]) -> tuple[Fact[V], ...]:
        """Each well formed value of a term, once."""
        values = dict.fromkeys(parse(text) for text in self.terms.get(term, ()))
        return tuple(self.fact(value, term) for value in values if value is not None)

    def fact(self, value: V, term: str) -> Fact[V]:
        return Fact(value, f"{self.place}, {term}", Sureness.STATED)


def _facts(reader: _Reader) -> Facts:
    legal, trading = reader.one("BT-27", _name), reader.one("BT-28", _name)
    number = reader.one("BT-1", _identifier)
    kind = reader.one("BT-3", _kind)
    accounts = reader.every("BT-84", _account)[:_MOST_ACCOUNTS]
    ibans = [account for account in accounts if is_iban(account.value)]
    return Facts(
        vendor_name=legal or trading,
        vat_id=reader.one("BT-31" if reader.terms.get("BT-31") else "BT-32", _tax_id),
        invoice_number=number,
        issue_date=reader.one("BT-2", _date),
        due_date=reader.one("BT-9", _date),
        currency=reader.one("BT-5", _currency),
        total=reader.one("BT-112", _amount) or reader.one("BT-115", _amount),
        kind=kind,
        iban=ibans[0] if len(accounts) == len(ibans) == 1 else None,
        purchase_order=reader.one("BT-13", _identifier),
        nature=_nature(reader, number),
        ibans=tuple(accounts),
        names=_names(legal, trading),
    )


def _names(legal: Fact[str] | None, trading: Fact[str] | None) -> tuple[Fact[str], ...]:
    names = {fact.value: fact for fact in (trading, legal) if fact}
    return tuple(reversed(names.values()))


def _nature(reader: _Reader, number: Fact[str] | None) -> Fact[Nature] | None:
    """A corrected invoice by its code, or by naming its own number as the one that went before (BT-25)."""
    if _CORRECTED in reader.terms.get("BT-3", ()):
        return reader.fact(Nature.CORRECTION, "BT-3")
    is_its_own = number is not None and number.value in reader.terms.get("BT-25", ())
    return reader.fact(Nature.CORRECTION, "BT-25") if is_its_own else None


def _name(text: str) -> str | None:
    return text if _is_value(text) and len(text) <= _LONGEST_NAME else None


def _identifier(text: str) -> str | None:
    return text if _is_value(text) and len(text) <= _LONGEST_ID else None


def _is_value(text: str) -> bool:
    return any(map(str.isalnum, text)) and text.lower() not in _NO_VALUE


def _tax_id(text: str) -> str | None:
    """Without spaces and dots; a registration without a digit is a remark."""
    plain = re.sub(r"[\s.]", "", text).upper()
    return plain if any(map(str.isdigit, plain)) and len(plain) <= _LONGEST_TAX_ID else None


def _date(text: str) -> date | None:
    match = _DATE.fullmatch(text)
    try:
        value = date.fromisoformat(match[1]) if match else None
    except ValueError:
        return None
    return value if value and value.year in _YEARS else None


def _account(text: str) -> str | None:
    """An IBAN, or the account in the form of its country: that is paid to as well."""
    plain = normalised_iban(text)
    return plain if _SHORTEST_ACCOUNT <= len(plain) <= _LONGEST_ACCOUNT and plain.isalnum() else None


def _amount(text: str) -> Decimal | None:
    return Decimal(text) if _AMOUNT.fullmatch(text) else None


def _currency(text: str) -> str | None:
    return text if _CURRENCY.fullmatch(text) else None


def _kind(text: str) -> Kind | None:
    if not _CODE.fullmatch(text):
        return None
    return Kind.CREDIT_NOTE if text in _CREDIT_NOTES else Kind.INVOICE
