"""One good package for all tests."""

from pathlib import Path

import pytest

from infrastructure.checkout import checkout
from infrastructure.package import build, policy


@pytest.fixture(scope="session")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package of this checkout, built once; its papers lie beside it."""
    return build.make(checkout(), tmp_path_factory.mktemp("package") / "good.zip", policy.read(), offline=True).path
