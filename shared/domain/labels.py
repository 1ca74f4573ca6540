"""The words that introduce the facts of an invoice, in English, German, French, Spanish, Italian and Dutch."""

import re

from shared.domain.cells import Label
from shared.domain.pattern import Pattern

_NO = (
    r"(?:n\.?[°º]\.?|n\.?o\b\.?|n\.(?= ?\w)|nr\b\.?|num(?:ber|mer|éro|ero|\b\.?)|nummer|n[úu]m(?:ero)?\b\.?|id\b|"
    r"ref(?:erence|\b\.?)|#)"
)
_CREDIT = (
    r"(?:credit[ -]?(?:note|memo)|gutschrifts?|stornorechnungs?|avoir|nota de (?:cr[ée]dito|abono)|nota di credito|"
    r"credit ?nota|creditfactuur)"
)
_INVOICE = (
    r"(?:(?:sales |vat |tax )?invoice|(?:[a-zäöü]{2,20})?rechnungs?|rechnungs-?korrektur|factur[ae] (?:simplificada|"
    r"electr[óo]nica|de vente)|"
    r"facture|factura|fattura(?: elettronica| differita| immediata)?|(?:credit|verzamel|verkoop)?factuur|beleg|bill|"
    r"fra\.|"
    rf"{_CREDIT})"
)
_WORD = r"(?<![\w/-])"
# "Original invoice no.", "zu Rechnung Nr." name another invoice than the one in hand.
_OTHERS = (
    "original |previous |related |corrected |against |for |to |replaces |corrects |cancels |supersedes |pro[ -]|"
    "zu |zur |der |urspr. |ursprüngliche |ursprünglichen |ersetzt |unserer |ersetzt die |storniert |"
    "origine |de la |à la |sur |remplace |annule |remplace la |rectifie la |la |"
    "origen |rectificada |rectifica |sustituye |a la |origine |alla |della |sostituisce |storna |rettifica |"
    "voor |op |vervangt |betreft |oorspronkelijke |bij "
)
_OTHER = "".join(f"(?<!{word})" for word in dict.fromkeys(_OTHERS.split("|")))


def _any(*alternatives: str, prefix: str = _WORD, suffix: str = "") -> Pattern:
    return Pattern(f"{prefix}(?:{'|'.join(alternatives)}){suffix}", re.IGNORECASE)


_NO_OF = (
    r"(?:n(?:uméro|\.?°|o\.?|\.o\.?|[úu]m(?:ero|\.)?|r\.?|ro\.?|umero|ummer|\.)|number|r[ée]f(?:érence|\.)?)"
    r"\s?(?:de |della |di |der |of |van )?(?:la |the |de )?"
)
_NUMBER_LABEL = (
    rf"{_INVOICE}(?:[ /-]{{1,3}}(?:document|receipt|statement|credit note|"
    rf"tax))?(?: \([^()]{{1,40}}\))?[ -]{{0,2}}{_NO}|{_NO_OF}{_INVOICE}(?!\w)|"
    r"(?:rg|re|rech|rechn)\.?[ -]?nr\b\.?"
)
_OWN = _WORD + _OTHER
_TITLE = r"(?=\s*[:#-]?\s+#?[\w/-]*\d)"
CREDIT_NUMBERS = (Label(_any(rf"{_CREDIT}[ -]{{0,2}}{_NO}|{_NO_OF}{_CREDIT}(?!\w)", prefix=_OWN)),)
NUMBERS = (
    Label(_any(_NUMBER_LABEL, prefix=_OWN)),
    Label(
        _any(
            r"(?:document|receipt|doc\.)[ -]?" + _NO,
            r"(?:dokumenten?|quittungs)[ -]?(?:nr\b\.?|nummer)",
            r"(?:n(?:uméro|°|o\.?) (?:de )?|r[ée]f(?:érence|\.) )(?:document|pièce|reçu)",
            r"(?:n(?:[úu]mero|o\.?|°) (?:de |del )?)(?:documento|recibo)|documento n[°o.]",
            r"(?:n(?:umero|\.|r\.?) )(?:doc\.|documento|ricevuta)|documento n(?:\.|r\.?)",
            r"(?:document|bon)[ -]?(?:nr\b\.?|nummer)",
            prefix=_OWN,
        )
    ),
    Label(_any(rf"{_INVOICE}{_TITLE}", prefix="^" + _OTHER), below=False),
)
# The number alone after "No.", where a heading says that the document is an invoice.
PLAIN_NUMBER = Label(
    _any(
        r"(?:number|nummer|num[ée]ro|n[úu]mero|n[°r]\.?|no\.?|#)(?=\s*[:#]|\s*$|\s+\S{3,35}$|[\w-]{3,35}$)", prefix="^"
    )
)
# A bare word as the heading of a column ("Factuur" over the number); only in a row of headings.
NUMBER_HEADING = Pattern(_INVOICE, re.IGNORECASE)
SUBJECT_NUMBERS = (
    Label(_any(_NUMBER_LABEL, prefix=_OWN), below=False),
    Label(_any(rf"{_INVOICE}{_TITLE}", prefix=_OWN), below=False),
)
PURCHASE_ORDERS = (
    Label(
        _any(
            rf"(?:purchase[ -]order|p\.?\s?o\.?|customer(?:'s)? (?:po|order)|your (?:po|order|"
            rf"purchase order))[ -]?{_NO}",
            r"(?:purchase order|your order|customer po|p\.o\.)(?=\s*[:#]|\s*$|\s+#?[\w/-]*\d)|p\.?o\.?(?=\s?[:#])",
            r"(?:(?:ihre|kunden)[ -]?)?(?:bestell|kundenbestell)[ -]?(?:nr\b\.?|nummer|referenz|zeichen)",
            r"(?:ihre )?bestellung(?: nr\b\.?|(?=\s*:|\s+#?[\w/-]*\d))|ihre auftrags[ -]?(?:nr\b\.?|nummer)",
            r"(?:n(?:uméro|°|o\.?)|r[ée]f(?:érence|\.)?) (?:de )?(?:votre )?(?:bon de )?commande",
            r"(?:votre |bon de )commande(?: n[°o]\.?)?|commande (?:client )?n[°o]\.?|n[°o]\.? bc",
            rf"(?:su |n[°o]\.? (?:de )?|n[úu]mero de |orden de |hoja de )?pedido(?: {_NO})?(?=\s*[:#]|\s*$|"
            rf"\s+#?[\w/-]*\d)",
            r"orden de compra(?: n[°o.]{1,2})?",
            rf"(?:vostro |vs\.? ?|n\.? ?|numero )?ordine(?: di acquisto)?(?: {_NO})?(?=\s*[:#]|\s*$|\s+#?[\w/-]*\d)",
            r"(?:uw )?(?:bestel|inkooporder|inkoop)[ -]?(?:nr\b\.?|nummer|order)|(?:uw |inkoop)order(?:nummer|"
            r" nr\b\.?)?",
        )
    ),
)

