import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.messages import (
    NOTIFY,
    QUEUES,
    RAW_MAIL,
    SCHEMA_VERSION,
    TO_POST,
    AddVendor,
    UnreadableMessage,
    WorkOn,
    queue_for,
)
from shared.domain.transaction import Filing, Key, Notice, Status, Transaction
from tests.domain.made import TRANSACTION, quick, row

DATA = Path(__file__).parents[1] / "data"
KEY = Key("202603", TRANSACTION)
MESSAGE_BYTES = 48 * 1024  # base64 makes 64 KiB of them, the limit of a queue

# What the host keeps about a message; a top-level key of that name would replace it.
METADATA = {
    "id",
    "dequeuecount",
    "expirationtime",
    "insertiontime",
    "nextvisibletime",
    "timenextvisible",
    "popreceipt",
    "queuetrigger",
    "sys",
}


def test_a_message_survives_its_bytes() -> None:
    assert WorkOn.parse(WorkOn.on(KEY).to_bytes()).key == KEY
    vendor = AddVendor(
        vendor_name="Bluebird", email_domain=("bluebird.example", "bluebird.test"), aliases=("Blaumeise",)
    )
    assert AddVendor.parse(vendor.to_bytes()) == vendor


@quick
@given(st.from_regex(r"[0-9]{6}", fullmatch=True), st.from_regex(r"[0-9a-f]{32}", fullmatch=True))
def test_any_key_survives_its_bytes(partition: str, transaction_id: str) -> None:
    key = Key(partition, transaction_id)
    assert WorkOn.parse(WorkOn.on(key).to_bytes()).key == key


@pytest.mark.parametrize("kind", [WorkOn, AddVendor])
def test_no_top_level_key_is_called_like_message_metadata(kind: type[WorkOn | AddVendor]) -> None:
    assert not METADATA.intersection(name.lower().replace("_", "") for name in kind.model_fields)


@pytest.mark.parametrize("body", [WorkOn.on(KEY).to_bytes(), AddVendor(vendor_name="Bluebird").to_bytes()])
def test_every_message_carries_its_schema_version(body: bytes) -> None:
    assert json.loads(body)["schema_version"] == SCHEMA_VERSION


def test_a_newer_version_with_fields_unknown_here_is_read_as_far_as_it_goes() -> None:
    newer = {
        "schema_version": SCHEMA_VERSION + 1,
        "partition": KEY.partition,
        "transaction_id": KEY.transaction_id,
        "priority": {"level": "high"},
    }
    read = WorkOn.parse(json.dumps(newer).encode())
    assert (read.schema_version, read.key) == (SCHEMA_VERSION + 1, KEY)


def test_a_message_without_a_version_is_of_the_first() -> None:
    body = json.dumps({"partition": KEY.partition, "transaction_id": KEY.transaction_id})
    assert WorkOn.parse(body.encode()).schema_version == 1


@pytest.mark.parametrize(
    ("body", "named"),
    [
        pytest.param(b"", "WorkOn", id="empty"),
        pytest.param(b"not json", "WorkOn", id="no JSON"),
        pytest.param(b'"text"', "WorkOn", id="no object"),
        pytest.param(b"[]", "WorkOn", id="list"),
        pytest.param(b"\xff\xfe\x00", "WorkOn", id="no UTF-8"),
        pytest.param(b'{"partition": "202603"}', "transaction_id", id="a part of the key is missing"),
        pytest.param(b'{"partition": 202603, "transaction_id": "1"}', "partition", id="a part is no text"),
        pytest.param(
            b'{"partition": "202603", "transaction_id": "1", "schema_version": "x"}', "schema_version", id="version"
        ),
    ],
)
def test_an_unreadable_body_names_what_is_wrong(body: bytes, named: str) -> None:
    with pytest.raises(UnreadableMessage, match=named):
        WorkOn.parse(body)


def test_a_vendor_names_every_column_at_fault() -> None:
    with pytest.raises(UnreadableMessage) as raised:
        AddVendor.parse(b'{"vendor_name": " ", "gl_code": 6410, "vat_id": []}')
    assert all(name in str(raised.value) for name in ("vendor_name", "gl_code", "vat_id"))


def test_a_vendor_names_its_domain_at_fault() -> None:
    with pytest.raises(UnreadableMessage, match=r"email_domain 'bluebird'.*example.com"):
        AddVendor.checked({"vendor_name": "Bluebird", "email_domain": "bluebird"})


def test_a_message_about_a_transaction_is_small() -> None:
    assert len(base64.b64encode(WorkOn.on(KEY).to_bytes())) < 256


@pytest.mark.parametrize("column", ["notes", "aliases", "email_domain", "gl_code"])
def test_a_vendor_that_fits_no_message_is_refused(column: str) -> None:
    """The continuation message carries it whole, and a table column holds 32 Ki characters."""
    value = "a.example;" * 5_000 if column == "email_domain" else "x" * MESSAGE_BYTES
    with pytest.raises(UnreadableMessage, match=column):
        AddVendor.checked({"vendor_name": "Bluebird", column: value})


@pytest.mark.parametrize(
    ("fields", "queue"),
    [
        ({"status": Status.RECEIVED}, RAW_MAIL),
        ({"status": Status.ENRICHED}, TO_POST),
        ({"status": Status.POSTING}, TO_POST),
        ({"status": Status.POSTED, "filing": Filing.PENDING}, TO_POST),
        ({"status": Status.POSTED, "filing": Filing.DONE, "notice": Notice.OUTCOME}, NOTIFY),
        ({"status": Status.REVIEW, "filing": Filing.PENDING}, RAW_MAIL),
        ({"status": Status.PARKED, "filing": Filing.DONE, "notice": Notice.OUTCOME}, NOTIFY),
        ({"status": Status.FAILED, "filing": Filing.NONE, "notice": Notice.OUTCOME}, NOTIFY),
    ],
)
def test_a_row_goes_to_the_stage_that_does_what_it_still_needs(fields: dict[str, Any], queue: str) -> None:
    assert queue_for(row(**fields)) == queue


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("filing", Filing)
def test_every_row_goes_to_a_queue_of_ours(status: Status, filing: Filing) -> None:
    assert queue_for(row(status, filing=filing)) in QUEUES


@pytest.mark.parametrize("path", sorted((DATA / "messages").glob("*.json")), ids=lambda path: path.stem)
def test_messages_of_the_previous_release_are_read(path: Path) -> None:
    kind = AddVendor if path.stem.startswith("add-vendor") else WorkOn
    body = path.read_bytes()
    assert json.loads(body).items() <= json.loads(kind.parse(body).to_bytes()).items()


@pytest.mark.parametrize("path", sorted((DATA / "rows").glob("*.json")), ids=lambda path: path.stem)
def test_rows_of_the_previous_release_are_read(path: Path) -> None:
    columns = json.loads(path.read_text())
    read = Transaction.from_columns(columns)
    assert read.status.value == path.stem
    written = json.loads(json.dumps(read.to_columns(), default=lambda moment: moment.isoformat()))
    assert columns.items() <= written.items()


def test_the_previous_release_is_kept_whole() -> None:
    """Without its files the two tests above would pass on nothing."""
    assert {path.stem for path in (DATA / "rows").glob("*.json")} == {status.value for status in Status}
    assert {path.stem for path in (DATA / "messages").glob("*.json")} >= set(QUEUES)
