"""Where UBL keeps the terms of an invoice."""

from dataclasses import replace

import pytest

from infrastructure.local.samples.builders import Invoice, make_ubl_xml
from shared.domain.einvoice import structured_facts
from shared.domain.facts import Kind
from tests.domain.made import element, values

PARTY = "</cac:PartyLegalEntity>\n</cac:Party></cac:AccountingSupplierParty>"


def ubl(*changes: tuple[str, str], is_credit: bool = False) -> dict[str, object]:
    """The facts of the sample after the changes."""
    xml = make_ubl_xml(replace(Invoice(), is_credit=is_credit)).decode()
    for old, new in changes:
        assert old in xml
        xml = xml.replace(old, new, 1)
    return values(structured_facts(element(xml), "a.xml"))


def scheme(number: str, name: str) -> str:
    return (
        f"<cac:PartyTaxScheme><cbc:CompanyID>{number}</cbc:CompanyID>"
        f"<cac:TaxScheme><cbc:ID>{name}</cbc:ID></cac:TaxScheme></cac:PartyTaxScheme>"
    )


SCHEME = scheme("GB987654321", "VAT").replace("<cac:TaxScheme>", "\n<cac:TaxScheme>")


@pytest.mark.parametrize(
    ("schemes", "vat_id"),
    [
        (scheme("Registered for tax", "TAX") + scheme("se 5566.7788-9901", "VAT"), "SE55667788-9901"),
        (scheme("12/345/67890", "FC"), "12/345/67890"),
        (scheme("Registered for tax", "TAX"), None),
        (scheme("GB1", "VAT") + scheme("GB2", "VAT"), None),
        (scheme("GB1", "VAT") + scheme("gb 1", "VAT"), "GB1"),
        ("", None),
    ],
    ids=["beside-another", "only-another", "remark", "two", "twice-the-same", "none"],
)
def test_the_vat_id_goes_before_other_registrations(schemes: str, vat_id: str | None) -> None:
    assert ubl((SCHEME, schemes)).get("vat_id") == vat_id


def test_the_trading_name_is_a_further_one() -> None:
    trading = "<cac:PartyName><cbc:Name>Bluebird</cbc:Name></cac:PartyName>"
    found = ubl(("<cac:PartyTaxScheme>", f"{trading}<cac:PartyTaxScheme>"))
    assert (found["vendor_name"], found["names"]) == ("Bluebird Cloud Ltd", ["Bluebird Cloud Ltd", "Bluebird"])


def test_the_trading_name_stands_in_for_the_legal_one() -> None:
    name = "<cbc:RegistrationName>Bluebird Cloud Ltd</cbc:RegistrationName>"
    trading = "<cac:PartyName><cbc:Name>Bluebird</cbc:Name></cac:PartyName>"
    found = ubl((name, ""), ("<cac:PartyTaxScheme>", f"{trading}<cac:PartyTaxScheme>"))
    assert (found["vendor_name"], found["names"]) == ("Bluebird", ["Bluebird"])


def test_a_credit_note_is_due_where_it_is_paid() -> None:
    due = "<cbc:PaymentDueDate>2026-04-04</cbc:PaymentDueDate>"
    found = ubl(("<cac:PayeeFinancialAccount>", f"{due}<cac:PayeeFinancialAccount>"), is_credit=True)
    assert str(found["due_date"]) == "2026-04-04"


def test_a_credit_note_is_one_whatever_its_code() -> None:
    assert ubl((">381<", ">380<"), is_credit=True)["kind"] is Kind.CREDIT_NOTE


def test_an_invoice_may_have_no_code() -> None:
    assert ubl(("<cbc:InvoiceTypeCode>380</cbc:InvoiceTypeCode>", ""))["kind"] is Kind.INVOICE


@pytest.mark.parametrize(
    ("printed", "issued"),
    [
        ("2026-03-05Z", "2026-03-05"),
        ("2026-03-05+01:00", "2026-03-05"),
        ("2026-03-05T00:00:00", "2026-03-05"),
        ("05.03.2026", "None"),
        ("2026-02-30", "None"),
        ("0001-01-01", "None"),
        ("9999-12-31", "None"),
    ],
)
def test_dates_are_iso(printed: str, issued: str) -> None:
    old = "<cbc:IssueDate>2026-03-05<"
    assert str(ubl((old, f"<cbc:IssueDate>{printed}<")).get("issue_date")) == issued


@pytest.mark.parametrize(("order", "found"), [("PO-7", "PO-7"), ("NA", None), ("-", None)])
def test_the_purchase_order(order: str, found: str | None) -> None:
    reference = f"<cac:OrderReference><cbc:ID>{order}</cbc:ID></cac:OrderReference>"
    seller = "<cac:AccountingSupplierParty>"
    assert ubl((seller, reference + seller)).get("purchase_order") == found


def test_the_buyers_account_is_none_to_pay_to() -> None:
    debit = "<cac:PaymentMandate><cac:PayerFinancialAccount><cbc:ID>DE89370400440532013000</cbc:ID>"
    end = "</cac:PaymentMeans>"
    found = ubl((end, f"{debit}</cac:PayerFinancialAccount></cac:PaymentMandate>{end}"))
    assert found["ibans"] == ["GB33BUKB20201555555555"]


GROSS = '<cbc:TaxInclusiveAmount currencyID="GBP">1490.40</cbc:TaxInclusiveAmount>'


@pytest.mark.parametrize(("due", "total"), [("1490.40", "1490.40"), ("990.40", "None"), ("x", "None")])
def test_without_a_total_the_amount_due_is_one_if_it_is_net_and_tax(due: str, total: str) -> None:
    found = ubl(
        (GROSS, ""), ('<cbc:PayableAmount currencyID="GBP">1490.40<', f'<cbc:PayableAmount currencyID="GBP">{due}<')
    )
    assert str(found.get("total")) == total


def test_a_total_in_another_currency_is_none() -> None:
    found = ubl((GROSS, GROSS.replace("GBP", "EUR")))
    assert ("total" in found, found["currency"]) == (False, "GBP")


def test_the_currency_may_stand_at_the_total_alone() -> None:
    assert ubl(("<cbc:DocumentCurrencyCode>GBP</cbc:DocumentCurrencyCode>", ""))["currency"] == "GBP"
