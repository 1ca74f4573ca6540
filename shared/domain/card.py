"""The Teams card: one message of a workflow webhook with an Adaptive Card in it."""

from collections.abc import Sequence
from typing import Any

from shared.domain.forward import summary_lines
from shared.domain.messages import ADD_VENDOR
from shared.domain.reason import EXPLANATIONS
from shared.domain.transaction import FOLDERS, Notice, Status, Transaction

_TITLES = {
    Status.POSTED: "Invoice sent to AP",
    Status.PARKED: "Invoice waits for its vendor",
    Status.REVIEW: "Invoice mail needs a look",
    Status.FAILED: "Invoice mail failed",
}

# Teams renders a subset of Markdown in a TextBlock, links included: a sender's words must not become one.
_MARKDOWN = str.maketrans({c: f"\\{c}" for c in "\\`*_[]#|<>~"})


def _plain(text: str) -> str:
    return " ".join(text.split()).translate(_MARKDOWN)


def card(row: Transaction) -> dict[str, Any]:
    """The JSON body for the webhook; `transactionId` stands beside the card for programs."""
    return {
        "transactionId": row.transaction_id,
        "status": row.status.value,
        "reasons": [reason.value for reason in row.reasons],
        **_message(_title(row), _explanations(row), _facts(row)),
    }


def poison_card(queue: str, count: int) -> dict[str, Any]:
    """The JSON body that tells of messages which their function could not take; what is in them is not shown."""
    then = (
        "Add the vendor again: until then its mails may wait in Needs Vendor."
        if queue == ADD_VENDOR
        else "A mail that one of them was about is driven again by itself."
    )
    what = (
        f"{count} message{'s' if count > 1 else ''} of the queue {queue} failed every time and is not tried again. "
        f"The engineer finds each in the table PoisonMessages, with the reason. {then}"
    )
    return {"status": "poison", "reasons": [], **_message("Messages could not be handled", [what], [("Queue", queue)])}


def _message(title: str, texts: Sequence[str], facts: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """One message with one card: https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using."""
    body = [
        {"type": "TextBlock", "size": "Medium", "weight": "Bolder", "wrap": True, "text": title},
        *({"type": "TextBlock", "wrap": True, "text": text} for text in texts),
        {"type": "FactSet", "facts": [{"title": label, "value": _plain(value)} for label, value in facts]},
    ]
    content = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": body,
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": content}
    return {"type": "message", "attachments": [attachment]}


def _title(row: Transaction) -> str:
    if row.notice is Notice.ALREADY_SENT:
        when = f" on {row.posted_at:%Y-%m-%d %H:%M} UTC" if row.posted_at else ""
        return f"Already sent{when}: not sent again"
    return _TITLES.get(row.status, row.status.value)


def _explanations(row: Transaction) -> list[str]:
    return [f"{EXPLANATIONS[reason].what} {EXPLANATIONS[reason].next}" for reason in row.reasons]


_WITHOUT_VENDOR = frozenset({"Warning", "Number", "Total", "Due", "Transaction"})


def _facts(row: Transaction) -> list[tuple[str, str]]:
    mail = [("From", row.sender or "unknown"), ("Subject", row.subject or "(no subject)")]
    first = [("Same as", row.duplicate_of)] if row.duplicate_of else []
    similar = (
        [("Similar vendor", f"{row.suggestion}; if it is that one, give it this name as an alias")]
        if row.suggestion
        else []
    )
    where = [("Folder", FOLDERS.get(row.status, ""))]
    shown = {"Warning", "Transaction", *(label for label, value in summary_lines(row) if value != "not read")}
    lines = [line for line in summary_lines(row) if row.vendor_id or line[0] in shown & _WITHOUT_VENDOR]
    return [*mail, *lines, *first, *similar, *where]
