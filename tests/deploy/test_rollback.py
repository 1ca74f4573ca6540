"""`rollback`: one step back, by a swap where that is enough, else by deploying the kept package first."""

import argparse

import pytest

from infrastructure.deploy.releases import Record
from infrastructure.operations import rollback
from tests.adapters.scripted import Answer
from tests.deploy.azure_model import Deployment, Swap, error
from tests.deploy.conftest import Deploy, record
from tests.deploy.packages import NEW, OLD, OLDER, digest, package
from tests.deploy.slot_model import Behaviour

EMPTY = Behaviour(functions=())
FIVE_MINUTES = 300.0


def deployments(deploy: Deploy) -> int:
    return deploy.azure.asked_for("POST", "zipdeploy")


@pytest.mark.parametrize(
    ("serving", "target"),
    [
        pytest.param("a" * 64, "b" * 64, id="what-was-recorded-goes-back-to-what-was-before-it"),
        pytest.param("c" * 64, "a" * 64, id="anything-else-goes-back-to-what-was-recorded"),
        pytest.param("b" * 64, "a" * 64, id="what-was-before-it-goes-back-to-what-was-recorded"),
        pytest.param("", "a" * 64, id="nothing-goes-back-to-what-was-recorded"),
    ],
)
def test_the_package_to_return_to(serving: str, target: str) -> None:
    assert Record(digest="a" * 64, previous="b" * 64).to_return_to(serving) == target


def test_with_none_before_it_there_is_nothing_to_return_to() -> None:
    assert Record(digest="a" * 64).to_return_to("a" * 64) == ""


def test_what_staging_holds_and_proves_is_swapped_in_without_a_deployment(released: Deploy) -> None:
    begun = released.azure.clock.now()

    done = released.run("rollback")

    assert done.code == 0, done.said
    assert (released.serves, released.staged) == (digest(OLDER), digest(OLD))
    assert deployments(released) == 0
    assert (released.last_good["digest"], released.last_good["previous"]) == (digest(OLDER), "")
    assert released.azure.clock.now() - begun < FIVE_MINUTES
    assert f"({released.azure.clock.now() - begun:.0f} s, exit code 0)" in done.out


def test_a_broken_production_is_rolled_back_within_five_minutes(released: Deploy) -> None:
    released.azure.behave("production", digest(OLD), Behaviour(boot=9_999.0))
    begun = released.azure.clock.now()

    assert released.run("rollback").code == 0
    assert released.serves == digest(OLDER)
    assert released.azure.clock.now() - begun < FIVE_MINUTES


def test_a_staging_slot_that_sleeps_is_woken_and_in_time(released: Deploy) -> None:
    """A slot whose functions are all disabled is not kept warm."""
    released.azure.staging.restart()
    begun = released.azure.clock.now()

    assert released.run("rollback").code == 0
    assert deployments(released) == 0
    assert released.azure.clock.now() - begun < FIVE_MINUTES


def test_what_staging_does_not_hold_is_deployed_there_first(staged: Deploy) -> None:
    done = staged.run("rollback")

    assert done.code == 0, done.said
    assert (staged.serves, deployments(staged)) == (digest(OLDER), 1)
    assert "look at staging: staging holds" in done.err
    assert staged.last_good["commit"] == "", "what was staged without a commit has none"


def test_what_staging_holds_and_does_not_prove_is_deployed_anew(released: Deploy) -> None:
    released.azure.behave("staging", digest(OLDER), EMPTY)
    released.azure.after(105.0, lambda: released.azure.behave("staging", digest(OLDER), Behaviour()))

    done = released.run("rollback")

    assert done.code == 0, done.said
    assert (released.serves, deployments(released)) == (digest(OLDER), 1)


def test_a_deployment_that_was_never_recorded_goes_back_to_what_was(staged: Deploy) -> None:
    """A run that broke off after its swap, or a swap by hand."""
    staged.azure.production.put(package(NEW))
    staged.azure.staging.put(package(OLD))
    staged.azure.clock.sleep(3_600)

    assert staged.run("rollback").code == 0
    assert (staged.serves, deployments(staged)) == (digest(OLD), 0)
    assert (staged.last_good["digest"], staged.last_good["previous"]) == (digest(OLD), "")


def test_a_package_from_nowhere_goes_back_to_what_was_recorded(released: Deploy) -> None:
    released.azure.production.put(package("by hand"))

    assert released.run("rollback").code == 0
    assert (released.serves, deployments(released)) == (digest(OLD), 1)


def test_an_emptied_production_goes_back_to_what_was_recorded(released: Deploy) -> None:
    released.azure.production.package_name = ""

    assert released.run("rollback").code == 0
    assert released.serves == digest(OLD)


def test_a_second_rollback_in_a_hurry_goes_no_further_back(released: Deploy) -> None:
    released.run("rollback")

    done = released.run("rollback")

    assert done.code == 3, done.said
    assert "a rollback is one step" in done.out
    assert "run: az storage blob list" in done.out
    assert released.serves == digest(OLDER)


