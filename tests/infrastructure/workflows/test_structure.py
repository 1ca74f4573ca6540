"""What the workflows must hold beyond what linters know."""

import importlib
import os
import re
import subprocess
import sys
from itertools import groupby

import pytest

from infrastructure.checkout import checkout
from infrastructure.deploy.app import PATIENCE
from infrastructure.operations.synthetic.commands import Addresses
from infrastructure.package import policy
from shared.settings import Settings
from tests.infrastructure.workflows.source import ACTION, FOLDER, Step, commands, jobs, paths, steps, workflow

DEPLOYING = ("stage", "release", "rollback", "synthetic")
TOKEN_LASTS = 60 * 60  # seconds at least: https://learn.microsoft.com/entra/identity-platform/access-tokens
SETTING_UP = 5 * 60


def text_of(name: str) -> str:
    return (FOLDER / name).read_text("utf-8")


def all_steps(action: str) -> list[Step]:
    found = [step for step in steps() if step.action == action]
    assert found, f"no step uses {action}"
    return found


# Pins, permissions, limits


def test_there_is_a_workflow_for_each_purpose() -> None:
    assert [path.name for path in paths()] == ["ci-cd.yml", "lock.yml", "rollback.yml", "synthetic.yml"]


def test_every_action_is_pinned_to_a_commit_and_names_its_version() -> None:
    lines = [line.strip() for path in paths() for line in text_of(path.name).splitlines() if "uses:" in line]
    uses = [line.removeprefix("- ").removeprefix("uses: ") for line in lines]
    assert len(uses) == sum("uses" in step.body for step in steps())
    assert [line for line in uses if not ACTION.fullmatch(line)] == []


def test_an_action_has_one_pin_everywhere() -> None:
    pins = sorted({found.group() for path in paths() for found in ACTION.finditer(text_of(path.name))})
    by_action = {action: list(group) for action, group in groupby(pins, key=lambda pin: pin.partition("@")[0])}
    assert {action: found for action, found in by_action.items() if len(found) > 1} == {}


def test_nothing_is_granted_to_a_workflow_as_a_whole() -> None:
    assert [path.name for path in paths() if workflow(path.name)["permissions"] != {}] == []


PERMISSIONS = {
    ("ci-cd.yml", "test"): {"contents": "read"},
    ("ci-cd.yml", "package"): {"contents": "read"},
    ("ci-cd.yml", "verify"): {"contents": "read"},
    ("ci-cd.yml", "attest"): {"contents": "read", "id-token": "write", "attestations": "write"},
    ("ci-cd.yml", "stage"): {"contents": "read", "id-token": "write", "attestations": "read"},
    ("ci-cd.yml", "release"): {"contents": "read", "id-token": "write"},
    ("lock.yml", "resolve"): {"contents": "read"},
    ("lock.yml", "propose"): {"contents": "write", "pull-requests": "write", "actions": "write"},
    ("rollback.yml", "rollback"): {"contents": "read", "id-token": "write"},
    ("synthetic.yml", "synthetic"): {"contents": "read", "id-token": "write"},
}


def test_every_job_may_do_what_it_needs_and_no_more() -> None:
    assert {(file, name): job["permissions"] for file, name, job in jobs()} == PERMISSIONS


def test_what_may_write_or_be_somebody_runs_on_main_only() -> None:
    """A pull request can change a workflow, but not where it runs from."""
    powerful = [(file, name) for (file, name), granted in PERMISSIONS.items() if {*granted.values()} - {"read"}]
    conditions = {(file, name): job.get("if") for file, name, job in jobs()}
    assert {conditions[each] for each in powerful} == {"github.ref == 'refs/heads/main'"}


def test_every_job_ends_by_itself() -> None:
    assert [name for _, name, job in jobs() if not 0 < job.get("timeout-minutes", 0) <= 150] == []


def test_every_job_runs_on_one_version_of_the_runner() -> None:
    assert {job["runs-on"] for _, _, job in jobs()} == {"ubuntu-24.04"}


def test_every_shell_stops_at_the_first_fault() -> None:
    shells = {workflow(path.name)["defaults"]["run"]["shell"] for path in paths()}
    assert shells == {"bash --noprofile --norc -euo pipefail {0}"}
    assert [step.place for step in steps() if "shell" in step.body] == []


def test_no_step_keeps_the_token_of_the_checkout() -> None:
    assert {step.inputs.get("persist-credentials") for step in all_steps("actions/checkout")} == {False}


