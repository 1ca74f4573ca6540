"""What AP receives: subject, summary, marker, and the proof that the forward is whole."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from shared.domain.facts import Nature
from shared.domain.mail import Attachment, domain_of
from shared.domain.transaction import Transaction

# One constant name, its value varies: named properties are a scarce resource of a mailbox. The namespace is
# PS_INTERNET_HEADERS (MS-OXCMAIL), which makes Exchange write it as a header of the sent mail too.
MARKER_HEADER = "x-invoice-agent-transaction"
MARKER_PROPERTY = f"String {{00020386-0000-0000-C000-000000000046}} Name {MARKER_HEADER}"

BODY_LIMIT = 2 * 1024 * 1024  # bytes; with the 33 % of JSON and transport it stays below Graph's 4 MB a request
SUBJECT_LIMIT = 255  # of a subject; counted in UTF-16 units, as Windows counts characters

_MARKER = re.compile(r"([0-9a-f]{32})-\d{1,4}")
_MESSAGE_ID = re.compile(r"<?([0-9a-f]{32})-(\d{1,4})@([^\s<>@]+)>?")
_REFERENCE = re.compile(r"\[IA-([0-9a-f]{12})\]")
# The mail's own styles stay, and may mean our elements too: only what an element itself calls important stands above
# them (CSS Cascading 4, 6.1). After `all`, which some clients leave out, the ways in which a text is hidden.
_STYLE = "".join(
    f"{name}:{value}!important;"
    for name, value in {
        "all": "initial",
        "display": "block",
        "visibility": "visible",
        "opacity": "1",
        "position": "static",
        "float": "none",
        "width": "auto",
        "max-width": "none",
        "height": "auto",
        "max-height": "none",
        "overflow": "visible",
        "clip": "auto",
        "clip-path": "none",
        "transform": "none",
        "text-indent": "0",
        "line-height": "normal",
        "color": "#000",
        "background": "#fff",
        "font-family": "Calibri,Arial,sans-serif",
        "font-size": "11pt",
        "mso-hide": "none",
    }.items()
)
_LABEL_STYLE = f"{_STYLE}display:inline!important;font-weight:bold!important"
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


@dataclass(frozen=True, slots=True)
class Recipients:
    """Where forwards go: invoices to AP, mails of the synthetic check to an address of their own."""

    ap: str
    synthetic: str = ""  # empty: such mails are not taken

    def of(self, row: Transaction) -> str:
        """Who gets the forward of a row, empty where nobody does."""
        return self.synthetic if row.is_of_check else self.ap


def marker_of(text: str) -> str:
    """The transaction id in a marker value, empty where it is none."""
    found = _MARKER.fullmatch(text.strip().lower())
    return found[1] if found else ""


def marked_attempt(message_id: str, mailbox: str) -> tuple[str, int] | None:
    """The transaction id and attempt in a Message-ID that we gave to a forward from `mailbox`, None for any other."""
    found = _MESSAGE_ID.fullmatch(message_id.strip().lower())
    return (found[1], int(found[2])) if found and found[3] == domain_of(mailbox) else None


def references_in(text: str) -> tuple[str, ...]:
    """The first 12 hex digits of every transaction whose reference stands in `text`."""
    return tuple(dict.fromkeys(_REFERENCE.findall(text)))


def message_id(row: Transaction, mailbox: str) -> str:
    """The Message-ID of the forward; a bounce quotes it."""
    return f"<{row.marker}@{domain_of(mailbox)}>"


def subject(row: Transaction) -> str:
    """The subject for AP: sortable by vendor and number, and ending in the reference that a bounce quotes."""
    reference = f" [IA-{row.transaction_id[:12]}]"
    parts = [
        row.vendor_name,
        f"{_document(row)} {row.invoice_number or 'number not read'}",
        _money(row),
        f"due {row.due_date.isoformat()}" if row.due_date else "",
        f"FW: {row.subject}" if row.subject else "FW: (no subject)",
    ]
    text = " | ".join(_CONTROL.sub(" ", part).strip() for part in parts if part)
    return _cut(text, SUBJECT_LIMIT - len(reference)).rstrip() + reference


def _cut(text: str, units: int) -> str:
    return text.encode("utf-16-le", "replace")[: 2 * units].decode("utf-16-le", "ignore")


def summary_lines(row: Transaction) -> list[tuple[str, str]]:
    """What AP needs for the booking, label and value; what was not read says so."""
    return [
        *(("Warning", warning) for warning in row.warnings),
        ("Vendor", f"{row.vendor_name} ({row.vendor_id})"),
        *([("Vendor known by", known_by)] if (known_by := _known_by(row)) else []),
        ("Document", _document(row)),
        ("Number", row.invoice_number or "not read"),
        *([("Purchase order", row.purchase_order)] if row.purchase_order else []),
        ("Total", _money(row) or "not read"),
        ("Issued", row.issue_date.isoformat() if row.issue_date else "not read"),
        ("Due", row.due_date.isoformat() if row.due_date else "not read"),
        ("GL code", row.gl_code or "none"),
        ("Department", row.expense_dept or "none"),
        ("Allocation schedule", row.allocation_schedule or "none"),
        ("Billing party", row.billing_party or "none"),
        ("Transaction", row.transaction_id),
    ]


def _known_by(row: Transaction) -> str:
    """What told the vendor, in words; a row of an earlier release does not say."""
    try:
        told = json.loads(row.evidence or "{}").get("vendor", "")
    except (ValueError, AttributeError):
        return ""  # edited by hand
    return told if isinstance(told, str) else ""


def _document(row: Transaction) -> str:
    kind = "credit note" if row.kind == "credit_note" else "invoice"
    return f"Corrected {kind}" if row.nature == Nature.CORRECTION else kind.capitalize()


def _money(row: Transaction) -> str:
    return f"{row.currency} {row.total:,.2f}".strip() if row.total is not None else ""


def summary_html(row: Transaction) -> str:
    """The summary as HTML: a line for each value, which every client turns into readable text; all of it escaped."""
    lines = "<br>\n".join(
        f'<b style="{_LABEL_STYLE}">{escape(label)}:</b> {escape(value)}' for label, value in summary_lines(row)
    )
    return f'<div style="{_STYLE}">{lines}</div><br>'


def summary_text(row: Transaction) -> str:
    """The summary as lines, for a forward whose body is too large to be rewritten; escaped, for it ends up in HTML."""
    return "\n".join(escape(f"{label}: {value}", quote=False) for label, value in summary_lines(row))


def with_summary(row: Transaction, body: str) -> str | None:
    """The draft's HTML with our summary before it; None where that would be too large to write."""
    # Before its <html> even: what comes before the summary is the sender's, and a comment, a style or a title that is
    # left open there would swallow it. Clients that meet a line first begin the page with it (HTML Standard, 13.2.6.4).
    whole = summary_html(row) + body
    return whole if len(whole.encode()) <= BODY_LIMIT else None


def difference(source: Sequence[Attachment], draft: Sequence[Attachment]) -> str:
    """How the draft's attachments differ from the source's, without file names; empty where they do not.

    Same count and names, sizes within 5 % and 4 KiB: Exchange promises no equal `size` for the same attachment.
    """
    if len(source) != len(draft):
        return f"{len(source)} attachments in the mail, {len(draft)} in the forward"
    for ours, theirs in zip(sorted(source, key=_order), sorted(draft, key=_order), strict=True):
        if ours.name != theirs.name:
            return "an attachment has another name in the forward"
        if abs(ours.size - theirs.size) > ours.size * 0.05 + 4096:
            return f"an attachment of {ours.size} bytes has {theirs.size} in the forward"
    return ""


def _order(attachment: Attachment) -> tuple[str, int]:
    return attachment.name, attachment.size
