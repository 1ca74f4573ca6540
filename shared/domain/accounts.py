"""The accounts that a text names, and whose they are."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice, pairwise, product, takewhile
from typing import NamedTuple

from shared.domain.cells import Row, rest_after, rows_of, under
from shared.domain.iban import iban_at
from shared.domain.pattern import Pattern

_MOST = 100  # accounts of one page; no honest page has a tenth of them
_REACH = 136  # characters of a line that may be a part of an IBAN, with three signs between any two of its own
_CONTEXT = 3  # rows before an account that may say whose it is, up to the end of a sentence
_WIDEST = 400  # characters before and after it that are read for that
_NEAR = 2  # rows by which a bank's code and the account there may stand apart
_MOST_IN_ROW = 4  # of either

_CHARACTER = re.compile(r"[A-Za-z0-9]")
_START = re.compile(r"(?=[A-Z]{2}[0-9]{2})")
_INVISIBLE = re.compile(r"[\u00ad\u200b-\u200f\u2060-\u2064\ufeff]")
_AMOUNT = re.compile(r",|\d\.\d\d(?!\d)")
_ACCOUNT_WORD = Pattern(
    r"iban|account|acct|a/c|konto|kto|bank|compte|\brib\b|cuenta|\bconto\b|rekening|transfer|\bpay|remit|überweis|"
    r"virement|bonifico|overma",
    re.IGNORECASE,
)
# In small letters: that money will be taken from an account, or that it is the payer's.
_DEBITED = Pattern(
    r"\b(?:be|is|are|been) (?:\w+ )?(?:debited|collected)|\b(?:we|will|shall) (?:\w+ )?(?:debit|collect)\b|"
    r"direct[ -]debit|"
    r"(?:debtor|payer|payor|customer)(?:['\u2019]?s)? (?:bank )?(?:iban|account)|"
    r"abgebucht|abbuchen|abbuchung|eingezogen|einziehen|ziehen wir|lastschrift|bankeinzug|"
    r"vo[nm] (?:ihre[mr]|deine[mr]|dem uns bekannten|unten genannten|folgendem) (?:bank|giro)?-?(?:konto|(?:bank|"
    r"konto)?verbindung)|"
    r"(?:zahler|kunden|schuldner)-iban|iban (?:des|der) (?:zahl|kund|schuldner)|"
    r"prélev(?:é|er|ons|ement)|compte à débiter|débité|iban du (?:débiteur|payeur|client)|"
    r"cuenta de cargo|domiciliaci[óo]n|domiciliad[oa]|cargaremos|se cargar[áa]|"
    r"iban (?:del )?(?:deudor|pagador|cliente|debitore|pagatore)|"
    r"domiciliat[oa]|addebit(?:o|at[oa]|eremo|iamo)\b|"
    r"geïncasseerd|incasso|afgeschreven|iban (?:van de )?(?:debiteur|klant|betaler)"
)
# That money shall be paid in to it, or that it is another than before: then it counts, whatever else is said.
_PAID_IN = Pattern(
    r"transfer|\bpay(?:able|ments?|ing)? (?:[\w-]+ ){0,5}(?:in)?to\b|remit|\bwire\b|deposit|\bsend\b|"
    r"überw(?:eis|ies)|einzahl|zahlbar auf|zahlen sie|"
    r"virement|\bvire[rz]\b|vers(?:ement|er|ez)\b|transf[ei]r|ingres(?:ar|e|o)\b|bonific|versa(?:re|mento)|"
    r"overma(?:ken|k)|overschrij|overboek|\bstort|"
    r"\b(?:our|unser\w*|notre|nuestr[oa]|nostr[oa]|onze) (?:\w+ )?(?:bank|account|konto|iban|compte|cuenta|conto|"
    r"rekening)|"
    r"\bnew\b|chang|updat|\bneu\w*|geänder|änder(?:n|ung)|\bnouve|modifi|\bnuev|\bnuov|nieuw|gewijzigd|cambi"
)
_SENTENCE_END = Pattern(r"(?<!\bnr)(?<!\bno)(?<!\bn)(?<!kto)(?:[.!?](?=\s|$)|;)", re.IGNORECASE)
_ENDS_IN_AMOUNT = Pattern(r"\d[.,]\d\d(?: ?[^\W\d_]{1,3}| ?[^\w\s])?$")

# By the label of a bank's code: the digits behind it.
_BANKS = (
    (Pattern(r"\bsort[ -]?code", re.IGNORECASE), re.compile(r"\d\d[ -]?\d\d[ -]?\d\d(?!\w)")),
    (
        Pattern(
            r"\b(?:ABA|(?:bank )?routing|RTN)(?: (?:transit|routing))?(?: ?(?:no|number|code|#))?\b", re.IGNORECASE
        ),
        re.compile(r"\d{3}[ -]?\d{3}[ -]?\d{3}(?!\w)"),
    ),
    (Pattern(r"\bBSB(?: ?(?:no|number|code))?\b", re.IGNORECASE), re.compile(r"\d{3}[ -]?\d{3}(?!\w)")),
    (Pattern(r"\b(?:BLZ|Bankleitzahl)\b", re.IGNORECASE), re.compile(r"\d{3} ?\d{3} ?\d\d(?!\w)")),
)
_ACCOUNT_LABEL = Pattern(
    r"(?:\b(?:account|acct|acc)|\ba/c|\b(?:konto|kto))(?:[ .-]{0,2}(?:number|nummer|no|nr|num|#))?(?![^\W_])",
    re.IGNORECASE,
)
_ACCOUNT_DIGITS = re.compile(r"\d(?:[ -]?\d){3,16}(?!\w)")


class _Found(NamedTuple):
    """An account, and where it begins and ends in the line of a row."""

    account: str
    row: int
    start: int
    end: int


def ibans_in(text: str) -> list[str]:
    """The IBANs of a text, however their groups are set, in order and without spaces."""
    rows = rows_of(text)
    return list(dict.fromkeys(found.account for found in _ibans(rows, [_line(row) for row in rows])))


def payable_ibans(rows: Sequence[Row]) -> list[str]:
    """The accounts that a page asks to be paid to, all but the buyer's own, which will be debited.

    Those that are no IBAN are among them, as the digits of the bank's code and of the account: "200000/12345678".
    """
    lines = [_line(row) for row in rows]
    is_payable: dict[str, bool] = {}
    is_buyers: dict[tuple[int, int, int], bool] = {}
    for found in _accounts(rows, lines):
        if found.account not in is_payable and len(is_payable) == _MOST:
            break
        where = (found.row, found.start, found.end)
        if where not in is_buyers:
            is_buyers[where] = _is_buyers(lines, found)
        is_payable[found.account] = is_payable.get(found.account, False) or not is_buyers[where]
    return [account for account in without_repeated(is_payable) if is_payable[account]]


def without_repeated(accounts: Iterable[str]) -> list[str]:
    """The accounts without those that are no IBAN and that one of the IBANs names."""
    accounts = list(accounts)
    ibans = [account for account in accounts if "/" not in account][:_MOST]
    return [account for account in accounts if "/" not in account or not any(names(iban, account) for iban in ibans)]


def names(iban: str, account: str) -> bool:
    """Whether an IBAN is that of a national account, which may stand behind its bank's code: "200000/12345678".

    An IBAN ends in the account (ISO 13616); its bank's code stands somewhere before it.
    """
    bank, _, number = account.rpartition("/")
    number = number.lstrip("0")
    return bool(number) and iban.endswith(number) and bank in iban.removesuffix(number)


def _line(row: Row) -> str:
    return "  ".join(cell.text for cell in row)


def _accounts(rows: Sequence[Row], lines: Sequence[str]) -> Iterator[_Found]:
    yield from _ibans(rows, lines)
    yield from _national(rows, lines)


# IBANs


def _ibans(rows: Sequence[Row], lines: Sequence[str]) -> Iterator[_Found]:
    """Those within a row, from a row into the next one, and from a cell into the one under it."""
    for index, line in enumerate(lines):
        for iban, start, end in _located(line, lines[max(0, index - _CONTEXT) : index]):
            yield _Found(iban, index, start, end)
    for index, (line, after) in enumerate(pairwise(lines)):
        yield from _broken(lines, index, line, after, 0)
        if len(rows[index]) > 1 or len(rows[index + 1]) > 1:
            start = 0
            for column, cell in enumerate(rows[index]):
                for text in islice(under(rows, index, column, 1), 1):
                    yield from _broken(lines, index, cell.text, text, start)
                start += len(cell.text) + 2


def _broken(lines: Sequence[str], index: int, text: str, after: str, offset: int) -> Iterator[_Found]:
    """The IBANs that begin in one text and end in the next."""
    both = f"{text} {after}"
    first = max(0, len(text) - _REACH)
    for iban, start, end in _located(both[first : len(text) + _REACH], lines[max(0, index - _CONTEXT) : index + 1]):
        if first + start < len(text) < first + end:
            yield _Found(iban, index, offset + first + start, offset + len(text))


def _located(line: str, before: Sequence[str]) -> Iterator[tuple[str, int, int]]:
    places = [m.start() for m in _CHARACTER.finditer(line)]
    plain = "".join([line[place] for place in places]).upper()
    for candidate in _START.finditer(plain):
        iban = iban_at(plain, candidate.start())
        if iban is None:
            continue
        start, end = places[candidate.start()], places[candidate.start() + len(iban) - 1] + 1
        if _is_one(line, start, end, before):
            yield iban, start, end


def _is_one(line: str, start: int, end: int, before: Sequence[str]) -> bool:
    """Whether the characters are printed as one number, and are not words and amounts that happen to add up."""
    printed = _INVISIBLE.sub("", line[start:end])
    first, *groups = (len(group) for group in re.findall(r"[A-Za-z0-9]+", printed))
    if not groups or (set(groups[:-1]) <= {first} and groups[-1] <= first):
        return True
    if _AMOUNT.search(printed):
        return "iban" in line[:start].lower()
    is_apart = start == 0 or not line[start - 1].isalnum()
    is_digits = 2 * sum(c.isdigit() for c in printed) > first + sum(groups)
    return (is_apart and is_digits) or any(_ACCOUNT_WORD.compiled.search(text) for text in (line[:start], *before))


# Accounts that are no IBAN


def _national(rows: Sequence[Row], lines: Sequence[str]) -> Iterator[_Found]:
    """A bank's code with its label, and near it an account with its own."""
    holders = {n: [*_behind(rows, n, _ACCOUNT_LABEL, _account)] for n, _ in enumerate(rows)}
    for index, line in enumerate(lines):
        for label, digits in _BANKS:
            if not (heading := label.compiled.search(line)):
                continue
            codes = _behind(rows, index, label, partial(_digits, digits))
            near = (number for n in range(index - _NEAR, index + _NEAR + 1) for number in holders.get(n, ()))
            for code, number in product(codes, near):
                yield _Found(f"{code}/{number}", index, heading.start(), len(line))