# "Facture n° 4711 du 2 juillet 2015", "Rechnung Nr. 4711 vom 02.07.2015"
_OF = r"(?:du|vom|von|del|de fecha|van|d\.d\.|dated|issued (?:at|on)|of|from|datée du|en date du|in data)(?= )"
_DATED = rf"{_OTHER}(?:{_NUMBER_LABEL}|{_INVOICE})[\s:#]{{0,3}}[\w/.-]{{1,35}},? {_OF}"
# "Invoice date / Tax point", "Rechnungsdatum/Lieferdatum": one value for both.
_AND = r"(?:\s?[/&]\s?(?:[^\W\d]{1,20}[ .']?){1,5})?"
ISSUED = (
    Label(
        _any(
            rf"(?:(?:tax )?invoice date|date of (?:invoice|issue)|issue date|date issued|receipt date){_AND}",
            r"date of (?:the|this) invoice|invoiced on|billing date|bill date|date of bill|issued on|invoice issued",
            r"credit (?:note|memo) date|date of credit(?: note)?",
            rf"(?:rechnungs?[ -]?datum|datum der rechnung|ausstellungsdatum|beleg[ -]?datum|gutschriftsdatum){_AND}",
            r"ausgestellt am|rechnung vom|re\.?-datum|rg\.?-datum",
            rf"(?:date de (?:la )?factur(?:e|ation)|date d['\u2019 ]émission|date facture){_AND}",
            r"émise? le|date de l['\u2019]avoir|date d['\u2019]établissement|facture du|facturée? le",
            rf"fecha (?:de )?(?:la )?(?:factura|facturaci[óo]n|emisi[óo]n|expedici[óo]n){_AND}",
            rf"data (?:della |di |del )?(?:fattura(?:zione)?|emissione|documento|doc\.?|ricevuta){_AND}|emess[ao] il",
            rf"(?:factuur ?datum|datum (?:van )?(?:de )?factuur|nota ?datum){_AND}",
            _DATED,
        )
    ),
    Label(_any(r"(?:date|datum|fecha|data|dated)(?=\s*:|$|\s+\d|\s+[A-Z]\w{2,8}\.? \d)", prefix="^")),
)
# "vom 02.07.2015" in a column of its own beside the number.
DATED = Label(_any(r"(?:vom|du|del|dated|van|d\.d\.|from)(?= |$)", prefix="^"), below=False)
DUE = (
    Label(
        _any(
            r"(?:payment )?(?:is )?due (?:date|by|on)|payment due|date due|due (?:no later than|before)|due(?=\s*:)",
            r"(?:please )?(?:pay|payable|payment|remit|settle)(?: (?:is|in full|this invoice))? (?:by|until|before|"
            r"no later than)",
            r"(?:payable|pay|payment) on or before|pay this amount by|payment deadline",
            r"f(?:ä|ae)llig(?:keits?)?(?:[ -]?(?:datum|tag))?(?: am| bis| zum)?|zahlbar bis(?: zum)?|zahlungsziel|"
            r"zahlung bis",
            r"(?:zahlbar|zahlung|überweisen|begleichen|einzahlen|"
            r"zahlen)[^.:;\d]{0,50} bis(?: spätestens)?(?: zum)?(?= ?\d)",
            r"(?<!skonto )(?<!zahlung )innerhalb (?:von )?\d{1,3} tagen (?:netto |ohne abzug )?bis(?: zum)?|"
            r"zahlungsfrist",
            r"date d['\u2019 ]échéance|échéance|date limite de (?:paiement|règlement)|(?:à )?(?:payer|"
            r"régler)[^.:;\d]{0,30} avant le",
            r"payable (?:avant )?(?:le|au plus tard le)|à régler (?:pour )?le|au plus tard le",
            r"(?:fecha de )?vencimiento|fecha l[íi]mite de pago|pagadero hasta(?: el)?|vto\.|pagar antes del?",
            r"(?:data (?:di )?)?scadenza|scadenza pagamento|(?:da pagare |pagamento )?entro(?: e non oltre)? il",
            r"verval ?datum|uiterste betaaldatum|(?:te betalen|betaling|betalen|voldoen)[^.:;\d]{0,30} (?:voor|"
            r"v[óo][óo]r|uiterlijk)",
            r"betaaldatum|uiterlijk(?: op)?|vervalt op",
        )
    ),
)
# Headings of other dates; a date beside or under one is theirs.
DATE_WORD = _any(
    r"\w*dat(?:e|um|a)|fecha|due|period|délai|échéance|f(?:ä|ae)llig\w*|zeitraum|vencimiento|scadenza|from|to|till|"
    r"arrival|departure|check-?(?:in|out)|anreise|abreise|arrivée|départ|lieferung|leistung\w*|delivery|shipped|"
    r"order\w*",
    suffix=r"(?!\w)",
)
# Headings of the table of items, where a column "Date" or "Total" belongs to single lines.
ITEM_HEADING = Pattern(
    r"(?:item|description|details?|particulars|service|product|qty|quantity|unit price|price|hours|rate|reference|"
    r"pos\.?|position|beschreibung|bezeichnung|artikel\w*|leistung|menge|anzahl|einzelpreis|preis|buchungstext|text|"
    r"désignation|libellé|quantité|qté|prix(?: unitaire)?|p\.?u\.?(?: ht)?|"
    r"descripci[óo]n|concepto|cantidad|precio|cant\.?|descrizione|quantità|q\.?t[aà]\.?|prezzo(?: unitario)?|"
    r"omschrijving|aantal|prijs|hoeveelheid|charges|credits|debit|credit|balance)(?:\W.*)?",
    re.IGNORECASE,
)

