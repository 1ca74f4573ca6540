"""The check's own mailbox, which sends its mails and receives their forwards, through Microsoft Graph."""

from base64 import b64encode
from collections.abc import Mapping
from types import TracebackType
from typing import Self
from urllib.parse import quote, urlsplit

import httpx
from azure.core.exceptions import AzureError
from azure.identity import DefaultAzureCredential

from infrastructure.operations.token import KeptToken
from shared.settings import is_loopback

_TIMEOUT = httpx.Timeout(60.0, connect=10.0)
_ACCEPTED, _OK = 202, 200
_SHOWN = 300  # characters of an answer that is no success


class Refused(Exception):
    """Graph does not do what was asked; the text says what it answered, and what may mend it."""


class CheckMailbox:
    """Sends from and looks into one mailbox; no token is sent to a mailbox on this machine."""

    def __init__(self, address: str, base_url: str) -> None:
        self._address = address
        self._client = httpx.Client(base_url=f"{base_url.rstrip('/')}/users/{quote(address)}/", timeout=_TIMEOUT)
        url = urlsplit(base_url)
        self._scope = f"{url.scheme}://{url.netloc}/.default"
        self._credential = None if is_loopback(url.hostname or "") else DefaultAzureCredential()
        self._token = KeptToken(self._credential, self._scope) if self._credential else None

    def send(self, mime: bytes) -> None:
        """Send a mail (https://learn.microsoft.com/graph/api/user-sendmail); raises Refused."""
        response = self._ask("POST", "sendMail", content=b64encode(mime), headers={"Content-Type": "text/plain"})
        if response.status_code != _ACCEPTED:
            raise self._refused("send the mail", response, "Application Mail.Send")

    def has(self, message_id: str) -> bool:
        """Whether a mail with this Message-ID has arrived; raises Refused."""
        wanted = message_id.replace("'", "''")
        query = {"$filter": f"internetMessageId eq '{wanted}'", "$select": "id", "$top": "1"}
        response = self._ask("GET", "messages", params=query)
        if response.status_code != _OK:
            raise self._refused("look for its forward", response, "Application Mail.Read")
        return bool(response.json().get("value"))

    def _ask(
        self,
        method: str,
        path: str,
        *,
        content: bytes | None = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        try:
            return self._client.request(
                method, path, content=content, params=params, headers={**(headers or {}), **self._authorization()}
            )
        except httpx.HTTPError as error:
            raise Refused(f"{self._client.base_url.host} cannot be reached: {type(error).__name__}") from error

    def _authorization(self) -> dict[str, str]:
        if self._token is None:
            return {}
        try:
            return {"Authorization": f"Bearer {self._token.text()}"}
        except AzureError as error:
            raise Refused(f"no token for {self._scope}: {error}; log in (az login)") from error

    def _refused(self, what: str, response: httpx.Response, role: str) -> Refused:
        said = " ".join(response.text.split())[:_SHOWN]
        return Refused(
            f"Graph does not {what} in {self._address}: {response.status_code} {said}; "
            f"whoever runs the check needs the role {role} on that mailbox (infrastructure/mailbox_access)"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()
        if self._credential is not None:
            self._credential.close()
