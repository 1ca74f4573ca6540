"""Which storage account a command works on."""

import shutil
from pathlib import Path

import pytest

from infrastructure.checkout import checkout
from infrastructure.operations import account


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with the example as its local settings, and an environment that names no storage."""
    shutil.copy(checkout() / "local.settings.json.example", tmp_path / "local.settings.json")
    for name in ("AzureWebJobsStorage", "AzureWebJobsStorage__accountName"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_local_settings_name_the_account_where_the_environment_does_not(copied: Path) -> None:
    assert account.environment(copied)["AzureWebJobsStorage"] == "UseDevelopmentStorage=true"


def test_an_account_of_the_environment_is_not_outdone_by_local_settings(
    copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AzureWebJobsStorage__accountName", "stprod")
    found = account.environment(copied)
    assert "AzureWebJobsStorage" not in found
    assert found["AzureWebJobsStorage__accountName"] == "stprod"
    assert found["INVOICE_MAILBOX"] == "invoices@contoso.example"
