"""Zips that harm whoever unpacks them, or that two readers read in two ways."""

import shutil
import struct
import warnings
import zipfile
import zlib
from pathlib import Path

from tests.package.draft import Original, entry
from tests.package.sabotage import Collection

FAULTS = Collection("nobody can say what the platform mounts")

OUTSIDE = "whoever unpacks it writes outside of the package"


def _add(original: Original, path: Path, *members: tuple[zipfile.ZipInfo, bytes]) -> None:
    """Adds members at the end, whatever they are called."""
    shutil.copyfile(original.path, path)
    with zipfile.ZipFile(path, "a") as packed, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a second member of one name is what some of these are about
        for info, content in members:
            packed.writestr(info, content, info.compress_type)


def _swap(path: Path, old: bytes, new: bytes, times: int) -> None:
    """Replaces bytes of the file by as many others."""
    content = path.read_bytes()
    assert len(old) == len(new)
    assert content.count(old) == times
    path.write_bytes(content.replace(old, new))


@FAULTS.rewrite("archive", "../outside.py", "leads out of the package", OUTSIDE)
def escaping_path(original: Original, path: Path) -> None:
    """A member whose path leads out of the package (zip slip)."""
    _add(original, path, (entry("../outside.py"), b"VALUE = 1\n"))


@FAULTS.rewrite("archive", "/etc/cron.d/outside", "is absolute", OUTSIDE)
def absolute_path(original: Original, path: Path) -> None:
    """A member with an absolute path."""
    _add(original, path, (entry("/etc/cron.d/outside"), b"* * * * * root true\n"))


@FAULTS.rewrite("archive", "C:/outside.py", "begins with a drive", OUTSIDE)
def path_with_a_drive(original: Original, path: Path) -> None:
    """A member whose path begins with a drive."""
    _add(original, path, (entry("C:/outside.py"), b"VALUE = 1\n"))


@FAULTS.rewrite("archive", "shared\\more.py", "backslash", "a file of that name at the root, which nothing can import")
def path_with_backslashes(original: Original, path: Path) -> None:
    """A member whose path has backslashes, as some Windows tools write them."""
    info = entry("x")
    info.filename = "shared\\more.py"
    _add(original, path, (info, b"VALUE = 1\n"))


@FAULTS.rewrite("archive", "shared/mo\x1bre.py", "cannot be seen")
def path_with_a_control_character(original: Original, path: Path) -> None:
    """A member whose name holds a control character."""
    _add(original, path, (entry("shared/mo\x1bre.py"), b"VALUE = 1\n"))


@FAULTS.rewrite(
    "archive", "shared/u\u0308ber.py", "normal form C", "the name that the code imports is not found on Linux"
)
def path_as_a_mac_spells_it(original: Original, path: Path) -> None:
    """A member whose name is decomposed, as a Mac spells it."""
    _add(original, path, (entry("shared/u\u0308ber.py"), b"VALUE = 1\n"))


@FAULTS.rewrite("archive", "shared/link.py", "symbolic link", "the file that it leads to, or none")
def symbolic_link(original: Original, path: Path) -> None:
    """A symbolic link."""
    _add(original, path, (entry("shared/link.py", 0o120777), b"/etc/passwd"))


@FAULTS.rewrite("archive", "shared/pipe", "special file")
def named_pipe(original: Original, path: Path) -> None:
    """A named pipe."""
    _add(original, path, (entry("shared/pipe", 0o010644), b""))


@FAULTS.rewrite("archive", "host.json", "stands twice", "one of the two, which differs from reader to reader")
def duplicate_member(original: Original, path: Path) -> None:
    """Two members of one name."""
    _add(original, path, (entry("host.json"), b"{}"))


@FAULTS.rewrite("archive", "Function_App.py", "case", "one of the two where names are compared without case")
def names_that_collide_in_case(original: Original, path: Path) -> None:
    """Two members whose names differ in case only."""
    _add(original, path, (entry("Function_App.py"), b"app = None\n"))


@FAULTS.rewrite("archive", "host.json", "file and a folder")
def file_and_folder(original: Original, path: Path) -> None:
    """A member that is a file and the folder of another."""
    _add(original, path, (entry("host.json/more.txt"), b"x"))


@FAULTS.rewrite("archive", "shared/zeros.bin", "for each packed one", "the start fills the disk or takes for ever")
def bomb(original: Original, path: Path) -> None:
    """A member that unpacks to a thousand times its size."""
    info = entry("shared/zeros.bin")
    info.compress_type = zipfile.ZIP_DEFLATED
    _add(original, path, (info, bytes(30_000_000)))


@FAULTS.rewrite("archive", "shared/small.txt", "declares")
def size_that_is_a_lie(original: Original, path: Path) -> None:
    """A member that unpacks to more than it declares."""
    info = entry("shared/small.txt")
    info.compress_type = zipfile.ZIP_DEFLATED
    content = b"0123456789" * 100
    _add(original, path, (info, content))
    packed = struct.pack("<III", zlib.crc32(content), info.compress_size, len(content))
    _swap(path, packed, packed[:8] + struct.pack("<I", 10), 2)


