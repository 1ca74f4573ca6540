"""A slot as Azure has it: a share with packages, a host that runs one of them, settings and a key."""

import hashlib
import io
import zipfile
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

FIVE = ("MailIngest", "ExtractEnrich", "PostToAP", "Notify", "AddVendor")
_EPOCH = datetime(2026, 11, 24, tzinfo=UTC)


class Seconds:
    """Time that passes when somebody waits, for both sides of a conversation."""

    def __init__(self) -> None:
        self.passed = 1_000_000.0

    def now(self) -> float:
        return self.passed

    def sleep(self, seconds: float) -> None:
        self.passed += seconds

    @property
    def stamp(self) -> str:
        """As Kudu names packages."""
        return f"{_EPOCH + timedelta(seconds=self.passed):%Y%m%d%H%M%S}"


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What a host makes of a package."""

    functions: tuple[str, ...] = FIVE
    disabled: tuple[str, ...] = ()  # of a slot whose functions are to run
    in_error: dict[str, tuple[str, ...]] = field(default_factory=dict)
    state: str = "Running"
    errors: tuple[str, ...] = ()
    boot: float = 40.0  # seconds from the start of its process until it answers
    lasts: float = 0.0  # seconds until the process dies and is started anew; 0: for ever


GOOD = Behaviour()


def judged(content: bytes) -> Behaviour:
    """What the real host does: a binary of Python 3.13 is not found, no function loads, and all looks well."""
    if not zipfile.is_zipfile(io.BytesIO(content)):
        return GOOD
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        is_foreign = any("cpython-313" in name and name.endswith(".so") for name in file.namelist())
    return Behaviour(functions=()) if is_foreign else GOOD


@dataclass
class SlotModel:
    """One slot; what swaps are the share and the host's process."""

    name: str
    clock: Seconds
    files: dict[str, bytes] = field(default_factory=dict)
    package_name: str = ""
    started: float = 0.0
    instance: str = "instance-1"
    key: str = ""
    state: str = "Running"
    settings: dict[str, str] = field(
        default_factory=lambda: {"WEBSITE_RUN_FROM_PACKAGE": "1", "SCM_DO_BUILD_DURING_DEPLOYMENT": "false"}
    )

    def put(self, content: bytes) -> None:
        """What a deployment does in the end."""
        self.package_name = f"{self.clock.stamp}.zip"
        self.files[self.package_name] = content
        self.restart()

    def restart(self) -> None:
        self.started = self.clock.now()

    @property
    def digest(self) -> str:
        """Of the package that it runs from."""
        content = self.files.get(self.package_name)
        return hashlib.sha256(content).hexdigest() if content is not None else ""

    def uptime(self, behaviour: Behaviour) -> float:
        """How long the present process has been there."""
        age = self.clock.now() - self.started
        return age % behaviour.lasts if behaviour.lasts else age
