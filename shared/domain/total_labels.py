"""The words at the totals of an invoice, in English, German, French, Spanish, Italian and Dutch."""

import re

from shared.domain.pattern import Pattern

_WORD = r"(?<![\w/-])"
# Not "Zwischensumme brutto", and not "Netto-Gesamtbetrag".
_SUB = r"(?<!sub )(?<!sub-)(?<!zwischen )(?<!sous )(?<!sous-)(?<!net )(?<!netto )(?<!netto-)(?<!tax )(?<!vat )"
_TAX = (
    r"(?:vat|(?:sales )?tax(?:es)?|gst|hst|mwst\.?|u\.?st\.?|t\.?v\.?a\.?|i\.?v\.?a\.?|btw|mehrwertsteuer|umsatzsteuer)"
)
_INCLUDING = (
    r"(?:incl(?:\.|uding|usive|uding all)?(?: of)?|inkl\.?|inklusive|einschl\.?|einschließlich|inclusief|inc\.?|with|"
    r"mit|"
    r"con|avec|i\.v\.a\.|ivato|comprensivo di)"
)
_RATE = r"(?:\d{1,2}(?:[.,]\d{1,2})? ?% )?"
_WITH_TAX = rf"{_INCLUDING} ?{_RATE}(?:ges\. |gesetzl\. |gesetzlicher )?{_TAX}(?! exempt)"
_ASKED = r"(?: (?:à payer|payable|to pay|zu zahlen|te betalen|a pagar|da pagare|a pagare)(?!\w))?"
_TTC = (
    r"(?:t\.?\s?t\.?\s?c\b\.?|(?:iva|taxes|tax|vat|gst|btw|tva|mwst\.?) "
    r"(?:inclu(?:ido|ida|sa|so|ded|se|s|ses)|incl\.?|inbegrepen|inkl\.?))"
)


def _any(*alternatives: str, prefix: str = _WORD, suffix: str = "") -> Pattern:
    return Pattern(f"{prefix}(?:{'|'.join(alternatives)}){suffix}", re.IGNORECASE)


