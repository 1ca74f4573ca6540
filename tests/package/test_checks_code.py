"""Rules on code: imports, syntax, bytecode and native files."""

from collections.abc import Callable
from pathlib import Path

import pytest

from infrastructure.package import bytecode, policy
from infrastructure.package.elf import kind_of
from infrastructure.package.package import Package
from infrastructure.package.places import SITE
from tests.package.small import judged, package, site, target

TAG = policy.read().target.tag


def compiled(members: dict[str, bytes | str]) -> dict[str, bytes | str]:
    """The members with the bytecode of every source."""
    sources = {name: str(content).encode() for name, content in members.items() if name.endswith(".py")}
    made = bytecode.compile_all(target().path, sources)
    return {**members, **{bytecode.cached(name, TAG): content for name, content in made.items()}}


@pytest.mark.parametrize(
    "source",
    [
        "import os.path, xml.etree.ElementTree, collections.abc, importlib.metadata",
        "def late():\n    from dep.sub import here\n",
        "from dep import sub",
        "from shared import sibling",
        "from . import sibling\nfrom .sibling import VALUE, Kind, made, *_\n".replace(", *_", ""),
        "from shared.open import anything",
        "try:\n    import missing\nexcept ImportError:\n    missing = None\n",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import missing\n",
        "from dep.native import anything",
        "from space.part import x",
        "from maker.made import x",
        "import sys\nif sys.version_info < (3, 11):\n    import tomli\n",
        "from shared.sibling import late, fault",
    ],
)
def test_what_can_be_imported_is_no_finding(tmp_path: Path, source: str) -> None:
    assert judged("imports", app(tmp_path, source)) == []


@pytest.mark.parametrize(
    ("source", "missing", "effect"),
    [
        ("import missing", "missing", "0 functions"),
        ("import dep.gone", "dep.gone", "0 functions"),
        (f"TOTAL = {' + '.join(['1'] * 1500)}\nimport missing", "missing", "0 functions"),
        ("import lone.gone", "lone.gone", "0 functions"),
        ("def late():\n    import missing\n", "missing", "only at the invocation"),
        ("def late():\n    from shared.sibling import GONE\n", "GONE in shared.sibling", "cannot import name 'GONE'"),
        (
            "def late():\n    import importlib\n    importlib.import_module('missing')\n",
            "missing",
            "only at the invocation",
        ),
        ("import xml.gone", "xml.gone", "0 functions"),
    ],
)
def test_what_cannot_be_imported_is_found(tmp_path: Path, source: str, missing: str, effect: str) -> None:
    (found,) = judged("imports", app(tmp_path, source))
    assert found.path == "shared/code.py"
    assert found.wanted == missing
    assert effect in found.effect


def app(folder: Path, source: str) -> Package:
    own: dict[str, bytes | str] = {
        "shared/__init__.py": "",
        "shared/code.py": source,
        "shared/sibling.py": "VALUE: int = 1\nclass Kind: ...\nfor made in (): ...\n"
        "def bind():\n    global late\n    late = 1\ntry: ...\nexcept ValueError as fault: ...\n",
        "shared/open.py": "def __getattr__(name): return name\n",
    }
    dependencies = {
        "dep/__init__.py": "",
        "dep/sub.py": "here = 1",
        f"dep/native.{TAG}-x86_64-linux-gnu.so": "",
        "space/part.py": "x = 1",
        "maker.py": "import sys, types\nsys.modules['maker.made'] = types.ModuleType('maker.made')\n",
        "lone.py": "x = 1",
    }
    return package(folder, {**own, **site(dependencies)})


def test_a_module_that_a_package_takes_from_itself_is_missed(tmp_path: Path) -> None:
    members = {"function_app.py": "import dep", **site({"dep/__init__.py": "from . import gone"})}
    (found,) = judged("imports", package(tmp_path, members))
    assert (found.path, found.wanted) == (SITE + "dep/__init__.py", "gone in dep")


def test_what_a_dependency_needs_at_once_is_judged_where_the_app_leads(tmp_path: Path) -> None:
    members = {"function_app.py": "import dep", **site({"dep/__init__.py": "import other_distribution"})}
    (found,) = judged("imports", package(tmp_path, members))
    assert found.path == SITE + "dep/__init__.py"


@pytest.mark.parametrize(
    "source",
    [
        "def late():\n    import missing\n",
        "import sys\nif sys.platform == 'win32':\n    import missing\n",
        "try:\n    import missing\nexcept Exception:\n    pass\n",
        "from . import extra_of_somebody",
    ],
)
def test_what_a_dependency_may_do_without_is_no_finding(tmp_path: Path, source: str) -> None:
    files = {
        "dep/__init__.py": source,
        "dep/extra_of_somebody.py": "def late():\n    import missing\n",
        "dep/cli.py": "import rich",
    }
    assert judged("imports", package(tmp_path, {"function_app.py": "import dep", **site(files)})) == []


