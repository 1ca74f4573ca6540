"""What jobs with a log-in to Azure install: all that the deploy command imports, and in the versions of the others."""

import json
import re
import subprocess
import sys

from infrastructure.checkout import checkout
from tests.app.checkout import lock, normalised

FOLDER = "infrastructure/workflows"
# Loads the deploy command, and prints which distributions hold what it and all else of ours that came along imports,
# late imports too. (What distributions import of each other is the lock's affair.)
IMPORTED = r"""
import ast, importlib, importlib.metadata, json, pathlib, sys
for path in pathlib.Path("infrastructure/deploy").glob("[!_]*.py"):
    importlib.import_module(f"infrastructure.deploy.{path.stem}")
paths = (getattr(module, "__file__", None) or "" for module in list(sys.modules.values()))
here = str(pathlib.Path.cwd())
ours = [pathlib.Path(path) for path in paths if path.startswith(here) and "site-packages" not in path]
names = set()
for node in (node for path in ours for node in ast.walk(ast.parse(path.read_bytes()))):
    if isinstance(node, ast.Import):
        names |= {alias.name for alias in node.names}
    elif isinstance(node, ast.ImportFrom):
        names.add(node.module)
files = {getattr(importlib.import_module(name), "__file__", None) for name in names}
print(json.dumps([
    each.metadata["Name"] for each in importlib.metadata.distributions()
    if any(str(file.locate()) in files for file in each.files or ())
]))
"""


def asked_for() -> list[str]:
    lines = (checkout() / FOLDER / "requirements.txt").read_text("utf-8").splitlines()
    return [line.split()[0] for line in lines if not line.startswith("#")]


def imported() -> set[str]:
    command = [sys.executable, "-W", "ignore", "-c", IMPORTED]
    done = subprocess.run(command, cwd=checkout(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {normalised(name) for name in json.loads(done.stdout)}


def test_what_the_deploy_command_imports_is_asked_for_and_nothing_else() -> None:
    assert sorted(imported()) == sorted(asked_for())


def test_the_lock_has_hashes_and_the_versions_of_the_other_locks() -> None:
    others = lock("tests/requirements-lock.txt") | lock("requirements-lock.txt")
    pins = lock(f"{FOLDER}/requirements-lock.txt")
    assert {*asked_for()} <= {*pins}
    assert {name: pin for name, pin in pins.items() if pin[1] == 0} == {}
    assert {name: version for name, (version, _) in pins.items() if others[name][0] != version} == {}


def test_every_requirement_says_what_it_is_for() -> None:
    lines = (checkout() / FOLDER / "requirements.txt").read_text("utf-8").splitlines()
    assert [line for line in lines if not re.fullmatch(r"#.*|[a-z-]+ +# \w.*", line)] == []
