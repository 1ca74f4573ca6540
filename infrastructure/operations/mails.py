"""A mail file as the app gets it from the mailbox: the mail, and the bytes of its documents."""

from datetime import UTC, datetime
from pathlib import Path

from infrastructure.local.mailbox.mail import Attachment as Part
from infrastructure.local.mailbox.mail import Mail as MailFile
from shared.domain.mail import INBOX, Attachment, AttachmentKind, Mail
from shared.ports import Content


def read_mail(path: Path) -> tuple[Mail, list[Content]]:
    """Read a mail from its MIME source, by the code of the local mailbox; raises OSError."""
    file = MailFile.of(path)
    sender = next(iter(file.addresses("From")), None)
    parts = {str(part.number): part for part in file.attachments}
    mail = Mail(
        id=str(path),
        folder=INBOX,
        internet_message_id=file.headers.get("Message-ID"),
        received_at=datetime.fromtimestamp(path.stat().st_mtime, UTC),
        sender=sender.address.strip().lower() if sender else "",
        sender_name=sender.name if sender else "",
        subject=file.subject,
        body=file.text(),
        headers=tuple(file.headers.unfolded()),
        attachments=tuple(_attachment(file, number, part) for number, part in parts.items()),
        is_event=file.calendar_method is not None,
    )
    documents = [Content(each.name, each.content_type, file.content(parts[each.id])) for each in mail.documents]
    return mail, documents


def _attachment(file: MailFile, number: str, part: Part) -> Attachment:
    return Attachment(
        id=number,
        name=part.name,
        content_type=part.part.content_type,
        size=file.size(part),
        is_inline=part.is_inline,
        kind=AttachmentKind(part.kind),
    )
