"""The package that a build makes: the same from everywhere, and what is in it."""

import base64
import csv
import hashlib
import io
import json
import os
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from infrastructure.checkout import checkout
from infrastructure.package import app_files, build, fetch, interpreter, lock, policy, reach, site
from infrastructure.package.__main__ import main
from infrastructure.package.bytecode import cached, compile_all
from infrastructure.package.findings import CouldNotRunError
from infrastructure.package.modules import module_name
from infrastructure.package.places import SITE

RULES = policy.read()


class Zip:
    """A package and its papers, read whole."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with zipfile.ZipFile(path) as packed:
            self.members = {name: packed.read(name) for name in packed.namelist()}
        self.manifest: dict[str, Any] = json.loads(path.with_suffix(".manifest.json").read_text("utf-8"))
        self.sbom: dict[str, Any] = json.loads(path.with_suffix(".cdx.json").read_text("utf-8"))

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.path.read_bytes()).hexdigest()

    @cached_property
    def site(self) -> dict[str, bytes]:
        return {name.removeprefix(SITE): each for name, each in self.members.items() if name.startswith(SITE)}

    @cached_property
    def modules(self) -> set[str]:
        paths = (PurePosixPath(name) for name in self.site)
        return {module_name(path) for path in paths if path.suffix in {".py", ".so"}}


@pytest.fixture(scope="module")
def made(good: Path) -> Zip:
    return Zip(good)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Everything that the lock installs, before anything is left out."""
    folder = tmp_path_factory.mktemp("site")
    site.install(checkout() / build.LOCK, RULES.target, folder, offline=True)
    return folder


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A checkout of a small app with one dependency."""
    root = tmp_path / "checkout"
    for name, content in {
        "function_app.py": "import isodate\nimport shared\n",
        "shared/__init__.py": "",
        "host.json": "{}",
        "README.md": "not for the cloud",
        ".funcignore": "*.md\n*.toml\n*.txt\n.*\n",
        "pyproject.toml": '[project]\nname = "small"\nversion = "1.2"\n',
        build.LOCK: lock.entries(checkout() / build.LOCK)["isodate"],
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)
    return root


def make(root: Path, out: Path) -> Zip:
    return Zip(build.make(root, out, replace(RULES, cuts=(), keeps=(), hollows=()), offline=True).path)


def elsewhere(python: str | Path, folder: Path, out: Path, **environment: str) -> None:
    """Builds in a process of another Python, from another folder, with other habits."""
    paths = os.pathsep.join([str(checkout()), *(path for path in sys.path if path.endswith("site-packages"))])
    path = os.pathsep.join([str(Path(interpreter.uv()).parent), str(interpreter.find(RULES.target.interpreter).parent)])
    settings = {**os.environ, **environment, "PYTHONPATH": paths, "PATH": f"{path}:{os.environ['PATH']}"}
    command = [python, "-m", "infrastructure.package", "build", "--offline", "--out", out]
    answer = subprocess.run(command, cwd=folder, env=settings, umask=0o077, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr


# The same bytes from everywhere


def test_a_second_build_from_another_place_gives_the_same_bytes(made: Zip, tmp_path: Path) -> None:
    try:
        python: str | Path = interpreter.find("3.13")
    except interpreter.NoInterpreterError:
        python = sys.executable  # proves less: another place, time zone and seed of hashes alone
    elsewhere(python, tmp_path, tmp_path / "b.zip", TZ="Asia/Kathmandu", LC_ALL="C", PYTHONHASHSEED="7")
    again = Zip(tmp_path / "b.zip")
    assert again.sha256 == made.sha256
    assert (again.manifest, again.sbom) == (made.manifest, made.sbom)


def test_another_app_gives_another_digest(small: Path, tmp_path: Path) -> None:
    first = make(small, tmp_path / "a.zip")
    (small / "shared/new.py").write_text("")
    assert make(small, tmp_path / "b.zip").sha256 != first.sha256


# What is in it


def test_it_keeps_the_budget(made: Zip) -> None:
    assert made.path.stat().st_size <= RULES.budget.zip_bytes
    assert len(made.members) <= RULES.budget.files


def test_at_its_root_lies_the_app_and_nothing_else(made: Zip) -> None:
    tops = {name.partition("/")[0] for name in made.members}
    assert tops == {"function_app.py", "host.json", "shared", "left_out.txt", "__pycache__", ".python_packages"}


def test_the_app_is_what_funcignore_lets_through(made: Zip) -> None:
    expected = {name: path.read_bytes() for name, path in app_files.read(checkout()).items()}
    own = {name for name in made.members if not name.startswith(SITE) and not name.endswith(".pyc")}
    assert {name: made.members[name] for name in own - {"left_out.txt"}} == expected


def test_every_source_has_the_bytecode_that_the_target_makes_of_it(made: Zip) -> None:
    sources = {name: content for name, content in made.members.items() if name.endswith(".py")}
    compiled = {name: made.members[cached(name, RULES.target.tag)] for name in sources}
    assert compile_all(interpreter.find(RULES.target.interpreter), sources) == compiled
    assert len(compiled) == sum(name.endswith(".pyc") for name in made.members)


def test_every_pinned_distribution_is_there_with_its_papers(made: Zip) -> None:
    pins = lock.read(checkout() / build.LOCK)
    assert {each["name"]: each["version"] for each in made.manifest["distributions"]} == pins
    for paper in ("METADATA", "WHEEL", "RECORD"):
        assert sum(PurePosixPath(name).match(f"*.dist-info/{paper}") for name in made.site) == len(pins)


def test_each_record_lists_exactly_what_is_there(made: Zip) -> None:
    listed: list[str] = []
    for name, record in made.site.items():
        if name.endswith(".dist-info/RECORD"):
            for path, digest, size in csv.reader(io.StringIO(record.decode())):
                listed.append(path)
                assert (digest, size) == described(path, made.site[path])
    assert sorted(listed) == sorted(made.site)


def described(path: str, content: bytes) -> tuple[str, str]:
    """How a RECORD describes a file; bytecode and itself it only names."""
    if path.endswith((".pyc", "/RECORD")):
        return "", ""
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
    return f"sha256={digest}", str(len(content))


def test_what_nothing_reads_at_run_time_stays_out(made: Zip) -> None:
    suffixes = {*(".py", ".pyc", ".so", ".pem", ".js", ".json")}
    odd = [name for name in made.site if ".dist-info/" not in name and PurePosixPath(name).suffix not in suffixes]
    # The list's own code names both; the second is a few kilobytes of it.
    assert sorted(odd) == ["publicsuffixlist/public_suffix_list.dat", "publicsuffixlist/test_psl.txt"]
    assert not [name for name in made.members if {"bin", "tests", "test"} & set(PurePosixPath(name).parts)]
    assert not [name for name in made.site if name.endswith((".pyi", "py.typed"))]


def test_a_data_file_stays_where_a_source_that_stays_names_it(made: Zip) -> None:
    assert {"certifi/cacert.pem", "publicsuffixlist/public_suffix_list.dat"} <= set(made.site)


def test_namespace_packages_stay_without_a_file_of_their_own(made: Zip) -> None:
    for folder in ("azure", "azure/data", "azure/storage", "opentelemetry"):
        assert any(name.startswith(f"{folder}/") for name in made.site)
        assert f"{folder}/__init__.py" not in made.site


@pytest.mark.parametrize("whole", ["azure/functions", "pypdf"])
def test_what_may_be_needed_anywhere_is_whole(made: Zip, installed: Path, whole: str) -> None:
    expected = {path.relative_to(installed).as_posix() for path in (installed / whole).rglob("*.py")}
    assert expected <= made.site.keys()


def test_graph_keeps_the_builders_that_the_app_walks_and_none_of_the_models(made: Zip, installed: Path) -> None:
    everything = list((installed / "msgraph/generated").rglob("*.py"))
    kept = [name for name in made.site if name.startswith("msgraph/generated/") and name.endswith(".py")]
    assert len(everything) > 10_000
    assert len(kept) < 30
    assert "msgraph.generated.users.item.messages.item.create_forward.create_forward_request_builder" in made.modules
    assert not [name for name in made.modules if name.startswith("msgraph.generated.models")]


def test_the_list_of_what_was_left_out_names_all_of_it_and_nothing_that_is_there(made: Zip, installed: Path) -> None:
    left = made.members["left_out.txt"].decode().split()
    files = {
        path.relative_to(installed).as_posix(): path for path in installed.rglob("*") if path.suffix in {".py", ".so"}
    }
    everything = set(reach.Modules(files).files)
    covered = {module for module in everything if any(module == name or module.startswith(f"{name}.") for name in left)}
    assert covered == everything - made.modules
    assert left == sorted(left)


HOLLOW = """
import sys
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

