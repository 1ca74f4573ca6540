"""What jobs with a log-in to Azure install: all that the deploy command imports, and in the versions of the others."""

import json
import re
import subprocess
import sys

from infrastructure.checkout import checkout
from tests.app.checkout import lock, normalised

FOLDER = "infrastructure/workflows"
# Imports everything that deploy imports, late imports too, and prints the distributions of what was loaded.
USED = r"""
import importlib, importlib.metadata, json, pathlib, re, sys
for path in sorted(pathlib.Path("infrastructure/deploy").glob("*.py")):
    importlib.import_module(f"infrastructure.deploy.{path.stem}") if path.stem != "__main__" else None
    for name in re.findall(r"^ *(?:from|import) ([\w.]+)", path.read_text("utf-8"), re.MULTILINE):
        importlib.import_module(name)
files = {getattr(module, "__file__", None) for module in list(sys.modules.values())}
print(json.dumps(sorted({
    each.metadata["Name"] for each in importlib.metadata.distributions()
    if any(str(file.locate()) in files for file in each.files or ())
})))
"""


def asked_for() -> list[str]:
    lines = (checkout() / FOLDER / "requirements.txt").read_text("utf-8").splitlines()
    return [line.split()[0] for line in lines if not line.startswith("#")]


def used() -> set[str]:
    done = subprocess.run([sys.executable, "-c", USED], cwd=checkout(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {normalised(name) for name in json.loads(done.stdout)}


def test_all_that_the_deploy_command_imports_is_installed_and_nothing_is_asked_for_in_vain() -> None:
    distributions = used()
    assert "azure-identity" in distributions, "the late import counts, too"
    assert distributions - {*lock(f"{FOLDER}/requirements-lock.txt")} == set()
    assert {*asked_for()} - distributions == set()


def test_the_lock_has_hashes_and_the_versions_of_the_other_locks() -> None:
    others = lock("tests/requirements-lock.txt") | lock("requirements-lock.txt")
    pins = lock(f"{FOLDER}/requirements-lock.txt")
    assert {*asked_for()} <= {*pins}
    assert {name: pin for name, pin in pins.items() if pin[1] == 0} == {}
    assert {name: version for name, (version, _) in pins.items() if others[name][0] != version} == {}


def test_every_requirement_says_what_it_is_for() -> None:
    lines = (checkout() / FOLDER / "requirements.txt").read_text("utf-8").splitlines()
    assert [line for line in lines if not re.fullmatch(r"#.*|[a-z-]+ +# \w.*", line)] == []
