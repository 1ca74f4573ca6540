"""What stands in more than one place stands there alike."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from importlib.metadata import distributions
from pathlib import Path

import pytest

from infrastructure.package import policy
from shared.domain.distrust import HOLD, WEIGHTS
from shared.settings import NAMES
from tests.app.checkout import ROOT, json_of, lock, normalised, pyproject, requirements, split_requirement, text

VERSION = text(".python-version").strip()
SETTINGS = {*NAMES, "MAIL_INGEST_SCHEDULE"}
LOCKS = ("requirements-lock.txt", "tests/requirements-lock.txt")

# The host's own: it picks the worker, and is no setting of ours.
HOST_SETTINGS = {"FUNCTIONS_WORKER_RUNTIME"}


def readme() -> str:
    return text("README.md")


def test_the_readme_holds_no_placeholder() -> None:
    assert "@@" not in readme()


def test_the_python_version_is_one_that_azure_runs() -> None:
    assert VERSION == "3.11"


@pytest.mark.parametrize(
    ("place", "found", "expected"),
    [
        ("requires-python", pyproject()["project"]["requires-python"], f"=={VERSION}.*"),
        ("ruff", pyproject()["tool"]["ruff"]["target-version"], f"py{VERSION.replace('.', '')}"),
        ("mypy", pyproject()["tool"]["mypy"]["python_version"], VERSION),
        ("policy.toml", policy.read().target.python, VERSION),
        ("the interpreter of policy.toml", policy.read().target.interpreter.rpartition(".")[0], VERSION),
        ("this interpreter", "{}.{}".format(*sys.version_info), VERSION),
    ],
    ids=lambda value: value if " " not in value else value.replace(" ", "-"),
)
def test_the_python_version_is_the_same_everywhere(place: str, found: str, expected: str) -> None:
    assert found == expected, place


def test_the_makefile_takes_the_python_version_from_its_one_place() -> None:
    makefile = text("Makefile")
    assert "$(shell cat .python-version)" in makefile
    assert not re.search(r"\b3\.\d\d?\b", makefile)


def made(*arguments: str, **environment: str) -> str:
    command = ["make", "--dry-run", "run", *arguments]
    # Under `make test` the outer make would speak through these, and count this one as its child.
    outer = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    result = subprocess.run(command, cwd=ROOT, env={**outer, **environment}, capture_output=True, text=True, check=True)
    (line,) = (each for each in result.stdout.splitlines() if "infrastructure.local run" in each)
    return line.split("infrastructure.local ")[1].strip()


def test_make_takes_mails_from_its_command_line_alone() -> None:
    foreign = {"MAIL": "/var/mail/somebody", "MAILS": "/var/mail", "ARGS": "--all", "PACKAGE": "invoice-agent"}
    assert made(**foreign) == "run"
    assert made("MAILS=a.eml b", "ARGS=--keep", **foreign) == "run --keep a.eml b"
    assert made("PACKAGE=a.zip", **foreign) == "run --package a.zip"


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_that_names_a_python_version_names_this_one(name: str) -> None:
    header = "\n".join(line for line in text(name).splitlines()[:5] if line.startswith("#"))
    assert set(re.findall(r"\b3\.\d+\b", header)) <= {VERSION}


def test_the_readme_names_no_other_python_version_as_ours() -> None:
    faults_aside = re.sub(r"<details>.*?</details>", "", readme(), flags=re.DOTALL)
    named = re.findall(r"Python (\d\.\d+)", faults_aside)
    assert VERSION in named
    # The predecessor's accident may be told, with the version that it was made of.
    assert set(named) <= {VERSION, "3.13"}


def test_the_example_settings_are_the_settings() -> None:
    assert set(json_of("local.settings.json.example")["Values"]) == SETTINGS | HOST_SETTINGS


def test_the_example_settings_are_for_this_machine() -> None:
    values = json_of("local.settings.json.example")["Values"]
    assert values["AzureWebJobsStorage"] == "UseDevelopmentStorage=true"
    assert values["FUNCTIONS_WORKER_RUNTIME"] == "python"
    assert json_of("local.settings.json.example")["IsEncrypted"] is False


def test_the_readme_has_a_row_for_every_setting() -> None:
    first_cells = re.findall(r"^\|([^|]+)\|", readme(), re.MULTILINE)
    names = {
        name for cell in first_cells for name in re.findall(r"`(AzureWebJobsStorage|[A-Z][A-Z0-9]*_[A-Z0-9_]+)`", cell)
    }
    assert names - HOST_SETTINGS == SETTINGS


def test_the_readmes_table_of_distrust_is_the_codes() -> None:
    rows = re.findall(r"^\| `([a-z_]+)` \| (\d+) \| \S", readme(), re.MULTILINE)
    assert [(name, int(weight)) for name, weight in rows] == [(each.value, weight) for each, weight in WEIGHTS.items()]
    assert f"reach {HOLD} together" in readme()
    assert f"`HOLD = {HOLD}`" in readme()


def shipped() -> list[Path]:
    return [ROOT / "function_app.py", *sorted((ROOT / "shared").rglob("*.py"))]


def imported_modules(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or "."


@cache
def records() -> dict[str, str]:
    """Every installed distribution and the list of its files; the SDK's alone has 16,700, so it stays a text."""
    return {normalised(d.metadata["Name"]): "\n" + (d.read_text("RECORD") or "") for d in distributions()}


