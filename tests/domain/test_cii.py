"""Where CII keeps the terms of an invoice, in its names of today and in those of ZUGFeRD 1."""

from datetime import date

import pytest

from infrastructure.local.samples.builders import make_cii_xml
from shared.domain.einvoice import structured_facts
from tests.domain.made import element, values
from tests.domain.test_einvoice import WHOLE

OLDER = {
    "rsm:CrossIndustryInvoice": "rsm:CrossIndustryDocument",
    "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100": "urn:ferd:CrossIndustryDocument:invoice:1p0",
    "rsm:ExchangedDocumentContext": "rsm:SpecifiedExchangedDocumentContext",
    "rsm:ExchangedDocument>": "rsm:HeaderExchangedDocument>",
    "rsm:SupplyChainTradeTransaction": "rsm:SpecifiedSupplyChainTradeTransaction",
    "ApplicableHeaderTrade": "ApplicableSupplyChainTrade",
    "SettlementHeaderMonetarySummation": "SettlementMonetarySummation",
    "IssuerAssignedID": "ID",
}
ORDER = (
    "<ram:BuyerOrderReferencedDocument><ram:IssuerAssignedID>PO-7</ram:IssuerAssignedID>"
    "</ram:BuyerOrderReferencedDocument>"
)
REGISTRATION = '<ram:SpecifiedTaxRegistration><ram:ID schemeID="VA">GB987654321</ram:ID></ram:SpecifiedTaxRegistration>'


def cii(*changes: tuple[str, str]) -> dict[str, object]:
    """The facts of the sample after the changes."""
    xml = make_cii_xml().decode()
    for old, new in changes:
        assert old in xml
        xml = xml.replace(old, new)
    return values(structured_facts(element(xml), "a.xml"))


def test_zugferd_1_says_the_same_under_older_names() -> None:
    seller = "</ram:ApplicableHeaderTradeAgreement>"
    assert cii((seller, ORDER + seller), *OLDER.items()) == {**WHOLE, "purchase_order": "PO-7"}


def test_the_trading_name_is_a_further_one() -> None:
    trading = (
        "<ram:SpecifiedLegalOrganization><ram:TradingBusinessName>Bluebird</ram:TradingBusinessName>"
        "</ram:SpecifiedLegalOrganization>"
    )
    found = cii((REGISTRATION, trading + REGISTRATION))
    assert (found["vendor_name"], found["names"]) == ("Bluebird Cloud Ltd", ["Bluebird Cloud Ltd", "Bluebird"])


@pytest.mark.parametrize(
    ("scheme", "number", "vat_id"),
    [("VA", "NL8200.98.395.B.01", "NL820098395B01"), ("FC", "12/345/678", "12/345/678"), ("VA", "", None)],
)
def test_a_tax_number_stands_in_for_the_vat_id(scheme: str, number: str, vat_id: str | None) -> None:
    assert cii(('schemeID="VA">GB987654321', f'schemeID="{scheme}">{number}')).get("vat_id") == vat_id


ISSUED = '<udt:DateTimeString format="102">20260305</udt:DateTimeString>'


@pytest.mark.parametrize(
    ("printed", "issued"),
    [
        pytest.param(ISSUED.replace("102", "203").replace("05<", "050930<"), date(2026, 3, 5), id="with-time"),
        pytest.param(ISSUED.replace(' format="102"', ""), date(2026, 3, 5), id="no-format"),
        pytest.param(ISSUED.replace("20260305", "2026-03-05"), date(2026, 3, 5), id="iso-in-102"),
        pytest.param("<udt:DateTime>2026-03-05T00:00:00Z</udt:DateTime>", date(2026, 3, 5), id="xsd"),
        pytest.param(ISSUED.replace("20260305", "05032026"), None, id="day-first"),
        pytest.param(ISSUED.replace("102", "610").replace("05<", "<"), None, id="month"),
        pytest.param(ISSUED.replace("20260305", "20260230"), None, id="no-such-day"),
        pytest.param(ISSUED + ISSUED.replace("0305", "0306"), None, id="two"),
        pytest.param("", None, id="empty"),
    ],
)
def test_dates(printed: str, issued: date | None) -> None:
    assert cii((ISSUED, printed)).get("issue_date") == issued


def test_several_instalments_leave_the_due_date_open() -> None:
    terms = "<ram:SpecifiedTradePaymentTerms>"
    more = f"{terms}<ram:DueDateDateTime>{ISSUED}</ram:DueDateDateTime></ram:SpecifiedTradePaymentTerms>"
    assert "due_date" not in cii((terms, more + terms))


def test_a_total_in_the_accounting_currency_is_not_the_total() -> None:
    total = "<ram:GrandTotalAmount>"
    found = cii((total, f'<ram:GrandTotalAmount currencyID="EUR">1700.00</ram:GrandTotalAmount>{total}'))
    assert found["total"] == WHOLE["total"]


def test_a_total_stated_twice_is_none() -> None:
    total = "<ram:GrandTotalAmount>"
    assert "total" not in cii((total, f"<ram:GrandTotalAmount>1.00</ram:GrandTotalAmount>{total}"))


def test_the_buyers_account_is_none_to_pay_to() -> None:
    debit = "<ram:PayerPartyDebtorFinancialAccount><ram:IBANID>DE89370400440532013000</ram:IBANID>"
    end = "</ram:SpecifiedTradeSettlementPaymentMeans>"
    found = cii((end, f"{debit}</ram:PayerPartyDebtorFinancialAccount>{end}"))
    assert found["ibans"] == ["GB33BUKB20201555555555"]
