"""The MIME structure of a message as byte ranges, read tolerantly and without touching the contents."""

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass

from infrastructure.local.mailbox.charset import decode_base64, decode_extended, decode_text, decode_words

MAX_DEPTH = 40
_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\n|\r|\Z)")
_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:(.*)", re.DOTALL)
_FOLD = re.compile(r"[\r\n]+[ \t]*|\x00")
_PARAMETER = re.compile(r';\s*([^\s=;"]+)\s*=\s*("(?:\\.|[^"\\])*"?|[^;]*)')
_CONTINUED = re.compile(r"(.+?)\*(\d+)(\*?)")
_NEWLINES = b"\r\n"
_UU_BEGIN = re.compile(rb"(?:\A|[\r\n])begin [0-7]{3,4} [^\r\n]*[\r\n]+")


@dataclass(frozen=True, slots=True)
class Headers:
    """A header block: names as written, values as raw bytes with their folding."""

    fields: tuple[tuple[str, bytes], ...] = ()

    def all(self, name: str) -> list[str]:
        """Return the unfolded values of a header, encoded words still in place."""
        wanted = name.lower()
        return [unfold(raw) for field, raw in self.fields if field.lower() == wanted]

    def get(self, name: str) -> str:
        """Return the first value of a header, or nothing."""
        wanted = name.lower()
        return next((unfold(raw) for field, raw in self.fields if field.lower() == wanted), "")

    def first(self, name: str) -> str | None:
        """Return the first value of a header, None where there is none."""
        return next(iter(self.all(name)), None)

    def unfolded(self) -> list[tuple[str, str]]:
        """Return all headers as single lines, in the order of the message."""
        return [(name, unfold(raw)) for name, raw in self.fields]

    def text(self, name: str) -> str:
        """Return the first value of a header as people read it."""
        return decode_words(self.get(name))

    def parametrised(self, name: str) -> tuple[str, dict[str, str]]:
        """Return the first value of a header in lower case, and its parameters."""
        return parameters(self.get(name))


@dataclass(slots=True)
class Part:
    """One node of the MIME tree: its headers and where its content lies in the file."""

    headers: Headers
    start: int
    end: int
    content_type: str
    params: dict[str, str]
    children: tuple["Part", ...] = ()

    @property
    def disposition(self) -> str:
        """Say what Content-Disposition says, in lower case without parameters."""
        return self.headers.parametrised("Content-Disposition")[0]

    @property
    def filename(self) -> str:
        """Return the name the sender gave the part, or nothing."""
        given = self.headers.parametrised("Content-Disposition")[1].get("filename", "")
        return given or self.params.get("name", "")

    @property
    def encoding(self) -> str:
        """Return the transfer encoding in lower case."""
        return self.headers.get("Content-Transfer-Encoding").split(";")[0].strip().strip('"').lower()


def unfold(raw: bytes) -> str:
    """Return a header value as one line."""
    return _FOLD.sub(lambda found: " " if found[0] != "\x00" else "", decode_text(raw)).strip()


def read_headers(data: bytes, start: int = 0, end: int | None = None) -> tuple[Headers, int]:
    """Return the header block at start, and where the content behind it begins."""
    limit = len(data) if end is None else end
    fields: list[tuple[str, bytes]] = []
    position = start
    while position < limit:
        line_end = _line_end(data, position, limit)
        line = data[position:line_end]
        if not line.strip(_NEWLINES):
            position = line_end
            break
        if not _take_line(fields, line, is_first=position == start):
            break
        position = line_end
    return Headers(tuple(fields)), min(position, limit)


def _line_end(data: bytes, position: int, limit: int) -> int:
    match = _LINE.match(data, position, limit)
    return match.end() if match else limit


def _take_line(fields: list[tuple[str, bytes]], line: bytes, *, is_first: bool) -> bool:
    if line[:1] in b" \t" and fields:
        name, value = fields[-1]
        fields[-1] = (name, value + line)
        return True
    match = _FIELD.fullmatch(line)
    if match:
        fields.append((match[1].decode("ascii"), match[2]))
        return True
    # An mbox separator may stand above the headers; any other stray line is where the body starts.
    return is_first and line.startswith((b"From ", b">From "))


