"""The composition root: reads the environment, builds clients once, on first use, and hands out the stages.

Imports of SDKs stand inside the functions that need them: a function app that is indexed, or that has nothing to do,
does not pay for them.
"""

import gc
import logging
import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from shared.casework import Desk
from shared.domain.forward import Recipients
from shared.ports import Channel, Control, Documents, Ledger, Mailbox, Queues, Registry, Suffixes, Vendors
from shared.settings import Settings, Storage
from shared.stages.add_vendor import VendorDesk
from shared.stages.extract_enrich import ExtractEnrich
from shared.stages.mail_ingest import MailIngest, Pace
from shared.stages.notify import Notify
from shared.stages.post_to_ap import PostToAP, Route

if TYPE_CHECKING:
    from ssl import SSLContext

    from azure.core.credentials import TokenCredential
    from azure.data.tables import TableServiceClient
    from azure.storage.queue import QueueServiceClient
    from kiota_abstractions.authentication import AuthenticationProvider

MAILS_PER_CHILD = 50  # read by one child process before it is replaced
OPEN_MINUTES = 5  # of sending: how much may be admitted and not yet finished

# Left to themselves the clients would wait 300 s for one answer, and the queue's sleep 15 s before its first retry.
STORAGE_SECONDS = {"connection_timeout": 10, "read_timeout": 30}
STORAGE_RETRIES = 2


@dataclass(frozen=True, slots=True)
class Ports:
    """One implementation of every port."""

    mailbox: Mailbox
    ledger: Ledger
    registry: Registry
    control: Control
    vendors: Vendors
    queues: Queues
    documents: Documents
    suffixes: Suffixes
    channel: Channel


class Stages:
    """The five stages over one set of ports; tests hand in their own."""

    def __init__(self, settings: Settings, ports: Ports) -> None:
        def desk(function: str) -> Desk:
            return Desk(ports.ledger, _now, function, settings.stuck_after)

        pace = Pace(
            settings.ingest_since,
            OPEN_MINUTES * settings.ap_max_per_minute,
            settings.redrive_limit,
        )
        route = Route(
            mailbox=settings.invoice_mailbox,
            recipients=Recipients(settings.ap_mailbox, settings.synthetic_recipient),
            per_minute=settings.ap_max_per_minute,
            claim=settings.claim,
            patience=settings.delivery_patience,
        )
        self.mail_ingest = MailIngest(
            desk("MailIngest"),
            ports.mailbox,
            ports.registry,
            ports.queues,
            ports.channel,
            control=ports.control,
            mailbox_address=settings.invoice_mailbox,
            pace=pace,
        )
        self.extract_enrich = ExtractEnrich(
            desk("ExtractEnrich"),
            ports.mailbox,
            ports.registry,
            ports.vendors,
            ports.documents,
            suffixes=ports.suffixes,
            control=ports.control,
            mailbox_address=settings.invoice_mailbox,
            recipients=route.recipients,
            repeat_limit=settings.repeat_limit,
        )
        self.post_to_ap = PostToAP(desk("PostToAP"), ports.mailbox, ports.registry, ports.control, route)
        self.notify = Notify(desk("Notify"), ports.channel)
        self.add_vendor = VendorDesk(desk("AddVendor"), ports.vendors, ports.queues)


def _now() -> datetime:
    return datetime.now(UTC)


def vendor_desk(env: Mapping[str, str]) -> VendorDesk:
    """The way in for vendors alone, which needs storage and nothing else; raises InvalidSettings."""
    from shared.adapters.queues import StorageQueues
    from shared.adapters.tables import TableLedger, Tables, TableVendors

    storage, stuck_after = Settings.for_storage(env)
    tables = Tables(table_service(storage))
    queues = StorageQueues(lambda: queue_service(storage))
    return VendorDesk(Desk(TableLedger(tables), _now, "AddVendor", stuck_after), TableVendors(tables), queues)


@cache
def stages() -> Stages:
    """The stages of this process; raises InvalidSettings on first use where the environment does not suffice."""
    _quiet_sdks()
    settings = Settings.from_env(os.environ)
    return Stages(settings, ports(settings))


def _quiet_sdks() -> None:
    """Keep the SDKs' request lines out of the log: they name mailboxes, and httpx would name the webhook's key."""
    for name in ("azure", "httpx", "httpcore", "msal"):
        logging.getLogger(name).setLevel(logging.WARNING)
    # The package leaves the guessing of encodings out, and requests does without.
    warnings.filterwarnings("ignore", "Unable to find acceptable character detection dependency")


