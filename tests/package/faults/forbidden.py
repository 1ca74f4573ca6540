"""Files that have no business in a package: secrets, tests, and what tools leave behind."""

import random

from infrastructure.package.places import SITE
from tests.package.draft import Draft
from tests.package.sabotage import Collection

FAULTS = Collection("whoever can read the package can read it")

DEAD_WEIGHT = "loads, and carries dead weight"
# Made up; put together here so that no scanner of this repository takes them for real ones.
KEY = "TG9yZW0gaXBzdW0gZG9sb3Igc2l0IGFtZXQsIGNvbnNlY3RldHVyIGFkaXBpc2NpbmcgZWxpdCBzZWQgZG8=" + "="
CONNECTION = f"DefaultEndpointsProtocol=https;AccountName=invoices;Account{'Key'}={KEY};EndpointSuffix=core.windows.net"
PRIVATE = "-----BEGIN {0}PRIVATE KEY-----\n" + 3 * f"{KEY[:64]}\n" + "-----END {0}PRIVATE KEY-----\n"


@FAULTS.spoil("forbidden", "local.settings.json", "local.settings.json")
def local_settings(members: Draft) -> None:
    """`local.settings.json`."""
    members["local.settings.json"] = b'{"IsEncrypted": false, "Values": {"INVOICE_MAILBOX": "invoices@contoso.com"}}\n'


@FAULTS.spoil("forbidden", ".env", ".env")
def dot_env(members: Draft) -> None:
    """`.env`."""
    members[".env"] = b"TEAMS_WEBHOOK_URL=https://contoso.example/hook\n"


@FAULTS.spoil("forbidden", "shared/.env.production", ".env")
def dot_env_of_production(members: Draft) -> None:
    """`.env.production` in a folder."""
    members["shared/.env.production"] = b"TEAMS_WEBHOOK_URL=https://contoso.example/hook\n"


@FAULTS.spoil("forbidden", "prod.env", "prod.env")
def settings_of_production(members: Draft) -> None:
    """`prod.env`."""
    members["prod.env"] = b"TEAMS_WEBHOOK_URL=https://contoso.example/hook\n"


@FAULTS.spoil("forbidden", "function_app.py.bak", ".bak", DEAD_WEIGHT)
def backup(members: Draft) -> None:
    """A copy of an earlier state (`*.bak`)."""
    members["function_app.py.bak"] = members["function_app.py"]


@FAULTS.spoil("forbidden", ".local/run/host.log", ".local", DEAD_WEIGHT)
def files_of_a_local_run(members: Draft) -> None:
    """The folder of local runs."""
    members[".local/run/host.log"] = b"started\n"


@FAULTS.spoil("forbidden", "shared/adapters/graph.pem", "private key")
def private_key(members: Draft) -> None:
    """A private key in a file."""
    members["shared/adapters/graph.pem"] = PRIVATE.format("").encode()


@FAULTS.spoil("forbidden", "shared/domain/words.txt", "private key")
def private_key_under_another_name(members: Draft) -> None:
    """A private key in a file that does not look like one."""
    members["shared/domain/words.txt"] = ("words\n" + PRIVATE.format("RSA ")).encode()


@FAULTS.spoil("forbidden", "shared/adapters/teams.py", "AccountKey")
def connection_string_in_code(members: Draft) -> None:
    """A storage account's connection string in a source."""
    members.append("shared/adapters/teams.py", f'\nSTORAGE = "{CONNECTION}"\n')


@FAULTS.spoil("forbidden", "host.json", "AccountKey")
def connection_string_in_json(members: Draft) -> None:
    """A storage account's connection string in `host.json`."""
    members["host.json"] = members["host.json"].replace(b"{", f'{{\n  "storage": "{CONNECTION}",'.encode(), 1)


@FAULTS.spoil("forbidden", "contoso.PublishSettings", "PublishSettings")
def publish_profile(members: Draft) -> None:
    """A publish profile."""
    members["contoso.PublishSettings"] = (
        b'<publishData><publishProfile userName="$contoso" userPWD="x"/></publishData>\n'
    )


@FAULTS.spoil("forbidden", "tests/test_app.py", "tests", DEAD_WEIGHT)
def our_tests(members: Draft) -> None:
    """Our tests."""
    members.source("tests/test_app.py", "def test_app() -> None:\n    assert True\n")


@FAULTS.spoil("forbidden", f"{SITE}pypdf/tests/test_reader.py", "tests", DEAD_WEIGHT)
def tests_of_a_dependency(members: Draft) -> None:
    """Tests of a dependency."""
    name = f"{SITE}pypdf/tests/test_reader.py"
    members.source(name, "def test_reader() -> None:\n    assert True\n")
    members.relist("pypdf", name)


@FAULTS.spoil("forbidden", ".git/config", ".git", "whoever can read the package can read every version of it")
def git(members: Draft) -> None:
    """The repository's `.git`."""
    members[".git/config"] = b"[core]\n\tbare = false\n"
    members[".git/HEAD"] = b"ref: refs/heads/main\n"


@FAULTS.spoil("forbidden", ".mypy_cache/3.11/shared.meta.json", ".mypy_cache", DEAD_WEIGHT)
def caches(members: Draft) -> None:
    """Caches of tools."""
    members[".mypy_cache/3.11/shared.meta.json"] = b"{}"
    members[".pytest_cache/README.md"] = b"# pytest cache directory #\n"


@FAULTS.spoil("forbidden", ".venv/pyvenv.cfg", ".venv", DEAD_WEIGHT)
def environment(members: Draft) -> None:
    """The virtual environment of the build machine."""
    members[".venv/pyvenv.cfg"] = b"home = /usr/bin\nversion = 3.13.0\n"
    members[".venv/bin/activate"] = b"VIRTUAL_ENV=/home/builder/.venv\n"


@FAULTS.spoil("forbidden", "infrastructure/package/policy.toml", "infrastructure", DEAD_WEIGHT)
def infrastructure(members: Draft) -> None:
    """What never ships: our own tools."""
    members["infrastructure/package/policy.toml"] = b'[target]\npython = "3.11"\n'


@FAULTS.spoil("forbidden", "shared/.DS_Store", ".DS_Store", DEAD_WEIGHT)
def leavings_of_a_desktop(members: Draft) -> None:
    """What a desktop leaves in folders."""
    members["shared/.DS_Store"] = b"\0\0\0\1Bud1"


@FAULTS.spoil("budget", "", "files", "every file costs at the mount and at every search of sys.path")
def too_many_files(members: Draft) -> None:
    """More files than the budget allows."""
    added = [f"{SITE}pypdf/data/{number:04}.txt" for number in range(2_500)]
    members.update((name, name.encode()) for name in added)
    members.relist("pypdf", *added)


@FAULTS.spoil("budget", "", "bytes", "a longer mount at every start")
def too_big(members: Draft) -> None:
    """A bigger zip than the budget allows."""
    members[f"{SITE}pypdf/data.bin"] = random.Random(4).randbytes(10_000_001)  # noqa: S311  only must not shrink when packed
    members.relist("pypdf", f"{SITE}pypdf/data.bin")
