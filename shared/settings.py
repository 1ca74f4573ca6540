"""Every setting of the app, named and parsed in one place."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

T = TypeVar("T")

# UseDevelopmentStorage=true, an account with its key, or endpoints with a shared access signature.
_CONNECTION = re.compile(
    r"UseDevelopmentStorage=true|AccountName=.+AccountKey=|AccountKey=.+AccountName=|SharedAccessSignature=",
    re.IGNORECASE | re.DOTALL,
)

STORAGE = "AzureWebJobsStorage"
LONGEST_SECONDS = 7 * 24 * 3600  # a queue message lives no longer
EARLIEST_YEAR = 1970
MANAGED = "managedidentity"  # https://learn.microsoft.com/azure/azure-functions/functions-reference#common-properties-for-identity-based-connections
CREDENTIALS = ("managed_identity", "default", "anonymous")


class InvalidSettings(Exception):
    """The settings cannot be used; the text names every one that is missing or wrong, and what was expected."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("settings are missing or wrong:\n" + "\n".join(f"  {fault}" for fault in faults))
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True)
class Storage:
    """How to reach the storage account: by connection string, or by identity at two endpoints."""

    connection_string: str = ""
    queue_endpoint: str = ""
    table_endpoint: str = ""
    is_managed: bool = (
        False  # by managed identity; else by whatever log-in DefaultAzureCredential finds, as the host does
    )
    client_id: str = ""  # of a user-assigned identity


@dataclass(frozen=True, slots=True)
class Settings:
    """The app's settings, checked; README.md has their table."""

    storage: Storage
    invoice_mailbox: str
    ap_mailbox: str
    teams_webhook_url: str
    ingest_since: datetime | None
    ap_max_per_minute: int
    claim: timedelta
    stuck_after: timedelta
    delivery_patience: timedelta
    redrive_limit: int
    repeat_limit: int
    graph_concurrency: int
    graph_base_url: str
    graph_credential: str
    synthetic_recipient: str

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Parse a mapping such as os.environ; raises InvalidSettings that lists every fault at once."""
        reader = _Reader(env)
        values: dict[str, Any] = {
            "storage": reader.storage(),
            "invoice_mailbox": reader.read("INVOICE_MAILBOX", _address),
            "ap_mailbox": reader.read("AP_MAILBOX", _address),
            "teams_webhook_url": reader.read("TEAMS_WEBHOOK_URL", _url, ""),
            "ingest_since": reader.read("INGEST_SINCE", _instant, ""),
            "ap_max_per_minute": reader.read("AP_MAX_PER_MINUTE", _count, "20"),
            "claim": reader.read("CLAIM_SECONDS", _seconds, "900"),
            "stuck_after": reader.read("STUCK_AFTER_SECONDS", _seconds, "900"),
            "delivery_patience": reader.read("DELIVERY_PATIENCE_SECONDS", _seconds, "600"),
            "redrive_limit": reader.read("REDRIVE_LIMIT", _count, "5"),
            "repeat_limit": reader.read("REPEAT_LIMIT", _count, "20"),
            "graph_concurrency": reader.read("GRAPH_CONCURRENCY", _count, "2"),
            "graph_base_url": reader.read("GRAPH_BASE_URL", _url, "https://graph.microsoft.com/v1.0"),
            "graph_credential": reader.read("GRAPH_CREDENTIAL", _credential, "managed_identity"),
            "synthetic_recipient": reader.read("SYNTHETIC_RECIPIENT", _address_or_none, ""),
        }
        reader.check_together(values)
        if reader.faults:
            raise InvalidSettings(reader.faults)
        return cls(**values)

    @staticmethod
    def for_storage(env: Mapping[str, str]) -> tuple[Storage, timedelta]:
        """What commands on the storage account need: it, and `STUCK_AFTER_SECONDS`; raises InvalidSettings."""
        reader = _Reader(env)
        storage, stuck_after = reader.storage(), reader.read("STUCK_AFTER_SECONDS", _seconds, "900")
        if storage is None or stuck_after is None:
            raise InvalidSettings(reader.faults)
        return storage, stuck_after


# Settings that the app's own code reads; MAIL_INGEST_SCHEDULE is resolved by the host, see function_app.py.
NAMES = (
    STORAGE,
    "INVOICE_MAILBOX",
    "AP_MAILBOX",
    "TEAMS_WEBHOOK_URL",
    "INGEST_SINCE",
    "AP_MAX_PER_MINUTE",
    "CLAIM_SECONDS",
    "STUCK_AFTER_SECONDS",
    "DELIVERY_PATIENCE_SECONDS",
    "REDRIVE_LIMIT",
    "REPEAT_LIMIT",
    "GRAPH_CONCURRENCY",
    "GRAPH_BASE_URL",
    "GRAPH_CREDENTIAL",
    "SYNTHETIC_RECIPIENT",
)


class _Reader:
    """Reads one setting after the other and collects what is wrong."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env
        self.faults: list[str] = []

    def read(self, name: str, parse: Callable[[str], T], default: str | None = None) -> T | None:
        """Parse one setting; `default` is taken where it is absent or blank, None says it is required."""
        text = self._env.get(name, "").strip() or default
        if text is None:
            self.faults.append(f"{name}: missing; wanted {_WANTED[parse]}")
            return None
        try:
            return parse(text)
        except ValueError:
            shown = "" if parse is _url or "://" in text else f", found {text!r}"  # a URL may hold a key
            self.faults.append(f"{name}: wanted {_WANTED[parse]}{shown}")
            return None

    def storage(self) -> Storage | None:
        plain = self._env.get(STORAGE, "").strip()
        if plain and _CONNECTION.search(plain):
            return Storage(connection_string=plain)
        if plain:
            self.faults.append(f"{STORAGE}: is no connection string of a storage account (its value is not shown)")
            return None
        account = self._env.get(f"{STORAGE}__accountName", "").strip()
        endpoints = {
            kind: self._env.get(f"{STORAGE}__{kind}ServiceUri", "").strip()
            or (f"https://{account}.{kind}.core.windows.net" if account else "")
            for kind in ("queue", "table")
        }
        if not all(endpoints.values()):
            self.faults.append(
                f"{STORAGE}: missing; wanted a connection string, or {STORAGE}__accountName, "
                f"or {STORAGE}__queueServiceUri and {STORAGE}__tableServiceUri"
            )
            return None
        is_managed = self._env.get(f"{STORAGE}__credential", "").strip().lower() == MANAGED
        client_id = self._env.get(f"{STORAGE}__clientId", "").strip()
        return Storage("", endpoints["queue"], endpoints["table"], is_managed, client_id)

    def check_together(self, values: Mapping[str, Any]) -> None:
        """Find what is wrong between settings that are right by themselves."""
        mailbox, ap_mailbox = values["invoice_mailbox"], values["ap_mailbox"]
        if values["synthetic_recipient"] and values["synthetic_recipient"] in {mailbox, ap_mailbox}:
            self.faults.append(
                "SYNTHETIC_RECIPIENT: must be neither AP_MAILBOX nor INVOICE_MAILBOX; AP is to see no test mail"
            )
        if mailbox and mailbox == ap_mailbox:
            self.faults.append("AP_MAILBOX: must not be INVOICE_MAILBOX; every forward would come back as an invoice")
        host = urlsplit(values["graph_base_url"] or "").hostname or ""
        if values["graph_credential"] == "anonymous" and not is_loopback(host):
            self.faults.append(
                f"GRAPH_CREDENTIAL: anonymous is for the local mailbox alone; GRAPH_BASE_URL leads to {host or '?'}"
            )


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _address(text: str) -> str:
    local, _, domain = text.rpartition("@")
    if not local or "." not in domain or any(c.isspace() or c in "<>,;" for c in text):
        raise ValueError
    return text.lower()


