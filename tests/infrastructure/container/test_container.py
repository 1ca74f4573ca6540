"""The Dockerfile: linted, pinned before anything is built, and its steps tried where no Docker is."""

import hashlib
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from infrastructure.checkout import checkout
from infrastructure.package import policy
from tests.infrastructure.tools import run

DOCKERFILE = checkout() / "infrastructure" / "container" / "Dockerfile"
SITE = "/home/site/wwwroot"
# As registries' references are read: https://github.com/distribution/reference
DIGEST = re.compile(r"[A-Za-z][A-Za-z0-9]*([-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}")
PIN = "sha256:" + "0a" * 32


def instructions(path: Path = DOCKERFILE) -> list[tuple[str, str]]:
    """Keyword and rest of each instruction, continued lines joined."""
    text = re.sub(r"^#.*\n", "", path.read_text("utf-8"), flags=re.MULTILINE).replace("\\\n", "")
    return [
        (keyword, rest.strip()) for keyword, _, rest in (line.partition(" ") for line in text.splitlines()) if keyword
    ]


def of(keyword: str) -> list[str]:
    return [rest for each, rest in instructions() if each == keyword]


def base() -> str:
    """The image as Docker would ask for it."""
    (image,), (digest, *_) = (
        of("FROM"),
        [each.partition("=")[2] for each in of("ARG") if each.startswith("BASE_DIGEST=")],
    )
    return image.replace("${BASE_DIGEST}", digest)


# Linting


def test_hadolint_finds_the_planted_faults_alone(tmp_path: Path) -> None:
    """It also has shellcheck look at the steps."""
    faulty = tmp_path / "Dockerfile"
    faulty.write_text(DOCKERFILE.read_text("utf-8") + "RUN cd /tmp && echo $UNQUOTED\nUSER root\n", "utf-8")
    found = json.loads(run("hadolint", "--no-color", "--format", "json", DOCKERFILE, faulty).stdout)
    assert {each["file"] for each in found} == {str(faulty)}, found
    assert {"DL3002", "DL3003", "SC2086"} <= {each["code"] for each in found}


def test_checkov_finds_the_planted_fault_alone_and_every_exception_has_a_reason(tmp_path: Path) -> None:
    for name, more in (("real", ""), ("faulty", "RUN curl --insecure https://example.com\n")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "Dockerfile").write_text(DOCKERFILE.read_text("utf-8") + more, "utf-8")
    results = _policies(tmp_path)
    assert {each["file_path"] for each in results["failed_checks"]} == {"/faulty/Dockerfile"}
    skipped = {
        each["check_id"]: each["check_result"]["suppress_comment"]
        for each in results["skipped_checks"]
        if each["file_path"] == "/real/Dockerfile"
    }
    assert sorted(skipped) == ["CKV_DOCKER_2", "CKV_DOCKER_3"]
    assert all(len(reason.split()) >= 5 for reason in skipped.values())


def _policies(folder: Path) -> dict[str, Any]:
    checkov = checkout() / ".tools" / "checkov" / "bin" / "checkov"
    if not checkov.is_file():
        pytest.fail("the policy checker is not installed; run: make setup")
    command: list[str | Path] = [
        checkov,
        "--framework",
        "dockerfile",
        "--skip-download",
        "--directory",
        folder,
        "--output",
        "json",
    ]
    environment = {"HOME": str(folder), "PATH": os.environ["PATH"], "LOG_LEVEL": "ERROR"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 1, done.stderr
    results: dict[str, Any] = json.loads(done.stdout)["results"]
    return results


# The image beneath


def test_the_image_has_the_python_of_the_package() -> None:
    image, _, _ = base().partition("@")
    assert image == f"mcr.microsoft.com/azure-functions/python:4-python{policy.read().target.python}"
    assert f"org.opencontainers.image.base.name={json.dumps(image)}" in " ".join(of("LABEL"))


def test_nothing_is_built_before_the_image_is_pinned() -> None:
    """Docker refuses the reference and shows it, and it says where to look."""
    digest = base().partition("@")[2]
    assert DIGEST.fullmatch(digest) or (DIGEST.search(digest) is None and "Dockerfile" in digest)


def test_the_command_that_pins_the_image_pins_it(tmp_path: Path) -> None:
    """The documented lines themselves, with a docker that answers as the registry would."""
    copy = tmp_path / "infrastructure" / "container" / "Dockerfile"
    copy.parent.mkdir(parents=True)
    copy.write_text(DOCKERFILE.read_text("utf-8"), "utf-8")
    docker = tmp_path / "bin" / "docker"
    docker.parent.mkdir()
    docker.write_text(f'#!/bin/sh\nprintf "%s\\n" "$*" > "{tmp_path}/asked"\necho {PIN}\n', "utf-8")
    docker.chmod(0o755)
    lines = re.findall(r"^#         (.*)", DOCKERFILE.read_text("utf-8"), re.MULTILINE)
    script = "\n".join(lines[:3])
    assert "docker buildx imagetools" in script
    path = f"{docker.parent}:{os.environ['PATH']}"
    command = ["bash", "-euc", script]
    subprocess.run(command, cwd=tmp_path, env={"PATH": path}, timeout=30, check=True)
    assert ("ARG", f"BASE_DIGEST={PIN}") in instructions(copy)
    assert base().partition("@")[0] in (tmp_path / "asked").read_text("utf-8")


# The steps of the build


def step(number: int) -> str:
    """A RUN as the shell gets it."""
    return re.sub(r"^--mount=\S+\s+", "", of("RUN")[number])


def unpack(folder: Path, digest: str | None) -> "subprocess.CompletedProcess[str]":
    """The first RUN, with this folder's zip and another root."""
    script = step(0).replace("/tmp/invoice-agent.zip", str(folder / "invoice-agent.zip"))  # noqa: S108
    script = script.replace(SITE, str(folder / "wwwroot"))
    (shell,) = of("SHELL")
    environment = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    environment |= {} if digest is None else {"PACKAGE_SHA256": digest}
    command = [*json.loads(shell), script]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    path = tmp_path / "invoice-agent.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("function_app.py", "app = None\n")
        file.writestr(".python_packages/lib/site-packages/httpx.py", "")
    return path


def test_the_named_package_is_unpacked_as_it_is(package: Path) -> None:
    done = unpack(package.parent, hashlib.sha256(package.read_bytes()).hexdigest())
    assert done.returncode == 0, done.stderr
    root = package.parent / "wwwroot"
    assert sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()) == [
        ".python_packages/lib/site-packages/httpx.py",
        "function_app.py",
    ]


