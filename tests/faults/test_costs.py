"""How many requests a posted mail costs, counted between the host and its services."""

import threading
from collections import Counter
from pathlib import Path

import pytest

from infrastructure.local import process
from tests.faults.boundaries import LISTING, kind_of
from tests.faults.hosts import Hosts
from tests.faults.mails import invoice_mail
from tests.faults.proxy import Exchange, Phase
from tests.faults.site import Accounts, Site, site

WARM = 4  # mails that pay for tables, folders and queues; they exist in a deployment
MAILS = 20
GRAPH_LIMIT, STORAGE_LIMIT = 8, 30
TICK = {LISTING, "GET table OpenTransactions"}  # once a tick, however many mails there are

pytestmark = pytest.mark.timeout(300)


class Bill:
    """Counts what a host asks for, idle polls left out."""

    def __init__(self) -> None:
        self.kinds: Counter[str] = Counter()
        self._lock = threading.Lock()

    def __call__(self, phase: Phase, exchange: Exchange) -> None:
        if phase == "after" and not _is_idle(exchange):
            with self._lock:
                self.kinds[kind_of(exchange)] += 1

    def of(self, *services: str) -> int:
        """Requests for mails, so without what every tick asks anyway: once for each of TICK, and for the stop."""
        asked = sum(count for kind, count in self.kinds.items() if kind.split()[1] in services and kind not in TICK)
        return asked - (self.kinds[LISTING] if "table" in services else 0)


def _is_idle(exchange: Exchange) -> bool:
    is_poll = exchange.service == "queue" and exchange.method == "GET"
    return is_poll and (exchange.answer is None or b"<QueueMessage>" not in exchange.answer.body)


@pytest.mark.parametrize("documents", [1, 3])
def test_a_posted_mail_costs_no_more_requests_than_budgeted(
    documents: int, tmp_path: Path, accounts: Accounts, hosts: Hosts, figures: list[str]
) -> None:
    bill = Bill()
    with site(tmp_path, accounts) as place, place.wires(bill, STUCK_AFTER_SECONDS="120", CLAIM_SECONDS="120") as wires:
        host = hosts.start(wires.environment, tmp_path / "host.log", lease=60)
        post(place, range(WARM), documents)
        bill.kinds.clear()
        post(place, range(WARM, WARM + MAILS), documents)
        host.kill()
    graph, storage = bill.of("graph") - bill.kinds["POST graph teams"], bill.of("queue", "table")
    figures += [
        f"costs of a posted mail with {documents} document(s), over {MAILS} mails at once:",
        f"  Graph {graph / MAILS:.2f} requests (and {bill.kinds[LISTING]} listings), storage {storage / MAILS:.2f}",
        *(f"  {count / MAILS:6.2f}  {kind}" for kind, count in sorted(bill.kinds.items()) if documents == 1),
    ]
    assert graph <= (GRAPH_LIMIT + documents - 1) * MAILS
    assert storage <= STORAGE_LIMIT * MAILS


def post(place: Site, numbers: range, documents: int) -> None:
    place.arrive([(f"{n}.eml", invoice_mail(f"INV-{n}", documents=documents)) for n in numbers])
    assert process.wait_until(
        lambda: len(place.mails("Posted")) == numbers.stop and place.is_at_rest(numbers.stop), seconds=120, step=0.5
    )
