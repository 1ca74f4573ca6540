"""A token for one resource, kept while it lasts."""

import time

from azure.core.credentials import AccessToken, TokenCredential
from azure.core.exceptions import AzureError

_LEAST_SECONDS = 120.0  # that a token must still last


class KeptToken:
    """Asks a credential only when it has to: az takes a second to answer, and may hand out a token that is not new."""

    def __init__(self, credential: TokenCredential, scope: str) -> None:
        self._credential = credential
        self._scope = scope
        self._token: AccessToken | None = None

    def text(self) -> str:
        """The token; raises the credential's AzureError."""
        kept = self._token
        if kept is not None and kept.expires_on - time.time() >= _LEAST_SECONDS:
            return kept.token
        try:
            self._token = self._credential.get_token(self._scope)
        except AzureError:
            # A workflow's log-in cannot be renewed after some minutes, and a swap back must not fail for that.
            if kept is None or kept.expires_on <= time.time():
                raise
            return kept.token
        return self._token.token
