"""A stand-in for ARM, Kudu and the hosts of an app with its slot, over real HTTP, that misbehaves as a test asks.

What it answers is taken from the public sources of Kudu and of the Functions host, and from ARM's documentation.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from tests.adapters.scripted import Answer, Asked, ScriptedServer
from tests.deploy.slot_model import GOOD, Behaviour, Seconds, SlotModel, judged

APP, SLOT = "func-invoice-agent-test", "staging"
TOKEN = "token-that-nobody-may-see"
_SITE = f"/subscriptions/sub-1/resourceGroups/rg-1/providers/Microsoft.Web/sites/{APP}"
_PAGE = b"<html><head><title>x</title></head><body><h2>Function host is not running.</h2></body></html>"
_DEPLOY_SECONDS, _SWAP_SECONDS = 20.0, 60.0
_ENDED = Answer(200, b"")
RESET = Answer(is_reset=True)


def error(status: int, code: str, message: str) -> Answer:
    """An error as ARM words it."""
    return Answer(status, json.dumps({"error": {"code": code, "message": message}}).encode())


@dataclass(frozen=True, slots=True)
class Swap:
    """How one swap goes: whether it happens, what the request gets, and what following it gets in the end."""

    happens: bool = True
    answer: Answer | None = None  # instead of 202
    end: Answer | None = _ENDED  # None: it never ends
    moves_hosts: bool = True  # whether the name of production leads to the other host, too


@dataclass(frozen=True, slots=True)
class Deployment:
    """How one deployment goes."""

    status: int = 4
    lines: tuple[str, ...] = ("Deployment successful.",)
    stored: bytes | None = None  # instead of what was sent
    restarts: bool = True
    keeps_file: bool = True
    takes: float = _DEPLOY_SECONDS
    shows_after: float = 0.0  # seconds for which Kudu still calls the one before it the latest


@dataclass(slots=True)
class _Instead:
    method: str
    pattern: str
    answer: Answer
    times: int
    passes_on: bool


@dataclass(slots=True)
class _Operation:
    swap: Swap
    ends: float


@dataclass(slots=True)
class _Deployed:
    id: str
    message: str
    deployment: Deployment
    began: float
    ends: float


class Azure(ScriptedServer):
    """The stand-in; `production` and `staging` are its slots, and everything else is how it is to misbehave."""

    def __init__(self) -> None:
        super().__init__()
        # Headers and body in one piece: two small ones wait 40 ms for each other, and a proof is many requests.
        handler: Any = self._http.RequestHandlerClass
        self._http.RequestHandlerClass = type("Prompt", (handler,), {"disable_nagle_algorithm": True, "wbufsize": -1})
        self.clock = Seconds()
        self.production = SlotModel("production", self.clock, instance="instance-1", key="master-key-of-production")
        self.staging = SlotModel(SLOT, self.clock, instance="instance-2", key="master-key-of-staging")
        self.swaps: list[Swap] = []  # of the next ones; after them all go well
        self.deployments: list[Deployment] = []  # likewise
        self.behaviours: dict[tuple[str, str], Behaviour] = {}  # by slot and digest
        self.is_echoing = False  # errors repeat the headers of the request
        self.swapped = 0
        self.deployed: list[_Deployed] = []
        self._insteads: list[_Instead] = []
        self._operations: list[_Operation] = []
        self._later: list[tuple[float, Callable[[], object]]] = []

    def behave(self, slot: str, digest: str, behaviour: Behaviour) -> None:
        """From now on the host of that slot makes this of a package."""
        self.behaviours[slot, digest] = behaviour

    def instead(
        self, method: str, pattern: str, answer: Answer, times: int = 1_000_000, *, passes_on: bool = False
    ) -> None:
        """Answer so to requests for `host/path?query`; `passes_on`: what was asked for happens all the same."""
        self._insteads.append(_Instead(method, pattern, answer, times, passes_on))

    def after(self, seconds: float, happen: Callable[[], object]) -> None:
        """Let something happen at the first request after so long."""
        self._later.append((self.clock.now() + seconds, happen))

    def asked_for(self, method: str, pattern: str) -> int:
        """How often something was asked for."""
        return sum(
            each.method == method and bool(re.search(pattern, each.headers["host"] + each.target))
            for each in self.asked
        )

    def answer(self, asked: Asked) -> Answer:
        with self._lock:
            self.asked.append(asked)
            self._catch_up()
            answer = self._answered(asked)
            if self.is_echoing and answer.status >= 400:
                answer = replace(answer, body=answer.body + json.dumps(dict(asked.headers)).encode())
            return answer

    def _catch_up(self) -> None:
        due = [each for each in self._later if each[0] <= self.clock.now()]
        self._later = [each for each in self._later if each not in due]
        for _, happen in due:
            happen()

    def _answered(self, asked: Asked) -> Answer:
        whole = asked.headers["host"] + asked.target
        for each in self._insteads:
            if each.times and each.method == asked.method and re.search(each.pattern, whole):
                each.times -= 1
                if each.passes_on:
                    self._routed(asked)
                return each.answer
        return self._routed(asked)

    def _routed(self, asked: Asked) -> Answer:
        host, path = asked.headers["host"], urlsplit(asked.target).path
        slot = self.staging if f"-{SLOT}." in host else self.production
        if host.endswith(".azurewebsites.net") and ".scm." not in host:
            return self._host(slot, asked, path)
        if asked.headers.get("authorization") != f"Bearer {TOKEN}":
            return error(401, "InvalidAuthenticationToken", "The access token is invalid.")
        return self._kudu(slot, asked, path) if ".scm." in host else self._arm(asked, path)

    # ARM: https://learn.microsoft.com/rest/api/appservice/web-apps

    def _arm(self, asked: Asked, path: str) -> Answer:
        if path.startswith("/operations/"):
            return self._operation(self._operations[int(path.rpartition("/")[2])])
        if not path.startswith(_SITE):
            return error(404, "ResourceNotFound", "The Resource was not found.")
        rest = path.removeprefix(_SITE)
        slot = self.staging if rest.startswith(f"/slots/{SLOT}") else self.production
        routes: dict[tuple[str, str], Callable[[], Answer]] = {
            ("GET", ""): lambda: self._site(slot),
            ("POST", "/config/appsettings/list"): lambda: _json({"properties": slot.settings}),
            ("POST", "/host/default/listkeys"): lambda: _json({"masterKey": slot.key, "functionKeys": {}}),
            ("POST", "/slotsswap"): lambda: self._swap(slot, asked),
        }
        return routes[asked.method, rest.removeprefix(f"/slots/{SLOT}")]()

    def _site(self, slot: SlotModel) -> Answer:
        site = APP if slot is self.production else f"{APP}-{SLOT}"
        names = {"Standard": f"{site}.azurewebsites.net", "Repository": f"{site}.scm.azurewebsites.net"}
        is_busy = any(self._is_running(each) for each in self._operations)
        properties = {
            "state": slot.state,
            "defaultHostName": names["Standard"],
            "enabledHostNames": list(names.values()),
            "hostNameSslStates": [{"name": name, "hostType": kind} for kind, name in names.items()],
            "inProgressOperationId": "operation-1" if is_busy else None,
        }
        return _json({"id": _SITE, "properties": properties})

    def _is_running(self, operation: _Operation) -> bool:
        return operation.swap.end is None or self.clock.now() < operation.ends

    def _swap(self, slot: SlotModel, asked: Asked) -> Answer:
        assert slot is self.staging
        assert json.loads(asked.body) == {"targetSlot": "production", "preserveVnet": True}
        if any(self._is_running(each) for each in self._operations):
            return error(409, "Conflict", "Cannot modify this site because another operation is in progress.")
        swap = self.swaps.pop(0) if self.swaps else Swap()
        if swap.answer and not swap.happens:
            return swap.answer
        self.swapped += 1
        self._operations.append(_Operation(swap, self.clock.now() + _SWAP_SECONDS))
        self.staging.restart()  # with the settings of production
        if swap.happens:
            self._later.append((self.clock.now() + _SWAP_SECONDS, lambda: self._exchange(swap)))
        location = f"https://management.azure.com/operations/{len(self._operations) - 1}?api-version=2024-04-01"
        return swap.answer or Answer(202, b"", {"Location": location})

    def _exchange(self, swap: Swap) -> None:
        first, second = self.production, self.staging
        for name in ("files", "package_name", *(("started", "instance") if swap.moves_hosts else ())):
            kept = getattr(first, name)
            setattr(first, name, getattr(second, name))
            setattr(second, name, kept)
        second.restart()

    def _operation(self, operation: _Operation) -> Answer:
        return Answer(202, b"") if self._is_running(operation) else operation.swap.end or Answer()

    # Kudu: https://github.com/Azure-App-Service/KuduLite

    def _kudu(self, slot: SlotModel, asked: Asked, path: str) -> Answer:
        if asked.method == "POST" and path == "/api/zipdeploy":
            return self._deploy(slot, asked)
        name = path.removeprefix("/api/vfs/data/SitePackages/")
        if name == "packagename.txt":
            return Answer(200, slot.package_name.encode()) if slot.package_name else Answer(404, b"Not found")
        if name != path:
            return Answer(200, slot.files[name]) if name in slot.files else Answer(404, b"Not found")
        if path == "/api/deployments/latest":
            return self._latest()
        if path.endswith("/log"):
            (deployed,) = (each for each in self.deployed if path == f"/api/deployments/{each.id}/log")
            return _json([{"message": line} for line in deployed.deployment.lines])
        return Answer(404, b"Not found")

    def _deploy(self, slot: SlotModel, asked: Asked) -> Answer:
        assert asked.headers["content-type"] == "application/zip"
        if self.deployed and self.clock.now() < self.deployed[-1].ends:
            return Answer(409, b"There is a deployment currently in progress. Please try again when it completes.")
        deployment = self.deployments.pop(0) if self.deployments else Deployment()
        now = self.clock.now()
        ends = now + deployment.takes
        self.deployed.append(_Deployed(f"deployment-{len(self.deployed)}", asked.target, deployment, now, ends))
        if deployment.status == 4:
            content = asked.body if deployment.stored is None else deployment.stored
            self._later.append((ends, lambda: self._put(slot, content, deployment)))
        location = f"https://{asked.headers['host']}/api/deployments/latest?deployer=x&time=y"
        return Answer(202, b"", {"Location": location})

    @staticmethod
    def _put(slot: SlotModel, content: bytes, deployment: Deployment) -> None:
        started = slot.started
        slot.put(content)
        if not deployment.restarts:
            slot.started = started
        if not deployment.keeps_file:
            del slot.files[slot.package_name]

    def _latest(self) -> Answer:
        now = self.clock.now()
        shown = [each for each in self.deployed if now >= each.began + each.deployment.shows_after]
        if not shown:
            return Answer(404, b"No deployment")
        newest = shown[-1]
        if now < newest.ends:
            return _json({"id": newest.id, "status": 2, "status_text": "Running oryx build", "complete": False}, 202)
        text = "" if newest.deployment.status == 4 else "Failed to deploy"
        return _json({"id": newest.id, "status": newest.deployment.status, "status_text": text, "complete": True})

    # The host: https://github.com/Azure/azure-functions-host

    def _host(self, slot: SlotModel, asked: Asked, path: str) -> Answer:
        behaviour = self._behaviour(slot)
        uptime = slot.uptime(behaviour)
        if uptime < behaviour.boot:
            return Answer(503, _PAGE)
        if asked.headers.get("x-functions-key") != slot.key:
            return Answer(401, b"")
        if path == "/admin/host/status":
            status = {"state": behaviour.state, "instanceId": slot.instance, "processUptime": int(uptime * 1000)}
            return _json(status | ({"errors": list(behaviour.errors)} if behaviour.errors else {}))
        if path == "/admin/functions":
            off = behaviour.functions if slot is self.staging else behaviour.disabled
            return _json([{"name": name, "isDisabled": name in off} for name in behaviour.functions])
        name = path.removeprefix("/admin/functions/").removesuffix("/status")
        if name in behaviour.functions:
            return _json({"errors": list(behaviour.in_error[name])} if name in behaviour.in_error else {})
        return Answer(404, b"")

    def _behaviour(self, slot: SlotModel) -> Behaviour:
        content = slot.files.get(slot.package_name)
        if content is None:
            return replace(GOOD, functions=())
        return self.behaviours.get((slot.name, slot.digest)) or judged(content)


def _json(document: object, status: int = 200) -> Answer:
    return Answer(status, json.dumps(document).encode(), {"Content-Type": "application/json"})