def test_no_secret_is_stored() -> None:
    assert [path.name for path in paths() if "secrets." in text_of(path.name)] == []


def test_nothing_comes_from_a_cache() -> None:
    """Whoever can fill a cache could put something into the package."""
    assert [step.place for step in steps() if "cache" in step.action or "cache" in step.inputs] == []


def test_no_value_is_pasted_into_a_script() -> None:
    assert [step.place for step in steps() if "${{" in step.run] == []


# Versions


def test_python_is_the_version_of_the_package_or_of_the_checkout() -> None:
    pinned = policy.read().target.interpreter
    assert workflow("ci-cd.yml")["env"] == {"PYTHON_VERSION": pinned}
    versions = {step.place: (step.job, dict(step.inputs)) for step in all_steps("actions/setup-python")}
    for place, (job, inputs) in versions.items():
        if job in DEPLOYING:
            assert inputs == {"python-version-file": ".python-version"}, place
        else:
            assert inputs in ({"python-version": "${{ env.PYTHON_VERSION }}"}, {"python-version": pinned}), place


def test_the_bytecode_is_made_and_checked_by_the_pinned_interpreter() -> None:
    making = {step.job for step in steps() if re.search(r"make test|infrastructure\.package", step.run)}
    assert making == {"test", "package", "verify", "resolve"}
    assert making.isdisjoint(DEPLOYING)


