"""What proves a slot: observations of it, what is wrong with one, and how many good ones in a row are enough.

A host with nothing to run is Running and reports no error, and one whose worker dies again and again is Running for
moments. So the proof is the list of functions by name, the digest of the package that is mounted, and that one and
the same process of the host keeps answering so.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto

RUNNING = "Running"
_JITTER = 5.0  # seconds by which two estimates of the start of one process may differ
SHORT = 12  # characters of a digest that tell it from others


@dataclass(frozen=True, slots=True)
class Process:
    """One process of the host."""

    instance: str
    started: float  # seconds on the clock of the one who asks

    def is_same(self, other: "Process | None") -> bool:
        """Whether both are one process."""
        return other is not None and self.instance == other.instance and abs(self.started - other.started) <= _JITTER


@dataclass(frozen=True, slots=True)
class Host:
    """What the host says of itself."""

    state: str
    errors: tuple[str, ...]
    process: Process


@dataclass(frozen=True, slots=True)
class Function:
    """One function that is loaded."""

    errors: tuple[str, ...] = ()
    is_disabled: bool = False  # by an app setting; it is listed all the same, and never runs


@dataclass(frozen=True, slots=True)
class Package:
    """The package of a slot: the file that packagename.txt names, and its SHA-256; empty where there is none."""

    name: str = ""
    digest: str = ""

    def __str__(self) -> str:
        if not self.name:
            return "no package"
        return f"{self.name}, {shortened(self.digest)}" if self.digest else f"{self.name}, which is not there"


@dataclass(frozen=True, slots=True)
class Unseen:
    """Stands for what could not be looked at."""

    why: str


@dataclass(frozen=True, slots=True)
class Observation:
    """A slot at one moment."""

    at: float
    host: Host | Unseen
    functions: Mapping[str, Function] | Unseen  # by name
    package: Package | Unseen


@dataclass(frozen=True, slots=True)
class Expected:
    """What a slot is to be."""

    functions: frozenset[str]
    digest: str
    is_live: bool = False  # it takes mail in: none of its functions may be disabled
    left: Process | None = None  # that must be gone, because it ran something else
    since: float = 0.0  # when the package came; a process that started before it runs something else


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong; `may_heal` says that a start may still be on its way."""

    what: str
    may_heal: bool = False


def shortened(digest: str) -> str:
    """Enough of a digest to tell it from others."""
    return digest[:SHORT] or "none"


def faults(seen: Observation, expected: Expected) -> tuple[Fault, ...]:
    """All that is wrong with a slot at that moment."""
    whys = [each.why for each in (seen.host, seen.functions, seen.package) if isinstance(each, Unseen)]
    found = [Fault(why, may_heal=True) for why in dict.fromkeys(whys)]
    if isinstance(seen.host, Host):
        found += _of_host(seen.host, expected)
    if not isinstance(seen.functions, Unseen):
        found += _of_functions(seen.functions, expected)
    if isinstance(seen.package, Package) and seen.package.digest != expected.digest:
        found.append(Fault(_other_package(seen.package, expected.digest)))
    return tuple(found)


def _of_host(host: Host, expected: Expected) -> Iterator[Fault]:
    if host.state != RUNNING:
        yield Fault(f"the host is {host.state or 'in no state'}, not {RUNNING}", may_heal=True)
    for error in host.errors:
        yield Fault(f"the host reports an error: {error}", may_heal=True)
    if host.process.is_same(expected.left) or host.process.started < expected.since:
        yield Fault("the host is still the process that ran before: it has not restarted on the package", may_heal=True)


def _of_functions(functions: Mapping[str, Function], expected: Expected) -> Iterator[Fault]:
    names, wanted = set(functions), expected.functions
    if not names:
        yield Fault(f"no functions at all are loaded; wanted {', '.join(sorted(wanted))}")
    elif missing := sorted(wanted - names):
        yield Fault(f"missing functions: {', '.join(missing)}; loaded are {len(names)}: {', '.join(sorted(names))}")
    if further := sorted(names - wanted):
        yield Fault(f"functions that nobody expects: {', '.join(further)}")
    for name, function in sorted(functions.items()):
        if expected.is_live and function.is_disabled:
            yield Fault(f"{name} is disabled: AzureWebJobs.{name}.Disabled is set where mail is to be taken in")
        for error in function.errors:
            yield Fault(f"{name} is in error: {error}")


def _other_package(package: Package, digest: str) -> str:
    if not package.name:
        return f"the slot holds no package (packagename.txt is missing); wanted {shortened(digest)}"
    if not package.digest:
        return f"packagename.txt names {package.name}, which is not there; wanted {shortened(digest)}"
    return (
        f"the package is another one: {package.name} has SHA-256 {package.digest}, wanted {digest}; "
        "something rebuilt it, or somebody else deployed"
    )


@dataclass(frozen=True, slots=True)
class Limits:
    """What is enough, and when to give up; in seconds."""

    patience: float
    settled: float = 90.0  # as long as one process says the same wrong thing, which no start will heal
    good: int = 4  # observations in a row
    uptime: float = 60.0  # a host whose worker dies at once has shut itself down by then
    pause: float = 10.0  # between observations


@dataclass(frozen=True, slots=True)
class Run:
    """Observations in a row that say the same of one process."""

    faults: tuple[Fault, ...]
    process: Process | None
    since: float
    until: float
    count: int
    restarts: int = 0  # of the host, in all that was watched


class Verdict(Enum):
    """What a run says."""

    PROVEN = auto()
    FAILED = auto()
    OPEN = auto()


def follow(run: Run | None, seen: Observation, found: tuple[Fault, ...]) -> Run:
    """The run with one more observation, or the one that begins with it."""
    process = seen.host.process if isinstance(seen.host, Host) else None
    if run is None:
        return Run(found, process, seen.at, seen.at, 1)
    is_same_process = process is not None and process.is_same(run.process)
    if is_same_process and found == run.faults:
        return Run(found, run.process, run.since, seen.at, run.count + 1, run.restarts)
    is_restart = process is not None and run.process is not None and not is_same_process
    return Run(found, process or run.process, seen.at, seen.at, 1, run.restarts + is_restart)


def verdict(run: Run, limits: Limits) -> Verdict:
    """Whether a run proves a slot, rules it out, or neither as yet."""
    if run.faults:
        is_settled = run.until - run.since >= limits.settled and not any(fault.may_heal for fault in run.faults)
        return Verdict.FAILED if is_settled else Verdict.OPEN
    is_old = run.process is not None and run.until - run.process.started >= limits.uptime
    return Verdict.PROVEN if is_old and run.count >= limits.good else Verdict.OPEN


def explained(run: Run, limits: Limits) -> tuple[str, ...]:
    """Why a run proves nothing, for people."""
    told = [fault.what for fault in run.faults]
    if run.restarts:
        told.append(f"the host started anew {run.restarts} times while it was watched")
    if not run.faults:
        told.append(
            f"no process of the host lasted: wanted {limits.good} good observations of one that is up for "
            f"{limits.uptime:.0f} s, and it had {run.count} when time was up"
        )
    return tuple(told)
