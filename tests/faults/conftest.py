"""One storage emulator with an account for every case, one nursery of hosts, and figures for the end of the run."""

from collections.abc import Iterator

import pytest

from infrastructure.local.storage import Storage
from tests.faults.hosts import Hosts
from tests.faults.site import ACCOUNTS, Accounts

_figures = pytest.StashKey[list[str]]()


@pytest.fixture(scope="session")
def accounts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Accounts]:
    """Storage accounts, a fresh one for every case."""
    with Storage.start(tmp_path_factory.mktemp("faults"), accounts=ACCOUNTS) as storage:
        yield Accounts(storage)


@pytest.fixture(scope="session")
def hosts() -> Iterator[Hosts]:
    """Hosts that start at once."""
    with Hosts() as made:
        yield made


@pytest.fixture
def figures(pytestconfig: pytest.Config) -> list[str]:
    """Lines to be printed at the end of the run, whatever became of it."""
    return pytestconfig.stash.setdefault(_figures, [])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the figures."""
    if lines := config.stash.get(_figures, []):
        terminalreporter.section("faults: what was measured")
        terminalreporter.write("\n".join(lines) + "\n")
