"""Packages that are unusual and sound: none of them may be complained about."""

import csv
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from infrastructure.package.places import SITE
from tests.package.draft import TAG, Draft, Original, entry, record_of
from tests.package.judging import STATIC, Judge

Change = Callable[[Draft], None]
Rewrite = Callable[[Original, Path], None]
CORE = f"{SITE}pydantic_core/_pydantic_core"
CIPHER = f"{SITE}Crypto/Cipher/_raw_cbc.abi3.so"
QUICK = tuple(name for name in STATIC if name != "imports")  # which reads every source, and is asked once at the end


@pytest.fixture(scope="module")
def original(good: Path) -> Original:
    return Original(good)


@pytest.fixture(scope="module")
def judge(good: Path) -> Judge:
    return Judge(good)


def _untagged_binary(members: Draft) -> None:
    members[f"{CORE}.so"] = members.pop(f"{CORE}.cpython-311-x86_64-linux-gnu.so")
    members.relist("pydantic-core", f"{CORE}.so")


def _abi3_of_an_older_python(members: Draft) -> None:
    """A real one, made for Python 3.9 and later, in a distribution that was made for 3.11 otherwise."""
    members[f"{SITE}pydantic_core/_raw_cbc.abi3.so"] = members[CIPHER]
    members.relist("pydantic-core", f"{SITE}pydantic_core/_raw_cbc.abi3.so")


def _bundled_library(members: Draft) -> None:
    """As auditwheel puts it: beside the package, with a digest in its name and a version behind `.so`."""
    members[f"{SITE}pydantic_core.libs/libmore-1f0a6d9b.so.1.2.0"] = members[CIPHER]
    members.relist("pydantic-core", f"{SITE}pydantic_core.libs/libmore-1f0a6d9b.so.1.2.0")


def _data_without_a_suffix(members: Draft) -> None:
    members[f"{SITE}pypdf/GLYPHS"] = bytes(range(256))
    members.relist("pypdf", f"{SITE}pypdf/GLYPHS")


def _name_beyond_ascii(members: Draft) -> None:
    members[f"{SITE}pypdf/größe.txt"] = "größe\n".encode()
    members.relist("pypdf", f"{SITE}pypdf/größe.txt")


def _module_of_one_file(members: Draft) -> None:
    name = f"{SITE}pypdf_more.py"
    members.source(name, "VALUE = 1\n")
    members.relist("pypdf", name, f"{SITE}__pycache__/pypdf_more.{TAG}.pyc")


def _module_called_like_a_test(members: Draft) -> None:
    members.source("shared/domain/testimony.py", '"""What a witness says."""\n\nWORD = "seen"\n')


def _optional_import(members: Draft) -> None:
    members.append(
        "shared/domain/amounts.py", "\ntry:\n    import orjson as fast\nexcept ImportError:\n    import json as fast\n"
    )


def _import_for_type_checkers(members: Draft) -> None:
    members.append(
        "shared/domain/amounts.py",
        "\nfrom typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from pandas import DataFrame\n",
    )


def _lazy_import_of_a_standard_module(members: Draft) -> None:
    members.append(
        "shared/domain/amounts.py", "\n\ndef later() -> object:\n    import xml.sax.saxutils as x\n\n    return x\n"
    )


def _empty_module(members: Draft) -> None:
    members.source("shared/domain/nothing.py", "")


def _source_with_a_mark_and_returns(members: Draft) -> None:
    """As an editor on Windows writes it."""
    members.source("shared/domain/windows.py", "\ufeffVALUE = 1\r\n")


def _message_like_a_secret(members: Draft) -> None:
    members.append(
        "shared/domain/amounts.py", '\nHELP = "set AccountKey=<your key>, never a -----BEGIN PRIVATE KEY----- block"\n'
    )


def _record_of_windows(members: Draft) -> None:
    record = members.metadata("pypdf") + "RECORD"
    members[record] = members[record].replace(b"\n", b"\r\n")


def _record_in_another_order(members: Draft) -> None:
    record = members.metadata("pypdf") + "RECORD"
    members[record] = b"\n".join(reversed(members[record].splitlines())) + b"\n"


def _record_that_quotes(members: Draft) -> None:
    record = members.metadata("pypdf") + "RECORD"
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows(csv.reader(io.StringIO(members[record].decode())))
    members[record] = text.getvalue().encode()


def _marks_of_an_installer(members: Draft) -> None:
    folder = members.metadata("pypdf")
    members[folder + "INSTALLER"] = b"pip\n"
    members[folder + "REQUESTED"] = b""
    members.relist("pypdf", folder + "INSTALLER", folder + "REQUESTED")


def _wheel_with_several_tags(members: Draft) -> None:
    wheel = members.metadata("pydantic-core") + "WHEEL"
    members[wheel] += b"Tag: cp313-cp313-manylinux_2_34_x86_64\n"
    members.relist("pydantic-core")


def _name_spelt_otherwise(members: Draft) -> None:
    """PEP 503: upper and lower case, dots and hyphens are one."""
    before = members.metadata("pypdf")
    after = before.replace("pypdf", "PyPDF")
    members.move(before, after)
    members[after + "METADATA"] = members[after + "METADATA"].replace(b"\nName: pypdf\n", b"\nName: PyPDF\n", 1)
    listed = [name for name in members if name.startswith((f"{SITE}pypdf/", after))]
    members[after + "RECORD"] = record_of(listed, members, after + "RECORD")


