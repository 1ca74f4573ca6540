"""`prove`: look, and change nothing."""

import pytest

from infrastructure.deploy.connection import expected_functions, to_azure
from infrastructure.deploy.place import Place
from tests.deploy.conftest import Deploy
from tests.deploy.packages import NEW, OLD, OLDER, digest
from tests.deploy.slot_model import FIVE, Behaviour


@pytest.mark.parametrize(("slot", "text"), [("staging", OLDER), ("production", OLD)])
def test_what_a_slot_runs_is_proven(released: Deploy, slot: str, text: str) -> None:
    done = released.run("prove", "--slot", slot, "--digest", digest(text))

    assert done.code == 0, done.said
    assert done.out.startswith(f"{slot} runs {digest(text)}, proven (30 s, exit code 0)")


@pytest.mark.parametrize(("slot", "code"), [("staging", 3), ("production", 4)])
def test_another_package_is_not_proven(released: Deploy, slot: str, code: int) -> None:
    done = released.run("prove", "--slot", slot, "--digest", digest(NEW))

    assert done.code == code
    assert f"wanted {digest(NEW)}" in done.out
    assert ("run: python -m infrastructure.deploy rollback" in done.out) is (slot == "production")


def test_it_needs_no_lock_and_changes_nothing(released: Deploy) -> None:
    with released.releases.locked("stage", 90.0):
        assert released.run("prove", "--digest", digest(OLDER)).code == 0
    assert {each.method for each in released.azure.asked} == {"GET", "POST"}
    assert released.azure.asked_for("POST", r"(?<!listkeys)\?api-version") == 0


def test_it_says_what_changes_and_not_each_look(released: Deploy) -> None:
    released.azure.behave("staging", digest(OLDER), Behaviour(functions=()))

    done = released.run("prove", "--digest", digest(OLDER))

    assert done.err.count("no functions at all are loaded") == 2, "once when it was seen, once in the end"


def test_the_expected_functions_are_those_of_the_policy() -> None:
    assert expected_functions() == set(FIVE)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["prove"], "--digest"),
        (["prove", "--digest", "abc"], "'abc' is no SHA-256: wanted 64 hexadecimal digits"),
        (["swap", "--slot", "production", "--digest", "a" * 64], "production is never deployed to"),
        (["rollback", "--commit", "a b"], "'a b' is no name of a commit"),
        (["rollback", "--app", " "], "missing: --app (or FUNCTION_APP)"),
        (["deploy"], "invalid choice"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, list) else None,
)
def test_wrong_usage_is_told(
    deploy: Deploy, capsys: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        deploy.run(*arguments)

    assert ended.value.code == 2
    assert told in capsys.readouterr().err
    assert deploy.azure.asked == []


def test_the_place_comes_from_the_environment(released: Deploy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_SUBSCRIPTION_ID", "sub-1")
    monkeypatch.setenv("RESOURCE_GROUP", "rg-1")
    monkeypatch.setenv("FUNCTION_APP", "func-invoice-agent-test")
    monkeypatch.setenv("STORAGE_ACCOUNT", "account1")

    assert released.run_as_given("prove", "--digest", digest(OLDER)).code == 0


@pytest.mark.parametrize(("lasts", "is_kept"), [(3_600.0, True), (60.0, False)])
def test_a_token_is_kept_while_it_lasts(released: Deploy, lasts: float, is_kept: bool) -> None:
    released.login.lasts = lasts

    assert released.run("prove", "--digest", digest(OLDER)).code == 0
    assert (released.login.asked == 1) is is_kept


def test_azure_is_reached_as_whoever_is_logged_in() -> None:
    place = Place("sub-1", "rg-1", "func-invoice-agent-test", "staging", "account1")

    with to_azure(place) as connection:
        assert connection.container.url == "https://account1.blob.core.windows.net/releases"
        assert not connection.http.follow_redirects
