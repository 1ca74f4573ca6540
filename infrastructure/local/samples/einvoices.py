"""E-invoices as XML: UBL 2.1, UN/CEFACT CII and FatturaElettronica, reduced to what makes out an invoice."""

from html import escape

from infrastructure.local.samples.invoice import Invoice

_UBL = "urn:oasis:names:specification:ubl:schema:xsd"
_CII = "urn:un:unece:uncefact:data:standard"
_FACTUR_X = "urn:factur-x.eu:1p0:basicwl"
_XRECHNUNG = "urn:cen.eu:en16931:2017#compliant#urn:xeinkauf.de:kosit:xrechnung_3.0"
_FATTURA = "http://ivaservizi.agenziaentrate.gov.it/docs/xsd/fatture/v1.2"


def make_ubl_xml(invoice: Invoice | None = None, *, corrects: str = "") -> bytes:
    """A UBL 2.1 Invoice or CreditNote after Peppol BIS Billing 3; it may correct an invoice, which it names (384)."""
    i = invoice or Invoice()
    kind, code = ("CreditNote", 381) if i.is_credit else ("Invoice", 384 if corrects else 380)
    before = _ubl_preceding(corrects) if corrects else ""
    due = f"<cbc:DueDate>{i.due}</cbc:DueDate>" if i.due and not i.is_credit else ""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<{kind} xmlns="{_UBL}:{kind}-2" xmlns:cac="{_UBL}:CommonAggregateComponents-2"
 xmlns:cbc="{_UBL}:CommonBasicComponents-2">
<cbc:CustomizationID>urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0</cbc:CustomizationID>
<cbc:ID>{escape(i.number)}</cbc:ID><cbc:IssueDate>{i.issued}</cbc:IssueDate>{due}
<cbc:{kind}TypeCode>{code}</cbc:{kind}TypeCode><cbc:DocumentCurrencyCode>{i.currency}</cbc:DocumentCurrencyCode>
{before}<cac:AccountingSupplierParty><cac:Party><cac:PartyTaxScheme><cbc:CompanyID>{i.vat_id}</cbc:CompanyID>
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


def _ubl_preceding(number: str) -> str:
    return f"""<cac:BillingReference><cac:InvoiceDocumentReference><cbc:ID>{escape(number)}</cbc:ID>
</cac:InvoiceDocumentReference></cac:BillingReference>
"""


def _ubl_line(i: Invoice, kind: str, index: int) -> str:
    line = i.lines[index]
    quantity = "CreditedQuantity" if i.is_credit else "InvoicedQuantity"
    return f"""<cac:{kind}Line><cbc:ID>{index + 1}</cbc:ID>
<cbc:{quantity} unitCode="C62">{line.quantity}</cbc:{quantity}>
<cbc:LineExtensionAmount currencyID="{i.currency}">{line.amount}</cbc:LineExtensionAmount>
<cac:Item><cbc:Name>{escape(line.text)}</cbc:Name></cac:Item>
<cac:Price><cbc:PriceAmount currencyID="{i.currency}">{line.price}</cbc:PriceAmount></cac:Price></cac:{kind}Line>"""


def make_cii_xml(invoice: Invoice | None = None, *, is_xrechnung: bool = False) -> bytes:
    """A CII invoice (380) or credit note (381): Factur-X in the profile BASIC WL, which has no lines, or XRechnung."""
    i = invoice or Invoice()
    profile = _XRECHNUNG if is_xrechnung else _FACTUR_X
    lines = "".join(_cii_line(i, n) for n in range(len(i.lines))) if is_xrechnung else ""
    code = 381 if i.is_credit else 380
    due = f"<ram:DueDateDateTime>{_day(i.due)}</ram:DueDateDateTime>" if i.due else ""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<rsm:CrossIndustryInvoice xmlns:rsm="{_CII}:CrossIndustryInvoice:100"
 xmlns:ram="{_CII}:ReusableAggregateBusinessInformationEntity:100" xmlns:udt="{_CII}:UnqualifiedDataType:100">
<rsm:ExchangedDocumentContext>
<ram:GuidelineSpecifiedDocumentContextParameter><ram:ID>{profile}</ram:ID>
</ram:GuidelineSpecifiedDocumentContextParameter></rsm:ExchangedDocumentContext>
<rsm:ExchangedDocument><ram:ID>{escape(i.number)}</ram:ID><ram:TypeCode>{code}</ram:TypeCode>
<ram:IssueDateTime>{_day(i.issued)}</ram:IssueDateTime></rsm:ExchangedDocument>
<rsm:SupplyChainTradeTransaction>{lines}<ram:ApplicableHeaderTradeAgreement>
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


