"""What public tools say of the sabotaged packages: each is asked wherever it can judge such a thing at all.

abi3audit, auditwheel and check-wheel-contents judge wheels: they get one made of the distribution that was spoilt, and
check-wheel-contents also one made of the app. pip check gets what is installed, azure-functions-doctor the app's folder
with requirements.txt beside it. A tool catches a fault if it says something that it does not say of the good package.
"""

import json
import re
import zipfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from infrastructure.checkout import checkout
from infrastructure.package.places import SITE
from tests.package.asking import Answer, Question, ask
from tests.package.draft import Draft, Original, record_of
from tests.package.sabotage import Sabotage

TOOLS = ("abi3audit", "auditwheel", "check-wheel-contents", "pip", "azure-functions-doctor")
CATCHES, SILENT, NOT_ASKED = "yes", "no", "–"  # noqa: RUF001  a dash, as tables have it

_APP = "invoice-agent"
_NATIVE = (".so", ".pyd")
_FITTING = re.compile(r"manylinux(?:1|2010|2014|_2_(?:[0-9]|[12][0-9]|3[01]))_x86_64")
_DOCTOR = ("--profile", "deploy", "--deployment-mode", "local-prebuilt", "--hosting-plan", "dedicated")


@dataclass(frozen=True, slots=True)
class Subject:
    """Something that one tool can judge: a part of a package."""

    tool: str
    part: str  # the distribution, or the app


def measure(original: Original, sabotages: Iterable[Sabotage], folder: Path) -> dict[str, dict[str, str]]:
    """Name of the sabotage, then tool, to what the tool makes of it."""
    good = original.draft()
    asked: dict[tuple[str, Subject], Path] = {}
    for each in sabotages:
        members = original.draft()
        if each.spoil:
            each.spoil(members)
        for subject in _subjects(good, members):
            for name, content in (("", good), (each.name, members)):
                if (name, subject) not in asked:
                    asked[name, subject] = _lay_out(subject, content, good, folder / f"{len(asked)}")
    said = _said(asked)
    return {each.name: {tool: _verdict(said, each.name, tool) for tool in TOOLS} for each in sabotages}


def _verdict(said: dict[tuple[str, Subject], frozenset[str]], name: str, tool: str) -> str:
    mine = {subject: each for (case, subject), each in said.items() if case == name and subject.tool == tool}
    if not mine:
        return NOT_ASKED
    return CATCHES if any(each - said["", subject] for subject, each in mine.items()) else SILENT


def _said(asked: dict[tuple[str, Subject], Path]) -> dict[tuple[str, Subject], frozenset[str]]:
    """What each tool complains of, case by case."""

    def of_one(tool: str) -> dict[tuple[str, Subject], frozenset[str]]:
        cases = [case for case in asked if case[1].tool == tool]
        answers = ask(tool, [_question(tool, asked[case]) for case in cases])
        return {case: _complaints(tool, each) for case, each in zip(cases, answers, strict=True)}

    with ThreadPoolExecutor(2) as pool:
        return {case: each for said in pool.map(of_one, reversed(TOOLS)) for case, each in said.items()}


def _subjects(good: Draft, members: Draft) -> Iterator[Subject]:
    """What can be asked about: the parts that were changed, each of the tools that judge such a part."""
    changed = {name for name in good.keys() | members.keys() if good.get(name) != members.get(name)}
    owners = {**_owners(members), **_owners(good)}
    parts: dict[str, set[str]] = {}
    for name in changed:
        parts.setdefault(_owner(name, owners), set()).add(name)
    for part, names in sorted(parts.items()):
        yield from _of_part(part, names, good, members)
    if parts.keys() - {_APP}:
        yield Subject("pip", "all that is installed")
    if _APP in parts:
        yield Subject("azure-functions-doctor", _APP)


def _of_part(part: str, changed: set[str], good: Draft, members: Draft) -> Iterator[Subject]:
    if part == _APP:
        yield Subject("check-wheel-contents", _APP)
        return
    folder = good.records().get(part)
    if folder is None or not members.below(folder):
        return  # a wheel that is not there, or is there beside the good ones, has nothing wrong in itself
    yield Subject("check-wheel-contents", part)
    if any(name.endswith(_NATIVE) for name in changed):
        yield Subject("auditwheel", part)
    if any(name.endswith(".abi3.so") for name in changed):
        yield Subject("abi3audit", part)


def _owners(members: Draft) -> dict[str, str]:
    """Each listed file and each top-level folder among the dependencies, to its distribution."""
    found: dict[str, str] = {}
    for distribution, metadata in members.records().items():
        for name in members.listed(metadata):
            found[name] = distribution
            found.setdefault(_top(name), distribution)
    return found


def _owner(name: str, owners: dict[str, str]) -> str:
    if not name.startswith(SITE):
        return _APP
    return owners.get(name) or owners.get(_top(name)) or _APP


def _top(name: str) -> str:
    return SITE + name.removeprefix(SITE).partition("/")[0]


