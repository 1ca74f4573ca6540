"""From queue messages and timers to Python values, and from what a function set to queue messages. Pure.

Rules of the host: ApplyBindingData in https://github.com/Azure/azure-functions-host/blob/dev/src/WebJobs.Script/Utility.cs
and Binding/FunctionBinding.cs beside it; the conversions themselves are the SDK's own.
"""

import base64
import binascii
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from azure.functions import meta as _sdk_meta
from azure.functions import queue as _sdk_queue
from azure.functions import timer as _sdk_timer

_meta: Any = _sdk_meta  # the SDK's functions carry no annotations
_queue: Any = _sdk_queue
_timer: Any = _sdk_timer
_NEVER = "0001-01-01T00:00:00+00:00"  # what .NET gives for no time
_WIRE_LIMIT = 64 * 1024  # https://learn.microsoft.com/rest/api/storageservices/put-message


class BindingError(RuntimeError):
    """A value cannot be handed to, or taken from, a function."""


@dataclass(frozen=True, slots=True)
class Received:
    """One queue message as it was received; text is what lies in the queue."""

    id: str
    pop_receipt: str
    text: str
    dequeue_count: int
    inserted: datetime | None
    expires: datetime | None
    next_visible: datetime | None


def decode_text(text: str, *, base64_encoded: bool) -> bytes | None:
    """The body of a message; None when it is not the base64 it should be."""
    if not base64_encoded:
        return text.encode()
    try:
        return base64.b64decode(re.sub(r"\s", "", text), validate=True)  # .NET skips white space as well
    except (binascii.Error, ValueError):
        return None


def encode_text(body: str | bytes, *, base64_encoded: bool) -> str:
    """What goes into the queue; raises for more than a message can hold."""
    raw = body.encode() if isinstance(body, str) else body
    try:
        text = base64.b64encode(raw).decode() if base64_encoded else raw.decode()
    except UnicodeDecodeError as error:
        raise BindingError('bytes that are not UTF-8 need "messageEncoding": "base64" in host.json') from error
    if len(text.encode()) > _WIRE_LIMIT:
        raise BindingError(
            f"the message has {len(raw)} bytes; a queue takes {_WIRE_LIMIT}, so {_WIRE_LIMIT // 4 * 3} before base64"
        )
    return text


def queue_value(message: Received, body: bytes, kind: Any) -> Any:
    """The argument of a queueTrigger parameter annotated with kind (None: not annotated)."""
    if kind is bytes:
        return body
    if kind is str:
        return body.decode()
    return _queue.QueueMessageInConverter.decode(
        _meta.Datum(body, "bytes"), trigger_metadata=_trigger_metadata(message, body)
    )


def timer_value(*, last: datetime | None, due: datetime, past_due: bool, kind: Any) -> Any:
    """The argument of a timerTrigger parameter annotated with kind."""
    status = {"Last": last.isoformat() if last else _NEVER, "Next": due.isoformat(), "LastUpdated": due.isoformat()}
    text = json.dumps({"Schedule": {"AdjustForDST": True}, "ScheduleStatus": status, "IsPastDue": past_due})
    if kind is str:
        return text
    return _timer.TimerRequestConverter.decode(_meta.Datum(text, "json"), trigger_metadata=None)


def messages_of(value: Any, kind: Any) -> list[str | bytes]:
    """The queue messages that one output makes."""
    if value is None:
        return []
    if kind in (str, bytes) and not isinstance(value, str | bytes):
        raise BindingError(f"unable to encode outgoing value of type {type(value).__name__}")
    try:
        datum = _queue.QueueMessageOutConverter.encode(value, expected_type=kind)
    except NotImplementedError as error:
        raise BindingError(str(error) or f"unable to encode outgoing value of type {type(value).__name__}") from error
    if datum.type == "bytes":
        return [datum.value]
    if datum.type == "json":
        return _from_json(json.loads(datum.value))
    return _from_string(datum.value)


def _from_string(text: str) -> list[str | bytes]:
    """The host reads a string that looks like JSON as JSON, and makes one message of each array element."""
    if not _looks_like_json(text):
        return [text]
    try:
        return _from_json(json.loads(text))
    except ValueError as error:
        raise BindingError(f"the output looks like JSON and is not: {error}") from error


def _from_json(document: Any) -> list[str | bytes]:
    items: Sequence[Any] = document if isinstance(document, list) else [document]
    return [item if isinstance(item, str) else json.dumps(item, indent=2, ensure_ascii=False) for item in items]


def _looks_like_json(text: str) -> bool:
    bare = text.strip()
    return bare[:1] + bare[-1:] in {"{}", "[]"}


def _trigger_metadata(message: Received, body: bytes) -> dict[str, Any]:
    """The message's own metadata, overlaid blind to case by the top-level keys of a JSON body."""
    own: dict[str, Any] = {
        "QueueTrigger": _meta.Datum(body.decode(errors="replace"), "string"),
        "Id": _meta.Datum(message.id, "string"),
        "PopReceipt": _meta.Datum(message.pop_receipt, "string"),
        "DequeueCount": _meta.Datum(str(message.dequeue_count), "json"),
        "InsertionTime": _instant(message.inserted),
        "ExpirationTime": _instant(message.expires),
        "NextVisibleTime": _instant(message.next_visible),
    }
    spelling = {name.lower(): name for name in own}
    for key, value in _json_properties(body).items():
        own[spelling.setdefault(key.lower(), key)] = value
    return own


def _instant(value: datetime | None) -> Any:
    return _meta.Datum(json.dumps(value.isoformat() if value else ""), "json")


def _json_properties(body: bytes) -> dict[str, Any]:
    try:
        text = body.decode()
        document = json.loads(text) if _looks_like_json(text) else None
    except ValueError:
        return {}
    if not isinstance(document, dict):
        return {}
    return {
        key: _meta.Datum(json.dumps(value), "json") if isinstance(value, dict) else _meta.Datum(_plain(value), "string")
        for key, value in document.items()
        if value is not None and not isinstance(value, list)
    }


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else str(value)