@cache
def owner_of(module: str) -> str:
    """The distribution that installs a module; the name imported may be a package, a module or something in one."""
    parts = module.split(".")
    paths = (
        "/".join(parts[:count]) + ending for count in range(len(parts), 0, -1) for ending in (".py", "/__init__.py")
    )
    owners = (name for path in paths for name, files in records().items() if f"\n{path}," in files)
    return next(owners, f"nobody knows {module}")


def test_every_distribution_that_ships_code_imports_is_a_direct_pin() -> None:
    """What only comes along with another one may be gone with that one's next release."""
    ours = {"shared", "function_app"}
    imported = {
        owner_of(module)
        for path in shipped()
        for module in imported_modules(path)
        if module.split(".")[0] not in ours | set(sys.stdlib_module_names)
    }
    assert imported - set(requirements()) == set()


def test_every_direct_pin_is_imported() -> None:
    imported = {owner_of(module) for path in shipped() for module in imported_modules(path)}
    by_pypdf = {"pycryptodome"}  # found by name, where a document is encrypted
    assert set(requirements()) - imported == by_pypdf


def test_every_direct_dependency_is_pinned_exactly() -> None:
    assert {name: spec for name, spec in requirements().items() if not re.fullmatch(r"==\d+(?:\.\d+)*", spec)} == {}


def test_the_lock_holds_every_direct_pin() -> None:
    locked = lock("requirements-lock.txt")
    assert {name: f"=={locked[name][0]}" for name in requirements()} == requirements()


@pytest.mark.parametrize("name", LOCKS)
def test_everything_in_a_lock_has_hashes(name: str) -> None:
    assert len(lock(name)) >= 10
    assert [pin for pin, (_, hashes) in lock(name).items() if hashes == 0] == []


def test_both_locks_agree_on_what_both_hold() -> None:
    """`make setup` installs them together, and what is tested is what is deployed."""
    deployed, dev = (lock(name) for name in LOCKS)
    shared = deployed.keys() & dev.keys()
    assert {name for name in shared if deployed[name][0] != dev[name][0]} == set()


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_names_the_extras_that_its_own_distributions_ask_for(name: str) -> None:
    """For `coverage[toml]`, which a lock with plain `coverage` has not, pip 23 looks for the newest there is."""
    with_extras = re.compile(r"^([\w.-]+)\[([^]]+)\](?!.*\bextra\b)", re.MULTILINE)
    installed_with_it = {LOCKS[0], name}
    held = {(normalised(pin), extra) for path in installed_with_it for pin, extra in with_extras.findall(text(path))}
    asked = {
        (normalised(pin), extra)
        for one in distributions()
        if normalised(one.metadata["Name"]) in lock(name)
        for pin, extra in with_extras.findall("\n".join(one.requires or []))
    }
    assert asked  # httpx[http2] by msgraph-core, coverage[toml] by pytest-cov
    assert asked - held == set()


def test_the_lock_for_tests_holds_every_tool() -> None:
    tools = {split_requirement(line)[0] for line in pyproject()["dependency-groups"]["dev"]}
    assert tools - lock("tests/requirements-lock.txt").keys() == set()


def test_what_is_installed_is_what_is_deployed() -> None:
    installed = {normalised(d.metadata["Name"]): d.version for d in distributions()}
    locked = {name: version for name, (version, _) in lock("requirements-lock.txt").items()}
    assert {name: installed.get(name) for name in locked} == locked


SECRETS = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/=\s]{40}"
    r"|AccountKey=(?!Eby8vdM02)[A-Za-z0-9+/]{40,}"  # Azurite's key is public, and the same everywhere
    r"|[?&]sig=[A-Za-z0-9%_-]{30,}"
    r"|SharedAccessKey=[A-Za-z0-9+/=]{20,}"
    r"|\b[A-Za-z0-9_~.-]{3}\dQ~[A-Za-z0-9_~.-]{31,34}"  # client secret of an Entra application
    r"|\bgh[pousr]_[A-Za-z0-9]{36}|\bgithub_pat_\w{50,}"
    r"|\beyJ[A-Za-z0-9_-]{20,}\.eyJ[A-Za-z0-9_-]{20,}\."
    r"|\bAKIA[A-Z0-9]{16}\b"
)


def committed() -> list[Path]:
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no git checkout")
    paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    return [path for path in paths if path.is_file()]


def test_no_file_holds_what_looks_like_a_secret() -> None:
    texts = ((path, path.read_text("utf-8", errors="replace")) for path in committed())
    assert [str(path.relative_to(ROOT)) for path, content in texts if SECRETS.search(content)] == []


def test_a_secret_would_be_noticed() -> None:
    assert SECRETS.search("AccountKey=" + "a" * 86 + "==")
    assert SECRETS.search("https://contoso.example/hook?sp=1&sig=" + "b" * 43)
    assert SECRETS.search("-----BEGIN RSA PRIVATE KEY-----\n" + "c" * 64)


def test_what_a_developer_keeps_is_never_committed_or_shipped() -> None:
    assert {"local.settings.json", ".env"} <= set(text(".gitignore").split())
    assert {"local.settings.json", "tests", "infrastructure", "**/.*"} <= set(text(".funcignore").splitlines())
