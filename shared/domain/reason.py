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
    SYNTHETIC_REFUSED = "synthetic_refused"
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
    REMINDER = "reminder"
    REPEATED = "repeated"
    MARKER_UNKNOWN = "marker_unknown"
    BOUNCE_UNMATCHED = "bounce_unmatched"
    FORWARD_DIFFERS = "forward_differs"
    DELIVERY_UNCONFIRMED = "delivery_unconfirmed"
    SYNTHETIC_UNPROVEN = "synthetic_unproven"
    # review, by their weights together (see `distrust.WEIGHTS`)
    SENDER_FALSE = "sender_false"
    SENDER_DOUBTFUL = "sender_doubtful"
    REPLY_ELSEWHERE = "reply_elsewhere"
    REPLY_TO_FREE_MAIL = "reply_to_free_mail"
    LOOK_ALIKE_DOMAIN = "look_alike_domain"
    NAME_FROM_ELSEWHERE = "name_from_elsewhere"
    DOMAIN_FIRST_SEEN = "domain_first_seen"
    DOMAIN_OF_ANOTHER = "domain_of_another"
    VAT_ID_DIFFERS = "vat_id_differs"
    IBAN_CHANGED = "iban_changed"
    IBAN_UNPROVEN = "iban_unproven"
    DOCUMENTS_DISAGREE = "documents_disagree"
    DANGEROUS_ATTACHMENT = "dangerous_attachment"
    # failed
    UNDELIVERED = "undelivered"
    MAIL_GONE = "mail_gone"
    NO_PROGRESS = "no_progress"


# A person who moves the mail back to the Inbox answers what they could see, never these: without a vendor there is
# nothing to code, so it is looked up again; and no release leads a test mail to AP.
NEVER_WAIVED = frozenset(
    {Reason.VENDOR_UNKNOWN, Reason.VENDOR_AMBIGUOUS, Reason.SYNTHETIC_REFUSED, Reason.SYNTHETIC_UNPROVEN}
)

# A release after one of these sends again on purpose: only then the attempt in the marker rises.
SENDS_AGAIN = frozenset({Reason.UNDELIVERED, Reason.DELIVERY_UNCONFIRMED})

# The mail is out of our hands, so that it is not filed.
WITH_A_PERSON = frozenset({Reason.TAKEN_BY_A_PERSON, Reason.MAIL_GONE})


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
    Reason.SYNTHETIC_REFUSED: Explanation(
        "This is a mail of the synthetic check, and no recipient is set for such mails.",
        "The engineer names one in the settings.",
    ),
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
        "The same invoice came before.",
        f"Compare with the first one; if it differs, {_RELEASE}.",
    ),
    Reason.REMINDER: Explanation(
        "It is a payment reminder, not an invoice.",
        f"See whether the invoice is paid; if AP is to have it, {_RELEASE}.",
    ),
    Reason.SENDER_FALSE: Explanation(
        "The sender's address is not genuine: Exchange found the mail to be forged.",
        f"Ask the vendor at a number you know, never by reply; if it is genuine, {_RELEASE}.",
    ),
    Reason.SENDER_DOUBTFUL: Explanation(
        "Nothing proves the sender's address.", f"Compare with earlier mails of the vendor; if it is good, {_RELEASE}."
    ),
    Reason.REPLY_ELSEWHERE: Explanation(
        "A reply would go to another organisation than the sender's.", f"Look at it; if it is good, {_RELEASE}."
    ),
    Reason.REPLY_TO_FREE_MAIL: Explanation(
        "A reply would go to a free mail account instead of the vendor.",
        f"Ask the vendor at a number you know, never by reply; if it is genuine, {_RELEASE}.",
    ),
    Reason.LOOK_ALIKE_DOMAIN: Explanation(
        "The sender's domain looks like that of a vendor, and is another.",
        f"Ask the vendor at a number you know, never by reply; if it is genuine, {_RELEASE}.",
    ),
    Reason.NAME_FROM_ELSEWHERE: Explanation(
        "The sender is displayed as a vendor, and writes from a domain that is not the vendor's.",
        f"Ask the vendor at a number you know; if the domain is theirs, add it to the vendor, then {_RELEASE}.",
    ),
    Reason.DOMAIN_FIRST_SEEN: Explanation(
        "The vendor never wrote from this domain.", f"If the domain is theirs, add it to the vendor, then {_RELEASE}."
    ),
    Reason.DOMAIN_OF_ANOTHER: Explanation(
        "The sender's domain belongs to another vendor.", f"Ask the vendor; if it is good, {_RELEASE}."
    ),
    Reason.VAT_ID_DIFFERS: Explanation(
        "The document names another VAT id than the vendor's.",
        f"If it is another company, add that as a vendor; if the id is new, correct the vendor; then {_RELEASE}.",
    ),
    Reason.IBAN_CHANGED: Explanation(
        "It asks for payment to an account that the vendor is not known to have.",
        f"Ask the vendor at a number you know, never by reply; if the account is theirs, {_RELEASE}: "
        "the account is then remembered.",
    ),
    Reason.IBAN_UNPROVEN: Explanation(
        "The sender is new, and no known account of the vendor speaks for them.",
        f"Compare with earlier payments; if it is good, {_RELEASE}.",
    ),
    Reason.DOCUMENTS_DISAGREE: Explanation(
        "A document says two different things.", f"Ask the vendor which is right; if AP is to have it, {_RELEASE}."
    ),
    Reason.DANGEROUS_ATTACHMENT: Explanation(
        "An attachment may do harm when it is opened.",
        f"Do not open it; ask the vendor. If you are sure of it, {_RELEASE}.",
    ),
    Reason.REPEATED: Explanation(
        "The same mail came again and again within an hour.", f"Ask the sender; if it is wanted, {_RELEASE}."
    ),
    Reason.MARKER_UNKNOWN: Explanation(
        "The mail claims to be one of ours, but we did not send it.", f"Look at it; if it is good, {_RELEASE}."
    ),
    Reason.BOUNCE_UNMATCHED: Explanation(
        "It says that a mail bounced, and fits none of ours or may be forged.",
        "Nothing was done about it. Ask AP for the mail that it names; if they do not have it, forward that by hand.",
    ),
    Reason.FORWARD_DIFFERS: Explanation(
        "The forward's attachments differ from the mail's.",
        "Forward it by hand, or move it back to the Inbox to try again.",
    ),
    Reason.DELIVERY_UNCONFIRMED: Explanation(
        "It was sent, but nothing proves it.", f"Ask AP. If they do not have it, {_RELEASE} once more."
    ),
    Reason.SYNTHETIC_UNPROVEN: Explanation(
        "It looks like a mail of the synthetic check, and the check did not send it.",
        "Nothing to do; no such mail goes to AP.",
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