CHANGES: tuple[Change, ...] = (
    _untagged_binary,
    _abi3_of_an_older_python,
    _bundled_library,
    _data_without_a_suffix,
    _name_beyond_ascii,
    _module_of_one_file,
    _module_called_like_a_test,
    _optional_import,
    _import_for_type_checkers,
    _lazy_import_of_a_standard_module,
    _empty_module,
    _source_with_a_mark_and_returns,
    _message_like_a_secret,
    _record_of_windows,
    _record_in_another_order,
    _record_that_quotes,
    _marks_of_an_installer,
    _wheel_with_several_tags,
    _name_spelt_otherwise,
)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: str(change.__name__).strip("_").replace("_", "-"))
def test_members_that_are_unusual_and_sound(change: Change, original: Original, judge: Judge, tmp_path: Path) -> None:
    members = original.draft()
    change(members)

    assert judge.findings(original.write(members, tmp_path / "unusual.zip"), *QUICK) == []


def _members_in_another_order(original: Original, path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in reversed(original.draft().items()):
            packed.writestr(entry(name), content, zipfile.ZIP_DEFLATED, 6)


def _folders_as_members(original: Original, path: Path) -> None:
    members = original.draft()
    original.write(members, path)
    with zipfile.ZipFile(path, "a") as packed:
        for folder in sorted({name.rpartition("/")[0] for name in members if "/" in name}):
            packed.writestr(entry(f"{folder}/", 0o040755), b"")


def _some_members_stored(original: Original, path: Path) -> None:
    _packed_anew(original, path, "shared/stages/", zipfile.ZIP_STORED)


def _members_that_may_be_run(original: Original, path: Path) -> None:
    _packed_anew(original, path, "shared/", zipfile.ZIP_DEFLATED, mode=0o100755)


def _members_without_a_mode(original: Original, path: Path) -> None:
    """As tools on Windows write them."""
    members = original.draft()
    others = {name: members.pop(name) for name in members.below("shared/")}
    original.write(members, path)
    with zipfile.ZipFile(path, "a") as packed:
        for name, content in others.items():
            info = entry(name)
            info.create_system, info.external_attr = 0, 0x20  # FAT, and its mark for "to be archived"
            packed.writestr(info, content, zipfile.ZIP_DEFLATED)


def _members_with_64_bit_sizes(original: Original, path: Path) -> None:
    _packed_anew(original, path, "shared/", zipfile.ZIP_DEFLATED, is_64_bit=True)


def _members_written_to_a_stream(original: Original, path: Path) -> None:
    """Sizes then stand behind each member and not before it."""
    with path.open("wb") as file, zipfile.ZipFile(_Stream(file), "w", zipfile.ZIP_DEFLATED) as packed:  # type: ignore[call-overload]
        for name, content in original.draft().items():
            packed.writestr(entry(name), content, zipfile.ZIP_DEFLATED, 6)


def _comment_of_the_zip(original: Original, path: Path) -> None:
    original.write(original.draft(), path)
    with zipfile.ZipFile(path, "a") as packed:
        packed.comment = b"built by hand"


class _Stream:
    """A file that cannot go back, like a pipe."""

    def __init__(self, file: io.BufferedWriter) -> None:
        self.write = file.write
        self.flush = file.flush


def _packed_anew(
    original: Original, path: Path, folder: str, method: int, *, mode: int = 0o100644, is_64_bit: bool = False
) -> None:
    """Writes what is below a folder at the end, in another way than the rest."""
    members = original.draft()
    others = {name: members.pop(name) for name in members.below(folder)}
    original.write(members, path)
    with zipfile.ZipFile(path, "a") as packed:
        for name, content in others.items():
            info = entry(name, mode)
            info.compress_type = method
            with packed.open(info, "w", force_zip64=is_64_bit) as member:
                member.write(content)


REWRITES: tuple[Rewrite, ...] = (
    _members_in_another_order,
    _folders_as_members,
    _some_members_stored,
    _members_that_may_be_run,
    _members_without_a_mode,
    _members_with_64_bit_sizes,
    _members_written_to_a_stream,
    _comment_of_the_zip,
)


@pytest.mark.parametrize("rewrite", REWRITES, ids=lambda rewrite: str(rewrite.__name__).strip("_").replace("_", "-"))
def test_zips_that_are_unusual_and_sound(rewrite: Rewrite, original: Original, judge: Judge, tmp_path: Path) -> None:
    path = tmp_path / "unusual.zip"
    rewrite(original, path)

    # What the zip is like matters to the gate and to the budget; the rules read members.
    assert judge.findings(path, "layout", "budget", "record") == []


def test_unusual_members_run_as_well(original: Original, judge: Judge, tmp_path: Path) -> None:
    """All at once, since each of them was judged alone above."""
    members = original.draft()
    for change in CHANGES:
        if change not in {_record_of_windows, _record_in_another_order, _record_that_quotes}:
            change(members)

    assert judge.findings(original.write(members, tmp_path / "unusual.zip"), "imports", "index", "invoke") == []
