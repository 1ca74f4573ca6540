"""The ways to Azure."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
from azure.core.credentials import TokenCredential
from azure.storage.blob import ContainerClient

from infrastructure.deploy.app import App
from infrastructure.deploy.azure import Arm, Tokens
from infrastructure.deploy.clock import Clock, SystemClock
from infrastructure.deploy.journal import Journal
from infrastructure.deploy.place import PRODUCTION, Place, Who
from infrastructure.deploy.releases import CONTAINER, Releases
from infrastructure.deploy.slots import Slot, open_slot
from infrastructure.deploy.web import Web
from infrastructure.package import policy


@dataclass(frozen=True, slots=True)
class Connection:
    """What everything outside is reached by."""

    http: httpx.Client
    credential: TokenCredential
    container: ContainerClient
    clock: Clock


@contextmanager
def to_azure(place: Place) -> Iterator[Connection]:
    """As whoever is logged in: the workflow by its federated identity, an engineer by az login."""
    from azure.identity import DefaultAzureCredential  # noqa: PLC0415  half a second, and tests need none

    account = f"https://{place.storage_account}.blob.core.windows.net"
    with (
        httpx.Client(follow_redirects=False) as http,
        # A runner may be a machine of Azure with an identity of its own, which is not the one that logged in.
        DefaultAzureCredential(exclude_managed_identity_credential=True) as credential,
        ContainerClient(account, CONTAINER, credential=credential) as container,
    ):
        yield Connection(http, credential, container, SystemClock())


@dataclass(frozen=True, slots=True)
class Reach:
    """A place, ready to be worked on."""

    connection: Connection
    place: Place
    who: Who
    journal: Journal

    def slot(self, name: str) -> Slot:
        """One slot; raises Trouble."""
        arm, web, tokens = self._arm()
        return open_slot(name, arm, web, tokens, self.connection.clock)

    def app(self) -> App:
        """The app with both slots; raises Trouble."""
        arm, web, tokens = self._arm()
        clock = self.connection.clock
        return App(
            self.place,
            self.who,
            expected_functions(),
            open_slot(PRODUCTION, arm, web, tokens, clock),
            open_slot(self.place.slot, arm, web, tokens, clock),
            arm,
            Releases(self.connection.container, clock, self.who),
            clock,
            self.journal,
        )

    def _arm(self) -> tuple[Arm, Web, Tokens]:
        secrets = self.journal.secrets
        web = Web(self.connection.http, self.connection.clock, secrets)
        tokens = Tokens(self.connection.credential, secrets)
        return Arm(web, tokens, self.place, secrets), web, tokens


def expected_functions() -> frozenset[str]:
    """The functions that must be loaded, as the package's policy has them."""
    return frozenset(policy.read().function_names)
