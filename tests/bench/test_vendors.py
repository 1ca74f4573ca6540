"""The benchmark of vendor look-ups runs, and finds whom it looks for; no test looks at its times."""

import pytest

from infrastructure.bench.vendors import made_vendor, main
from infrastructure.local.storage import Storage
from shared.domain.vendor import Vendor


def test_every_look_up_is_measured_among_few_and_many(azurite: Storage, capsys: pytest.CaptureFixture[str]) -> None:
    del azurite  # only says that the emulator is installed
    assert main(["20", "--few", "10", "--times", "2"]) == 0
    shown = capsys.readouterr()
    assert "20 vendors written in" in shown.err
    for kind in ("found by VAT id", "found by sender", "found by name", "surroundings of a stranger", "suggestion"):
        assert kind in shown.out


def test_no_two_made_vendors_share_what_finds_them() -> None:
    made = [made_vendor(number) for number in range(1000)]
    assert all(isinstance(vendor, Vendor) for vendor in made)
    assert len({key for vendor in made for key in vendor.keys}) == 3000