_YOURS = (
    r"(?<!your )(?<!ihre )(?<!uw )(?<!votre )(?<!vostra )(?<!su )(?<!customer )(?<!client )(?<!kunden )(?<!buyer )"
    r"(?<!klant )"
)
VAT_IDS = (
    Label(
        _any(
            r"vat(?: reg(?:istration)?\.?)?(?:[ -]?(?:id(?:entification)?|no|number|nr|#))?(?: (?:no|number|nr))?\b\.?",
            r"u(?:st|\.st)\.?[ -]?(?:ident|id)\.?(?:[ -]?nr\b\.?|[ -]?nummer)?(?!\w)|umsatzsteuer[ -]?id\w{0,25}",
            r"uid(?:-nummer|-nr)?\b|mwst[ -]?nr",
            r"n?[°ºo]? ?(?:de )?tva(?: intra[ -]?com(?:munautaire|\.)?)?|numéro de tva|identifiant tva",
            r"(?:nif[ -]iva|nif|cif|n\.i\.f\.)(?!\w)|p\.? ?iva|partita iva|part\. iva",
            r"btw(?:[ -]?(?:nr|nummer|id|identificatienummer))?\b",
            prefix=_WORD + _YOURS,
        )
    ),
)
# Words that no English or American invoice has, so that 03/04/2025 in it has the day first.
DAY_FIRST_WORDS = _any(
    r"rechnung",
    r"factur[ae]\b",
    r"fattura\b",
    r"factuur",
    r"fällig",
    r"montant\b",
    r"importe?o?\b",
    r"bedrag\b",
    r"datum\b",
    r"fecha\b",
    r"scadenza\b",
    r"échéance",
    r"mwst",
    r"btw\b",
    r"tva\b",
)
