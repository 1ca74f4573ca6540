"""Who made a document out: names that it prints, likeliest first, and the one that is sure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

from shared.domain.cells import Cell, Label, Row, rest_after, under
from shared.domain.dates import date_at_start
from shared.domain.facts import Sureness
from shared.domain.headings import headings_of, is_credit, kind_of, nature_of
from shared.domain.labels import ITEM_HEADING
from shared.domain.pattern import Pattern
from shared.domain.recipients import CONTACT, sender_line

MOST_NAMES = 12
_LONGEST = 120
_HEAD_ROWS = 25
_FOOT_ROWS = 12
_CONTACT_ROWS = 6
_TOP_ROWS = 3  # in which a letterhead stands that has no other line before it
_SELLER = Label(
    Pattern(
        r"^(?:vendor|seller|sold by|supplier|bill(?:ed)? from|from|issued by|invoice from|merchant|service provider|"
        r"verk(?:ä|ae)ufer(?:in)?|lieferant|rechnungs(?:steller|ersteller|absender)|leistungserbringer|auftragnehmer|"
        r"verkauf durch|"
        r"vendeur|vendu par|fournisseur|émetteur|prestataire|émis par|"
        r"vendedor|vendido por|emisor|proveedor|emitido por|"
        r"venditore|venduto da|fornitore|cedente(?: ?/ ?prestatore)?|prestatore|emittente|"
        r"verkoper|verkocht door|leverancier|afzender)(?: name| details)?(?=\s*:|\s*$)",
        re.IGNORECASE,
    )
)
_PAYEE = Label(
    Pattern(
        r"^(?:remit(?: payment)? to|pay(?:able)? to|please pay|make (?:checks?|cheques?) payable to|"
        r"(?:bank )?account (?:holder|name)|"
        r"beneficiary(?: name)?|payee|kontoinhaber(?:in)?|zahlungsempf(?:ä|ae)nger(?:in)?|empf(?:ä|ae)nger(?:in)?|"
        r"bénéficiaire|titulaire(?: du compte)?|beneficiario|titular(?: de la cuenta)?|intestat(?:ario|o a)(?: conto)?|"
        r"begunstigde|rekeninghouder|(?:ten name van|t\.?n\.?v\.?))(?=\s*:|\s*$)",
        re.IGNORECASE,
    )
)
_LONG_FORMS = (
    r"gGmbH|GmbH(?: ?& ?Co\.? ?KG(?:aA)?)?|GMBH(?: ?& ?CO\.? ?KG)?|Gmbh|mbH|KGaA|UG(?: \(haftungsbeschränkt\))?|"
    r"e\. ?K\.|e\. ?V\.|"
    r"OHG|GbR|eG|a\. ?G\.|Ges\.? ?m\. ?b\. ?H\.|GesmbH|(?:Pty|Pvt|Pte|PTY|PVT)\.? (?:Ltd|LTD|Limited|LIMITED)\.?|"
    r"Ltd\.?|LTD\.?|Limited|"
    r"LIMITED|PLC|plc|Plc|LLC|L\.L\.C\.?|LLP|LP|Inc\.?|INC\.?|Incorporated|Corp\.?|CORP\.?|Corporation|SASU|SAS|"
    r"S\.A\.S\.?|SARL|"
    r"S\. ?[àaA] ?\.?[rR]\.? ?[lL]\.?|S\.A\.R\.L\.?|Sarl|EURL|SNC|SCOP|S\. ?r\. ?l\.?|S\.R\.L\.?|Srl|SRL|srl|"
    r"S\. ?p\. ?A\.?|S\.P\.A\.?|SpA|SPA|"
    r"S\.n\.c\.|S\.a\.s\.|S\. ?L\.(?: ?U\.)?|SLU|S\. ?A\.(?: ?U\.)?|SAU|B\. ?V\.|N\. ?V\.|BVBA|V\.O\.F\.|VOF|Oyj|ApS|"
    r"A/S|"
    r"Sp\. ?z ?o\. ?o\.|s\. ?r\. ?o\.|d\. ?o\. ?o\.|Kft\.?|Lda\.?|Cooperatief|Coöperatie"
)
# As often a state, a country or a word, so only at the end of what they belong to.
_SHORT_FORMS = "AG|KG|SE|SA|SL|BV|NV|AB|AS|Oy|OY"
_FORM = Pattern(rf" (?:(?:{_LONG_FORMS})(?![\w/])|(?:{_SHORT_FORMS})(?=$|[,;.|)]|\s[-\u2013\u2022\u00b7|]))")
_BREAK = Pattern(r"[;:|\u00b7\u2022\u25cf\u2219\u00a9()\"]|,(?= )|(?<=[a-z]{4})\. | [-\u2013\u2014] ")
_CONNECTORS = frozenset(
    {
        "and",
        "&",
        "+",
        "und",
        "et",
        "e",
        "y",
        "en",
        "de",
        "der",
        "die",
        "das",
        "den",
        "des",
        "du",
        "la",
        "le",
        "les",
        "of",
    }
    | {"the", "für", "for", "van", "von", "zur", "zum", "di", "del", "della", "degli", "a"}
)
_BANK = Pattern(
    r"bank|sparkasse|banque|banco|banca|bancaire|caixa|crédit (?:agricole|mutuel|lyonnais)|société générale|bbva|"
    r"unicredit|"
    r"intesa|rabobank|\bing\b|amro|paypal|stripe payments",
    re.IGNORECASE,
)
_TOOL = Pattern(
    r"powered by|created (?:with|by)|generated (?:by|with)|erstellt mit|créé avec|software|realizzato con",
    re.IGNORECASE,
)
_NO_NAME = Pattern(
    r"\d.*|.*(?:straße|strasse|str\.|weg|platz|allee|straat|laan|street|road|avenue)(?: \d+ ?\w?)?|(?:rue|via|calle|"
    r"piazza) .*|"
    r"(?:n[°o]|name|nummer|number|numéro|address|adresse|date|datum|page|seite|globale|vat|tax|iban|bic|tel|e-?mail|"
    r"phone)\b.*|"
    r"(?:tax |sales |vat )?invoice\b.*|\w*rechnung.*|facture\b.*|factura\b.*|fattura\b.*|\w*factuur\b.*|receipt\b.*|"
    r".*(?:nummer|number|numéro|número|datum|date|fecha|total|amount|summe|betrag|montant|importe)\b.*|quotation|order\b.*|"
    r"credit (?:note|memo)\b.*|gutschrift\b.*|avoir\b.*|original|copy|duplicate|kopie|paid|bezahlt|statement\b.*|"
    r"reminder\b.*",
    re.IGNORECASE,
)


class Place(IntEnum):
    """Where a name stands, likeliest seller first."""

    LABELLED = 0  # behind a word for the seller
    SENDER = 1  # in the line over the recipient's address
    HEAD_AND_FOOT = 2
    LETTERHEAD = 3  # in the head, over a telephone number, a web address, a tax number
    FOOT = 4
    HEAD = 5
    PAYEE = 6  # behind a word for whom to pay
    TOP = 7  # in the first lines, without a legal form
    BANK = 8


@dataclass(frozen=True, slots=True)
class Name:
    """A name, where it stands, and on which page."""

    text: str
    place: Place
    page: int


def names_in(pages: Sequence[Sequence[Row]], own: Sequence[Sequence[Row]]) -> list[Name]:
    """Who may have made the document out, likeliest first; `own` is what the pages hold beside the recipient."""
    found = [*_labelled(own, _SELLER, Place.LABELLED), *_senders(pages), *_with_form(own)]
    found += [*_labelled(own, _PAYEE, Place.PAYEE), *_top(own)]
    best: dict[str, Name] = {}
    for name in sorted(found, key=lambda name: name.place):
        best.setdefault(_key(name.text), name)
    return list(best.values())[:MOST_NAMES]


def sure_name(names: Sequence[Name]) -> tuple[Name, Sureness] | None:
    """The one name that is sure: called the seller, or in head and foot, or the only one where sellers print theirs."""
    for place, sureness in (
        (Place.LABELLED, Sureness.LABELLED),
        (Place.HEAD_AND_FOOT, Sureness.INFERRED),
    ):
        here = [name for name in names if name.place is place]
        if here:
            return (here[0], sureness) if len(here) == 1 else None
    formed = [name for name in names if name.place in {Place.SENDER, Place.LETTERHEAD, Place.FOOT, Place.HEAD}]
    is_one = len(formed) == 1 and formed[0].place is not Place.HEAD
    return (formed[0], Sureness.INFERRED) if is_one else None


def _key(name: str) -> str:
    return "".join(c for c in name.casefold() if c.isalnum())


def _labelled(pages: Sequence[Sequence[Row]], label: Label, place: Place) -> Iterator[Name]:
    for page, rows in enumerate(pages):
        for text in _after(rows, label):
            yield Name(text, Place.BANK if _BANK.compiled.search(text) and place is Place.PAYEE else place, page)


def _after(rows: Sequence[Row], label: Label) -> Iterator[str]:
    """The name behind a label: beside it, or under it, where a heading without a colon has its own column."""
    for index, row in enumerate(rows):
        for column, cell in enumerate(row):
            match = label.pattern.compiled.match(cell.text)
            if match is None:
                continue
            rest = rest_after(cell.text, match.end())
            beside, below = [c.text for c in row[column + 1 : column + 2]], list(under(rows, index, column))
            places = [rest] if rest else beside + below if cell.text.endswith(":") else below + beside
            name = next((name for text in places if (name := _plain_name(text))), None)
            if name:
                yield name


def _plain_name(text: str) -> str | None:
    """The name that a cell holds, up to the address that may follow it."""
    broken = _BREAK.compiled.search(text)
    is_label = broken and broken.group() == ":"
    name = text[: broken.start()] if broken else text
    formed = next(_formed(text), None)
    name = (formed or name).strip(" .,-*")
    if is_label or date_at_start(text) or _NO_NAME.compiled.fullmatch(name):
        return None
    return name if _is_name(name) else None


def _is_name(name: str) -> bool:
    letters = sum(c.isalpha() for c in name)
    return 1 < letters <= _LONGEST and len(name) <= _LONGEST and 2 * letters > len(name) and "@" not in name


def _senders(pages: Sequence[Sequence[Row]]) -> Iterator[Name]:
    for row in pages[0][:_HEAD_ROWS] if pages else ():
        name = sender_line(row)
        if name and _is_name(name) and not _NO_NAME.compiled.fullmatch(name):
            yield Name(next(_formed(name), name), Place.SENDER, 0)


def _with_form(pages: Sequence[Sequence[Row]]) -> Iterator[Name]:
    """Names with a legal form in the head of the first page and in the foot of any."""
    heads: dict[str, Name] = {}
    feet: dict[str, Name] = {}
    for page, rows in enumerate(pages):
        middle = max(len(rows) - _FOOT_ROWS, len(rows) // 2)
        if page == 0:
            for name, place in _formed_in(rows, range(min(_HEAD_ROWS, middle)), Place.HEAD):
                heads.setdefault(_key(name), Name(name, place, page))
        for name, _ in _formed_in(rows, range(middle, len(rows)), Place.FOOT):
            feet.setdefault(_key(name), Name(name, Place.FOOT, page))
    for key, found in (feet | heads).items():
        place = Place.HEAD_AND_FOOT if key in heads and key in feet else found.place
        yield Name(found.text, Place.BANK if _BANK.compiled.search(found.text) else place, found.page)


def _formed_in(rows: Sequence[Row], indices: range, place: Place) -> Iterator[tuple[str, Place]]:
    for index in indices:
        row = rows[index]
        for column, cell in enumerate(row):
            if _FORM.compiled.search(cell.text) and not _TOOL.compiled.search(cell.text):
                near = [*(c.text for c in row[column : column + 2]), *under(rows, index, column, _CONTACT_ROWS)]
                has_contact = any(CONTACT.compiled.search(text) for text in near)
                here = Place.LETTERHEAD if has_contact and place is Place.HEAD else place
                yield from ((name, here) for name in _formed(cell.text))


def _formed(text: str) -> Iterator[str]:
    """The names with a legal form in a text: the run of capitalised words that the form ends."""
    start = 0
    for form in _FORM.compiled.finditer(text):
        if form.start() < start:
            continue
        end = form.start() - (text[form.start() - 1] == ",")  # "Nimbus Metrics, Inc."
        breaks = [b.end() for b in _BREAK.compiled.finditer(text, start, end)]
        words = text[breaks[-1] if breaks else start : form.start()].split()
        name = " ".join(_run(words)) + form.group().rstrip(",")
        if len(name) > len(form.group()) and _is_name(name) and len(name) <= _LONGEST:
            yield name.strip()
        start = form.end()


def _run(words: Sequence[str]) -> list[str]:
    run: list[str] = []
    for word in reversed(words[-8:]):
        if not (word[0].isupper() or word[0].isdigit() or word in _CONNECTORS or any(c.isupper() for c in word)):
            break
        run.insert(0, word)
    while run and (run[0] in _CONNECTORS or run[0].isdigit()):
        run.pop(0)
    return run


def _top(pages: Sequence[Sequence[Row]]) -> Iterator[Name]:
    """The cells that begin the first lines, where they could be a letterhead."""
    for row in pages[0][:_TOP_ROWS] if pages else ():
        for cell in row[:1]:
            is_plain = not any(c.isdigit() for c in cell.text) and not _BREAK.compiled.search(cell.text)
            if is_plain and _is_name(cell.text) and not _says_what_it_is(cell.text):
                yield Name(cell.text, Place.TOP, 0)


def _says_what_it_is(text: str) -> bool:
    headings = headings_of([(Cell(text, 0, len(text)),)])
    is_heading = kind_of(headings, "") or is_credit(headings) or nature_of(headings)
    return bool(is_heading or _NO_NAME.compiled.fullmatch(text) or ITEM_HEADING.compiled.fullmatch(text))
