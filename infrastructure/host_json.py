"""What host.json says. Pure.

Names, defaults and ranges: https://learn.microsoft.com/azure/azure-functions/functions-host-json and
https://learn.microsoft.com/azure/azure-functions/functions-bindings-storage-queue#host-json
"""

import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_LEVELS = {
    "trace": logging.DEBUG,
    "debug": logging.DEBUG,
    "information": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
    "critical": logging.CRITICAL,
    "none": logging.CRITICAL + 10,
}
_SPAN = re.compile(r"(?:(\d+)\.)?(\d+):(\d+)(?::(\d+(?:\.\d+)?))?")
_MOST_MESSAGES = 32  # of one receive: https://learn.microsoft.com/rest/api/storageservices/get-messages
_DEFAULT_TIMEOUT = (
    1800.0  # Premium and Dedicated: https://learn.microsoft.com/azure/azure-functions/functions-scale#timeout
)


class HostJsonError(ValueError):
    """host.json does not say what a host can follow; the message names every fault."""


@dataclass(frozen=True, slots=True)
class QueueOptions:
    """extensions.queues; times in seconds."""

    batch_size: int = 16
    new_batch_threshold: int = 8
    max_dequeue_count: int = 5
    visibility_timeout: float = 0.0
    max_polling_interval: float = 60.0
    base64: bool = True


@dataclass(frozen=True, slots=True)
class HostJson:
    """The settings of host.json that this host follows; no function_timeout means unbounded."""

    queues: QueueOptions = field(default_factory=QueueOptions)
    function_timeout: float | None = _DEFAULT_TIMEOUT
    log_levels: Mapping[str, int] = field(default_factory=dict)

    def level(self, category: str) -> int:
        """The lowest level that the category logs: the longest matching prefix decides."""
        prefixes = [name for name in self.log_levels if category == name or category.startswith(name + ".")]
        chosen = max(prefixes, key=len, default="default")
        return self.log_levels.get(chosen, logging.INFO)


def parse(text: str, *, cores: int) -> HostJson:
    """Reads host.json."""
    try:
        document = json.loads(text)
    except ValueError as error:
        raise HostJsonError(f"host.json is not JSON: {error}") from error
    if not isinstance(document, dict) or document.get("version") != "2.0":
        raise HostJsonError('host.json must be an object with "version": "2.0"')
    reader = _Reader(document)
    host = HostJson(
        queues=_queues(reader, cores),
        function_timeout=_timeout(reader),
        log_levels=_log_levels(reader),
    )
    if reader.faults:
        raise HostJsonError("host.json: " + "; ".join(reader.faults))
    return host


class _Reader:
    """Typed look-ups that collect faults instead of raising at the first."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        self.faults: list[str] = []

    def get(self, path: str) -> Any:
        found: Any = self._document
        for key in path.split("."):
            found = found.get(key) if isinstance(found, dict) else None
        return found

    def integer(self, path: str, default: int, low: int, high: int) -> int:
        value = self.get(path)
        if value is None:
            return default
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        self.faults.append(f"{path} must be a number from {low} to {high}, not {value!r}")
        return default

    def seconds(self, path: str, default: float) -> float:
        value = self.get(path)
        if value is None:
            return default
        match = _SPAN.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            self.faults.append(f"{path} must be a time like 00:00:30, not {value!r}")
            return default
        days, hours, minutes, seconds = (float(part or 0) for part in match.groups())
        return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


def _queues(reader: _Reader, cores: int) -> QueueOptions:
    root = "extensions.queues."
    batch = reader.integer(root + "batchSize", 16, 1, _MOST_MESSAGES)
    encoding = reader.get(root + "messageEncoding") or "base64"
    if str(encoding).lower() not in {"base64", "none"}:
        reader.faults.append(f"{root}messageEncoding must be base64 or none, not {encoding!r}")
    interval = reader.seconds(root + "maxPollingInterval", 60.0)
    if interval < 0.1:  # noqa: PLR2004  # the documented least
        reader.faults.append(f"{root}maxPollingInterval must be at least 00:00:00.100")
    return QueueOptions(
        batch_size=batch,
        new_batch_threshold=reader.integer(root + "newBatchThreshold", max(1, batch // 2) * cores, 0, 1_000_000),
        max_dequeue_count=reader.integer(root + "maxDequeueCount", 5, 1, 1_000_000),
        visibility_timeout=reader.seconds(root + "visibilityTimeout", 0.0),
        max_polling_interval=interval,
        base64=str(encoding).lower() == "base64",
    )


def _timeout(reader: _Reader) -> float | None:
    if reader.get("functionTimeout") == "-1":
        return None
    return reader.seconds("functionTimeout", _DEFAULT_TIMEOUT) or None


def _log_levels(reader: _Reader) -> dict[str, int]:
    levels = reader.get("logging.logLevel") or {}
    found: dict[str, int] = {}
    for category, name in levels.items():
        level = _LEVELS.get(str(name).lower())
        if level is None:
            reader.faults.append(f"logging.logLevel.{category} must be one of {', '.join(_LEVELS)}, not {name!r}")
        else:
            found[category] = level
    return found