class Mine(RSAPrivateKey): pass

assert not isinstance(1, RSAPrivateKey)
try:
    raise ValueError
except InvalidSignature:
    raise AssertionError
except ValueError:
    pass
for use in (hashes.SHA256, Mine, RSAPrivateKey.load):
    try:
        use()
    except ModuleNotFoundError as error:
        print(error)
"""


def test_a_hollow_package_can_be_imported_and_says_what_it_is_when_it_is_used(made: Zip, tmp_path: Path) -> None:
    with zipfile.ZipFile(made.path) as packed:
        packed.extractall(tmp_path)
    command = [
        str(interpreter.find(RULES.target.python)),
        "-I",
        "-S",
        "-c",
        f"import sys; sys.path.insert(0, {str(tmp_path / SITE)!r})\n{HOLLOW}",
    ]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    lines = answer.stdout.splitlines()
    assert len(lines) == 3
    assert all(line.startswith("cryptography was left out of this package") for line in lines)
    assert all("[[hollow]] in infrastructure/package/policy.toml" in line for line in lines)


def test_of_a_hollow_package_there_are_only_stubs_and_the_bill_of_materials_says_so(made: Zip) -> None:
    stubs = {made.site[name] for name in made.site if name.startswith("cryptography/") and name.endswith(".py")}
    assert len(stubs) == 1
    assert not [name for name in made.site if name.startswith("cryptography/") and name.endswith(".so")]
    assert "cryptography" in _excluded(made)


def test_the_bill_of_materials_tells_the_distributions_that_are_there_in_name_alone(made: Zip) -> None:
    without_code = {
        each["name"]
        for each in made.manifest["distributions"]
        if not any(
            member.get("distribution") == each["name"] and member["name"].endswith((".py", ".so"))
            for member in made.manifest["members"]
        )
    }
    assert _excluded(made) == {*without_code, "cryptography"}
    assert "hpack" in without_code  # of HTTP/2, which is cut


def _excluded(made: Zip) -> set[str]:
    return {each["name"] for each in made.sbom["components"] if each["scope"] == "excluded"}


# The papers


def test_the_manifest_describes_every_member_and_says_why_it_is_in(made: Zip) -> None:
    described = {each["name"]: (each["size"], each["sha256"]) for each in made.manifest["members"]}
    assert described == {name: (len(each), hashlib.sha256(each).hexdigest()) for name, each in made.members.items()}
    assert made.manifest["sha256"] == made.sha256
    why = {each["name"]: each["why"] for each in made.manifest["members"]}
    assert why["function_app.py"] == "of the app"
    assert why[f"{SITE}pypdf/_reader.py"] == "kept: a document decides where in it a reader goes"
    assert why[f"{SITE}certifi/cacert.pem"] == "data of the package certifi"
    assert all(why.values())


def test_the_manifest_says_which_requirement_brought_a_distribution_and_how_much_was_left_out(
    made: Zip, installed: Path
) -> None:
    by_name = {each["name"]: each for each in made.manifest["distributions"]}
    assert by_name["msgraph-sdk"]["required_by"] == ["requirements.txt"]
    assert "msal" in by_name["pyjwt"]["required_by"]
    for each in site.distributions(installed):
        counted = by_name[each.name]
        untouched = sum(name in made.site for name in each.files)
        assert counted["files_left_out"] == len(each.files) - untouched + (f"{each.metadata}/RECORD" in each.files)


def test_the_bill_of_materials_is_valid_and_tells_no_time(made: Zip) -> None:
    text = made.path.with_suffix(".cdx.json").read_text("utf-8")
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    assert "timestamp" not in made.sbom["metadata"]
    assert {each["purl"] for each in made.sbom["components"]} == {
        f"pkg:pypi/{name}@{version}" for name, version in lock.read(checkout() / build.LOCK).items()
    }


def test_the_bill_of_materials_knows_what_depends_on_what(made: Zip) -> None:
    depends: Mapping[str, set[str]] = {
        each["ref"]: set(each.get("dependsOn", ())) for each in made.sbom["dependencies"]
    }
    pins = lock.read(checkout() / build.LOCK)
    project = tomllib.loads((checkout() / "pyproject.toml").read_text("utf-8"))["project"]
    assert f"pkg:pypi/pypdf@{pins['pypdf']}" in depends[project["name"]]
    assert f"pkg:pypi/h11@{pins['h11']}" in depends[f"pkg:pypi/httpcore@{pins['httpcore']}"]
    assert f"pkg:pypi/h11@{pins['h11']}" not in depends[project["name"]]


# Small builds


def test_a_small_app_has_its_files_its_dependency_and_bytecode(small: Path, tmp_path: Path) -> None:
    made = make(small, tmp_path / "a.zip")
    assert {"function_app.py", "host.json", "shared/__init__.py", f"{SITE}isodate/__init__.py"} <= made.members.keys()
    assert "__pycache__/function_app.cpython-311.pyc" in made.members
    assert "left_out.txt" not in made.members  # nothing was


def test_ignored_folders_do_not_come_back_and_patterns_may_be_negated(small: Path) -> None:
    (small / ".funcignore").write_text("/*.*\n!/*.py\n/shared\n/keep/*\n!/keep/*.py\nkeep/not.py\ngone/\n!gone/a.py\n")
    for name in ("keep/a.py", "keep/not.py", "keep/a.txt", "gone/a.py"):
        (small / name).parent.mkdir(exist_ok=True)
        (small / name).write_text("")
    assert sorted(app_files.read(small)) == ["function_app.py", "keep/a.py"]


def test_a_link_among_the_files_is_refused(small: Path) -> None:
    (small / "shared/link.py").symlink_to("/etc/hostname")
    with pytest.raises(CouldNotRunError, match=r"shared/link\.py is a link"):
        app_files.read(small)


def test_without_funcignore_nobody_can_tell_what_ships(small: Path) -> None:
    (small / ".funcignore").unlink()
    with pytest.raises(CouldNotRunError, match=r"\.funcignore is missing"):
        app_files.read(small)


def test_a_source_that_only_a_newer_python_understands_stops_the_build(small: Path, tmp_path: Path) -> None:
    (small / "shared/new.py").write_text("def lid[T](box: T) -> T:\n    return box\n")
    with pytest.raises(CouldNotRunError, match=r"shared/new\.py, line 1"):
        make(small, tmp_path / "a.zip")
    assert list(tmp_path.glob("a.*")) == []


def test_a_wheel_with_another_hash_is_not_packed(small: Path, tmp_path: Path) -> None:
    pinned = (small / build.LOCK).read_text()
    (small / build.LOCK).write_text(pinned.partition(" \\")[0] + f" --hash=sha256:{'0' * 64}\n")
    with pytest.raises(CouldNotRunError, match="isodate"):
        make(small, tmp_path / "a.zip")


def test_only_a_zip_can_be_written(small: Path, tmp_path: Path) -> None:
    with pytest.raises(CouldNotRunError, match="does not end in"):
        make(small, tmp_path / "a.tar")


# The command line


def test_without_the_targets_interpreter_there_is_no_build(small: Path, tmp_path: Path) -> None:
    elsewhere_only = replace(RULES, target=replace(RULES.target, interpreter="3.11.99"))
    with pytest.raises(interpreter.NoInterpreterError, match=r"CPython 3\.11\.99 was not found; install it"):
        build.make(small, tmp_path / "a.zip", elsewhere_only, offline=True)


def test_what_cannot_be_built_exits_1_with_a_message(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["build", "--out", str(tmp_path / "a.tar")]) == 1
    assert capsys.readouterr().err.startswith("build: ")


def test_a_wrong_option_exits_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["build", "--outt", "a.zip"])
    assert stopped.value.code == 2
    assert "usage" in capsys.readouterr().err


def test_fetching_again_changes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    before = {path: path.stat().st_mtime_ns for path in (checkout() / fetch.WHEELS).rglob("*.so")}
    assert before, "run: make setup"
    assert main(["fetch"]) == 0
    assert {path: path.stat().st_mtime_ns for path in (checkout() / fetch.WHEELS).rglob("*.so")} == before
    assert capsys.readouterr().err == ""
