"""The admin endpoints of a slot's Functions host.

https://github.com/Azure/azure-functions-host/tree/dev/src/WebJobs.Script.WebHost/Controllers
"""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, RootModel
from pydantic.alias_generators import to_camel

from infrastructure.deploy.clock import Clock
from infrastructure.deploy.proof import Function, Host, Process
from infrastructure.deploy.trouble import Refused
from infrastructure.deploy.web import Ask, Shape, Web

_CLOSED = (
    "access restrictions or admin isolation (functionsRuntimeAdminIsolationEnabled) may keep this machine out, "
    "or the site is still starting"
)
_HINTS: Mapping[int, str] = {
    HTTPStatus.UNAUTHORIZED: "the host does not take the master key that ARM lists; it may have been renewed meanwhile",
    HTTPStatus.FORBIDDEN: _CLOSED,
    HTTPStatus.NOT_FOUND: _CLOSED,
}


class _Status(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel)

    state: str
    instance_id: str | None = ""
    process_uptime: int  # milliseconds
    errors: list[str] | None = None


class _Function(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel)

    name: str
    is_disabled: bool = False


class _Functions(RootModel[list[_Function]]):
    pass


class _FunctionStatus(BaseModel):
    errors: list[str] | None = None


class HostAdmin:
    """The host of one slot; `key` fetches its master key, again after the host has not taken it."""

    def __init__(self, web: Web, clock: Clock, host_name: str, slot: str, key: Callable[[], str]) -> None:
        self._web = web
        self._clock = clock
        self._base = f"https://{host_name}/admin"
        self._to = f"the host of {slot}"
        self._fetch_key = key
        self._key = ""

    def host(self) -> Host:
        """State, errors and process; raises Trouble."""
        ask = self._ask("/host/status")
        status = self._parsed(ask, _Status)
        started = self._clock.now() - status.process_uptime / 1000
        return Host(status.state, tuple(status.errors or ()), Process(status.instance_id or "", started))

    def functions(self) -> dict[str, Function]:
        """Each function that is loaded, by its name, disabled or not; raises Trouble."""
        listed = self._parsed(self._ask("/functions"), _Functions).root
        return {each.name: Function(self._errors(each.name), each.is_disabled) for each in listed}

    def _errors(self, name: str) -> tuple[str, ...]:
        return tuple(self._parsed(self._ask(f"/functions/{quote(name, safe='')}/status"), _FunctionStatus).errors or ())

    def _parsed(self, ask: Ask, shape: type[Shape]) -> Shape:
        try:
            return self._web.parsed(ask, self._web.send(ask), shape)
        except Refused as error:
            if error.status == HTTPStatus.UNAUTHORIZED:
                self._key = ""
            raise

    def _ask(self, path: str) -> Ask:
        if not self._key:
            self._key = self._fetch_key()
        return Ask(self._to, "GET", self._base + path, {"x-functions-key": self._key}, hints=_HINTS)
