from datetime import UTC, datetime, timedelta

import pytest

from shared.settings import NAMES, InvalidSettings, Settings, Storage, is_loopback

REQUIRED = {
    "AzureWebJobsStorage": "UseDevelopmentStorage=true",
    "INVOICE_MAILBOX": "invoices@contoso.example",
    "AP_MAILBOX": "ap@contoso.example",
}


def read(**changes: str) -> Settings:
    return Settings.from_env({**REQUIRED, **changes})


def faults(env: dict[str, str]) -> tuple[str, ...]:
    with pytest.raises(InvalidSettings) as raised:
        Settings.from_env(env)
    assert all(fault in str(raised.value) for fault in raised.value.faults)
    return raised.value.faults


def named(env: dict[str, str]) -> list[str]:
    return sorted(fault.partition(":")[0] for fault in faults(env))


def test_an_empty_environment_names_all_that_is_required() -> None:
    assert named({}) == ["AP_MAILBOX", "AzureWebJobsStorage", "INVOICE_MAILBOX"]


def test_every_fault_is_named_at_once_with_what_was_wanted() -> None:
    wrong = {name: "wrong" for name in NAMES if name != "AzureWebJobsStorage"}
    found = faults(wrong)
    assert sorted(fault.partition(":")[0] for fault in found) == sorted(NAMES)
    assert all("wanted" in fault for fault in found)


def test_the_defaults_are_those_of_the_table() -> None:
    assert read() == Settings(
        storage=Storage(connection_string="UseDevelopmentStorage=true"),
        invoice_mailbox="invoices@contoso.example",
        ap_mailbox="ap@contoso.example",
        teams_webhook_url="",
        ingest_since=None,
        ap_max_per_minute=20,
        claim=timedelta(seconds=900),
        stuck_after=timedelta(seconds=900),
        delivery_patience=timedelta(seconds=600),
        redrive_limit=5,
        repeat_limit=20,
        graph_concurrency=2,
        graph_base_url="https://graph.microsoft.com/v1.0",
        graph_credential="managed_identity",
        synthetic_recipient="",
    )


def test_a_blank_value_is_no_value() -> None:
    optional = {name: "  " for name in NAMES if name not in REQUIRED}
    assert read(**optional) == read()
    assert named(dict.fromkeys(NAMES, " ")) == sorted(REQUIRED)