def _address_or_none(text: str) -> str:
    return _address(text) if text else ""


def _url(text: str) -> str:
    parts = urlsplit(text)
    # What copy and paste brings along may be seen by nobody, and the client refuses it at every request.
    is_clean = text.isascii() and text.isprintable() and " " not in text
    if text and not (is_clean and parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0):
        raise ValueError
    return text.rstrip("/")


def _instant(text: str) -> datetime | None:
    if not text:
        return None
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None or instant.year < EARLIEST_YEAR:
        raise ValueError
    return instant.astimezone(UTC)


def _count(text: str) -> int:
    if (count := int(text)) < 1:
        raise ValueError
    return count


def _seconds(text: str) -> timedelta:
    if (seconds := _count(text)) > LONGEST_SECONDS:
        raise ValueError
    return timedelta(seconds=seconds)


def _credential(text: str) -> str:
    if text not in CREDENTIALS:
        raise ValueError
    return text


# What an error message says was wanted.
_WANTED: dict[Callable[[str], Any], str] = {
    _address: "a mail address such as invoices@contoso.com",
    _address_or_none: "a mail address such as synthetic@contoso.com, or nothing",
    _url: "an http or https URL of visible ASCII characters",
    _instant: "a UTC instant such as 2026-12-01T00:00:00Z",
    _count: "a whole number of at least 1",
    _seconds: f"a whole number of seconds from 1 to {LONGEST_SECONDS}",
    _credential: f"one of {', '.join(CREDENTIALS)}",
}
