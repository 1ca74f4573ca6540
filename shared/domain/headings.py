"""What a document is by its heading, or a mail by its subject: invoice, credit note, correction, reminder."""

import re
from collections.abc import Iterable, Sequence

from shared.domain.cells import Row
from shared.domain.facts import Kind, Nature
from shared.domain.pattern import Pattern

_TOP_ROWS = 60  # in which the heading stands; a layout may put the recipient first
_LONGEST = 80  # characters of a heading
_WORD = r"(?<![\w/-])"
_CREDIT = (
    r"(?:credit[ -]?(?:note|memo)|(?:rechnungs)?gutschrift|stornorechnung|(?:facture d['\u2019 ]?)?avoir|"
    r"nota de (?:cr[ée]dito|abono)|factura rectificativa|nota di (?:credito|accredito)|credit ?nota|credit ?factuur)"
)
_INVOICE = (
    r"(?:(?:tax |commercial |vat |retail |sales |service |customer |pro[ -]?forma )?invoice|(?:invoice ?/ ?)?receipt|"
    r"(?:\w{2,20})?rechnung|facture(?: de vente)?|factura(?: simplificada| electr[óo]nica)?|"
    r"fattura(?: elettronica| differita| immediata| accompagnatoria)?|(?:\w{2,12})?factuur)"
)
_CREDIT_HEADING = Pattern(rf"{_CREDIT}(?:\W.*)?", re.IGNORECASE)
_INVOICE_HEADING = Pattern(
    rf"(?:kopie |copy |duplicate |original )?{_INVOICE}(?:[.:]|\s(?:n|#|\(|-|du\b|vom\b|del\b|van\b|dated\b).*|"
    rf"\s\S*\d.*)?",
    re.IGNORECASE,
)
_BARE_INVOICE = Pattern(rf"(?:kopie |copy )?{_INVOICE}[.:]?", re.IGNORECASE)  # an "Invoice No." may be the one credited
_CREDIT_SUBJECT = Pattern(rf"{_WORD}{_CREDIT}(?!\w)", re.IGNORECASE)
# Made out by the buyer: an invoice that German practice also titles "Gutschrift" (UNTDID 1001: 389).
_SELF_BILLED = Pattern(
    rf"{_WORD}(?:self[ -]?bill|gutschrifts?verfahren|selbstfaktur|selbst ausgestellt|auto-?facturation|autofattura|"
    rf"autofactura)",
    re.IGNORECASE,
)
_CORRECTIONS = (
    r"(?:(?:corrected|amended|revised|replacement|corrective) (?:tax )?invoice|invoice correction|"
    r"rechnungs-?(?:korrektur|berichtigung)|korrekturrechnung|(?:korrigierte|berichtigte) rechnung|"
    r"facture (?:rectificative|corrigée|corrective|de remplacement)|factura (?:rectificativa|corregida|correctiva)|"
    r"fattura (?:rettificativa|sostitutiva|di rettifica)|nota di variazione|"
    r"(?:gecorrigeerde |correctie-?)factuur|factuurcorrectie)"
)
_REPLACES = Pattern(
    rf"{_WORD}(?:(?:replaces|supersedes) (?:the |our )?(?:previous |original )?invoice|"
    r"ersetzt (?:die |unsere )?rechnung|annule et remplace|sustituye (?:a )?la factura|"
    r"sostituisce (?:la )?(?:precedente )?fattura|vervangt (?:de )?factuur)",
    re.IGNORECASE,
)
_REMINDERS = (
    r"(?:(?:(?:friendly|gentle|first|second|third|final|last|invoice) )?(?:payment )?reminder|"
    r"(?:overdue|past[ -]due|final|second|third|late payment) (?:payment |invoice )?notice|"
    r"(?:\w+ )?statement of account|account statement|overdue (?:invoice|account|payment)|"
    r"(?:(?:\d\.|erste|zweite|dritte|letzte|freundliche) )?(?:mahnung|zahlungserinnerung)|mahnschreiben|"
    r"(?:\d(?:e|ère|ème) |première |deuxième |dernière )?relance|(?:lettre de )?rappel de (?:paiement|facture)|"
    r"lettre de (?:rappel|relance)|(?:premier |dernier )?rappel|mise en demeure|relevé de compte|"
    r"recordatorio de (?:pago|factura)|(?:reclamaci[óo]n|aviso|requerimiento) de (?:pago|impago)|estado de cuenta|"
    r"(?:primo |secondo |ultimo )?sollecito(?: di pagamento)?|estratto conto|promemoria di pagamento|"
    r"(?:(?:eerste|tweede|laatste|vriendelijke) )?(?:betalings?-?herinnering|herinnering|aanmaning)|rekeningoverzicht)"
)
# What a heading may add to its words: a number, a date and what ties them; more makes it a line of small print.
_MONTH = (
    r"(?:jan|ene|gen|feb|fe[vé]|mar|mär|apr|avr|abr|may|mai|maj|mag|mei|maa|mrt|jun|juin|giu|jul|juil|lug|aug|aoû|ago|sep|set|"
    r"oct|okt|ott|nov|de[cz]|déc|dic)[^\W\d_]{0,8}\.?"
)
_ADDED = (
    r"(?:(?:[\s,(\u2013]|-(?=\s))+(?:(?:n[°or.]|nummer|number|num|nr|#|date|datum|zur?|for|to|of|on|as|at|per|dated|from|vom|"
    r"von|du|del?|della|la|le|au|alla|voor|van|op|der|invoices?|rechnung|facture|factura|fattura|factuur)[.:]?(?=\s|$)|"
    rf"(?:\d{{1,2}}(?:\.|st|nd|rd|th)? (?:de )?)?{_MONTH}(?: de)? (?:\d{{1,2}}, )?\d{{4}}|"
    r"[#\w./-]{0,12}\d[\w./-]{0,20})\)?){0,8}[.!]?"
)
_AMOUNT = Pattern(
    r"(?<![\w.,/-])\d{1,3}(?:[., '\u2019]?\d{3}){0,4}[.,]\d\d(?![\w.,/%-])|[€£$] ?\d|\d ?[€£$]|EUR \d|\d EUR\b"
)
_CORRECTION = Pattern(rf"{_CORRECTIONS}{_ADDED}", re.IGNORECASE)
_REMINDER = Pattern(rf"{_REMINDERS}{_ADDED}", re.IGNORECASE)
# In a subject a word alone says little: "Reminder: our office is closed on Friday".
_REMINDER_SUBJECT = Pattern(
    rf"{_WORD}(?:(?:payment|invoice|overdue|second|final) reminder|reminder\W.{{0,40}}(?:invoice|payment|overdue)|"
    r"(?:invoice|payment|account)\b.{0,60}(?:over|past[ -]?)due|(?:overdue|past[ -]due) (?:invoice|payment|notice|"
    r"account)|"
    r"statement of account|account statement|zahlungserinnerung|mahnung|"
    r"(?:relance|rappel)\W.{0,40}(?:facture|paiement|impayé)|facture.{0,40}impayée|mise en demeure|"
    r"recordatorio\W.{0,40}(?:pago|factura)|factura.{0,40}(?:vencida|impagada)|sollecito\W.{0,40}(?:pagamento|fattura)|"
    r"sollecito|fattura.{0,40}(?:scaduta|insoluta)|betalings?-?herinnering|herinnering\W.{0,40}(?:factuur|betaling)|"
    r"aanmaning)",
    re.IGNORECASE,
)
_CORRECTION_SUBJECT = Pattern(
    rf"{_WORD}{_CORRECTIONS}(?!\w| (?:layout|format|template|design|numbering|address|process|terms|schedule)s?\b)",
    re.IGNORECASE,
)
_SPACED = Pattern(r"(?:\w ){4,30}\w")  # "I N V O I C E"


