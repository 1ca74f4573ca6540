"""The Teams card: one message of a workflow webhook with an Adaptive Card in it."""

from typing import Any

from shared.domain.forward import summary_lines
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
    """The JSON body for the webhook; `transactionId` stands beside the card for programs.

    Format: https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using
    """
    return {
        "type": "message",
        "transactionId": row.transaction_id,
        "status": row.status.value,
        "reasons": [reason.value for reason in row.reasons],
        "attachments": [
            {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": _adaptive(row)}
        ],
    }


def _adaptive(row: Transaction) -> dict[str, Any]:
    return {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [
            {"type": "TextBlock", "size": "Medium", "weight": "Bolder", "wrap": True, "text": _title(row)},
            *({"type": "TextBlock", "wrap": True, "text": text} for text in _explanations(row)),
            {"type": "FactSet", "facts": [{"title": label, "value": _plain(value)} for label, value in _facts(row)]},
        ],
    }


def _title(row: Transaction) -> str:
    if row.notice is Notice.ALREADY_SENT:
        when = f" on {row.posted_at:%Y-%m-%d %H:%M} UTC" if row.posted_at else ""
        return f"Already sent{when}: not sent again"
    return _TITLES.get(row.status, row.status.value)


def _explanations(row: Transaction) -> list[str]:
    return [f"{EXPLANATIONS[reason].what} {EXPLANATIONS[reason].next}" for reason in row.reasons]


def _facts(row: Transaction) -> list[tuple[str, str]]:
    mail = [("From", row.sender or "unknown"), ("Subject", row.subject or "(no subject)")]
    first = [("Same as", row.duplicate_of)] if row.duplicate_of else []
    where = [("Folder", FOLDERS.get(row.status, ""))]
    known = {"Number", "Total", "Due"} & {label for label, value in summary_lines(row) if value != "not read"}
    read = [(label, value) for label, value in summary_lines(row) if label in known | {"Transaction"}]
    details = summary_lines(row) if row.vendor_id else read
    return [*mail, *details, *first, *where]
