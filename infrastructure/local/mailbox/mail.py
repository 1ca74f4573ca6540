"""One mail file as a mailbox sees it: headers at once; bodies and attachments only when asked for."""

import mimetypes
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.utils import getaddresses
from pathlib import Path
from typing import Self

from infrastructure.local.mailbox import markup
from infrastructure.local.mailbox.charset import decode_text, decode_words
from infrastructure.local.mailbox.mime import Headers, Part, decode_content, parse, read_headers

_HEAD_BYTES = 64 * 1024
_LONGEST_HEAD = 4 * 1024 * 1024
_PREVIEW = 255
_BARE_ADDRESS = re.compile(r"[^\s<>,;:\"()@]+@[^\s<>,;:\"()@]+")
_TEXT_TYPES = frozenset({"text/plain", "text/html"})


@dataclass(frozen=True, slots=True)
class Attachment:
    """A part that the mailbox lists beside the body."""

    number: int
    part: Part
    kind: str
    name: str
    is_inline: bool

    @property
    def content_id(self) -> str | None:
        """Return the id by which an HTML body refers to the part."""
        return self.part.headers.get("Content-ID").strip().strip("<>") or None


@dataclass(frozen=True, slots=True)
class _Body:
    part: Part
    group: int


@dataclass(slots=True)
class _Layout:
    bodies: list[_Body] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    calendar_method: str | None = None


@dataclass(slots=True)
class Parsed:
    """What has been read of one state of a file; it stays valid when the file is moved."""

    headers: Headers
    body_start: int
    may_hold_calendar: bool
    layout: _Layout | None = None
    sizes: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Address:
    """A mail address with the name shown for it."""

    name: str
    address: str


class Mail:
    """A reader of one mail file that keeps what it learns in a Parsed."""

    def __init__(self, path: Path, parsed: Parsed) -> None:
        """Read from path what parsed does not know yet."""
        self._path = path
        self._parsed = parsed

    @classmethod
    def of(cls, path: Path) -> Self:
        """Return a reader of a file that nobody has read yet."""
        return cls(path, read(path))

    @property
    def headers(self) -> Headers:
        """Return the header block."""
        return self._parsed.headers

    @property
    def path(self) -> Path:
        """Return the file being read."""
        return self._path

    @property
    def body_start(self) -> int:
        """Return how many bytes the header block takes."""
        return self._parsed.body_start

    @property
    def is_draft(self) -> bool:
        """Say whether the file is marked as not sent yet."""
        return self.headers.get("X-Unsent") == "1"

    @property
    def subject(self) -> str:
        """Return the subject as people read it."""
        return self.headers.text("Subject")

    def addresses(self, name: str) -> tuple[Address, ...]:
        """Return the addresses in all headers of this name; unreadable ones are kept as they stand."""
        return tuple(address for value in self.headers.all(name) for address in read_addresses(value))

    @property
    def calendar_method(self) -> str | None:
        """Return the method of the invitation this mail is, if it is one."""
        return self._layout().calendar_method if self._parsed.may_hold_calendar else None

    @property
    def attachments(self) -> tuple[Attachment, ...]:
        """Return all attachments, inline ones included, in the order of the message."""
        return tuple(self._layout().attachments)

    def html(self) -> str:
        """Return the body as an HTML page."""
        segments = list(self._segments())
        pages = [text for kind, text in segments if kind == "text/html"]
        if not pages:
            return markup.from_text("\n".join(text for _, text in segments))
        page = ""
        for kind, text in segments:
            one = text if kind == "text/html" else markup.from_text(text)
            page = markup.append(page, markup.fragment(one)) if page else one
        return page

    def text(self) -> str:
        """Return the body as text."""
        return "\r\n".join(markup.to_text(text) if kind == "text/html" else text for kind, text in self._segments())

    def preview(self) -> str:
        """Return the first words of the body."""
        return " ".join(self.text().split())[:_PREVIEW]

    def raw(self, part: Part) -> bytes:
        """Return a part's content as it stands in the file, still encoded."""
        with self._path.open("rb") as file:
            file.seek(part.start)
            return file.read(part.end - part.start)

    def content(self, attachment: Attachment) -> bytes:
        """Return the bytes that the sender attached."""
        content = decode_content(self.raw(attachment.part), attachment.part.encoding)
        self._parsed.sizes[attachment.number] = len(content)
        return content

    def size(self, attachment: Attachment) -> int:
        """Return the number of bytes that the sender attached."""
        known = self._parsed.sizes.get(attachment.number)
        return len(self.content(attachment)) if known is None else known

    def _layout(self) -> _Layout:
        if self._parsed.layout is None:
            data = self._path.read_bytes()
            layout = _Layout()
            _lay_out(parse(data), layout, data, parent="", group=0)
            self._parsed.layout = layout
        return self._parsed.layout

    def _segments(self) -> Iterator[tuple[str, str]]:
        chosen: dict[int, Part] = {}
        for body in self._layout().bodies:
            if body.group not in chosen or body.part.content_type == "text/html":
                chosen[body.group] = body.part
        for part in chosen.values():
            raw = decode_content(self.raw(part), part.encoding)
            text = decode_text(raw, part.params.get("charset", "")).replace("\x00", "")
            yield ("text/html" if part.content_type == "text/html" else "text/plain"), text