GROSS = _any(
    r"grand total|gross (?:total|amount|sum)|total(?: amount)?,? \(?gross\)?|invoice (?:total|amount)|order total",
    r"total (?:amount )?(?:for|of) (?:this|the) (?:invoice|bill)|total (?:of )?(?:the )?invoice(?: amount| value)?|"
    r"total invoiced",
    r"total (?:new |current )(?:charges|costs)|total (?:this|the) (?:bill|month)|total for (?:this|the) (?:bill|"
    r"period|month)",
    rf"total(?: paid| amount| price| due| payable| to pay| cost)?,? \(?{_WITH_TAX}\)?|total,? \(?{_TTC}\)?",
    r"rechnungs(?:betrag|summe|endbetrag|endsumme|gesamtbetrag|total|beitrag)",
    r"(?:gesamt|end)(?:betrag|summe)(?:[ ,]{1,2}\(?brutto\)?)?",
    r"(?:gesamt|summe|total)[ ,]{1,2}\(?brutto\)?|brutto-?(?:gesamt)?(?:betrag|summe|total|wert)?|"
    r"gesamtpreis (?:brutto|inkl)",
    rf"(?:gesamt|summe|gesamtpreis|total|betrag)[ ,]{{1,2}}\(?{_WITH_TAX}\)?",
    r"total (?:de (?:la |votre )?)?facture|total (?:général )?t\.?\s?t\.?\s?c\.?|"
    r"montant (?:total )?(?:à payer )?t\.?\s?t\.?\s?c\.?",
    r"montant total(?: de la facture| facturé)?|montant (?:de (?:la|votre) facture|facturé)|total (?:à payer |"
    r"net )?ttc",
    r"total (?:de (?:la )?)?factura|importe (?:total|factura|de la factura)(?: factura)?|total general|total importe",
    rf"total {_WITH_TAX}|total \(?{_TTC}\)?",
    r"total[ei] (?:della )?(?:fattura|documento|ivato|complessivo|generale|bolletta|lordo)|importo totale(?: fattura|"
    r" documento)?",
    r"tot\. (?:fattura|documento)|totale \(?iva inclusa\)?|importo (?:della )?fattura",
    r"factuur ?(?:totaal|bedrag)|totaal(?: ?bedrag)?(?: te betalen)?,? \(?"
    + _WITH_TAX
    + r"\)?|totaal ?bedrag|eind(?:totaal|bedrag)",
    r"totaal factuur|totaal bruto",
    prefix=_WORD + _SUB,
    suffix=_ASKED,
)
BARE = _any(
    r"total(?: amount| price| cost| sum)?|total charges|gesamt|gesamtpreis|summe|endsumme|totale|totaal|total en|"
    r"importe|tot\.",
    prefix=r"^\W{0,3}",  # no "VAT total"
)
DUE = _any(
    r"(?:total |invoice )?(?:amount|balance|total) (?:now )?due|(?:amount|due|balance) payable|total payable",
    r"(?:amount|total) to (?:pay|be paid)|please pay(?: this amount)?|amount owing|you owe|total owing",
    r"zu zahlen(?:der (?:betrag|gesamtbetrag|beitrag))?|(?:zahl|zahlungs|forderungs|überweisungs)betrag|"
    r"(?:noch )?offener betrag",
    r"(?:net|somme|montant|reste|total|solde)(?: total)? (?:net )?à (?:payer|régler)|(?:montant|total) (?:total )?dû",
    r"(?:total |importe |l[íi]quido )?a (?:pagar|abonar)|total a ingresar|(?:totale |importo |netto |saldo )?(?:da|"
    r"a) pagare",
    r"(?:totaal |bedrag |nog )?te (?:betalen|voldoen)(?: bedrag)?|openstaand bedrag|due payable",
)
PAID = _any(
    r"(?:total )?amount (?:paid|charged)|total (?:paid|charged)|payment amount|montant (?:payé|réglé|prélevé|"
    r"du prélèvement)|"
    r"importe (?:pagado|cobrado)|importo (?:pagato|addebitato)|betaald bedrag|bezahlter betrag|abbuchungsbetrag",
)
# With a part already paid, what is due is not the total.
PART_PAID = _any(
    r"(?:amount |already |total )?paid|deposit|advance(?: payment)?|prepayment|prepaid|payments?(?: received|"
    r" made)?(?! (?:due|terms|method|date|ref|details|info|by|within|amount))|"
    r"less payments?|credit applied|credits?",
    r"(?:abzüglich |abzgl\. |erhaltene |geleistete )?(?:anzahlung|abschlag|abschläge|vorauszahlung|akonto)\w*|"
    r"bezahlt|gezahlt|guthaben",
    r"acomptes?|déjà (?:payé|réglé|versé)|versement|arrhes|anticipo|pagado|entrega a cuenta|retenci[óo]n|"
    r"i\.?r\.?p\.?f\.?",
    r"acconto|pagato|caparra|ritenuta|aanbetaling|voldaan|betaald|voorschot|vooruitbetaald",
)
# With an older balance carried over, what is due is more than this invoice.
CARRIED = _any(
    r"(?:previous|prior|opening|last|unpaid|outstanding) balance|balance (?:brought )?forward|brought forward|"
    r"past due|arrears",
    r"ausstehende \w+|offene (?:forderung|zahlung|posten|beträge)\w*|rückstand|saldovortrag|mahngebühr\w*",
    r"(?:ancien|précédent) solde|solde (?:antérieur|précédent)|saldo (?:anterior|pendiente|precedente)|"
    r"importes? pendientes?",
    r"vorig saldo|openstaand saldo|bolletta precedente|arretrati",
)
NET = _any(
    r"(?:net(?:to|t|s)?|excl\w*|exkl\w*|ex|without|before|ohne|zzgl|zuzügl\w*|plus|h\.?t|hors|sans|sin|base|senza|"
    r"imponibile|"
    r"zonder|exclusief|escl\w*)(?!\w)"
)
TAX = _any(rf"{_TAX}(?!\w)|steuer(?:betrag)?|(?:mehrwert|umsatz)steuer|imposta|cuota|taxes?|gst|hst")
INCLUDING_TAX = _any(
    rf"{_WITH_TAX}[ .)]*|{_TTC}[ .)]*|(?:incl|inkl|brutto|gross|ttc)\b[ .)]*",
    prefix=r"^[ (]*",
)
GROSS_HEADING = Pattern(
    r"(?:brutto(?:betrag|summe)?|gross(?: amount)?|total(?:e|es)?(?: (?:ttc|amount|gross|fattura|documento|factura|"
    r"general|a pagar"
    r"|à payer|da pagare|due))?|gesamt(?:betrag|summe)?|endbetrag|rechnungsbetrag|summe|montant ttc|net à payer|ttc|"
    r"importe total|"
    r"totaal(?:bedrag)?(?: incl\.?(?: btw)?)?|te betalen|zu zahlen|invoice total|amount due|bedrag incl\.?(?: btw)?)"
    r"(?: ?\(?(?:in )?(?:eur|€|usd|gbp|chf|\$|£)\)?)?:?",
    re.IGNORECASE,
)
NET_OR_TAX = Pattern(
    rf"(?<!\w)(?:net(?:to)?\w{{0,12}}|{_TAX}|ht|base(?: imponible)?|imponibile|imposta|cuota|steuer\w{{0,12}}|"
    rf"subtotal|sub-total|"
    r"warenwert|grondslag|mwst\w{0,10}|mwst-\w{1,10}|ust-\w{1,10}|excl\.?|taxable)(?!\w)",
    re.IGNORECASE,
)
