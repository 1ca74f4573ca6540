"""The records, on the real storage emulator."""

import hashlib
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ServiceRequestError
from azure.storage.blob import BlobLeaseClient, ContainerClient

from infrastructure.deploy.place import Who
from infrastructure.deploy.releases import Lock, Locked, Recorded, Releases, StorageTrouble
from infrastructure.local.process import free_port, wait_until
from tests.deploy.slot_model import Seconds

DIGEST, OTHER = "a" * 64, "b" * 64


@pytest.fixture
def releases(container: ContainerClient) -> Releases:
    container.create_container()
    return Releases(container, Seconds(), Who("jane", "beef"))


def test_nothing_is_recorded_at_first(releases: Releases) -> None:
    assert releases.last_good() == Recorded()


def test_what_is_recorded_is_read_again(releases: Releases) -> None:
    releases.record(DIGEST, OTHER, "c0ffee", releases.last_good())

    found = releases.last_good().record

    assert found is not None
    assert (found.digest, found.previous, found.by, found.commit) == (DIGEST, OTHER, "jane", "c0ffee")


def test_a_record_that_somebody_changed_is_not_overwritten(releases: Releases) -> None:
    releases.record(DIGEST, "", "", releases.last_good())
    before = releases.last_good()
    releases.record(OTHER, "", "", before)

    with pytest.raises(StorageTrouble, match="somebody else changed it meanwhile"):
        releases.record(DIGEST, "", "", before)


def test_a_first_record_does_not_overwrite_another_first_one(releases: Releases) -> None:
    before = releases.last_good()
    releases.record(DIGEST, "", "", before)

    with pytest.raises(StorageTrouble, match="somebody else changed it meanwhile"):
        releases.record(OTHER, "", "", before)


@pytest.mark.parametrize(
    ("content", "at_fault"),
    [(b"", "all"), (b"[]", "all"), (b"{}", "digest"), (b'{"digest": "x", "previous": "y"}', "digest, previous")],
)
def test_a_record_that_is_none_is_told(
    releases: Releases, container: ContainerClient, content: bytes, at_fault: str
) -> None:
    container.upload_blob("last-good.json", content)

    with pytest.raises(StorageTrouble, match=rf"at fault: {at_fault}\)"):
        releases.last_good()


def test_a_record_of_a_later_version_is_read_as_far_as_it_is_known(
    releases: Releases, container: ContainerClient
) -> None:
    container.upload_blob("last-good.json", b'{"digest": "%s", "signed": true}' % DIGEST.encode())

    found = releases.last_good().record
    assert found is not None
    assert found.digest == DIGEST


def test_a_lock_makes_the_container_and_is_given_back(container: ContainerClient) -> None:
    releases = Releases(container, Seconds(), Who("jane", ""))
    with releases.locked("stage", 90.0):
        assert container.get_blob_client("lock").get_blob_properties().lease.state == "leased"
    with releases.locked("swap", 90.0):
        pass
    assert container.get_blob_client("lock").get_blob_properties().lease.state == "available"


def test_a_lock_is_given_back_by_a_run_that_fails(releases: Releases) -> None:
    with pytest.raises(ZeroDivisionError), releases.locked("stage", 90.0):
        raise ZeroDivisionError
    with releases.locked("swap", 90.0):
        pass


def test_a_held_lock_is_waited_for_longer_than_a_dead_run_can_hold_it(
    releases: Releases, container: ContainerClient
) -> None:
    clock = Seconds()
    begun = clock.now()
    other = Releases(container, clock, Who("joe", ""))
    with (
        releases.locked("stage", 90.0),
        pytest.raises(Locked, match="another run: stage by jane since"),
        other.locked("swap", 90.0),
    ):
        pytest.fail("two hold it")
    assert clock.now() - begun > 60


def test_a_lock_that_is_given_back_in_time_is_taken(releases: Releases, container: ContainerClient) -> None:
    class Waiting(Seconds):
        def sleep(self, seconds: float) -> None:
            super().sleep(seconds)
            BlobLeaseClient(container.get_blob_client("lock")).break_lease(0)

    container.upload_blob("lock", b"")
    BlobLeaseClient(container.get_blob_client("lock")).acquire(60)
    with Releases(container, Waiting(), Who("joe", "")).locked("swap", 90.0):
        pass


def test_a_lock_that_was_taken_is_noticed(releases: Releases, container: ContainerClient) -> None:
    with releases.locked("stage", 90.0) as lock:
        lock.demand()
        BlobLeaseClient(container.get_blob_client("lock")).break_lease(0)
        with pytest.raises(Locked, match="another run has taken the lock"):
            lock.demand()


class Renewed(BlobLeaseClient):
    """A lease whose first renewal meets a storage that does not answer."""

    times = 0

    def renew(self, **_: Any) -> None:
        self.times += 1
        if self.times == 1:
            raise ServiceRequestError("no answer")


def test_a_lock_is_renewed_by_itself_and_again_after_a_failure(releases: Releases, container: ContainerClient) -> None:
    with releases.locked("stage", 90.0):
        lease = Renewed(container.get_blob_client("lock"))
        with Lock(lease, every=0.01):
            assert wait_until(lambda: lease.times > 2, seconds=20)


def test_nobody_writes_the_lock_without_holding_it(releases: Releases, container: ContainerClient) -> None:
    with releases.locked("stage", 90.0), pytest.raises(HttpResponseError):
        container.upload_blob("lock", b"somebody else", overwrite=True)


def test_a_package_is_kept_once_and_read_again(releases: Releases) -> None:
    digest = hashlib.sha256(b"19").hexdigest()
    releases.keep(digest, b"19")
    releases.keep(digest, b"19")

    assert releases.has(digest)
    assert (releases.fetch(digest), releases.commit(digest)) == (b"19", "beef")


def test_a_package_that_was_never_kept_is_missing(releases: Releases) -> None:
    assert not releases.has(DIGEST)
    assert (releases.fetch(DIGEST), releases.commit(DIGEST)) == (None, "")


def test_a_package_that_is_not_what_its_name_says_is_refused(releases: Releases) -> None:
    releases.keep(DIGEST, b"something else")

    with pytest.raises(StorageTrouble, match="is not the package that its name says"):
        releases.fetch(DIGEST)


def test_a_storage_that_does_not_answer_is_told() -> None:
    nowhere = (
        f"DefaultEndpointsProtocol=http;AccountName=a;AccountKey=YQ==;BlobEndpoint=http://127.0.0.1:{free_port()}/a;"
    )
    with (
        ContainerClient.from_connection_string(nowhere, "releases", retry_total=0) as container,
        pytest.raises(StorageTrouble, match=r"storage, releases/last-good\.json: "),
    ):
        Releases(container, Seconds(), Who("jane", "")).last_good()


def test_who_may_not_write_is_told_the_role(container: ContainerClient) -> None:
    wrong = ContainerClient(
        f"{container.primary_endpoint.rpartition('/')[0]}",
        container.container_name,
        credential={"account_name": "devstoreaccount1", "account_key": "d3Jvbmc="},
        retry_total=0,
    )
    with wrong, pytest.raises(StorageTrouble, match="needs the role Storage Blob Data Contributor"):
        Releases(wrong, Seconds(), Who("jane", "")).last_good()
