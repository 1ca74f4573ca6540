"""What becomes of a mail: ignore, park, review or post, with the reasons.

The order is fixed: ignore -> vendor -> risk -> duplicate -> post; before all but the first, what comes again and again.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from shared.domain.distrust import Signal, holds
from shared.domain.facts import Facts, Legibility, Nature, Sureness
from shared.domain.forward import MARKER_HEADER, marked_attempt, marker_of
from shared.domain.mail import Mail
from shared.domain.reason import NEVER_WAIVED, Reason
from shared.domain.report import DeliveryReport
from shared.domain.sender import Sender
from shared.domain.synthetic import CHECK_VENDOR
from shared.domain.transaction import Status
from shared.domain.vendor import Evidence, Match


class Origin(StrEnum):
    """Whether the mail claims to be one of our own forwards, and whether the ledger confirms it."""

    FOREIGN = "foreign"
    OURS = "ours"
    FORGED = "forged"  # it carries a marker of ours that the ledger does not know


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything that the decision rests on."""

    mail: Mail
    digests: tuple[str, ...] = ()  # of its documents' bytes
    sender: Sender = field(default_factory=lambda: Sender(""))  # whom it is judged by
    facts: Facts = field(default_factory=Facts)
    match: Match = field(default_factory=Match)
    origin: Origin = Origin.FOREIGN
    has_nonce: bool = False  # which the synthetic check has written for this mail
    has_recipient: bool = True  # whether mails of the check are taken
    report: DeliveryReport | None = None
    bounced: str = ""  # transaction id of the forward that a delivery report speaks of
    spoken_of: str = ""  # the mail, in words, of a forward that a report speaks of without being believed
    signals: tuple[Signal, ...] = ()  # what speaks against the mail
    duplicate_of: str = ""  # transaction id of the mail that asked for the same before
    first: str = ""  # that mail in words
    repeats: int = 0  # how often this very mail came within an hour, itself included
    repeat_limit: int = 20
    answered: frozenset[Reason] = frozenset()


@dataclass(frozen=True, slots=True)
class Decision:
    """ENRICHED means: to be posted."""

    status: Status
    reasons: tuple[Reason, ...] = ()
    warnings: tuple[str, ...] = ()
    is_announced: bool = True


def claimed_transaction(mail: Mail, mailbox: str) -> str:
    """The transaction id that the mail carries as its own marker or Message-ID, empty where it carries none."""
    by_message_id = marked_attempt(mail.internet_message_id, mailbox)
    return marker_of(mail.header(MARKER_HEADER)) or (by_message_id[0] if by_message_id else "")


def is_delivery_report(mail: Mail) -> bool:
    """Whether the mail is a multipart/report about delivery (RFC 3462, RFC 3464)."""
    return _report_type(mail) not in {"", "disposition-notification"}


def _report_type(mail: Mail) -> str:
    content_type = mail.header("Content-Type").lower()
    if not content_type.lstrip().startswith("multipart/report"):
        return ""
    _, _, rest = content_type.partition("report-type=")
    return rest.split(";")[0].strip().strip('"') or "delivery-status"


def decide(findings: Findings) -> Decision:
    """Decide by everything that is known."""
    ignored = _ignore(findings)
    if ignored and ignored not in findings.answered:
        return Decision(Status.IGNORED, (ignored,))
    waived = findings.answered - NEVER_WAIVED
    distrusted = _distrust(findings)
    groups = (
        _flood(findings),
        _unfit(findings),
        _vendor(findings),
        _risks(findings),
        distrusted,
        _seen(findings),
    )
    held = next((left for group in groups if (left := group - waived)), frozenset())
    if not held:
        return Decision(Status.ENRICHED, warnings=_warnings(findings))
    # Nobody is to be asked to add a vendor whose mail is a fraud: a release of it comes back to the vendor.
    held = distrusted if Reason.VENDOR_UNKNOWN in held and distrusted else held
    status = Status.PARKED if Reason.VENDOR_UNKNOWN in held else Status.REVIEW
    # One card for a sender gone wild, not one for each mail.
    is_silent = Reason.REPEATED in held and findings.repeats > findings.repeat_limit + 1
    # Whoever looks at the mail sees at once what else speaks against it.
    told = held | distrusted
    reasons = tuple(reason for reason in Reason if reason in told)
    return Decision(status, reasons, _details(findings), is_announced=not is_silent)


def _ignore(findings: Findings) -> Reason | None:
    mail = findings.mail
    if _is_of_check(findings) and findings.has_nonce and not findings.has_recipient:
        return Reason.SYNTHETIC_REFUSED
    if findings.origin is Origin.OURS:
        return Reason.OWN_FORWARD  # with its documents: the ledger knows that AP has them
    if mail.documents:
        return None  # somebody may want to be paid; at worst a person looks at it
    if findings.origin is Origin.FORGED:
        return Reason.OWN_FORWARD
    if is_delivery_report(mail):
        return None if _is_unmatched_bounce(findings) else Reason.DELIVERY_REPORT
    return _by_nature(mail)


def _is_of_check(findings: Findings) -> bool:
    """Whether the vendor is the synthetic check's: that, and not the nonce, decides that nothing of it is AP's."""
    return findings.match.vendor is not None and findings.match.vendor.vendor_id == CHECK_VENDOR


