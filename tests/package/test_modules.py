"""Names of modules, and the imports that a source states."""

from pathlib import PurePosixPath
from textwrap import dedent

import pytest

from infrastructure.package.modules import Import, imports_of, is_module, module_name


def stated(source: str, module: str = "box.lid", *, is_package: bool = False) -> list[Import]:
    return imports_of(dedent(source).encode(), module, is_package)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("a.py", "a"),
        ("a/b/__init__.py", "a.b"),
        ("a/b/c.py", "a.b.c"),
        ("a/_fast.cpython-311-x86_64-linux-gnu.so", "a._fast"),
        ("a/_rust.abi3.so", "a._rust"),
    ],
)
def test_a_file_has_a_dotted_name(path: str, name: str) -> None:
    assert module_name(PurePosixPath(path)) == name
    assert is_module(PurePosixPath(path))


@pytest.mark.parametrize("path", ["a/b.pyi", "a/py.typed", "a-1.0.dist-info/x.py", "a/data.json", "a/2to3.py"])
def test_what_no_import_can_name_is_no_module(path: str) -> None:
    assert not is_module(PurePosixPath(path))


@pytest.mark.parametrize(
    ("line", "module", "names"),
    [
        ("import a.b", "a.b", ()),
        ("from a.b import c, d as e", "a.b", ("c", "d")),
        ("from . import top", "box", ("top",)),
        ("from .side import left", "box.side", ("left",)),
        ("import importlib; importlib.import_module('a.b')", "a.b", ()),
        ("from importlib import import_module; import_module('.side', __package__)", "box.side", ()),
        ("__import__('a')", "a", ()),
    ],
)
def test_every_form_of_import_is_seen(line: str, module: str, names: tuple[str, ...]) -> None:
    last = stated(line)[-1]
    assert (last.module, last.names, last.in_function, last.optional) == (module, names, False, False)


def test_in_a_package_one_dot_is_the_package_itself() -> None:
    assert [each.module for each in stated("from . import a\nfrom .. import b", "x.y", is_package=True)] == ["x.y", "x"]


@pytest.mark.parametrize("call", ["import_module(name)", "import_module(f'a.{name}')", "import_module('.a')", "f('a')"])
def test_a_name_that_is_put_together_is_not_guessed(call: str) -> None:
    assert stated(call) == []


def test_what_runs_later_is_told_from_what_runs_at_once() -> None:
    found = stated("""
        import now
        class Box:
            import too_now
            def open(self, key=__import__("default")):
                import later
        later_too = lambda: __import__("in_lambda")
        async def shut():
            from later_still import it
        """)
    assert {each.module: each.in_function for each in found} == {
        **dict.fromkeys(("now", "too_now", "default"), False),
        **dict.fromkeys(("later", "in_lambda", "later_still"), True),
    }


def test_what_only_a_type_checker_reads_is_no_import() -> None:
    found = stated("""
        import typing
        from typing import TYPE_CHECKING
        if TYPE_CHECKING:
            import checker
        elif typing.TYPE_CHECKING:
            import checker_too
        else:
            import real
        if not TYPE_CHECKING:
            import real_too
        else:
            import checker_again
        if TYPE_CHECKING or True:
            import both
        """)
    assert [each.module for each in found][2:] == ["real", "real_too", "both"]


@pytest.mark.parametrize("caught", ["ImportError", "ModuleNotFoundError", "Exception", "(KeyError, ImportError)", ""])
def test_an_import_that_may_fail_is_optional(caught: str) -> None:
    found = stated(f"try:\n    import fast\nexcept {caught}:\n    import slow\nelse:\n    import more\n")
    assert {each.module: each.optional for each in found} == {"fast": True, "slow": False, "more": False}


def test_a_try_for_something_else_makes_nothing_optional() -> None:
    assert not stated("try:\n    import needed\nexcept KeyError:\n    pass\n")[0].optional


def test_a_function_is_not_guarded_by_the_try_around_it() -> None:
    found = stated("try:\n    def f():\n        import needed\nexcept ImportError:\n    pass\n")
    assert (found[0].in_function, found[0].optional) == (True, False)


def test_suppressing_import_errors_makes_optional() -> None:
    found = stated("from contextlib import suppress\nwith suppress(ImportError):\n    import fast\n")
    assert found[-1].optional


def test_a_table_of_lazy_modules_is_read_where_getattr_serves_it() -> None:
    table = "_where = {'Lid': (__spec__.parent, '.lid'), 'Bottom': '.parts.bottom'}\n"
    served = table + "def __getattr__(name):\n    return import_module(_where[name], __name__)\n"
    assert {each.module for each in stated(served, "box", is_package=True)} == {"box.lid", "box.parts.bottom"}
    assert stated(table, "box", is_package=True) == []


@pytest.mark.parametrize("source", [b"import", b"a = '\0'", b"# coding: nonsense\n", b"-" * 200_000 + b"1"])
def test_what_is_no_python_is_a_syntax_error(source: bytes) -> None:
    with pytest.raises(SyntaxError):
        imports_of(source, "a", is_package=False)