def _cii_line(i: Invoice, index: int) -> str:
    line = i.lines[index]
    return f"""<ram:IncludedSupplyChainTradeLineItem><ram:AssociatedDocumentLineDocument>
<ram:LineID>{index + 1}</ram:LineID></ram:AssociatedDocumentLineDocument>
<ram:SpecifiedTradeProduct><ram:Name>{escape(line.text)}</ram:Name></ram:SpecifiedTradeProduct>
<ram:SpecifiedLineTradeAgreement><ram:NetPriceProductTradePrice><ram:ChargeAmount>{line.price}</ram:ChargeAmount>
</ram:NetPriceProductTradePrice></ram:SpecifiedLineTradeAgreement>
<ram:SpecifiedLineTradeDelivery><ram:BilledQuantity unitCode="C62">{line.quantity}</ram:BilledQuantity>
</ram:SpecifiedLineTradeDelivery><ram:SpecifiedLineTradeSettlement><ram:ApplicableTradeTax>
<ram:TypeCode>VAT</ram:TypeCode><ram:CategoryCode>S</ram:CategoryCode>
<ram:RateApplicablePercent>{i.vat_percent}</ram:RateApplicablePercent></ram:ApplicableTradeTax>
<ram:SpecifiedTradeSettlementLineMonetarySummation><ram:LineTotalAmount>{line.amount}</ram:LineTotalAmount>
</ram:SpecifiedTradeSettlementLineMonetarySummation></ram:SpecifiedLineTradeSettlement>
</ram:IncludedSupplyChainTradeLineItem>
"""


def _day(value: object) -> str:
    return f'<udt:DateTimeString format="102">{str(value).replace("-", "")}</udt:DateTimeString>'


def make_fatturapa_xml(invoice: Invoice | None = None) -> bytes:
    """A FatturaElettronica of version 1.2: an invoice (TD01) or a credit note (TD04)."""
    i = invoice or Invoice()
    code = "TD04" if i.is_credit else "TD01"
    due = f"<DataScadenzaPagamento>{i.due}</DataScadenzaPagamento>" if i.due else ""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<p:FatturaElettronica versione="FPR12" xmlns:p="{_FATTURA}"><FatturaElettronicaHeader>
<CedentePrestatore><DatiAnagrafici>
<IdFiscaleIVA><IdPaese>{i.vat_id[:2]}</IdPaese><IdCodice>{i.vat_id[2:]}</IdCodice></IdFiscaleIVA>
<Anagrafica><Denominazione>{escape(i.vendor)}</Denominazione></Anagrafica></DatiAnagrafici></CedentePrestatore>
<CessionarioCommittente><DatiAnagrafici>
<Anagrafica><Denominazione>{escape(i.customer)}</Denominazione></Anagrafica></DatiAnagrafici></CessionarioCommittente>
</FatturaElettronicaHeader><FatturaElettronicaBody><DatiGenerali><DatiGeneraliDocumento>
<TipoDocumento>{code}</TipoDocumento><Divisa>{i.currency}</Divisa><Data>{i.issued}</Data>
<Numero>{escape(i.number)}</Numero><ImportoTotaleDocumento>{i.total}</ImportoTotaleDocumento>
</DatiGeneraliDocumento></DatiGenerali><DatiBeniServizi>
{"".join(_fattura_line(i, n) for n in range(len(i.lines)))}
<DatiRiepilogo><AliquotaIVA>{i.vat_percent}.00</AliquotaIVA><ImponibileImporto>{i.net}</ImponibileImporto>
<Imposta>{i.tax}</Imposta></DatiRiepilogo></DatiBeniServizi>
<DatiPagamento><CondizioniPagamento>TP02</CondizioniPagamento><DettaglioPagamento>
<ModalitaPagamento>MP05</ModalitaPagamento>{due}<ImportoPagamento>{i.total}</ImportoPagamento>
<IBAN>{i.iban}</IBAN></DettaglioPagamento></DatiPagamento></FatturaElettronicaBody></p:FatturaElettronica>
""".encode()


def _fattura_line(i: Invoice, index: int) -> str:
    line = i.lines[index]
    return f"""<DettaglioLinee><NumeroLinea>{index + 1}</NumeroLinea><Descrizione>{escape(line.text)}</Descrizione>
<Quantita>{line.quantity}.00</Quantita><PrezzoUnitario>{line.price}</PrezzoUnitario>
<PrezzoTotale>{line.amount}</PrezzoTotale><AliquotaIVA>{i.vat_percent}.00</AliquotaIVA></DettaglioLinee>"""
