"""Bytecode of the target's interpreter: the kind that is never compared at run time, so it must be right."""

import importlib.util
import io
import subprocess
from pathlib import Path

import pytest

from infrastructure.package import bytecode, interpreter, policy, press
from infrastructure.package.findings import CouldNotRunError
from infrastructure.package.places import MOUNT

TARGET = policy.read().target
# Names and constants that other code shares, and some that nothing does: marshal marks what is shared.
SOURCE = b'''
"""A docstring."""
import os
NAMES = ("os", "self", "encoding", "only here")
class Box:
    width: int = 1_000_003
    def lid(self, *, encoding="utf-8", fold=lambda depth: {depth, 1.5}):
        def inner():
            return self, encoding, b"bytes", frozenset({"a", "b"}), ...
        return inner if encoding in {"utf-8", "latin-1"} else fold
'''


@pytest.fixture(scope="module")
def target() -> Path:
    return interpreter.find(TARGET.interpreter)


def test_bytecode_lies_where_the_worker_looks() -> None:
    assert bytecode.cached("a/b.py", "cpython-311") == "a/__pycache__/b.cpython-311.pyc"
    assert bytecode.cached("function_app.py", "cpython-311") == "__pycache__/function_app.cpython-311.pyc"


def test_it_is_of_the_unchecked_hash_kind_for_its_source(target: Path) -> None:
    made = bytecode.compile_all(target, {"a.py": SOURCE})["a.py"]
    asked = "import importlib.util as u, sys; b = sys.stdin.buffer; s = sys.stdout.buffer"
    ask = f"{asked}; s.write(u.MAGIC_NUMBER + u.source_hash(b.read()))"
    answer = subprocess.run([target, "-I", "-c", ask], input=SOURCE, capture_output=True, check=True).stdout
    assert made[:4] == answer[:4]
    assert made[4:8] == b"\x01\0\0\0"  # by hash, unchecked: PEP 552
    assert made[8:16] == answer[4:]


def test_what_else_the_process_holds_does_not_show(target: Path) -> None:
    request = io.BytesIO()
    press.send(request, "compile", {f"{MOUNT}a.py": SOURCE})
    crowded = f"import asyncio, email, runpy, unittest; held = compile({SOURCE!r}, 'other', 'exec'); "
    crowded += f"runpy.run_path({press.__file__!r}, run_name='__main__')"
    command = [str(target), "-I", "-X", "utf8", "-X", "no_debug_ranges", "-c", crowded]
    answer = subprocess.run(command, input=request.getvalue(), capture_output=True, check=True).stdout
    made = press.receive(io.BytesIO(answer))[1][f"{MOUNT}a.py"]
    assert made == bytecode.compile_all(target, {"a.py": SOURCE})["a.py"]


def test_it_runs_in_place_of_the_source(target: Path, tmp_path: Path) -> None:
    (tmp_path / "box.py").write_bytes(b"raise SystemExit('the source was read')")
    compiled = tmp_path / bytecode.cached("box.py", TARGET.tag)
    compiled.parent.mkdir()
    compiled.write_bytes(
        bytecode.compile_all(target, {"box.py": b"\ndef fail():\n    raise ValueError('as meant')\n"})["box.py"]
    )
    answer = subprocess.run(
        [target, "-c", "import box; box.fail()"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert 'box.py", line 3, in fail' in answer.stderr
    assert "ValueError: as meant" in answer.stderr


def test_it_names_the_place_where_the_package_is_mounted(target: Path) -> None:
    assert b"/home/site/wwwroot/shared/box.py" in bytecode.compile_all(target, {"shared/box.py": b""})["shared/box.py"]


def test_a_source_that_the_target_cannot_compile_names_file_and_line(target: Path) -> None:
    with pytest.raises(bytecode.CompileError, match=r"^shared/new\.py, line 2: invalid syntax"):
        bytecode.compile_all(target, {"a.py": b"", "shared/new.py": b"x = 1\ntype X = int\n"})


@pytest.mark.parametrize("source", [b"x = '\0'", b"# coding: nonsense\n"])
def test_bytes_that_are_no_source_are_named_too(target: Path, source: bytes) -> None:
    with pytest.raises(bytecode.CompileError, match=r"^bad\.py, line "):
        bytecode.compile_all(target, {"bad.py": source})


def test_an_interpreter_that_does_not_work_says_so(tmp_path: Path) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho 'no such library' >&2\nexit 127\n")
    broken.chmod(0o755)
    with pytest.raises(CouldNotRunError, match="could not compile the package: no such library"):
        bytecode.compile_all(broken, {"a.py": b""})


def test_line_endings_and_encodings_of_a_source_are_those_of_python(target: Path) -> None:
    made = bytecode.compile_all(
        target, {"a.py": b"# coding: latin-1\r\nNAME = '\xe4'\r\n", "b.py": b"\xef\xbb\xbfx = 1\n"}
    )
    assert "ä".encode() in made["a.py"]
    assert made["b.py"][:4] == made["a.py"][:4]


def test_another_python_would_make_other_bytecode(target: Path) -> None:
    made = bytecode.compile_all(target, {"a.py": SOURCE})["a.py"]
    for version in ("3.12", "3.13"):
        try:
            other = interpreter.find(version)
        except interpreter.NoInterpreterError:
            continue
        assert bytecode.compile_all(other, {"a.py": SOURCE})["a.py"][:4] != made[:4]
    assert len(importlib.util.MAGIC_NUMBER) == 4
