"""Every mail reaches AP once under faults of every kind."""

import os
import time
from pathlib import Path

import pytest

from shared.domain.reason import Reason
from tests.faults.chaos import KINDS, Chaos, mailbox_faults, measured
from tests.faults.hosts import Hosts
from tests.faults.site import Accounts, site

IS_SOAK = bool(os.environ.get("SOAK"))
MAILS = int(os.environ.get("CHAOS_MAILS", "10000" if IS_SOAK else "500"))
SEED = int(os.environ.get("CHAOS_SEED", "20261124"))
SECONDS = 600 + 2.0 * MAILS  # a limit, not a measure

pytestmark = pytest.mark.timeout(SECONDS + 300)


def test_under_chaos_every_mail_reaches_ap_once(
    tmp_path: Path, accounts: Accounts, hosts: Hosts, figures: list[str]
) -> None:
    start = time.monotonic()
    with site(tmp_path, accounts) as place:
        place.mailbox.faults.replace(mailbox_faults(SEED, long_waits=max(1, MAILS // 500)))
        chaos = Chaos(place, hosts, MAILS, SEED)
        outcome = chaos.run(SECONDS)
        figures += measured(chaos, outcome, time.monotonic() - start)
        assert outcome.doubled == {}
        assert outcome.lost == set()
        assert outcome.elsewhere == {}
        assert len(outcome.unconfirmed) <= max(1, MAILS // 1000)  # one in a small run is chance
        assert place.is_quiet(MAILS)
        # What a person was asked was what the faults make necessary, and nothing else.
        assert set(chaos.releases) <= {Reason.UNDELIVERED, Reason.FORWARD_DIFFERS}
        assert chaos.kills
        assert KINDS - set(chaos.faults) == set()
