"""Reads a file as the app would, be it a mail or a document by itself."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from infrastructure.operations.mails import read_mail
from shared.adapters.documents import Limits, SubprocessDocuments
from shared.domain.facts import Document, Facts, Legibility
from shared.domain.mail import INBOX, Mail
from shared.domain.reading import read_facts
from shared.ports import Content, Documents

# A document by itself has no mail around it that could say anything.
_NO_MAIL = Mail("", INBOX, "", datetime.min.replace(tzinfo=UTC), "", "", "", "", (), ())

_WHY = {
    Legibility.UNREADABLE: "damaged, protected by a password, or neither PDF, XML nor a mail; a person has to open it",
    Legibility.TOO_LARGE: "larger than 25 MB, or beyond the tenth document of its mail; a person has to open it",
}


@asynccontextmanager
async def reader(limits: Limits) -> AsyncIterator[Documents]:
    """The app's own reader of documents, whose children end with the block."""
    documents = SubprocessDocuments(limits)
    try:
        yield documents
    finally:
        await documents.close()


async def read_file(path: Path, documents: Documents) -> Facts:
    """The facts of one file; raises OSError where it cannot be opened."""
    mail, contents, unread = _opened(path)
    return read_facts(mail, [*await documents.read(contents), *unread])


def _opened(path: Path) -> tuple[Mail, list[Content], list[Document]]:
    """The mail, what is to be read of it, and what cannot be."""
    if path.suffix.lower() == ".eml":
        mail, contents = read_mail(path)
        return mail, contents, [] if mail.headers else [Document(path.name, Legibility.UNREADABLE)]
    if path.stat().st_size > Limits().document_bytes:
        return _NO_MAIL, [], [Document(path.name, Legibility.TOO_LARGE)]
    return _NO_MAIL, [Content(path.name, "", path.read_bytes())], []


def unread(facts: Facts) -> list[str]:
    """What is wrong with the documents of a file that nothing could be read from."""
    return [f"{each.name}: {_WHY[each.legibility]}" for each in facts.documents if each.legibility in _WHY]
