"""Documents without a parser: bytes that a test prepared, or text."""

from collections.abc import Sequence
from dataclasses import replace

from shared.domain.attachments import Danger
from shared.domain.facts import Document, Legibility
from shared.domain.report import DeliveryReport
from shared.ports import Content
from tests.fakes.trouble import Fallible


class FakeDocuments(Fallible):
    """Implements the Documents port; what is not prepared is read as one page of text, if it is text at all."""

    def __init__(self) -> None:
        super().__init__()
        self.prepared: dict[bytes, Document] = {}
        self.dangerous: dict[bytes, tuple[Danger, ...]] = {}
        self.reports: dict[bytes, DeliveryReport] = {}

    def prepare(self, data: bytes, *pages: str, legibility: Legibility = Legibility.TEXT) -> bytes:
        """Decide what these bytes read as; returns them."""
        self.prepared[data] = Document("", legibility, pages)
        return data

    async def read(self, contents: Sequence[Content]) -> list[Document]:
        async with self._call("read"):
            return [self._document(content) for content in contents]

    async def dangers(self, content: Content) -> tuple[Danger, ...]:
        async with self._call("dangers"):
            return self.dangerous.get(content.data, ())

    async def read_report(self, mime: bytes) -> DeliveryReport | None:
        async with self._call("read_report"):
            return self.reports.get(mime)

    def _document(self, content: Content) -> Document:
        if content.data in self.prepared:
            return replace(self.prepared[content.data], name=content.name)
        try:
            return Document(content.name, Legibility.TEXT, (content.data.decode(),))
        except UnicodeDecodeError:
            return Document(content.name, Legibility.UNREADABLE)
