"""The judge as a whole: what runs, what it says when it cannot, and its exit codes."""

import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]
import pytest
from pytest_mock import MockerFixture

from infrastructure.checkout import checkout
from infrastructure.package import checks, policy, runtime, verify
from infrastructure.package.__main__ import main
from infrastructure.package.findings import CouldNotRunError, Finding
from infrastructure.package.package import Ground, Package
from infrastructure.package.report import SCHEMA
from infrastructure.package.verify import GATE, RULES, exit_code, judge
from tests.package.small import distribution, package, target

NOWHERE = replace(policy.read(), target=replace(policy.read().target, python="3.99", interpreter="3.99.1"))


def test_every_check_is_registered_under_the_name_of_its_module() -> None:
    modules = {path.stem for path in Path(next(iter(checks.__path__))).glob("*.py")} - {"__init__"}
    assert modules == {GATE, *RULES}
    assert {name: rule.findings.__module__.rpartition(".")[2] for name, rule in RULES.items()} == {n: n for n in RULES}


def test_a_good_package_is_clean_and_its_import_was_measured(good: Path) -> None:
    command = [sys.executable, "-m", "infrastructure.package", "verify", str(good), "--format", "json"]
    done = subprocess.run(command, cwd=checkout(), capture_output=True, text=True, check=False)
    document = json.loads(done.stdout)
    jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text("utf-8"))).validate(document)
    assert document["findings"] == []
    assert (done.returncode, document["verdict"], done.stderr) == (verify.CLEAN, "clean", "")
    assert set(document["checks"]) == {GATE, *RULES}
    assert set(document["measured"]) == {"dedicated", "consumption"}
    assert all(costs["modules"] > 0 for costs in document["measured"].values())


def test_findings_have_an_exit_code_of_their_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "app.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("../outside", b"")
    assert main(["verify", str(path)]) == verify.FINDINGS
    assert "leads out of the package" in capsys.readouterr().out


def test_a_refused_zip_is_judged_no_further(tmp_path: Path) -> None:
    path = tmp_path / "app.zip"
    path.write_bytes(b"no zip")
    verdict = judge(path, checkout(), policy.read())
    assert {each.check for each in verdict.findings} == {GATE}
    assert verdict.checks == (GATE,)
    assert set(verdict.skipped) == set(RULES)


def test_no_zip_at_all_is_no_finding(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(tmp_path / "none.zip")]) == verify.COULD_NOT_RUN
    assert "none.zip cannot be read" in capsys.readouterr().err


def test_a_target_that_is_no_version_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["verify", "app.zip", "--target", "three"])
    assert ended.value.code == 2
    assert "no Python version" in capsys.readouterr().err


def test_without_the_targets_interpreter_it_says_what_could_not_run(tmp_path: Path) -> None:
    path = package(tmp_path, {"function_app.py": ""}).path
    verdict = judge(path, checkout(), NOWHERE, checks={"layout", "record", "native", "names", "bytecode", "index"})
    assert set(verdict.skipped) == {"native", "names", "bytecode", "index"}
    assert set(verdict.checks) == {GATE, "layout", "record", "native", "names"}
    assert all("3.99" in why for why in verdict.skipped.values())
    assert verdict.interpreter == ""


def test_on_another_system_what_loads_native_files_does_not_run(tmp_path: Path, mocker: MockerFixture) -> None:
    mocker.patch.object(runtime, "describe", return_value=replace(target(), system="cpython on darwin arm64"))
    path = package(tmp_path, {"function_app.py": ""}).path
    verdict = judge(path, checkout(), policy.read(), checks={"layout", "native", "syntax", "index", "invoke"})
    assert set(verdict.skipped) == {"native", "index", "invoke"}
    assert set(verdict.checks) == {GATE, "layout", "native", "syntax"}
    assert all("darwin" in why for why in verdict.skipped.values())


def test_an_empty_zip_is_judged_to_its_end(tmp_path: Path) -> None:
    verdict = judge(package(tmp_path, {}).path, checkout(), policy.read())
    assert {"function_app.py is missing", "host.json is missing"} <= {each.what for each in verdict.findings}


def _fails(package: Package, ground: Ground) -> Iterator[Finding]:
    raise ZeroDivisionError(package.path, ground.policy)
    yield


def test_a_check_that_fails_is_a_finding_and_hides_no_other(tmp_path: Path, mocker: MockerFixture) -> None:
    mocker.patch.dict(RULES, {"names": verify.Rule(_fails)})
    verdict = judge(package(tmp_path, {}).path, checkout(), policy.read(), checks={"names", "layout"})
    (failed,) = (each for each in verdict.findings if each.check == "names")
    assert "ZeroDivisionError" in failed.found
    assert "layout" in {each.check for each in verdict.findings}


@pytest.mark.parametrize(
    ("findings", "skipped", "allowed", "code"),
    [(0, 0, False, 0), (0, 1, False, 1), (0, 1, True, 0), (1, 0, False, 3), (1, 1, True, 3)],
)
def test_what_could_not_run_counts_unless_it_is_allowed(
    tmp_path: Path, findings: int, skipped: int, allowed: bool, code: int
) -> None:
    path = tmp_path / "app.zip"
    path.write_bytes(b"")
    verdict = judge(path, checkout(), policy.read(), checks=())
    found = (Finding("native", "", "", "", "", "", ""),) * findings
    verdict = replace(verdict, findings=found, skipped={"index": "no interpreter"} if skipped else {})
    assert exit_code(verdict, allow_skipped=allowed) == code


def test_a_checkout_that_does_not_tell_its_settings_cannot_be_judged_by(tmp_path: Path) -> None:
    with pytest.raises(CouldNotRunError, match="does not tell the settings"):
        verify.infrastructure_settings(tmp_path)


def test_the_target_can_be_another_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = package(tmp_path, distribution("one", {"one.py": ""}, tag="cp399-cp399-manylinux_2_17_x86_64")).path
    assert main(["verify", str(path), "--target", "3.99", "--format", "json"]) == verify.FINDINGS
    document = json.loads(capsys.readouterr().out)
    assert document["target"]["python"] == "3.99"
    assert "wheel_tags" not in {each["check"] for each in document["findings"]}