def _by_nature(mail: Mail) -> Reason | None:
    if _report_type(mail):
        return Reason.READ_RECEIPT
    if mail.header("Auto-Submitted").lower().startswith("auto-replied"):
        return Reason.AUTO_REPLY
    return Reason.CALENDAR if mail.is_event else None


def _is_unmatched_bounce(findings: Findings) -> bool:
    unreadable = findings.report is None and _report_type(findings.mail) == "delivery-status"
    failed = findings.report is not None and findings.report.failed
    return unreadable or (failed and not findings.bounced)


def _flood(findings: Findings) -> frozenset[Reason]:
    return frozenset({Reason.REPEATED}) if findings.repeats > findings.repeat_limit else frozenset()


def _unfit(findings: Findings) -> frozenset[Reason]:
    if findings.mail.documents:
        return frozenset()
    if is_delivery_report(findings.mail) and _is_unmatched_bounce(findings):
        return frozenset({Reason.BOUNCE_UNMATCHED})
    return frozenset() if findings.facts.invoice_number else frozenset({Reason.NO_INVOICE})


def _vendor(findings: Findings) -> frozenset[Reason]:
    if findings.match.is_certain:
        return frozenset()
    return frozenset({Reason.VENDOR_AMBIGUOUS if findings.match.is_ambiguous else Reason.VENDOR_UNKNOWN})


def _risks(findings: Findings) -> frozenset[Reason]:
    legibility = {document.legibility for document in findings.facts.documents if document.has_pages_unread}
    risks = {
        Reason.MARKER_UNKNOWN: findings.origin is Origin.FORGED,
        Reason.SYNTHETIC_UNPROVEN: _is_of_check(findings) and not findings.has_nonce,
        Reason.DOCUMENT_UNREADABLE: Legibility.UNREADABLE in legibility,
        Reason.SCAN_FROM_UNKNOWN: Legibility.SCAN in legibility and not _is_sender_certain(findings),
    }
    return frozenset(reason for reason, present in risks.items() if present)


def _is_sender_certain(findings: Findings) -> bool:
    """A VAT id or a name is printed on every invoice of the vendor, and proves no sender."""
    doubts = {Reason.SENDER_FALSE, Reason.SENDER_DOUBTFUL}
    is_doubted = any(signal.reason in doubts for signal in findings.signals)
    return findings.match.evidence is Evidence.SENDER and not is_doubted


def _distrust(findings: Findings) -> frozenset[Reason]:
    """What nobody has answered yet, where it weighs enough together."""
    left = tuple(signal for signal in findings.signals if signal.reason not in findings.answered)
    return frozenset(signal.reason for signal in left) if holds(left) else frozenset()


def _seen(findings: Findings) -> frozenset[Reason]:
    """What was asked for before; a mail that only calls itself a reminder may bring the invoice that never came."""
    nature = findings.facts.nature
    is_reminder = nature is not None and nature.value is Nature.REMINDER
    is_duplicate = bool(findings.duplicate_of)
    is_sure = nature is not None and nature.sureness is not Sureness.INFERRED
    seen = {Reason.DUPLICATE: is_duplicate, Reason.REMINDER: is_reminder and (is_sure or is_duplicate)}
    return frozenset(reason for reason, present in seen.items() if present)


_WARNINGS = {
    Legibility.SCAN: "a document is a scan without text, so nothing was read from it",
    Legibility.TOO_LARGE: "a document was not read here (too large, or too many), so open it",
}
_NATURES = {
    Nature.CORRECTION: "it corrects an invoice that came before",
    Nature.REMINDER: "the mail calls itself a reminder",
}
_MOST_DETAILS, _LONGEST_DETAIL, _SHOWN = 12, 300, 80


def _warnings(findings: Findings) -> tuple[str, ...]:
    seen = [document.legibility for document in findings.facts.documents if document.has_pages_unread]
    unread = () if findings.facts.total else ("the total was not read",)
    nature = (_NATURES[findings.facts.nature.value],) if findings.facts.nature else ()
    numbers = ", ".join(number.value for number in findings.facts.numbers)
    several = (f"it holds several invoices: {numbers}"[:_LONGEST_DETAIL],) if len(findings.facts.numbers) > 1 else ()
    return (
        *_details(findings),
        *nature,
        *several,
        *(text for kind, text in _WARNINGS.items() if kind in seen),
        *unread,
    )


def _details(findings: Findings) -> tuple[str, ...]:
    """What speaks against the mail, exactly; with what a person has answered by releasing it."""
    details = [
        f"{signal.detail}{' (released by a person)' if signal.reason in findings.answered else ''}"
        for signal in findings.signals
    ]
    unread = [
        f"{document.name[:_SHOWN]} cannot be read: damaged, or under a password"
        for document in findings.facts.documents
        if document.legibility is Legibility.UNREADABLE
    ]
    first = [f"first came {findings.first}"] if findings.first else []
    spoken_of = [f"the report speaks of {findings.spoken_of}"] if findings.spoken_of else []
    # A column holds several texts, parted by semicolons.
    texts = [*details, *unread, *first, *spoken_of]
    return tuple(text.replace(";", ",")[:_LONGEST_DETAIL] for text in texts)[:_MOST_DETAILS]
