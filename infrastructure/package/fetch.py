"""Downloads what builds and their tests need, by the hashes of the lock, so that both then run without network."""

import argparse
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from infrastructure.checkout import checkout
from infrastructure.package import lock, policy, site
from infrastructure.package.build import LOCK
from infrastructure.package.findings import CouldNotRunError
from infrastructure.package.policy import Target

WHEELS = Path(".tools/wheels")


@dataclass(frozen=True, slots=True)
class Stray:
    """A locked distribution as another target would get it: what a careless build would have packed."""

    folder: str
    distributions: tuple[str, ...]
    python: str
    platform: str


STRAYS = (
    Stray("cp313", ("pydantic-core", "markupsafe"), "3.13", "x86_64-manylinux_2_31"),
    Stray("cp312", ("pydantic-core",), "3.12", "x86_64-manylinux_2_31"),
    Stray("aarch64", ("pydantic-core",), "3.11", "aarch64-manylinux_2_31"),
    Stray("musllinux", ("pydantic-core",), "3.11", "x86_64-unknown-linux-musl"),
    Stray("win_amd64", ("pydantic-core",), "3.11", "x86_64-pc-windows-msvc"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares nothing: `fetch` takes no options."""
    parser.set_defaults(checkout=checkout())


def run(arguments: argparse.Namespace) -> int:
    """Fills uv's cache for the target, and .tools/wheels with builds for others; what is there stays."""
    root: Path = arguments.checkout
    target = policy.read().target
    _fill_cache(root, target)
    for stray in STRAYS:
        if not _is_there(root, stray):
            _download(root, stray, target)
    return 0


def _fill_cache(root: Path, target: Target) -> None:
    with tempfile.TemporaryDirectory(prefix="package-") as folder:
        try:
            site.install(root / LOCK, target, Path(folder) / "cached", offline=True)
        except CouldNotRunError:
            site.install(root / LOCK, target, Path(folder) / "fetched")


def _is_there(root: Path, stray: Stray) -> bool:
    pins = lock.read(root / LOCK)
    found = {each.name: each.version for each in site.distributions(root / WHEELS / stray.folder)}
    return found == {name: pins[name] for name in stray.distributions}


def _download(root: Path, stray: Stray, target: Target) -> None:
    """Installs into a new folder that takes its place whole, so that half a download does not count."""
    final = root / WHEELS / stray.folder
    final.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=final.parent) as folder:
        chosen = Path(folder) / LOCK
        chosen.write_text("".join(lock.entries(root / LOCK)[name] for name in stray.distributions), "utf-8")
        made = Path(folder) / "made"
        site.install(chosen, replace(target, python=stray.python, platform=stray.platform), made)
        if final.exists():
            final.rename(Path(folder) / "old")
        made.rename(final)
