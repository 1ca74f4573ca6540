"""What plain text says about an invoice: a document's text layer, a mail's subject and its body."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from shared.domain import labels
from shared.domain.accounts import payable_ibans, without_repeated
from shared.domain.amounts import decimal_mark, settle
from shared.domain.facts import Document, Fact, Facts, Kind, Sureness
from shared.domain.headings import headings_of, is_credit, kind_in_subject, kind_of, nature_in_subject, nature_of
from shared.domain.hosts import hosts_in
from shared.domain.iban import is_iban
from shared.domain.invoice_dates import dates_of
from shared.domain.invoice_number import first_of, number_of
from shared.domain.numbers import normalised_number
from shared.domain.printed_text import Text, agreed, text_of_document, text_of_mail, without_recipient
from shared.domain.references import bare_number, number_alone, number_at_start
from shared.domain.sellers import names_in, sure_name
from shared.domain.totals import total_of
from shared.domain.vat_ids import vat_id_at_start

_MOST_DOMAINS = 10


def document_facts(document: Document) -> Facts:
    """The facts that a document's text states."""
    text = text_of_document(document)
    own = without_recipient(text)
    names = names_in([page.rows for page in text.pages], [page.rows for page in own.pages])
    sure = sure_name(names)
    return replace(
        _facts(text, own),
        vendor_name=Fact(sure[0].text, text.pages[sure[0].page].place, sure[1]) if sure else None,
        names=tuple(Fact(name.text, text.pages[name.page].place, Sureness.INFERRED) for name in names),
        domains=tuple(_domains(own)),
    )


def body_facts(body: str) -> Facts:
    """The facts that a mail's body states; whose names and addresses it holds is another question."""
    text = text_of_mail("body", body)
    return _facts(text, without_recipient(text))


def subject_facts(subject: str) -> Facts:
    """The facts that a mail's subject states."""
    text = text_of_mail("subject", " ".join(subject.split()))
    kind, nature = kind_in_subject(text.whole), nature_in_subject(text.whole)
    return Facts(
        invoice_number=first_of(text, labels.SUBJECT_NUMBERS, (number_at_start, bare_number)),
        purchase_order=agreed(text, labels.PURCHASE_ORDERS, number_at_start, key=normalised_number),
        kind=Fact(kind, "subject", Sureness.INFERRED) if kind else None,
        nature=Fact(nature, "subject", Sureness.INFERRED) if nature else None,
    )


def _facts(text: Text, own: Text) -> Facts:
    """What the text states; `own` is it without the recipient's part."""
    headings = headings_of(text.pages[0].rows) if text.pages else []
    top = text.pages[0].place if text.pages else ""
    total, currency = _total(text)
    number = number_of(text, own, headings)
    issued, due = dates_of(text)
    nature = None if text.is_mail else nature_of(headings)
    ibans = _accounts(text)
    return Facts(
        vat_id=agreed(own, labels.VAT_IDS, vat_id_at_start),
        invoice_number=number,
        issue_date=issued,
        due_date=due,
        currency=currency,
        total=total,
        kind=_kind(text, headings, number),
        iban=ibans[0] if len({fact.value for fact in ibans}) == 1 and is_iban(ibans[0].value) else None,
        purchase_order=agreed(text, labels.PURCHASE_ORDERS, number_at_start, number_alone, normalised_number),
        nature=Fact(nature, top) if nature else None,
        ibans=tuple({fact.value: fact for fact in reversed(ibans)}.values())[::-1],
    )


def _accounts(text: Text) -> tuple[Fact[str], ...]:
    """Every account to pay to; one that the IBAN of another page names is no further one."""
    found = [Fact(account, page.place) for page in text.pages for account in payable_ibans(page.rows)]
    distinct = frozenset(without_repeated(dict.fromkeys(fact.value for fact in found)))
    return tuple(fact for fact in found if fact.value in distinct)


# Total and currency


def _total(text: Text) -> tuple[Fact[Decimal] | None, Fact[str] | None]:
    """The total and the currency printed at it, or the one currency of the text."""
    found = total_of([page.rows for page in text.pages], decimal_mark(text.whole))
    currency = settle(found[0].currency if found else None, text.whole)
    where = text.pages[found[1] if found else 0].place if text.pages else ""
    return (
        Fact(found[0].amount, where) if found else None,
        Fact(currency, where) if currency else None,
    )


# Kind, and hosts


def _kind(text: Text, headings: Sequence[str], number: Fact[str] | None) -> Fact[Kind] | None:
    """The kind by the heading, else by the number that is called an invoice's."""
    kind = kind_of(headings, text.whole)
    if kind:
        return Fact(kind, text.pages[0].place)
    return Fact(Kind.INVOICE, number.source) if number and not is_credit(headings) else None


def _domains(text: Text) -> Iterator[Fact[str]]:
    found: dict[str, str] = {}
    for page in text.pages:
        for row in page.rows:
            for cell in row:
                for host in hosts_in(cell.text):
                    found.setdefault(host, page.place)
    yield from (Fact(host, place) for host, place in list(found.items())[:_MOST_DOMAINS])
