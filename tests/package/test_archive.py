"""The zip file: the same members give the same bytes."""

import io
import zipfile
from pathlib import Path

import pytest

from infrastructure.package import archive, interpreter, policy

MEMBERS = {"b/c.py": b"print()\n" * 50, "a.txt": b"", "b/__init__.py": b"", "ä.txt": b"x"}


def test_order_time_and_mode_do_not_depend_on_the_machine() -> None:
    with zipfile.ZipFile(io.BytesIO(archive.pack(MEMBERS))) as packed:
        members = packed.infolist()
        assert {each.filename: packed.read(each) for each in members} == MEMBERS
    assert [each.filename for each in members] == sorted(MEMBERS)
    assert {each.date_time for each in members} == {(1980, 1, 1, 0, 0, 0)}
    assert {(each.create_system, each.external_attr >> 16, each.compress_type) for each in members} == {
        (3, 0o100644, zipfile.ZIP_DEFLATED)
    }


def test_members_in_another_order_give_the_same_bytes() -> None:
    assert archive.pack(MEMBERS) == archive.pack(dict(reversed(MEMBERS.items())))


def test_the_targets_interpreter_packs_the_same_members() -> None:
    target = interpreter.find(policy.read().target.interpreter)
    assert archive.pack(MEMBERS, target) == archive.pack(MEMBERS)


def test_a_zip_that_is_replaced_is_never_half_there(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    archive.replace(path, archive.pack(MEMBERS))
    with path.open("rb") as earlier:
        archive.replace(path, archive.pack({"other": b""}))
        assert zipfile.ZipFile(earlier).namelist() == sorted(MEMBERS)
    assert [each.name for each in tmp_path.iterdir()] == ["a.zip"]


def test_a_file_that_cannot_take_its_place_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "a.zip").mkdir()
    with pytest.raises(OSError, match=r"a\.zip"):
        archive.replace(tmp_path / "a.zip", archive.pack(MEMBERS))
    assert [each.name for each in tmp_path.iterdir()] == ["a.zip"]
