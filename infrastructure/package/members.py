"""The members of a zip, read in place and bounded by what the zip declares."""

import struct
import zipfile
import zlib
from dataclasses import dataclass, field

DESCRIPTORS = frozenset({0, 12, 16, 20, 24})  # bytes that may follow a member written to a stream
HAS_DESCRIPTOR = 0x8
ENCRYPTED = 0x1 | 0x40 | 0x2000  # in the classic way, strongly, or with a masked directory
IS_UTF8 = 0x800

_LOCAL = struct.Struct("<4s5H3L2H")
_END = struct.Struct("<4s4H2LH")
_LONGEST_COMMENT = 0xFFFF
_IN_EXTRA = 0xFFFFFFFF  # the size stands in an extra field, with 64 bits


class DamagedError(Exception):
    """A zip or a member that cannot be read as it declares itself; the message says why."""


@dataclass(frozen=True, slots=True)
class Member:
    """One file of a zip."""

    name: str
    mode: int
    content: bytes = field(repr=False)

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self.content)


@dataclass(frozen=True, slots=True)
class End:
    """The record that ends a zip."""

    position: int
    count: int
    directory_size: int
    directory_start: int


def end_of(raw: bytes) -> End:
    """Reads the end record; raises DamagedError where the zip does not end with one."""
    first = max(0, len(raw) - _END.size - _LONGEST_COMMENT)
    position = raw.rfind(b"PK\x05\x06", first)
    while position >= 0:
        if len(raw) - position >= _END.size:
            _, _, _, _, count, length, start, comment = _END.unpack_from(raw, position)
            if position + _END.size + comment == len(raw):
                return End(position, count, length, start)
        position = raw.rfind(b"PK\x05\x06", first, position)
    raise DamagedError("it does not end as a zip ends: it is none, was cut off, or something was added behind it")


def span(raw: bytes, info: zipfile.ZipInfo) -> tuple[int, int]:
    """Where a member begins and its data end; raises DamagedError where its own header tells another story."""
    start = info.header_offset + _LOCAL.size
    head = raw[info.header_offset : start]
    if len(head) < _LOCAL.size or not head.startswith(b"PK\x03\x04"):
        raise DamagedError("there is no member where the directory says")
    _, _, flags, method, _, _, crc, packed, size, name_length, extra_length = _LOCAL.unpack(head)
    name = raw[start : start + name_length]
    if name != info.orig_filename.encode("utf-8" if info.flag_bits & IS_UTF8 else "cp437"):
        raise DamagedError(f"its own header calls it {name.decode('utf-8', 'replace')!r}")
    if method != info.compress_type or (flags ^ info.flag_bits) & (ENCRYPTED | IS_UTF8):
        raise DamagedError("its own header and the directory disagree")
    is_same = crc == info.CRC and packed in {info.compress_size, _IN_EXTRA} and size in {info.file_size, _IN_EXTRA}
    if not flags & HAS_DESCRIPTOR and not is_same:
        raise DamagedError("its own header tells another size or checksum than the directory")
    return info.header_offset, start + name_length + extra_length + info.compress_size


def content_of(raw: bytes, info: zipfile.ZipInfo, end: int) -> bytes:
    """The content of a member, never more than it declares; raises DamagedError where it is not as declared."""
    packed = raw[end - info.compress_size : end]
    content = packed if info.compress_type == zipfile.ZIP_STORED else _inflated(packed, info.file_size)
    if len(content) != info.file_size:
        raise DamagedError(f"it declares {info.file_size:,} bytes and has {len(content):,}")
    if zlib.crc32(content) != info.CRC:
        raise DamagedError("its bytes do not match its checksum")
    return content


def _inflated(packed: bytes, size: int) -> bytes:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        content = inflater.decompress(packed, size + 1)
    except zlib.error as error:
        raise DamagedError(f"it cannot be unpacked: {error}") from error
    if len(content) > size:
        raise DamagedError(f"it declares {size:,} bytes and has more")
    if not inflater.eof or inflater.unused_data:
        raise DamagedError("its packed data do not end where it says")
    return content
