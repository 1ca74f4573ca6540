"""Where a FatturaElettronica keeps the terms of an invoice."""

from datetime import date
from decimal import Decimal

import pytest

from shared.domain.einvoice import structured_facts
from shared.domain.facts import Kind
from tests.domain.made import element, values

FATTURA = """<p:FatturaElettronica versione="FPR12"
 xmlns:p="http://ivaservizi.agenziaentrate.gov.it/docs/xsd/fatture/v1.2"><FatturaElettronicaHeader>
<CedentePrestatore><DatiAnagrafici><IdFiscaleIVA><IdPaese>IT</IdPaese><IdCodice>01234567890</IdCodice></IdFiscaleIVA>
<Anagrafica><Denominazione>Merlo Servizi SRL</Denominazione></Anagrafica></DatiAnagrafici></CedentePrestatore>
<CessionarioCommittente><DatiAnagrafici><CodiceFiscale>09876543210</CodiceFiscale>
<Anagrafica><Denominazione>Contoso SRL</Denominazione></Anagrafica></DatiAnagrafici></CessionarioCommittente>
</FatturaElettronicaHeader><FatturaElettronicaBody><DatiGenerali><DatiGeneraliDocumento>
<TipoDocumento>TD01</TipoDocumento><Divisa>EUR</Divisa><Data>2026-03-05</Data><Numero>184/2026</Numero>
<ImportoTotaleDocumento>122.00</ImportoTotaleDocumento></DatiGeneraliDocumento>
<DatiOrdineAcquisto><IdDocumento>PO-7</IdDocumento></DatiOrdineAcquisto></DatiGenerali>
<DatiPagamento><DettaglioPagamento><DataScadenzaPagamento>2026-04-04</DataScadenzaPagamento>
<ImportoPagamento>122.00</ImportoPagamento><IBAN>IT60X0542811101000000123456</IBAN></DettaglioPagamento></DatiPagamento>
</FatturaElettronicaBody></p:FatturaElettronica>"""


def fattura(*changes: tuple[str, str]) -> dict[str, object]:
    """The facts of the sample after the changes."""
    xml = FATTURA
    for old, new in changes:
        assert old in xml
        xml = xml.replace(old, new)
    return values(structured_facts(element(xml), "a.xml"))


def test_every_field_is_read() -> None:
    assert fattura() == {
        "vendor_name": "Merlo Servizi SRL",
        "vat_id": "IT01234567890",
        "invoice_number": "184/2026",
        "issue_date": date(2026, 3, 5),
        "due_date": date(2026, 4, 4),
        "currency": "EUR",
        "total": Decimal("122.00"),
        "kind": Kind.INVOICE,
        "iban": "IT60X0542811101000000123456",
        "purchase_order": "PO-7",
        "ibans": ["IT60X0542811101000000123456"],
        "names": ["Merlo Servizi SRL"],
    }


@pytest.mark.parametrize(
    ("code", "kind"),
    [("TD04", Kind.CREDIT_NOTE), ("TD08", Kind.CREDIT_NOTE), ("TD05", Kind.INVOICE), ("TD17", Kind.INVOICE)],
)
def test_the_kind_follows_the_type(code: str, kind: Kind) -> None:
    assert fattura(("TD01", code))["kind"] is kind


def test_a_person_has_two_names() -> None:
    person = "<Nome>Ada</Nome><Cognome>Merlo</Cognome>"
    assert fattura(("<Denominazione>Merlo Servizi SRL</Denominazione>", person))["vendor_name"] == "Ada Merlo"


def test_the_amount_to_pay_is_not_the_total() -> None:
    assert "total" not in fattura(("<ImportoTotaleDocumento>122.00</ImportoTotaleDocumento>", ""))


def test_instalments_leave_the_due_date_open() -> None:
    more = "<DettaglioPagamento><DataScadenzaPagamento>2026-05-04</DataScadenzaPagamento></DettaglioPagamento>"
    assert "due_date" not in fattura(("</DatiPagamento>", f"{more}</DatiPagamento>"))


def test_several_bodies_are_several_invoices() -> None:
    start, end = FATTURA.index("<FatturaElettronicaBody>"), FATTURA.index("</p:FatturaElettronica>")
    second = FATTURA[start:end].replace("184/2026", "185/2026").replace("122.00", "244.00")
    found = fattura(("</p:FatturaElettronica>", f"{second}</p:FatturaElettronica>"))
    assert not found.keys() & {"invoice_number", "total"}
    assert found["vendor_name"] == "Merlo Servizi SRL"
