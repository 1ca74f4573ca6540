"""Azure Resource Manager: what it tells of the app and its slots, their keys and settings, and the swap.

https://learn.microsoft.com/rest/api/appservice/web-apps
"""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urljoin, urlsplit

import httpx
from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from infrastructure.deploy.place import PRODUCTION, Place
from infrastructure.deploy.secrecy import Secrets
from infrastructure.deploy.trouble import Refused, Trouble, Unreachable
from infrastructure.deploy.web import Ask, Web
from infrastructure.operations.show import one_line
from infrastructure.operations.token import KeptToken

ARM = "https://management.azure.com"
_SCOPE = f"{ARM}/.default"
_API = "2024-04-01"
_ROLE = "this run's identity needs the role Website Contributor on the function app"
_HINTS: Mapping[int, str] = {
    HTTPStatus.UNAUTHORIZED: "log in again: az login, or azure/login in the workflow",
    HTTPStatus.FORBIDDEN: _ROLE,
    HTTPStatus.NOT_FOUND: "check subscription, resource group, app and slot; Bicep creates them",
}
_REPOSITORY = "Repository"  # how ARM calls the kind of a host name that leads to Kudu


class NoToken(Trouble):
    """Nobody is logged in."""


class _Told(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel)


class _HostName(_Told):
    name: str
    host_type: str = ""


class _SiteProperties(_Told):
    state: str
    default_host_name: str
    host_name_ssl_states: list[_HostName] = Field(default_factory=list)
    in_progress_operation_id: str | None = None


class _Site(_Told):
    properties: _SiteProperties


class _Keys(_Told):
    master_key: str


class _Settings(_Told):
    properties: dict[str, str]


class _Operation(_Told):
    status: str = ""
    error: dict[str, object] | None = None


@dataclass(frozen=True, slots=True)
class Site:
    """The app or its slot: whether it runs, where it and its Kudu answer, and what is being done with it."""

    state: str
    host_name: str
    kudu_name: str
    operation: str  # that is in progress, empty where there is none


class Tokens:
    """Tokens for ARM, which Kudu takes as well."""

    def __init__(self, credential: TokenCredential, secrets: Secrets) -> None:
        self._token = KeptToken(credential, _SCOPE)
        self._secrets = secrets

    def headers(self) -> dict[str, str]:
        """What authorises a request; raises NoToken."""
        try:
            token = self._token.text()
        except AzureError as error:
            said = self._secrets.hidden(str(error.message)).strip().partition("\n")[0]
            raise NoToken(f"Azure gives no token: {one_line(said)}; {_HINTS[HTTPStatus.UNAUTHORIZED]}") from None
        return {"Authorization": f"Bearer {self._secrets.add(token)}"}


def _is_arms(link: str) -> bool:
    url, arm = urlsplit(link), urlsplit(ARM)
    return (url.scheme, url.hostname) == (arm.scheme, arm.hostname) and url.port in {None, 443} and len(url.path) > 1


class Arm:
    """The app and its slots, by their names."""

    def __init__(self, web: Web, tokens: Tokens, place: Place, secrets: Secrets) -> None:
        self._web = web
        self._tokens = tokens
        self._place = place
        self._secrets = secrets

    def site(self, slot: str) -> Site:
        """What ARM knows of a slot; raises Trouble."""
        ask = self._ask("GET", slot, "")
        properties = self._web.parsed(ask, self._web.read(ask), _Site).properties
        kudu = [each.name for each in properties.host_name_ssl_states if each.host_type == _REPOSITORY]
        if not kudu:
            raise Refused(0, f"{ask.name} names no host of kind {_REPOSITORY}: {slot} has no Kudu to deploy through")
        operation = properties.in_progress_operation_id or ""
        return Site(properties.state, properties.default_host_name, kudu[0], operation)

    def settings(self, slot: str) -> Mapping[str, str]:
        """The app settings of a slot; raises Trouble."""
        ask = self._ask("POST", slot, "/config/appsettings/list", is_confidential=True)
        return self._web.parsed(ask, self._web.read(ask), _Settings).properties

    def master_key(self, slot: str) -> str:
        """What the admin endpoints of a slot's host want to see; raises Trouble."""
        ask = self._ask("POST", slot, "/host/default/listkeys", is_confidential=True)
        return self._secrets.add(self._web.parsed(ask, self._web.send(ask), _Keys).master_key)

    def begin_swap(self) -> str:
        """Begin to swap the slot with production; a link to follow, empty where it is over; raises Trouble.

        https://learn.microsoft.com/rest/api/appservice/web-apps/swap-slot
        """
        body = {"targetSlot": PRODUCTION, "preserveVnet": True}
        ask = self._ask("POST", self._place.slot, "/slotsswap", body=body)
        response = self._web.send(ask)
        if response.status_code != HTTPStatus.ACCEPTED:
            return ""
        link = urljoin(ARM, str(response.headers.get("Location", "")))
        if not _is_arms(link):
            raise Unreachable(f"{ask.name} was accepted, with no link of ARM's to follow")
        return link

    def is_over(self, link: str) -> bool:
        """Whether an operation has ended well; raises Refused where it failed, Unreachable where nobody can tell."""
        ask = Ask("ARM", "GET", link, self._tokens.headers(), hints={HTTPStatus.FORBIDDEN: _ROLE})
        response = self._web.send(ask)
        if response.status_code == HTTPStatus.ACCEPTED:
            return False
        self._demand_no_failure(ask, response)
        return True

    def is_idle(self) -> bool:
        """Whether neither the app nor its slot has an operation in progress; False where ARM does not tell."""
        try:
            return not any(self.site(slot).operation for slot in (PRODUCTION, self._place.slot))
        except Trouble:
            return False

    def _demand_no_failure(self, ask: Ask, response: httpx.Response) -> None:
        """An operation may end with 200 and say in the body that it failed."""
        if not response.content:
            return
        operation = self._web.parsed(ask, response, _Operation)
        if operation.error or operation.status in ("Failed", "Canceled"):
            told = self._secrets.hidden(str(operation.error or operation.status))
            raise Refused(response.status_code, f"{ask.name} ended in failure: {one_line(told)}")

    def _ask(self, method: str, slot: str, path: str, *, body: object = None, is_confidential: bool = False) -> Ask:
        place = self._place
        below = "" if slot == PRODUCTION else f"/slots/{slot}"
        url = (
            f"{ARM}/subscriptions/{place.subscription}/resourceGroups/{place.resource_group}/providers/Microsoft.Web"
            f"/sites/{place.app}{below}{path}?api-version={_API}"
        )
        headers = self._tokens.headers()
        return Ask("ARM", method, url, headers, body=body, hints=_HINTS, is_confidential=is_confidential)
