"""E-invoices as XML: UBL 2.1 and UN/CEFACT CII, reduced to what EN 16931 asks for without lines in CII."""

from html import escape

from infrastructure.local.samples.invoice import Invoice

_UBL = "urn:oasis:names:specification:ubl:schema:xsd"
_CII = "urn:un:unece:uncefact:data:standard"


def make_ubl_xml(invoice: Invoice | None = None) -> bytes:
    """A UBL 2.1 Invoice or CreditNote after Peppol BIS Billing 3."""
    i = invoice or Invoice()
    kind, code = ("CreditNote", 381) if i.is_credit else ("Invoice", 380)
    due = f"<cbc:DueDate>{i.due}</cbc:DueDate>" if i.due and not i.is_credit else ""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<{kind} xmlns="{_UBL}:{kind}-2" xmlns:cac="{_UBL}:CommonAggregateComponents-2"
 xmlns:cbc="{_UBL}:CommonBasicComponents-2">
<cbc:CustomizationID>urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0</cbc:CustomizationID>
<cbc:ID>{escape(i.number)}</cbc:ID><cbc:IssueDate>{i.issued}</cbc:IssueDate>{due}
<cbc:{kind}TypeCode>{code}</cbc:{kind}TypeCode><cbc:DocumentCurrencyCode>{i.currency}</cbc:DocumentCurrencyCode>
<cac:AccountingSupplierParty><cac:Party><cac:PartyTaxScheme><cbc:CompanyID>{i.vat_id}</cbc:CompanyID>
<cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme></cac:PartyTaxScheme>
<cac:PartyLegalEntity><cbc:RegistrationName>{escape(i.vendor)}</cbc:RegistrationName></cac:PartyLegalEntity>
</cac:Party></cac:AccountingSupplierParty>
<cac:AccountingCustomerParty><cac:Party><cac:PartyLegalEntity>
<cbc:RegistrationName>{escape(i.customer)}</cbc:RegistrationName></cac:PartyLegalEntity></cac:Party>
</cac:AccountingCustomerParty>
<cac:PaymentMeans><cbc:PaymentMeansCode>30</cbc:PaymentMeansCode>
<cac:PayeeFinancialAccount><cbc:ID>{i.iban}</cbc:ID></cac:PayeeFinancialAccount></cac:PaymentMeans>
<cac:TaxTotal><cbc:TaxAmount currencyID="{i.currency}">{i.tax}</cbc:TaxAmount></cac:TaxTotal>
<cac:LegalMonetaryTotal><cbc:LineExtensionAmount currencyID="{i.currency}">{i.net}</cbc:LineExtensionAmount>
<cbc:TaxExclusiveAmount currencyID="{i.currency}">{i.net}</cbc:TaxExclusiveAmount>
<cbc:TaxInclusiveAmount currencyID="{i.currency}">{i.total}</cbc:TaxInclusiveAmount>
<cbc:PayableAmount currencyID="{i.currency}">{i.total}</cbc:PayableAmount></cac:LegalMonetaryTotal>
{"".join(_ubl_line(i, kind, n) for n in range(len(i.lines)))}
</{kind}>
""".encode()


def _ubl_line(i: Invoice, kind: str, index: int) -> str:
    line = i.lines[index]
    quantity = "CreditedQuantity" if i.is_credit else "InvoicedQuantity"
    return f"""<cac:{kind}Line><cbc:ID>{index + 1}</cbc:ID>
<cbc:{quantity} unitCode="C62">{line.quantity}</cbc:{quantity}>
<cbc:LineExtensionAmount currencyID="{i.currency}">{line.amount}</cbc:LineExtensionAmount>
<cac:Item><cbc:Name>{escape(line.text)}</cbc:Name></cac:Item>
<cac:Price><cbc:PriceAmount currencyID="{i.currency}">{line.price}</cbc:PriceAmount></cac:Price></cac:{kind}Line>"""


def make_cii_xml(invoice: Invoice | None = None) -> bytes:
    """A CII invoice (380) or credit note (381) in the Factur-X profile BASIC WL, which has no lines."""
    i = invoice or Invoice()
    code = 381 if i.is_credit else 380
    due = f"<ram:DueDateDateTime>{_day(i.due)}</ram:DueDateDateTime>" if i.due else ""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<rsm:CrossIndustryInvoice xmlns:rsm="{_CII}:CrossIndustryInvoice:100"
 xmlns:ram="{_CII}:ReusableAggregateBusinessInformationEntity:100" xmlns:udt="{_CII}:UnqualifiedDataType:100">
<rsm:ExchangedDocumentContext>
<ram:GuidelineSpecifiedDocumentContextParameter><ram:ID>urn:factur-x.eu:1p0:basicwl</ram:ID>
</ram:GuidelineSpecifiedDocumentContextParameter></rsm:ExchangedDocumentContext>
<rsm:ExchangedDocument><ram:ID>{escape(i.number)}</ram:ID><ram:TypeCode>{code}</ram:TypeCode>
<ram:IssueDateTime>{_day(i.issued)}</ram:IssueDateTime></rsm:ExchangedDocument>
<rsm:SupplyChainTradeTransaction><ram:ApplicableHeaderTradeAgreement>
<ram:SellerTradeParty><ram:Name>{escape(i.vendor)}</ram:Name>
<ram:SpecifiedTaxRegistration><ram:ID schemeID="VA">{i.vat_id}</ram:ID></ram:SpecifiedTaxRegistration>
</ram:SellerTradeParty>
<ram:BuyerTradeParty><ram:Name>{escape(i.customer)}</ram:Name></ram:BuyerTradeParty>
</ram:ApplicableHeaderTradeAgreement><ram:ApplicableHeaderTradeDelivery/>
<ram:ApplicableHeaderTradeSettlement><ram:InvoiceCurrencyCode>{i.currency}</ram:InvoiceCurrencyCode>
<ram:SpecifiedTradeSettlementPaymentMeans><ram:TypeCode>30</ram:TypeCode>
<ram:PayeePartyCreditorFinancialAccount><ram:IBANID>{i.iban}</ram:IBANID></ram:PayeePartyCreditorFinancialAccount>
</ram:SpecifiedTradeSettlementPaymentMeans>
<ram:ApplicableTradeTax><ram:CalculatedAmount>{i.tax}</ram:CalculatedAmount><ram:TypeCode>VAT</ram:TypeCode>
<ram:BasisAmount>{i.net}</ram:BasisAmount><ram:CategoryCode>S</ram:CategoryCode>
<ram:RateApplicablePercent>{i.vat_percent}</ram:RateApplicablePercent></ram:ApplicableTradeTax>
<ram:SpecifiedTradePaymentTerms>{due}</ram:SpecifiedTradePaymentTerms>
<ram:SpecifiedTradeSettlementHeaderMonetarySummation><ram:LineTotalAmount>{i.net}</ram:LineTotalAmount>
<ram:TaxBasisTotalAmount>{i.net}</ram:TaxBasisTotalAmount>
<ram:TaxTotalAmount currencyID="{i.currency}">{i.tax}</ram:TaxTotalAmount>
<ram:GrandTotalAmount>{i.total}</ram:GrandTotalAmount><ram:DuePayableAmount>{i.total}</ram:DuePayableAmount>
</ram:SpecifiedTradeSettlementHeaderMonetarySummation></ram:ApplicableHeaderTradeSettlement>
</rsm:SupplyChainTradeTransaction></rsm:CrossIndustryInvoice>
""".encode()


def _day(value: object) -> str:
    return f'<udt:DateTimeString format="102">{str(value).replace("-", "")}</udt:DateTimeString>'
