"""The suites of stages and adapters, run on what the package holds in place of the checkout and its environment."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from infrastructure.checkout import checkout
from infrastructure.local.package import PACKAGES, mounted
from infrastructure.local.storage import Storage

pytestmark = pytest.mark.timeout(600)

SUITES = ("tests/stages", "tests/adapters")
# The corpus lies beside some checkouts only, and whether a large document is read in time is no matter of the package.
LEFT_OUT = "not corpus and not overrun and not bounded"
OPTIONS = (
    *("--no-cov", "-q", "-k", LEFT_OUT, "-p", "no:cacheprovider", "-p", "tests.package.origin"),
    *("-p", "no:anyio"),  # a plugin that anyio's metadata names; nothing of the app leads to it
    "--import-mode=append",  # or else the checkout's own modules would come before the package's
)


def test_stages_and_adapters_pass_on_the_package(good: Path, tmp_path: Path, azurite: Storage) -> None:
    del azurite  # only says that the emulator is installed
    origins = tmp_path / "origins.json"
    with mounted(good) as package:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
        done = subprocess.run(
            [sys.executable, "-P", "-B", "-m", "pytest", *OPTIONS, *SUITES],
            cwd=checkout(),
            # In this order the worker has them; PYTHONPATH comes before what is installed here.
            env={
                **environment,
                "PYTHONPATH": os.pathsep.join([str(package), str(package / PACKAGES), str(checkout())]),
                "PACKAGE": str(package),
                "ORIGINS": str(origins),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stdout[-5000:]
    found = json.loads(origins.read_text())
    assert found["foreign"] == {}
    needed = {"shared.stages.post_to_ap", "msgraph", "azure.data.tables", "azure.storage.queue", "pydantic"}
    assert needed <= set(found["package"])
