"""CrossIndustryInvoice of UN/CEFACT (D16B), bound to EN 16931 by CEN/TS 16931-3-3: Factur-X, ZUGFeRD 2, XRechnung.

ZUGFeRD 1 says the same under older names; its drafts before 1.0 are no published format and are not read.
"""

import re
from collections.abc import Iterable, Iterator

from shared.domain.markup import Element
from shared.domain.terms import Path, Terms, amounts, currency, reached, texts

_ROOTS = {
    "CrossIndustryInvoice": "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:",
    "CrossIndustryDocument": "urn:ferd:CrossIndustryDocument:",
}
_DOCUMENT: Path = (("ExchangedDocument", "HeaderExchangedDocument"),)
_TRADE: Path = (("SupplyChainTradeTransaction", "SpecifiedSupplyChainTradeTransaction"),)
_AGREEMENT: Path = (*_TRADE, ("ApplicableHeaderTradeAgreement", "ApplicableSupplyChainTradeAgreement"))
_SETTLEMENT: Path = (*_TRADE, ("ApplicableHeaderTradeSettlement", "ApplicableSupplyChainTradeSettlement"))
_SUMS: Path = (
    *_SETTLEMENT,
    ("SpecifiedTradeSettlementHeaderMonetarySummation", "SpecifiedTradeSettlementMonetarySummation"),
)
_SELLER: Path = (*_AGREEMENT, "SellerTradeParty")
_ID = ("IssuerAssignedID", "ID")
_ACCOUNT: Path = (*_SETTLEMENT, "SpecifiedTradeSettlementPaymentMeans", "PayeePartyCreditorFinancialAccount")
_FORMATS = frozenset({"", "102", "203", "204", "205"})  # of UNTDID 2379, those that begin with CCYYMMDD
_COMPACT = re.compile(r"(\d{4})(\d\d)(\d\d)(?:\d{4}(?:\d\d)?(?:[+-]?\d{2,4})?)?")
_ILL_FORMED = "?"


def terms(root: Element) -> Terms | None:
    """The terms of an invoice in CII, None where the root is no such."""
    if not root.namespace.startswith(_ROOTS.get(root.name, "no namespace")):
        return None
    totals = tuple(reached(root, (*_SUMS, "GrandTotalAmount")))
    stated = texts(root, (*_SETTLEMENT, "InvoiceCurrencyCode"))
    return {
        "BT-1": texts(root, (*_DOCUMENT, "ID")),
        "BT-2": _dates(reached(root, (*_DOCUMENT, "IssueDateTime"))),
        "BT-3": texts(root, (*_DOCUMENT, "TypeCode")),
        "BT-5": currency(stated, totals),
        "BT-9": _dates(reached(root, (*_SETTLEMENT, "SpecifiedTradePaymentTerms", "DueDateDateTime"))),
        "BT-13": texts(root, (*_AGREEMENT, "BuyerOrderReferencedDocument", _ID)),
        "BT-25": texts(root, (*_SETTLEMENT, "InvoiceReferencedDocument", _ID)),
        "BT-27": texts(root, (*_SELLER, "Name")),
        "BT-28": texts(root, (*_SELLER, "SpecifiedLegalOrganization", "TradingBusinessName")),
        "BT-31": _tax_ids(root, is_vat=True),
        "BT-32": _tax_ids(root, is_vat=False),
        "BT-84": texts(root, (*_ACCOUNT, ("IBANID", "ProprietaryID"))),
        "BT-112": amounts(totals, stated),
    }


def _tax_ids(root: Element, *, is_vat: bool) -> tuple[str, ...]:
    """VA marks the VAT identifier; everything else is another registration (UNTDID 1153)."""
    found = reached(root, (*_SELLER, "SpecifiedTaxRegistration", "ID"))
    return tuple(each.text for each in found if each.text and (each.attribute("schemeID").upper() == "VA") is is_vat)


def _dates(elements: Iterable[Element]) -> tuple[str, ...]:
    return tuple(text for element in elements for text in _iso(element))


def _iso(element: Element) -> Iterator[str]:
    """The date in ISO form, whether it is text of a given format or an xsd:dateTime."""
    for found in element.children or (element,):
        text = found.text.strip()
        compact = _COMPACT.fullmatch(text)
        if found.attribute("format") not in _FORMATS:
            yield _ILL_FORMED
        elif compact:
            yield "-".join(compact.groups())
        elif text:
            yield text
