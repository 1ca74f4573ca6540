"""The accounts that a text names, and whose they are."""

import re
from collections.abc import Iterator, Sequence

from shared.domain.cells import Row
from shared.domain.iban import is_iban, length_in
from shared.domain.pattern import Pattern

_START = Pattern(r"(?<![A-Z0-9])[A-Z]{2} ?\d{2}(?=[ .-]?[A-Z0-9])")
_GROUPS = Pattern(r"[A-Z]{2} ?\d{2}(?:[ .-]{0,2}[A-Z0-9]){4,40}")
# "We debit your account", and how the buyer's own account is called in direct-debit wording.
_BUYERS = Pattern(
    r"your (?:own )?(?:bank )?account|your iban|account to be debited|will be (?:debited|collected)|we (?:will |"
    r"shall )?debit|"
    r"(?:von |vom )(?:ihrem|deinem|dem uns bekannten|unten genannten|folgendem) (?:bank|giro)?-?konto|ihr(?:em|"
    r"es)? konto|"
    r"ihre (?:iban|bankverbindung|kontoverbindung)|abgebucht|abbuchen|eingezogen|ziehen wir|per lastschrift|"
    r"votre (?:compte|iban|rib)|compte désigné|compte à débiter|prélev(?:é|er|ée|ons|ement)|"
    r"(?:su|tu|vuestra) (?:cuenta|iban)|cuenta de cargo|domiciliaci[óo]n|domiciliad[oa]|cargaremos|"
    r"(?:suo|vostro|tuo) (?:conto|iban)|addebit(?:o|ato|ata|eremo)|(?:uw|je) (?:bank)?(?:rekening|iban)|"
    r"(?:automatisch |wordt )(?:geïncasseerd|afgeschreven)|automatische incasso|afgeschreven van",
    re.IGNORECASE,
)
_CONTEXT = 3  # rows before an account that may say whose it is, up to the end of a sentence


def ibans_in(text: str) -> list[str]:
    """The IBANs of a text, printed solid or in groups, in order and without spaces."""
    return list(dict.fromkeys(iban for iban, _ in _located(text)))


def _located(text: str) -> Iterator[tuple[str, int]]:
    for start in _START.compiled.finditer(text):
        length = length_in(start.group()[:2])
        groups = _GROUPS.compiled.match(text, start.start(), start.start() + 3 * (length or 0))
        if length is None or groups is None:
            continue
        iban = re.sub(r"[ .-]", "", groups.group())[:length]
        if is_iban(iban):
            yield iban, start.start()


def payable_ibans(rows: Sequence[Row]) -> list[str]:
    """The accounts that a document asks to be paid to; the buyer's own, which will be debited, are none."""
    found: dict[str, bool] = {}
    for index, row in enumerate(rows):
        line = "  ".join(cell.text for cell in row)
        for iban, start in _located(line):
            is_buyers = bool(_BUYERS.compiled.search(_sentence(rows, index, line, start)))
            found[iban] = found.get(iban, False) or is_buyers
    return [iban for iban, is_buyers in found.items() if not is_buyers]


def _sentence(rows: Sequence[Row], index: int, line: str, start: int) -> str:
    """What is said about an account: its own line, and the lines before it that do not end a sentence."""
    parts = [line if _BUYERS.compiled.search(line[:start]) or ". " not in line[start:] else line[:start]]
    for row in reversed(rows[max(0, index - _CONTEXT) : index]):
        text = "  ".join(cell.text for cell in row)
        if text.endswith((".", "!")):
            break
        parts.insert(0, text)
    return " ".join(parts)
