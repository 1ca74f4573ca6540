"""What is deployed is what the code wants: queues, tables, functions, settings, Python version."""

import re
from collections.abc import Mapping

import pytest

from infrastructure.deploy.releases import CONTAINER
from infrastructure.package import policy
from shared.adapters.tables import service as tables
from shared.domain.messages import QUEUES
from shared.settings import NAMES, STORAGE, Settings
from tests.app.checkout import json_of, text
from tests.infrastructure.bicep.source import (
    Choice,
    Expression,
    Value,
    arguments,
    fields,
    parameter_files,
    template,
    texts,
)
from tests.infrastructure.bicep.source import text as literal

FUNCTIONS = sorted(re.findall(r'^@app\.function_name\("(\w+)"\)$', text("function_app.py"), re.MULTILINE))
STORAGE_BY_IDENTITY = {f"{STORAGE}__{part}" for part in ("accountName", "credential", "clientId")}
OURS = {*NAMES, "MAIL_INGEST_SCHEDULE"} - {STORAGE}

# What the platform is told, and why: facts about deployment slots, packages and workers in the comments beside them.
PLATFORM = {
    "FUNCTIONS_EXTENSION_VERSION": "~4",
    "FUNCTIONS_WORKER_RUNTIME": "python",
    "FUNCTIONS_WORKER_PROCESS_COUNT": "1",
    "WEBSITE_RUN_FROM_PACKAGE": "1",
    "SCM_DO_BUILD_DURING_DEPLOYMENT": "false",
    "ENABLE_ORYX_BUILD": "false",
    "WEBSITE_OVERRIDE_STICKY_EXTENSION_VERSIONS": "0",
    "WEBSITE_OVERRIDE_STICKY_DIAGNOSTICS_SETTINGS": "0",
    "WEBSITE_SWAP_WARMUP_PING_PATH": "/admin/host/ping",
    "WEBSITE_SWAP_WARMUP_PING_STATUSES": "200,301,302,307,308",
}


def common() -> Mapping[str, Value]:
    """The settings that both slots have alike."""
    return fields(template("modules/settings.bicep").variables["settings"])


def test_the_queues_are_the_codes_with_a_poison_queue_each() -> None:
    storage = template("modules/storage.bicep")
    assert sorted(texts(storage.variables["queues"])) == sorted(QUEUES)
    assert storage.variables["poisonQueues"] == Expression("[for queue in queues: '${queue}-poison']")
    assert "concat" in str(storage.resources["queue"].each)


def test_the_tables_are_the_codes() -> None:
    named = {value for name, value in vars(tables).items() if name.isupper() and isinstance(value, str)}
    assert {"InvoiceTransactions", "Control"} <= named
    assert set(texts(template("modules/storage.bicep").variables["tables"])) == named


def test_the_container_of_releases_is_the_one_that_deployments_use() -> None:
    releases = template("modules/storage.bicep").resources["releases"]
    assert literal(releases.body["name"]) == CONTAINER
    assert releases.properties["publicAccess"] == "None"
    assert literal(template("modules/rbac.bicep").resources["releases"].body["name"]) == CONTAINER


def test_no_rule_deletes_packages_by_age() -> None:
    """It would not know which of them is the last good one."""
    types = {each.type for each in template("modules/storage.bicep").resources.values()}
    assert not any(kind.endswith("managementPolicies") for kind in types)


def test_the_functions_are_those_that_a_package_must_load() -> None:
    assert sorted(function.name for function in policy.read().functions) == FUNCTIONS


@pytest.mark.parametrize(("variable", "value"), [("enabled", "false"), ("disabled", "true")])
def test_every_function_has_its_switch(variable: str, value: str) -> None:
    switches = fields(template("modules/settings.bicep").variables[variable])
    assert switches == {f"AzureWebJobs.{name}.Disabled": value for name in FUNCTIONS}


def test_the_settings_are_the_codes_and_the_platforms() -> None:
    assert set(common()) == OURS | STORAGE_BY_IDENTITY | set(PLATFORM) | {"APPLICATIONINSIGHTS_AUTHENTICATION_STRING"}
    assert {name: common()[name] for name in PLATFORM} == PLATFORM


def test_the_settings_of_a_developer_are_deployed_too() -> None:
    values = set(json_of("local.settings.json.example")["Values"])
    assert values - {STORAGE} <= set(common())


def test_the_settings_of_the_readme_are_deployed_with_its_defaults() -> None:
    rows = re.findall(r"^\| `([A-Z_]+)` \| .* \| (.+) \|$", text("README.md").partition("## Settings")[2], re.MULTILINE)
    defaults = {name: default.strip("`") for name, default in rows if default.startswith("`")}
    assert len(defaults) >= 9
    assert {name: common()[name] for name in defaults} == defaults


def test_no_plain_connection_string_wins_over_the_identity() -> None:
    assert STORAGE not in common()
    assert common()[f"{STORAGE}__credential"] == "managedidentity"
    assert common()["GRAPH_CREDENTIAL"] == "managed_identity"
    assert common()["APPLICATIONINSIGHTS_AUTHENTICATION_STRING"] == Expression(
        "'ClientId=${identityClientId};Authorization=AAD'"
    )


def test_every_setting_that_a_decorator_names_is_deployed() -> None:
    named = set(re.findall(r"%(\w+)%", text("function_app.py")))
    assert named == {"MAIL_INGEST_SCHEDULE"}
    assert named <= set(common())


def test_the_schedule_is_every_minute_in_six_fields() -> None:
    assert literal(common()["MAIL_INGEST_SCHEDULE"]).split() == ["0", "*", "*", "*", "*", "*"]


def test_the_python_version_is_the_projects() -> None:
    config = fields(template("modules/app.bicep").variables["siteConfig"])
    assert config["linuxFxVersion"] == f"Python|{text('.python-version').strip()}"


def test_the_first_mail_that_counts_must_be_named() -> None:
    """Else day one forwards years of old mail."""
    parameter = template("main.bicep").parameters["ingestSince"]
    assert parameter.is_required
    assert parameter.decorators["minLength"] == (len("2026-12-01T00:00:00Z"),)


@pytest.mark.parametrize("name", [path.name for path in parameter_files()])
def test_the_app_starts_with_what_an_environment_tells_it(name: str) -> None:
    settings = Settings.from_env(told(name))
    assert settings.ingest_since is not None
    assert settings.storage.is_managed
    assert settings.storage.client_id == "client-id"
    assert settings.graph_credential == "managed_identity"


def told(name: str) -> dict[str, str]:
    """The common settings of an environment, with stand-ins for what only a deployment knows."""
    (file,) = (path for path in parameter_files() if path.name == name)
    _, environment = arguments(file)
    main = template("main.bicep")
    stand_ins: dict[str, Value] = {"storage.outputs.name": "account", "identity.outputs.clientId": "client-id"}
    known = stand_ins | {each.name: each.default[0] for each in main.parameters.values() if each.default} | environment
    passed = {
        parameter: _known(value, known) for parameter, value in fields(main.modules["settings"].body["params"]).items()
    }
    return {setting: literal(_known(value, passed)) for setting, value in common().items()}


def _known(value: Value, known: Mapping[str, Value]) -> Value:
    if isinstance(value, Choice):
        return _known(value.then if known.get(value.condition) else value.otherwise, known)
    if isinstance(value, Expression):
        written = value.text.strip("'")
        return known.get(written, re.sub(r"\$\{(\w+)}", lambda found: str(known[found[1]]), written))
    return value
