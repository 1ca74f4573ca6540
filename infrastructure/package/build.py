"""Builds the package: application, dependencies, bytecode, and the papers that go with them."""

import argparse
import hashlib
import sys
import tempfile
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path

from infrastructure.checkout import checkout
from infrastructure.package import app_files, archive, contents, interpreter, lock, manifest, policy, sbom, site
from infrastructure.package.findings import CouldNotRunError
from infrastructure.package.policy import Policy

LOCK = "requirements-lock.txt"
OUT = Path("dist/invoice-agent.zip")


@dataclass(frozen=True, slots=True)
class Built:
    """A package that was made, and its papers beside it."""

    path: Path
    sha256: str
    size: int
    files: int
    files_left_out: int
    manifest: Path
    sbom: Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares what `build` takes on the command line."""
    parser.add_argument("--out", type=Path, default=OUT, help="the zip to write (default: %(default)s)")
    parser.add_argument("--offline", action="store_true", help="take distributions from uv's cache only")


def run(arguments: argparse.Namespace) -> int:
    """Builds the package of this checkout and prints what it made."""
    start = time.monotonic()
    built = make(checkout(), arguments.out, policy.read(), offline=arguments.offline)
    seconds = time.monotonic() - start
    sys.stdout.write(
        f"{built.path}: {built.size:,} bytes, {built.files:,} files"
        f" ({built.files_left_out:,} left out), {seconds:.1f} s\n"
        f"sha256   {built.sha256}\nmanifest {built.manifest}\nsbom     {built.sbom}\n"
    )
    return 0


def make(root: Path, out: Path, rules: Policy, *, offline: bool = False) -> Built:
    """Makes the zip of a checkout with its manifest and bill of materials.

    Raises CouldNotRunError or NoInterpreterError, and then leaves what was there before.
    """
    if out.suffix != ".zip":
        raise CouldNotRunError(f"{out} does not end in .zip, which is what gets deployed; name another --out")
    python = interpreter.find(rules.target.interpreter)
    app = app_files.read(root)
    with tempfile.TemporaryDirectory(prefix="package-") as folder:
        site.install(root / LOCK, rules.target, Path(folder), offline=offline)
        chosen = contents.gather(app, Path(folder), site.distributions(Path(folder)), rules, python)
    content = archive.pack({name: each.content for name, each in chosen.members.items()}, python)
    sha256 = hashlib.sha256(content).hexdigest()
    reasons = lock.requested_by(root / LOCK)
    papers = out.with_suffix(".manifest.json"), out.with_suffix(".cdx.json")
    archive.replace(papers[0], manifest.render(chosen, rules.target, sha256, reasons).encode())
    archive.replace(papers[1], sbom.render(_named(root), chosen, sha256, reasons).encode())
    archive.replace(out, content)  # last: a zip never lies beside papers of an earlier one
    left = sum(chosen.files_left_out.values())
    return Built(out, sha256, len(content), len(chosen.members), left, *papers)


def _named(root: Path) -> tuple[str, str]:
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    return project["name"], project["version"]
