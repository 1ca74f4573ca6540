"""HTTP requests whose failures read well, and tell no secret."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx
from pydantic import BaseModel, ValidationError

from infrastructure.deploy.clock import Clock
from infrastructure.deploy.secrecy import Secrets
from infrastructure.deploy.trouble import Refused, Unreachable
from infrastructure.operations.show import one_line

_TIMEOUT = httpx.Timeout(60.0, connect=15.0, write=300.0)  # seconds; a package is written in one piece
_ATTEMPTS = 4
_PAUSE = 3.0  # seconds before the second attempt, doubled each time
_PASSING = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}
_TOLD = 300  # characters of an answer that are shown
_NOT_SHOWN = re.compile(r"<(style|script|head)\b.*?</\1>|<[^>]*>", re.IGNORECASE | re.DOTALL)

Shape = TypeVar("Shape", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Ask:
    """One request.

    `to` is how people call the one who is asked, `hints` say what to do about a status, and the answer to one that
    `is_confidential` is never shown, whatever it is.
    """

    to: str
    method: str
    url: str
    headers: Mapping[str, str]
    body: object = None  # sent as JSON
    content: bytes | None = None  # sent as it is
    hints: Mapping[int, str] = field(default_factory=dict)
    is_confidential: bool = False

    @property
    def name(self) -> str:
        """For messages; without the query, because links may carry signatures there."""
        return f"{self.to}: {self.method} {urlsplit(self.url).path}"


class Web:
    """Sends requests; every failure is a Trouble."""

    def __init__(self, http: httpx.Client, clock: Clock, secrets: Secrets) -> None:
        self._http = http
        self._clock = clock
        self._secrets = secrets

    def send(self, ask: Ask) -> httpx.Response:
        """Ask once; raises Unreachable, Refused."""
        request = self._request(ask)
        try:
            response = self._http.send(request)
        except httpx.HTTPError as error:
            raise self._no_answer(ask, error) from None
        self._demand_success(ask, response)
        return response

    def read(self, ask: Ask) -> httpx.Response:
        """Ask for what changes nothing, a few times where that may help; raises Unreachable, Refused."""
        for attempt in range(_ATTEMPTS - 1):
            try:
                return self.send(ask)
            except Unreachable:
                self._clock.sleep(_PAUSE * 2**attempt)
        return self.send(ask)

    def sha256(self, ask: Ask) -> str:
        """The SHA-256 of what is there, read as a stream; raises Unreachable, Refused."""
        digest = hashlib.sha256()
        request = self._request(ask)
        try:
            response = self._http.send(request, stream=True)
            try:
                if not response.is_success:
                    response.read()
                self._demand_success(ask, response)
                for chunk in response.iter_bytes():
                    digest.update(chunk)
            finally:
                response.close()
        except httpx.HTTPError as error:
            raise self._no_answer(ask, error) from None
        return digest.hexdigest()

    def parsed(self, ask: Ask, response: httpx.Response, shape: type[Shape]) -> Shape:
        """The body as a model; raises Unreachable where it is another: a page of a proxy, of a login, of a start."""
        try:
            return shape.model_validate_json(response.content)
        except ValidationError as error:
            where = ", ".join(sorted({".".join(map(str, each["loc"])) or "all of it" for each in error.errors()}))
            said = "not shown" if ask.is_confidential else self._shown(response.text) or "nothing"
            raise Unreachable(
                f"{ask.name} answered {response.status_code} with what cannot be read (at fault: {where}): {said}"
            ) from None

    def _request(self, ask: Ask) -> httpx.Request:
        try:
            return self._http.build_request(
                ask.method, ask.url, headers=dict(ask.headers), json=ask.body, content=ask.content, timeout=_TIMEOUT
            )
        except (httpx.InvalidURL, ValueError, TypeError) as error:  # their texts quote what was to be sent
            raise Refused(0, f"{ask.name} cannot be sent: {type(error).__name__}") from None

    def _no_answer(self, ask: Ask, error: httpx.HTTPError) -> Unreachable:
        """Errors of the network name hosts; those of the protocol may quote a header, and with it a key."""
        is_tellable = isinstance(error, httpx.NetworkError | httpx.TimeoutException)
        told = f": {self._shown(str(error))}" if is_tellable and str(error) else ""
        return Unreachable(f"{ask.name} got no answer: {type(error).__name__}{told}")

    def _demand_success(self, ask: Ask, response: httpx.Response) -> None:
        if response.is_success:
            return
        status = response.status_code
        parts = (f"{ask.name} answered {status}", self._said(response))
        text = ": ".join(filter(None, parts)) + (f"; {ask.hints[status]}" if status in ask.hints else "")
        if status in _PASSING or response.is_server_error:
            raise Unreachable(text)
        raise Refused(status, text)

    def _said(self, response: httpx.Response) -> str:
        """The words of an error: ARM's, Kudu's, plain text or a page."""
        try:
            told: Any = json.loads(response.content)
        except ValueError:
            return self._shown(response.text)
        found = told.get("error", told) if isinstance(told, dict) else told
        if not isinstance(found, dict):
            return self._shown(str(found))
        parts = (found.get(key) or found.get(key.capitalize()) for key in ("code", "message"))
        return self._shown(": ".join(str(part) for part in parts if part) or str(told))

    def _shown(self, text: str) -> str:
        """Some of a text that may be a page, on one line; hidden before it is cut, for half a key is one as well."""
        return one_line(_NOT_SHOWN.sub(" ", self._secrets.hidden(text)))[:_TOLD]
