"""Kudu, the site beside a slot: it takes packages, and shows the files that the slot runs from.

https://github.com/projectkudu/kudu/wiki/REST-API, https://github.com/Azure-App-Service/KuduLite
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlencode, urljoin, urlsplit

from pydantic import BaseModel, RootModel

from infrastructure.deploy.azure import Tokens
from infrastructure.deploy.clock import Clock
from infrastructure.deploy.proof import Package
from infrastructure.deploy.trouble import Refused, Trouble, Unreachable
from infrastructure.deploy.web import Ask, Web
from infrastructure.operations.show import one_line

_PACKAGES = "/api/vfs/data/SitePackages/"  # below /home
_NAMES = "packagename.txt"
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_LATEST = "/api/deployments/latest"
_FAILED, _SUCCESS = 3, 4  # DeployStatus
_LINES = 5  # of a deployment's log, in messages
_ROLE = "this run's identity needs the role Website Contributor on the app and its slot (Kudu asks for sites/publish)"
_HINTS: Mapping[int, str] = {
    HTTPStatus.FOUND: f"it wants a login by a browser: {_ROLE}",
    HTTPStatus.UNAUTHORIZED: _ROLE,
    HTTPStatus.FORBIDDEN: f"{_ROLE}, and access restrictions of the scm site must let this machine in",
}


class NotDeployed(Trouble):
    """Kudu did not put the package in its place."""


@dataclass(frozen=True, slots=True)
class KuduPatience:
    """How long Kudu is given, in seconds."""

    accept: float = 120.0  # to take the package; a slot whose settings have just changed answers 503 for a while
    finish: float = 300.0
    pause: float = 5.0


class _Deployment(BaseModel):
    id: str = ""
    status: int = 0
    status_text: str | None = ""
    message: str | None = ""
    complete: bool = False


class _Line(BaseModel):
    message: str | None = ""


class _Log(RootModel[list[_Line]]):
    pass


class Kudu:
    """The Kudu of one slot."""

    def __init__(self, web: Web, tokens: Tokens, clock: Clock, host_name: str, slot: str) -> None:
        self._web = web
        self._tokens = tokens
        self._clock = clock
        self._base = f"https://{host_name}"
        self._to = f"Kudu of {slot}"

    def package(self) -> Package:
        """The package that the slot runs from, its bytes read and hashed; raises Trouble."""
        name = self.package_name()
        return Package(name, self.digest(name)) if name else Package()

    def package_name(self) -> str:
        """What packagename.txt says, empty where there is none; raises Trouble."""
        ask = self._ask("GET", _PACKAGES + _NAMES)
        try:
            name = self._web.read(ask).text.strip().removeprefix("\ufeff")
        except Refused as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return ""
            raise
        if not _FILE_NAME.fullmatch(name):
            raise Unreachable(f"{ask.name} is no name of a file: {one_line(name)[:80]!r}")
        return name

    def digest(self, name: str) -> str:
        """The SHA-256 of a package by the name of its file, empty where there is none; raises Trouble."""
        try:
            return self._web.sha256(self._ask("GET", _PACKAGES + name))
        except Refused as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return ""
            raise

    def deploy(self, content: bytes, message: str, author: str, patience: KuduPatience) -> None:
        """Put a package in the place of the present one; raises NotDeployed, Trouble.

        That it is in its place is for the digest to prove; this only waits until Kudu has done what it does.
        """
        before = self._latest(_LATEST)
        link = self._send(content, message, author, patience)
        self._wait(link, before.id if before else "", patience)

    def _send(self, content: bytes, message: str, author: str, patience: KuduPatience) -> str:
        """Hand the package over; again when it got no clear answer, for a second time does no harm."""
        query = urlencode({"isAsync": "true", "deployer": "invoice-agent", "author": author, "message": message})
        deadline = self._clock.now() + patience.accept
        while True:
            ask = self._ask("POST", f"/api/zipdeploy?{query}", content)
            try:
                return self._link(self._web.send(ask).headers.get("Location", ""))
            except (Unreachable, Refused) as error:
                is_busy = isinstance(error, Refused) and error.status == HTTPStatus.CONFLICT
                if self._clock.now() >= deadline or not (is_busy or isinstance(error, Unreachable)):
                    raise
            self._clock.sleep(patience.pause)

    def _link(self, location: str) -> str:
        """Where to ask for this deployment; a link to another site would be sent our token."""
        url = urlsplit(urljoin(self._base, location))
        is_ours = f"{url.scheme}://{url.netloc}" == self._base and url.path.startswith("/api/deployments/")
        return f"{url.path}?{url.query}" if is_ours else _LATEST

    def _wait(self, link: str, before: str, patience: KuduPatience) -> None:
        deadline = self._clock.now() + patience.finish
        told = "nothing of it was ever seen"
        while self._clock.now() < deadline:
            deployment = self._latest(link)
            if deployment and deployment.id != before:
                if deployment.status == _FAILED:
                    raise NotDeployed(f"{self._to}: the deployment failed{self._why(deployment)}")
                if deployment.status == _SUCCESS:
                    return
                told = f"it is still {deployment.status_text or deployment.status}"
            self._clock.sleep(patience.pause)
        raise NotDeployed(f"{self._to}: the deployment did not end within {patience.finish:.0f} s: {told}")

    def _latest(self, link: str) -> _Deployment | None:
        """The newest deployment; None where there is none, or Kudu does not answer for the moment."""
        ask = self._ask("GET", link)
        try:
            return self._web.parsed(ask, self._web.send(ask), _Deployment)
        except Unreachable:
            return None
        except Refused as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise

    def _why(self, deployment: _Deployment) -> str:
        told = [deployment.status_text or "", deployment.message or ""]
        ask = self._ask("GET", f"/api/deployments/{deployment.id}/log")
        try:
            lines = self._web.parsed(ask, self._web.read(ask), _Log).root
        except Trouble as error:
            told.append(f"its log cannot be read: {error}")
        else:
            told += [line.message or "" for line in lines[-_LINES:]]
        return "".join(f"; {one_line(text)}" for text in told if text)

    def _ask(self, method: str, path: str, content: bytes | None = None) -> Ask:
        # As it lies there: what is hashed must not have been packed or unpacked on the way.
        headers = {**self._tokens.headers(), "Accept-Encoding": "identity"}
        if content is not None:
            headers["Content-Type"] = "application/zip"  # Kudu fails where there is none
        return Ask(self._to, method, self._base + path, headers, content=content, hints=_HINTS)
