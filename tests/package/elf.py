"""Changes real native files where they say what they need, so that they stay real ones."""

import io
import struct

from elftools.elf.elffile import ELFFile
from elftools.elf.gnuversions import GNUVerNeedSection
from elftools.elf.sections import StringTableSection


def need_version(content: bytes, old: str, new: str) -> bytes:
    """The file, asking for another version of a library's symbols: `GLIBC_2.38` in place of `GLIBC_2.14`."""
    assert len(old) == len(new)
    elf = ELFFile(io.BytesIO(content))
    needed = elf.get_section_by_name(".gnu.version_r")
    assert isinstance(needed, GNUVerNeedSection)
    spoilt = bytearray(content)
    for position in _references(content, needed["sh_offset"], needed.num_versions(), _dynstr(elf), old):
        struct.pack_into("<I", spoilt, position, _hash(new))
    return _renamed(bytes(spoilt), elf, old, new)


def need_version_of_any_length(content: bytes, old: str, symbol: str, new: str) -> bytes:
    """The file, asking for another version; its name takes the place of a symbol's that nothing needs."""
    spoilt = bytearray(need_symbol(content, symbol, new))
    elf = ELFFile(io.BytesIO(bytes(spoilt)))
    needed, strings = elf.get_section_by_name(".gnu.version_r"), _dynstr(elf)
    assert isinstance(needed, GNUVerNeedSection)
    name = bytes(spoilt).index(b"\0" + new.encode() + b"\0", strings["sh_offset"]) + 1 - strings["sh_offset"]
    for position in _references(content, needed["sh_offset"], needed.num_versions(), strings, old):
        struct.pack_into("<I", spoilt, position, _hash(new))
        struct.pack_into("<I", spoilt, position + 8, name)
    return bytes(spoilt)


def need_symbol(content: bytes, old: str, new: str) -> bytes:
    """The file, asking for another symbol, whose name is not longer, in place of one that it asked for."""
    assert len(new) <= len(old)
    return _renamed(content, ELFFile(io.BytesIO(content)), old, new)


def of_32_bit() -> bytes:
    """The smallest file that a linker takes for a library of a 32-bit machine: a header without anything."""
    identity = b"\x7fELF" + bytes([1, 1, 1]) + bytes(9)
    shared_object, i386 = 3, 3
    return identity + struct.pack("<HHIIIIIHHHHHH", shared_object, i386, 1, 0, 0, 0, 0, 52, 32, 0, 40, 0, 0)


def _dynstr(elf: ELFFile) -> StringTableSection:
    strings = elf.get_section_by_name(".dynstr")
    assert isinstance(strings, StringTableSection)
    return strings


def _references(content: bytes, start: int, libraries: int, strings: StringTableSection, name: str) -> list[int]:
    """Where the hash of a version name stands: one place for each library of which it is needed."""
    found: list[int] = []
    for _ in range(libraries):
        _, versions, _, first, following = struct.unpack_from("<HHIII", content, start)
        entry = start + first
        for _ in range(versions):
            _, _, _, label, step = struct.unpack_from("<IHHII", content, entry)
            if strings.get_string(label) == name:
                found.append(entry)
            entry += step
        start += following
    assert found, f"nothing of version {name} is needed"
    return found


def _renamed(content: bytes, elf: ELFFile, old: str, new: str) -> bytes:
    strings = _dynstr(elf)
    start, end = strings["sh_offset"], strings["sh_offset"] + strings["sh_size"]
    before = b"\0" + old.encode() + b"\0"
    after = (b"\0" + new.encode()).ljust(len(before), b"\0")
    assert content[start:end].count(before) == 1, f"{old} does not stand alone among the strings"
    return content[:start] + content[start:end].replace(before, after) + content[end:]


def _hash(name: str) -> int:
    """The hash of the System V ABI."""
    value = 0
    for byte in name.encode():
        value = (value << 4) + byte
        value = (value ^ (value & 0xF0000000) >> 24) & 0x0FFFFFFF
    return value
