"""The check for roles that would open every mailbox, run against an az that answers as Graph does."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from infrastructure.checkout import checkout
from tests.operations.diagnose_az import install
from tests.operations.diagnose_cloud import NOT_LOGGED_IN, PRINCIPAL, Cloud, Reply

SCRIPT = checkout() / "infrastructure" / "mailbox_access" / "tenant_wide_roles.sh"

# https://learn.microsoft.com/graph/permissions-reference
MAIL = {
    "Mail.ReadWrite": "e2a3a72e-5f79-4c64-b1b1-878b674786c9",
    "Mail.Send": "b633e1c5-b582-4048-a93e-9f11b44c7e96",
    "Mail.Read": "810c84a8-4a9e-49e6-bf7d-12d183f40d01",
}
OTHER = {"User.Read.All": "df021288-bdef-4463-88db-98f22de89214"}
FULL_ACCESS = "dc890d15-9560-4a4c-9b7f-a736ec74ec40"
GRAPH, EXCHANGE = "Microsoft Graph", "Office 365 Exchange Online"


def granted(role: str, api: str = GRAPH) -> dict[str, Any]:
    return {"id": f"assignment-{role[:4]}", "appRoleId": role, "resourceDisplayName": api, "principalId": PRINCIPAL}


def run(folder: Path, cloud: Cloud, *arguments: str) -> "subprocess.CompletedProcess[str]":
    path = f"{install(folder, cloud)}:{os.environ['PATH']}"
    return started(arguments or ("--object-id", PRINCIPAL), path)


def started(arguments: tuple[str, ...], path: str) -> "subprocess.CompletedProcess[str]":
    command = [str(shutil.which("bash")), str(SCRIPT), *arguments]
    env = {**os.environ, "PATH": path}
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def cloud() -> Cloud:
    roles = [{"id": role, "value": name, "displayName": name} for name, role in (MAIL | OTHER).items()]
    return Cloud({"graph_roles": Reply({"appRoles": roles}), "app_roles": Reply({"value": []})})


@pytest.mark.parametrize("grants", [[], [granted(OTHER["User.Read.All"])]], ids=["no role", "no role for mail"])
def test_what_is_for_no_mail_is_left_in_peace(grants: list[dict[str, Any]], cloud: Cloud, tmp_path: Path) -> None:
    cloud["app_roles"]["value"] = grants
    checked = run(tmp_path, cloud)
    assert (checked.returncode, checked.stdout) == (0, f"no role for mail is granted tenant-wide to {PRINCIPAL}\n")


@pytest.mark.parametrize("name", sorted(MAIL))
def test_a_role_for_mail_is_named_with_the_command_that_takes_it_away(name: str, cloud: Cloud, tmp_path: Path) -> None:
    cloud["app_roles"]["value"] = [granted(OTHER["User.Read.All"]), granted(MAIL[name])]
    checked = run(tmp_path, cloud)
    assert checked.returncode == 3
    first, second = checked.stdout.splitlines()
    assert first == f"tenant-wide: {name} of Microsoft Graph; it holds for every mailbox"
    url = (
        f"https://graph.microsoft.com/v1.0/servicePrincipals/{PRINCIPAL}/appRoleAssignments/assignment-{MAIL[name][:4]}"
    )
    assert second == f"  take it away: az rest --method delete --url '{url}'"


def test_any_role_on_exchange_itself_is_for_every_mailbox(cloud: Cloud, tmp_path: Path) -> None:
    cloud["app_roles"]["value"] = [granted(FULL_ACCESS, EXCHANGE)]
    checked = run(tmp_path, cloud)
    assert checked.returncode == 3
    assert f"tenant-wide: {FULL_ACCESS} of {EXCHANGE}" in checked.stdout


@pytest.mark.parametrize("question", ["graph_roles", "app_roles"])
def test_what_cannot_be_asked_is_no_all_clear(question: str, cloud: Cloud, tmp_path: Path) -> None:
    cloud.fails(question, NOT_LOGGED_IN)
    checked = run(tmp_path, cloud)
    assert (checked.returncode, checked.stdout) == (1, "")
    assert "az login" in checked.stderr


def test_a_graph_without_roles_is_no_all_clear(cloud: Cloud, tmp_path: Path) -> None:
    cloud["graph_roles"]["appRoles"] = []
    assert run(tmp_path, cloud).returncode == 1


def test_without_az_it_says_how_to_get_it(tmp_path: Path) -> None:
    checked = started(("--object-id", PRINCIPAL), str(tmp_path))
    assert checked.returncode == 1
    assert "az is not installed" in checked.stderr


@pytest.mark.parametrize(
    "arguments", [("--object-id",), ("--object-id", "jane"), ("--object-id", f"{PRINCIPAL}/x"), ("--nonsense", "x")]
)
def test_arguments_that_are_no_id_are_refused(arguments: tuple[str, ...], cloud: Cloud, tmp_path: Path) -> None:
    checked = run(tmp_path, cloud, *arguments)
    assert checked.returncode == 2
    assert "wanted --object-id" in checked.stderr
    assert not (tmp_path / "calls.txt").exists()


def test_it_only_reads(cloud: Cloud, tmp_path: Path) -> None:
    run(tmp_path, cloud)
    calls = (tmp_path / "calls.txt").read_text("utf-8").splitlines()
    assert len(calls) == 2
    assert all(call.startswith("rest --method get ") for call in calls)


def test_it_is_clean_for_shellcheck() -> None:
    shellcheck = Path(sys.executable).with_name("shellcheck")
    checked = subprocess.run([shellcheck, SCRIPT], capture_output=True, text=True, check=False)
    assert checked.stdout + checked.stderr == ""