@FAULTS.rewrite("archive", "shared/secret.py", "encrypted", "the member cannot be read")
def encrypted_member(original: Original, path: Path) -> None:
    """An encrypted member."""
    name, content = "shared/secret.py", b"VALUE = 1\n"
    sealed = _encrypted(content, zlib.crc32(content), b"secret")
    _add(original, path, (entry(name), sealed))
    local, central = (struct.Struct(form) for form in ("<4s5H3L2H", "<4s6H3L5H2L"))
    raw = bytearray(path.read_bytes())
    for layout, mark, flags, crc, size in ((local, b"PK\x03\x04", 2, 6, 8), (central, b"PK\x01\x02", 3, 7, 9)):
        start = _header(bytes(raw), mark, layout.size, name)
        fields = list(layout.unpack_from(raw, start))
        fields[flags] |= 1
        fields[crc], fields[size] = zlib.crc32(content), len(content)
        layout.pack_into(raw, start, *fields)
    path.write_bytes(raw)


@FAULTS.rewrite("archive", "shared/notes.txt", "checksum", "whatever the damaged bytes are")
def damaged_member(original: Original, path: Path) -> None:
    """A member damaged on its way (its CRC does not fit)."""
    _add(original, path, (entry("shared/notes.txt"), b"a note of twenty-four by"))
    _swap(path, b"a note of twenty-four by", b"a mote of twenty-four by", 1)


@FAULTS.rewrite("archive", "shared/other.py", "calls it")
def name_that_is_a_lie(original: Original, path: Path) -> None:
    """A member whose own header bears another name than the directory."""
    _add(original, path, (entry("shared/other.py"), b"VALUE = 1\n"))
    raw = path.read_bytes()
    start = _header(raw, b"PK\x03\x04", 30, "shared/other.py") + 30
    path.write_bytes(raw[:start] + b"shared/ports.py" + raw[start + 15 :])


@FAULTS.rewrite("archive", "shared/packed.txt", "not every reader knows", "the member cannot be read")
def rare_compression(original: Original, path: Path) -> None:
    """A member packed by LZMA."""
    info = entry("shared/packed.txt")
    info.compress_type = zipfile.ZIP_LZMA
    _add(original, path, (info, b"text " * 100))


@FAULTS.rewrite(
    "archive", "shared/ports.py", "may not be read", "PermissionError at the import, unless the worker is root"
)
def unreadable_mode(original: Original, path: Path) -> None:
    """A member that nobody may read (mode 0000)."""
    _rewritten(original, path, "shared/ports.py", 0o100000)


@FAULTS.rewrite(
    "archive", "shared/ports.py", "may not be read", "PermissionError at the import, unless the worker is root"
)
def mode_of_a_strict_umask(original: Original, path: Path) -> None:
    """A member that only its owner may read (mode 0600)."""
    _rewritten(original, path, "shared/ports.py", 0o100600)


@FAULTS.rewrite("archive", "", "cannot be read", "the deployment is refused, or the mount fails")
def no_zip(original: Original, path: Path) -> None:
    """A tar archive in place of a zip."""
    path.write_bytes(b"host.json".ljust(257, b"\0") + b"ustar  ".ljust(255, b"\0") + original.path.read_bytes()[:512])


@FAULTS.rewrite("archive", "", "cut off", "the deployment is refused, or the mount fails")
def zip_cut_off(original: Original, path: Path) -> None:
    """A zip whose upload broke off."""
    raw = original.path.read_bytes()
    path.write_bytes(raw[: len(raw) // 2])


@FAULTS.rewrite("archive", "", "added behind it")
def something_behind(original: Original, path: Path) -> None:
    """A zip with something behind its end."""
    path.write_bytes(original.path.read_bytes() + b"#!/bin/sh\n")


@FAULTS.rewrite("archive", "", "before its first member")
def something_before(original: Original, path: Path) -> None:
    """A zip behind a script (self-extracting)."""
    path.write_bytes(b"#!/bin/sh\n" + original.path.read_bytes())


@FAULTS.rewrite("archive", "host.json", "hidden behind a member")
def something_between(original: Original, path: Path) -> None:
    """A zip with bytes between its members that its directory does not list."""
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr(entry("host.json"), b"{}")
        assert packed.fp
        packed.fp.write(b"hidden")
        packed.start_dir = packed.fp.tell()
        packed.writestr(entry("function_app.py"), b"app = None\n")


def _rewritten(original: Original, path: Path, name: str, mode: int) -> None:
    members = original.draft()
    content = members.pop(name)
    original.write(members, path)
    with zipfile.ZipFile(path, "a") as packed:
        packed.writestr(entry(name, mode), content)


def _header(raw: bytes, mark: bytes, size: int, name: str) -> int:
    """Where the header of that kind with that name begins."""
    at = raw.rfind(mark)
    while at >= 0 and raw[at + size : at + size + len(name)] != name.encode():
        at = raw.rfind(mark, 0, at)
    assert at >= 0, name
    return at


def _encrypted(content: bytes, crc: int, password: bytes) -> bytes:
    """The content as the classic encryption of zips makes it."""
    keys = [0x12345678, 0x23456789, 0x34567890]

    def step(crc_so_far: int, byte: int) -> int:
        return zlib.crc32(bytes([byte]), crc_so_far ^ 0xFFFFFFFF) ^ 0xFFFFFFFF

    def turn(byte: int) -> None:
        keys[0] = step(keys[0], byte)
        keys[1] = ((keys[1] + (keys[0] & 0xFF)) * 134775813 + 1) & 0xFFFFFFFF
        keys[2] = step(keys[2], keys[1] >> 24)

    def seal(byte: int) -> int:
        mixed = (keys[2] & 0xFFFF) | 2
        sealed = byte ^ ((mixed * (mixed ^ 1) >> 8) & 0xFF)
        turn(byte)
        return sealed

    for byte in password:
        turn(byte)
    return bytes(seal(byte) for byte in bytes(11) + bytes([crc >> 24]) + content)
