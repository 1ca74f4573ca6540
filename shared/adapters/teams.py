"""The Teams channel behind a workflow webhook."""

import json
import logging
from collections.abc import Mapping
from typing import Any

import httpx

from shared.ports import CardRefused, Later

log = logging.getLogger(__name__)

TIMEOUT = httpx.Timeout(30.0, connect=10.0)  # seconds
_WAIT = {408, 429}
_BAD_CARD = {400, 413, 422}  # this card, and no other; anything else is about the channel, and every card waits for it
_JSON = {"Content-Type": "application/json"}
CHANNEL_GONE_SECONDS = 600.0


class TeamsChannel:
    """Implements the Channel port; `url` is a secret and is never logged."""

    def __init__(self, http: httpx.AsyncClient, url: str) -> None:
        self._http = http
        self._url = url

    async def post(self, card: Mapping[str, Any]) -> None:
        content = json.dumps(dict(card), ensure_ascii=False).encode(errors="replace")
        try:
            response = await self._http.post(self._url, content=content, headers=_JSON, timeout=TIMEOUT)
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, UnicodeError):  # the last one of a host's name
            raise Later("no request can be made; check TEAMS_WEBHOOK_URL", CHANNEL_GONE_SECONDS) from None
        except httpx.HTTPError as error:
            raise Later(f"no answer from Teams: {type(error).__name__}") from None  # its text may hold the URL
        if response.is_success:
            return
        if response.status_code in _WAIT or response.is_server_error:
            raise Later(f"Teams answered {response.status_code}", _retry_after(response))
        if response.status_code in _BAD_CARD:
            raise CardRefused(f"Teams answered {response.status_code}")
        raise Later(f"Teams answered {response.status_code}; check TEAMS_WEBHOOK_URL", CHANNEL_GONE_SECONDS)


def _retry_after(response: httpx.Response) -> float | None:
    value = response.headers.get("Retry-After", "")
    return float(value) if value.isascii() and value.isdigit() else None


class LoggedChannel:
    """Stands in where no webhook is set: the log says that a card was due, not what is on it."""

    async def post(self, card: Mapping[str, Any]) -> None:
        log.info("[%s] card not sent, TEAMS_WEBHOOK_URL is empty: %s", card.get("transactionId"), card.get("status"))
