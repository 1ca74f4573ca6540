"""Mails around a document whose vendor is known: as honest senders write them, and as frauds do."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from infrastructure.operations.false_domains import false_domains
from shared.domain.disagreement import disagreements
from shared.domain.einvoice import structured_facts
from shared.domain.facts import Document, Fact, Facts, Sureness
from shared.domain.mail import INBOX, Attachment, AttachmentKind, Mail
from shared.domain.text_facts import document_facts
from shared.domain.vendor import Vendor

OWN_DOMAIN = "contoso.example"
_COLLEAGUE = f"ada@{OWN_DOMAIN}"
_STRANGE = "strange.test"
_ACCOUNTS = ("GB33BUKB20201555555555", "DE02120300000000202051", "FR7630006000011234567890189")  # samples of banks

# As Exchange Online writes them: https://learn.microsoft.com/defender-office-365/message-headers-eop-mdo
_PASSED = (
    "spf=pass smtp.mailfrom=x; dkim=pass header.d=x; dmarc=pass action=none header.from=x; compauth=pass reason=100"
)
_DKIM_ALONE = "spf=softfail smtp.mailfrom=y; dkim=pass header.d=x; dmarc=pass action=none header.from=x"
_FORWARDED = "spf=fail smtp.mailfrom=y; dkim=fail; dmarc=fail action=none header.from=x; compauth=pass reason=130"
_FORGED = (
    "spf=fail smtp.mailfrom=y; dkim=none; dmarc=fail action=oreject header.from=x; compauth=fail reason=000",
    "spf=pass smtp.mailfrom=y; dkim=pass header.d=y; dmarc=none action=none header.from=x; compauth=fail reason=001",
    "spf=pass smtp.mailfrom=y; dkim=none; dmarc=fail action=none header.from=x",
)
_FORGED_COLLEAGUE = (*_FORGED, "spf=none; dkim=none; dmarc=none action=none header.from=x; compauth=fail reason=601")

_HEADINGS = (
    "Please pay.\n\nFrom: {name} <{address}>\nSent: Thursday, March 5, 2026 9:30 AM\nTo: Ada\nSubject: Invoice\n",
    "Bitte zahlen.\n\n-----\nVon: {name} <{address}>\nGesendet: Donnerstag, 5. März 2026 09:30\nAn: Ada\n",
    "A payer.\n\n> De : {name} <{address}>\n> Envoyé : jeudi 5 mars 2026 09:30\n> À : Ada\n",
)
_DANGEROUS = (
    ("attachment: program", "invoice.exe"),
    ("attachment: program, as a double extension", "invoice.pdf.exe"),
    ("attachment: program, with a name that shows backwards", "invoice_\u202efdp.exe"),
    ("attachment: HTML page", "invoice.html"),
    ("attachment: HTML page, as a double extension", "invoice.pdf.htm"),
    ("attachment: Office file with macros", "invoice.docm"),
    ("attachment: archive that nobody can look into", "invoice.rar"),
    ("attachment: disk image", "invoice.iso"),
)


@dataclass(frozen=True, slots=True)
class Bill:
    """A document that was read, and the vendor whom it is of."""

    name: str  # as the list writes the path
    facts: Facts
    vendor: Vendor

    @property
    def domain(self) -> str:
        """The vendor's domain."""
        return self.vendor.domains[0]


@dataclass(frozen=True, slots=True)
class Planted:
    """A mail of which it is known whether it is a fraud."""

    kind: str
    mail: Mail
    facts: Facts


def own_mail(bill: Bill) -> Planted:
    """The bill as its vendor sends it every month."""
    return _planted("from its domain", bill, f"billing@{bill.domain}")


def honest_mails(bill: Bill) -> Iterator[Planted]:
    """The ways in which a vendor's bill comes honestly."""
    name, sender = bill.vendor.vendor_name, f"billing@{bill.domain}"
    yield own_mail(bill)
    for host in ("mail", "eu.billing"):
        yield _planted("from a subdomain", bill, f"noreply@{host}.{bill.domain}")
    for platform in ("notification.intuit.com", "post.xero.com", "stripe.com"):
        yield _planted("through a billing platform", bill, f"invoices@{platform}", name=f"{name} via Billing")
    yield from _forwarded("forwarded by a colleague", bill, name, sender)
    for address in (f"accounts@{bill.domain}", f"ar@eu.{bill.domain}"):
        yield _planted("replies to another address of the domain", bill, sender, reply_to=(address,))
    if bill.vendor.ibans and bill.facts.ibans:
        yield _planted("from a new domain, with the known account", bill, "jane@holding.test", name="Jane Doe")
    yield _planted("authenticated", bill, sender, verdict=_PASSED)
    yield _planted("authenticated by DKIM alone", bill, sender, verdict=_DKIM_ALONE)
    yield _planted("relayed: DMARC fails, the tenant passes it", bill, sender, verdict=_FORWARDED)


def planted_frauds(bill: Bill) -> Iterator[Planted]:
    """The ways in which a fraud would have a bill paid; where it can, each leaves all else as it is."""
    yield from _frauds_of_account(bill)
    yield from _frauds_of_sender(bill)
    yield from _frauds_of_colleague(bill)
    yield from _frauds_of_document(bill)


