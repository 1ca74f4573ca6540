"""diagnose and diagnose.sh: what they ask, what they make of it, and what they keep to themselves.

Most tests judge the answers of a Cloud in this process; those at the end run both commands against an executable az.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from infrastructure.checkout import checkout
from infrastructure.operations.diagnose import add_arguments
from infrastructure.operations.diagnose.az import Answer, gather
from infrastructure.operations.diagnose.causes import Verdict, judge
from infrastructure.operations.diagnose.commands import known
from infrastructure.operations.diagnose.evidence import read
from infrastructure.operations.diagnose.folder import Subject, UnusableFolder, load, save
from infrastructure.operations.diagnose.script import SCRIPT, steps, without_secrets
from infrastructure.operations.diagnose.signs.package import PIPELINE
from infrastructure.operations.diagnose.signs.settings import REQUIRED
from infrastructure.operations.diagnose.texts import TEXTS, Kind
from infrastructure.package import policy
from shared.domain.messages import QUEUES
from shared.settings import InvalidSettings, Settings
from tests.operations.diagnose_az import install
from tests.operations.diagnose_cloud import (
    APP,
    CLIENT,
    DIGEST,
    FUNCTIONS,
    GROUP,
    NOT_LOGGED_IN,
    PRINCIPAL,
    SECRETS,
    STORAGE,
    STORAGE_ID,
    Cloud,
    Reply,
    instant,
)

Change = Callable[[Cloud], object]


def answers_of(cloud: Cloud, subject: Subject) -> dict[str, Answer]:
    """What diagnose gathers from a cloud, without a process for each question."""

    def run(arguments: Sequence[str]) -> Answer:
        printed = cloud.run(arguments)
        if printed.status:
            return Answer(failure=without_secrets(f"az ended with {printed.status}: {printed.complaint.strip()}"))
        return Answer(without_secrets(printed.out))

    return gather(steps(), known(subject, ""), run, run)


def verdict_of(cloud: Cloud, slot: str = "") -> Verdict:
    subject = Subject(datetime.now(UTC), GROUP, APP, slot)
    return judge(read(subject, answers_of(cloud, subject)))


def told(verdict: Verdict) -> str:
    return "\n".join(sign.what for cause in verdict.causes for sign in cause.signs)


@pytest.fixture
def cloud() -> Cloud:
    return Cloud.healthy()


def test_a_healthy_app_has_no_cause_and_no_symptom(cloud: Cloud) -> None:
    assert verdict_of(cloud) == Verdict((), (), is_blind=False)


def test_a_healthy_staging_slot_has_its_functions_disabled(cloud: Cloud) -> None:
    for function in FUNCTIONS:
        cloud.setting(f"AzureWebJobs.{function}.Disabled")["value"] = "true"
    for each in cloud["live"]:
        each["isDisabled"] = True
    cloud["runs"] = {"tables": [{"rows": []}]}
    cloud["last_good"]["digest"] = "0" * 64
    assert verdict_of(cloud, "staging").is_healthy
    production = verdict_of(cloud)
    assert {cause.kind for cause in production.causes} == {Kind.SETTINGS, Kind.CORRUPT_PACKAGE}


@dataclass(frozen=True, slots=True)
class Case:
    """A damaged cloud, the cause that must rank first, and texts of its evidence and its commands."""

    id: str
    change: Change
    kind: Kind
    evidence: str
    confirm: str
    mend: str


def index_failure(text: str) -> Change:
    """The worker cannot index the app: the host runs on, without functions and without an error of its own."""

    def change(cloud: Cloud) -> None:
        cloud.loads()
        said = "System.Exception: Worker failed to index functions Result: Failure Exception: "
        cloud.logs(f"Microsoft.Azure.WebJobs.Script.Workers.Rpc.RpcException: {said}{text} Cannot find module. ...")

    return change


def crash_loop(cloud: Cloud) -> None:
    """What the predecessor died of, where no worker lived long enough to say why."""
    cloud.loads()
    cloud["host"] |= {"state": "Error", "errors": ["Exceeded language worker restart retry count for runtime:python."]}
    cloud["host_log"]["tables"][0]["rows"] = [
        ["Exceeded language worker restart retry count for runtime:python. Shutting down", 3, 9, instant(2)]
    ]


def both(*changes: Change) -> Change:
    def change(cloud: Cloud) -> None:
        for each in changes:
            each(cloud)

    return change


def without_setting(name: str) -> Change:
    def change(cloud: Cloud) -> None:
        cloud["settings"] = [each for each in cloud["settings"] if each["name"] != name]

    return change


def unresolved(status: str) -> Change:
    return lambda cloud: cloud["references"]["value"][0]["properties"].update(status=status, details="no access")


def deployed_by(tool: str, status: int = 4) -> Change:
    return lambda cloud: cloud["deployments"]["value"][0]["properties"].update(
        deployer=tool, status=status, received_time=instant(30), author="joe"
    )


VERSION, PLATFORM, SETTINGS, STORAGE_KIND = Kind.VERSION_MISMATCH, Kind.PLATFORM, Kind.SETTINGS, Kind.STORAGE
PACKAGE, DEPENDENCY, MAILBOX, STOP = (
    Kind.CORRUPT_PACKAGE,
    Kind.DEPENDENCY_CONFLICT,
    Kind.MAILBOX_ACCESS,
    Kind.EMERGENCY_STOP,
)
ROLLBACK = "infrastructure.operations rollback"
VERIFY = "infrastructure.package verify deployed.zip"

CASES = [
    Case(
        "runtime of another version",
        lambda cloud: cloud["config"].update(linuxFxVersion="PYTHON|3.13"),
        VERSION,
        "linuxFxVersion is PYTHON|3.13, and the package is made for Python|3.11",
        "config show",
        '--linux-fx-version "Python|3.11"',
    ),
    Case(
        "native module of Python 3.13",
        index_failure("ModuleNotFoundError: No module named 'pydantic_core._pydantic_core'."),
        VERSION,
        "No module named 'pydantic_core._pydantic_core'",
        VERIFY,
        ROLLBACK,
    ),
    Case(
        "bytecode of Python 3.13",
        index_failure(r"ImportError: bad magic number in 'shared.settings': b'\xf3\r\r\n'."),
        VERSION,
        "bytecode of another Python version",
        VERIFY,
        ROLLBACK,
    ),
    Case(
        "newer system",
        index_failure("ImportError: /lib/libc.so.6: version `GLIBC_2.33' not found (required by /x/_rust.abi3.so)."),
        VERSION,
        "GLIBC_2.33",
        VERIFY,
        ROLLBACK,
    ),
    Case("crash loop", crash_loop, VERSION, "does not survive its start", VERIFY, ROLLBACK),
    Case(
        "protobuf that does not fit",
        index_failure("ImportError: cannot import name 'runtime_version' from 'google.protobuf' (/x/__init__.py)."),
        DEPENDENCY,
        "protobuf is of another version",
        VERIFY,
        ROLLBACK,
    ),
    Case(
        "names that moved between two packages",
        index_failure("ImportError: cannot import name 'AliasPath' from 'pydantic' (/x/pydantic/__init__.py)."),
        DEPENDENCY,
        "cannot import name 'AliasPath'",
        VERIFY,
        ROLLBACK,
    ),
    Case(
        "dependency that is not in the package",
        index_failure("ModuleNotFoundError: No module named 'isodate'."),
        PACKAGE,
        "a dependency is not in the package",
        f"deploy prove --slot production --digest {DIGEST}",
        ROLLBACK,
    ),
    Case(
        "files one folder down",
        index_failure("No functions were found. A valid host.json file wasn't found in the package root"),
        PACKAGE,
        "one folder down",
        "deploy prove",
        ROLLBACK,
    ),
    Case(
        "0 functions and no word of it",
        lambda cloud: cloud.loads(),
        PACKAGE,
        "0 of 5 functions loaded; missing: MailIngest, ExtractEnrich, PostToAP, Notify, AddVendor",
        "deploy prove",
        ROLLBACK,
    ),
    Case(
        "package that was never proven, put there by hand",
        both(lambda cloud: cloud["last_good"].update(digest="0" * 64), deployed_by("az_cli_functions")),
        PACKAGE,
        "and 000000000000... was proven last",
        f"deploy prove --slot production --digest {'0' * 64}",
        ROLLBACK,
    ),
    Case(
        "another app's package",
        lambda cloud: cloud["live"].append({"name": "Payroll", "isDisabled": False}),
        PACKAGE,
        "functions that are not this app's: Payroll",
        "deploy prove",
        ROLLBACK,
    ),
    Case(
        "deployment that failed",
        both(lambda cloud: cloud.loads("Notify"), deployed_by("ZipDeploy", 3)),
        PACKAGE,
        "by joe with ZipDeploy, failed",
        "deploy prove",
        ROLLBACK,
    ),
    Case(
        "nothing mounted",
        both(
            lambda cloud: cloud.loads(),
            lambda cloud: cloud.fails("name", 'ERROR: Not Found({"Message":"\'/home/data\' not found."})'),
        ),
        PACKAGE,
        "packagename.txt is missing",
        "deploy prove",
        ROLLBACK,
    ),
    Case(
        "stopped",
        lambda cloud: cloud["app"].update(state="Stopped"),
        PLATFORM,
        "the app is Stopped",
        f"az functionapp show --resource-group {GROUP} --name {APP}",
        f"az functionapp start --resource-group {GROUP} --name {APP}",
    ),
    Case(
        "no such app",
        lambda cloud: cloud.fails("app", "ERROR: Unable to find App func in resource group rg", 3),
        PLATFORM,
        f"there is no app {APP} in {GROUP}",
        "az functionapp list",
        "environments/prod.bicepparam",
    ),
    Case(
        "platform unavailable",
        lambda cloud: cloud["health"]["properties"].update(availabilityState="Unavailable", summary="We're sorry"),
        PLATFORM,
        "Resource Health: Unavailable: We're sorry",
        "Microsoft.ResourceHealth",
        "wait",
    ),
    Case(
        "host of an older version",
        lambda cloud: cloud.setting("FUNCTIONS_EXTENSION_VERSION").update(value="~3"),
        PLATFORM,
        "FUNCTIONS_EXTENSION_VERSION is ~3, not ~4",
        "config appsettings list",
        "bicepparam",
    ),
    Case(
        "quota",
        lambda cloud: cloud["app"].update(usageState="Exceeded"),
        PLATFORM,
        "the platform limits the app: availability Normal, usage Exceeded",
        "hostruntime/admin/host/status",
        "functionapp restart",
    ),
    Case(
        "incident of the platform",
        both(
            lambda cloud: cloud["host"].update(state="Error", errors=["gone"]),
            lambda cloud: cloud["incidents"].update(
                value=[
                    {
                        "properties": {
                            "eventType": "ServiceIssue",
                            "status": "Active",
                            "title": "Trouble in West Europe",
                            "impact": [{"impactedService": "App Service"}],
                        }
                    },
                    {"properties": {"eventType": "ServiceIssue", "status": "Resolved", "title": "old", "impact": []}},
                ]
            ),
        ),
        PLATFORM,
        "Azure reports an incident: Trouble in West Europe (App Service)",
        "hostruntime",
        "restart",
    ),
    Case(
        "plan not ready",
        lambda cloud: cloud["plan"]["properties"].update(status="Pending"),
        PLATFORM,
        "the plan is Pending",
        "appServicePlanId",
        "bicepparam",
    ),
    Case(
        "worker ended for memory",
        lambda cloud: cloud.logs("python exited with code 137 (0x89)"),
        PLATFORM,
        "as it does for memory",
        "hostruntime/admin/host/status",
        "functionapp restart",
    ),
    Case(
        "setting that a schedule names",
        both(
            without_setting("MAIL_INGEST_SCHEDULE"),
            lambda cloud: cloud.loads(*FUNCTIONS[1:]),
            lambda cloud: cloud.logs(
                "The 'MailIngest' function is in error: '%MAIL_INGEST_SCHEDULE%' does not resolve to a value."
            ),
        ),
        SETTINGS,
        "'%MAIL_INGEST_SCHEDULE%' does not resolve",
        '--query "[].{name:name,slotSetting:slotSetting}"',
        "bicepparam",
    ),
    Case(
        "required setting",
        without_setting("AP_MAILBOX"),
        SETTINGS,
        "settings that are not there: AP_MAILBOX",
        "appsettings",
        "bicepparam",
    ),
    Case(
        "empty setting",
        lambda cloud: cloud.setting("INVOICE_MAILBOX").update(value=""),
        SETTINGS,
        "settings that are empty: INVOICE_MAILBOX",
        "appsettings",
        "bicepparam",
    ),
    Case(
        "worker of another language",
        lambda cloud: cloud.setting("FUNCTIONS_WORKER_RUNTIME").update(value="node"),
        SETTINGS,
        "FUNCTIONS_WORKER_RUNTIME is node, not python",
        "appsettings",
        "bicepparam",
    ),
    Case(
        "flag that is not sticky",
        lambda cloud: cloud.setting("AzureWebJobs.Notify.Disabled").update(slotSetting=False),
        SETTINGS,
        "not sticky, so a swap carries them to the other slot: AzureWebJobs.Notify.Disabled",
        "slotSetting",
        "bicepparam",
    ),
    Case(
        "disabled in production",
        lambda cloud: cloud.setting("AzureWebJobs.PostToAP.Disabled").update(value="true"),
        SETTINGS,
        "functions disabled in production: PostToAP",
        "appsettings",
        "bicepparam",
    ),
    Case(
        "vault refuses",
        unresolved("AccessToKeyVaultDenied"),
        SETTINGS,
        "the Key Vault reference of TEAMS_WEBHOOK_URL is not resolved: AccessToKeyVaultDenied: no access",
        "config/configreferences/appsettings",
        "bicepparam",
    ),
    Case(
        "vault lacks the secret",
        unresolved("SecretNotFound"),
        SETTINGS,
        "SecretNotFound",
        "configreferences",
        "az keyvault secret set --vault-name kvinvagprodx7k2 --name teams-webhook-url",
    ),
    Case(
        "settings that the app refuses",
        lambda cloud: cloud.logs(
            "shared.settings.InvalidSettings: settings are missing or wrong: INGEST_SINCE: wanted a UTC instant"
        ),
        SETTINGS,
        "INGEST_SINCE: wanted a UTC instant",
        "appsettings",
        "bicepparam",
    ),
    Case(
        "storage role that is missing",
        lambda cloud: cloud["roles"].update(value=cloud["roles"]["value"][::2]),
        STORAGE_KIND,
        "lacks on the storage account: Storage Queue Data Contributor",
        f"az role assignment list --assignee {PRINCIPAL}",
        f'--role "Storage Queue Data Contributor" --assignee-object-id {PRINCIPAL} '
        f"--assignee-principal-type ServicePrincipal --scope {STORAGE_ID}",
    ),
    Case(
        "storage that refuses",
        lambda cloud: cloud.logs(
            "Azure.RequestFailedException: This request is not authorized to perform this operation using this "
            "permission. ErrorCode: AuthorizationPermissionMismatch"
        ),
        STORAGE_KIND,
        "the identity lacks a role",
        "az storage account show",
        "bicepparam",
    ),
    Case(
        "storage behind a network",
        lambda cloud: cloud["storage"]["networkRuleSet"].update(defaultAction="Deny"),
        STORAGE_KIND,
        "the app is in no virtual network",
        f"az storage account show --resource-group {GROUP} --name {STORAGE}",
        "bicepparam",
    ),
    Case(
        "storage that fails",
        lambda cloud: cloud["storage"].update(statusOfPrimary="unavailable"),
        STORAGE_KIND,
        "its primary region unavailable",
        "az storage account show",
        "bicepparam",
    ),
    Case(
        "storage that is gone",
        lambda cloud: cloud.fails("storage", "ERROR: (ResourceNotFound) The Resource was not found.", 3),
        STORAGE_KIND,
        "does not exist",
        "az storage account show",
        "bicepparam",
    ),
    Case(
        "key where none is taken",
        lambda cloud: cloud["settings"].append(
            {"name": "AzureWebJobsStorage", "slotSetting": False, "value": f"AccountName=x;AccountKey={SECRETS[1]}"}
        ),
        STORAGE_KIND,
        "AzureWebJobsStorage holds a key, and the storage account takes none",
        "appsettings",
        "bicepparam",
    ),
    Case(
        "identity of another app",
        lambda cloud: cloud.setting("AzureWebJobsStorage__clientId").update(value="0" * 32),
        STORAGE_KIND,
        "names an identity that the app does not have",
        "identity show",
        "bicepparam",
    ),
    Case(
        "mailbox that refuses",
        lambda cloud: cloud.logs("shared.ports.Later: graph 403 ErrorAccessDenied"),
        MAILBOX,
        "the mailbox refuses the app (12 times",
        f"Test-ServicePrincipalAuthorization -Identity {PRINCIPAL}",
        f"mailbox_access/grant.ps1 -ClientId {CLIENT} -ObjectId {PRINCIPAL}",
    ),
    Case(
        "emergency stop",
        lambda cloud: cloud.__setitem__("stop", {"Stopped": True, "Why": "wrong account", "By": "jane@laptop"}),
        STOP,
        "an emergency stop is on: wrong account (by jane@laptop)",
        "operations status",
        "emergency-stop --resume",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_the_cause_ranks_first(case: Case, cloud: Cloud) -> None:
    case.change(cloud)
    first, *others = verdict_of(cloud).causes
    assert first.kind == case.kind
    assert case.evidence in "\n".join(sign.what for sign in first.signs)
    assert case.confirm in first.advice.confirm
    assert case.mend in first.advice.mend
    assert all(first.score >= other.score for other in others)


def test_every_cause_ranks_first_in_some_case() -> None:
    assert {case.kind for case in CASES} == set(Kind)


def test_what_only_supports_a_cause_is_told_when_something_is_wrong(cloud: Cloud) -> None:
    cloud.setting("ENABLE_ORYX_BUILD")["value"] = "true"
    cloud["plan"]["sku"]["name"] = "Y1"
    deployed_by("func_core_tools")(cloud)
    assert verdict_of(cloud).is_healthy
    cloud.loads("Notify")
    said = told(verdict_of(cloud))
    assert "by joe with func_core_tools, went past the pipeline" in said
    assert "ENABLE_ORYX_BUILD is true, not false" in said
    assert "the plan is Y1" in said


def test_two_signs_of_a_cause_weigh_more_than_one(cloud: Cloud) -> None:
    cloud.loads()
    (alone,) = verdict_of(cloud).causes
    cloud["last_good"]["digest"] = "0" * 64
    (together,) = verdict_of(cloud).causes
    assert (alone.score, together.score) == (40, 79)


def test_a_fault_that_a_good_start_followed_is_over(cloud: Cloud) -> None:
    cloud.logs("ImportError: bad magic number in 'shared.x'", minutes_ago=20)
    assert not verdict_of(cloud).is_healthy
    cloud["starts"]["tables"][0]["rows"].append([instant(10), "5 functions loaded"])
    assert verdict_of(cloud).is_healthy
    cloud.loads("Notify")
    assert verdict_of(cloud).causes[0].kind == VERSION


def test_a_fault_of_the_work_is_over_when_it_has_not_shown_for_an_hour(cloud: Cloud) -> None:
    cloud.logs("shared.ports.Later: graph 403 ErrorAccessDenied", minutes_ago=90)
    assert verdict_of(cloud).is_healthy


def test_of_one_text_in_many_lines_the_latest_is_quoted_once(cloud: Cloud) -> None:
    cloud.logs("graph 403 ErrorAccessDenied for x", minutes_ago=9, count=3)
    cloud.logs("graph 403 ErrorAccessDenied for y", minutes_ago=1, count=4)
    (cause,) = verdict_of(cloud).causes
    (sign,) = cause.signs
    assert "7 times" in sign.what
    assert sign.what.endswith("for y")


@pytest.mark.parametrize(
    ("change", "symptom"),
    [
        (lambda cloud: cloud["runs"]["tables"][0]["rows"].pop(0), "no run of MailIngest succeeded in 24 h"),
        (
            lambda cloud: cloud["runs"]["tables"][0]["rows"][0].__setitem__(3, instant(25)),
            "the last good run of MailIngest was 25 min ago",
        ),
        (
            lambda cloud: cloud["runs"]["tables"][0]["rows"][2].__setitem__(5, 3),
            "3 of 68 runs failed in the last hour (4.4 %)",
        ),
        (
            lambda cloud: cloud["poison"].update(items=[{"PartitionKey": "to-post", "Body": "secret"}] * 2),
            "2 poison messages: python -m infrastructure.operations poison list",
        ),
        (
            lambda cloud: cloud["to-post"][0].update(insertionTime=instant(130)),
            "to-post: 1 messages in front, the oldest waits for 2 h 10 min",
        ),
        (lambda cloud: cloud["host"].update(errors=["odd"]), "the host reports 1 errors"),
    ],
)
def test_what_is_wrong_without_a_known_cause_is_no_health(change: Change, symptom: str, cloud: Cloud) -> None:
    change(cloud)
    verdict = verdict_of(cloud)
    assert verdict.symptoms == (symptom,)
    assert verdict.causes == ()
    assert not verdict.is_healthy


def test_poison_is_told_by_the_app_itself_where_the_table_does_not_answer(cloud: Cloud) -> None:
    cloud.fails("poison", "ERROR: AuthorizationPermissionMismatch")
    cloud["watch"]["tables"][0]["rows"][0][1] = 'watch: {"poison_kept": 3, "poison_queued": 1, "stopped": "why not"}'
    assert "4 poison messages" in verdict_of(cloud).symptoms[0]
    assert verdict_of(cloud).causes == ()  # the stop's row says that there is none
    cloud.fails("stop", "ERROR: AuthorizationPermissionMismatch")
    assert "why not" in told(verdict_of(cloud))


QUESTIONS = ["app", "changes", "config", "errors", "functions", "host", "live", "roles", "settings"]


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_without_an_answer_is_told_and_stops_nothing(question: str, cloud: Cloud) -> None:
    cloud.loads("Notify")
    cloud.fails(question, f"ERROR: (AuthorizationFailed) The client 'jane' has no authorization; sig={SECRETS[0]}")
    subject = Subject(datetime.now(UTC), GROUP, APP, "")
    evidence = read(subject, answers_of(cloud, subject))
    assert "AuthorizationFailed" in evidence.unanswered[question]
    assert SECRETS[0] not in str(evidence)
    assert PACKAGE in {cause.kind for cause in judge(evidence).causes}


def test_answers_of_another_form_count_as_none(cloud: Cloud) -> None:
    cloud.replies["app"] = Reply(text="<!DOCTYPE html><title>Sign in</title>")
    cloud.replies["host"] = Reply(text="Upgrade now!\n{}")
    cloud["live"] = {"value": "later"}
    cloud["errors"]["tables"][0]["rows"] = [["a line", "three"]]
    subject = Subject(datetime.now(UTC), GROUP, APP, "")
    found = read(subject, answers_of(cloud, subject)).unanswered
    assert found["app"] == "the answer is a page of HTML, not JSON"
    assert found["host"].startswith("the answer is not JSON: Upgrade now!")
    assert "another form" in found["errors"]


def test_what_needs_an_unknown_name_is_not_asked(cloud: Cloud) -> None:
    cloud["settings"] = [each for each in cloud["settings"] if "__accountName" not in each["name"]]
    subject = Subject(datetime.now(UTC), GROUP, APP, "")
    found = read(subject, answers_of(cloud, subject)).unanswered
    assert found["storage_account"] == found["poison"] == "not asked: storage is not known"


def test_with_too_little_answered_nobody_calls_the_app_healthy(cloud: Cloud) -> None:
    cloud.fails("live", "ERROR: Bad Gateway")
    assert verdict_of(cloud).is_healthy  # ARM knows the functions, too
    cloud.fails("functions", "ERROR: Bad Gateway")
    assert verdict_of(cloud) == Verdict((), (), is_blind=True)


class TestScript:
    """diagnose.sh and the code agree."""

    def test_names_what_the_code_names(self) -> None:
        text = SCRIPT.read_text("utf-8")
        functions = " ".join(function.name for function in policy.read().functions)
        version = (checkout() / ".python-version").read_text("utf-8").strip()
        assert f"functions='{functions}'" in text
        assert f"runtime='Python|{version}'" in text
        assert {step.name for step in steps() if step.name.startswith("queue-")} == {f"queue-{q}" for q in QUEUES}

    def test_required_settings_are_those_that_app_and_host_ask_for(self) -> None:
        with pytest.raises(InvalidSettings) as refused:
            Settings.from_env({})
        of_app = {fault.partition(":")[0] for fault in refused.value.faults} - {"AzureWebJobsStorage"}
        of_host = set(re.findall(r"%(\w+)%", (checkout() / "function_app.py").read_text("utf-8")))
        assert of_app | of_host <= set(REQUIRED)

    def test_changes_nothing(self) -> None:
        """Every question reads; those to a URL are GETs."""
        for step in steps():
            words = step.words if step.verb != "set" else ()
            assert (
                words == ()
                or {"show", "list", "query", "peek"} & set(words[:5])
                or words[:3] == ("rest", "--method", "get")
            )

    def test_every_answer_is_cut_down_to_what_is_looked_at(self) -> None:
        whole = {step.name for step in steps() if step.verb == "ask" and "--query" not in step.words}
        assert whole == {"last_good"}

    def test_values_of_settings_are_shown_for_those_that_can_be_no_secret(self) -> None:
        (settings,) = (step for step in steps() if step.name == "settings")
        shown = set(re.findall(r"contains\(\[(.*?)\]", settings.words[-1])[0].replace("'", "").split(","))
        assert not {name for name in shown if re.search("URL|KEY|SECRET|TOKEN|CONNECTION|MAILBOX", name)}

    def test_is_clean_for_shellcheck(self) -> None:
        shellcheck = Path(sys.executable).with_name("shellcheck")
        checked = subprocess.run([shellcheck, SCRIPT], capture_output=True, text=True, check=False)
        assert checked.stdout + checked.stderr == ""


def test_the_pipeline_is_known_by_the_name_that_it_deploys_under() -> None:
    deploying = "".join(path.read_text("utf-8") for path in (checkout() / "infrastructure" / "deploy").glob("*.py"))
    assert re.findall(r"""["']deployer["']: ["']([^"']+)["']""", deploying) == [PIPELINE]


def test_every_text_has_a_weight_that_leaves_doubt() -> None:
    assert all(0 < text.weight < 99 and text.meaning for text in TEXTS)


def test_a_folder_keeps_what_was_answered(cloud: Cloud, tmp_path: Path) -> None:
    subject = Subject(datetime(2026, 11, 29, 7, 0, tzinfo=UTC), GROUP, APP, "staging")
    cloud.fails("roles", "ERROR: Forbidden")
    answers = answers_of(cloud, subject)
    save(tmp_path, subject, answers)
    assert load(tmp_path) == (subject, answers)
    assert {path.stat().st_mode & 0o077 for path in tmp_path.iterdir()} == {0}


def test_a_folder_without_answers_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnusableFolder, match=r"wanted a folder that diagnose --save or diagnose.sh --save wrote"):
        load(tmp_path)


def saved(cloud: Cloud, folder: Path) -> Path:
    """A folder as `--save` leaves it."""
    subject = Subject(datetime.now(UTC), GROUP, APP, "")
    save(folder, subject, answers_of(cloud, subject))
    return folder


def judged(*arguments: str | Path) -> int:
    """Run `diagnose` in this process."""
    parser = argparse.ArgumentParser()
    add_arguments(parser.add_subparsers(dest="command").add_parser("diagnose"))
    parsed = parser.parse_args(["diagnose", *map(str, arguments)])
    code: int = parsed.run(parsed)
    return code


def test_too_little_is_no_verdict(cloud: Cloud, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for question in ("live", "functions"):
        cloud.fails(question, "ERROR: Bad Gateway")
    assert judged("--from", saved(cloud, tmp_path)) == 1
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == "too little was answered to say how the app is; 2 questions were not answered"


def test_what_nothing_known_explains_is_said_to_be_so(
    cloud: Cloud, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud["host"]["errors"] = ["odd"]
    assert judged("--from", saved(cloud, tmp_path)) == 3
    shown = capsys.readouterr().out
    assert "  - the host reports 1 errors\n" in shown
    assert shown.splitlines()[-1].startswith("something is wrong, and nothing known explains it")


def test_where_nothing_was_answered_the_first_reason_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nothing = Cloud(default=Reply(error="ERROR: the proxy says no", status=1))
    assert judged("--from", saved(nothing, tmp_path)) == 1
    assert "nothing could be asked: az ended with 1: ERROR: the proxy says no" in " ".join(
        capsys.readouterr().err.split()
    )


def test_a_strangers_text_does_not_reach_the_terminal(
    cloud: Cloud, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud.logs("graph 403 ErrorAccessDenied \x1b[2J\x1b]0;owned\x07 [bold]not markup[/bold]")
    cloud["deployments"]["value"][0]["properties"].update(author="\x1b[31mjoe", message="a\nb")
    assert judged("--from", saved(cloud, tmp_path)) == 3
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert "[bold]not markup[/bold]" in shown


# From here on as people run them.


def environment(folder: Path, **more: str) -> dict[str, str]:
    names = ("RESOURCE_GROUP", "FUNCTION_APP", "STORAGE_ACCOUNT")
    kept = {name: value for name, value in os.environ.items() if name not in names}
    return {**kept, "PATH": f"{folder}:{os.environ['PATH']}", **more}


# As __main__ registers it, without the other commands and what they import.
PROGRAM = """
import argparse, sys
from infrastructure.operations.diagnose import add_arguments
parser = argparse.ArgumentParser()
add_arguments(parser.add_subparsers(dest="command").add_parser("diagnose"))
arguments = parser.parse_args(["diagnose", *sys.argv[1:]])
sys.exit(arguments.run(arguments))
"""


def diagnose(folder: Path, *arguments: str | Path, **more: str) -> "subprocess.CompletedProcess[str]":
    return started([sys.executable, "-c", PROGRAM, *map(str, arguments)], environment(folder, **more))


def script(folder: Path, *arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    return started(["bash", str(SCRIPT), *map(str, arguments)], environment(folder))


def started(command: list[str], env: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command, cwd=checkout(), env=env, capture_output=True, text=True, encoding="utf-8", timeout=200, check=False
    )


def everything(*runs: "subprocess.CompletedProcess[str]", folder: Path) -> str:
    files = (path.read_text("utf-8") for path in sorted(folder.rglob("*")) if path.is_file())
    return "\n".join([*(run.stdout + run.stderr for run in runs), *files])


def test_both_find_a_healthy_app_healthy_and_keep_secrets_to_themselves(cloud: Cloud, tmp_path: Path) -> None:
    bin_ = install(tmp_path / "bin", cloud)
    saved = tmp_path / "saved"
    saved.mkdir()
    shown = diagnose(bin_, "--save", saved / "python")
    plain = script(bin_, "--save", saved / "shell")
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert "healthy" in shown.stdout.splitlines()[-1]
    assert plain.returncode == 0, plain.stdout + plain.stderr
    assert "functions loaded: 5 of 5\n" in plain.stdout
    again = diagnose(bin_, "--from", saved / "shell", "--json")
    document = json.loads(again.stdout)
    assert document["healthy"] is True
    assert document["facts"]["package"] == f"20261128.zip, sha256 {DIGEST}"
    assert document["facts"]["settings"] == "24, 5 of 5 required, 1 of 1 references resolved"
    said = everything(shown, plain, again, folder=saved)
    assert [secret for secret in SECRETS if secret in said] == []
    assert "Ym9keQ" not in said, "a message's body was shown"
    assert "sig=***" in said


def test_both_gather_the_same_and_the_verdict_of_a_saved_folder_is_that_of_the_app(
    cloud: Cloud, tmp_path: Path
) -> None:
    index_failure("ModuleNotFoundError: No module named 'pydantic_core._pydantic_core'.")(cloud)
    cloud.fails("roles", "ERROR: (AuthorizationFailed) nothing for you")
    bin_ = install(tmp_path / "bin", cloud)
    live = diagnose(bin_, "--json", "--save", tmp_path / "python", "--slot", "staging")
    plain = script(bin_, "--save", tmp_path / "shell", "--slot", "staging")
    assert (live.returncode, plain.returncode) == (3, 3)
    assert "functions loaded: 0 of 5, missing: MailIngest ExtractEnrich PostToAP Notify AddVendor" in plain.stdout
    assert "no answer: roles\n" in plain.stdout
    by_python, by_shell = load(tmp_path / "python")[1], load(tmp_path / "shell")[1]
    assert by_python.keys() == by_shell.keys()
    assert {name: _bare(each) for name, each in by_python.items()} == {
        name: _bare(each) for name, each in by_shell.items()
    }
    causes = json.loads(live.stdout)["causes"]
    assert causes[0]["cause"] == "version mismatch"
    for folder in ("python", "shell"):
        again = diagnose(bin_, "--from", tmp_path / folder, "--json")
        assert json.loads(again.stdout)["causes"] == causes
    calls = (bin_ / "calls.txt").read_text("utf-8").splitlines()
    by_each = len(calls) // 2
    assert sorted(re.sub(r"\S+/download", "F", each) for each in calls[:by_each]) == sorted(
        re.sub(r"\S+/download", "F", each) for each in calls[by_each:]
    )
    assert all("--slot staging" in call for call in calls if "functionapp" in call)
    assert any("ai-invoice-agent-prod-staging" in call for call in calls)


def _bare(answer: Answer) -> tuple[str, str]:
    return answer.text.strip(), " ".join(answer.failure.split())


def test_people_read_evidence_commands_and_gaps(cloud: Cloud, tmp_path: Path) -> None:
    cloud["config"]["linuxFxVersion"] = "PYTHON|3.13"
    cloud.fails("changes", "WARNING: preview\nERROR: (AuthorizationFailed) nothing for you")
    cloud.replies["app"].warning = "WARNING: You have 2 updates available.\n"
    shown = diagnose(install(tmp_path / "bin", cloud))
    assert shown.returncode == 3
    assert "1. version mismatch (score 95)" in shown.stdout
    assert (
        f"confirm: az functionapp config show --resource-group {GROUP} --name {APP} --query linuxFxVersion"
        in shown.stdout
    )
    assert "- changes: az ended with 1: WARNING: preview ERROR: (AuthorizationFailed) nothing for you" in shown.stdout
    assert shown.stdout.splitlines()[-1] == (
        "likeliest cause: version mismatch (score 95); 1 questions were not answered"
    )


def test_who_is_not_logged_in_is_told_to(tmp_path: Path) -> None:
    bin_ = install(tmp_path / "bin", Cloud(default=Reply(error=NOT_LOGGED_IN, status=1)))
    shown, plain = diagnose(bin_), script(bin_)
    assert shown.returncode == 1
    assert shown.stdout == ""
    assert shown.stderr.startswith("diagnose: nothing could be asked, log in first: az login")
    assert plain.returncode == 1
    assert "az login" in plain.stdout


def test_where_there_is_no_az_both_say_how_to_get_it(tmp_path: Path) -> None:
    tools = ("bash", "env", "date", "mktemp")
    for tool in tools:
        (tmp_path / tool).symlink_to(str(shutil.which(tool)))
    for run in (
        diagnose(tmp_path, PATH=str(tmp_path)),
        started(["bash", str(SCRIPT)], environment(tmp_path, PATH=str(tmp_path))),
    ):
        assert run.returncode == 1
        assert "az is not installed: https://learn.microsoft.com/cli/azure/install-azure-cli" in run.stderr


def test_an_az_that_hangs_costs_its_own_answer_only(cloud: Cloud, tmp_path: Path) -> None:
    """The Python under the shell script has to go as well: it holds the pipe, and sleeps beyond the test's time."""
    cloud.replies["roles"].sleep = 600
    bin_ = install(tmp_path / "bin", cloud)
    shown = diagnose(bin_, "--json", "--timeout", "8")
    plain = script(bin_, "--timeout", "8", "--save", tmp_path / "shell")
    assert json.loads(shown.stdout)["unanswered"] == {"roles": "no answer within 8 seconds"}
    assert (shown.returncode, plain.returncode) == (0, 0)
    assert load(tmp_path / "shell")[1]["roles"].failure.strip() == "no answer within 8 seconds"
    assert left_running(bin_) == []


def left_running(folder: Path) -> list[str]:
    """Processes whose command names the folder; one that was killed a moment ago is given time to go."""
    found: list[str] = []
    for _ in range(50):
        lines = (_command_line(path) for path in Path("/proc").glob("[0-9]*/cmdline"))
        if not (found := [line for line in lines if str(folder) in line]):
            break
        time.sleep(0.1)
    return found


def _command_line(path: Path) -> str:
    try:
        return path.read_text("utf-8", errors="replace")
    except OSError:
        return ""  # it ended meanwhile


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--from", "nowhere"), "nowhere: wanted a folder"),
        (("--save", str(checkout() / "shared")), "wanted an empty folder"),
    ],
)
def test_a_folder_that_cannot_be_used_ends_it_before_az_is_asked(
    arguments: tuple[str, ...], said: str, cloud: Cloud, tmp_path: Path
) -> None:
    bin_ = install(tmp_path / "bin", cloud)
    shown = diagnose(bin_, *arguments)
    assert shown.returncode == 1
    assert said in shown.stderr
    assert not (bin_ / "calls.txt").exists()


@pytest.mark.parametrize(
    "arguments", [("--nonsense",), ("--timeout", "soon"), ("--save",), ("--save", str(checkout() / "shared"))]
)
def test_the_script_refuses_arguments_that_it_does_not_understand(arguments: tuple[str, ...], tmp_path: Path) -> None:
    run = script(install(tmp_path / "bin", Cloud()), *arguments)
    assert run.returncode == 2
    assert run.stderr.startswith("diagnose.sh: ")


def test_the_script_takes_its_names_from_the_environment(cloud: Cloud, tmp_path: Path) -> None:
    bin_ = install(tmp_path / "bin", Cloud(default=Reply(document="x")))
    env = environment(bin_, RESOURCE_GROUP="rg-invoice-agent-dev", FUNCTION_APP="func-x", STORAGE_ACCOUNT="stx")
    started(["bash", str(SCRIPT)], env)
    calls = (bin_ / "calls.txt").read_text("utf-8")
    assert "--resource-group rg-invoice-agent-dev --name func-x" in calls
    assert "--name ai-invoice-agent-dev" in calls
    assert "storage account show --resource-group rg-invoice-agent-dev --name stx" in calls
