"""Documents and delivery reports, read in a child process that may die of them."""

import asyncio
import json
import logging
import os
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from shared.adapters.document_worker import DOCUMENT, FILE, LENGTH, REPORT
from shared.adapters.embedded_files import MOST_TREES
from shared.adapters.xml_tree import INCOMPLETE, MOST_CHARACTERS, MOST_ELEMENTS
from shared.domain.attachments import Danger, danger_by_name
from shared.domain.einvoice import is_invoice
from shared.domain.facts import Document, Legibility
from shared.domain.markup import Element
from shared.domain.report import DeliveryReport
from shared.ports import Content

log = logging.getLogger(__name__)

_WORST_CHARACTER = 6  # bytes of one character in JSON (\u0000)
_ENVELOPE = 64 * 1024 * 8  # bytes of a response around its pages and trees; a report's text fits in as well
_NODE = 64  # bytes of an element in JSON around what it says
_TREES = MOST_TREES * (MOST_CHARACTERS * _WORST_CHARACTER + MOST_ELEMENTS * _NODE)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one mail's documents may cost; what lies over it is forwarded unread."""

    document_bytes: int = 25 * 1024 * 1024
    pages: int = 50
    characters: int = 200_000
    documents: int = 10
    # Measured: a child takes 0.3 to 1 s to be ready (1 s without bytecode), a public sample invoice 0.01 to 0.8 s.
    # The child stops turning pages after half of a document's 8 s, so only one that hangs within a page is killed;
    # two of those leave the others of their mail some time.
    seconds: float = 20.0
    document_seconds: float = 8.0
    # Measured as address space: 80 MB for the child with its PDF reader and any sample, 116 MB with a document of
    # 25 MB; the rest is for large pages. Two children at their limit still fit the 1.5 GB of the smallest worker.
    memory_bytes: int = 512 * 1024 * 1024
    children: int = 2
    # How many mails one child reads before it is replaced. Its start costs more than an average mail.
    mails_per_child: int = 1


class _Lost(Exception):
    """The child died, overran its time or answered nonsense."""


@dataclass(slots=True)
class _Child:
    process: Process
    mails: int = 0  # read before this one


class SubprocessDocuments:
    """Implements `ports.Documents`; `environment` is added to the child's otherwise empty one."""

    def __init__(self, limits: Limits | None = None, environment: Mapping[str, str] | None = None) -> None:
        self._limits = limits or Limits()
        self._environment = dict(environment or {})
        self._children = asyncio.Semaphore(self._limits.children)
        self._idle: list[_Child] = []
        self._is_complete = True

    async def close(self) -> None:
        """End the children that wait for more mails."""
        while self._idle:
            await _end(self._idle.pop().process)

    async def read(self, contents: Sequence[Content]) -> list[Document]:
        """Return one Document for each content, in order; never raises for what the bytes hold."""
        documents = [Document(content.name, Legibility.TOO_LARGE) for content in contents]
        small = [i for i, content in enumerate(contents) if len(content.data) <= self._limits.document_bytes]
        waiting = small[: self._limits.documents]
        for index in waiting:
            documents[index] = Document(contents[index].name, Legibility.UNREADABLE)
        if waiting:
            async with self._children:
                await self._read_within_time(contents, waiting, documents)
        return documents

    async def dangers(self, content: Content) -> tuple[Danger, ...]:
        """Say what a file, or what an archive holds, may do to whoever opens it; what overruns the limits is locked."""
        if len(content.data) > self._limits.document_bytes:
            return (Danger.LOCKED,)
        async with self._children:
            try:
                async with self._child() as child:
                    answer = await self._ask(child, FILE, content.data, self._limits.document_seconds)
                    return _dangers(answer)
            except _Lost:
                return (Danger.LOCKED,)

    async def read_report(self, mime: bytes) -> DeliveryReport | None:
        """Return what a mail's MIME source reports about a delivery, None where it holds no readable report."""
        # The report's own parts come before what it returns, so the head of a large one tells it all.
        head = mime[: self._limits.document_bytes]
        async with self._children:
            try:
                async with self._child() as child:
                    return _report(await self._ask(child, REPORT, head, self._limits.document_seconds))
            except _Lost:
                return None

    async def _read_within_time(
        self, contents: Sequence[Content], waiting: list[int], documents: list[Document]
    ) -> None:
        """Read one after the other; a document that kills its child is skipped, the rest go to a fresh one."""
        end = time.monotonic() + self._limits.seconds
        while waiting and time.monotonic() < end:
            try:
                async with self._child() as child:
                    is_fresh = child.mails == 0
                    while waiting:
                        index = waiting.pop(0)
                        left = min(self._limits.document_seconds, end - time.monotonic())
                        answer = await self._ask(child, DOCUMENT, contents[index].data, left)
                        documents[index] = _document(contents[index].name, answer)
            except _Lost:
                if not is_fresh:  # what an earlier mail left behind may have been the cause
                    waiting.insert(0, index)

    @asynccontextmanager
    async def _child(self) -> AsyncIterator[_Child]:
        """A child for one mail; kept for the next one unless anything went wrong, or it has served its time."""
        child = self._idle.pop() if self._idle else _Child(await self._start())
        is_sound = False
        try:
            yield child
            child.mails += 1
            is_sound = child.process.returncode is None and child.mails < self._limits.mails_per_child
        finally:
            if is_sound:
                self._idle.append(child)
            else:
                await asyncio.shield(asyncio.create_task(_end(child.process)))
                self._note_end(child.process.returncode)

    def _note_end(self, code: int | None) -> None:
        """Say once that a reader is no part of the package: no document is to blame, and none of its kind is read."""
        if code == INCOMPLETE and self._is_complete:
            self._is_complete = False
            log.error(
                "no PDF or no XML can be read: pypdf or defusedxml cannot be imported from %s; package the app anew "
                "with all that requirements.txt names",
                sys.executable,
            )

    async def _start(self) -> Process:
        """Start the child through a plain interpreter: the running program's own main module is not ours."""
        limits = self._limits
        patience = int(limits.document_seconds * 500)
        cpu = (int(limits.seconds) + 1) * limits.mails_per_child
        numbers = (limits.pages, limits.characters, patience, limits.memory_bytes, cpu)
        return await asyncio.create_subprocess_exec(
            sys.executable,
            *("-P", "-S", "-s", "-B", "-X", "utf8", "-m", "shared.adapters.document_worker"),
            *(str(number) for number in numbers),
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            env={"PYTHONPATH": _import_path(), **self._environment},
            cwd="/",
            start_new_session=True,
        )

    async def _ask(self, child: _Child, task: bytes, data: bytes, seconds: float) -> dict[str, object]:
        try:
            async with asyncio.timeout(seconds):
                return await self._exchange(child.process, task, data)
        except (TimeoutError, OSError, EOFError, ValueError) as error:
            raise _Lost from error

    async def _exchange(self, process: Process, task: bytes, data: bytes) -> dict[str, object]:
        requests, responses = process.stdin, process.stdout
        if requests is None or responses is None:
            raise EOFError
        requests.write(LENGTH.pack(len(data) + len(task)) + task)
        requests.write(data)
        await requests.drain()
        (length,) = LENGTH.unpack(await responses.readexactly(LENGTH.size))
        if length > self._limits.characters * _WORST_CHARACTER + _TREES + _ENVELOPE:
            raise ValueError("the answer is longer than any that the limits allow")
        answer = json.loads(await responses.readexactly(length))
        if not isinstance(answer, dict):
            raise ValueError("the answer is no object")  # noqa: TRY004  one family for every nonsense
        return answer


