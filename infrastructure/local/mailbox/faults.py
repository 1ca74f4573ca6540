"""The layer that misbehaves: rules set at /_faults, and requests that run into them."""

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http import HTTPStatus

from infrastructure.local.mailbox.answers import Answers
from infrastructure.local.mailbox.errors import GraphError, bad_request, method_not_allowed
from infrastructure.local.mailbox.exchange import Ending, Handler, Request, Response, json_response
from infrastructure.local.mailbox.fault import AFTER, REQUEST_KINDS, Fault, FaultRefused, read_faults, read_rules
from infrastructure.local.mailbox.person import Person
from infrastructure.local.mailbox.whims import Armed, Whims

PATH = "/_faults"
_PERSONAL = frozenset({"mail_deleted", "mail_moved"})
_PAGE = b"""<html>\r
<head><title>%(status)d %(phrase)s</title></head>\r
<body>\r
<center><h1>%(status)d %(phrase)s</h1></center>\r
<hr><center>Microsoft-Azure-Application-Gateway/v2</center>\r
</body>\r
</html>\r
"""


class Faults:
    """Stands before the whole service, as a gateway does, and spoils what the rules say."""

    def __init__(self, handler: Handler, person: Person) -> None:
        """Stand in front of handler; person meddles with mails."""
        self._handler = handler
        self._person = person
        self._control = Answers(self._administer)
        self._rules: tuple[Armed, ...] = ()
        self._ever: list[Armed] = []
        self._lock = threading.Lock()
        self._closing = threading.Event()

    def replace(self, rules: object) -> None:
        """Set the rules, a list of mappings as in a file; all or, if one is refused, nothing."""
        self._arm(read_rules(rules))

    def clear(self) -> None:
        """Behave well again."""
        self._arm(())

    @property
    def injected(self) -> "Counter[str]":
        """Return how often each kind took effect since the start."""
        with self._lock:
            found = [(each.fault.kind, each.injected) for each in self._ever]
        counts: Counter[str] = Counter()
        for kind, count in found:
            counts[kind] += count
        return +counts

    def close(self) -> None:
        """Let go of requests that are being held."""
        self._closing.set()

    def __call__(self, request: Request) -> Response:
        """Answer a request, or spoil it."""
        if request.is_control:
            return self._control(request)
        rules = self._rules
        if not rules:
            return self._handler(request)
        whims = Whims(rules, request.method, request.path)
        response = self._answer(replace(request, whims=whims), whims)
        return replace(response, fault=",".join(whims.taken))

    def _answer(self, request: Request, whims: Whims) -> Response:
        chosen = whims.take(*REQUEST_KINDS, applies=lambda fault: self._can_happen(fault, request))
        if chosen is None:
            return self._handler(request)
        if chosen.fault.kind in _PERSONAL:
            return self._meddled(chosen.fault, request)
        if chosen.fault.phase == AFTER:
            self._handler(request)
        return self._spoiled(chosen.fault, request)

    def _can_happen(self, fault: Fault, request: Request) -> bool:
        return fault.kind not in _PERSONAL or self._person.mail_of(request) is not None

    def _meddled(self, fault: Fault, request: Request) -> Response:
        item = self._person.mail_of(request)
        response = self._handler(request) if fault.phase == AFTER else None
        if item is not None:
            self._person.act(fault, item)
        return response or self._handler(request)

    def _spoiled(self, fault: Fault, request: Request) -> Response:
        if fault.kind in _ERRORS:
            error = _ERRORS[fault.kind](fault)

            def fail(_: Request) -> Response:
                raise error

            return Answers(fail)(request)
        if fault.kind == "timeout":
            self._closing.wait(fault.options["seconds"])
        return _BARE[fault.kind](fault)

    def _administer(self, request: Request) -> Response:
        if request.path != PATH:
            raise GraphError(HTTPStatus.NOT_FOUND, "ResourceNotFound", f"There is no {request.path}.")
        if request.method == "PUT":
            try:
                self._arm(read_faults(request.json()))
            except FaultRefused as error:
                raise bad_request(str(error)) from error
        elif request.method == "DELETE":
            self.clear()
        elif request.method != "GET":
            raise method_not_allowed("GET, PUT, DELETE")
        return json_response({"faults": [each.fault.to_json() | {"injected": each.injected} for each in self._rules]})

    def _arm(self, faults: tuple[Fault, ...]) -> None:
        rules = tuple(Armed(fault) for fault in faults)
        with self._lock:
            self._rules = rules
            self._ever += rules


def _waiting(fault: Fault) -> tuple[tuple[str, str], ...]:
    seconds = fault.options["retry_after"]
    if seconds is None:
        return ()
    if not fault.options.get("as_date"):
        return (("Retry-After", str(seconds)),)
    then = datetime.now(UTC) + timedelta(seconds=seconds)
    return (("Retry-After", format_datetime(then, usegmt=True)),)


def _throttled(fault: Fault) -> GraphError:
    message = "Application is over its MailboxConcurrency limit."
    return GraphError(HTTPStatus.TOO_MANY_REQUESTS, "ApplicationThrottled", message, _waiting(fault))


def _unavailable(fault: Fault) -> GraphError:
    message = "The server cannot service this request right now. Try again later."
    return GraphError(HTTPStatus.SERVICE_UNAVAILABLE, "ErrorServerBusy", message, _waiting(fault))


def _quota(_: Fault) -> GraphError:
    message = "Mailbox has exceeded maximum mailbox size."
    return GraphError(HTTPStatus.INSUFFICIENT_STORAGE, "ErrorQuotaExceeded", message)


def _error(fault: Fault) -> GraphError:
    return GraphError(fault.options["status"], fault.options["code"], fault.options["message"])


def _html(fault: Fault) -> Response:
    status = fault.options["status"]
    return Response(status, _PAGE % {b"status": status, b"phrase": _phrase(status)}, "text/html")


def _phrase(status: int) -> bytes:
    return next((each.phrase.encode() for each in HTTPStatus if each == status), b"Error")


_ERRORS: Mapping[str, Callable[[Fault], GraphError]] = {
    "throttled": _throttled,
    "unavailable": _unavailable,
    "gateway_timeout": lambda _: GraphError(HTTPStatus.GATEWAY_TIMEOUT, "UnknownError", ""),
    "error": _error,
    "quota": _quota,
}
_BARE: Mapping[str, Callable[[Fault], Response]] = {
    "html": _html,
    "empty": lambda fault: Response(fault.options["status"]),
    "reset": lambda _: Response(0, ending=Ending.RESET),
    "timeout": lambda _: Response(0, ending=Ending.SILENCE),
}