def _frauds_of_account(bill: Bill) -> Iterator[Planted]:
    if not (bill.vendor.ibans and bill.facts.ibans):
        return  # nobody knows what account it should be
    other, sender = _other_account(bill), f"billing@{bill.domain}"
    changed = replace(bill.facts, ibans=(other,))
    yield _planted("account: another", bill, sender, facts=changed)
    yield _planted("account: another, authenticated", bill, sender, facts=changed, verdict=_PASSED)
    yield _planted("account: another beside the known", bill, sender, facts=_with_account(bill.facts, other))


def _other_account(bill: Bill) -> Fact[str]:
    known = set(bill.vendor.ibans)
    return Fact(next((iban for iban in _ACCOUNTS if iban not in known), _ACCOUNTS[0]), "planted")


def _with_account(facts: Facts, other: Fact[str]) -> Facts:
    return replace(facts, ibans=(*facts.ibans, other))


def _frauds_of_sender(bill: Bill) -> Iterator[Planted]:
    name, sender = bill.vendor.vendor_name, f"billing@{bill.domain}"
    for kind, domain in false_domains(bill.domain):
        yield _planted(kind, bill, f"billing@{domain}", verdict=_PASSED)
    for place, address in (("free mail", "billing.2026@gmail.com"), ("a strange domain", f"b@{_STRANGE}")):
        for shown in (name, f"{name} Billing", f"Jane Doe | {name}"):
            yield _planted(f"name: the vendor's, from {place}", bill, address, name=shown)
        for shown in (sender, f"{name} <{sender}>"):
            yield _planted(f"name: the vendor's address, from {place}", bill, address, name=shown)
    yield _planted("reply: to free mail", bill, sender, reply_to=(f"{bill.vendor.vendor_id}@outlook.com",))
    yield _planted("reply: to free mail, after the domain", bill, sender, reply_to=(sender, "billing@gmail.com"))
    for verdict in _FORGED:
        yield _planted("sender: forged", bill, sender, verdict=verdict)
    unpaid = replace(bill.facts, ibans=(), iban=None)
    yield _planted("stranger without a known account", bill, f"b@{_STRANGE}", facts=unpaid)


def _frauds_of_colleague(bill: Bill) -> Iterator[Planted]:
    name = bill.vendor.vendor_name
    for verdict in _FORGED_COLLEAGUE:
        yield _planted("colleague: forged", bill, _COLLEAGUE, verdict=verdict)
        yield from _forwarded("colleague: forged, as if forwarding", bill, name, f"b@{bill.domain}", verdict=verdict)
    yield from _forwarded("colleague: forwards a free mail account", bill, name, "billing.2026@gmail.com")
    yield from _forwarded(
        "colleague: forwards a look-alike", bill, "", f"b@{bill.domain.partition('.')[0]}-billing.com"
    )
    for account in _frauds_of_account(bill):
        yield from _forwarded(
            "colleague: forwards another account", bill, name, f"billing@{bill.domain}", facts=account.facts
        )


def _frauds_of_document(bill: Bill) -> Iterator[Planted]:
    sender = f"billing@{bill.domain}"
    for kind, file in _DANGEROUS:
        yield _planted(kind, bill, sender, verdict=_PASSED, files=(bill.name, file))
    for document in bill.facts.documents:
        for kind, words in _disagreeing(document, _other_account(bill)):
            yield _planted(kind, bill, sender, facts=replace(bill.facts, disagreements=words), verdict=_PASSED)


def _disagreeing(document: Document, account: Fact[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What is found when the XML of a document says something else than before, and its pages the same."""
    if not (document.structured and document.pages):
        return
    stated, printed = structured_facts(document.structured, document.name), document_facts(document)
    is_labelled = printed.total is not None and printed.total.sureness is Sureness.LABELLED
    if stated and stated.total and is_labelled:
        other = replace(stated, total=replace(stated.total, value=stated.total.value * 7 + 1))
        yield "document: another total in its XML", disagreements(document, other, printed)
    if stated and stated.ibans and printed.ibans:
        other = replace(stated, ibans=(account,))
        yield "document: another account in its XML", disagreements(document, other, printed)


def _forwarded(kind: str, bill: Bill, name: str, address: str, **fields: Any) -> Iterator[Planted]:
    for heading in _HEADINGS:
        yield _planted(kind, bill, _COLLEAGUE, name="Ada", body=heading.format(name=name, address=address), **fields)


def _planted(
    kind: str,
    bill: Bill,
    sender: str,
    *,
    name: str = "",
    reply_to: tuple[str, ...] = (),
    body: str = "",
    verdict: str = "",
    facts: Facts | None = None,
    files: tuple[str, ...] = (),
) -> Planted:
    mail = Mail(
        id=bill.name,
        folder=INBOX,
        internet_message_id="<1@planted.example>",
        received_at=datetime.min.replace(tzinfo=UTC),
        sender=sender,
        sender_name=name,
        subject="Invoice",
        body=body,
        headers=(("Authentication-Results", verdict),) if verdict else (),
        attachments=tuple(_attachment(file) for file in files or (bill.name,)),
        reply_to=reply_to,
    )
    return Planted(kind, mail, facts or bill.facts)


def _attachment(name: str) -> Attachment:
    return Attachment(name, name.rpartition("/")[2], "", 1000, is_inline=False, kind=AttachmentKind.FILE)
