"""UBL 2.1 Invoice and CreditNote, bound to EN 16931 by CEN/TS 16931-3-2; the basis of Peppol BIS and XRechnung."""

from collections.abc import Iterable
from decimal import Decimal

from shared.domain.markup import Element
from shared.domain.terms import Terms, amounts, currency, reached, texts

_NAMESPACE = "urn:oasis:names:specification:ubl:schema:xsd:"
_ROOTS = frozenset({"Invoice", "CreditNote"})
_SELLER = ("AccountingSupplierParty", "Party")
_TOTALS = "LegalMonetaryTotal"
_NO_ORDER = "NA"  # Peppol BIS Billing 3.0: what stands for BT-13 where only BT-14 is known


def terms(root: Element) -> Terms | None:
    """The terms of an invoice in UBL, None where the root is no such."""
    if root.name not in _ROOTS or not root.namespace.startswith(_NAMESPACE):
        return None
    totals = tuple(reached(root, (_TOTALS, "TaxInclusiveAmount")))
    stated = texts(root, ("DocumentCurrencyCode",))
    vat, other = _tax_ids(root)
    return {
        "BT-1": texts(root, ("ID",)),
        "BT-2": texts(root, ("IssueDate",)),
        "BT-3": _type_code(root),
        "BT-5": currency(stated, totals),
        "BT-9": texts(root, ("DueDate",)) or texts(root, ("PaymentMeans", "PaymentDueDate")),
        "BT-13": tuple(text for text in texts(root, ("OrderReference", "ID")) if text != _NO_ORDER),
        "BT-25": texts(root, ("BillingReference", "InvoiceDocumentReference", "ID")),
        "BT-27": texts(root, (*_SELLER, "PartyLegalEntity", "RegistrationName")),
        "BT-28": texts(root, (*_SELLER, "PartyName", "Name")),
        "BT-31": vat,
        "BT-32": other,
        "BT-84": texts(root, ("PaymentMeans", "PayeeFinancialAccount", "ID")),
        "BT-112": amounts(totals, stated),
        "BT-115": () if totals else _gross_payable(root, stated),
    }


def _type_code(root: Element) -> tuple[str, ...]:
    """The code, else what the root's name says; a CreditNote is one whatever its code."""
    is_credit = root.name == "CreditNote"
    return ("381",) if is_credit else texts(root, ("InvoiceTypeCode",)) or ("380",)


def _tax_ids(root: Element) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The identifiers of the VAT scheme (BT-31), and those of others (BT-32)."""
    vat: list[str] = []
    other: list[str] = []
    for scheme in reached(root, (*_SELLER, "PartyTaxScheme")):
        ids = texts(scheme, ("CompanyID",))
        is_vat = scheme.value("TaxScheme", "ID").upper() == "VAT"
        (vat if is_vat else other).extend(ids)
    return tuple(vat), tuple(other)


def _gross_payable(root: Element, stated: tuple[str, ...]) -> tuple[str, ...]:
    """The amount due where the total is left out and that amount is what net and tax make: nothing is prepaid."""
    due, net = (_amount_texts(root, (_TOTALS, name), stated) for name in ("PayableAmount", "TaxExclusiveAmount"))
    sums = (_sum([*net, *_amount_texts(root, ("TaxTotal", "TaxAmount"), stated)]), _sum(due))
    return due if len(due) == len(net) == 1 and None not in sums and sums[0] == sums[1] else ()


def _amount_texts(root: Element, path: tuple[str, ...], stated: tuple[str, ...]) -> tuple[str, ...]:
    return amounts(reached(root, path), stated)


def _sum(found: Iterable[str]) -> Decimal | None:
    try:
        return sum(map(Decimal, found), Decimal(0))
    except ArithmeticError:
        return None