def _lay_out(subject: Subject, members: Draft, good: Draft, folder: Path) -> Path:
    """Puts a part of a package where a tool can look at it."""
    folder.mkdir(parents=True)
    if subject.tool == "pip":
        return _installed(members, folder)
    if subject.tool == "azure-functions-doctor":
        return _app_folder(members, good, folder)
    if subject.part == _APP:
        return _wheel_of_app(_app(members, good), folder)
    return _wheel(members, subject.part, good.records()[subject.part], folder)


def _app(members: Draft, good: Draft) -> dict[str, bytes]:
    """All that is not a dependency's, wherever it lies."""
    dependencies = {id(content) for name, content in good.items() if name.startswith(SITE)}
    return {
        name: content
        for name, content in members.items()
        if not name.startswith(SITE) and (id(content) not in dependencies or name in good)
    }


def _installed(members: Draft, folder: Path) -> Path:
    """What pip looks at: the dist-info folders."""
    for name in members:
        if ".dist-info/" in name and name.startswith(SITE):
            _write(folder / name.removeprefix(SITE), members[name])
    return folder


def _app_folder(members: Draft, good: Draft, folder: Path) -> Path:
    """The app as it lies in a checkout, less the modules that are as they were and register nothing: it takes long."""
    for name, content in _app(members, good).items():
        if not name.startswith("shared/") or good.get(name) != content:
            _write(folder / name, content)
    for name in ("requirements.txt", ".funcignore"):
        _write(folder / name, (checkout() / name).read_bytes())
    if any(name.startswith(".python_packages/") for name in members):
        (folder / ".python_packages").mkdir(exist_ok=True)
    return folder


def _wheel(members: Draft, distribution: str, metadata: str, folder: Path) -> Path:
    """A distribution as a wheel, of the files that are there, its own RECORD included."""
    metadata = members.records().get(distribution, metadata)
    owners = {**_owners(members), metadata.rstrip("/"): distribution}
    tags = re.findall(r"^Tag: (\S+)$", members[metadata + "WHEEL"].decode(), re.MULTILINE)
    path = folder / f"{metadata.removeprefix(SITE).removesuffix('.dist-info/')}-{tags[0]}.whl"
    names = [name for name in members if name.startswith(SITE) and _owner(name, owners) == distribution]
    return _zip(path, {name.removeprefix(SITE): members[name] for name in names})


def _wheel_of_app(app: dict[str, bytes], folder: Path) -> Path:
    """The app as a wheel, with a RECORD that is right."""
    metadata = f"{_APP.replace('-', '_')}-0.dist-info/"
    content = {
        **app,
        metadata + "METADATA": f"Metadata-Version: 2.1\nName: {_APP}\nVersion: 0\n".encode(),
        metadata + "WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    content[metadata + "RECORD"] = record_of(list(content), content, metadata + "RECORD")
    return _zip(folder / f"{metadata.removesuffix('.dist-info/')}-py3-none-any.whl", content)


def _zip(path: Path, content: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as packed:
        for name, each in content.items():
            packed.writestr(name, each)
    return path


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _question(tool: str, path: Path) -> Question:
    if tool == "pip":
        return Question(("check",), site=str(path))
    if tool == "azure-functions-doctor":
        return Question(("doctor", "--path", str(path), *_DOCTOR, "--target-python", "3.11", "--format", "json"))
    options = {"abi3audit": ("--strict",), "auditwheel": ("show",), "check-wheel-contents": ("--no-config",)}
    return Question((*options[tool], str(path)))


def _complaints(tool: str, answer: Answer) -> frozenset[str]:
    """What the tool finds fault with, in words that do not depend on where it looked."""
    if tool == "azure-functions-doctor":
        return _doctor(answer)
    if tool == "check-wheel-contents":
        # By kind: it complains of all bytecode, ours included, and that tells nothing about other bytecode.
        return frozenset(re.findall(r"\.whl: (W\d+|(?!OK)[^\n]+)", answer.output)) or _failed(answer)
    if tool == "auditwheel":
        tags = re.findall(r'platform tag:\s+"([^"]+)"', answer.output)
        return frozenset(tag for tag in tags if not _FITTING.fullmatch(tag)) or _failed(answer)
    if tool == "pip":
        return frozenset(answer.output.splitlines()) if answer.code else frozenset()
    counts = re.findall(r"(\d+ ABI version mismatches and \d+ ABI violations)", re.sub(r"\s+", " ", answer.output))
    return frozenset(counts) - {"0 ABI version mismatches and 0 ABI violations"} or _failed(answer)


def _failed(answer: Answer) -> frozenset[str]:
    return frozenset(["failed"]) if answer.code else frozenset()


def _doctor(answer: Answer) -> frozenset[str]:
    try:
        sections = json.loads(answer.output)["results"]
    except (ValueError, KeyError):
        return frozenset(["failed"])
    items = [item for section in sections for item in section["items"] if item["status"] in {"warn", "fail"}]
    return frozenset(f"{item['rule_id']} {item['status']}" for item in items)
