"""One request to Microsoft Graph: built by the SDK, answered as JSON, its errors translated.

The SDK's builders, authentication and middleware are used without its models: parsing one message through them costs
1.3 s of CPU and 1,200 modules in every cold start, raw bytes 0.01 s.
"""

import asyncio
import json
import random
import ssl
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import httpx
from azure.core.exceptions import AzureError
from kiota_abstractions.api_error import APIError
from kiota_abstractions.authentication import AuthenticationProvider
from kiota_abstractions.base_request_builder import BaseRequestBuilder
from kiota_abstractions.method import Method
from kiota_abstractions.native_response_handler import NativeResponseHandler
from kiota_abstractions.request_information import RequestInformation
from kiota_http.middleware.options import RedirectHandlerOption, ResponseHandlerOption, RetryHandlerOption
from msgraph.generated.users.item.user_item_request_builder import UserItemRequestBuilder
from msgraph.generated.users.users_request_builder import UsersRequestBuilder
from msgraph.graph_request_adapter import GraphRequestAdapter
from msgraph.graph_request_adapter import options as sdk_options
from msgraph_core import GraphClientFactory

from shared.ports import Later, MailGone, MailRefused

IMMUTABLE_ID = 'IdType="ImmutableId"'
TIMEOUT = httpx.Timeout(60.0, connect=10.0)  # seconds; a function may run for five minutes
ATTEMPTS = 3  # of a request that may be repeated
PATIENCE = 5.0  # seconds; a longer Retry-After is not slept through but handed to the caller

# 404 with one of these is about the mailbox, not about a mail (https://learn.microsoft.com/graph/errors).
_NO_MAILBOX = {"mailboxnotenabledforrestapi", "errorinvaliduser", "resourcenotfound", "request_resourcenotfound"}
_DAMAGED_ITEM = {"errorcorruptdata", "errorcannotopenfileattachment"}
_MAILBOX_FULL = {"errorquotaexceeded", "quotaexceededexception"}
_REFUSED = {401, 403}
_WAIT = {*_REFUSED, 507, 509}
_BUSY = {408, 429, 500, 502, 503, 504}


class _Busy(Later):
    """An answer that a moment later may be another one; what else is Later needs somebody to act, or minutes."""


