"""The deploy commands against the stand-in for Azure and the real storage emulator."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError
from azure.storage.blob import ContainerClient

from infrastructure.deploy.__main__ import main
from infrastructure.deploy.connection import Connection
from infrastructure.deploy.place import Place, Who
from infrastructure.deploy.releases import Releases
from infrastructure.local.storage import Storage
from tests.deploy.azure_model import APP, TOKEN, Azure
from tests.deploy.packages import NEW, OLD, OLDER, digest, package

_PLACE = ("--subscription", "sub-1", "--resource-group", "rg-1", "--app", APP, "--storage-account", "account1")


class ToLoopback(httpx.HTTPTransport):
    """Leads every request to the stand-in, which tells by the name of the host whom it was meant for."""

    def __init__(self, url: str) -> None:
        super().__init__(verify=False)  # it leads to this machine, without TLS
        self._url = httpx.URL(url)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.url = request.url.copy_with(scheme="http", host=self._url.host, port=self._url.port)
        return super().handle_request(request)


class Login:
    """Whoever is logged in; `says` is why nobody is."""

    def __init__(self) -> None:
        self.says = ""
        self.lasts = 3_600.0  # seconds, of a token
        self.asked = 0

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        assert scopes == ("https://management.azure.com/.default",)
        self.asked += 1
        if self.says:
            raise ClientAuthenticationError(self.says)
        return AccessToken(TOKEN, int(time.time() + self.lasts))


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended, and all that it wrote."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        return self.err + self.out


class Deploy:
    """Runs commands as a person or a workflow does."""

    def __init__(self, azure: Azure, container: ContainerClient, capture: pytest.CaptureFixture[str]) -> None:
        self.azure, self.container, self.login = azure, container, Login()
        self.releases = Releases(container, azure.clock, Who("a test", ""))
        self._capture = capture

    @contextmanager
    def connect(self, place: Place) -> Iterator[Connection]:
        assert place.app == APP
        with httpx.Client(transport=ToLoopback(self.azure.url)) as http:
            yield Connection(http, self.login, self.container, self.azure.clock)

    def run(self, *arguments: str) -> Done:
        """Run a command on the app."""
        return self.run_as_given(arguments[0], *_PLACE, *arguments[1:])

    def run_as_given(self, *arguments: str) -> Done:
        """Run a command that says itself what it works on, or leaves that to the environment."""
        self._capture.readouterr()
        code = main(arguments, self.connect)
        out, err = self._capture.readouterr()
        return Done(code, out, err)

    def stage(self, content: bytes, folder: Path) -> Done:
        path = folder / "app.zip"
        path.write_bytes(content)
        return self.run("stage", str(path))

    def swap(self, text: str | bytes) -> Done:
        return self.run("swap", "--digest", digest(text))

    @property
    def last_good(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.container.download_blob("last-good.json").readall())
        return found

    @property
    def serves(self) -> str:
        return self.azure.production.digest

    @property
    def staged(self) -> str:
        return self.azure.staging.digest


@pytest.fixture(autouse=True)
def _no_workflow(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test runs on no workflow, unless it says so."""
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "GITHUB_ACTOR", "GITHUB_RUN_ID", "GITHUB_SHA"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def azure() -> Iterator[Azure]:
    with Azure() as running:
        yield running


@pytest.fixture
def container(azurite: Storage) -> Iterator[ContainerClient]:
    """A container that no other test sees; it is for the commands to make."""
    name = f"releases-{uuid4().hex}"
    with ContainerClient.from_connection_string(azurite.connection_string, name) as client:
        yield client


@pytest.fixture
def deploy(azure: Azure, container: ContainerClient, capsys: pytest.CaptureFixture[str]) -> Deploy:
    """An app that nothing was ever deployed to."""
    return Deploy(azure, container, capsys)


@pytest.fixture
def released(deploy: Deploy) -> Deploy:
    """An app a day after its second release: production serves OLD, and staging holds OLDER, as a swap leaves it."""
    azure = deploy.azure
    azure.production.put(package(OLD))
    azure.staging.put(package(OLDER))
    azure.clock.sleep(86_400)
    deploy.container.create_container()
    for text in (OLDER, OLD):
        deploy.releases.keep(digest(text), package(text))
    record(deploy, OLD, OLDER)
    return deploy


@pytest.fixture
def staged(released: Deploy) -> Deploy:
    """The same app once NEW was staged and proven."""
    released.azure.staging.put(package(NEW))
    released.azure.clock.sleep(3_600)
    released.releases.keep(digest(NEW), package(NEW))
    return released


def record(deploy: Deploy, text: str, previous: str = "") -> None:
    """Write what was last good."""
    before = deploy.releases.last_good()
    deploy.releases.record(digest(text), digest(previous) if previous else "", "c0ffee", before)
