"""The control rows: the emergency stop, and the nonces of the synthetic check."""

from shared.domain.transaction import Key
from tests.fakes.trouble import Fallible


class FakeControl(Fallible):
    """Implements the Control port; a test sets `why` and adds nonces."""

    def __init__(self) -> None:
        super().__init__()
        self.why = ""
        self.nonces: dict[str, Key | None] = {}  # to the mail that used it

    async def stopped(self) -> str:
        async with self._call("stopped"):
            return self.why

    async def use_nonce(self, nonce: str, key: Key) -> bool:
        async with self._call("use_nonce"):
            if nonce not in self.nonces:
                return False
            self.nonces[nonce] = self.nonces[nonce] or key
            return self.nonces[nonce] == key
