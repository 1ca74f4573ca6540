"""Every sabotaged package is found out, by the rule that is meant for it and in words that tell what is wrong."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
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
AT_ONCE = 3  # two cores, and the dynamic part waits a good deal

Verdicts = Callable[[Sabotage], list[Finding]]


@pytest.fixture(scope="module")
def verdicts(
    good: Path, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Verdicts]:
    """What is found in each package; all that this run asks for are made and judged side by side."""
    original, judge = Original(good), Judge(good)
    folder = tmp_path_factory.mktemp("sabotage")

    def found(sabotage: Sabotage) -> list[Finding]:
        path = sabotage.make(original, folder / f"{sabotage.name}.zip")
        if sabotage.name in PATIENCE:
            return judge.findings(path, sabotage.check, patience=PATIENCE[sabotage.name])
        return judge.findings(path, sabotage.check)

    wanted = {id(each): each for each in map(_sabotage_of, request.session.items) if each}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        tasks: dict[str, Future[list[Finding]]] = {each.name: pool.submit(found, each) for each in wanted.values()}
        yield lambda sabotage: tasks[sabotage.name].result()
        for task in tasks.values():
            task.cancel()


def _sabotage_of(item: pytest.Item) -> Sabotage | None:
    given = (
        item.callspec.params.get("sabotage")
        if isinstance(item, pytest.Function) and hasattr(item, "callspec")
        else None
    )
    return given if isinstance(given, Sabotage) else None


@pytest.mark.parametrize("sabotage", ALL, ids=lambda sabotage: str(sabotage.name))
def test_a_sabotaged_package_is_found_out(sabotage: Sabotage, verdicts: Verdicts) -> None:
    found = verdicts(sabotage)

    assert any(_is_expected(each, sabotage) for each in found), "\n".join(map(str, found)) or "nothing was found"


def _is_expected(finding: Finding, sabotage: Sabotage) -> bool:
    told = f"{finding.what} | {finding.wanted} | {finding.found} | {finding.effect}"
    is_there = fnmatchcase(finding.path, sabotage.path)
    return finding.check == sabotage.check and is_there and sabotage.word in told


@pytest.mark.parametrize("sabotage", ALL, ids=lambda sabotage: str(sabotage.name))
def test_every_finding_tells_what_where_and_what_to_do(sabotage: Sabotage, verdicts: Verdicts) -> None:
    for each in verdicts(sabotage):
        assert all((each.check, each.what, each.wanted, each.found, each.effect, each.remedy)), each


def test_a_good_package_gives_no_finding_whatever_rule_is_asked(verdicts: Verdicts, good: Path) -> None:
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
