"""Every file is Bicep, every name in it is used, and every module and query is part of what is deployed.

`bicep build` also checks types; it is not among the tools that can be installed here.
"""

import json
import re
from pathlib import Path

import pytest

from tests.infrastructure.bicep.source import (
    FOLDER,
    Unreadable,
    arguments,
    parameter_files,
    read,
    template,
    templates,
)

NAMES = [str(path.relative_to(FOLDER)) for path in templates()]
PARAMETERS = [path.name for path in parameter_files()]


def test_there_is_something_to_check() -> None:
    assert len(NAMES) >= 10
    assert PARAMETERS == ["dev.bicepparam", "prod.bicepparam"]


@pytest.mark.parametrize("name", NAMES)
def test_a_template_parses_whole(name: str) -> None:
    assert template(name).text


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_file_of_parameters_parses_whole(name: str) -> None:
    using, values = arguments(FOLDER / "environments" / name)
    assert (FOLDER / "environments" / using).resolve() == FOLDER / "main.bicep"
    assert values


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("param name string\nvar x = {\n  a: 'b'\n", 2),
        ("resource plan 'Microsoft.Web/serverfarms@2024-04-01' = {\n  name 'x'\n}\n", 2),
        ("var x = [\n  'a'\n\nvar y = 'b'\n", 4),
    ],
    ids=["an object that does not end", "a property without its colon", "an array that does not end"],
)
def test_what_is_no_bicep_is_found(tmp_path: Path, content: str, line: int) -> None:
    broken = tmp_path / "broken.bicep"
    broken.write_text(content)
    with pytest.raises(Unreadable, match=rf"broken\.bicep: no Bicep at line {line}"):
        read(broken)


def test_a_file_of_parameters_that_is_broken_is_found(tmp_path: Path) -> None:
    broken = tmp_path / "broken.bicepparam"
    broken.write_text("using '../main.bicep'\nparam name = [\n  'x'\n")
    with pytest.raises(Unreadable, match=r"broken\.bicepparam: no Bicep"):
        arguments(broken)


@pytest.mark.parametrize("name", NAMES)
def test_no_parameter_variable_or_existing_resource_is_unused(name: str) -> None:
    source = template(name)
    existing = [symbol for symbol, resource in source.resources.items() if resource.is_existing]
    declared = [*source.parameters, *source.variables, *existing]
    assert [each for each in declared if source.mentioned[each] < 2] == []


@pytest.mark.parametrize("name", NAMES)
def test_every_parameter_and_output_says_what_it_is(name: str) -> None:
    source = template(name)
    undescribed = [each for each, parameter in source.parameters.items() if "description" not in parameter.decorators]
    assert undescribed == []
    for parameter in source.parameters.values():
        (said,) = parameter.decorators["description"]
        assert re.match("Required. " if parameter.is_required else "(Optional|Required). ", str(said)), said
    outputs = re.findall(r"(?:^@description\(.*\)\n)?^output (\w+)", source.text, re.MULTILINE)
    described = re.findall(r"^@description\(.*\)\noutput (\w+)", source.text, re.MULTILINE)
    assert outputs == described


def test_every_module_is_deployed_by_main() -> None:
    deployed = sorted(module.kind for module in template("main.bicep").modules.values())
    assert deployed == sorted(name for name in NAMES if name != "main.bicep")


@pytest.mark.parametrize("symbol", sorted(template("main.bicep").modules))
def test_a_module_gets_the_parameters_that_it_wants(symbol: str) -> None:
    module = template("main.bicep").modules[symbol]
    wanted = template(module.kind).parameters
    given = module.body["params"]
    assert isinstance(given, dict)
    assert set(given) <= set(wanted)
    assert {name for name, parameter in wanted.items() if parameter.is_required} <= set(given)


def test_an_output_that_is_read_exists() -> None:
    main = template("main.bicep")
    read_outputs = set(re.findall(r"\b(\w+)\.outputs\.(\w+)", main.text))
    assert read_outputs
    assert [pair for pair in sorted(read_outputs) if pair[1] not in template(main.modules[pair[0]].kind).outputs] == []


def test_a_type_of_resource_has_one_version_everywhere() -> None:
    found = {(each.type, each.version) for name in NAMES for each in template(name).resources.values()}
    types = [kind for kind, _ in found]
    assert sorted(kind for kind in set(types) if types.count(kind) > 1) == []
    assert all(re.fullmatch(r"20\d\d-\d\d-\d\d(-preview)?", version) for _, version in found)


def test_nothing_depends_on_one_subscription_or_tenant() -> None:
    identifier = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
    names = [*NAMES, *(f"environments/{name}" for name in PARAMETERS)]
    # Those of built-in roles are the same in all of Azure.
    assert [name for name in names if identifier.search((FOLDER / name).read_text("utf-8"))] == ["modules/rbac.bicep"]
    assert "targetScope = 'resourceGroup'" in template("main.bicep").text


def test_what_the_linter_finds_stops_a_deployment() -> None:
    rules = json.loads((FOLDER / "bicepconfig.json").read_text("utf-8"))["analyzers"]["core"]["rules"]
    assert {"outputs-should-not-contain-secrets", "no-unused-params", "secure-parameter-default"} <= set(rules)
    assert {rule["level"] for rule in rules.values()} == {"error"}


def test_a_switch_of_pydantic_that_does_nothing_is_left_out() -> None:
    """Pydantic 2 has no pure Python form; what keeps a wrong binary out is the verification of the package."""
    everything = [path for path in FOLDER.rglob("*") if path.is_file()]
    assert [path.name for path in everything if "PYDANTIC_PURE_PYTHON" in path.read_text("utf-8")] == []
