"""grant.ps1 as its text has it: no PowerShell runs here, so it is parsed, and its commands are looked at one by one."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
import tree_sitter_powershell
from tree_sitter import Language, Node, Parser

from infrastructure.checkout import checkout
from infrastructure.operations.diagnose.advice import Advisor
from infrastructure.operations.diagnose.evidence import Evidence
from infrastructure.operations.diagnose.folder import Subject

FOLDER = checkout() / "infrastructure" / "mailbox_access"
SOURCE = (FOLDER / "grant.ps1").read_bytes()
ROOT = Parser(Language(tree_sitter_powershell.language())).parse(SOURCE).root_node

# https://learn.microsoft.com/powershell/module/exchangepowershell
KNOWN = {
    "Connect-ExchangeOnline": {"ShowBanner"},
    "Get-ConnectionInformation": set(),
    "Get-EXOMailbox": {"Identity"},
    "Get-ManagementRoleAssignment": {"Role"},
    "Get-ManagementScope": set(),
    "Get-ServicePrincipal": set(),
    "New-ManagementRoleAssignment": {"Name", "App", "Role", "CustomResourceScope"},
    "New-ManagementScope": {"Name", "RecipientRestrictionFilter"},
    "New-ServicePrincipal": {"AppId", "ObjectId", "DisplayName"},
    "Set-ManagementScope": {"Identity", "RecipientRestrictionFilter"},
    "Test-ServicePrincipalAuthorization": {"Identity", "Resource"},
}
_OURS = {"Assert-Mailbox", "Set-ServicePrincipalReference", "Set-MailboxScope", "Set-ScopedRole", "Test-Grant"}
_SHELL = {"Set-StrictMode", "Where-Object", "Out-Null", "Write-Output"}
GUID = "11111111-2222-4333-8444-555555555555"


def text(node: Node) -> str:
    return SOURCE[node.start_byte : node.end_byte].decode()


def walk(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from walk(child)


def of_type(kind: str) -> list[Node]:
    return [node for node in walk(ROOT) if node.type == kind]


@dataclass(frozen=True, slots=True)
class Command:
    """A call of a command in the script."""

    node: Node
    name: str
    parameters: dict[str, str]  # parameter to the text behind it

    @classmethod
    def of(cls, node: Node) -> "Command":
        name = next(text(child) for child in node.children if child.type == "command_name")
        lists = [child for child in node.children if child.type == "command_elements"]
        words = [word for each in lists for word in each.children if word.type != "command_argument_sep"]
        found = {}
        for at, word in enumerate(words):
            if word.type == "command_parameter":
                value = words[at + 1] if at + 1 < len(words) else None
                found[text(word).strip("-:")] = text(value) if value and value.type != "command_parameter" else ""
        return cls(node, name, found)

    @property
    def around(self) -> list[Node]:
        """The nodes that it stands in, the innermost first."""
        found, node = [], self.node.parent
        while node is not None:
            found.append(node)
            node = node.parent
        return found


COMMANDS = [Command.of(node) for node in of_type("command") if any(c.type == "command_name" for c in node.children)]


def calls(name: str) -> list[Command]:
    return [command for command in COMMANDS if command.name == name]


def test_it_parses() -> None:
    assert [text(node) for node in walk(ROOT) if node.is_error or node.is_missing] == []


def test_it_calls_nothing_but_what_is_known_with_parameters_that_exist() -> None:
    assert {command.name for command in COMMANDS} == set(KNOWN) | _OURS | _SHELL
    for command in COMMANDS:
        if command.name in KNOWN:
            assert set(command.parameters) <= KNOWN[command.name], text(command.node)


@pytest.mark.parametrize("name", ["New-ServicePrincipal", "New-ManagementScope", "New-ManagementRoleAssignment"])
def test_what_is_made_is_made_with_all_that_it_needs_and_only_where_there_is_none(name: str) -> None:
    (command,) = calls(name)
    assert set(command.parameters) == KNOWN[name]
    condition = next(node for node in command.around if node.type == "if_statement")
    assert text(condition).startswith("if (-not $found)")
    function = next(node for node in command.around if node.type == "function_statement")
    assert f"$found = {name.replace('New-', 'Get-')}" in text(function)


def test_every_role_is_granted_at_a_scope_of_one_mailbox() -> None:
    (assignment,) = calls("New-ManagementRoleAssignment")
    assert assignment.parameters["CustomResourceScope"] == "$Scope"
    assert assignment.parameters["App"] == "$Grant.ObjectId"
    for command in [*calls("New-ManagementScope"), *calls("Set-ManagementScope")]:
        assert command.parameters["RecipientRestrictionFilter"] == "$filter"
    assert "$filter = \"PrimarySmtpAddress -eq '$($Grant.Mailbox)'\"" in SOURCE.decode()
    (set_role,) = calls("Set-ScopedRole")
    (set_scope,) = calls("Set-MailboxScope")
    assert text(set_role.node).split()[-1] == text(set_scope.node).split()[-1] == "$scope"


def test_the_roles_are_those_that_each_needs_and_no_others() -> None:
    tables = [text(node) for node in of_type("hash_literal_expression")]
    roles = [re.findall(r"'(Application [\w.]+)'", table) for table in tables]
    mailboxes = [re.findall(r"Mailbox +=\s*(\$\w+)", table) for table in tables]
    assert mailboxes == [["$InvoiceMailbox"], ["$SyntheticRecipient"]]
    assert roles == [
        ["Application Mail.ReadWrite", "Application Mail.Send"],
        ["Application Mail.Send", "Application Mail.Read"],
    ]


def test_nothing_that_exists_is_changed_to_less_or_removed() -> None:
    assert not [command.name for command in COMMANDS if command.name.startswith(("Remove-", "Disable-"))]


def test_it_tests_inside_and_outside_of_the_scope() -> None:
    resources = [command.parameters["Resource"] for command in calls("Test-ServicePrincipalAuthorization")]
    assert resources == ["$Grant.Mailbox", "$Outside"]
    (test,) = calls("Test-Grant")
    assert text(test.node).strip() == "Test-Grant $grant $OtherMailbox"
    inside = [node for node in test.around if node.type == "if_statement" and "$TestOnly" in text(node)]
    assert not inside, "-TestOnly has to test, too"


def test_with_test_only_nothing_is_written() -> None:
    writers = [command for command in COMMANDS if command.name.startswith("Set-") and command.name in _OURS]
    assert len(writers) == 3
    for command in writers:
        statements = [text(node) for node in command.around if node.type == "if_statement"]
        assert any(statement.startswith("if (-not $TestOnly)") for statement in statements), command.name


def parameters() -> dict[str, str]:
    (block,) = [node for node in of_type("param_block") if "$ClientId" in text(node)]
    found = [node for node in walk(block) if node.type == "script_parameter"]
    return {re.findall(r"\$(\w+)$", text(node))[0]: text(node) for node in found}


def pattern_of(parameter: str) -> str:
    return str(re.findall(r"ValidatePattern\('(.*?)'\)", parameter)[0])


def test_every_parameter_is_required_and_validated() -> None:
    found = parameters()
    assert set(found) == {
        "ClientId",
        "ObjectId",
        "InvoiceMailbox",
        "OtherMailbox",
        "SyntheticClientId",
        "SyntheticObjectId",
        "SyntheticRecipient",
        "TestOnly",
    }
    del found["TestOnly"]
    for name, parameter in found.items():
        assert "Mandatory" in parameter, name
        is_id = name.endswith("Id")
        pattern = re.compile(pattern_of(parameter))
        assert bool(pattern.search(GUID)) == is_id, name
        assert bool(pattern.search("accounts.payable+eu@mail.contoso.com")) != is_id, name
        for refused in ("", "x", f"{GUID}'", "a@b", "o'neil@contoso.com", "*@contoso.com", "a@contoso.com -or x"):
            assert not pattern.search(refused), (name, refused)
    together = [name for name in found if "ParameterSetName = 'AppAndSynthetic'" in found[name]]
    assert together == ["SyntheticClientId", "SyntheticObjectId", "SyntheticRecipient"]


def test_names_stay_within_the_64_characters_that_exchange_allows() -> None:
    roles = re.findall(r"'Application ([\w.]+)'", SOURCE.decode())
    assert all(len(f"{role} {GUID}") <= 64 for role in roles)
    names = re.findall(r"^\s+Name +=\s*'([\w-]+)'", SOURCE.decode(), re.MULTILINE)
    assert names == ["invoice-agent", "invoice-agent-synthetic"]
    assert all(len(f"{name} {GUID}") <= 64 for name in names)


def test_its_help_names_every_parameter() -> None:
    helped = re.findall(r"^\.PARAMETER (\w+)", SOURCE.decode(), re.MULTILINE)
    assert helped == list(parameters())


def test_diagnose_says_how_to_call_it() -> None:
    advisor = Advisor.of(Evidence(Subject(datetime.now(UTC), "group", "app", ""), {}))
    mend = advisor.mailbox().mend
    assert "infrastructure/mailbox_access/grant.ps1" in mend
    given = set(re.findall(r"-([A-Z]\w+)", mend))
    assert given == {
        name for name, parameter in parameters().items() if "Mandatory" in parameter and "Synthetic" not in name
    }
