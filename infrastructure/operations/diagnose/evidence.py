"""What the answers say, typed: None or nothing where an answer is missing, never a guess."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from infrastructure.operations.diagnose.az import Answer
from infrastructure.operations.diagnose.folder import Subject
from infrastructure.operations.show import one_line
from shared.domain.messages import QUEUES

T = TypeVar("T")

CURRENT = timedelta(hours=1)  # the tick comes every minute, so a fault that has not shown for an hour is over
PEEKED = 32  # messages that a look into a queue shows at most
_LEARNT = ("package", "principal", "scm", "subscription")
_WHY = 300  # characters of a failure that are worth showing

# Rows, tables and queues that are made when they are first needed: none is an answer.
_MAY_BE_ABSENT = re.compile(r"stop$|poison$|queue-")
_IS_ABSENT = re.compile(r"(Resource|Table|Queue)NotFound|specified (resource|queue) does not exist")


@dataclass(frozen=True, slots=True)
class App:
    """The function app, or its slot."""

    state: str = ""
    is_enabled: bool = True
    availability: str = ""
    usage: str = ""
    has_network: bool = False  # it is joined to a virtual network
    identity: str = ""
    clients: tuple[str, ...] = ()  # client ids of its user-assigned identities


@dataclass(frozen=True, slots=True)
class Host:
    """What the Functions host says of itself."""

    state: str
    version: str
    errors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Function:
    """A function that is loaded."""

    name: str
    is_disabled: bool


@dataclass(frozen=True, slots=True)
class Setting:
    """An app setting; `shown` is its value only where that can be no secret."""

    is_sticky: bool
    is_empty: bool
    is_reference: bool
    has_key: bool
    shown: str


@dataclass(frozen=True, slots=True)
class Reference:
    """A Key Vault reference, and what became of it."""

    name: str
    status: str
    details: str
    vault: str
    entry: str


@dataclass(frozen=True, slots=True)
class Deployment:
    """One deployment to the slot; https://github.com/projectkudu/kudu/wiki/REST-API#deployment has the states."""

    at: datetime | None
    status: int
    by: str
    tool: str
    message: str
    is_active: bool

    @property
    def has_failed(self) -> bool:
        """Whether it ended badly."""
        return self.status == 3  # noqa: PLR2004 - Kudu's DeployStatus.Failed


@dataclass(frozen=True, slots=True)
class Change:
    """One operation of the last days on something in the resource group."""

    at: datetime | None
    by: str
    what: str
    on: str


@dataclass(frozen=True, slots=True)
class Said:
    """A log line that was written `count` times, the last time at `last`."""

    text: str
    level: int  # 2 warning, 3 error, 4 critical
    count: int
    last: datetime | None


@dataclass(frozen=True, slots=True)
class Start:
    """The host started, and loaded that many functions."""

    at: datetime | None
    loaded: int


@dataclass(frozen=True, slots=True)
class Runs:
    """The runs of one function in 24 h."""

    name: str
    runs: int
    failed: int
    last_good: datetime | None
    recent: int  # of the last hour
    recent_failed: int


@dataclass(frozen=True, slots=True)
class Account:
    """The storage account with queues, tables and releases."""

    id: str
    provisioning: str
    primary: str
    is_shared_key_allowed: bool
    is_closed: bool  # to whoever does not come through a network that it allows


@dataclass(frozen=True, slots=True)
class Grant:
    """A role that the app's identity has, by the role's id."""

    role: str
    scope: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """All of it. A field that is None was not answered; `unanswered` says why."""

    subject: Subject
    unanswered: Mapping[str, str]
    app: App | None = None
    runtime: str | None = None  # linuxFxVersion
    plan: tuple[str, str] | None = None  # SKU and status
    host: Host | None = None
    functions: tuple[Function, ...] | None = None
    settings: Mapping[str, Setting] | None = None
    references: tuple[Reference, ...] = ()
    deployments: tuple[Deployment, ...] | None = None
    package: str = ""  # the file name that is mounted
    scm: str = ""  # host name of the slot's Kudu
    subscription: str = ""
    deployed: str | None = None  # its SHA-256
    last_good: str | None = None  # SHA-256 of the release that was last proven in production
    changes: tuple[Change, ...] = ()
    health: tuple[str, str] | None = None  # state and summary
    incidents: tuple[tuple[str, str], ...] = ()  # title and services
    account: Account | None = None
    principal: str = ""
    grants: tuple[Grant, ...] | None = None
    stop: tuple[str, str] | None = None  # why and by whom, where an emergency stop is on
    poison_kept: int | None = None
    queues: Mapping[str, tuple[int, datetime | None]] = field(default_factory=dict)  # messages (at most 32), oldest
    lines: tuple[Said, ...] | None = None
    starts: tuple[Start, ...] | None = None
    runs: tuple[Runs, ...] | None = None
    watch: Mapping[str, Any] | None = None

    @property
    def is_production(self) -> bool:
        """Whether it is about the slot that works."""
        return not self.subject.slot

    def is_current(self, moment: datetime | None) -> bool:
        """Whether something that last happened then may still be so."""
        return moment is None or self.subject.at - moment <= CURRENT

    def run_of(self, name: str) -> Runs | None:
        """The runs of a function, where there are any."""
        return next((run for run in self.runs or () if run.name == name), None)


