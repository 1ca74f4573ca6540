"""What the target's interpreter says of itself."""

import json
import subprocess
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infrastructure.package.findings import CouldNotRunError

_DESCRIBE = """
import importlib.util, json, platform, sys, sysconfig
print(json.dumps({
    "version": "%d.%d.%d" % sys.version_info[:3],
    "system": f"{sys.implementation.name} on {sys.platform} {platform.machine()}",
    "magic": importlib.util.MAGIC_NUMBER.hex(),
    "library": sysconfig.get_paths()["stdlib"],
    "standard": sorted(sys.stdlib_module_names),
}))
"""
_LACKING = """
import ctypes, json, sys
print(json.dumps([name for name in json.load(sys.stdin) if not hasattr(ctypes.pythonapi, name)]))
"""


@dataclass(frozen=True, slots=True)
class Runtime:
    """An interpreter, and what a check has to know of it."""

    path: Path
    version: str  # with its patch
    system: str  # "cpython on linux x86_64"
    magic: bytes  # that its bytecode begins with
    library: Path  # of the standard modules
    standard: frozenset[str]  # their top-level names

    def is_on(self, machine: str) -> bool:
        """Whether it is CPython on Linux on that machine, and so can load what was made for the target."""
        return self.system == f"cpython on linux {machine}"

    def is_of(self, version: str) -> bool:
        """Whether it is of a version, which may leave the patch open."""
        return f"{self.version}.".startswith(f"{version}.")

    def has_standard(self, module: str) -> bool:
        """Whether the standard library has a module of that dotted name."""
        top, _, rest = module.partition(".")
        if top not in self.standard:
            return False
        folder = self.library / top
        if not rest or not folder.is_dir():
            return True  # os.path and its like are attributes of one file
        below = self.library.joinpath(*module.split("."))
        return below.is_dir() or any(below.parent.glob(f"{below.name}.*"))

    def lacks(self, symbols: Collection[str]) -> list[str]:
        """Those of the symbols of the C API that the interpreter does not export."""
        return [str(name) for name in _ask(self.path, _LACKING, json.dumps(sorted(symbols)))]


def describe(path: Path) -> Runtime:
    """Asks an interpreter; raises CouldNotRunError where it does not answer."""
    answer = _ask(path, _DESCRIBE, "")
    return Runtime(
        path,
        answer["version"],
        answer["system"],
        bytes.fromhex(answer["magic"]),
        Path(answer["library"]),
        frozenset(answer["standard"]),
    )


def _ask(path: Path, script: str, question: str) -> Any:
    command = [str(path), "-I", "-S", "-c", script]
    done = subprocess.run(command, input=question, capture_output=True, text=True, check=False)
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:]
        raise CouldNotRunError(f"{path} does not work: {' '.join(last)}")
    return json.loads(done.stdout)