def test_another_package_is_refused_before_it_is_unpacked(package: Path) -> None:
    digest = hashlib.sha256(package.read_bytes()).hexdigest()
    with zipfile.ZipFile(package, "a") as file:
        file.writestr("shared/planted.py", "")
    done = unpack(package.parent, digest)
    assert done.returncode != 0
    assert "FAILED" in done.stdout
    assert not (package.parent / "wwwroot").exists()


@pytest.mark.parametrize("digest", [None, "", "latest", "0" * 63])
def test_a_build_that_names_no_package_says_what_is_missing(package: Path, digest: str | None) -> None:
    done = unpack(package.parent, digest)
    assert done.returncode != 0
    assert "PACKAGE_SHA256 is missing" in done.stderr
    assert not (package.parent / "wwwroot").exists()


def load(root: Path) -> "subprocess.CompletedProcess[str]":
    """The second RUN, with another root; the dependencies are this environment's."""
    script = step(1).replace(SITE, str(root))
    environment = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    command = ["bash", "-euo", "pipefail", "-c", script]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


def test_the_image_is_made_where_the_app_loads() -> None:
    done = load(checkout())
    assert done.returncode == 0, done.stderr
    assert sorted(each.name for each in policy.read().functions) == re.findall(r"'(\w+)'", step(1))


def test_no_image_is_made_where_the_app_loads_in_part(tmp_path: Path) -> None:
    whole = (checkout() / "function_app.py").read_text("utf-8")
    before, _, after = whole.partition('@app.function_name("Notify")')
    part = before + after[after.index("@app.function_name") :]
    (tmp_path / "function_app.py").write_text(part, "utf-8")
    (tmp_path / "shared").symlink_to(checkout() / "shared")
    done = load(tmp_path)
    assert done.returncode != 0
    assert "AssertionError: ['AddVendor', 'ExtractEnrich', 'MailIngest', 'PostToAP']" in done.stderr


def test_the_app_lies_where_the_host_looks_and_its_dependencies_where_the_worker_looks() -> None:
    environment = " ".join(of("ENV"))
    assert f"AzureWebJobsScriptRoot={SITE}" in environment
    assert f"{SITE}:{SITE}/.python_packages/lib/site-packages" in step(1)
    assert [keyword for keyword, rest in instructions() if "pip" in rest.split()] == []


def test_the_context_holds_the_package_and_nothing_else() -> None:
    ignored = DOCKERFILE.with_name("Dockerfile.dockerignore").read_text("utf-8").splitlines()
    assert [line for line in ignored if not line.startswith("#")] == ["*", "!invoice-agent.zip"]
    (mount,) = re.findall(r"--mount=(\S+)", " ".join(of("RUN")))
    assert "source=invoice-agent.zip" in mount.split(",")
    assert not {"COPY", "ADD"} & {keyword for keyword, _ in instructions()}


def test_the_image_says_which_package_it_holds() -> None:
    assert 'invoice-agent.package.sha256="${PACKAGE_SHA256}"' in " ".join(of("LABEL"))
