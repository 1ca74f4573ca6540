"""Every environment gives what main.bicep wants, and is called as people and pipelines call it."""

import re
from pathlib import Path

import pytest

from tests.infrastructure.bicep.source import (
    Call,
    Value,
    arguments,
    fields,
    parameter_files,
    template,
    text,
    texts,
)

FILES = parameter_files()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_an_environment_gives_every_required_parameter_and_no_unknown_one(path: Path) -> None:
    _, values = arguments(path)
    parameters = template("main.bicep").parameters
    assert set(values) <= set(parameters)
    assert {name for name, parameter in parameters.items() if parameter.is_required} <= set(values)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_what_an_environment_gives_is_allowed(path: Path) -> None:
    _, values = arguments(path)
    for name, value in values.items():
        decorators = template("main.bicep").parameters[name].decorators
        if "allowed" in decorators:
            assert value in texts(decorators["allowed"][0]), name
        if "minLength" in decorators:
            (least,) = decorators["minLength"]
            assert isinstance(least, int)
            assert len(text(value)) >= least, name


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_an_environment_is_called_as_its_file(path: Path) -> None:
    assert arguments(path)[1]["environmentName"] == path.stem


def test_no_two_environments_share_a_mailbox() -> None:
    mailboxes = [arguments(path)[1]["invoiceMailbox"] for path in FILES]
    assert len(set(map(str, mailboxes))) == len(FILES)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_teams_is_on_only_with_a_webhook_to_resolve(path: Path) -> None:
    _, values = arguments(path)
    assert isinstance(values["usesTeams"], bool)
    assert values["teamsWebhookUrl"] == Call("readEnvironmentVariable", ("TEAMS_WEBHOOK_URL", ""))


def test_the_names_are_those_that_people_know() -> None:
    main = template("main.bicep")
    default = main.parameters["functionAppName"].default[0]
    monitoring = fields(main.modules["monitoring"].body["params"])
    assert named(default) == "func-invoice-agent-prod"
    assert named(monitoring["componentName"]) == "ai-invoice-agent-prod"
    assert "az group create --name rg-invoice-agent-prod" in main.text


def named(value: Value) -> str:
    """An interpolated name, in production."""
    main = template("main.bicep")
    names = {"environmentName": "prod"}
    names["workload"] = _filled(str(getattr(main.variables["workload"], "text", "")), names)
    return _filled(str(getattr(value, "text", "")), names)


def _filled(pattern: str, names: dict[str, str]) -> str:
    return re.sub(r"\$\{(\w+)}", lambda found: names[found[1]], pattern.strip("'"))
