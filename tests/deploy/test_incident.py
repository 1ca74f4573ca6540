"""The outage by a package with parts for Python 3.13: three layers, each of which stops it alone."""

import json
from pathlib import Path

import pytest

from infrastructure.checkout import checkout
from infrastructure.package import policy, verify
from infrastructure.package.__main__ import main
from tests.deploy.azure_model import Swap
from tests.deploy.conftest import Deploy
from tests.deploy.packages import OLD, OLDER, digest, package
from tests.deploy.slot_model import Behaviour
from tests.package import strays

CORE = ".python_packages/lib/site-packages/pydantic_core/_pydantic_core"


@pytest.fixture(scope="module")
def tampered() -> bytes:
    """What lay in the folder of a machine with Python 3.13: the real binary of pydantic for it, and none for 3.11."""
    binary = strays.build("cp313", "_pydantic_core*.so")
    return package("built on 3.13", {f"{CORE}.cpython-313-x86_64-linux-gnu.so": binary})


def test_it_is_stopped_at_verify(tampered: bytes, tmp_path: Path) -> None:
    path = tmp_path / "app.zip"
    path.write_bytes(tampered)

    verdict = verify.judge(path, checkout(), policy.read(), checks={"native"})

    assert {each.path for each in verdict.findings} == {f"{CORE}.cpython-313-x86_64-linux-gnu.so"}
    assert any("cpython-313" in each.found for each in verdict.findings)
    assert verify.exit_code(verdict, allow_skipped=False) == verify.FINDINGS


def test_the_command_of_the_workflow_stops_it(
    tampered: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "app.zip"
    path.write_bytes(tampered)

    assert main(["verify", str(path), "--format", "json"]) == verify.FINDINGS
    found = json.loads(capsys.readouterr().out)
    assert "native" in {each["check"] for each in found["findings"]}
    assert found["package"]["sha256"] == digest(tampered), "the digest that the deployment goes by"


def test_smuggled_past_verify_it_is_stopped_at_the_staging_proof(
    released: Deploy, tampered: bytes, tmp_path: Path
) -> None:
    """Kudu deploys it, the host is Running and reports no error; only the list of functions tells."""
    done = released.stage(tampered, tmp_path)

    assert done.code == 3, done.said
    assert f"deploy to staging: {digest(tampered)[:12]}" in done.err
    assert "no functions at all are loaded" in done.out
    assert "the host is" not in done.out
    assert (released.serves, released.staged) == (digest(OLD), digest(OLDER))
    assert released.azure.swapped == 0
    assert released.swap(tampered).code == 3, "and nobody can swap it in all the same"
    assert released.serves == digest(OLD)


def test_smuggled_past_the_staging_proof_it_is_swapped_back(released: Deploy, tampered: bytes, tmp_path: Path) -> None:
    released.azure.behave("staging", digest(tampered), Behaviour())
    assert released.stage(tampered, tmp_path).code == 0

    done = released.swap(tampered)

    assert done.code == 3, done.said
    assert "production: no functions at all are loaded" in done.err
    assert f"it serves {digest(OLD)[:12]} again, proven" in done.out
    assert (released.serves, released.staged) == (digest(OLD), digest(OLDER))
    assert released.last_good["digest"] == digest(OLD)
    assert released.run("rollback").code == 0, "and the step back from there is as it was"
    assert released.serves == digest(OLDER)


def test_smuggled_past_all_of_it_a_person_is_told_how_to_end_it(
    released: Deploy, tampered: bytes, tmp_path: Path
) -> None:
    """The swap back fails as well: the commands that are printed are enough."""
    released.azure.behave("staging", digest(tampered), Behaviour())
    released.stage(tampered, tmp_path)
    released.azure.swaps = [Swap(), *[Swap(happens=False)] * 3]

    done = released.swap(tampered)

    assert done.code == 4, done.said
    assert "run: python -m infrastructure.deploy rollback" in done.out
    assert released.run("rollback").code == 0
    assert released.serves == digest(OLD)