def test_no_variable_of_a_workflow_is_one_of_the_makefile() -> None:
    """Make takes what it sets with `?=` from the environment: a version would stand there for an interpreter."""
    overridable = set(re.findall(r"^(\w+) *\?=", (checkout() / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert "PYTHON" in overridable
    named = [(path.name, workflow(path.name).get("env", {})) for path in paths()]
    named += [(f"{file} {name}", job.get("env", {})) for file, name, job in jobs()]
    named += [(step.place, step.body.get("env", {})) for step in steps()]
    assert [place for place, env in named if not overridable.isdisjoint(env)] == []


# The way of a package


def test_the_jobs_come_one_after_the_other() -> None:
    needs = {name: job.get("needs") for name, job in workflow("ci-cd.yml")["jobs"].items()}
    assert needs == {
        "test": None,
        "package": "test",
        "verify": "package",
        "attest": "verify",
        "stage": ["verify", "attest"],
        "release": ["verify", "stage"],
    }


def test_the_package_is_built_once_and_by_nobody_who_deploys() -> None:
    builds = [
        place for place, module, (action, *_) in commands() if (module, action) == ("infrastructure.package", "build")
    ]
    assert [place.rpartition(" ")[0] for place in builds] == ["ci-cd.yml package", "lock.yml resolve"]


def test_what_is_attested_staged_and_swapped_is_what_was_verified() -> None:
    """From the build's digest to verify, and from verify's to all that follow."""
    flow = workflow("ci-cd.yml")["jobs"]
    assert flow["package"]["outputs"] == {"sha256": "${{ steps.build.outputs.sha256 }}"}
    assert flow["verify"]["outputs"] == {"sha256": "${{ steps.verified.outputs.sha256 }}"}
    handed = {
        step.job: (name, value)
        for step in steps("ci-cd.yml")
        for name, value in step.body.get("env", {}).items()
        if "outputs" in str(value)
    }
    verified = ("VERIFIED", "${{ needs.verify.outputs.sha256 }}")
    assert handed == {
        "verify": ("BUILT", "${{ needs.package.outputs.sha256 }}"),
        **dict.fromkeys(("attest", "stage", "release"), verified),
    }
    using = {step.job: step.run for step in steps("ci-cd.yml") if {"BUILT", "VERIFIED"} & {*step.body.get("env", {})}}
    for job, name in (("verify", "BUILT"), ("attest", "VERIFIED")):
        assert f'infrastructure/workflows/digest.sh dist/invoice-agent.zip "${name}"' in using[job]
    assert using["stage"] == 'python -m infrastructure.deploy stage dist/invoice-agent.zip --digest "$VERIFIED"'
    assert using["release"] == 'python -m infrastructure.deploy swap --digest "$VERIFIED"'


def test_a_digest_is_handed_on_after_the_verdict() -> None:
    order = [step.body.get("id") or step.run for step in steps("ci-cd.yml", "verify")]
    (verdict,) = [at for at, each in enumerate(order) if "infrastructure.package verify" in each]
    assert order.index("verified") > verdict


def test_what_was_attested_is_checked_before_anybody_logs_in() -> None:
    order = [step.action or step.run for step in steps("ci-cd.yml", "stage")]
    (checked,) = [at for at, each in enumerate(order) if "gh attestation verify" in each]
    assert checked < order.index("azure/login")
    demands = ("--signer-workflow", "--source-digest", "--source-ref refs/heads/main", "--deny-self-hosted-runners")
    assert [each for each in demands if each not in order[checked]] == []


def test_provenance_and_bill_of_materials_are_attested_of_the_package() -> None:
    inputs = [dict(step.inputs) for step in all_steps("actions/attest")]
    subject = {"subject-path": "dist/invoice-agent.zip"}
    assert inputs == [subject, subject | {"sbom-path": "dist/invoice-agent.cdx.json"}]


def test_what_is_fetched_was_handed_on_before() -> None:
    handed = {(step.place.split()[0], step.inputs["name"]) for step in all_steps("actions/upload-artifact")}
    fetched = {(step.place.split()[0], step.inputs["name"]) for step in all_steps("actions/download-artifact")}
    assert handed == fetched == {("ci-cd.yml", "package"), ("lock.yml", "locks")}
    assert {step.inputs["if-no-files-found"] for step in all_steps("actions/upload-artifact")} == {"error"}


# Azure


def test_who_logs_in_has_an_environment_and_nothing_of_the_package_to_run() -> None:
    environments = {step.job: name for step in all_steps("azure/login") for _, name, _ in [_job(step.job)]}
    assert environments == {
        "stage": "staging",
        "release": "production",
        "rollback": "production",
        "synthetic": "synthetic",
    }
    for job in ("stage", "release", "rollback"):
        (install,) = [step.run for step in steps(job=job) if "pip install" in step.run]
        assert "--require-hashes" in install
        assert "--requirement infrastructure/workflows/requirements-lock.txt" in install


def _job(name: str) -> tuple[str, str, object]:
    ((file, body),) = [(file, job) for file, each, job in jobs() if each == name]
    return file, body["environment"], body


def test_everybody_logs_in_without_a_secret() -> None:
    wanted = {
        "client-id": "${{ vars.AZURE_CLIENT_ID }}",
        "tenant-id": "${{ vars.AZURE_TENANT_ID }}",
        "subscription-id": "${{ vars.AZURE_SUBSCRIPTION_ID }}",
    }
    assert [step.place for step in all_steps("azure/login") if step.inputs != wanted] == []


def test_a_log_in_is_the_last_thing_before_its_use() -> None:
    """The identity that GitHub gives is good for minutes only; what comes of it, for an hour."""
    for job in DEPLOYING:
        actions = [step.action for step in steps(job=job)]
        assert actions.index("azure/login") == len(actions) - 2, job


def test_a_job_that_waits_for_approval_holds_up_no_other() -> None:
    """GitHub keeps its concurrency group for it all the while, for weeks if need be."""
    groups = {path.name: workflow(path.name)["concurrency"]["group"] for path in paths()}
    assert "github.run_id" in groups["ci-cd.yml"]
    assert len({*groups.values()}) == len(groups)
    own = {name: job["concurrency"]["group"] for _, name, job in jobs() if "concurrency" in job}
    assert own == {"stage": "stage"}
    assert own["stage"] not in groups.values()


def test_nothing_that_changes_azure_is_cancelled() -> None:
    conditions = {path.name: workflow(path.name)["concurrency"]["cancel-in-progress"] for path in paths()}
    assert conditions.pop("ci-cd.yml") == "${{ github.event_name == 'pull_request' }}"
    assert set(conditions.values()) == {False}
    assert [job["concurrency"]["cancel-in-progress"] for _, _, job in jobs() if "concurrency" in job] == [False]


def test_no_deployment_is_cut_short() -> None:
    """A job that GitHub ends can neither put a package back nor swap back."""
    kudu, swap = PATIENCE.kudu, PATIENCE.swap
    deploy = kudu.accept + kudu.finish + PATIENCE.staging.patience
    exchange = swap.busy + swap.operation + swap.settle + PATIENCE.production.patience
    longest = {
        "stage": PATIENCE.lock_to_stage + deploy * 2,
        "release": PATIENCE.lock + PATIENCE.staging.patience + exchange * 2 + deploy,
        "rollback": PATIENCE.lock + PATIENCE.held.patience + deploy + exchange * 2 + deploy,
    }
    assert max(longest["release"], longest["rollback"]) - deploy < TOKEN_LASTS, "then production is swapped back"
    minutes = {name: job["timeout-minutes"] for _, name, job in jobs() if name in longest}
    assert {name: limit for name, limit in minutes.items() if limit * 60 < longest[name] + SETTING_UP} == {}


def test_a_rollback_builds_and_tests_nothing() -> None:
    runs = [step.run for step in steps("rollback.yml") if step.run]
    assert len(runs) == 2
    assert "pip install" in runs[0]
    assert runs[1] == "python -m infrastructure.deploy rollback"
    assert "needs" not in workflow("rollback.yml")["jobs"]["rollback"]


def test_the_schedules() -> None:
    crons = {path.name: workflow(path.name)["on"].get("schedule") for path in paths()}
    assert crons["synthetic.yml"] == [{"cron": "17 * * * *"}]
    assert crons["lock.yml"] == [{"cron": "41 4 * * 1"}]
    assert [*workflow("rollback.yml")["on"]] == ["workflow_dispatch"]


# The commands


@pytest.mark.parametrize(
    ("place", "module", "arguments"), [pytest.param(*each, id=f"{each[0]}: {each[1]}") for each in commands()]
)
def test_a_command_exists_and_takes_what_it_is_given(
    place: str, module: str, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    main = importlib.import_module(f"{module}.__main__").main
    with pytest.raises(SystemExit) as ended:
        main([arguments[0], "--help"])
    assert ended.value.code == 0, place
    options = [each for each in arguments if each.startswith("--")]
    told = capsys.readouterr().out
    assert [each for each in options if each not in told] == []


def test_a_command_that_does_not_exist_would_be_noticed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        importlib.import_module("infrastructure.deploy.__main__").main(["promote", "--help"])
    assert ended.value.code == 2
    assert "promote" in capsys.readouterr().err


def test_the_deploy_command_is_given_what_it_reads_from_the_environment(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        importlib.import_module("infrastructure.deploy.__main__").main(["stage", "--help"])
    read = set(re.findall(r"\(default:\s+([A-Z_]+)\)", capsys.readouterr().out))
    assert "STORAGE_ACCOUNT" in read
    for step in steps():
        if "infrastructure.deploy" in step.run:
            given = {name: value for name, value in step.body["env"].items() if name != "VERIFIED"}
            assert given == {name: f"${{{{ vars.{name} }}}}" for name in read}, step.place


def test_the_synthetic_check_is_given_what_it_reads_from_the_environment() -> None:
    (step,) = [each for each in steps("synthetic.yml") if "infrastructure.operations" in each.run]
    env = step.body["env"]
    storage, _ = Settings.for_storage(env)
    assert storage.queue_endpoint.startswith("https://${{ vars.STORAGE_ACCOUNT }}.queue.")
    assert Addresses.of(env).recipient == "${{ vars.synthetic_recipient }}"
    assert Addresses.of(env).mailbox == "${{ vars.invoice_mailbox }}"


def test_the_environment_names_the_log_in_that_the_sdk_is_to_take() -> None:
    """azure.identity refuses a name that it does not know."""
    (step,) = [each for each in steps("synthetic.yml") if "infrastructure.operations" in each.run]
    code = "from azure.identity import DefaultAzureCredential as D; print([type(c).__name__ for c in D().credentials])"
    name = "AZURE_TOKEN_CREDENTIALS"
    done = subprocess.run(
        [sys.executable, "-c", code], env={name: step.body["env"][name]}, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "['AzureCliCredential']"


def test_every_target_of_make_exists() -> None:
    targets = {target for step in steps() for target in re.findall(r"\bmake (\S+)", step.run)}
    assert targets == {"test", "lock", ".venv/.ready"}
    rules = (checkout() / "Makefile").read_text("utf-8")
    assert [target for target in targets if not re.search(rf"^{re.escape(target)}:", rules, re.MULTILINE)] == []


def test_every_script_exists_and_can_be_run() -> None:
    scripts = {script for step in steps() for script in re.findall(r"infrastructure/workflows/\w+\.sh", step.run)}
    assert {path.name for path in (checkout() / "infrastructure" / "workflows").glob("*.sh")} == {
        script.rpartition("/")[2] for script in scripts
    }
    assert [script for script in scripts if not os.access(checkout() / script, os.X_OK)] == []
