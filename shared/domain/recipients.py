"""The part of a page that says who an invoice is for."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, pairwise
from typing import NamedTuple

from shared.domain.cells import TABLE, Cell, Row
from shared.domain.labels import ITEM_HEADING
from shared.domain.pattern import Pattern

_ADDRESS_ROWS = 7
_LETTER_ROWS = 20  # in which the window of an envelope lies
_BESIDE = 16  # columns between a heading and the name beside it
_LABELS = (
    r"bill(?:ed|ing)?[ -]?to(?: address)?|billing (?:address|details|information|contact)|sold[ -]to|ship(?:ped|"
    r"ping)?[ -]?to|"
    r"shipping (?:address|details)|deliver(?:ed|y)? to|delivery address|invoiced? (?:to|address|for)|prepared for|"
    r"customer(?: details| name| address)?|client(?: details| name)?|buyer|purchaser|bought by|guest(?: name)?|attn|"
    r"attention|"
    r"rechnungs(?:empf(?:ä|ae)nger|adresse|anschrift)|rechnung an|kunden?|kundenadresse|k(?:ä|ae)ufer(?:in)?|"
    r"auftraggeber|liefer(?:adresse|anschrift)|versandadresse|(?:waren|leistungs)?empf(?:ä|ae)nger(?:in)?|gast|"
    r"k(?:ä|ae)ufer/leistungsempf(?:ä|ae)nger|kostenträger|versicherungsnehmer|"
    r"facturée? à|facturer à|adresse (?:de )?(?:facturation|livraison|client)|livré à|destinataire|acheteur|abonné|"
    r"cliente|facturar a|facturado a|datos (?:del )?cliente|direcci[óo]n de (?:facturaci[óo]n|env[íi]o|entrega)|"
    r"destinatario|comprador|titular del contrato|datos de facturaci[óo]n|hu[ée]sped|"
    r"cessionario(?: ?/ ?committente)?|committente|destinazione(?: merce)?|fatturare a|intestatario fattura|"
    r"indirizzo di fatturazione|"
    r"klant(?:gegevens)?|(?:factuur|aflever|bezorg|verzend|lever)adres|factuur aan|koper|geadresseerde|"
    r"spett\.le|to|an|a|à|aan|herrn?|frau|firma"
)
# Before a name, without a colon.
_GREETED = (
    r"spett(?:\.le|abile|\.)|egr\.|attn[.:]|t\.?\s?a\.?\s?v\.?|z\.?\s?hd\.?|herrn?|frau|monsieur|madame|mme|mr\.?|"
    r"mrs\.?|"
    r"messrs\.?|sr\.|sra\.|dhr\.|mevr\.|m\."
)
_LABEL = Pattern(rf"(?:{_LABELS})(?: ?/ ?(?:{_LABELS}))?\s*(?::|$)", re.IGNORECASE)
_GREETING = Pattern(rf"(?:{_GREETED})\s(?=\S)", re.IGNORECASE)
CONTACT = Pattern(
    r"@|www\.|https?:|(?:tel|phone|fon|fax|telefon|tél|mail|e-mail|iban|vat|tva|ust|p\.?iva|nif|cif|btw|kvk|siret|abn|ein)\b",
    re.IGNORECASE,
)
# Where a block ends: the seller's own, or the facts of the invoice.
_END = Pattern(
    r"(?:seller|vendor|supplier|from|bill(?:ed)? from|verk(?:ä|ae)ufer|lieferant|rechnungssteller|vendeur|fournisseur|"
    r"vendedor|emisor|proveedor|venditore|fornitore|cedente.*|verkoper|leverancier)\s*:?|"
    r"(?:(?:tax )?invoice|rechnung|facture|factura|fattura|factuur)(?:\W.*)?|"
    r"(?:invoice|due|issue) date.*|rechnungs(?:nummer|datum|-?nr).*|date .{0,40}:.*|zahlbar.*|iban.*",
    re.IGNORECASE,
)
_SEPARATOR = r"[\u00b7\u2022\u25cf\u2219|*\u2013\u2014\u2212-]"
# The sender's address in one line over the recipient's, as the window of an envelope shows both (DIN 5008).
_SENDER = Pattern(
    rf"(?P<name>[^\u00b7\u2022\u25cf\u2219|*,]{{3,80}}?)\s{{1,6}}{_SEPARATOR}\s{{1,6}}[^|"
    rf"]{{3,80}}?\s{{1,6}}{_SEPARATOR}\s{{1,6}}"
    r"(?:[A-Z]{1,3}-)?\d{4,5} {1,2}[A-Z\xc0-\xde]"
)
_NEAR = 3  # columns by which the lines of a block may be out of line

Position = tuple[int, int]  # row and cell


class _Line(NamedTuple):
    """A row, and what every block over it asks about it."""

    row: Row
    starts: list[int]  # of its cells, in order
    ends_blocks: list[bool]  # whether a block ends before the cell
    is_item_heading: bool


def without_recipients(rows: Sequence[Row]) -> list[Row]:
    """The rows without what stands in a block of the recipient."""
    gone = {position for block in _blocks([_line(row) for row in rows]) for position in block}
    return [tuple(c for n, c in enumerate(row) if (index, n) not in gone) for index, row in enumerate(rows)]


def sender_line(row: Row) -> str | None:
    """The name in a line that states a whole address, None where the line does not."""
    line = row[0].text if row else ""
    for left, right in pairwise(row):
        line += (" | " if right.start - left.end <= len(" | ") else "   ") + right.text
    match = _SENDER.compiled.match(line)
    return match["name"].strip() if match else None


def _line(row: Row) -> _Line:
    headings = (cell for cell in row if ITEM_HEADING.compiled.fullmatch(cell.text))
    return _Line(
        row,
        [cell.start for cell in row],
        [bool(_END.compiled.fullmatch(cell.text)) for cell in row],
        is_item_heading=len(row) >= TABLE and len(list(islice(headings, 2))) > 1,
    )


def _blocks(lines: Sequence[_Line]) -> Iterator[Iterable[Position]]:
    for index, (row, *_) in enumerate(lines):
        if index < _LETTER_ROWS and sender_line(row):
            yield _letter(lines, index)
        for column, cell in enumerate(row):
            if label := _LABEL.compiled.match(cell.text):
                yield _labelled(lines, index, column, has_name=label.end() < len(cell.text))
            elif _GREETING.compiled.match(cell.text):
                yield [(index, column), *_under(lines, index, cell)]


def _labelled(lines: Sequence[_Line], index: int, column: int, *, has_name: bool) -> Iterator[Position]:
    row = lines[index].row
    cell = row[column]
    yield index, column
    if has_name:
        yield from _under(lines, index, cell, count=1 if len(row) == 1 else _ADDRESS_ROWS)
        return
    if column + 1 < len(row):
        right = row[column + 1]
        if right.start - cell.end <= _BESIDE and not right.text.endswith(":") and not _LABEL.compiled.match(right.text):
            yield index, column + 1
            yield from _under(lines, index, right)
            return
    yield from _under(lines, index, cell)


def _under(lines: Sequence[_Line], index: int, cell: Cell, count: int = _ADDRESS_ROWS) -> Iterator[Position]:
    """The cells below one, up to what begins something else."""
    for number, line in enumerate(lines[index + 1 : index + 1 + count], index + 1):
        if line.is_item_heading:
            return
        first = bisect_left(line.starts, cell.start - 2 * _NEAR)
        for column in range(first, bisect_right(line.starts, cell.end + _NEAR)):
            if line.ends_blocks[column]:
                return
            yield number, column
            if line.row[column].text.endswith(":") and column + 1 < len(line.row):
                yield number, column + 1


def _letter(lines: Sequence[_Line], index: int) -> Iterator[Position]:
    for number, column in _under(lines, index, lines[index].row[0]):
        if CONTACT.compiled.search(lines[number].row[column].text):
            return
        yield number, column