def parameters(value: str) -> tuple[str, dict[str, str]]:
    """Split a parametrised header value, joining RFC 2231 continuations."""
    main = value.split(";", 1)[0].strip().lower()
    found: dict[str, str] = {}
    pieces: dict[str, list[tuple[int, str, str]]] = {}
    for match in _PARAMETER.finditer(value):
        name, text = match[1].lower(), _unquote(match[2])
        continued = _CONTINUED.fullmatch(name)
        if continued:
            pieces.setdefault(continued[1], []).append((int(continued[2]), continued[3], text))
        elif name.endswith("*"):
            found[name[:-1]] = decode_extended(text)
        else:
            found.setdefault(name, decode_words(text))
    found.update({name: _join(parts) for name, parts in pieces.items()})
    return main, found


def _unquote(text: str) -> str:
    text = text.strip()
    if text.startswith('"'):
        return re.sub(r"\\(.)", r"\1", text[1:].removesuffix('"'))
    return text


def _join(parts: list[tuple[int, str, str]]) -> str:
    ordered = sorted(parts)
    joined = "".join(text for _, _, text in ordered)
    return decode_extended(joined) if any(star for _, star, _ in ordered) else decode_words(joined)


def parse(data: bytes) -> Part:
    """Return the structure of a whole message."""
    return _parse(data, 0, len(data), 0)


def _parse(data: bytes, start: int, end: int, depth: int) -> Part:
    headers, body = read_headers(data, start, end)
    content_type, params = headers.parametrised("Content-Type")
    boundary = params.get("boundary", "")
    part = Part(headers, body, end, content_type if "/" in content_type else "text/plain", params)
    if content_type.startswith("multipart/") and boundary and depth < MAX_DEPTH:
        marker = b"--" + boundary.encode("utf-8", "replace")
        part.children = tuple(_parse(data, low, high, depth + 1) for low, high in _sections(data, body, end, marker))
    return part


def _sections(data: bytes, start: int, end: int, marker: bytes) -> Iterator[tuple[int, int]]:
    begun: int | None = None
    for found, after, closing in _delimiters(data, start, end, marker):
        if begun is not None:
            yield begun, max(begun, _before_newline(data, found))
        begun = None if closing else after
        if closing:
            return
    if begun is not None:
        yield begun, end


def _delimiters(data: bytes, start: int, end: int, marker: bytes) -> Iterator[tuple[int, int, bool]]:
    position = start
    while (found := data.find(marker, position, end)) >= 0:
        position = found + len(marker)
        at_line_start = found == start or data[found - 1] in _NEWLINES
        if not at_line_start:
            continue
        line_end = _line_end(data, position, end)
        rest = data[position:line_end].strip()
        if rest in (b"", b"--"):
            yield found, line_end, rest == b"--"
            position = line_end


def _before_newline(data: bytes, position: int) -> int:
    if data[position - 2 : position] == b"\r\n":
        return position - 2
    return position - 1


def decode_content(raw: bytes, encoding: str) -> bytes:
    """Return a part's content with its transfer encoding undone, as far as it can be."""
    if encoding == "base64":
        return decode_base64(raw)
    if encoding == "quoted-printable":
        return binascii.a2b_qp(raw)
    if encoding in ("x-uuencode", "uuencode", "x-uue", "uue"):
        return _decode_uu(raw)
    return raw


def _decode_uu(raw: bytes) -> bytes:
    begin = _UU_BEGIN.search(raw)
    lines = raw[begin.end() if begin else 0 :].splitlines()
    out = bytearray()
    for line in lines:
        if line.strip() == b"end":
            break
        out += _decode_uu_line(line)
    return bytes(out)


def _decode_uu_line(line: bytes) -> bytes:
    if not line:
        return b""
    try:
        return binascii.a2b_uu(line)
    except binascii.Error:
        # Some encoders pad the last group wrongly; the length byte says what counts.
        needed = (((line[0] - 32) & 63) * 4 + 5) // 3
        try:
            return binascii.a2b_uu(line[:needed])
        except binascii.Error:
            return b""