def _behind(rows: Sequence[Row], index: int, label: Pattern, parse: Callable[[str], str | None]) -> Iterator[str]:
    """What stands behind a label in its cell, else beside it or under it."""
    row = rows[index]
    found: dict[str, None] = {}
    for column, cell in enumerate(row):
        for match in islice(label.compiled.finditer(cell.text), _MOST_IN_ROW):
            rest = rest_after(cell.text, match.end())
            places = [rest] if rest else [*(c.text for c in row[column + 1 : column + 2]), *under(rows, index, column)]
            found.update(dict.fromkeys(islice(filter(None, map(parse, places)), 1)))
    yield from islice(found, _MOST_IN_ROW)


def _account(text: str) -> str | None:
    return _digits(_ACCOUNT_DIGITS, text)


def _digits(pattern: re.Pattern[str], text: str) -> str | None:
    match = pattern.match(text)
    return re.sub(r"\D", "", match.group()) if match else None


# Whose an account is


def _is_buyers(lines: Sequence[str], found: _Found) -> bool:
    sentence = _sentence(lines, found).lower()
    return bool(_DEBITED.compiled.search(sentence)) and not _PAID_IN.compiled.search(sentence)


def _sentence(lines: Sequence[str], found: _Found) -> str:
    """What is said about an account: from the end of the sentence before it to that of its own, or of its cell."""
    line = lines[found.row]
    rows = list(takewhile(_goes_on, reversed(lines[max(0, found.row - _CONTEXT) : found.row])))
    before = " ".join([*reversed(rows), line[: found.start]])[-_WIDEST:]
    ends = [match.end() for match in _SENTENCE_END.compiled.finditer(before)]
    after = line[found.end : found.end + _WIDEST].split("  ", 1)[0]
    end = _SENTENCE_END.compiled.search(after)
    return f"{before[ends[-1] if ends else 0 :]} {after[: end.start()] if end else after}"


def _goes_on(line: str) -> bool:
    """Whether the next row may continue a sentence of this one, which no amount ends."""
    return not _ENDS_IN_AMOUNT.compiled.search(line)
