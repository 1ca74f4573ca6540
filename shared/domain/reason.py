"""Why a mail is where it is: the reason codes of the ledger, and their words for people."""

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """One finding about a mail; the value stands in the ledger's `Reasons` column."""

    # ignored
    OWN_FORWARD = "own_forward"
    DELIVERY_REPORT = "delivery_report"
    AUTO_REPLY = "auto_reply"
    READ_RECEIPT = "read_receipt"
    CALENDAR = "calendar"
    TAKEN_BY_A_PERSON = "taken_by_a_person"
    # parked
    VENDOR_UNKNOWN = "vendor_unknown"
    # review
    VENDOR_AMBIGUOUS = "vendor_ambiguous"
    NO_INVOICE = "no_invoice"
    MAIL_UNREADABLE = "mail_unreadable"
    DOCUMENT_UNREADABLE = "document_unreadable"
    SCAN_FROM_UNKNOWN = "scan_from_unknown"
    DUPLICATE = "duplicate"
    REPEATED = "repeated"
    MARKER_UNKNOWN = "marker_unknown"
    BOUNCE_UNMATCHED = "bounce_unmatched"
    FORWARD_DIFFERS = "forward_differs"
    DELIVERY_UNCONFIRMED = "delivery_unconfirmed"
    # failed
    UNDELIVERED = "undelivered"
    MAIL_GONE = "mail_gone"
    NO_PROGRESS = "no_progress"


# A person who moves the mail back to the Inbox answers what they could see, never these: without a vendor there is
# nothing to code, so it is looked up again.
NEVER_WAIVED = frozenset({Reason.VENDOR_UNKNOWN, Reason.VENDOR_AMBIGUOUS})

# A release after one of these sends again on purpose: only then the attempt in the marker rises.
SENDS_AGAIN = frozenset({Reason.UNDELIVERED, Reason.DELIVERY_UNCONFIRMED})


@dataclass(frozen=True, slots=True)
class Explanation:
    """A reason in words, and what a person does next."""

    what: str
    next: str


_RELEASE = "move the mail back to the Inbox to send it on"

EXPLANATIONS: dict[Reason, Explanation] = {
    Reason.OWN_FORWARD: Explanation("This is a mail that we sent to AP ourselves.", "Nothing to do."),
    Reason.DELIVERY_REPORT: Explanation("This is a delivery report of the mail system.", "Nothing to do."),
    Reason.AUTO_REPLY: Explanation("This is an automatic reply.", "Nothing to do."),
    Reason.READ_RECEIPT: Explanation("This is a read receipt.", "Nothing to do."),
    Reason.CALENDAR: Explanation("This is a calendar item.", "Nothing to do."),
    Reason.TAKEN_BY_A_PERSON: Explanation(
        "The mail was moved out of the Inbox before it was sent on.", f"If it is to be sent on, {_RELEASE}."
    ),
    Reason.VENDOR_UNKNOWN: Explanation(
        "The vendor is not in the vendor master.", "Add the vendor: the mail is then sent on by itself."
    ),
    Reason.VENDOR_AMBIGUOUS: Explanation(
        "More than one vendor claims this sender.", f"Correct the vendor master, then {_RELEASE}."
    ),
    Reason.NO_INVOICE: Explanation(
        "There is no document and no invoice number in the mail.", f"If it is an invoice, {_RELEASE}."
    ),
    Reason.MAIL_UNREADABLE: Explanation(
        "The mailbox cannot read this mail out.", "Open it in Outlook; forward it by hand."
    ),
    Reason.DOCUMENT_UNREADABLE: Explanation(
        "A document of the mail cannot be read.", f"Look at it; if it is good, {_RELEASE}."
    ),
    Reason.SCAN_FROM_UNKNOWN: Explanation(
        "It is a scan, and its sender does not prove the vendor.", f"Look at it; if it is good, {_RELEASE}."
    ),
    Reason.DUPLICATE: Explanation(
        "Another mail of this vendor has the same invoice number.",
        f"Compare with the first one; if it differs, {_RELEASE}.",
    ),
    Reason.REPEATED: Explanation(
        "The same mail came again and again within an hour.", f"Ask the sender; if it is wanted, {_RELEASE}."
    ),
    Reason.MARKER_UNKNOWN: Explanation(
        "The mail claims to be one of ours, but we did not send it.", f"Look at it; if it is good, {_RELEASE}."
    ),
    Reason.BOUNCE_UNMATCHED: Explanation(
        "A mail bounced, and it is not known which.", "Read the report; find the mail it speaks of."
    ),
    Reason.FORWARD_DIFFERS: Explanation(
        "The forward's attachments differ from the mail's.",
        "Forward it by hand, or move it back to the Inbox to try again.",
    ),
    Reason.DELIVERY_UNCONFIRMED: Explanation(
        "It was sent, but nothing proves it.", f"Ask AP. If they do not have it, {_RELEASE} once more."
    ),
    Reason.UNDELIVERED: Explanation(
        "The mail to AP bounced.", f"Mend what the report names, then {_RELEASE} once more."
    ),
    Reason.MAIL_GONE: Explanation(
        "The mail was deleted before it was sent on.", "Look in Deleted Items; move it to the Inbox."
    ),
    Reason.NO_PROGRESS: Explanation(
        "It was tried several times without getting on.", f"Read the log by its id, then {_RELEASE}."
    ),
}
