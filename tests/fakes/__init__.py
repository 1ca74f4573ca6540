"""In-memory implementations of every port, judged by their state; the contract suites hold them to the adapters."""

from tests.fakes.channel import FakeChannel
from tests.fakes.clock import Clock
from tests.fakes.control import FakeControl
from tests.fakes.documents import FakeDocuments
from tests.fakes.ledger import FakeLedger
from tests.fakes.mailbox import ADDRESS, DELETED, DRAFTS, SENT, AfterSend, Delivered, FakeMailbox
from tests.fakes.queues import FakeQueues
from tests.fakes.registry import FakeRegistry
from tests.fakes.trouble import Fallible
from tests.fakes.vendors import FakeVendors

__all__ = [
    "ADDRESS",
    "DELETED",
    "DRAFTS",
    "SENT",
    "AfterSend",
    "Clock",
    "Delivered",
    "FakeChannel",
    "FakeControl",
    "FakeDocuments",
    "FakeLedger",
    "FakeMailbox",
    "FakeQueues",
    "FakeRegistry",
    "FakeVendors",
    "Fallible",
]
