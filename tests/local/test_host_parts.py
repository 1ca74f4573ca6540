"""The pure parts of the host: host.json, settings, values."""

import logging
from datetime import UTC, datetime

import pytest

from infrastructure.host_json import HostJsonError, QueueOptions, parse
from infrastructure.local.host.bindings import (
    BindingError,
    Received,
    decode_text,
    encode_text,
    messages_of,
    queue_value,
)
from infrastructure.local.host.settings import AppSettings
from infrastructure.local_settings import SettingError


def test_host_json_defaults_are_those_of_azure() -> None:
    host = parse('{"version": "2.0"}', cores=1)
    assert host.queues == QueueOptions(16, 8, 5, 0.0, 60.0, base64=True)
    assert host.function_timeout == 1800
    assert parse('{"version": "2.0"}', cores=4).queues.new_batch_threshold == 32


def test_host_json_values_are_taken() -> None:
    host = parse(
        """{"version": "2.0", "functionTimeout": "1.00:00:10",
            "extensions": {"queues": {"batchSize": 1, "newBatchThreshold": 0, "maxDequeueCount": 3,
                "visibilityTimeout": "00:00:30", "maxPollingInterval": "00:00:02.500", "messageEncoding": "None"}},
            "logging": {"logLevel": {"default": "Warning", "Function": "Error", "Function.A": "Trace"}}}""",
        cores=2,
    )
    assert host.queues == QueueOptions(1, 0, 3, 30.0, 2.5, base64=False)
    assert host.function_timeout == 86_410
    assert host.level("Function.A.User") == logging.DEBUG
    assert host.level("Function.AB") == logging.ERROR
    assert host.level("Host.Startup") == logging.WARNING
    assert parse('{"version": "2.0", "functionTimeout": "-1"}', cores=1).function_timeout is None


def test_every_fault_of_host_json_is_named_at_once() -> None:
    text = """{"version": "2.0", "functionTimeout": 5, "logging": {"logLevel": {"default": "loud"}},
        "extensions": {"queues": {"batchSize": 33, "maxDequeueCount": 0, "newBatchThreshold": true,
            "maxPollingInterval": "00:00:00.010", "messageEncoding": "hex"}}}"""
    with pytest.raises(HostJsonError) as caught:
        parse(text, cores=1)
    for name in ("functionTimeout", "logLevel.default", "batchSize", "maxDequeueCount", "newBatchThreshold",
                 "maxPollingInterval", "messageEncoding"):  # fmt: skip
        assert name in str(caught.value)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": "1.0"}'])
def test_what_is_no_host_json_is_refused(text: str) -> None:
    with pytest.raises(HostJsonError, match=r"host\.json"):
        parse(text, cores=1)


def test_settings_are_blind_to_case_and_to_the_two_separators() -> None:
    settings = AppSettings.of({"Some__Name": "x", "EVERY": "0 * * * * *"})
    assert settings.get("some:name") == "x"
    assert settings.resolve("%every%") == "0 * * * * *"
    assert settings.resolve("a%EVERY%b%Some:Name%") == "a0 * * * * *bx"
    with pytest.raises(SettingError, match="'%missing%' does not resolve to a value"):
        settings.resolve("%missing%")


def test_connections_are_found_as_the_host_finds_them() -> None:
    settings = AppSettings.of({"AzureWebJobsStorage": "one", "AzureWebJobsOther": "two", "Third": "three"})
    assert settings.connection_string("") == "one"
    assert settings.connection_string("AzureWebJobsStorage") == "one"
    assert settings.connection_string("Other") == "two"
    assert settings.connection_string("Third") == "three"
    with pytest.raises(SettingError, match="'None' is missing"):
        settings.connection_string("None")
    development = AppSettings.of({"AzureWebJobsStorage": "UseDevelopmentStorage=true"})
    assert "127.0.0.1:10001/devstoreaccount1" in development.connection_string("")


def test_identity_based_connections_are_refused_by_name() -> None:
    settings = AppSettings.of({"AzureWebJobsStorage__accountName": "prod"})
    with pytest.raises(SettingError, match="not support"):
        settings.connection_string("AzureWebJobsStorage")


def test_base64_is_strict_about_letters_and_lenient_about_white_space() -> None:
    assert decode_text(" eA\n==", base64_encoded=True) == b"x"
    assert decode_text("", base64_encoded=True) == b""
    for wrong in ("x", "{}", "eA", "eA=", "e-_="):
        assert decode_text(wrong, base64_encoded=True) is None
    assert decode_text("ü", base64_encoded=False) == "ü".encode()


def test_bytes_that_are_no_text_need_base64() -> None:
    assert encode_text(b"\xff", base64_encoded=True) == "/w=="
    with pytest.raises(BindingError, match="base64"):
        encode_text(b"\xff", base64_encoded=False)


def test_payload_keys_replace_metadata_unless_null_or_a_list() -> None:
    message = Received("own", "receipt", "", 1, datetime(2026, 1, 1, tzinfo=UTC), None, None)
    value = queue_value(message, b' {"id": null, "DEQUEUECOUNT": [1], "popReceipt": true} ', None)
    assert (value.id, value.dequeue_count, value.pop_receipt) == ("own", 1, "True")
    assert value.insertion_time == datetime(2026, 1, 1, tzinfo=UTC)
    assert queue_value(message, b'[{"id": 5}]', None).id == "own"
    assert queue_value(message, b"{broken}", None).id == "own"
    assert queue_value(message, b"\xff\xfe", bytes) == b"\xff\xfe"


def test_values_of_other_types_are_refused() -> None:
    for value, kind in ((3, None), ([3], None), (["a"], str), ({"a": 1}, bytes)):
        with pytest.raises(BindingError):
            messages_of(value, kind)
    assert messages_of(("a", "b"), None) == ["a", "b"]