def read(subject: Subject, answers: Mapping[str, Answer]) -> Evidence:
    """Make evidence of answers; one that has another form than it should counts as not given."""
    reader = _Reader(answers)
    rows = [*(reader.rows("errors", _said) or ()), *(reader.rows("host_log", _said) or ())]
    has_lines = reader.has("errors") or reader.has("host_log")
    learnt = {name: answers[name].text.strip() for name in _LEARNT if name in answers}
    functions = reader.each("functions", _function)
    live = reader.each("live", _function)
    return Evidence(
        subject,
        app=reader.one("app", _app),
        runtime=reader.one("config", lambda found: _text(found, "linuxFxVersion")),
        plan=reader.one("plan", lambda found: (_text(found, "sku"), _text(found, "status"))),
        host=reader.one("host", _host),
        functions=functions if live is None else live,  # what ARM knows may be of an earlier start
        settings=reader.one_of_all("settings", _settings),
        references=reader.each("references", _reference) or (),
        deployments=reader.each("deployments", _deployment),
        package=learnt.get("package", ""),
        scm=learnt.get("scm", ""),
        subscription=learnt.get("subscription", ""),
        deployed=reader.one("deployed", lambda found: _text(found, "sha256")),
        last_good=reader.one("last_good", lambda found: _text(found, "digest")),
        changes=reader.each("changes", _change) or (),
        health=reader.one("health", lambda found: (_text(found, "state"), _text(found, "summary"))),
        incidents=reader.each("incidents", _incident) or (),
        account=reader.one("storage_account", _account),
        principal=learnt.get("principal", ""),
        grants=reader.each(
            "roles", lambda found: Grant(_text(found, "role").rpartition("/")[2], _text(found, "scope"))
        ),
        stop=reader.one("stop", lambda found: (_text(found, "why"), _text(found, "by")) if found["stopped"] else None),
        poison_kept=reader.one_of_all("poison", len),
        queues=dict(reader.queues()),
        lines=tuple(rows) if has_lines else None,
        starts=reader.rows("starts", _start),
        runs=reader.rows("runs", _runs),
        watch=next(iter(reader.rows("watch", _watch) or ()), None),
        unanswered=reader.unanswered,  # last: it grows with every answer that is read
    )


