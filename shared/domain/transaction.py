"""One mail's row in the ledger, the states it may take, and its key."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, ValidationError
from pydantic.alias_generators import to_pascal

from shared.domain.mail import Listed
from shared.domain.reason import WITH_A_PERSON, Reason
from shared.domain.synthetic import CHECK_VENDOR

# Characters of a header field that a row keeps (RFC 5322, 2.1.1); a table column holds 32 Ki UTF-16 units.
LONGEST_FIELD = 998


class Status(StrEnum):
    """What became of the mail so far."""

    RECEIVED = "received"
    ENRICHED = "enriched"
    POSTING = "posting"
    POSTED = "posted"
    PARKED = "parked"
    REVIEW = "review"
    IGNORED = "ignored"
    FAILED = "failed"


# Every status that a row may take next. POSTING to itself is a claim taken over; to FAILED from POSTED, or from REVIEW
# where the delivery was in doubt, leads a bounce.
TRANSITIONS: Mapping[Status, frozenset[Status]] = {
    Status.RECEIVED: frozenset({Status.ENRICHED, Status.PARKED, Status.REVIEW, Status.IGNORED, Status.FAILED}),
    Status.ENRICHED: frozenset({Status.POSTING, Status.REVIEW, Status.IGNORED, Status.FAILED}),
    Status.POSTING: frozenset({Status.POSTING, Status.POSTED, Status.REVIEW, Status.IGNORED, Status.FAILED}),
    Status.POSTED: frozenset({Status.FAILED}),
    Status.PARKED: frozenset({Status.RECEIVED}),
    Status.REVIEW: frozenset({Status.RECEIVED, Status.FAILED}),
    Status.IGNORED: frozenset({Status.RECEIVED}),
    Status.FAILED: frozenset({Status.RECEIVED}),
}

FOLDERS: Mapping[Status, str] = {
    Status.POSTED: "Posted",
    Status.PARKED: "Needs Vendor",
    Status.REVIEW: "Review",
    Status.IGNORED: "Ignored",
    Status.FAILED: "Failed",
}

RESTING = frozenset(FOLDERS)  # nothing more happens by itself once filed and announced


class Filing(StrEnum):
    """Whether the mail lies in the folder of its status."""

    NONE = "none"  # not to be moved: unfinished, taken by a person, or gone
    PENDING = "pending"
    DONE = "done"


class Notice(StrEnum):
    """Which card is still owed to the Teams channel."""

    NONE = "none"
    OUTCOME = "outcome"
    ALREADY_SENT = "already_sent"


def _split(value: object) -> object:
    return tuple(part for part in value.split(";") if part) if isinstance(value, str) else value


# A table column holds one text: reasons stand there as "duplicate;scan".
Codes = Annotated[tuple[Reason, ...], BeforeValidator(_split), PlainSerializer(";".join)]
Texts = Annotated[tuple[str, ...], BeforeValidator(_split), PlainSerializer(";".join)]


def _blank(value: object) -> object:
    return None if value == "" else value


# A merge leaves a column alone that is absent, so "no value" is an empty text and not a missing column.
Moment = Annotated[AwareDatetime | None, BeforeValidator(_blank), PlainSerializer(lambda v: "" if v is None else v)]
Amount = Annotated[Decimal | None, BeforeValidator(_blank), PlainSerializer(lambda v: "" if v is None else str(v))]
Day = Annotated[date | None, BeforeValidator(_blank), PlainSerializer(lambda v: "" if v is None else v.isoformat())]


class UnreadableRow(Exception):
    """A ledger row that this version cannot read: edited by hand, or of a newer release; it is left alone."""


class InvalidTransition(Exception):
    """A status change that the transition table does not allow: a defect, never a fact about a mail."""


@dataclass(frozen=True, slots=True)
class Key:
    """Where a transaction's row lies."""

    partition: str  # month of receipt, yyyymm
    transaction_id: str


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a transaction's history; `by` is a function's name or "person"."""

    what: str
    by: str
    why: str = ""


class Transaction(BaseModel):
    """The ledger row; column names are the PascalCase of the fields."""

    model_config = ConfigDict(frozen=True, alias_generator=to_pascal, populate_by_name=True, extra="ignore")

    partition: str
    transaction_id: str
    status: Status
    revision: int = 0  # rises with every write; numbers the events
    reasons: Codes = ()
    answered_reasons: Codes = ()  # waived by the person who released the mail
    warnings: Texts = ()

    mail_id: str
    internet_message_id: str = ""
    sender: str = ""
    subject: str = ""
    synthetic: bool = False  # it has used a nonce of the synthetic check
    received_at: AwareDatetime
    admitted_at: AwareDatetime
    updated_at: AwareDatetime
    taken_up_at: Moment = None  # when it was last received: admitted, released, or its vendor added

    vendor_id: str = ""
    vendor_name: str = ""
    gl_code: str = ""
    expense_dept: str = ""
    allocation_schedule: str = ""
    billing_party: str = ""
    invoice_number: str = ""
    kind: str = ""
    total: Amount = None
    currency: str = ""
    issue_date: Day = None
    due_date: Day = None
    purchase_order: str = ""
    nature: str = ""
    suggestion: str = ""  # the vendor that a parked mail may be of
    evidence: str = ""  # JSON object: field to the place it was read
    duplicate_of: str = ""  # transaction id of the first one

    attempt: int = 1
    claim_until: Moment = None
    send_started_at: Moment = None
    sends: int = 0
    draft_id: str = ""
    posted_at: Moment = None

    parked_keys: Texts = ()  # the vendor keys under which it waits
    folder: str = ""  # display name of the folder it was last filed in; empty: the Inbox
    filing: Filing = Filing.NONE
    notice: Notice = Notice.NONE

    etag: str = Field(default="", exclude=True)  # of the row as it was read; the condition of the next write

    @classmethod
    def admitted(cls, key: Key, mail: Listed, now: datetime) -> Self:
        """The first row of a mail that the tick has just seen, with no more of its header than a person reads."""
        return cls(
            partition=key.partition,
            transaction_id=key.transaction_id,
            status=Status.RECEIVED,
            mail_id=mail.id,
            internet_message_id=mail.internet_message_id[:LONGEST_FIELD],
            sender=mail.sender[-LONGEST_FIELD:],  # an address is known by its end
            subject=mail.subject[:LONGEST_FIELD],
            received_at=mail.received_at,
            admitted_at=now,
            updated_at=now,
            taken_up_at=now,
        )

    @classmethod
    def from_columns(cls, columns: Mapping[str, Any]) -> Self:
        """Parse a table entity; raises UnreadableRow naming the columns at fault."""
        try:
            return cls.model_validate(dict(columns))
        except ValidationError as error:
            faults = ", ".join(sorted({str(e["loc"][0]) for e in error.errors() if e["loc"]}))
            raise UnreadableRow(f"ledger row {columns.get('RowKey', '?')}: cannot read {faults}") from error

    def to_columns(self) -> dict[str, Any]:
        """The row as table columns, empty ones included, so that a merge clears them."""
        return self.model_dump(by_alias=True)

    @property
    def key(self) -> Key:
        return Key(self.partition, self.transaction_id)

    @property
    def marker(self) -> str:
        """The value that the forward carries; the transaction's id and which deliberate attempt this is."""
        return f"{self.transaction_id}-{self.attempt}"

    @property
    def is_resting(self) -> bool:
        return self.status in RESTING

    @property
    def is_finished(self) -> bool:
        """Final, filed and announced: nothing is owed any more."""
        return self.is_resting and self.filing is not Filing.PENDING and self.notice is Notice.NONE

    @property
    def is_of_check(self) -> bool:
        """It is the synthetic check's, and nothing of it is AP's."""
        return self.vendor_id == CHECK_VENDOR

    def changed(self, now: datetime, **changes: Any) -> Self:
        """The row with `changes`, one revision on; raises InvalidTransition for a status it may not take."""
        status = changes.get("status", self.status)
        if "status" in changes and status not in TRANSITIONS[self.status]:
            raise InvalidTransition(f"transaction {self.transaction_id}: {self.status} -> {status}")
        return self.model_copy(update={**changes, "revision": self.revision + 1, "updated_at": now})

    def rested(self, status: Status, now: datetime, reasons: tuple[Reason, ...] = (), **changes: Any) -> Self:
        """The row in a resting state, with the filing and the card that follow from it."""
        is_check_passed = self.is_of_check and status is Status.POSTED
        return self.changed(
            now,
            status=status,
            reasons=reasons,
            claim_until=None,
            filing=Filing.PENDING if WITH_A_PERSON.isdisjoint(reasons) else Filing.NONE,
            notice=Notice.NONE if status is Status.IGNORED or is_check_passed else Notice.OUTCOME,
            **changes,
        )


def key_of(mailbox: str, mail: Listed, *, salt: str = "") -> Key:
    """The ledger key of a mail: stable for the same mail however often it is listed.

    `salt` is the immutable id where two different mails would share a key.
    """
    identity = mail.internet_message_id or mail.id
    received = mail.received_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    parts = [mailbox.lower(), identity, received, mail.sender, *([salt] if salt else [])]
    digest = hashlib.sha256("\u001f".join(parts).encode()).hexdigest()
    return Key(f"{mail.received_at.year:04d}{mail.received_at.month:02d}", digest[:32])
