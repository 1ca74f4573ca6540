"""No key where an identity will do, and no secret where somebody may read it who should not."""

import re

import pytest

from tests.infrastructure.bicep.source import FOLDER, Call, Expression, fields, items, template, templates, text

NAMES = [str(path.relative_to(FOLDER)) for path in templates()]
ACCOUNT = "Microsoft.Storage/storageAccounts"


def test_the_storage_of_the_ledger_takes_no_key() -> None:
    account = template("modules/storage.bicep").resources["account"]
    assert account.properties["allowSharedKeyAccess"] is False
    assert account.properties["allowBlobPublicAccess"] is False


def test_the_one_account_with_keys_says_why_and_holds_shares_alone() -> None:
    keyed = [
        name
        for name in NAMES
        for each in template(name).resources.values()
        if each.type == ACCOUNT and not each.is_existing and each.properties["allowSharedKeyAccess"] is True
    ]
    assert keyed == ["modules/content.bicep"]
    content = template("modules/content.bicep")
    assert {each.type.removeprefix(ACCOUNT) for each in content.resources.values()} == {
        "",
        "/fileServices",
        "/fileServices/shares",
    }
    assert "there is no way in by identity" in content.text


def test_keys_are_asked_for_in_one_place() -> None:
    asking = {name: len(re.findall(r"\blist(?:Keys|AccountSas|ServiceSas)\b", template(name).text)) for name in NAMES}
    assert {name: count for name, count in asking.items() if count} == {"modules/settings.bicep": 1}


@pytest.mark.parametrize("name", NAMES)
def test_no_output_is_a_secret(name: str) -> None:
    source = template(name)
    secure = [each for each, parameter in source.parameters.items() if parameter.is_secure]
    for output, expression in source.outputs.items():
        assert not re.search(r"\blist\w*\(|ConnectionString|InstrumentationKey|customerId", expression), output
        assert not [each for each in secure if re.search(rf"\b{each}\b", expression)], output


def test_what_is_secret_stays_secret_on_its_way() -> None:
    main = template("main.bicep")
    secure = {each for each, parameter in main.parameters.items() if parameter.is_secure}
    assert secure == {"teamsWebhookUrl", "alertWebhookUrl"}
    passed = {
        (module.kind, name, value.text)
        for module in main.modules.values()
        for name, value in fields(module.body["params"]).items()
        if isinstance(value, Expression) and value.text in secure
    }
    assert {secret for *_, secret in passed} == secure
    assert [each for each in passed if not template(each[0]).parameters[each[1]].is_secure] == []


def test_a_secret_is_given_by_the_environment_and_never_written_down() -> None:
    for path in sorted((FOLDER / "environments").iterdir()):
        for name in ("teamsWebhookUrl", "alertWebhookUrl"):
            assert re.search(
                rf"^param {name} = readEnvironmentVariable\('[A-Z_]+', ''\)$", path.read_text(), re.MULTILINE
            )


def test_the_teams_webhook_is_a_reference_to_the_vault() -> None:
    vault = template("modules/key_vault.bicep")
    assert vault.outputs["teamsWebhookReference"] == (
        "'@Microsoft.KeyVault(SecretUri=${vault.properties.vaultUri}secrets/${secretName})'"
    )
    given = fields(template("main.bicep").modules["settings"].body["params"])["teamsWebhookUrl"]
    assert "keyVault.outputs.teamsWebhookReference" in str(given)
    assert vault.resources["teamsWebhook"].body["name"] == Expression("secretName")
    assert vault.resources["vault"].properties["enableRbacAuthorization"] is True


def test_a_deployment_without_the_webhook_leaves_the_one_that_is_there() -> None:
    secret = template("modules/key_vault.bicep").resources["teamsWebhook"]
    assert secret.condition == "!empty(teamsWebhookUrl)"


def test_telemetry_is_written_by_identity() -> None:
    monitoring = template("modules/monitoring.bicep").resources
    assert monitoring["component"].properties["DisableLocalAuth"] is True
    assert fields(monitoring["workspace"].properties["features"])["disableLocalAuth"] is True


def test_what_the_host_says_goes_to_the_workspace_from_both_slots() -> None:
    app = template("modules/app.bicep")
    categories = {text(fields(each)["category"]) for each in items(app.variables["logs"])}
    assert categories == {"FunctionAppLogs", "AppServicePlatformLogs"}
    scopes = [each.body["scope"] for each in app.resources.values() if each.type.endswith("diagnosticSettings")]
    assert scopes == [Expression("app"), Expression("staging")]


def test_connections_are_encrypted() -> None:
    config = fields(template("modules/app.bicep").variables["siteConfig"])
    assert (config["minTlsVersion"], config["scmMinTlsVersion"], config["ftpsState"]) == ("1.2", "1.2", "Disabled")
    assert (config["http20Enabled"], config["remoteDebuggingEnabled"]) == (True, False)
    for module in ("storage", "content"):
        account = template(f"modules/{module}.bicep").resources["account"].properties
        assert (account["minimumTlsVersion"], account["supportsHttpsTrafficOnly"]) == ("TLS1_2", True)
    assert template("modules/app.bicep").resources["app"].properties["httpsOnly"] is True


def test_names_are_taken_from_the_environment_and_fit() -> None:
    """A storage account has 24 characters, a vault too; uniqueString() gives 13."""
    main = template("main.bicep")
    unique = main.variables["unique"]
    assert isinstance(unique, Call)
    assert unique.function == "uniqueString"
    for pattern in re.findall(r"'(\w+\$\{environmentName}\$\{unique})'", main.text):
        name = pattern.replace("${environmentName}", "prod").replace("${unique}", "u" * 13)
        assert re.fullmatch(r"[a-z][a-z0-9]{2,23}", name), name
