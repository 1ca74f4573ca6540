"""A mail as the stages see it; names follow the message resource of Microsoft Graph."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

INBOX = "Inbox"  # our name for it; the mailbox may show it in another language
_PAGE_BYTES = 50_000  # a page at 100 dots an inch has more, a logo or a signature's picture less
ELSEWHERE = "elsewhere"  # any folder that is neither the Inbox nor one of ours


class AttachmentKind(StrEnum):
    """The three attachment types of Graph (https://learn.microsoft.com/graph/api/resources/attachment)."""

    FILE = "file"
    ITEM = "item"  # a mail, event or contact; no contentBytes
    REFERENCE = "reference"  # a link into a cloud drive; no bytes at all


@dataclass(frozen=True, slots=True)
class Attachment:
    """An entry of a mail's attachment list; `size` in bytes as stored by Exchange, not the decoded length."""

    id: str
    name: str
    content_type: str
    size: int
    is_inline: bool
    kind: AttachmentKind

    @property
    def extension(self) -> str:
        """Lower-case file extension without the dot, empty where there is none."""
        stem, dot, extension = self.name.rpartition(".")
        return extension.strip().lower() if dot and stem else ""

    @property
    def is_document(self) -> bool:
        """Whether this may be an invoice: a PDF or XML by name or declared type, inline or not."""
        if self.kind is not AttachmentKind.FILE:
            return False
        declared = self.content_type.partition(";")[0].strip().lower()
        return self.extension in {"pdf", "xml"} or declared in {"application/pdf", "application/xml", "text/xml"}

    @property
    def is_page_image(self) -> bool:
        """Whether this may be a page that somebody scanned: a picture beside the text, larger than a logo."""
        is_picture = self.kind is AttachmentKind.FILE and self.extension in {"png", "jpg", "jpeg", "tif", "tiff"}
        return is_picture and not self.is_inline and self.size >= _PAGE_BYTES


@dataclass(frozen=True, slots=True)
class Listed:
    """What a listing of the Inbox tells about a mail; enough to know it again."""

    id: str  # immutable id
    internet_message_id: str
    received_at: datetime  # UTC
    sender: str  # lower-case address, empty where the mail has none
    subject: str


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail read by its id, bodies as text."""

    id: str
    folder: str  # "Inbox", one of our own folders by display name, or ELSEWHERE
    internet_message_id: str
    received_at: datetime
    sender: str
    sender_name: str
    subject: str
    body: str
    headers: tuple[tuple[str, str], ...]
    attachments: tuple[Attachment, ...]
    is_event: bool = False  # a meeting request, response or cancellation
    reply_to: tuple[str, ...] = ()  # lower-case addresses

    def header(self, name: str) -> str:
        """The first header of that name, unfolded, or an empty string."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), "")

    @property
    def documents(self) -> tuple[Attachment, ...]:
        """The attachments that may be an invoice, in the mail's order: where no other is, pictures of pages."""
        documents = tuple(a for a in self.attachments if a.is_document)
        return documents or tuple(a for a in self.attachments if a.is_page_image)


_PREFIXES = re.compile(r"^(?:\s*(?:re|fw|fwd|aw|wg|antw|tr|rv|sv|vs|i|r)\s*(?:\[\d+\])?\s*:\s*)+", re.IGNORECASE)


def normalised_subject(subject: str) -> str:
    """The subject without reply and forward prefixes, in lower case and single spaces."""
    return " ".join(_PREFIXES.sub("", subject).lower().split())


def domain_of(address: str) -> str:
    """The lower-case host part of an address, empty where there is none."""
    return address.rpartition("@")[2].strip().strip(".").lower() if "@" in address else ""
