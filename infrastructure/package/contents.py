"""What goes into the zip, from where and why."""

import base64
import csv
import hashlib
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from string import Template

from infrastructure.package import bytecode, reach
from infrastructure.package.modules import is_below, is_module, module_name
from infrastructure.package.places import LEFT_OUT, SITE
from infrastructure.package.policy import Hollow, Policy
from infrastructure.package.reach import RuleError
from infrastructure.package.site import Distribution

_TRACES = {"INSTALLER", "REQUESTED", "RECORD", "direct_url.json"}  # of one installation; RECORD is written anew
_CODE = (".py", ".so")
_FOR_TYPE_CHECKERS = (".pyi", "py.typed")  # nothing reads them at run time, however often sources name them


# Whatever is taken from it can be named, subclassed, asked for by isinstance and caught; using it raises.
_STUB = Template('''"""A stub: the real module was left out of this package."""

_MESSAGE = $message


class _LeftOut(type):
    def __getattr__(cls, name):
        return __getattr__(name)

    def __call__(cls, *_args, **_kwargs):
        raise ModuleNotFoundError(_MESSAGE, name=__name__)


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)
    return _LeftOut(name, (Exception,), {})
''')
_SAYS = (
    "{0.package} was left out of this package ({0.reason}); if it is needed, take it out of [[hollow]] in "
    "infrastructure/package/policy.toml and build anew"
)


@dataclass(frozen=True, slots=True)
class Member:
    """One file of the zip."""

    content: bytes
    distribution: str  # "" for the app's own
    why: str

    @property
    def sha256(self) -> str:
        """The digest of the content, in hexadecimal."""
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True, slots=True)
class Contents:
    """All members of the zip by name, and what was not taken."""

    members: dict[str, Member]
    distributions: tuple[Distribution, ...]
    modules_left_out: tuple[str, ...]
    files_left_out: dict[str, int] = field(default_factory=dict)  # by distribution
    without_code: frozenset[str] = frozenset()  # distributions of which there are papers alone, or stubs


def gather(
    app: Mapping[str, Path], site: Path, distributions: tuple[Distribution, ...], policy: Policy, interpreter: Path
) -> Contents:
    """Chooses the members of the zip, reads them, and adds bytecode and records."""
    installed = {name: site / name for each in distributions for name in each.files}
    modules = reach.Modules({**installed, **app}, (each.package for each in policy.hollows))
    roots = reach.Modules(app).files
    why = reach.reached(modules, roots, policy.cuts, policy.keeps)
    missing = tuple(reach.left_out(modules, why))
    stubs = dict(_stubs(policy.hollows, modules, why))

    members = {name: Member(path.read_bytes(), "", "of the app") for name, path in app.items()}
    if missing:
        members[LEFT_OUT] = Member("".join(f"{name}\n" for name in missing).encode(), "", "names what was left out")
    left: dict[str, int] = {}
    for each in distributions:
        chosen = dict(_chosen(each, site, why))
        left[each.name] = len(each.files) - len(chosen)
        members |= {
            SITE + name: Member(stubs.get(name) or (site / name).read_bytes(), each.name, reason)
            for name, reason in chosen.items()
        }
    members |= _compiled(members, policy, interpreter)
    members |= dict(_records(members, distributions))
    code = {name for name in members if name.endswith(_CODE)} - {SITE + name for name in stubs}
    without_code = {each.name for each in distributions} - {members[name].distribution for name in code}
    return Contents(dict(sorted(members.items())), distributions, missing, left, frozenset(without_code))


def _chosen(distribution: Distribution, site: Path, why: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The files of a distribution that go in, each with its reason."""
    taken = {name: why[module] for name, module in _modules(distribution) if module in why}
    yield from taken.items()
    sources = b"\n".join((site / name).read_bytes() for name in taken if name.endswith(".py"))
    folders = {str(PurePosixPath(name).parent) for name, _ in _modules(distribution)}
    reachable = {str(PurePosixPath(name).parent) for name in taken}
    for name in distribution.files:
        path = PurePosixPath(name)
        if path.parts[0] == distribution.metadata:
            if path.name not in _TRACES:
                yield name, "metadata of the distribution"
        elif not is_module(path) and (reader := _reader(path, folders, reachable, sources)):
            yield name, f"data of the package {reader}"


def _stubs(hollows: Iterable[Hollow], modules: reach.Modules, why: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """What stands in the place of each module of a hollow package."""
    for hollow in hollows:
        stub = _STUB.substitute(message=repr(_SAYS.format(hollow))).encode()
        names = [name for module in why if is_below(module, hollow.package) for name in modules.files[module]]
        if not names:
            raise RuleError(f"{hollow.package} is hollow, and nothing leads to it; take it out of policy.toml")
        yield from ((name, stub) for name in names)


def _modules(distribution: Distribution) -> Iterator[tuple[str, str]]:
    for name in distribution.files:
        if is_module(PurePosixPath(name)):
            yield name, module_name(PurePosixPath(name))


def _reader(path: PurePosixPath, folders: set[str], reachable: set[str], sources: bytes) -> str:
    """The package in or under which a data file lies, if it stays and some source that stays names the file.

    A folder without modules counts as one file: who names the folder may read all of it.
    """
    named = path.name
    for parent in path.parents:
        if str(parent) in folders:
            is_read = not path.name.endswith(_FOR_TYPE_CHECKERS) and named.encode() in sources
            return ".".join(parent.parts) if str(parent) in reachable and is_read else ""
        named = parent.name
    return ""


def _compiled(members: Mapping[str, Member], policy: Policy, interpreter: Path) -> dict[str, Member]:
    sources = {name: member.content for name, member in members.items() if name.endswith(".py")}
    made = bytecode.compile_all(interpreter, sources)
    return {
        bytecode.cached(name, policy.target.tag): Member(content, members[name].distribution, f"bytecode of {name}")
        for name, content in made.items()
    }


def _records(members: Mapping[str, Member], distributions: Iterable[Distribution]) -> Iterator[tuple[str, Member]]:
    for each in distributions:
        record = f"{each.metadata}/RECORD"
        own = {name: member for name, member in members.items() if member.distribution == each.name}
        lines = io.StringIO(newline="")
        csv.writer(lines, lineterminator="\n").writerows(_rows(own, record))
        yield SITE + record, Member(lines.getvalue().encode(), each.name, "lists what is here of the distribution")


def _rows(own: Mapping[str, Member], record: str) -> list[tuple[str, str, str]]:
    """One row a file, as pip writes them: bytecode and RECORD itself without a digest."""
    rows = [(record, "", "")]
    for name, member in own.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(member.content).digest()).rstrip(b"=").decode()
        is_bytecode = name.endswith(".pyc")
        described = ("", "") if is_bytecode else (f"sha256={digest}", str(len(member.content)))
        rows.append((name.removeprefix(SITE), *described))
    return sorted(rows)