def test_a_release_after_a_rollback_can_be_rolled_back_again(released: Deploy) -> None:
    released.run("rollback")
    released.azure.staging.put(package(NEW))
    released.azure.clock.sleep(3_600)
    released.releases.keep(digest(NEW), package(NEW))
    assert released.swap(NEW).code == 0

    assert released.run("rollback").code == 0
    assert released.serves == digest(OLDER)


def test_a_rollback_to_what_production_serves_is_refused(released: Deploy) -> None:
    """Only a record that was edited can ask for that."""
    record(released, OLD, OLD)

    done = released.run("rollback")

    assert done.code == 3
    assert "no package before it is recorded" in done.out
    assert released.azure.swapped == 0


def test_without_a_record_there_is_nothing_to_roll_back_to(deploy: Deploy) -> None:
    done = deploy.run("rollback")

    assert done.code == 1
    assert "nothing was ever recorded as good" in done.out


def test_a_package_that_is_neither_on_staging_nor_kept_is_told(staged: Deploy) -> None:
    staged.container.delete_blob(f"{digest(OLDER)}.zip")

    done = staged.run("rollback")

    assert done.code == 3, done.said
    assert f"{digest(OLDER)}.zip is not kept in the releases" in done.out
    assert staged.azure.swapped == 0


def test_a_package_on_staging_needs_not_be_kept(released: Deploy) -> None:
    released.container.delete_blob(f"{digest(OLDER)}.zip")

    assert released.run("rollback").code == 0
    assert released.serves == digest(OLDER)


def test_a_kept_package_that_was_changed_does_not_matter_where_staging_holds_the_right_one(released: Deploy) -> None:
    released.container.upload_blob(f"{digest(OLDER)}.zip", package("tampered"), overwrite=True)

    assert released.run("rollback").code == 0
    assert released.serves == digest(OLDER)


def test_a_kept_package_that_was_changed_is_not_deployed(staged: Deploy) -> None:
    staged.container.upload_blob(f"{digest(OLDER)}.zip", package("tampered"), overwrite=True)

    done = staged.run("rollback")

    assert done.code == 1
    assert "is not the package that its name says" in done.out
    assert deployments(staged) == 0


def test_settings_that_would_build_the_package_anew_are_refused(staged: Deploy) -> None:
    staged.azure.staging.settings["SCM_DO_BUILD_DURING_DEPLOYMENT"] = "true"

    done = staged.run("rollback")

    assert (done.code, deployments(staged)) == (1, 0)


@pytest.mark.parametrize(("is_broken", "code"), [(False, 3), (True, 4)])
def test_a_package_that_staging_does_not_prove_is_not_swapped_in(staged: Deploy, is_broken: bool, code: int) -> None:
    staged.azure.deployments = [Deployment(status=3)]
    if is_broken:
        staged.azure.behave("production", digest(OLD), EMPTY)

    done = staged.run("rollback")

    assert done.code == code, done.said
    assert f"staging does not prove {digest(OLDER)[:12]}" in done.out
    assert ("production was not proven before and is not now" in done.out) is is_broken
    assert staged.azure.swapped == 0


def test_a_rollback_that_production_does_not_prove_is_swapped_back(released: Deploy) -> None:
    released.azure.behave("production", digest(OLDER), EMPTY)

    done = released.run("rollback")

    assert done.code == 3, done.said
    assert (released.serves, released.staged) == (digest(OLD), digest(OLDER))
    assert released.last_good["digest"] == digest(OLD)
    assert f"staging still holds the last good {digest(OLDER)[:12]}" in done.out


def test_a_rollback_whose_swap_fails_leaves_production_as_it_is(released: Deploy) -> None:
    released.azure.swaps = [Swap(happens=False, answer=error(400, "BadRequest", "Please retry"))]

    done = released.run("rollback")

    assert done.code == 3, done.said
    assert "Please retry" in done.out
    assert released.serves == digest(OLD)


def test_a_production_that_cannot_be_read_is_not_touched(released: Deploy) -> None:
    released.azure.instead("GET", r"^func-invoice-agent-test\.scm", Answer(503))

    done = released.run("rollback")

    assert (done.code, released.azure.swapped) == (1, 0)


def test_the_commit_of_a_kept_package_is_recorded_again(staged: Deploy) -> None:
    staged.container.upload_blob(f"{digest(OLDER)}.zip", package(OLDER), overwrite=True, metadata={"commit": "0ldc0de"})

    assert staged.run("rollback").code == 0
    assert staged.last_good["commit"] == "0ldc0de"


def test_the_operation_is_the_same_command(released: Deploy, capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser()
    rollback.add_arguments(parser, released.connect)
    place = ["--subscription", "s", "--resource-group", "rg-1", "--app", "func-invoice-agent-test"]
    parsed = parser.parse_args([*place, "--subscription", "sub-1", "--storage-account", "account1", "--json"])

    assert parsed.run(parsed) == 0
    assert released.serves == digest(OLDER)
    assert '"exit": 0' in capsys.readouterr().out
