"""Queue messages: hints that a row wants work; the row is the truth.

No top-level key is called like message metadata (id, dequeueCount ...): the Functions host would overlay it
(https://github.com/Azure/azure-functions-python-worker/issues/1373).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.domain.transaction import Filing, Key, Status, Transaction
from shared.domain.vendor import Vendor

RAW_MAIL = "raw-mail"
TO_POST = "to-post"
NOTIFY = "notify"
ADD_VENDOR = "add-vendor"
QUEUES = (RAW_MAIL, TO_POST, NOTIFY, ADD_VENDOR)

SCHEMA_VERSION = 1


class UnreadableMessage(Exception):
    """A body that names no transaction and no vendor; it goes to the poison queue and is announced there."""


class _Message(BaseModel):
    # Unknown fields are ignored and a newer version is read as far as it goes: old and new code share the queues
    # during a slot swap.
    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: int = SCHEMA_VERSION

    @classmethod
    def parse(cls, body: bytes) -> Self:
        """Read a message body; raises UnreadableMessage naming what is missing."""
        try:
            return cls.model_validate_json(body)
        except ValidationError as error:
            raise _unreadable(cls, error) from error

    @classmethod
    def checked(cls, fields: Mapping[Any, object]) -> Self:
        """Build a message from its fields; raises UnreadableMessage naming those at fault."""
        try:
            return cls.model_validate(dict(fields))
        except ValidationError as error:
            raise _unreadable(cls, error) from error

    def to_bytes(self) -> bytes:
        return self.model_dump_json().encode()


def _unreadable(kind: type[BaseModel], error: ValidationError) -> UnreadableMessage:
    faults = (_fault(".".join(map(str, e["loc"])), e["type"], e["msg"]) for e in error.errors())
    return UnreadableMessage(f"{kind.__name__}: " + "; ".join(faults))


def _fault(field: str, kind: str, text: str) -> str:
    words = {"string_too_short": "is empty", "missing": "is missing"}.get(kind, text.removeprefix("Value error, "))
    return f"{field}: {words}" if field else words


class WorkOn(_Message):
    """Asks for the next step of one transaction; the body of raw-mail, to-post and notify."""

    partition: str = Field(pattern=r"^[0-9]{6}$")
    transaction_id: str = Field(pattern=r"^[0-9a-f]{32}$")

    @property
    def key(self) -> Key:
        return Key(self.partition, self.transaction_id)

    @classmethod
    def on(cls, key: Key) -> Self:
        return cls(partition=key.partition, transaction_id=key.transaction_id)


class AddVendor(_Message, Vendor):
    """Asks for a vendor to be written and the mails that waited for it to go on."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message and the queue that it goes to."""

    queue: str
    body: bytes


def queue_for(row: Transaction) -> str:
    """The queue whose stage does what the row still needs."""
    if row.is_resting and row.filing is not Filing.PENDING:
        return NOTIFY
    if row.status in {Status.ENRICHED, Status.POSTING, Status.POSTED}:
        return TO_POST
    return RAW_MAIL