def headings_of(rows: Iterable[Row]) -> list[str]:
    """The cells of a first page that may be its heading."""
    top = (cell.text for _, row in zip(range(_TOP_ROWS), rows, strict=False) for cell in row)
    return [_joined(text) for text in top if len(text) <= _LONGEST]


def _joined(text: str) -> str:
    return text.replace(" ", "") if _SPACED.compiled.fullmatch(text) else text


def kind_of(headings: Iterable[str], whole: str) -> Kind | None:
    """The kind by the heading; both headings, or a document made out by the buyer, leave it open."""
    headings = list(headings)
    if is_credit(headings):
        is_open = _is_any(headings, _BARE_INVOICE) or _SELF_BILLED.compiled.search(whole)
        return None if is_open else Kind.CREDIT_NOTE
    return Kind.INVOICE if _is_any(headings, _INVOICE_HEADING) else None


def is_credit(headings: Iterable[str]) -> bool:
    """Whether a heading says credit note, whatever else one says."""
    return _is_any(headings, _CREDIT_HEADING)


def nature_of(headings: Iterable[str]) -> Nature | None:
    """What the heading says that the document is beside an invoice; a reminder may quote a correction."""
    headings = list(headings)
    if _is_reminder(headings):
        return Nature.REMINDER
    is_correction = _is_any(headings, _CORRECTION) or any(_REPLACES.compiled.search(text) for text in headings)
    return Nature.CORRECTION if is_correction else None


def _is_reminder(headings: Sequence[str]) -> bool:
    """Whether a reminder's heading stands over the first amount, and no invoice's over it."""
    for text in headings:
        if _REMINDER.compiled.fullmatch(text):
            return True
        if _AMOUNT.compiled.search(text) or _BARE_INVOICE.compiled.fullmatch(text):
            return False
    return False


def kind_in_subject(subject: str) -> Kind | None:
    """Credit note where the subject says so."""
    is_credit_note = _CREDIT_SUBJECT.compiled.search(subject) and not _SELF_BILLED.compiled.search(subject)
    return Kind.CREDIT_NOTE if is_credit_note else None


def nature_in_subject(subject: str) -> Nature | None:
    """What the subject says that the mail's document is beside an invoice."""
    if _REMINDER_SUBJECT.compiled.search(subject):
        return Nature.REMINDER
    return Nature.CORRECTION if _CORRECTION_SUBJECT.compiled.search(subject) else None


def _is_any(headings: Iterable[str], pattern: Pattern) -> bool:
    return any(pattern.compiled.fullmatch(text) for text in headings)
