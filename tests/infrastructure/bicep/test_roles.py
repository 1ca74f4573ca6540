"""Who may do what: every grant, the least that does the work, in one module."""

import re

import pytest

from shared.adapters.tables import NONCES
from tests.infrastructure.bicep.source import Declared, Expression, Value, items, template, templates, text

# https://learn.microsoft.com/azure/role-based-access-control/built-in-roles
ROLES = {
    "Key Vault Secrets User": "4633458b-17de-408a-b874-0445c86b69e6",
    "Monitoring Metrics Publisher": "3913510d-42f4-4e42-8a64-420c390055eb",
    "Monitoring Reader": "43d0d8ad-25c7-4714-9337-8ba259a9fe05",
    "Storage Blob Data Contributor": "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
    "Storage Blob Data Owner": "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
    "Storage Queue Data Contributor": "974c5e8b-45b9-4653-ba55-5f855dd0fb88",
    "Storage Table Data Contributor": "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3",
    "Storage Table Data Reader": "76199698-9eea-4c19-bc75-cec21354c6b6",
    "Website Contributor": "de139f84-1756-47ae-9be6-808fbbe84772",
}

APP, DEPLOYER, OPERATORS, SYNTHETIC = (f"{who}PrincipalId" for who in ("app", "deployer", "operators", "synthetic"))
GRANTS = {
    (APP, "storage", "Storage Blob Data Owner"),
    (APP, "storage", "Storage Queue Data Contributor"),
    (APP, "storage", "Storage Table Data Contributor"),
    (APP, "vault", "Key Vault Secrets User"),
    (APP, "component[index]", "Monitoring Metrics Publisher"),
    (DEPLOYER, "app", "Website Contributor"),
    (DEPLOYER, "releases", "Storage Blob Data Contributor"),
    (OPERATORS, "storage", "Storage Table Data Contributor"),
    (OPERATORS, "storage", "Storage Queue Data Contributor"),
    (OPERATORS, "app", "Website Contributor"),
    (OPERATORS, "releases", "Storage Blob Data Contributor"),
    (OPERATORS, "", "Monitoring Reader"),  # the resource group
    (SYNTHETIC, "nonces", "Storage Table Data Contributor"),
    (SYNTHETIC, "storage", "Storage Table Data Reader"),
}

ASSIGNMENT = "Microsoft.Authorization/roleAssignments"
ASSIGNMENTS = {name: each for name, each in template("modules/rbac.bicep").resources.items() if each.type == ASSIGNMENT}


def written(value: Value) -> str:
    """A name as it is written."""
    assert isinstance(value, Expression), value
    return value.text


def roles(assignment: Declared) -> list[str]:
    """The variables of the roles that an assignment gives."""
    definition = str(assignment.properties["roleDefinitionId"])
    (role,) = re.findall(r"Expression\(text='roles'\), Expression\(text='(\w+)'\)", definition)
    return [written(each) for each in items(assignment.each)] if role == "role" else [role]


def name_of(variable: str) -> str:
    """The role that a variable is called after."""
    words = re.sub(r"([A-Z])", r" \1", variable).strip()
    return words[0].upper() + words[1:]


def test_a_variable_holds_the_role_that_it_is_called_after() -> None:
    variables = template("modules/rbac.bicep").variables
    held = {name_of(name): value for name, value in variables.items() if name != "roles"}
    assert held == ROLES


def test_the_grants_are_these_and_no_others() -> None:
    granted = [
        (
            written(each.properties["principalId"]),
            written(each.body["scope"]) if "scope" in each.body else "",
            name_of(role),
        )
        for each in ASSIGNMENTS.values()
        for role in roles(each)
    ]
    assert sorted(granted) == sorted(GRANTS)


def test_nothing_is_granted_elsewhere() -> None:
    granting = [path.name for path in templates() if ASSIGNMENT in path.read_text("utf-8")]
    assert granting == ["rbac.bicep"]


@pytest.mark.parametrize("symbol", sorted(ASSIGNMENTS))
def test_a_grant_says_what_kind_of_principal_it_is_for(symbol: str) -> None:
    """Else a principal that was made a moment ago is looked for where it is not known yet."""
    properties = ASSIGNMENTS[symbol].properties
    kind = "Group" if properties["principalId"] == Expression(OPERATORS) else "ServicePrincipal"
    assert properties["principalType"] == kind


@pytest.mark.parametrize("symbol", sorted(ASSIGNMENTS))
def test_a_grant_is_named_by_its_scope_principal_and_role(symbol: str) -> None:
    """Deployed again, it is the same one."""
    assignment = ASSIGNMENTS[symbol]
    scope = assignment.body.get("scope", Expression("resourceGroup()"))
    role = roles(assignment)[0] if assignment.each is None or symbol == "appTelemetry" else "role"
    named = re.sub(r"(Expression\(text=['\"]|['\"]\))", "", str(assignment.body["name"]))
    assert f"{written(scope)}.id, {written(assignment.properties['principalId'])}, {role}" in named


@pytest.mark.parametrize("symbol", sorted(ASSIGNMENTS))
def test_who_is_not_named_gets_nothing(symbol: str) -> None:
    assignment = ASSIGNMENTS[symbol]
    principal = written(assignment.properties["principalId"])
    assert assignment.condition == ("" if principal == APP else f"!empty({principal})")


def test_the_synthetic_check_may_write_its_nonces_alone() -> None:
    """Whoever writes VendorMaster says whose invoices are believed."""
    rbac = template("modules/rbac.bicep")
    assert text(rbac.resources["nonces"].body["name"]) == NONCES
    writes = [(scope, role) for who, scope, role in GRANTS if who == SYNTHETIC and not role.endswith("Reader")]
    assert writes == [("nonces", "Storage Table Data Contributor")]
