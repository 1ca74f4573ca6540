"""Both slots are told the same, but for what belongs to a slot; and neither is more than one worker."""

import pytest

from tests.infrastructure.bicep.source import Call, Choice, Expression, Source, Value, fields, template, text, texts
from tests.infrastructure.bicep.test_code import FUNCTIONS

HOST_ID_LENGTH = 32  # https://learn.microsoft.com/azure/azure-functions/storage-considerations#host-id-considerations


def settings() -> Source:
    return template("modules/settings.bicep")


def parts(resource: str) -> tuple[Value, ...]:
    """What the settings of a slot are put together from."""
    properties = settings().resources[resource].body["properties"]
    assert isinstance(properties, Call)
    assert properties.function == "union"
    return properties.arguments


def test_both_slots_have_the_whole_list_from_one_variable() -> None:
    production, staging = parts("productionSettings"), parts("stagingSettings")
    shared = [Expression("settings"), Expression("contentSettings")]
    assert list(production[:2]) == shared
    assert list(staging[:2]) == shared
    assert [value for value in production[2:] if not isinstance(value, dict)] == [
        Expression("productionContent"),
        Expression("enabled"),
    ]
    assert [value for value in staging[2:] if not isinstance(value, dict)] == [
        Expression("stagingContent"),
        Expression("disabled"),
    ]


def test_each_slot_has_a_telemetry_target_of_its_own() -> None:
    name = "APPLICATIONINSIGHTS_CONNECTION_STRING"
    production, staging = fields(parts("productionSettings")[-1]), fields(parts("stagingSettings")[-1])
    assert production == {name: Expression("component[0].properties.ConnectionString")}
    assert staging == {name: Expression("component[1].properties.ConnectionString")}


def test_sticky_is_what_belongs_to_a_slot_and_nothing_else() -> None:
    sticky = settings().resources["sticky"]
    assert text(sticky.body["name"]) == "slotConfigNames"
    assert sticky.body["parent"] == Expression("app")  # the names are the production site's to say
    switches = [f"AzureWebJobs.{name}.Disabled" for name in FUNCTIONS]
    assert sorted(texts(sticky.properties["appSettingNames"])) == sorted(
        ["APPLICATIONINSIGHTS_CONNECTION_STRING", *switches]
    )


def test_what_is_sticky_stands_on_both_slots_and_differs() -> None:
    """A sticky name that one slot lacks is simply gone there after a swap."""
    for resource, switches in (("productionSettings", "enabled"), ("stagingSettings", "disabled")):
        names = {*fields(settings().variables[switches]), *fields(parts(resource)[-1])}
        assert names == set(texts(settings().resources["sticky"].properties["appSettingNames"]))
    enabled, disabled = (fields(settings().variables[name]) for name in ("enabled", "disabled"))
    assert [name for name in enabled if enabled[name] == disabled[name]] == []


def chosen(variable: str, served: str) -> str:
    """A share, by which one production serves."""
    value = settings().variables[variable]
    assert isinstance(value, Choice)
    parameter, wanted = value.condition.split(" == ")
    assert parameter == "servedShare"
    return text(value.then if served == wanted.strip("'") else value.otherwise)


@pytest.mark.parametrize(
    ("served", "production", "staging"),
    [
        ("", "content-a", "content-b"),
        ("content-a", "content-a", "content-b"),
        ("content-b", "content-b", "content-a"),
        ("made-by-somebody", "content-a", "content-b"),
    ],
    ids=["first deployment", "never swapped, or back", "swapped", "unknown"],
)
def test_deploying_again_does_not_exchange_the_packages(served: str, production: str, staging: str) -> None:
    assert chosen("productionShare", served) == production
    assert chosen("stagingShare", served) == staging


def test_the_shares_are_there_and_move_with_a_swap() -> None:
    shares = texts(template("modules/content.bicep").resources["share"].each)
    assert sorted(shares) == ["content-a", "content-b"]
    assert "WEBSITE_CONTENTSHARE" not in texts(settings().resources["sticky"].properties["appSettingNames"])


def test_what_production_serves_is_asked_of_production() -> None:
    served = fields(template("main.bicep").modules["settings"].body["params"])["servedShare"]
    assert isinstance(served, Expression)
    assert served.text.startswith("list('${deployed.id}/config/appsettings'")
    assert ".?WEBSITE_CONTENTSHARE ??" in served.text
    assert template("main.bicep").resources["deployed"].type == "Microsoft.Web/sites"


