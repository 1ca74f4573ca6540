"""FatturaElettronica of the Italian revenue agency, versions 1.0 to 1.2."""

from shared.domain.markup import Element
from shared.domain.terms import Terms, reached, texts

_NAMESPACES = (
    "http://ivaservizi.agenziaentrate.gov.it/docs/xsd/fatture/",
    "http://www.fatturapa.gov.it/sdi/fatturapa/",
)
_SELLER = ("FatturaElettronicaHeader", "CedentePrestatore", "DatiAnagrafici")
_BODY = ("FatturaElettronicaBody",)
_GENERAL = (*_BODY, "DatiGenerali")
_DOCUMENT = (*_GENERAL, "DatiGeneraliDocumento")
_PAYMENT = (*_BODY, "DatiPagamento", "DettaglioPagamento")
_CREDIT = frozenset({"TD04", "TD08"})


def terms(root: Element) -> Terms | None:
    """The terms of a FatturaElettronica, None where the root is no such; its several bodies are several invoices."""
    if root.name != "FatturaElettronica" or not root.namespace.startswith(_NAMESPACES):
        return None
    return {
        "BT-1": texts(root, (*_DOCUMENT, "Numero")),
        "BT-2": texts(root, (*_DOCUMENT, "Data")),
        "BT-3": tuple("381" if code in _CREDIT else "380" for code in texts(root, (*_DOCUMENT, "TipoDocumento"))),
        "BT-5": texts(root, (*_DOCUMENT, "Divisa")),
        "BT-9": texts(root, (*_PAYMENT, "DataScadenzaPagamento")),
        "BT-13": texts(root, (*_GENERAL, "DatiOrdineAcquisto", "IdDocumento")),
        "BT-25": texts(root, (*_GENERAL, "DatiFattureCollegate", "IdDocumento")),
        "BT-27": _names(root),
        "BT-31": _vat_ids(root),
        "BT-32": texts(root, (*_SELLER, "CodiceFiscale")),
        "BT-84": texts(root, (*_PAYMENT, "IBAN")),
        "BT-112": texts(root, (*_DOCUMENT, "ImportoTotaleDocumento")),
    }


def _names(root: Element) -> tuple[str, ...]:
    """The firm's name, or a person's in two parts."""
    parties = reached(root, (*_SELLER, "Anagrafica"))
    names = (party.value("Denominazione") or f"{party.value('Nome')} {party.value('Cognome')}" for party in parties)
    return tuple(name.strip() for name in names if name.strip())


def _vat_ids(root: Element) -> tuple[str, ...]:
    found = reached(root, (*_SELLER, "IdFiscaleIVA"))
    return tuple(each.value("IdPaese") + each.value("IdCodice") for each in found if each.value("IdCodice"))
