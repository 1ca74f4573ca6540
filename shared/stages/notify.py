"""Tells the Teams channel what became of a mail."""

import asyncio
from weakref import WeakValueDictionary

from shared.casework import Desk
from shared.domain.card import card
from shared.domain.messages import WorkOn
from shared.domain.transaction import Key, Notice
from shared.ports import CardRefused, Channel


class Notify:
    """The stage behind `notify`."""

    def __init__(self, desk: Desk, channel: Channel) -> None:
        self._desk = desk
        self._channel = channel
        self._in_hand: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def run(self, body: bytes) -> None:
        """Post the card that is owed, if any; raises UnreadableMessage for a body that names no transaction."""
        key = WorkOn.parse(body).key
        # A message that is delivered twice often comes twice at once, and each would post the card.
        async with self._in_hand.setdefault(key.transaction_id, asyncio.Lock()):
            await self._announce(key)

    async def _announce(self, key: Key) -> None:
        case = await self._desk.take_up(key)
        if case is None:
            return
        async with case.patiently():
            if case.row.notice is not Notice.NONE:
                what = "announced"
                try:
                    await self._channel.post(card(case.row))
                except CardRefused as error:
                    case.log.error("the channel refuses the card: %s", error)  # noqa: TRY400 - a finding, no defect
                    what = "not announced"
                # After the card: a crash in between makes a second card, never none.
                await case.write(case.row.changed(self._desk.clock(), notice=Notice.NONE), what)
            await case.close_if_finished()