class GraphClient:
    """Sends requests for one user's mailbox, at most `concurrency` at once."""

    def __init__(
        self,
        authentication: AuthenticationProvider,
        base_url: str,
        user: str,
        concurrency: int,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        # The SDK's own retries are off for every request: they sleep as long as Retry-After says, up to nine minutes
        # in one call, and they repeat createForward and send.
        # So are its redirects: Graph has none for mail, and a POST that becomes a GET would look like a success.
        retries_off = {
            RetryHandlerOption.get_key(): RetryHandlerOption(max_retries=0, should_retry=False),
            RedirectHandlerOption.get_key(): RedirectHandlerOption(should_redirect=False),
        }
        self._http = GraphClientFactory.create_with_default_middleware(
            client=httpx.AsyncClient(timeout=TIMEOUT, http2=False, verify=tls or True),
            options={**sdk_options, **retries_off},
        )
        self._adapter = GraphRequestAdapter(authentication, client=self._http)
        self._adapter.base_url = base_url.rstrip("/")
        self._origin = urlsplit(base_url)[:2]
        self._slots = asyncio.Semaphore(concurrency)
        self.address = user.lower()
        users = UsersRequestBuilder(self._adapter, {"baseurl": self._adapter.base_url})
        self.user: UserItemRequestBuilder = users.by_user_id(user)

    async def get(
        self,
        builder: BaseRequestBuilder,
        query: Mapping[str, str | int] | None = None,
        prefer: str = "",
        expects: str = "id",
    ) -> dict[str, Any]:
        """GET as JSON that holds the member `expects`; repeated a few times while the mailbox asks for seconds only."""
        return _json(await self._repeat(self._information(Method.GET, builder, query, prefer)), expects)

    async def get_link(self, link: str, prefer: str = "") -> dict[str, Any]:
        """GET a link from a response; refuses one that leads to another host, for the token would go there too."""
        if urlsplit(link)[:2] != self._origin:
            raise MailRefused("the mailbox answered with a link to another host")
        information = RequestInformation(Method.GET)
        information.url = link
        self._prepare(information, prefer)
        return _json(await self._repeat(information), "value")

    async def get_bytes(self, builder: BaseRequestBuilder, suffix: str = "") -> bytes:
        """GET raw content; `suffix` is for `/$value` where the SDK has no builder for it."""
        information = self._information(Method.GET, builder, None, "")
        if suffix:
            information.url = information.url + suffix
            self._prepare(information, "")
        return (await self._repeat(information)).content

    async def change(
        self,
        method: Method,
        builder: BaseRequestBuilder,
        body: Mapping[str, Any] | None = None,
        *,
        repeat: bool = True,
        status: int = 0,
        expects: str = "",
    ) -> dict[str, Any]:
        """POST, PATCH or DELETE with a JSON body; `repeat` only where a second effect does no harm."""
        information = self._information(method, builder, None, "")
        if body is not None:
            # As UTF-8: escaped, a body that fits becomes three times its size, and one that does not.
            content = json.dumps(body, ensure_ascii=False).encode(errors="replace")
            information.set_stream_content(content, "application/json")
        response = await (self._repeat(information) if repeat else self._once(information))
        if status and response.status_code != status:
            raise Later(f"graph {response.status_code} instead of {status}")
        return _json(response, expects) if expects else {}

    def _information(
        self, method: Method, builder: BaseRequestBuilder, query: Mapping[str, str | int] | None, prefer: str
    ) -> RequestInformation:
        information = RequestInformation(method, builder.url_template, builder.path_parameters)
        information.query_parameters.update({f"%24{name}": value for name, value in (query or {}).items()})
        self._prepare(information, prefer)
        return information

    @staticmethod
    def _prepare(information: RequestInformation, prefer: str) -> None:
        # One combined value: several would be joined in any order.
        information.headers.try_add("Prefer", f"{IMMUTABLE_ID}, {prefer}" if prefer else IMMUTABLE_ID)
        information.add_request_options([ResponseHandlerOption(NativeResponseHandler())])

    async def _repeat(self, information: RequestInformation) -> httpx.Response:
        for attempt in range(1, ATTEMPTS):
            try:
                return await self._once(information)
            except _Busy as busy:
                pause = busy.after if busy.after is not None else 0.25 * 2**attempt
                if pause > PATIENCE:
                    raise
                await asyncio.sleep(pause + random.uniform(0, 0.25))  # noqa: S311 - jitter, not a secret
        return await self._once(information)

    async def _once(self, information: RequestInformation) -> httpx.Response:
        try:
            async with self._slots:
                response: httpx.Response | None = await self._adapter.send_primitive_async(information, "bytes", None)
        except httpx.HTTPError as error:
            never_got_there = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
            what = f"no answer from the mailbox: {type(error).__name__}"
            raise _Busy(what, nothing_done=never_got_there) from error
        except AzureError as error:
            raise Later(f"no token for the mailbox: {type(error).__name__}", nothing_done=True) from error
        except APIError as error:
            raise Later(f"no answer from the mailbox: {type(error).__name__}") from error
        if response is None:
            raise Later("no answer from the mailbox")
        if response.is_success:
            return response
        raise _error(response)


def _json(response: httpx.Response, expects: str) -> dict[str, Any]:
    try:
        body = json.loads(response.content)
    except ValueError as error:
        raise Later(f"the mailbox answered {response.status_code} with something that is not JSON") from error
    if not isinstance(body, dict) or expects not in body:
        raise Later(f"the mailbox answered {response.status_code} without {expects}")
    return body


def _error(response: httpx.Response) -> Exception:
    """The answer as one of our errors; branches on status and code, never on the message."""
    code, status = _code(response), response.status_code
    what = f"graph {status} {code or 'without a code'}"
    if code.lower() in _DAMAGED_ITEM:
        return MailRefused(what)
    is_for_later = status in _WAIT or response.is_redirect or response.is_server_error
    if status in _BUSY and code.lower() not in _MAILBOX_FULL:
        return _Busy(what, _retry_after(response))
    if is_for_later or code.lower() in _MAILBOX_FULL | _NO_MAILBOX:
        # 429 and 5xx have been seen together with a delivery, so only a refusal at the door is one for certain.
        return Later(what, _retry_after(response), nothing_done=status in _REFUSED)
    return MailGone(what) if status == httpx.codes.NOT_FOUND else MailRefused(what)


def _code(response: httpx.Response) -> str:
    try:
        return str(response.json()["error"]["code"])
    except (ValueError, KeyError, TypeError):
        return ""  # a gateway's HTML page, or nothing at all


def _retry_after(response: httpx.Response) -> float | None:
    value = response.headers.get("Retry-After", "")
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        now = parsedate_to_datetime(response.headers["Date"])
        return max(0.0, (parsedate_to_datetime(value) - now).total_seconds())
    except (KeyError, TypeError, ValueError):
        return None
