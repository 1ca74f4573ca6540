"""The control rows: the emergency stop, and the nonces of the synthetic check."""

from datetime import datetime

from shared.domain.stop import Stop
from shared.domain.transaction import Key
from tests.fakes.trouble import Fallible


class FakeControl(Fallible):
    """Implements the Control port; `nonces` holds what the check has written."""

    def __init__(self) -> None:
        super().__init__()
        self.standing = Stop()
        self.nonces: dict[str, Key | None] = {}  # to the mail that used it
        self.arrived: datetime | None = None  # a mail of the check, last

    def put_on(self, why: str, since: datetime | None = None) -> None:
        """Stop everything."""
        self.standing = Stop(is_on=True, why=why, by="ann@desk", since=since)

    def take_off(self, since: datetime | None = None) -> None:
        """Let work go on."""
        self.standing = Stop(why=self.standing.why, by="ann@desk", since=since)

    async def stop(self) -> Stop:
        async with self._call("stop"):
            return self.standing

    async def use_nonce(self, nonce: str, key: Key) -> bool:
        async with self._call("use_nonce"):
            if nonce not in self.nonces:
                return False
            self.nonces[nonce] = self.nonces[nonce] or key
            return self.nonces[nonce] == key

    async def arrived_at(self) -> datetime | None:
        async with self._call("arrived_at"):
            return self.arrived
