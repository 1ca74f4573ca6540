"""What makes two mails ask for the same payment."""

from dataclasses import dataclass
from enum import StrEnum

from shared.domain.facts import Facts, Kind, Nature
from shared.domain.numbers import normalised_number
from shared.domain.transaction import Status, Transaction

_OF_THE_MAIL = frozenset({"subject", "body"})
_MOST_DIGESTS = 10
_MOST_NUMBERS = 10


class By(StrEnum):
    """By what a mail is recognised."""

    NUMBER = "number"
    SUM = "sum"  # total and issue date
    BYTES = "bytes"  # of a document
    MESSAGE = "message"  # its Message-ID: Exchange delivers a mail twice at times


@dataclass(frozen=True, slots=True)
class Trait:
    """Something that one payment of a vendor has, and no other; `text` is what the first mail enters."""

    by: By
    text: str


def traits(facts: Facts, digests: tuple[str, ...], message_id: str) -> tuple[Trait, ...]:
    """What a mail is recognised by; `digests` are those of its documents' bytes.

    A correction bears the number of what it corrects, and is known by that with its own total, and by its bytes. Where
    a number stands in a document, the same bytes say the same number.
    """
    is_correction = facts.nature is not None and facts.nature.value is Nature.CORRECTION
    prefix = "credit:" if _is_credit(facts) else ""
    # Sorted, so that of two mails with the same invoices one finds all of them free.
    numbers = sorted(filter(None, (normalised_number(number.value) for number in facts.numbers)))
    number = next(iter(numbers), "")
    found: list[Trait] = (
        [] if is_correction else [Trait(By.NUMBER, prefix + number) for number in numbers[:_MOST_NUMBERS]]
    )
    if facts.total and facts.issue_date and not is_correction:
        currency = facts.currency.value if facts.currency else ""
        text = f"{prefix}sum:{currency}:{facts.total.value.normalize():f}:{facts.issue_date.value:%Y%m%d}"
        found.append(Trait(By.SUM, text))
    if is_correction and number:
        total = f"{facts.total.value.normalize():f}" if facts.total else ""
        found.append(Trait(By.NUMBER, f"correction:{number}:{total}"))
    source = facts.invoice_number.source if facts.invoice_number else ""
    if not number or is_correction or source in _OF_THE_MAIL:
        found += [Trait(By.BYTES, f"bytes:{digest}") for digest in digests[:_MOST_DIGESTS]]
    if not number and message_id:
        found.append(Trait(By.MESSAGE, message_id))
    return tuple(found)


def _is_credit(facts: Facts) -> bool:
    """By the document: called a credit note in the mail alone, an invoice would pass a second time."""
    kind = facts.kind
    return kind is not None and kind.value is Kind.CREDIT_NOTE and kind.source not in _OF_THE_MAIL


def is_same(trait: Trait, facts: Facts, first: Transaction) -> bool:
    """Whether the mail is the one that entered the trait first, once more; two different numbers are two invoices."""
    if trait.by in {By.NUMBER, By.MESSAGE}:
        return True
    own = normalised_number(facts.invoice_number.value) if facts.invoice_number else ""
    other = normalised_number(first.invoice_number)
    if trait.by is By.BYTES and own == other:
        return True
    if trait.by is By.SUM and first.status is Status.RECEIVED:
        return not own  # it is being read at this moment, and its number not written down
    return not own or not other
