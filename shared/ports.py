"""What the stages need from the outside, and the errors that may come back.

An adapter turns every error of its SDK into one of the two families below: `Later` is worth trying again and says
nothing against the mail; the others are findings about this one item, which a stage records as its outcome.
A storage error is not translated at all: it fails the function, and the queue delivers the message again.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from shared.domain.attachments import Danger
from shared.domain.facts import Document
from shared.domain.mail import Attachment, Listed, Mail
from shared.domain.open_entry import OpenEntry
from shared.domain.report import DeliveryReport
from shared.domain.stop import Stop
from shared.domain.transaction import Event, Key, Transaction
from shared.domain.vendor import Likeness, Vendor


class Later(Exception):
    """An outside system cannot serve now; `after` is the number of seconds it asked for, None where it did not say.

    `nothing_done` says that the request cannot have had an effect: it was refused at the door, or never got there.
    """

    def __init__(self, reason: str, after: float | None = None, *, nothing_done: bool = False) -> None:
        super().__init__(reason)
        self.after = after
        self.nothing_done = nothing_done


class MailGone(Exception):
    """The item does not exist any more (404 by id): deleted, moved to another mailbox, or a draft that was sent."""


class MailRefused(Exception):
    """The mailbox refuses this one request for good (a damaged item, a request it calls invalid)."""


class CardRefused(Exception):
    """The channel refuses this one card for good."""


class Conflict(Exception):
    """Somebody else wrote the row since it was read (its ETag does not match)."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A forward that is not sent yet; `body` is HTML as the mailbox made it."""

    id: str
    body: str


@dataclass(frozen=True, slots=True)
class DraftChanges:
    """What we write on a draft; `body` is HTML, None leaves it as it is; so does an empty `to` with all recipients."""

    subject: str
    body: str | None
    marker: str
    message_id: str
    to: str = ""  # the only one to get it


@dataclass(frozen=True, slots=True)
class Marked:
    """An item that carries our marker: the draft, or what sending made of it."""

    id: str
    is_draft: bool


@dataclass(frozen=True, slots=True)
class Content:
    """The bytes of one attachment with the sender's name and type for it."""

    name: str
    content_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class PoisonMessage:
    """A message of a poison queue, with what is needed to delete it."""

    id: str
    pop_receipt: str
    body: bytes
    inserted_at: datetime


@dataclass(frozen=True, slots=True)
class Poison:
    """A message that its function failed to take `maxDequeueCount` times, kept for people."""

    queue: str
    message_id: str
    body: str
    reason: str
    inserted_at: datetime
    transaction_id: str = ""


class Documents(Protocol):
    """Reads hostile bytes within limits, away from this process.

    OCR is put in here: an implementation around another one that gives pages to what that calls a scan.
    """

    async def read(self, contents: Sequence[Content]) -> list[Document]:
        """Return one Document for each content, in order; never raises for what the bytes hold."""

    async def dangers(self, content: Content) -> tuple[Danger, ...]:
        """Say what a file, or what an archive holds, may do to whoever opens it; what overruns the limits is locked."""

    async def read_report(self, mime: bytes) -> DeliveryReport | None:
        """Return what a mail's MIME source reports about a delivery, None where it holds no readable report."""


class Mailbox(Protocol):
    """The shared mailbox. Every method raises Later when the mailbox as a whole cannot serve."""

    def inbox(self, since: datetime | None) -> AsyncIterator[Sequence[Listed]]:
        """Page through the Inbox, oldest first, read or unread, received at or after `since`."""

    async def get(self, mail_id: str) -> Mail:
        """Read one mail with its attachment list; raises MailGone, MailRefused."""

    async def oldest(self, folder: str) -> datetime | None:
        """When the oldest mail in one of our folders was received, None where it holds none or is not known yet."""

    async def folder_of(self, mail_id: str) -> str:
        """Where the mail lies now: INBOX, one of our folders, or ELSEWHERE; raises MailGone."""

    async def content(self, mail_id: str, attachment: Attachment) -> Content:
        """Download one attachment; raises MailGone, MailRefused."""

    async def source(self, mail_id: str) -> bytes:
        """Download the whole mail as MIME; raises MailGone, MailRefused."""

    async def marked(self, marker: str) -> Sequence[Marked]:
        """Find every item in any folder that carries exactly this marker."""

    async def create_forward(self, mail_id: str, to: str, comment: str = "") -> Draft:
        """Make a draft that forwards the mail to one address; never tried twice; raises MailGone, MailRefused."""

    async def draft(self, draft_id: str) -> Draft:
        """Read a draft made earlier; raises MailGone."""

    async def write_draft(self, draft_id: str, changes: DraftChanges) -> None:
        """Write what we change on a draft; raises MailGone, MailRefused."""

    async def attachments(self, mail_id: str) -> Sequence[Attachment]:
        """List the attachments of a mail or draft, without their bytes; raises MailGone."""

    async def send(self, draft_id: str) -> None:
        """Send a draft; never tried twice; returns on 202, and whatever it raises proves nothing about the sending."""

    async def move(self, mail_id: str, folder: str) -> None:
        """Move the mail to the folder of that display name below the root, made when missing; raises MailGone."""

    async def delete(self, mail_id: str) -> None:
        """Delete a draft; one that is gone already is no error."""