@contextmanager
def _importing_much() -> Iterator[None]:
    """What modules are made of stays for good: looking for garbage among it is a tenth of a cold start."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


@_importing_much()
def ports(settings: Settings) -> Ports:
    """The real implementation of every port, with clients of its own."""
    from shared.adapters.documents import Limits, SubprocessDocuments
    from shared.adapters.queues import StorageQueues
    from shared.adapters.suffixes import PublicSuffixes
    from shared.adapters.tables import TableControl, TableLedger, TableRegistry, Tables, TableVendors

    tables = Tables(table_service(settings.storage))
    return Ports(
        mailbox=_mailbox(settings),
        ledger=TableLedger(tables),
        registry=TableRegistry(tables),
        control=TableControl(tables),
        vendors=TableVendors(tables),
        queues=StorageQueues(lambda: queue_service(settings.storage)),
        documents=SubprocessDocuments(Limits(mails_per_child=MAILS_PER_CHILD)),
        suffixes=PublicSuffixes(),
        channel=_channel(settings),
    )


def table_service(storage: Storage) -> "TableServiceClient":
    """A client of the account's tables."""
    from azure.data.tables import TableServiceClient

    patience: dict[str, Any] = {
        **STORAGE_SECONDS,
        "retry_total": STORAGE_RETRIES,
        "raw_response_hook": _forget_retry_after,
    }
    if storage.connection_string:
        return TableServiceClient.from_connection_string(storage.connection_string, **patience)
    return TableServiceClient(storage.table_endpoint, credential=_storage_credential(storage), **patience)


def _forget_retry_after(response: Any) -> None:
    """Leave it to the client's own short pauses: for as long as that header says, it would sleep in its thread."""
    response.http_response.headers.pop("Retry-After", None)


def queue_service(storage: Storage) -> "QueueServiceClient":
    """A client of the account's queues."""
    from azure.storage.queue import LinearRetry, QueueServiceClient

    patience: dict[str, Any] = {**STORAGE_SECONDS, "retry_policy": LinearRetry(backoff=1, retry_total=STORAGE_RETRIES)}
    if storage.connection_string:
        return QueueServiceClient.from_connection_string(storage.connection_string, **patience)
    return QueueServiceClient(storage.queue_endpoint, credential=_storage_credential(storage), **patience)


def _storage_credential(storage: Storage) -> "TokenCredential":
    return _identity(storage.client_id) if storage.is_managed else _log_in()


@cache
def _log_in() -> "TokenCredential":
    from azure.identity import DefaultAzureCredential

    return DefaultAzureCredential()


@cache
def _identity(client_id: str) -> "TokenCredential":
    from azure.identity import ManagedIdentityCredential

    return ManagedIdentityCredential(client_id=client_id) if client_id else ManagedIdentityCredential()


def _mailbox(settings: Settings) -> Mailbox:
    from shared.adapters.graph_client import GraphClient
    from shared.adapters.graph_mailbox import GraphMailbox

    client = GraphClient(
        _graph_authentication(settings),
        settings.graph_base_url,
        settings.invoice_mailbox,
        settings.graph_concurrency,
        _tls(),
    )
    return GraphMailbox(client)


@cache
def _tls() -> "SSLContext":
    """One for all HTTP clients: to read the certificates of all authorities takes as long as to import httpx."""
    import httpx

    return httpx.create_ssl_context()


def _graph_authentication(settings: Settings) -> "AuthenticationProvider":
    if settings.graph_credential == "anonymous":
        from kiota_abstractions.authentication import AnonymousAuthenticationProvider

        return AnonymousAuthenticationProvider()
    from kiota_authentication_azure.azure_identity_authentication_provider import AzureIdentityAuthenticationProvider

    url = urlsplit(settings.graph_base_url)
    return AzureIdentityAuthenticationProvider(
        _graph_credential(settings),
        scopes=[f"{url.scheme}://{url.netloc}/.default"],
        # Empty would mean: send the token to whatever host a link names.
        allowed_hosts=[url.hostname or ""],
    )


def _graph_credential(settings: Settings) -> "TokenCredential":
    return _log_in() if settings.graph_credential == "default" else _identity(settings.storage.client_id)


def _channel(settings: Settings) -> Channel:
    import httpx

    from shared.adapters.teams import LoggedChannel, TeamsChannel

    if not settings.teams_webhook_url:
        return LoggedChannel()
    return TeamsChannel(httpx.AsyncClient(verify=_tls()), settings.teams_webhook_url)
