"""Every sabotaged package is found out, by the rule that is meant for it and in words that tell what is wrong."""

from collections.abc import Callable
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from infrastructure.checkout import checkout
from infrastructure.package import verify
from infrastructure.package.findings import Finding
from tests.package import table
from tests.package.draft import Original
from tests.package.faults import ALL
from tests.package.judging import Judge
from tests.package.others import measure
from tests.package.sabotage import Sabotage

PATIENCE = {"import-that-hangs": 6.0}  # seconds; the others get verify's own

Findings = Callable[[Sabotage], list[Finding]]


@pytest.fixture(scope="module")
def findings(good: Path, tmp_path_factory: pytest.TempPathFactory) -> Findings:
    """What is found in a package with that fault."""
    original, judge = Original(good), Judge(good)
    folder = tmp_path_factory.mktemp("sabotage")

    def found(sabotage: Sabotage) -> list[Finding]:
        path = sabotage.make(original, folder / f"{sabotage.name}.zip")
        if sabotage.name in PATIENCE:
            return judge.findings(path, sabotage.check, patience=PATIENCE[sabotage.name])
        return judge.findings(path, sabotage.check)

    return found


@pytest.mark.parametrize("sabotage", ALL, ids=lambda sabotage: str(sabotage.name))
def test_a_sabotaged_package_is_found_out_and_told_in_full(sabotage: Sabotage, findings: Findings) -> None:
    found = findings(sabotage)

    assert any(_is_expected(each, sabotage) for each in found), "\n".join(map(str, found)) or "nothing was found"
    for each in found:
        assert all((each.check, each.what, each.wanted, each.found, each.effect, each.remedy)), each


def _is_expected(finding: Finding, sabotage: Sabotage) -> bool:
    told = f"{finding.what} | {finding.wanted} | {finding.found} | {finding.effect}"
    is_there = fnmatchcase(finding.path, sabotage.path)
    return finding.check == sabotage.check and is_there and sabotage.word in told


def test_a_good_package_gives_no_finding_whatever_rule_is_asked(good: Path) -> None:
    """Else the findings above would prove nothing."""
    rules = {each.check for each in ALL} - {"archive"}

    assert Judge(good).findings(good, *sorted(rules)) == []


def test_names_and_faults_are_told_apart() -> None:
    assert len({each.name for each in ALL}) == len({each.fault for each in ALL}) == len(ALL) >= 60


def test_every_rule_finds_something() -> None:
    assert {each.check for each in ALL} == {verify.GATE, *verify.RULES}


def test_the_readme_shows_what_other_tools_say(good: Path, tmp_path: Path) -> None:
    shown = table.shown((checkout() / "README.md").read_text("utf-8"))
    assert shown is not None
    assert shown == table.render(measure(Original(good), ALL, tmp_path))