class _Reader:
    """Reads one answer after the other, and remembers those that cannot be used."""

    def __init__(self, answers: Mapping[str, Answer]) -> None:
        self._answers = answers
        self._found: dict[str, Any] = {}
        self.unanswered: dict[str, str] = {}
        for name, each in answers.items():
            if not each.failure:
                with suppress(ValueError):
                    self._found[name] = json.loads(each.text or "null")
            elif _MAY_BE_ABSENT.match(name) and _IS_ABSENT.search(each.failure):
                self._found[name] = None
            else:
                self.unanswered[name] = _short(each.failure)

    def has(self, name: str) -> bool:
        """Whether there is an answer."""
        return name in self._found

    def one(self, name: str, read: Callable[[Mapping[str, Any]], T]) -> T | None:
        """An answer that is an object; None where there is none, or it is of another form."""
        return self._tried(name, lambda found: None if found is None else read(found))

    def one_of_all(self, name: str, read: Callable[[Sequence[Any]], T]) -> T | None:
        """An answer that is a list, read as a whole."""
        return self._tried(name, lambda found: read(_list(found)))

    def each(self, name: str, read: Callable[[Mapping[str, Any]], T]) -> tuple[T, ...] | None:
        """An answer that is a list of objects."""
        return self.one_of_all(name, lambda found: tuple(read(each) for each in found))

    def rows(self, name: str, read: Callable[[Sequence[Any]], T]) -> tuple[T, ...] | None:
        """An answer of a query: a list of rows."""
        return self.one_of_all(name, lambda found: tuple(read(each) for each in found))

    def queues(self) -> Iterator[tuple[str, tuple[int, datetime | None]]]:
        """What waits in each queue that could be looked into."""
        for queue in QUEUES:
            sinces = self.each(f"queue-{queue}", lambda found: _time(found.get("since")))
            if sinces is not None:
                yield queue, (len(sinces), min((each for each in sinces if each), default=None))

    def _tried(self, name: str, read: Callable[[Any], T | None]) -> T | None:
        if name not in self._found:
            if name in self._answers and name not in self.unanswered:
                self.unanswered[name] = f"the answer is not JSON: {_short(self._answers[name].text)}"
            return None
        try:
            return read(self._found[name])
        except (AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
            self.unanswered[name] = f"the answer has another form than it should: {type(error).__name__}: {error}"
            return None


def _short(text: str) -> str:
    line = one_line(text)
    return line if len(line) <= _WHY else line[:_WHY] + " ..."


def _list(found: Any) -> list[Any]:
    """A list; nothing at all is an empty one, as az prints no null."""
    if found is None:
        return []
    if not isinstance(found, list):
        raise TypeError(f"wanted a list, found {type(found).__name__}")
    return found


def _text(found: Mapping[str, Any], name: str) -> str:
    value = found.get(name)
    return "" if value is None else str(value)


def _time(value: Any) -> datetime | None:
    """An instant as Azure writes it; its fractions may have seven digits."""
    text = re.sub(r"(\.\d{6})\d+", r"\1", str(value or ""))
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _app(found: Mapping[str, Any]) -> App:
    return App(
        state=_text(found, "state"),
        is_enabled=found.get("enabled") is not False,
        availability=_text(found, "availability"),
        usage=_text(found, "usage"),
        has_network=bool(found.get("subnet")),
        identity=_text(found, "identity"),
        clients=tuple(found.get("clients") or ()),
    )


def _host(found: Mapping[str, Any]) -> Host:
    return Host(_text(found, "state"), _text(found, "version"), tuple(map(str, found.get("errors") or ())))


def _function(found: Mapping[str, Any]) -> Function:
    return Function(_text(found, "name").rpartition("/")[2], bool(found.get("isDisabled")))


def _settings(found: Sequence[Any]) -> dict[str, Setting]:
    return {str(each["name"]): _setting(each) for each in found}


def _setting(found: Mapping[str, Any]) -> Setting:
    shown = found.get("shown")
    return Setting(
        is_sticky=bool(found.get("isSticky")),
        is_empty=bool(found.get("isEmpty")),
        is_reference=bool(found.get("isReference")),
        has_key=bool(found.get("hasKey")),
        shown=shown if isinstance(shown, str) else "",
    )


def _reference(found: Mapping[str, Any]) -> Reference:
    return Reference(*(_text(found, name) for name in ("name", "status", "details", "vault", "entry")))


def _deployment(found: Mapping[str, Any]) -> Deployment:
    return Deployment(
        at=_time(found.get("at")),
        status=int(found.get("status") or 0),
        by=_text(found, "by"),
        tool=_text(found, "tool"),
        message=_text(found, "message"),
        is_active=bool(found.get("isActive")),
    )


def _change(found: Mapping[str, Any]) -> Change:
    on = _text(found, "on").partition("/providers/")[2] or _text(found, "on")
    return Change(_time(found.get("at")), _text(found, "by"), _text(found, "what"), on)


def _incident(found: Mapping[str, Any]) -> tuple[str, str]:
    return _text(found, "title"), ", ".join(map(str, found.get("services") or ()))


def _account(found: Mapping[str, Any]) -> Account:
    is_closed = _text(found, "publicAccess") == "Disabled" or _text(found, "defaultAction") == "Deny"
    return Account(
        id=_text(found, "id"),
        provisioning=_text(found, "provisioning"),
        primary=_text(found, "primary"),
        is_shared_key_allowed=found.get("sharedKey") is not False,
        is_closed=is_closed,
    )


def _said(row: Sequence[Any]) -> Said:
    return Said(str(row[0]), int(row[1] or 0), int(row[2]), _time(row[3]))


def _runs(row: Sequence[Any]) -> Runs:
    return Runs(str(row[0]), int(row[1]), int(row[2]), _time(row[3]), int(row[4]), int(row[5]))


def _start(row: Sequence[Any]) -> Start:
    return Start(_time(row[0]), int(str(row[1]).split()[0]))


def _watch(row: Sequence[Any]) -> Mapping[str, Any]:
    found = json.loads(str(row[1]).partition(":")[2])
    return {**found, "at": _time(row[0])}