def read(path: Path) -> Parsed:
    """Read the header block of a mail file."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
        headers, body = read_headers(head)
        if body >= len(head) == _HEAD_BYTES:
            head += file.read(_LONGEST_HEAD)
            headers, body = read_headers(head)
    return Parsed(headers, body, b"text/calendar" in head.lower())


def read_addresses(value: str) -> Iterator[Address]:
    """Return the addresses of one header value."""
    for name, address in _pairs(value):
        if "@" in address:
            yield Address(decode_words(name) or address, address)
        elif name or address:
            shown = decode_words(" ".join(filter(None, (name, address))))
            yield Address(shown, shown)


def _pairs(value: str) -> list[tuple[str, str]]:
    try:
        return getaddresses([value])
    except (RecursionError, ValueError, IndexError):  # hostile nesting is more than email.utils can read
        return [("", address) for address in _BARE_ADDRESS.findall(value)]


def _lay_out(part: Part, layout: _Layout, data: bytes, parent: str, group: int) -> None:
    if part.children:
        _lay_out_children(part, layout, data, group)
    elif part.content_type == "text/calendar" and part.disposition != "attachment" and part.params.get("method"):
        layout.calendar_method = part.params["method"].upper()
    elif _is_body(part):
        layout.bodies.append(_Body(part, group or -part.start))
    elif part.end > part.start or part.filename:
        layout.attachments.append(_attachment(part, parent, len(layout.attachments), data))


def _lay_out_children(part: Part, layout: _Layout, data: bytes, group: int) -> None:
    # Bodies below one multipart/alternative say the same; all others stand one after the other.
    if part.content_type == "multipart/alternative" and not group:
        group = part.start + 1
    elif part.content_type not in ("multipart/alternative", "multipart/related"):
        group = 0
    for child in part.children:
        _lay_out(child, layout, data, part.content_type, group)


def _is_body(part: Part) -> bool:
    if part.disposition == "attachment" or part.filename:
        return False
    return part.content_type in _TEXT_TYPES or part.content_type.startswith("multipart/")


def _attachment(part: Part, parent: str, number: int, data: bytes) -> Attachment:
    kind = {"message/rfc822": "item", "message/external-body": "reference"}.get(part.content_type, "file")
    shown_in_body = parent == "multipart/related" and not part.disposition and bool(part.headers.get("Content-ID"))
    is_inline = kind == "file" and (part.disposition == "inline" or shown_in_body)
    return Attachment(number, part, kind, _name(part, kind, number, data), is_inline)


def _name(part: Part, kind: str, number: int, data: bytes) -> str:
    given = "".join(character for character in part.filename if character.isprintable()).strip()
    if kind == "item":
        inner = data[part.start : min(part.end, part.start + _HEAD_BYTES)]
        subject = read_headers(decode_content(inner, part.encoding))[0].text("Subject")
        return subject or given.removesuffix(".eml") or "Untitled"
    return given or f"ATT{number + 1:05d}{mimetypes.guess_extension(part.content_type) or '.dat'}"
