from pathlib import Path

import pytest

from infrastructure.bench import suggestions
from shared.domain import names


@pytest.fixture(autouse=True)
def _same_threshold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "SIMILAR", names.SIMILAR)  # put back afterwards


def test_a_row_for_each_threshold(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "vendors.csv"
    lines = ["vendor_name,domain,country,vat_id", "Bluebird Cloud Ltd,,,", "Nordlicht Software GmbH,,,"]
    path.write_text("\n".join(lines))
    assert suggestions.main([str(path)]) == 0
    shown = capsys.readouterr().out
    assert all(f"{threshold:.2f}" in shown for threshold in suggestions.THRESHOLDS)
    assert "100.0 %" in shown


def test_a_list_that_is_not_there_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert suggestions.main([str(tmp_path / "none.csv")]) == 1
    assert "none.csv" in capsys.readouterr().out