class Ledger(Protocol):
    """`InvoiceTransactions`, its history, and `OpenTransactions`."""

    async def get(self, key: Key) -> Transaction | None:
        """Read a row; raises UnreadableRow where it was edited into something else, or a newer release wrote it."""

    async def insert(self, row: Transaction, event: Event) -> bool:
        """Add a row and its first event; False where the key is taken."""

    async def update(self, row: Transaction, event: Event) -> Transaction:
        """Merge a row and add an event, both or neither, if the ETag still holds; raises Conflict."""

    async def open_entries(self) -> Sequence[OpenEntry]:
        """Every open transaction."""

    async def put_open(self, entry: OpenEntry) -> None:
        """Write or overwrite an open entry."""

    async def postpone(self, key: Key, mail_id: str, not_before: datetime) -> None:
        """Write on an open entry, new or not, that a stage waits until then; its count of stalls stays."""

    async def close(self, key: Key) -> None:
        """Remove an open entry; one that is gone already is no error."""

    async def index_marker(self, key: Key) -> bool:
        """Make a transaction findable by its id alone, before anything that carries the id can come back.

        False where it was so already: then something that carries the id may be out.
        """

    async def by_reference(self, reference: str) -> Sequence[Key]:
        """The transactions whose id begins with these (at least 12) hex digits."""


class Registry(Protocol):
    """Index tables that answer "has this been seen before"; each answer is one conditional insert."""

    async def take_permit(self, now: datetime, per_minute: int) -> bool:
        """Count one sending against the UTC minute of `now`; False where the minute is full."""

    async def claim(self, vendor_id: str, trait: str, key: Key) -> Key:
        """Enter a trait of an invoice for a vendor; returns who entered it first, which may be `key` itself."""

    async def holder(self, vendor_id: str, trait: str) -> Key | None:
        """Who entered a trait first, without entering anything."""

    async def take_over(self, vendor_id: str, trait: str, old: Key, new: Key) -> Key:
        """Give an entry of `old` to `new`; returns whose it is now, which is another's where that one was faster."""

    async def count_repeat(self, digest: str, key: Key, now: datetime) -> int:
        """Enter a mail under the digest of what it is; returns which one of its kind it is, within the hour before it.

        The first is 1; asked again for the same mail, the answer is no other than the first time.
        """

    async def set_poison(self, poison: Poison) -> None:
        """Keep a message that its function could not take, once however often it is handed in."""

    async def kept_poison(self, queue: str) -> int:
        """How many messages of a queue are kept."""


class Control(Protocol):
    """What people and the synthetic check tell the app while it runs."""

    async def stop(self) -> Stop:
        """The emergency stop as it stands at this moment."""

    async def use_nonce(self, nonce: str, key: Key) -> bool:
        """Whether the synthetic check wrote this nonce, and no other mail has used it; uses it up."""

    async def arrived_at(self) -> datetime | None:
        """When the synthetic check last saw a mail of its own arrive; None where it never has."""


class Suffixes(Protocol):
    """Which part of a host somebody registered."""

    def registered(self, host: str) -> str:
        """The registered domain of a host, empty where it is a public suffix itself."""


class KnownVendors(Protocol):
    """`VendorMaster` and the keys that find a vendor, by point reads."""

    async def claimants(self, key: str) -> Sequence[str]:
        """The ids of the vendors that claim this key."""

    async def get(self, vendor_id: str) -> Vendor | None:
        """Read one vendor."""

    async def alike(self, key: str, limit: int) -> Sequence[Likeness]:
        """At most `limit` vendors that are kept under this key of likeness."""


class Vendors(KnownVendors, Protocol):
    """`VendorMaster`, the keys that find a vendor, and the mails that wait for one."""

    def all(self) -> AsyncIterator[Vendor]:
        """Every vendor, by id."""

    async def upsert(self, vendor: Vendor) -> None:
        """Write a vendor and its keys; keys that it does not claim any more are removed."""

    async def learn_ibans(self, vendor_id: str, ibans: Sequence[str]) -> None:
        """Add accounts to those that a vendor is known to have, under its ETag; known ones are no error."""

    async def park(self, vendor_keys: Sequence[str], key: Key) -> None:
        """Note that a transaction waits for any of these keys."""

    async def unpark(self, vendor_keys: Sequence[str], key: Key) -> None:
        """Forget that it waits; what is gone already is no error."""

    async def parked(self, vendor_key: str, limit: int) -> Sequence[Key]:
        """At most `limit` transactions that wait for this key."""


class Queues(Protocol):
    """The app's own queues, for what an output binding cannot carry."""

    async def send(self, queue: str, body: bytes) -> None:
        """Add one message."""

    async def poisoned(self, queue: str) -> Sequence[PoisonMessage]:
        """Receive some messages of the queue's poison queue, hidden for a while; empty where there is none."""

    async def forget(self, queue: str, message: PoisonMessage) -> None:
        """Delete a poison message that has been kept elsewhere."""

    async def poison_waiting(self, queue: str) -> int:
        """How many messages, hidden ones included, the queue's poison queue holds, as the service estimates."""


class Channel(Protocol):
    """The Teams channel."""

    async def post(self, card: Mapping[str, Any]) -> None:
        """Post one card; raises Later where the channel does not take it now, CardRefused where it never will."""
