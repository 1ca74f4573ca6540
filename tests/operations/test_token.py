"""A token is asked for only when it has to be, and used for as long as it lasts."""

import time

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError

from infrastructure.operations.token import KeptToken


class Credential:
    """Hands out tokens that last so many seconds, until it has none left."""

    def __init__(self, *lasts: float) -> None:
        self._lasts = list(lasts)
        self.asked = 0

    def get_token(self, *_: str, **__: object) -> AccessToken:
        self.asked += 1
        if not self._lasts:
            raise ClientAuthenticationError("AADSTS700024: Client assertion is not within its valid time range.")
        return AccessToken(f"token-{self.asked}", int(time.time() + self._lasts.pop(0)))


def test_a_token_that_lasts_is_kept() -> None:
    credential = Credential(3600)
    token = KeptToken(credential, "scope")
    assert [token.text(), token.text()] == ["token-1", "token-1"]
    assert credential.asked == 1


def test_another_is_asked_for_before_it_ends() -> None:
    token = KeptToken(Credential(60, 3600), "scope")
    assert [token.text(), token.text()] == ["token-1", "token-2"]


def test_it_is_used_to_its_end_where_there_is_no_other() -> None:
    token = KeptToken(Credential(60), "scope")
    assert [token.text(), token.text()] == ["token-1", "token-1"]


def test_one_that_has_ended_is_not_used() -> None:
    token = KeptToken(Credential(-1), "scope")
    token.text()
    with pytest.raises(ClientAuthenticationError):
        token.text()
