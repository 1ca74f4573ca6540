"""Rules on what lies in a package: layout, secrets, papers, names, namespaces, host.json and budget."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from infrastructure.package import policy
from infrastructure.package.places import SITE
from tests.package.small import distribution, judged, package, site

APP = {"function_app.py": "import azure.functions\n", "host.json": "{}"}
SDK = site({"azure/functions/__init__.py": ""})
PEM = (
    "-----BEGIN PRIVATE KEY-----\n"
    + "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQ\n" * 4
    + "-----END PRIVATE KEY-----\n"
)
ACCOUNT = "AccountKey=" + "qB3kJ9" * 14 + "aa=="
EMULATOR = "AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


def test_a_package_laid_out_as_it_should_be_gives_no_finding(tmp_path: Path) -> None:
    assert judged("layout", package(tmp_path, {**APP, **SDK, "left_out.txt": ""})) == []


def test_a_package_within_a_folder_names_the_file_it_found(tmp_path: Path) -> None:
    nested = {f"app/{name}": content for name, content in {**APP, **SDK}.items()}
    found = {each.path: each for each in judged("layout", package(tmp_path, nested))}
    assert "Success with 0 functions" in found["app/function_app.py"].effect
    assert "host.json" in found["app/host.json"].wanted


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("shared/settings.py", f"X = '{ACCOUNT}'", "storage account key"),
        ("shared/settings.py", "X = 'https://a.example/x?sv=1&sig=" + "a1%2B" * 15 + "%3D'", "shared access signature"),
        ("shared/key.txt", PEM, "private key"),
        ("shared/key.py", f"KEY = {PEM!r}", "private key"),
        ("shared/x.py", "S = 'abc8Q~" + "a1b2c3d4e5f" * 3 + "'", "client secret"),
        ("shared/x.py", "T = 'ghp_" + "a1B2" * 9 + "'", "GitHub token"),
        ("host.json", '{"x": "InstrumentationKey=12345678-1234-1234-1234-123456789012"}', "telemetry"),
        ("shared/x.py", "U = 'https://user:hunter22@db.contoso.example/'", "password in a URL"),
        (SITE + "six.py", f"X = '{ACCOUNT}'", "storage account key"),
    ],
)
def test_a_secret_is_found_by_what_it_is_and_never_shown(tmp_path: Path, name: str, content: str, kind: str) -> None:
    (found,) = judged("forbidden", package(tmp_path, {name: content}))
    assert kind in found.what
    assert found.path == name
    assert not any(word in repr(found) for word in ("qB3kJ9", "a1%2B", "MIIEvQ", "a1b2c3", "a1B2a1", "hunter22"))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("azure/data/tables/_base.py", f'DEV = "{EMULATOR}"'),
        (
            "cryptography/ssh.py",
            'START = b"-----BEGIN OPENSSH PRIVATE KEY-----"\nEND = b"-----END OPENSSH PRIVATE KEY-----"',
        ),
        (
            "pyjwt-2.0.dist-info/METADATA",
            "eyJhbGciOiJIUzI1NiJ9.eyJzb21lIjoicGF5bG9hZCJ9.4twFt5NiznN84AWoo1d7KO1T_yoc0Z6XOpOVswacPZg",
        ),
        (
            "certifi/cacert.pem",
            "-----BEGIN CERTIFICATE-----\n" + "MIIFazCCA1OgAwIBAgIRAIIQz7DSQONZRGPgu2OCiwAwDQYJKoZIhvcNAQEL\n" * 9,
        ),
        ("requests/doc.py", '"""proxies = {"https": "http://user:pass@host/"}"""'),
        ("werkzeug/test.py", "class Client: ..."),
        ("aiohttp/test_utils.py", ""),
        ("x/build/__init__.py", ""),
        ("x/dist/__init__.py", ""),
        ("distutils-precedence.pth", "import os; os.environ.get('X')"),
    ],
)
def test_what_honest_dependencies_ship_is_no_secret(tmp_path: Path, name: str, content: str) -> None:
    assert judged("forbidden", package(tmp_path, site({name: content}))) == []


@pytest.mark.parametrize(
    "name",
    [
        *("local.settings.json", ".env", ".env.prod", "shared/ap.pfx", "shared/ap.pem", "tests/test_a.py", ".git/HEAD"),
        *("shared/.DS_Store", "conftest.py", SITE + "x/y.pyd", SITE + "x.dll", SITE + "sitecustomize.py"),
        *(".python_packages/requirements.txt.md5", SITE + "__editable__.x-1.0.pth", "infrastructure/x.py"),
    ],
)
def test_what_belongs_to_the_workshop_or_to_nobody_is_found(tmp_path: Path, name: str) -> None:
    assert {each.path for each in judged("forbidden", package(tmp_path, {name: ""}))} == {name}


def test_a_link_to_a_folder_of_the_builder_is_found(tmp_path: Path) -> None:
    (found,) = judged("forbidden", package(tmp_path, site({"x.pth": "/home/dev/x\n"})))
    assert "for development" in found.what


def test_papers_that_are_in_order_give_no_finding(tmp_path: Path) -> None:
    members = {**distribution("One", {"one/__init__.py": ""}), **distribution("two_x", {"two.py": "B = 2"}, "2.0.0")}
    judgeable = package(tmp_path, members)
    assert judged("record", judgeable) == []
    assert judged("lock", judgeable, pins={"one": "1.0", "two-x": "2"}) == []
    assert judged("wheel_tags", judgeable) == []


@pytest.mark.parametrize(
    ("pins", "what"),
    [
        ({}, "one is not in the lock"),
        ({"one": "1.1"}, "one has another version than the lock"),
        ({"one": "1.0", "three": "3"}, "three is not installed"),
    ],
)
def test_the_installed_set_is_held_against_the_lock(tmp_path: Path, pins: dict[str, str], what: str) -> None:
    found = judged("lock", package(tmp_path, distribution("one", {"one.py": ""})), pins=pins)
    assert [each.what for each in found] == [what]


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"one.py": "A = 2"}, "a file of one is not the one that was installed"),
        ({"more.py": ""}, "a file belongs to no distribution"),
        ({"one/RECORDS/evil.so": ""}, "a file belongs to no distribution"),
        ({"one/RECORDER.py": ""}, "a file belongs to no distribution"),
        ({"one-1.0.dist-info/RECORD": 'one.py,\r",' + "x" * 200_000}, "a distribution has no RECORD"),
        ({"one-1.0.dist-info/RECORD": "one.py,,\n"}, "RECORD of one proves nothing of a file"),
        ({"one-1.0.dist-info/RECORD": "one.py,md5=abc,\n"}, "a file of one is not the one that was installed"),
        ({"one-1.0.dist-info/RECORD": "gone.py,sha256=abc,\n"}, "a file of one is missing"),
    ],
)
def test_files_are_held_against_record(tmp_path: Path, change: dict[str, bytes | str], what: str) -> None:
    found = judged("record", package(tmp_path, {**distribution("one", {"one.py": "A = 1"}), **site(change)}))
    assert what in [each.what for each in found]


def test_scripts_that_pip_puts_elsewhere_are_not_missed(tmp_path: Path) -> None:
    members = distribution("one", {"one.py": ""})
    record = f"{SITE}one-1.0.dist-info/RECORD"
    members[record] = f"../../../bin/one,sha256=abc,9\n../../bin/two,sha256=abc,9\n{members[record]!s}"
    members[f"{SITE}bin/two"] = "#!/usr/bin/python"  # where pip puts it with --target
    members[record] = f"__pycache__/one.cpython-311.pyc,,\n{members[record]!s}"  # an installer's, taken out
    assert judged("record", package(tmp_path, members)) == []


@pytest.mark.parametrize(
    ("tag", "fits"),
    [
        ("cp311-cp311-manylinux_2_31_x86_64", True),
        ("cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64", True),
        ("cp311-cp311-manylinux_2_34_x86_64.manylinux_2_28_x86_64", True),
        ("cp37-abi3-manylinux1_x86_64", True),
        ("py2.py3-none-any", True),
        ("py3-none-manylinux_2_5_x86_64", True),
        ("cp311-cp311-manylinux_2_32_x86_64", False),
        ("cp312-abi3-manylinux_2_17_x86_64", False),
        ("cp313-cp313-manylinux_2_17_x86_64", False),
        ("cp311-cp311-manylinux_2_17_aarch64", False),
        ("cp311-cp311-musllinux_1_2_x86_64", False),
        ("cp311-cp311-win_amd64", False),
        ("cp311-cp311-macosx_11_0_arm64", False),
        ("pp311-pypy311_pp73-manylinux_2_17_x86_64", False),
    ],
)
def test_a_wheel_fits_the_target_or_not(tmp_path: Path, tag: str, fits: bool) -> None:
    found = judged("wheel_tags", package(tmp_path, distribution("one", {"one.py": ""}, tag=tag)))
    assert [tag in each.found for each in found] == [] if fits else [True]


def test_names_that_mean_two_modules_are_found(tmp_path: Path) -> None:
    members = {
        "queue.py": "",
        "shared/__init__.py": "",
        "six/__init__.py": "",
        **site({"shared.py": "", "enum.py": "", "google/protobuf/__init__.py": ""}),
    }
    found = {each.path: each for each in judged("names", package(tmp_path, members))}
    assert set(found) == {
        "queue.py",
        SITE + "enum.py",
        SITE + "shared.py",
        "six/__init__.py",
        SITE + "google/protobuf/__init__.py",
    }
    assert "dies before StartStream" in found["queue.py"].effect


def test_dependencies_that_the_worker_brings_too_are_fine_where_any_copy_does(tmp_path: Path) -> None:
    members = {
        "function_app.py": "",
        **SDK,
        **site({"six.py": "", "dateutil/__init__.py": "", "typing_extensions.py": ""}),
    }
    assert judged("names", package(tmp_path, members)) == []


def test_folders_that_only_hold_data_are_no_modules(tmp_path: Path) -> None:
    assert (
        judged("names", package(tmp_path, {"queue/readme.txt": "", **site({"share/man/x.1": "", "json/x.txt": ""})}))
        == []
    )


def test_a_namespace_stays_open(tmp_path: Path) -> None:
    core, data = (
        distribution("core", {"azure/core/__init__.py": ""}),
        distribution("data", {"azure/data/__init__.py": ""}),
    )
    assert judged("namespaces", package(tmp_path, {**core, **data})) == []
    (found,) = judged("namespaces", package(tmp_path, {**core, **data, **site({"azure/__init__.py": ""})}))
    assert found.path == SITE + "azure/__init__.py"


def test_a_namespace_of_the_older_kind_is_open_too(tmp_path: Path) -> None:
    init = site({"azure/__init__.py": "__path__ = __import__('pkgutil').extend_path(__path__, __name__)"})
    assert (
        judged("namespaces", package(tmp_path, {**distribution("core", {"azure/core/__init__.py": ""}), **init})) == []
    )


def test_a_package_with_guests_below_it_is_no_namespace(tmp_path: Path) -> None:
    host, guest = distribution("host", {"host/__init__.py": ""}), distribution("guest", {"host/guest.py": ""})
    assert judged("namespaces", package(tmp_path, {**host, **guest})) == []


HOST: dict[str, Any] = {
    "version": "2.0",
    "extensionBundle": {"id": "Microsoft.Azure.Functions.ExtensionBundle", "version": "[4.0.0, 5.0.0)"},
}

HUGE = {**HOST["extensionBundle"], "version": f"[{'4' * 5000}, 5.0.0)"}


@pytest.mark.parametrize("queues", [{}, {"messageEncoding": "base64"}])
def test_a_host_json_that_does_gives_no_finding(tmp_path: Path, queues: dict[str, str]) -> None:
    host = json.dumps({**HOST, "extensions": {"queues": queues}})
    assert judged("host_json", package(tmp_path, {"host.json": host})) == []


@pytest.mark.parametrize(
    ("host", "what"),
    [
        ("[]", "no JSON object"),
        ("{", "no JSON object"),
        ("[" * 100_000, "no JSON object"),
        ('{"functions": ' + "[" * 900 + "]" * 900 + f", {json.dumps(HOST)[1:]}", "functions names"),
        (json.dumps({**HOST, "extensionBundle": HUGE}), "extensionBundle"),
        (json.dumps({**HOST, "version": "3"}), "version"),
        (json.dumps({"version": "2.0"}), "extensionBundle"),
        (json.dumps({**HOST, "extensions": {"queues": {"messageEncoding": "none"}}}), "messageEncoding"),
    ],
)
def test_a_host_json_that_does_not_is_found(tmp_path: Path, host: str, what: str) -> None:
    (found,) = judged("host_json", package(tmp_path, {"host.json": host}))
    assert what in found.what


def test_the_budget_is_the_policys(tmp_path: Path) -> None:
    rules = policy.read()
    tight = replace(rules, budget=replace(rules.budget, files=1, zip_bytes=10))
    judgeable = package(tmp_path, {"a.py": "", "b.py": ""})
    assert {each.what for each in judged("budget", judgeable, by=tight)} == {
        "the zip is too large",
        "the package has too many files",
    }
    assert judged("budget", judgeable) == []
