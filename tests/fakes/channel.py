"""The Teams channel as a list of cards."""

import json
from collections.abc import Mapping
from typing import Any

from tests.fakes.trouble import Fallible


class FakeChannel(Fallible):
    """Implements the Channel port; a card must be JSON, as on the wire."""

    def __init__(self) -> None:
        super().__init__()
        self.cards: list[dict[str, Any]] = []

    async def post(self, card: Mapping[str, Any]) -> None:
        async with self._call("post"):
            self.cards.append(json.loads(json.dumps(dict(card))))
