"""Judges packages as `verify` does, a rule at a time; compiles only what a package does not share with a good one."""

from functools import cache
from pathlib import Path

from infrastructure.checkout import checkout
from infrastructure.package import interpreter, lock, policy, probing, runtime, verify
from infrastructure.package.findings import Finding
from infrastructure.package.fresh import Fresh, compile_package
from infrastructure.package.package import Ground, HostileArchiveError, Package, open_package

STATIC = tuple(name for name in verify.RULES if name not in {"index", "invoke"})


class Judge:
    """Knows one good package, and judges others."""

    def __init__(self, good: Path) -> None:
        root = checkout()
        self._policy = policy.read()
        self._runtime = runtime.describe(interpreter.find(self._policy.target.interpreter))
        self._pins = lock.read(root / "requirements-lock.txt")
        self._settings = verify.infrastructure_settings(root)
        self._sources = open_package(good).sources
        self._codes = compile_package(self._runtime.path, self._sources).codes

    def findings(self, path: Path, *checks: str, patience: float = verify.PATIENCE) -> list[Finding]:
        """What the gate and these checks find in a package."""
        try:
            package = open_package(path)
        except HostileArchiveError as refused:
            return refused.findings
        ground = self._ground(package, patience)
        return sorted({each for name in checks for each in verify.RULES[name].findings(package, ground)})

    def _ground(self, package: Package, patience: float) -> Ground:
        return Ground(
            self._policy,
            self._pins,
            self._settings,
            self._runtime,
            cache(lambda: self._fresh(package)),
            cache(lambda: probing.run(package, self._runtime, self._settings, patience)),
        )

    def _fresh(self, package: Package) -> Fresh:
        changed = {name: source for name, source in package.sources.items() if self._sources.get(name) != source}
        made = compile_package(self._runtime.path, changed)
        shared = {name: self._codes[name] for name in package.sources.keys() - changed.keys()}
        return Fresh({**shared, **made.codes}, made.faults)
