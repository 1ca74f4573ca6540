"""The gate: what honest tools write passes, what readers may take in two ways does not."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from infrastructure.package.package import HostileArchiveError, open_package


def entry(name: str, mode: int = 0o100644) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    info.create_system = 3
    info.external_attr = mode << 16
    return info


def written(path: Path, *entries: tuple[zipfile.ZipInfo, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for info, content in entries:
            packed.writestr(info, content)
    return path


def refusals(path: Path) -> list[str]:
    with pytest.raises(HostileArchiveError) as refused:
        open_package(path)
    return [each.what for each in refused.value.findings]


def test_members_are_read_as_they_were_written(tmp_path: Path) -> None:
    path = written(tmp_path / "a.zip", (entry("a.py"), b"A = 1\n"), (entry("b/c.bin"), bytes(range(256))))
    package = open_package(path)
    assert {name: member.content for name, member in package.members.items()} == {
        "a.py": b"A = 1\n",
        "b/c.bin": bytes(range(256)),
    }


class Pipe(io.BytesIO):
    """What is written to it gets its sizes behind it."""

    def seekable(self) -> bool:
        return False

    def seek(self, offset: int, whence: int = 0, /) -> int:
        raise io.UnsupportedOperation

    def tell(self) -> int:
        raise io.UnsupportedOperation


def test_a_zip_written_to_a_pipe_passes(tmp_path: Path) -> None:
    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(entry("a.py"), b"A = 1\n" * 50)
        packed.writestr(entry("b.py"), b"")
    path = tmp_path / "a.zip"
    path.write_bytes(pipe.getvalue())
    assert set(open_package(path).members) == {"a.py", "b.py"}


def test_entries_of_folders_comments_and_names_in_utf_8_pass(tmp_path: Path) -> None:
    path = written(tmp_path / "a.zip", (entry("b/", 0o40755), b""), (entry("b/\u00fcber.py"), b""))
    with zipfile.ZipFile(path, "a") as packed:
        packed.comment = b"built by somebody"
    assert set(open_package(path).members) == {"b/\u00fcber.py"}


def test_a_zip_that_says_nothing_of_modes_passes(tmp_path: Path) -> None:
    info = entry("a.py", 0)
    info.create_system = 0
    assert set(open_package(written(tmp_path / "a.zip", (info, b""))).members) == {"a.py"}


def test_a_repetitive_file_is_no_bomb(tmp_path: Path) -> None:
    content = b"".join(b"%06d,0,0,0\n" % number for number in range(200_000))
    assert set(open_package(written(tmp_path / "a.zip", (entry("table.csv"), content))).members) == {"table.csv"}


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("../a.py", "leads out of the package"),
        ("a/../../b.py", "leads out of the package"),
        ("/a.py", "is absolute"),
        ("c:a.py", "begins with a drive"),
        ("a\\b.py", "backslash"),
        ("a//b.py", "empty part"),
        ("./a.py", "empty part"),
        ("a\n::error::b.py", "cannot be seen"),
        ("a\u202eyp.exe", "cannot be seen"),
        ("u\u0308.py", "normal form C"),
        ("n" * 256, "too long"),
        ("/".join(["n" * 250] * 13), "longer than a path"),
    ],
)
def test_a_name_that_is_not_plain_is_refused(tmp_path: Path, name: str, fault: str) -> None:
    assert any(fault in what for what in refusals(written(tmp_path / "a.zip", (entry(name), b""))))


@pytest.mark.parametrize(
    ("mode", "fault"),
    [
        (0o120777, "symbolic link"),
        (0o020644, "special file"),
        (0o040755, "a folder by its mode"),
        (0o100640, "may not be read"),
    ],
)
def test_a_mode_that_is_not_a_readable_file_is_refused(tmp_path: Path, mode: int, fault: str) -> None:
    assert any(fault in what for what in refusals(written(tmp_path / "a.zip", (entry("a.py", mode), b"x"))))


def second_central_name(raw: bytes) -> bytes:
    """The directory's name changed, the member's own left."""
    place = raw.rindex(b"a.py")
    return raw[:place] + b"b.py" + raw[place + 4 :]


def smaller_than_it_is(raw: bytes) -> bytes:
    return _declared(raw, 1)


def larger_than_it_is(raw: bytes) -> bytes:
    return _declared(raw, 900)


def _declared(raw: bytes, size: int) -> bytes:
    """The size changed in both headers."""
    for place in (22, raw.rindex(b"PK\x01\x02") + 24):
        raw = raw[:place] + size.to_bytes(4, "little") + raw[place + 4 :]
    return raw


def another_size_in_its_own_header(raw: bytes) -> bytes:
    return raw[:22] + (900).to_bytes(4, "little") + raw[26:]


def two_directories(raw: bytes) -> bytes:
    """A whole second zip behind the first, as if appended to it."""
    return raw + raw


@pytest.mark.parametrize(
    ("tamper", "fault"),
    [
        (second_central_name, "not what the directory says"),
        (smaller_than_it_is, "cannot be read"),
        (larger_than_it_is, "cannot be read"),
        (another_size_in_its_own_header, "not what the directory says"),
        (lambda raw: raw.replace(b"a.py", b"\0.py"), "cannot be seen"),
        (two_directories, "the zip cannot be read"),
        (lambda raw: raw[:-5], "the zip cannot be read"),
        (lambda raw: raw + b"x", "the zip cannot be read"),
        (lambda raw: b"x" + raw, "the zip cannot be read"),
        (lambda _: b"", "the zip cannot be read"),
    ],
)
def test_a_zip_that_contradicts_itself_is_refused(tmp_path: Path, tamper: Callable[[bytes], bytes], fault: str) -> None:
    path = written(tmp_path / "a.zip", (entry("a.py"), b"A = 1\n" * 40))
    path.write_bytes(tamper(path.read_bytes()))
    assert any(fault in what for what in refusals(path))


def test_overlapping_members_are_refused(tmp_path: Path) -> None:
    """The bomb of https://www.bamsoftware.com/hacks/zipbomb/: one packed content, listed many times."""
    path = written(tmp_path / "a.zip", (entry("a.py"), b"A = 1\n"), (entry("b.py"), b"A = 1\n"))
    raw = path.read_bytes()
    second = raw.rindex(b"PK\x01\x02")
    path.write_bytes(raw[: second + 42] + (0).to_bytes(4, "little") + raw[second + 46 :])
    assert refusals(path)
