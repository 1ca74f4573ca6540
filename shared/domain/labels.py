"""The words that introduce the facts of an invoice, in English, German, French, Spanish, Italian and Dutch."""

import re

from shared.domain.cells import Label
from shared.domain.pattern import Pattern

_NO = r"(?:n[°º]|n\.[ °º]|nr\b\.?|no\b\.?|num(?:ber|mer|éro|ero|\b\.?)|nummer|n[úu]m(?:ero)?\b\.?|id\b|#)"
_INVOICE = (
    r"(?:tax invoice|invoice|rechnungs?|facture|factura|fattura|factuur|beleg|bill|"
    r"credit[ -]?(?:note|memo)|gutschrifts?|avoir|nota de cr[ée]dito|nota di credito|credit ?nota|creditfactuur)"
)
# "Original invoice no.", "zu Rechnung Nr." name another invoice than the one in hand.
_OTHER = (
    r"(?<!original )(?<!previous )(?<!zu )(?<!zur )(?<!urspr. )(?<!ursprüngliche )(?<!origine )(?<!related )"
    r"(?<!origen )(?<!voor )(?<!rectificada )(?<!pro[- ])"
)
_WORD = r"(?<![\w/-])"


def _any(*alternatives: str, prefix: str = _WORD) -> Pattern:
    return Pattern(f"{prefix}(?:{'|'.join(alternatives)})", re.IGNORECASE)


_NO_OF = r"n(?:uméro|°|o\.?|[úu]m(?:ero|\.)?|ro\.?|umero)\s?(?:de |della |di )?(?:la )?"
_NUMBER_LABEL = rf"{_INVOICE}[ -]?(?:document )?{_NO}|{_NO_OF}{_INVOICE}"
NUMBERS = (
    Label(_any(_NUMBER_LABEL, prefix=_WORD + _OTHER)),
    Label(_any(rf"{_INVOICE}(?=\s*[:#]?\s+#?[\w/-]*\d)", prefix="^" + _OTHER), below=False),
)
# A bare word as the heading of a column ("Factuur" over the number); only in a row of headings.
NUMBER_HEADING = Pattern(_INVOICE, re.IGNORECASE)
SUBJECT_NUMBERS = (
    Label(_any(_NUMBER_LABEL, prefix=_WORD + _OTHER), below=False),
    Label(_any(rf"{_INVOICE}(?=\s*[:#-]?\s+#?[\w/-]*\d)", prefix=_WORD + _OTHER), below=False),
)
# "Facture n° 4711 du 2 juillet 2015", "Rechnung Nr. 4711 vom 02.07.2015"
_OF = r"(?:du|vom|von|del|de fecha|van|d\.d\.|dated|of|from|datée du)(?= )"
_DATED = rf"(?:{_NUMBER_LABEL}|{_INVOICE})[\s:#]{{0,3}}[\w/.-]{{1,35}},? {_OF}"

