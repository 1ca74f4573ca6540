"""RFC 5322 messages written byte by byte: header fields, bodies, and attachments copied as they stand."""

import base64
import binascii
import re
import shutil
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from email.utils import quote as quote_phrase
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from infrastructure.local.mailbox import markup
from infrastructure.local.mailbox.mail import Address, Attachment, Mail
from infrastructure.local.mailbox.mime import Headers, decode_content

_CRLF = b"\r\n"
_PLAIN = re.compile(r"[ -~]{0,900}")
_WORD_CHARACTERS = 10  # of up to four bytes each: an encoded word stays below 76 characters
_CHUNK = 1024 * 1024
_LONGEST_LINE = 998
_LINE = 76
_PARAMETER_CHUNK = 50
_BASE64_BYTES = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/\r\n"
_AS_IT_STANDS = frozenset({"", "7bit", "8bit", "binary"})
_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+")
_TOKEN = re.compile(r"[A-Za-z0-9!#$&^_.+-]+")
_PERCENT_UNIT = re.compile(r"(?:%[0-9A-F]{2})+|.")


@dataclass(frozen=True, slots=True)
class Body:
    """A body in the one form its author gave it."""

    content: str
    is_html: bool = True


def encode_text(text: str) -> str:
    """Return a header's text in ASCII, on one line of meaning however many of bytes."""
    text = " ".join(text.encode("utf-8", "replace").decode("utf-8").split())
    if _PLAIN.fullmatch(text) and "=?" not in text:
        return text
    pieces = (text[at : at + _WORD_CHARACTERS] for at in range(0, len(text), _WORD_CHARACTERS))
    return "\r\n ".join(f"=?utf-8?B?{base64.b64encode(piece.encode()).decode('ascii')}?=" for piece in pieces)


def encode_addresses(addresses: Iterable[Address]) -> str:
    """Return an address list as a header holds it."""
    return ",\r\n ".join(_mailbox(address) for address in addresses)


def _mailbox(address: Address) -> str:
    plain = " ".join(address.address.split())
    if not address.name or address.name == address.address:
        return f"<{plain}>"
    name = encode_text(address.name)
    return f'"{quote_phrase(name)}" <{plain}>' if "=?" not in name else f"{name} <{plain}>"


def header_block(headers: Headers, changes: Mapping[str, str | None]) -> bytes:
    """Return the headers with some replaced, added or (None) left out."""
    pending = {name.lower(): (name, value) for name, value in changes.items()}
    lines: list[bytes] = []
    for name, raw in headers.fields:
        if name.lower() not in pending:
            lines.append(name.encode("ascii") + b":" + _CRLF.join(raw.strip(_CRLF).splitlines()))
    added = [f"{name}: {value}".encode("utf-8", "replace") for name, value in pending.values() if value is not None]
    return b"".join(line + _CRLF for line in [*added, *lines])


def write_with_same_body(target: Path, block: bytes, source: Mail) -> None:
    """Write a message with new headers over the untouched body of another."""
    with source.path.open("rb") as old, target.open("wb") as new:
        new.write(block + _CRLF)
        old.seek(source.body_start)
        shutil.copyfileobj(old, new, _CHUNK)


def write(
    target: Path, block: bytes, body: Body, source: Mail, attachments: Sequence[Attachment] | None = None
) -> None:
    """Write a message with a new body and these attachments of another, all by default."""
    if attachments is None:
        attachments = source.attachments
    shown = [each for each in attachments if each.is_inline and each.content_id]
    listed = [each for each in attachments if each not in shown]
    with target.open("wb") as out:
        out.write(block)
        if listed:
            _write_multipart(out, "mixed", body, source, shown=shown, listed=listed)
        elif shown:
            _write_multipart(out, "related", body, source, shown=[], listed=shown)
        else:
            write_body(out, body)


def _write_multipart(
    out: BinaryIO, kind: str, body: Body, source: Mail, *, shown: list[Attachment], listed: list[Attachment]
) -> None:
    boundary = _boundary()
    out.write(f'Content-Type: multipart/{kind};\r\n\tboundary="{boundary}"\r\n\r\n'.encode())
    out.write(f"--{boundary}\r\n".encode())
    if shown:
        _write_multipart(out, "related", body, source, shown=[], listed=shown)
    else:
        write_body(out, body)
    for attachment in listed:
        out.write(f"\r\n--{boundary}\r\n".encode())
        _write_attachment(out, attachment, source)
    out.write(f"\r\n--{boundary}--\r\n".encode())


