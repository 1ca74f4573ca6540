"""What a mail and the text of its documents say about the invoice; a field that is not sure stays empty."""

from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from functools import reduce
from itertools import chain
from typing import TypeVar

from shared.domain.disagreement import disagreements
from shared.domain.einvoice import structured_facts
from shared.domain.facts import Document, Fact, Facts
from shared.domain.mail import Mail
from shared.domain.numbers import normalised_number
from shared.domain.text_facts import body_facts, document_facts, subject_facts

V = TypeVar("V")
W = TypeVar("W")

_MANY = ("names", "domains")


def read_facts(mail: Mail, documents: Sequence[Document]) -> Facts:
    """Read the facts, by field: from structured invoices, else from text of documents, else the subject, the body."""
    stated = [_stated(document) for document in documents]
    printed = [document_facts(document) if document.pages else None for document in documents]
    further = [_further(document) for document in documents]
    on_documents = [*filter(None, stated), *filter(None, printed)]
    evidence = [*on_documents, subject_facts(mail.subject), body_facts(mail.body)]
    facts = reduce(merge, evidence, Facts())
    return replace(
        facts,
        documents=tuple(documents),
        numbers=_numbers(facts, on_documents),
        # Every account counts, those of a second invoice too: it would be paid as well.
        ibans=reduce(_united, (each.ibans for each in (*evidence, *chain.from_iterable(further)))),
        disagreements=(*_disagreements(documents, stated, printed), *_two_invoices(documents, stated, further)),
    )


def _numbers(facts: Facts, on_documents: Sequence[Facts]) -> tuple[Fact[str], ...]:
    found = [each.invoice_number for each in (facts, *on_documents) if each.invoice_number]
    return tuple({normalised_number(number.value): number for number in reversed(found)}.values())[::-1]


def _disagreements(
    documents: Sequence[Document], stated: Sequence[Facts | None], printed: Sequence[Facts | None]
) -> Iterator[str]:
    """Each document's pages against its own XML, or else against the XML beside it that is about the same invoice."""
    for document, own, text in zip(documents, stated, printed, strict=True):
        if text and (xml := own or _about_the_same(text, stated)):
            yield from disagreements(document, xml, text)


def _further(document: Document) -> list[Facts]:
    """What the invoices say that a PDF carries beside its first one."""
    place = f"{document.name}, embedded XML"
    return [facts for root in document.further if (facts := structured_facts(root, place))]


def _two_invoices(
    documents: Sequence[Document], stated: Sequence[Facts | None], further: Sequence[Sequence[Facts]]
) -> Iterator[str]:
    """A PDF that carries two invoices shows each reader the one that was meant for it."""
    for document, first, others in zip(documents, stated, further, strict=True):
        if first and any(_tell_apart(first, other) for other in others):
            yield f"{document.name}: it carries two e-invoices that differ"


def _tell_apart(first: Facts, second: Facts) -> bool:
    return any(_differ(getattr(first, name), getattr(second, name)) for name in ("invoice_number", "total", "iban"))


def _about_the_same(text: Facts, stated: Sequence[Facts | None]) -> Facts | None:
    number = normalised_number(text.invoice_number.value) if text.invoice_number else ""
    known = ((xml, xml.invoice_number) for xml in stated if xml)
    return next((xml for xml, fact in known if fact and normalised_number(fact.value) == number), None)


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
        taken.pop("iban", None)  # the first has several, and the second does not choose among them
    for name in _MANY:
        taken[name] = _united(getattr(first, name), getattr(second, name))
    return replace(first, **taken)


def _united(own: Sequence[W], others: Sequence[W]) -> tuple[W, ...]:
    """What may be many, from both, each value once and where it was read first."""
    found: dict[object, W] = {}
    for each in (*own, *others):
        found.setdefault(_value(each), each)
    return tuple(found.values())


def _value(each: object) -> object:
    return each.value if isinstance(each, Fact) else each


def _differ(first: Fact[V] | None, second: Fact[V] | None) -> bool:
    return first is not None and second is not None and first.value != second.value