ISSUED = (
    Label(
        _any(
            r"(?:tax )?invoice date|date of (?:invoice|issue)|issue date|date issued",
            r"invoiced on|billing date|bill date",
            r"credit (?:note|memo) date",
            r"rechnungs[ -]?datum|datum der rechnung|ausstellungsdatum|belegdatum|gutschriftsdatum",
            r"date de (?:la )?factur(?:e|ation)|date d['\u2019 ]émission|date facture|émise? le",
            r"date de l['\u2019]avoir",
            r"fecha (?:de )?(?:la )?(?:factura|emisi[óo]n|expedici[óo]n)",
            r"data (?:della )?(?:fattura|emissione|documento)|data di emissione",
            r"factuur ?datum|datum factuur",
            _DATED,
        )
    ),
    Label(_any(r"(?:date|datum|fecha|data)(?=\s*:|$)", prefix="^")),
)
DUE = (
    Label(
        _any(
            r"(?:payment )?due (?:date|by|on)|payment due|date due|(?:please )?pay(?:able|ment)? (?:by|until|before)",
            r"payable on or before|pay on or before",
            r"f(?:ä|ae)llig(?:keits?)?(?:[ -]?datum)?(?: am| bis| zum)?|zahlbar bis(?: zum)?|zahlungsziel|zahlung bis",
            r"date d['\u2019 ]échéance|échéance|date limite de paiement|(?:à )?payer avant le|payable (?:avant )?le",
            r"(?:fecha de )?vencimiento|fecha l[íi]mite de pago|pagadero hasta(?: el)?",
            r"(?:data (?:di )?)?scadenza|scadenza pagamento|da pagare entro(?: il)?",
            r"verval ?datum|uiterste betaaldatum|te betalen (?:voor|v[óo][óo]r|uiterlijk)|betalen voor|uiterlijk",
        )
    ),
)
_TAX = r"(?:vat|tax(?:es)?|gst|mwst\.?|ust\.?|t\.?v\.?a\.?|iva|btw|mehrwertsteuer|umsatzsteuer)"
_INCLUDING = (
    r"(?:incl(?:\.|uding|usive|uding all)?(?: of)?|inkl\.?|inklusive|inclusief|inc\.?|with|mit|con|avec|i\.v\.a\.)"
)
_SUB = r"(?<!sub )(?<!sub-)(?<!zwischen )(?<!sous )(?<!sous-)(?<!net )"
TOTALS = (
    Label(
        _any(
            r"grand total|gross (?:total|amount)|total(?: amount)?,? gross|invoice (?:total|amount)",
            r"total for this invoice|total (?:of )?(?:the )?invoice(?: amount)?",
            rf"total(?: paid| amount| price| due)? \(?{_INCLUDING} {_TAX}\)?",
            r"rechnungs(?:betrag|summe|endbetrag|gesamtbetrag)|gesamt(?:betrag|summe)(?: \(?brutto\)?)?|gesamt brutto",
            rf"brutto(?:betrag|summe|gesamtbetrag)?|endbetrag|(?:gesamt|summe|gesamtbetrag|total) {_INCLUDING} {_TAX}",
            r"total (?:de la )?facture|total (?:général )?t\.?t\.?c\.?|montant (?:total )?t\.?t\.?c\.?|montant total",
            rf"total (?:de la )?factura|importe total|total {_INCLUDING} iva|total general",
            r"totale (?:fattura|documento|ivato|complessivo|generale)|importo totale|totale iva inclusa",
            rf"factuur ?(?:totaal|bedrag)|totaal ?(?:bedrag)? {_INCLUDING} {_TAX}|totaalbedrag",
            prefix=_WORD + _SUB,
        ),
        below=False,
    ),
    Label(
        _any(r"total(?: amount| price)?|gesamt|summe|totale|totaal|importe", prefix=r"^\W{0,3}"),  # no "VAT total"
        below=False,
    ),
    Label(
        _any(
            r"(?:total )?(?:amount|balance|total) due|(?:amount|due) payable|total payable|(?:amount|total) to pay",
            r"zu zahlen(?:der betrag)?|zahlbetrag|zahlungsbetrag",
            r"(?:net|somme|montant|reste) à payer|total a pagar|a pagar|(?:totale )?da pagare|(?:totaal )?te betalen",
            prefix=_WORD,
        ),
        below=False,
    ),
)
BARE_RANK, DUE_RANK = 1, 2  # a bare "Total" also counts pieces
# With a part already paid, what is due is not the total.
PART_PAID = _any(
    r"paid|deposit|advance payment|prepayment|anzahlung|bezahlt",
    r"acompte|déjà (?:payé|réglé)|anticipo|acconto|aanbetaling|voldaan",
)

_CREDIT = (
    r"(?:credit[ -]?(?:note|memo)|gutschrift|stornorechnung|(?:facture d['\u2019])?avoir|nota de cr[ée]dito|"
    r"factura rectificativa|nota di credito|credit ?nota|credit ?factuur)"
)
_PLAIN = r"(?:(?:tax |commercial |vat |retail )?invoice|rechnung|facture|factura|fattura|factuur)"
CREDIT_HEADING = Pattern(rf"{_CREDIT}(?:\W.*)?", re.IGNORECASE)
INVOICE_HEADING = Pattern(rf"(?:kopie |copy )?{_PLAIN}[.:]?", re.IGNORECASE)
CREDIT_SUBJECT = _any(rf"{_CREDIT}(?!\w)")
# Made out by the buyer: an invoice that German practice also titles "Gutschrift" (UNTDID 1001: 389).
SELF_BILLED = _any(r"self[ -]?bill", r"gutschrifts?verfahren", r"selbstfaktur", r"auto-?facturation", r"autofattura")

_YOURS = (
    r"(?<!your )(?<!ihre )(?<!uw )(?<!votre )(?<!vostra )(?<!su )(?<!customer )(?<!client )(?<!kunden )(?<!buyer )"
    r"(?<!klant )"
)
VAT_IDS = (
    Label(
        _any(
            r"vat(?: reg(?:istration)?\.?)?(?:[ -]?(?:id(?:entification)?|no|number|nr|#))?(?: (?:no|number|nr))?\b",
            r"u(?:st|\.st)\.?[ -]?id(?:[ -]?nr|[ -]?nummer)?\b|umsatzsteuer[ -]?id\w{0,25}",
            r"uid(?:-nummer|-nr)?\b|mwst[ -]?nr",
            r"n?[°ºo]? ?(?:de )?tva(?: intra[ -]?communautaire)?|numéro de tva|identifiant tva",
            r"(?:nif[ -]iva|nif|cif|n\.i\.f\.)(?!\w)|p\.? ?iva|partita iva|part\. iva",
            r"btw(?:[ -]?(?:nr|nummer|id|identificatienummer))?\b",
            prefix=_WORD + _YOURS,
        )
    ),
)
# Words that no English or American invoice has, so that 03/04/2025 in it has the day first.
DAY_FIRST_WORDS = _any(
    r"rechnung",
    r"facture\b",
    r"factura\b",
    r"fattura\b",
    r"factuur",
    r"fällig",
    r"montant\b",
    r"importo\b",
    r"bedrag\b",
)
