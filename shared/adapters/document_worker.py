"""The child process that parses hostile bytes.

Its arguments: pages, characters and milliseconds for a document, then bytes of memory and seconds of CPU for all.

Frames on both pipes are a 4-byte big-endian length and that many bytes. A request is one letter for the task and the
document; a response is JSON. Of the parent's application only the parts that this child is made of are imported here.
"""

import email
import json
import os
import re
import resource
import struct
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from email.header import decode_header, make_header
from email.message import Message
from io import BytesIO
from typing import TYPE_CHECKING, BinaryIO

from shared.adapters.embedded_files import embedded
from shared.adapters.file_dangers import dangers
from shared.adapters.xml_tree import INCOMPLETE, Node, is_encoding, tree

if TYPE_CHECKING:
    from pypdf import PdfReader

LENGTH = struct.Struct(">I")
DOCUMENT, REPORT, FILE = b"D", b"R", b"F"

_IMAGES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\x00", b"MM\x00*")  # PNG, JPEG, TIFF
_HEAD = 1024  # readers look for %PDF- in the first 1024 bytes (ISO 32000-1, annex H, implementation note 13)
_FILES = 32  # a zip-mounted package and its modules need a few
_REPORT_TEXT = 64 * 1024
_MESSAGE_ID = re.compile(r"<[^<>\s]{1,998}>")
_MOST_IDS = 100
_TAG = re.compile(r"<[^<>]{0,2000}>")
_FIELD = 998  # characters of a header field that are looked at (RFC 5322, 2.1.1)
_COMMENT = re.compile(r"\((?:\\.|[^()\\])*\)")  # the innermost one
_ADDRESS_TYPES = frozenset({"", "rfc822", "utf-8"})  # utf-8: RFC 6533, 3
_LONGEST_ADDRESS = 320
_MOST_RECIPIENTS = 100

Answer = dict[str, object]


def main() -> None:
    """Serve requests until the parent closes the pipe."""
    pages, characters, patience, memory, seconds = (int(value) for value in sys.argv[1:6])
    requests, responses = _pipes()
    _limit(memory, seconds)
    while request := _receive(requests):
        task, data = request
        answer = _answered(task, data, lambda data: document(data, pages, characters, patience / 1000))
        body = json.dumps(answer, ensure_ascii=False).encode("utf-8", "replace")
        responses.write(LENGTH.pack(len(body)) + body)
        responses.flush()


def _answered(task: bytes, data: bytes, read: Callable[[bytes], Answer]) -> Answer:
    if task == FILE:
        found, names = dangers(data)
        return {"dangers": found, "names": names}
    return read(data) if task == DOCUMENT else report(data)


def _pipes() -> tuple[BinaryIO, BinaryIO]:
    """The two pipes, out of reach of any print of a library."""
    responses = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return sys.stdin.buffer, responses


def _limit(memory: int, seconds: int) -> None:
    for kind, value in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, _FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(kind)
        ceiling = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (ceiling, ceiling))


def _receive(pipe: BinaryIO) -> tuple[bytes, bytes] | None:
    head = pipe.read(LENGTH.size + 1)
    if len(head) <= LENGTH.size:
        return None
    (length,) = LENGTH.unpack(head[: LENGTH.size])
    return head[LENGTH.size :], pipe.read(length - 1)


def document(data: bytes, pages: int, characters: int, seconds: float) -> Answer:
    """Read one document by what its bytes are, never by its name."""
    try:
        if b"%PDF-" in data[:_HEAD]:
            return _pdf(data, pages, characters, time.monotonic() + seconds)
        if data.startswith(_IMAGES):
            return _answer("scan")
        return _answer("text", structured=[tree(data, time.monotonic() + seconds)])
    except Exception:  # noqa: BLE001  whatever a parser makes of hostile bytes, memory and recursion included
        return _answer("unreadable")


def _answer(
    legibility: str,
    pages: Sequence[str] = (),
    structured: Sequence[Node] = (),
    names: Sequence[str] = (),
    *,
    partial: bool = False,
) -> Answer:
    """What was read: the legibility of the text layer, and beside it each XML that the document is or carries."""
    return {"legibility": legibility, "pages": pages, "structured": structured, "embedded": names, "partial": partial}


def _pdf(data: bytes, pages: int, characters: int, end: float) -> Answer:
    reader = _reader(data)
    if reader.is_encrypted and not reader.decrypt(""):
        return _answer("unreadable")
    names, trees = embedded(reader, end)
    texts: list[str] = []
    failures = 0
    for page, _ in zip(reader.pages, range(pages), strict=False):
        text, is_read = _page_text(page.extract_text)
        failures += not is_read
        texts.append(text[:characters])
        characters -= len(texts[-1])
        if characters <= 0 or time.monotonic() > end:
            break
    if any(text.strip() for text in texts):
        return _answer("text", texts, trees, names, partial=characters <= 0 or len(texts) < len(reader.pages))
    return _answer("unreadable" if failures == len(texts) else "scan", (), trees, names)