def test_a_hole_in_a_dependency_is_found_wherever_it_is(tmp_path: Path) -> None:
    members = {"function_app.py": "", **site({"dep/__init__.py": "", "dep/a.py": "from dep.gone import x"})}
    assert [each.wanted for each in judged("imports", package(tmp_path, members))] == ["dep.gone"]


def test_what_was_left_out_on_purpose_names_the_way_to_keep_it(tmp_path: Path) -> None:
    members = {
        "function_app.py": "def late():\n    import dep.big.part\n",
        "left_out.txt": "dep.big\n",
        **site({"dep/__init__.py": ""}),
    }
    (found,) = judged("imports", package(tmp_path, members))
    assert "[[keep]]" in found.remedy


def test_every_source_that_the_target_cannot_compile_is_found(tmp_path: Path) -> None:
    members: dict[str, bytes | str] = {
        "a.py": "type X = int",
        "b.py": "x = 'ok'",
        "c.py": b"x = '\xfc'",
        "d.py": "def (",
        "e.py": b"x = 1\x00",
    }
    found = {each.path: each.found for each in judged("syntax", package(tmp_path, members))}
    assert set(found) == {"a.py", "c.py", "d.py", "e.py"}
    assert "line 1" in found["a.py"]


SOURCES: dict[str, bytes | str] = {
    "function_app.py": "A = 1",
    "shared/__init__.py": "",
    "shared/x.py": "def f(): return 1",
}


def test_bytecode_as_the_target_makes_it_gives_no_finding(tmp_path: Path) -> None:
    assert judged("bytecode", package(tmp_path, compiled(SOURCES))) == []


@pytest.mark.parametrize(
    ("name", "change", "what"),
    [
        (f"shared/__pycache__/x.{TAG}.pyc", lambda old: old[:-1], "stale"),
        (f"shared/__pycache__/x.{TAG}.pyc", lambda old: old[:8] + bytes(8) + old[16:], "stale"),
        (f"shared/__pycache__/x.{TAG}.pyc", lambda old: old[:4] + bytes(4) + old[8:], "source's time"),
        (f"shared/__pycache__/x.{TAG}.pyc", lambda old: old[:4] + b"\3\0\0\0" + old[8:], "checked-hash"),
        (f"shared/__pycache__/x.{TAG}.pyc", lambda old: b"\xf3\r\r\n" + old[4:], "another Python"),
        (f"shared/__pycache__/x.{TAG}.pyc", lambda old: b"", "another Python"),
        (f"shared/__pycache__/y.{TAG}.pyc", lambda old: old, "without its source"),
        ("shared/__pycache__/x.cpython-313.pyc", lambda old: old, "another Python or another optimisation"),
        (f"shared/__pycache__/x.{TAG}.opt-1.pyc", lambda old: old, "another Python or another optimisation"),
        ("shared/x.pyc", lambda old: old, "outside __pycache__"),
    ],
)  # fmt: skip
def test_bytecode_that_is_not_is_found(tmp_path: Path, name: str, change: Callable[[bytes], bytes], what: str) -> None:
    members = compiled(SOURCES)
    right = members[f"shared/__pycache__/x.{TAG}.pyc"]
    assert isinstance(right, bytes)
    members[name] = change(right)
    (found,) = judged("bytecode", package(tmp_path, members))
    assert found.path == name
    assert what in found.what


def test_modules_without_bytecode_are_told_once_for_each_top_level(tmp_path: Path) -> None:
    members = {**SOURCES, **site({"dep/__init__.py": "", "dep/a.py": "", "dep/data-file.py": ""})}
    found = {each.path: each.found for each in judged("bytecode", package(tmp_path, members))}
    assert set(found) == {"function_app.py", "shared/__init__.py", SITE + "dep/__init__.py"}
    assert "2 sources" in found[SITE + "dep/__init__.py"]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"\x7fELF\x02\x01", "ELF"),
        (b"MZ".ljust(0x3C, b"\0") + (0x40).to_bytes(4, "little") + b"PE\0\0", "PE"),
        (bytes.fromhex("cffaedfe0c000001"), "Mach-O"),
        (bytes.fromhex("cafebabe00000002"), "Mach-O"),
        (bytes.fromhex("cafebabe00000034"), ""),  # a Java class
        (b"MZ is how this text begins", ""),
        (b"", ""),
    ],
)
def test_a_native_file_is_known_by_its_bytes(content: bytes, kind: str) -> None:
    assert kind_of(content) == kind


@pytest.mark.parametrize(
    "name",
    [
        "a.cpython-313-x86_64-linux-gnu.so",
        "a.cpython-311.so",
        "a.cpython-311-aarch64-linux-gnu.so",
        "a.cpython-311-darwin.so",
    ],
)
def test_a_module_named_for_another_python_or_machine_is_found(tmp_path: Path, name: str) -> None:
    found = judged("native", package(tmp_path, site({name: b"\x7fELF"})))
    assert any("by its name" in each.what for each in found)


def test_the_interpreter_says_which_symbols_it_has() -> None:
    assert target().lacks({"PyLong_AsNativeBytes", "PyLong_AsLong", "_Py_Dealloc"}) == ["PyLong_AsNativeBytes"]