def _boundary() -> str:
    return f"_000_{uuid.uuid4().hex}_"


def write_body(out: BinaryIO, body: Body) -> None:
    """Write a body with the headers that its content needs."""
    if not body.is_html:
        _write_text(out, "plain", body.content)
        return
    boundary = _boundary()
    out.write(f'Content-Type: multipart/alternative;\r\n\tboundary="{boundary}"\r\n\r\n'.encode())
    for kind, text in (("plain", markup.to_text(body.content)), ("html", body.content)):
        out.write(f"--{boundary}\r\n".encode())
        _write_text(out, kind, text)
        out.write(_CRLF)
    out.write(f"--{boundary}--\r\n".encode())


def _write_text(out: BinaryIO, kind: str, text: str) -> None:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "replace")
    encoded = binascii.b2a_qp(lines, istext=True).replace(b"\n", _CRLF)
    out.write(f'Content-Type: text/{kind}; charset="utf-8"\r\n'.encode())
    out.write(b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + encoded)


def _write_attachment(out: BinaryIO, attachment: Attachment, source: Mail) -> None:
    raw = source.raw(attachment.part)
    encoding, content = _transfer(attachment, raw)
    content_type = attachment.part.content_type if _TYPE.fullmatch(attachment.part.content_type) else ""
    name = f"{attachment.name}.eml" if attachment.kind == "item" else attachment.name
    params = [
        f'; {key}="{quote_phrase(value)}"'
        for key, value in attachment.part.params.items()
        if key not in ("name", "boundary") and _TOKEN.fullmatch(key) and _PLAIN.fullmatch(value)
    ]
    disposition = "inline" if attachment.is_inline else "attachment"
    lines = [f"Content-Type: {content_type or 'application/octet-stream'}{''.join(params)};\r\n\t{_name(name)}"]
    lines.append(f"Content-Disposition: {disposition};\r\n\t{_filename(name)}")
    if attachment.content_id:
        lines.append(f"Content-ID: <{encode_text(attachment.content_id)}>")
    lines.append(f"Content-Transfer-Encoding: {encoding}")
    out.write("".join(f"{line}\r\n" for line in lines).encode() + _CRLF)
    out.write(content)


def _transfer(attachment: Attachment, raw: bytes) -> tuple[str, bytes]:
    """Choose how an attachment travels: as it stands where that is sound, else in fresh base64."""
    encoding = attachment.part.encoding
    if attachment.part.content_type.startswith(("message/", "multipart/")):
        # Composite types may not be encoded, so that every reader can look inside.
        return ("8bit", raw) if encoding in _AS_IT_STANDS else ("8bit", decode_content(raw, encoding))
    if encoding == "base64" and _is_sound_base64(raw):
        return "base64", raw
    return "base64", _encode_base64(decode_content(raw, encoding))


def _is_sound_base64(raw: bytes) -> bool:
    if raw.translate(None, _BASE64_BYTES) not in (b"", b"=", b"=="):
        return False
    newlines = raw.count(b"\n") + raw.count(b"\r")
    first_line = raw.find(b"\n") if newlines else len(raw)
    ends_well = not raw.rstrip(_CRLF).rstrip(b"=").count(b"=")
    return ends_well and (len(raw) - newlines) % 4 == 0 and 0 <= first_line < _LONGEST_LINE


def _encode_base64(content: bytes) -> bytes:
    text = base64.b64encode(content)
    return _CRLF.join(text[at : at + _LINE] for at in range(0, len(text), _LINE))


def _name(name: str) -> str:
    if _PLAIN.fullmatch(name):
        return f'name="{quote_phrase(name)}"'
    return f'name="{encode_text(name)}"'


def _filename(name: str) -> str:
    if _PLAIN.fullmatch(name) and "=?" not in name:
        return f'filename="{quote_phrase(name)}"'
    encoded = quote(name, safe="", errors="replace")
    chunks, current = [], "UTF-8''"
    for unit in _PERCENT_UNIT.findall(encoded):
        if len(current) > _PARAMETER_CHUNK:
            chunks.append(current)
            current = ""
        current += unit
    chunks.append(current)
    if len(chunks) == 1:
        return f"filename*={chunks[0]}"
    return ";\r\n\t".join(f"filename*{number}*={chunk}" for number, chunk in enumerate(chunks))