def _reader(data: bytes) -> "PdfReader":
    """Open a PDF; a broken package ends the child, or every PDF would look as if it were at fault itself."""
    try:
        from pypdf import PdfReader  # noqa: PLC0415  a third of a second that XML and reports need not pay
    except ImportError:
        os._exit(INCOMPLETE)  # at once: the parent sees the pipe close and the code together
    return PdfReader(BytesIO(data), strict=False)


def _page_text(extract: Callable[..., str]) -> tuple[str, bool]:
    """The page as laid out, which keeps values beside their labels; as drawn where the layout cannot be made."""
    for mode in ("layout", "plain"):
        try:
            text = extract(extraction_mode=mode)
        except Exception:  # noqa: BLE001, S112  one bad page does not cost the others their text
            continue
        if text.strip() or mode == "plain":
            return "\n".join(line.rstrip() for line in text.splitlines() if line.strip()), True
    return "", False


def report(data: bytes) -> Answer:
    """Read a delivery report (RFC 3464); `found` is false where there is no delivery-status part."""
    try:
        return _report(email.message_from_bytes(data))
    except Exception:  # noqa: BLE001  as for documents
        return {"found": False}


def _report(mail: Message) -> Answer:
    parts = list(_own_parts(mail))
    statuses = [part for part in parts if part.get_content_type() == "message/delivery-status"]
    if not statuses:
        return {"found": False}
    returned = [header for part in parts if (header := _returned(part)) is not None]
    traces = [mail.get_all("In-Reply-To", []), mail.get_all("References", [])]
    traces += [header.get_all("Message-ID", []) for header in returned]
    ids = dict.fromkeys(match for values in traces for value in values for match in _MESSAGE_ID.findall(str(value)))
    subjects = [_subject(header) for header in (*returned, mail)]
    failed = [group for status in statuses for group in _failed_groups(status)]
    recipients = [address for group in failed for address in _recipients(group)]
    text = "\n".join([*subjects, *(_readable(part) for part in parts)])
    return {
        "found": True,
        "failed": bool(failed),
        "message_ids": list(ids)[:_MOST_IDS],
        "recipients": list(dict.fromkeys(recipients))[:_MOST_RECIPIENTS],
        "text": text.encode("utf-8", "replace")[:_REPORT_TEXT].decode("utf-8", "ignore"),
    }


def _own_parts(mail: Message) -> Iterator[Message]:
    """The parts of the report itself; what a returned message contains is not the report's word."""
    if mail.get_content_type() in {"message/delivery-status", "message/rfc822"} or not mail.is_multipart():
        yield mail
        return
    for part in mail.get_payload():
        if isinstance(part, Message):
            yield from _own_parts(part)


def _returned(part: Message) -> Message | None:
    payload = part.get_payload()
    if part.get_content_type() == "message/rfc822":
        inner = payload[0] if isinstance(payload, list) and payload else None
        return inner if isinstance(inner, Message) else None
    if part.get_content_type() in {"text/rfc822-headers", "message/rfc822-headers"}:
        return email.message_from_string(_text(part))
    return None


def _failed_groups(status: Message) -> Iterator[Message]:
    """The groups of recipients whose action is `failed` (RFC 3464, 2.3.3)."""
    groups = status.get_payload()
    for group in groups if isinstance(groups, list) else []:
        if isinstance(group, Message) and _bare(group.get("Action", "")).partition(";")[0].strip() == "failed":
            yield group


def _recipients(group: Message) -> Iterator[str]:
    """The addresses that a group speaks of, without their type (RFC 3464, 2.3.1 and 2.3.2)."""
    for name in ("Original-Recipient", "Final-Recipient"):
        for value in group.get_all(name, []):
            kind, _, address = _bare(value).rpartition(";")
            address = address.strip().strip("<>")
            if kind.strip() in _ADDRESS_TYPES and "@" in address and len(address) <= _LONGEST_ADDRESS:
                yield address


def _bare(value: object) -> str:
    """A field in lower case and without its comments, which may be nested (RFC 822, 3.1.4)."""
    text = str(value)[:_FIELD].lower()
    while (shorter := _COMMENT.sub(" ", text)) != text:
        text = shorter
    return text.strip()


def _readable(part: Message) -> str:
    kind = part.get_content_type()
    if kind == "text/plain":
        return _text(part)
    return _TAG.sub(" ", _text(part)[: 4 * _REPORT_TEXT]) if kind == "text/html" else ""


def _text(part: Message) -> str:
    payload = part.get_payload(decode=True)
    data = payload if isinstance(payload, bytes) else b""
    charset = part.get_content_charset("utf-8")
    return data.decode(charset if is_encoding(charset) else "latin-1", "replace")


def _subject(message: Message) -> str:
    raw = str(message.get("Subject", ""))
    try:
        return str(make_header(decode_header(raw)))
    except (ValueError, LookupError):
        return raw


if __name__ == "__main__":
    main()