def test_every_value_is_taken() -> None:
    settings = read(
        TEAMS_WEBHOOK_URL="https://prod-1.westeurope.logic.azure.com/workflows/1/?sig=abc",
        INGEST_SINCE="2026-12-01T00:00:00Z",
        AP_MAX_PER_MINUTE="7",
        CLAIM_SECONDS="1",
        STUCK_AFTER_SECONDS="2",
        DELIVERY_PATIENCE_SECONDS="3",
        REDRIVE_LIMIT="4",
        REPEAT_LIMIT="6",
        GRAPH_CONCURRENCY="8",
        GRAPH_BASE_URL="http://127.0.0.1:8025/v1.0/",
        GRAPH_CREDENTIAL="anonymous",
        SYNTHETIC_RECIPIENT="Synthetic@contoso.example",
    )
    assert settings.synthetic_recipient == "synthetic@contoso.example"
    assert settings.teams_webhook_url == "https://prod-1.westeurope.logic.azure.com/workflows/1/?sig=abc"
    assert settings.ingest_since == datetime(2026, 12, 1, tzinfo=UTC)
    assert (settings.ap_max_per_minute, settings.redrive_limit, settings.repeat_limit) == (7, 4, 6)
    seconds = (settings.claim, settings.stuck_after, settings.delivery_patience)
    assert seconds == (timedelta(seconds=1), timedelta(seconds=2), timedelta(seconds=3))
    assert settings.graph_concurrency == 8
    assert settings.graph_base_url == "http://127.0.0.1:8025/v1.0"
    assert settings.graph_credential == "anonymous"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("INVOICE_MAILBOX", "invoices"),
        ("INVOICE_MAILBOX", "invoices@localhost"),
        ("INVOICE_MAILBOX", "@contoso.example"),
        ("INVOICE_MAILBOX", "Invoices <invoices@contoso.example>"),
        ("INVOICE_MAILBOX", "a@contoso.example, b@contoso.example"),
        ("AP_MAILBOX", "a@contoso.example;b@contoso.example"),
        ("AP_MAILBOX", "a p@contoso.example"),
        ("TEAMS_WEBHOOK_URL", "ftp://contoso.example/hook"),
        ("TEAMS_WEBHOOK_URL", "https://"),
        ("TEAMS_WEBHOOK_URL", "hook"),
        pytest.param("TEAMS_WEBHOOK_URL", "https://contoso\u200b.example/hook", id="a space of no width"),
        pytest.param("TEAMS_WEBHOOK_URL", "https://contoso.example/ho\nok", id="a line break within"),
        pytest.param("TEAMS_WEBHOOK_URL", "https://contoso.example/ho\x7fok", id="a control character"),
        ("TEAMS_WEBHOOK_URL", "https://contoso.example/ho ok"),
        ("TEAMS_WEBHOOK_URL", "https://contoso.example:-1/hook"),
        ("TEAMS_WEBHOOK_URL", "https://contoso.example:0/hook"),
        ("TEAMS_WEBHOOK_URL", "https://contoso.example:65536/hook"),
        ("SYNTHETIC_RECIPIENT", "synthetic"),
        ("SYNTHETIC_RECIPIENT", "invoices@contoso.example"),
        ("SYNTHETIC_RECIPIENT", "AP@contoso.example"),
        ("INGEST_SINCE", "2026-12-01"),
        ("INGEST_SINCE", "2026-12-01T00:00:00"),
        ("INGEST_SINCE", "2026-13-01T00:00:00Z"),
        ("INGEST_SINCE", "yesterday"),
        ("AP_MAX_PER_MINUTE", "0"),
        ("AP_MAX_PER_MINUTE", "-1"),
        ("AP_MAX_PER_MINUTE", "2.5"),
        ("AP_MAX_PER_MINUTE", "many"),
        ("CLAIM_SECONDS", "0"),
        ("STUCK_AFTER_SECONDS", "15m"),
        ("DELIVERY_PATIENCE_SECONDS", "-600"),
        ("REDRIVE_LIMIT", "0"),
        ("REPEAT_LIMIT", "1e3"),
        ("GRAPH_CONCURRENCY", "0"),
        ("GRAPH_BASE_URL", "graph.microsoft.com"),
        ("GRAPH_BASE_URL", "http://[::1"),
        ("GRAPH_BASE_URL", "https://gr\u00e4ph.microsoft.com"),
        ("GRAPH_CREDENTIAL", "password"),
        ("GRAPH_CREDENTIAL", "Anonymous"),
    ],
)
def test_a_wrong_value_is_refused_alone_and_by_name(name: str, value: str) -> None:
    assert named({**REQUIRED, name: value}) == [name]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("CLAIM_SECONDS", "99999999999999999", id="more seconds than there are"),
        pytest.param("STUCK_AFTER_SECONDS", "1000000000000", id="a date beyond the calendar"),
        pytest.param("INGEST_SINCE", "0001-01-01T00:00:00+14:00", id="an instant before the first"),
    ],
)
def test_a_number_out_of_all_bounds_is_refused_by_name_too(name: str, value: str) -> None:
    assert named({**REQUIRED, name: value}) == [name]


def test_an_instant_of_another_zone_is_taken_as_utc() -> None:
    assert read(INGEST_SINCE="2026-12-01T01:00:00+01:00").ingest_since == datetime(2026, 12, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "ap_mailbox", ["invoices@contoso.example", "Invoices@CONTOSO.example", " invoices@contoso.example "]
)
def test_invoices_are_never_forwarded_to_where_they_come_from(ap_mailbox: str) -> None:
    (fault,) = faults({**REQUIRED, "AP_MAILBOX": ap_mailbox})
    assert fault.startswith("AP_MAILBOX: must not be INVOICE_MAILBOX")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8025/v1.0",
        "http://localhost:8025",
        "http://LOCALHOST/v1.0",
        "http://[::1]:8025/v1.0",
        "http://127.8.9.1",
    ],
)
def test_anonymous_is_for_this_machine(url: str) -> None:
    assert read(GRAPH_CREDENTIAL="anonymous", GRAPH_BASE_URL=url).graph_credential == "anonymous"


@pytest.mark.parametrize(
    "url",
    [
        "https://graph.microsoft.com/v1.0",
        "http://localhost.evil.com",
        "http://127.0.0.1.nip.io",
        "http://127.0.0.1@evil.com",
        "http://evil.com/127.0.0.1",
        "http://evil.com#localhost",
        "http://10.0.0.1",
        "http://0.0.0.0",
        "http://[::]",
        "http://[fe80::1]",
        "http://2130706433.evil.com",
    ],
)
def test_anonymous_leads_nowhere_else(url: str) -> None:
    assert named({**REQUIRED, "GRAPH_CREDENTIAL": "anonymous", "GRAPH_BASE_URL": url}) == ["GRAPH_CREDENTIAL"]


def test_anonymous_does_not_fit_the_default_endpoint() -> None:
    assert named({**REQUIRED, "GRAPH_CREDENTIAL": "anonymous"}) == ["GRAPH_CREDENTIAL"]