def _import_path() -> str:
    """The running interpreter's own path, so that packages mounted or added at start are found."""
    return os.pathsep.join(dict.fromkeys(str(Path(entry).absolute()) for entry in sys.path))


async def _end(process: Process) -> None:
    """Kill and reap, and read what is left so that both pipes are closed."""
    if process.returncode is None:
        process.kill()
    await process.communicate()


def _document(name: str, answer: dict[str, object]) -> Document:
    try:
        legibility = Legibility(str(answer["legibility"]))
        pages = _strings(answer["pages"])
        roots = [_element(node, "") for node in cast("list[list[object]]", answer["structured"])]
        embedded = _strings(answer["embedded"])
    except (KeyError, TypeError, ValueError) as error:
        raise _Lost from error
    is_xml = legibility is Legibility.TEXT and not pages
    found = [root for root in roots if is_xml or is_invoice(root)]
    structured = found[0] if found else None
    return Document(
        name, legibility, pages, structured, tuple(found[1:]), embedded, is_partial=answer.get("partial") is True
    )


def _strings(values: object) -> tuple[str, ...]:
    return tuple(str(value) for value in cast("list[object]", values))


def _element(node: list[object], inherited: str) -> Element:
    """A node of `xml_tree` as a value."""
    name, own, text, attributes, children = node
    namespace = inherited if own is None else str(own)
    return Element(
        str(name),
        namespace,
        str(text),
        tuple((str(key), str(value)) for key, value in cast("list[list[object]]", attributes)),
        tuple(_element(child, namespace) for child in cast("list[list[object]]", children)),
    )


def _dangers(answer: dict[str, object]) -> tuple[Danger, ...]:
    try:
        found = [Danger(str(danger)) for danger in cast("list[object]", answer["dangers"])]
        names = [str(name) for name in cast("list[object]", answer["names"])]
    except (KeyError, TypeError, ValueError) as error:
        raise _Lost from error
    within = [danger for name in names if (danger := danger_by_name(name))]
    return tuple(dict.fromkeys([*found, *within]))


def _report(answer: dict[str, object]) -> DeliveryReport | None:
    ids, recipients = answer.get("message_ids"), answer.get("recipients")
    if answer.get("found") is not True or not isinstance(ids, list) or not isinstance(recipients, list):
        return None
    return DeliveryReport(
        answer.get("failed") is True, tuple(map(str, ids)), str(answer.get("text", "")), tuple(map(str, recipients))
    )
