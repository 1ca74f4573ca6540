"""What a mail and the text of its documents say about the invoice; a field that is not sure stays empty."""

from collections.abc import Sequence
from dataclasses import fields, replace
from functools import reduce
from typing import TypeVar

from shared.domain.disagreement import disagreements
from shared.domain.einvoice import structured_facts
from shared.domain.facts import Document, Fact, Facts
from shared.domain.mail import Mail
from shared.domain.text_facts import body_facts, document_facts, subject_facts

V = TypeVar("V")

_MANY = ("ibans", "names", "domains", "disagreements")


def read_facts(mail: Mail, documents: Sequence[Document]) -> Facts:
    """Read the facts, by field: from structured invoices, else from text of documents, else the subject, the body."""
    stated = [_stated(document) for document in documents]
    printed = [document_facts(document) if document.pages else None for document in documents]
    both = zip(documents, stated, printed, strict=True)
    sentences = [words for document, xml, text in both if xml and text for words in disagreements(document, xml, text)]
    evidence = [*filter(None, stated), *filter(None, printed), subject_facts(mail.subject), body_facts(mail.body)]
    facts = reduce(merge, evidence, Facts())
    return replace(facts, documents=tuple(documents), disagreements=tuple(sentences))


def _stated(document: Document) -> Facts | None:
    """What the XML says that a document is, or that it carries beside its pages."""
    is_carried = bool(document.pages or document.embedded)
    place = f"{document.name}, embedded XML" if is_carried else document.name
    return structured_facts(document.structured, place) if document.structured else None


def merge(first: Facts, second: Facts) -> Facts:
    """The better evidence first, its gaps filled from the second where that does not speak of another invoice."""
    if _differ(first.invoice_number, second.invoice_number):
        return first
    taken = {f.name: getattr(second, f.name) for f in fields(Facts) if not getattr(first, f.name)}
    if _differ(first.total, second.total):
        taken.pop("currency", None)  # the one printed at the other total
    if first.ibans:
        taken.pop("iban", None)  # the first has several, and another word on it does not choose among them
    for name in _MANY:
        taken[name] = _united(getattr(first, name), getattr(second, name))
    return replace(first, **taken)


def _united(own: Sequence[object], others: Sequence[object]) -> tuple[object, ...]:
    """What may be many, from both, each value once and where it was read first."""
    found: dict[object, object] = {}
    for each in (*own, *others):
        found.setdefault(_value(each), each)
    return tuple(found.values())


def _value(each: object) -> object:
    return each.value if isinstance(each, Fact) else each


def _differ(first: Fact[V] | None, second: Fact[V] | None) -> bool:
    return first is not None and second is not None and first.value != second.value
