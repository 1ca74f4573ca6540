"""What host.json has to say for the design to hold."""

from datetime import timedelta
from typing import Any

from shared.settings import Settings
from tests.app.checkout import json_of

MARGIN = timedelta(minutes=5)


def queues() -> dict[str, Any]:
    section: dict[str, Any] = json_of("host.json")["extensions"]["queues"]
    return section


def duration(text: str) -> timedelta:
    hours, minutes, seconds = text.split(":")
    return timedelta(hours=int(hours), minutes=int(minutes), seconds=float(seconds))


def test_the_bundle_is_of_version_four() -> None:
    """No bundle 5 exists; the range is the one that the host itself would take."""
    bundle = json_of("host.json")["extensionBundle"]
    assert bundle["id"] == "Microsoft.Azure.Functions.ExtensionBundle"
    assert bundle["version"] in {"[4.0.0, 5.0.0)", "[4.*, 5.0.0)"}


def test_messages_are_base64_as_our_own_client_writes_them() -> None:
    assert queues()["messageEncoding"] == "base64"


def test_a_message_is_tried_again_before_it_is_poison() -> None:
    assert queues()["maxDequeueCount"] == 5


def test_a_failed_try_waits_before_the_next_one() -> None:
    """The host's own default is zero, which spends all five tries in seconds."""
    assert duration(queues()["visibilityTimeout"]) >= timedelta(seconds=30)


def test_queues_are_polled_within_seconds() -> None:
    assert duration(queues()["maxPollingInterval"]) <= timedelta(seconds=10)


def test_only_few_messages_are_in_work_at_once() -> None:
    """One mailbox allows few requests at a time; more work in hand would only wait and hold its claims."""
    assert queues()["batchSize"] + queues()["newBatchThreshold"] <= 8


def test_a_claim_outlives_the_function_that_took_it() -> None:
    """Else a second worker could take over while the first one still sends."""
    defaults = Settings.from_env(
        {
            "AzureWebJobsStorage": "UseDevelopmentStorage=true",
            "INVOICE_MAILBOX": "a@contoso.example",
            "AP_MAILBOX": "b@contoso.example",
        }
    )
    assert duration(json_of("host.json")["functionTimeout"]) + MARGIN < defaults.claim


def test_a_function_may_run_as_long_as_every_plan_allows() -> None:
    assert duration(json_of("host.json")["functionTimeout"]) <= timedelta(minutes=10)


def test_what_alerts_count_is_not_sampled_away() -> None:
    sampling = json_of("host.json")["logging"]["applicationInsights"]["samplingSettings"]
    assert {"Request", "Exception", "Trace"} <= set(sampling["excludedTypes"].split(";"))


def test_results_of_functions_are_logged() -> None:
    levels = json_of("host.json")["logging"]["logLevel"]
    assert {levels[name] for name in ("Function", "Host.Results", "Host.Aggregator")} == {"Information"}


def test_the_schema_is_the_one_of_today() -> None:
    assert json_of("host.json")["version"] == "2.0"
