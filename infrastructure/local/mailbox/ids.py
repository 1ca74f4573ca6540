"""Opaque ids as Exchange hands them out: long, case-sensitive, different by Prefer."""

import base64
import binascii
import hashlib
import struct
from dataclasses import dataclass
from enum import Enum

from infrastructure.local.mailbox.errors import item_not_found, malformed_id


class IdFormat(Enum):
    """Which of the two kinds of id a request speaks."""

    DEFAULT = "default"
    IMMUTABLE = "immutable"


class Kind(Enum):
    """What an id stands for."""

    MESSAGE = 1
    ATTACHMENT = 2
    FOLDER = 3


@dataclass(frozen=True, slots=True)
class Id:
    """What an id says: whose, after how many moves, and which part of it."""

    uid: str
    kind: Kind = Kind.MESSAGE
    moves: int = 0
    part: int = 0


# The first bytes make ids start like real ones; the lengths end in "=" as real ones do.
_MAGIC = {IdFormat.IMMUTABLE: b"\x00\x09\x00\x2e", IdFormat.DEFAULT: b"\x00\x03\x24\x00"}
_LENGTH = {IdFormat.IMMUTABLE: 89, IdFormat.DEFAULT: 113}
# Three bytes that encode to "---_": every id holds the characters that careless URL handling breaks.
_AWKWARD = b"\xfb\xef\xbf"
_FIELDS = struct.Struct(">4sBB3s16sII")


def encode(identity: Id, form: IdFormat) -> str:
    """Return the id as clients see it; an immutable id does not know about moves."""
    moves = 0 if form is IdFormat.IMMUTABLE else identity.moves
    fields = _FIELDS.pack(
        _MAGIC[form], 7, identity.kind.value, _AWKWARD, bytes.fromhex(identity.uid), moves, identity.part
    )
    seal = hashlib.shake_256(fields).digest(_LENGTH[form] - len(fields))
    return base64.urlsafe_b64encode(fields + seal).decode("ascii")


def decode(text: str, form: IdFormat, kind: Kind) -> Id:
    """Return what the id says, or raise what Graph answers to a malformed or foreign id."""
    actual, identity = _read(text)
    if identity.kind is not kind or (kind is not Kind.FOLDER and actual is not form):
        raise item_not_found()
    return identity


def _read(text: str) -> tuple[IdFormat, Id]:
    try:
        raw = base64.b64decode(text.encode("ascii"), altchars=b"-_", validate=True)
        magic, _, kind, _, uid, moves, part = _FIELDS.unpack_from(raw)
        form = next(each for each, prefix in _MAGIC.items() if prefix == magic)
        identity = Id(uid.hex(), Kind(kind), moves, part)
    except (ValueError, binascii.Error, struct.error, StopIteration) as error:
        raise malformed_id() from error
    if encode(identity, form) != text:
        raise malformed_id()
    return form, identity


def folder_id(address: str, path: str) -> str:
    """Return the id of a folder, which is the same whatever kind of id is preferred."""
    return encode(Id(digest(address.casefold(), path.casefold()), Kind.FOLDER), IdFormat.DEFAULT)


def conversation_id(address: str, thread: str) -> str:
    """Return the id that all mails of one thread share within a mailbox."""
    raw = b"\x00\x04\x24\x00" + bytes.fromhex(digest(address.casefold(), thread)) * 3
    return base64.urlsafe_b64encode(raw).decode("ascii")


def digest(*parts: str) -> str:
    """Return 32 hex digits that depend on all parts and nothing else."""
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]
