"""Which modules are reached: small sites of real files, and what a rule does to them."""

from pathlib import Path

import pytest

from infrastructure.package import reach
from infrastructure.package.findings import CouldNotRunError
from infrastructure.package.policy import Cut, Keep


class Site:
    """A folder of modules; `app` is where every walk begins."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.cuts: list[Cut] = []
        self.keeps: list[Keep] = []
        self.hollow: list[str] = []

    def add(self, **sources: str | bytes) -> "Site":
        """Adds files by their name: `a__b` is a/b.py, `a__` is a/__init__.py."""
        for name, source in sources.items():
            self.write(
                name.replace("__", "/").removesuffix("/") + ("/__init__.py" if name.endswith("__") else ".py"), source
            )
        return self

    def write(self, name: str, content: str | bytes) -> "Site":
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return self

    @property
    def modules(self) -> reach.Modules:
        files = (path for path in self._folder.rglob("*") if path.is_file())
        return reach.Modules({path.relative_to(self._folder).as_posix(): path for path in files}, self.hollow)

    def why(self) -> dict[str, str]:
        return reach.reached(self.modules, ["app"], tuple(self.cuts), tuple(self.keeps))

    def reached(self) -> set[str]:
        return set(self.why()) - {"app"}

    def left_out(self) -> list[str]:
        return reach.left_out(self.modules, self.why())


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def test_imports_are_followed_from_file_to_file(site: Site) -> None:
    site.add(app="import a", a="import b", b="import os", c="import app")
    assert site.why() == {"app": "of the app", "a": "imported by app", "b": "imported by a"}
    assert site.left_out() == ["c"]


def test_an_import_inside_a_function_is_followed(site: Site) -> None:
    assert site.add(app="def f():\n    import a", a="").reached() == {"a"}


def test_what_only_a_type_checker_imports_is_left_out(site: Site) -> None:
    site.add(app="from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import a", a="")
    assert site.reached() == set()


def test_a_name_taken_from_a_package_may_be_a_module(site: Site) -> None:
    site.add(app="from p import a, value", p__="value = 1", p__a="", p__b="")
    assert site.reached() == {"p", "p.a"}
    assert site.left_out() == ["p.b"]


def test_a_module_brings_the_packages_above_it(site: Site) -> None:
    site.add(app="import p.q.a", p__="import x", p__q__="", p__q__a="", x="")
    assert site.why() == {
        "app": "of the app",
        "p": "package of p.q.a",
        "p.q": "package of p.q.a",
        "p.q.a": "imported by app",
        "x": "imported by p",
    }


def test_relative_imports_are_followed(site: Site) -> None:
    site.add(app="import p.a", p__="from . import b", p__a="from ..p.c import d", p__b="", p__c="", p__d="")
    assert site.reached() == {"p", "p.a", "p.b", "p.c"}


def test_a_lazy_package_brings_what_its_getattr_imports(site: Site) -> None:
    site.add(app="import p", p__="def __getattr__(name):\n    from .a import A\n    return A", p__a="")
    assert site.reached() == {"p", "p.a"}


def test_a_lazy_package_brings_what_its_table_names(site: Site) -> None:
    lazy = "_at = {'A': '.a'}\ndef __getattr__(name):\n    return importlib.import_module(_at[name], __name__)"
    assert site.add(app="import p", p__=lazy, p__a="").reached() == {"p", "p.a"}


def test_an_import_by_a_name_written_out_is_followed(site: Site) -> None:
    assert site.add(app="import importlib\nimportlib.import_module('p.a')", p__="", p__a="").reached() == {"p", "p.a"}


def test_a_namespace_package_has_no_file_and_is_descended_into(site: Site) -> None:
    site.add(app="import n.p", n__p__="", n__q__="", n__r__s="")
    assert site.reached() == {"n.p"}
    assert site.left_out() == ["n.q", "n.r"]


def test_a_package_is_left_out_as_a_whole_by_its_topmost_name(site: Site) -> None:
    assert site.add(app="", p__="", p__a="", p__q__b="").left_out() == ["p"]


def test_a_native_file_brings_the_modules_whose_names_it_holds(site: Site) -> None:
    site.add(app="import p.fast", p__="", p__helper="import late", p__other="", late="", p__apart="")
    site.write("p/fast.abi3.so", b"\x7fELF, no p.helperp.otherPyInit_fast\0_backend\0")
    site.write("_backend.cpython-311-x86_64-linux-gnu.so", b"\x7fELF")
    assert site.reached() == {"p", "p.fast", "p.helper", "p.other", "late", "_backend"}


def test_a_source_beside_a_native_file_of_its_name_is_followed_too(site: Site) -> None:
    site.add(app="import p.fast", p__="", p__fast="import slow", slow="")
    site.write("p/fast.cpython-311-x86_64-linux-gnu.so", b"\x7fELF")
    assert site.reached() == {"p", "p.fast", "slow"}


def test_a_cut_stops_an_import_that_runs_late(site: Site) -> None:
    site.add(app="import p", p__="def f():\n    import heavy.part", heavy__="", heavy__part="")
    site.cuts = [Cut("p", "heavy", "not used")]
    assert site.reached() == {"p"}
    assert site.left_out() == ["heavy"]


def test_a_cut_stops_an_import_that_may_fail(site: Site) -> None:
    site.add(app="import p", p__="try:\n    import heavy\nexcept ImportError:\n    heavy = None", heavy="")
    site.cuts = [Cut("p", "heavy", "not used")]
    assert site.reached() == {"p"}


def test_a_cut_cannot_stop_an_import_without_which_the_importer_fails(site: Site) -> None:
    site.add(app="import p", p__="import heavy", heavy="")
    site.cuts = [Cut("p", "heavy", "not used")]
    with pytest.raises(reach.RuleError, match="the cut from p to heavy changes nothing"):
        site.why()


def test_a_cut_leaves_the_same_import_of_others_alone(site: Site) -> None:
    site.add(app="import p, q", p__="def f():\n    import a, b", q="import a", a="", b="")
    site.cuts = [Cut("p", "a", "not used"), Cut("p", "b", "not used")]
    with pytest.raises(reach.RuleError, match="the cut from p to a changes nothing"):
        site.why()


def test_a_hollow_package_is_reached_and_leads_nowhere(site: Site) -> None:
    site.add(app="import p.a", p__="import q", p__a="import r", q="", r="")
    site.hollow = ["p"]
    assert site.reached() == {"p", "p.a"}
    assert site.left_out() == ["q", "r"]


def test_a_kept_module_stays_with_all_that_it_imports(site: Site) -> None:
    site.add(app="", p__="", p__a="import b", p__c="", b="")
    site.keeps = [Keep("p.a", "named at run time")]
    assert site.why() == {
        "app": "of the app",
        "p": "package of p.a",
        "p.a": "kept: named at run time",
        "b": "imported by p.a",
    }


def test_a_package_can_be_kept_whole(site: Site) -> None:
    site.add(app="", p__="", p__a="", p__q__b="", other="")
    site.keeps = [Keep("p.*", "named at run time")]
    assert site.reached() == {"p", "p.a", "p.q.b"}


def test_a_module_that_the_app_imports_anyway_cannot_be_kept(site: Site) -> None:
    site.add(app="import a", a="")
    site.keeps = [Keep("a", "to be safe")]
    with pytest.raises(reach.RuleError, match="a is kept without need"):
        site.why()


@pytest.mark.parametrize("named", ["importer", "imported", "kept"])
def test_a_rule_about_a_module_that_is_not_there_is_refused(site: Site, named: str) -> None:
    site.add(app="def f():\n    import a", a="", b="")
    if named == "kept":
        site.keeps = [Keep("gone.*", "renamed since")]
    else:
        site.cuts = [Cut("gone", "a", "renamed since") if named == "importer" else Cut("app", "gone", "renamed since")]
    with pytest.raises(reach.RuleError, match="names gone, which no installed distribution has"):
        site.why()


def test_a_source_that_cannot_be_read_names_file_and_line(site: Site) -> None:
    site.add(app="import p.a", p__="", p__a="x = 1\nimport")
    with pytest.raises(CouldNotRunError, match=r"p/a\.py, line 2"):
        site.why()
