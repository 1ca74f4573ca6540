"""Kill the host at every request boundary of a mail's path, start it again, and look from the outside."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from infrastructure.local import process
from shared.domain.transaction import Status
from tests.faults import boundaries
from tests.faults.boundaries import Boundary
from tests.faults.hosts import Host, Hosts
from tests.faults.mails import invoice_mail
from tests.faults.proxy import Cut, Exchange, Phase
from tests.faults.site import Accounts, Site, site

AT_ONCE = 8  # cases; most of a case is waiting
SECONDS = 90.0  # until a case must have come to rest

pytestmark = pytest.mark.timeout(1200)


class Case:
    """One kill."""

    def __init__(self, folder: Path, accounts: Accounts, hosts: Hosts, boundary: Boundary | None, phase: Phase) -> None:
        self.folder, self.accounts, self.hosts = folder, accounts, hosts
        self.boundary, self.phase = boundary, phase
        self.faults: list[str] = []
        self.path = boundaries.Path(self._at)
        self._host: Host | None = None
        self._has_host, self.killed = threading.Event(), threading.Event()

    def _at(self, phase: Phase, boundary: Boundary, exchange: Exchange) -> None:
        if (boundary, phase) != (self.boundary, self.phase):
            return
        self._has_host.wait()
        assert self._host is not None
        self._host.kill()
        self.killed.set()
        raise Cut

    def run(self) -> "Case":
        self.folder.mkdir()
        with site(self.folder, self.accounts, ("invoice.eml", invoice_mail("INV-1"))) as place:
            self._first_host(place)
            if self.boundary is not None and not self.killed.is_set():
                self.faults = ["never reached"]
            else:
                if self.boundary is not None:
                    self._second_host(place)
                self.faults += faults_of(place, kills=int(self.killed.is_set()))
        return self

    def _first_host(self, place: Site) -> None:
        with place.wires(self.path) as wires, self._running(place, wires.environment) as host:
            self._host = host
            self._has_host.set()
            process.wait_until(lambda: not host.is_running or _is_over(place), seconds=SECONDS, step=0.2)
            self.path.released.set()

    def _second_host(self, place: Site) -> None:
        environment = place.environment(place.connection_string, place.mailbox.url)
        with self._running(place, environment):
            if not process.wait_until(lambda: _is_over(place), seconds=SECONDS, step=0.2):
                self.faults = ["never at rest"]

    @contextmanager
    def _running(self, place: Site, environment: dict[str, str]) -> Iterator[Host]:
        host = self.hosts.start(environment, place.folder / "host.log")
        try:
            yield host
        finally:
            host.kill()


def _is_over(place: Site) -> bool:
    # Looking for the card first costs nothing; asking the storage takes the processor from the hosts.
    return bool(place.cards()) and place.is_at_rest(1)


def faults_of(place: Site, *, kills: int) -> Iterator[str]:
    """What is wrong with how one mail ended, seen from the outside alone."""
    rows, sent, cards = place.rows(), place.ap_markers(), len(place.cards())
    if len(sent) != 1:
        yield f"{len(sent)} AP mails"
    if [row.status for row in rows] != [Status.POSTED]:
        yield f"ledger: {', '.join(row.status for row in rows) or 'empty'}"
    if [path.name for path in place.mails("Posted")] != ["invoice.eml"] or place.mails("Inbox"):
        yield "not filed"
    if not place.is_at_rest(1):
        yield "not at rest"
    if not 1 <= cards <= 1 + kills:
        yield f"{cards} cards"
    if poison := place.poison():
        yield f"poison: {dict(poison)}"


def test_a_host_killed_at_any_request_boundary_loses_nothing_and_sends_nothing_twice(
    tmp_path: Path, accounts: Accounts, hosts: Hosts, figures: list[str]
) -> None:
    def run(number: int, boundary: Boundary | None, phase: Phase) -> Case:
        return Case(tmp_path / f"{number:03d}", accounts, hosts, boundary, phase).run()

    whole = run(0, None, "before")
    assert whole.faults == []
    found = whole.path.seen
    phases: tuple[Phase, ...] = ("before", "after")
    wanted = [(boundary, phase) for boundary in found for phase in phases]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        cases = list(pool.map(lambda n: run(n + 1, *wanted[n]), range(len(wanted))))
    figures.append(f"crash matrix: {len(found)} request boundaries, killed before and after each")
    for boundary in found:
        results = [", ".join(case.faults) or "ok" for case in cases if case.boundary == boundary]
        figures.append(f"  {boundary!s:60} before: {results[0]:12} after: {results[1]}")
    assert [f"{case.phase} {case.boundary}: {case.faults}" for case in cases if case.faults] == []