def test_the_settings_wait_for_the_app_its_shares_and_its_roles() -> None:
    waits = template("main.bicep").modules["settings"].body["dependsOn"]
    assert waits == [Expression("app"), Expression("content"), Expression("rbac")]


def test_each_slot_gets_its_own_share_and_a_dedicated_plan_none() -> None:
    shares: dict[str, dict[str, Value]] = {
        "contentSettings": {},
        "productionContent": {"WEBSITE_CONTENTSHARE": Expression("productionShare")},
        "stagingContent": {"WEBSITE_CONTENTSHARE": Expression("stagingShare")},
    }
    for variable, share in shares.items():
        value = settings().variables[variable]
        assert isinstance(value, Choice)
        assert (value.condition, value.then) == ("empty(contentName)", {})
        given = {name: shown for name, shown in fields(value.otherwise).items() if name == "WEBSITE_CONTENTSHARE"}
        assert given == share
    main = template("main.bicep")
    assert main.modules["content"].condition == "isElastic"
    assert fields(main.modules["settings"].body["params"])["contentName"] == Choice(
        "isElastic", Expression("contentName"), ""
    )


def test_the_slots_are_alike_and_of_one_identity() -> None:
    app, staging = (template("modules/app.bicep").resources[name] for name in ("app", "staging"))
    own = {"name", "parent"}
    assert {key: value for key, value in app.body.items() if key not in own} == {
        key: value for key, value in staging.body.items() if key not in own
    }
    assert app.body["identity"] == Expression("identities")
    assert app.properties["keyVaultReferenceIdentity"] == Expression("identityId")
    assert app.properties["siteConfig"] == Expression("siteConfig")
    identities = fields(template("modules/app.bicep").variables["identities"])
    assert identities["type"] == "UserAssigned"
    assert list(fields(identities["userAssignedIdentities"])) == ["${identityId}"]


def test_the_slot_is_the_one_that_deployments_go_through() -> None:
    for name in ("app", "settings"):
        staging = template(f"modules/{name}.bicep").resources["staging"]
        assert (staging.type, staging.body["name"]) == ("Microsoft.Web/sites/slots", "staging")


def test_there_is_one_instance_with_one_worker() -> None:
    app = template("modules/app.bicep")
    config = fields(app.variables["siteConfig"])
    assert config["functionAppScaleLimit"] == Choice("isElastic", 1, None)
    assert config["minimumElasticInstanceCount"] == Choice("isElastic", 1, None)
    assert app.resources["plan"].properties["maximumElasticWorkerCount"] == Choice("isElastic", 1, None)
    assert fields(app.resources["plan"].body["sku"])["capacity"] == 1
    assert fields(settings().variables["settings"])["FUNCTIONS_WORKER_PROCESS_COUNT"] == "1"


def test_every_plan_that_may_be_chosen_has_slots_and_runs_always() -> None:
    tiers = fields(template("modules/app.bicep").variables["tiers"])
    (allowed,) = template("main.bicep").parameters["planSku"].decorators["allowed"]
    assert sorted(texts(allowed)) == sorted(tiers)
    assert template("main.bicep").parameters["planSku"].default == ("EP1",)
    assert set(tiers.values()) == {"ElasticPremium", "Standard", "PremiumV3"}  # Basic, Consumption and Flex have none
    assert [name for name in tiers if name.startswith("EP") != (tiers[name] == "ElasticPremium")] == []
    assert fields(template("modules/app.bicep").variables["siteConfig"])["alwaysOn"] == Expression("!isElastic")
    assert template("modules/app.bicep").resources["plan"].properties["reserved"] is True  # Linux


def test_the_host_ids_of_both_slots_differ() -> None:
    (longest,) = template("main.bicep").parameters["functionAppName"].decorators["maxLength"]
    assert isinstance(longest, int)
    assert longest + len("-staging") <= HOST_ID_LENGTH


def test_nobody_publishes_with_a_password() -> None:
    app = template("modules/app.bicep")
    for name in ("appPublishing", "stagingPublishing"):
        assert texts(app.resources[name].each) == ["ftp", "scm"]
        assert app.resources[name].properties == {"allow": False}