@pytest.mark.parametrize("host", ["", "localhost.", "localhost.evil.com", "127.0.0.1.nip.io", "::2", "256.0.0.1"])
def test_only_names_and_addresses_of_this_machine_are_loopback(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize(
    ("env", "storage"),
    [
        pytest.param(
            {"AzureWebJobsStorage": "AccountName=a;AccountKey=b"},
            Storage(connection_string="AccountName=a;AccountKey=b"),
            id="connection string",
        ),
        pytest.param(
            {"AzureWebJobsStorage__accountName": "acc"},
            Storage("", "https://acc.queue.core.windows.net", "https://acc.table.core.windows.net"),
            id="identity by account",
        ),
        pytest.param(
            {
                "AzureWebJobsStorage__queueServiceUri": "https://q.example",
                "AzureWebJobsStorage__tableServiceUri": "https://t.example",
                "AzureWebJobsStorage__credential": "managedidentity",
                "AzureWebJobsStorage__clientId": "00000000-0000-0000-0000-000000000001",
            },
            Storage("", "https://q.example", "https://t.example", True, "00000000-0000-0000-0000-000000000001"),
            id="identity by endpoints",
        ),
        pytest.param(
            {"AzureWebJobsStorage__accountName": "acc", "AzureWebJobsStorage__tableServiceUri": "https://t.example"},
            Storage("", "https://acc.queue.core.windows.net", "https://t.example"),
            id="an endpoint beats the account",
        ),
        pytest.param(
            {"AzureWebJobsStorage": " ", "AzureWebJobsStorage__accountName": " acc "},
            Storage("", "https://acc.queue.core.windows.net", "https://acc.table.core.windows.net"),
            id="blank connection string",
        ),
    ],
)
def test_storage_is_reached_as_the_host_reaches_it(env: dict[str, str], storage: Storage) -> None:
    mailboxes = {name: REQUIRED[name] for name in ("INVOICE_MAILBOX", "AP_MAILBOX")}
    assert Settings.from_env({**mailboxes, **env}).storage == storage
    assert Settings.for_storage(env) == (storage, timedelta(seconds=900))


@pytest.mark.parametrize(
    "env",
    [
        {},
        {"AzureWebJobsStorage__queueServiceUri": "https://q.example"},
        {"AzureWebJobsStorage__tableServiceUri": "https://t.example"},
        {"AzureWebJobsStorage__accountName": " "},
        {"AzureWebJobsStorage__credential": "managedidentity"},
        {"AzureWebJobsStorage": "nonsense"},
        {"AzureWebJobsStorage": "AccountKey=S3CRET"},
    ],
)
def test_storage_that_is_named_by_halves_is_missing(env: dict[str, str]) -> None:
    mailboxes = {name: REQUIRED[name] for name in ("INVOICE_MAILBOX", "AP_MAILBOX")}
    assert named({**mailboxes, **env}) == ["AzureWebJobsStorage"]


def test_vendors_need_storage_alone_and_every_fault_of_theirs_is_named() -> None:
    assert Settings.for_storage({"AzureWebJobsStorage": "UseDevelopmentStorage=true", "STUCK_AFTER_SECONDS": "5"}) == (
        Storage(connection_string="UseDevelopmentStorage=true"),
        timedelta(seconds=5),
    )
    with pytest.raises(InvalidSettings) as raised:
        Settings.for_storage({"STUCK_AFTER_SECONDS": "soon"})
    assert [fault.partition(":")[0] for fault in raised.value.faults] == ["AzureWebJobsStorage", "STUCK_AFTER_SECONDS"]


def test_a_wrong_value_is_shown_where_that_helps() -> None:
    assert "found 'many'" in faults({**REQUIRED, "AP_MAX_PER_MINUTE": "many"})[0]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("TEAMS_WEBHOOK_URL", "ftp://contoso.example/hook?sig=S3CRET", id="wrong scheme"),
        pytest.param("TEAMS_WEBHOOK_URL", "contoso.example/hook?sig=S3CRET", id="scheme forgotten"),
        pytest.param("TEAMS_WEBHOOK_URL", "https:/contoso.example/hook?sig=S3CRET", id="a slash forgotten"),
        pytest.param("GRAPH_BASE_URL", "user:S3CRET@contoso.example", id="password without a scheme"),
    ],
)
def test_a_url_that_may_hold_a_key_is_never_shown(name: str, value: str) -> None:
    assert "S3CRET" not in str(faults({**REQUIRED, name: value}))


def test_storage_keys_are_never_shown() -> None:
    env = {"AzureWebJobsStorage": "AccountKey=S3CRET", "INVOICE_MAILBOX": "x"}
    assert "S3CRET" not in str(faults(env))
