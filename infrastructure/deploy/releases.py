"""What was released: each staged package, which of them was last proven in production, and who is at it now.

In the container `releases` of the app's storage account: `<sha256>.zip`, `last-good.json`, and `lock`, whose lease is
held by whoever changes a slot.
"""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Self

from azure.core import MatchConditions
from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
    ResourceExistsError,
    ResourceNotFoundError,
)
from azure.storage.blob import BlobLeaseClient, ContainerClient
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from infrastructure.deploy.clock import Clock
from infrastructure.deploy.place import Who
from infrastructure.deploy.trouble import Trouble

CONTAINER = "releases"
LAST_GOOD = "last-good.json"
LOCK = "lock"
DIGEST = r"[0-9a-f]{64}"
_LEASE_SECONDS = 60  # the longest there is that ends by itself: a run that dies does not lock out its rollback
_RENEW_SECONDS = 15.0
_LOCK_PAUSE = 5.0
_ROLE = "this run's identity needs the role Storage Blob Data Contributor on the container releases"
_NOT_OURS = {HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_FAILED}


class StorageTrouble(Trouble):
    """The releases cannot be read or written."""


class Locked(Trouble):
    """Somebody else is changing the slots."""


class Record(BaseModel):
    """The package that was last proven in production, and the one before it that a rollback returns to."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    digest: str = Field(pattern=f"^{DIGEST}$")
    at: str = ""  # ISO 8601, UTC
    by: str = ""
    commit: str = ""
    previous: str = Field("", pattern=f"^({DIGEST})?$")  # empty after a rollback: there is no further step back

    def to_return_to(self, serving: str) -> str:
        """The package to go back to while production serves `serving`; empty where there is none.

        From what was recorded, to what was good before it; from anything else (a deployment by hand, one that was
        never recorded because it was never proven), to what was recorded.
        """
        return self.previous if serving == self.digest else self.digest


@dataclass(frozen=True, slots=True)
class Recorded:
    """The record as it was read, and what its next writing is bound to."""

    record: Record | None = None
    etag: str = ""

    def to_return_to(self, serving: str) -> str:
        """As of the record; empty where there is none."""
        return self.record.to_return_to(serving) if self.record else ""


class Lock:
    """The lease, renewed until it is given up."""

    def __init__(self, lease: BlobLeaseClient, every: float = _RENEW_SECONDS) -> None:
        self._lease = lease
        self._every = every  # seconds
        self._is_over = threading.Event()
        self._renewing = threading.Thread(target=self._renew, name="lease", daemon=True)

    @property
    def id(self) -> str:
        """The lease, for writing to the blob."""
        return self._lease.id

    def demand(self) -> None:
        """Make sure, before a slot is changed, that nobody else is at it; raises Locked, StorageTrouble."""
        with _told("the lock"):
            try:
                self._lease.renew()
            except HttpResponseError as error:
                if error.status_code in _NOT_OURS:
                    raise Locked("another run has taken the lock, because this one could not renew it") from None
                raise

    def __enter__(self) -> Self:
        self._renewing.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._renewing.join()
        with suppress(AzureError):  # it ends by itself
            self._lease.release()

    def _renew(self) -> None:
        while not self._is_over.wait(self._every):
            with suppress(AzureError):  # whoever wants to change something asks for it and is told
                self._lease.renew()


class Releases:
    """The container, made where it is missing."""

    def __init__(self, container: ContainerClient, clock: Clock, who: Who) -> None:
        self._container = container
        self._clock = clock
        self._who = who

    @contextmanager
    def locked(self, what: str, patience: float) -> Iterator[Lock]:
        """Nobody else changes the slots until the block ends; raises Locked after so many seconds, StorageTrouble."""
        with _told("the lock"):
            # Asked first: an upload to a blob under a lease fails in another way than one to a blob that is there.
            if not self._container.get_blob_client(LOCK).exists():
                self._make_lock()
            lease = self._leased(patience)
        with Lock(lease) as lock:
            with _told("the lock"):
                holder = f"{what} by {self._who.by or 'somebody'} since {_now()}"
                self._container.upload_blob(LOCK, holder.encode(), overwrite=True, lease=lock.id)
            yield lock

    def _make_lock(self) -> None:
        """Make the blob; and the container only where there is none, for that may be more than this run may do."""
        with suppress(ResourceExistsError):
            try:
                self._container.upload_blob(LOCK, b"")
            except ResourceNotFoundError:
                with suppress(ResourceExistsError):
                    self._container.create_container()
                self._container.upload_blob(LOCK, b"")

    def _leased(self, patience: float) -> BlobLeaseClient:
        deadline = self._clock.now() + patience
        while True:
            lease = BlobLeaseClient(self._container.get_blob_client(LOCK))
            try:
                lease.acquire(_LEASE_SECONDS)
            except HttpResponseError as error:
                if error.status_code != HTTPStatus.CONFLICT:
                    raise
                if self._clock.now() >= deadline:
                    raise Locked(f"the slots are being changed by another run: {self._holder()}; wait for it") from None
                self._clock.sleep(_LOCK_PAUSE)
            else:
                return lease

    def _holder(self) -> str:
        return self._container.download_blob(LOCK).readall().decode("utf-8", "replace") or "not known"

    def last_good(self) -> Recorded:
        """What was last proven in production; raises StorageTrouble."""
        with _told(LAST_GOOD):
            try:
                blob = self._container.download_blob(LAST_GOOD)
            except ResourceNotFoundError:
                return Recorded()
            content, etag = blob.readall(), str(blob.properties.etag)
        try:
            return Recorded(Record.model_validate_json(content), etag)
        except ValidationError as error:
            at_fault = ", ".join(sorted({".".join(map(str, each["loc"])) or "all" for each in error.errors()}))
            raise StorageTrouble(
                f"{CONTAINER}/{LAST_GOOD} is no record of a release (at fault: {at_fault}); look at it, and delete it "
                'or write {"digest": "<sha256 of what production serves>"}'
            ) from None

    def record(self, digest: str, previous: str, commit: str, before: Recorded) -> None:
        """Write what production was proven to serve, unless somebody else wrote meanwhile; raises StorageTrouble."""
        record = Record(digest=digest, at=_now(), by=self._who.by, commit=commit, previous=previous)
        with _told(LAST_GOOD):
            content = record.model_dump_json(indent=2).encode()
            conditions: dict[str, Any] = {}  # by default: only where there is none
            if before.etag:
                conditions = {"overwrite": True, "etag": before.etag, "match_condition": MatchConditions.IfNotModified}
            self._container.upload_blob(LAST_GOOD, content, **conditions)

    def keep(self, digest: str, content: bytes) -> None:
        """Keep a package that was staged; one that is kept already is the same; raises StorageTrouble."""
        with _told(f"{digest}.zip"), suppress(ResourceExistsError):
            self._container.upload_blob(f"{digest}.zip", content, metadata={"commit": self._who.commit})

    def has(self, digest: str) -> bool:
        """Whether a package is kept; raises StorageTrouble."""
        with _told(f"{digest}.zip"):
            return self._container.get_blob_client(f"{digest}.zip").exists()

    def commit(self, digest: str) -> str:
        """Of which commit a kept package is; empty where that, or the package, is not known; raises StorageTrouble."""
        with _told(f"{digest}.zip"):
            try:
                properties = self._container.get_blob_client(f"{digest}.zip").get_blob_properties()
            except ResourceNotFoundError:
                return ""
            return str((properties.metadata or {}).get("commit", ""))

    def fetch(self, digest: str) -> bytes | None:
        """A package that was kept; raises StorageTrouble, also where it is not what its name says."""
        with _told(f"{digest}.zip"):
            try:
                content = self._container.download_blob(f"{digest}.zip").readall()
            except ResourceNotFoundError:
                return None
        if hashlib.sha256(content).hexdigest() != digest:
            raise StorageTrouble(f"{CONTAINER}/{digest}.zip is not the package that its name says; delete it")
        return content


@contextmanager
def _told(blob: str) -> Iterator[None]:
    """Turn an error of the SDK into one line that says what to do."""
    try:
        yield
    except AzureError as error:
        said = str(error.message).strip().partition("\n")[0]
        status = error.status_code if isinstance(error, HttpResponseError) else None
        is_refusal = status == HTTPStatus.FORBIDDEN or isinstance(error, ClientAuthenticationError)
        hint = f"; {_ROLE}" if is_refusal else "; somebody else changed it meanwhile" if status in _NOT_OURS else ""
        raise StorageTrouble(f"storage, {CONTAINER}/{blob}: {said}{hint}") from None


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
