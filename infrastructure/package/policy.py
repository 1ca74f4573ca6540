"""The policy of the deployment package, as policy.toml states it."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

POLICY = Path(__file__).with_name("policy.toml")


@dataclass(frozen=True, slots=True)
class Target:
    """What the package runs on."""

    python: str  # "3.11"
    interpreter: str  # "3.11.7": makes and checks the bytecode
    platform: str  # as uv names it
    machine: str
    glibc: str  # the newest that a native file may ask for

    @property
    def tag(self) -> str:
        """The interpreter as file names bear it: cpython-311."""
        return "cpython-" + self.python.replace(".", "")


@dataclass(frozen=True, slots=True)
class Budget:
    """What the package may cost."""

    zip_bytes: int
    files: int
    import_cpu_seconds: float
    import_wall_seconds: float


@dataclass(frozen=True, slots=True)
class Binding:
    """One binding of a function; `queue`, `schedule` and `connection` as its kind has them."""

    name: str
    type: str
    queue: str = ""
    schedule: str = ""
    connection: str = ""


@dataclass(frozen=True, slots=True)
class Function:
    """A function that must load."""

    name: str
    bindings: tuple[Binding, ...]


@dataclass(frozen=True, slots=True)
class Cut:
    """Imports that are not followed: of `imported` and all below it, in `importer` and all below it."""

    importer: str
    imported: str
    reason: str


@dataclass(frozen=True, slots=True)
class Keep:
    """A module (with `.*` behind it: with all that is below it) that stays though nothing imports it by name."""

    module: str
    reason: str


@dataclass(frozen=True, slots=True)
class Hollow:
    """A package that others import as they load, and of which the app uses nothing: stubs stand in its place."""

    package: str
    reason: str


@dataclass(frozen=True, slots=True)
class Policy:
    """Target, budget, expected functions, and what is left out or kept."""

    target: Target
    budget: Budget
    functions: tuple[Function, ...]
    cuts: tuple[Cut, ...] = ()
    keeps: tuple[Keep, ...] = ()
    hollows: tuple[Hollow, ...] = ()

    @property
    def function_names(self) -> tuple[str, ...]:
        """The names of the functions that must load."""
        return tuple(function.name for function in self.functions)


def read(path: Path = POLICY) -> Policy:
    """Read a policy; raises KeyError or TypeError where it lacks something or names what does not exist."""
    content: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
    return Policy(
        Target(**content["target"]),
        Budget(**content["budget"]),
        tuple(
            Function(each["name"], tuple(Binding(**binding) for binding in each["bindings"]))
            for each in content["function"]
        ),
        tuple(Cut(**each) for each in content.get("cut", ())),
        tuple(Keep(**each) for each in content.get("keep", ())),
        tuple(Hollow(**each) for each in content.get("hollow", ())),
    )
