"""Finding out what people did to the folders: mails dropped in, moved, copied, edited, deleted."""

import os
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from infrastructure.local.mailbox import mail
from infrastructure.local.mailbox.index import Index
from infrastructure.local.mailbox.item import Fingerprint, Item, take_sample

STEADY_SECONDS = 0.2
_SECOND = 1_000_000_000
# A folder changed this recently may change again within one tick of the file system's clock.
_RACY = _SECOND
# Looking through a large folder that keeps changing takes at most this part of the time.
_LARGE_SECONDS = 0.005
_SHARE = 1 / 20


@dataclass(slots=True)
class _Look:
    """What one look into a folder found."""

    modified: int = -1
    is_sure: bool = False
    seconds: float = 0
    ended: float = 0
    unsteady: dict[str, tuple[int, float]] = field(default_factory=dict)
    folders: tuple[str, ...] = ()

    def still_holds(self, modified: int) -> bool:
        """Say whether another look can wait: nothing changed, or too little time has passed since a long one."""
        if modified != self.modified or self.unsteady:
            return False
        is_recent = self.seconds > _LARGE_SECONDS and time.monotonic() - self.ended < self.seconds / _SHARE
        return self.is_sure or is_recent


class Arrivals:
    """Keeps the index true to the folders; a folder that did not change costs one stat."""

    def __init__(self, root: Path, index: Index, now: Callable[[], str]) -> None:
        """Watch the folders below root on request."""
        self._root = root
        self._index = index
        self._now = now
        self._looks: dict[tuple[str, str], _Look] = defaultdict(_Look)

    def subfolders(self, address: str, folder: str) -> tuple[str, ...]:
        """Return the names of the folders in a folder."""
        self.scan(address, folder)
        return self._looks[address, folder].folders

    def scan(self, address: str, folder: str) -> None:
        """Take in what happened to a folder since the last look."""
        look = self._looks[address, folder]
        began, started = time.time_ns(), time.monotonic()
        modified = self._modified(address, folder)
        if modified is None:
            self._close(address, folder)
            return
        if look.still_holds(modified):
            return
        present = self._take_in(address, folder, look)
        for item in self._index.in_folder(address, folder):
            if item.name not in present:
                self._index.lose(item)
        look.modified, look.is_sure = modified, began - modified > _RACY
        look.ended = time.monotonic()
        look.seconds = look.ended - started

    @contextmanager
    def ours(self, *places: tuple[str, str]) -> Iterator[None]:
        """Let the store, which tells the index itself, change folders without a need to look through them again."""
        known = [place for place in places if self._looks[place].modified == self._modified(*place)]
        yield
        for place in known:
            modified = self._modified(*place)
            if modified is not None:
                # A person's change in the same instant shows at the next look, so that is still due.
                self._looks[place].modified, self._looks[place].is_sure = modified, False

    def check(self, item: Item) -> bool:
        """Say whether a mail's file is still the one that the index knows."""
        try:
            return not item.gone and Fingerprint.of(self._path(item).stat()) == item.fingerprint
        except OSError:
            return False

    def distrust(self, address: str, folder: str) -> None:
        """Look at every file of a folder again next time: files edited in place do not touch their folder."""
        self._looks[address, folder].modified = -1

    def _modified(self, address: str, folder: str) -> int | None:
        try:
            return (self._root / address / folder).stat().st_mtime_ns
        except OSError:
            return None

    def _path(self, item: Item) -> Path:
        return self._root.joinpath(*item.place)

    def _close(self, address: str, folder: str) -> None:
        self._looks.pop((address, folder), None)
        for item in self._index.in_folder(address, folder):
            self._index.lose(item)

    def _take_in(self, address: str, folder: str, look: _Look) -> set[str]:
        present: set[str] = set()
        folders: list[str] = []
        strangers: list[tuple[int, str, Fingerprint]] = []
        with os.scandir(self._root / address / folder) as entries:
            for entry in entries:
                if entry.is_dir():
                    folders.append(entry.name)
                elif _is_mail_name(entry.name) and (fingerprint := _fingerprint(entry)):
                    present.add(entry.name)
                    known = self._index.at(address, folder, entry.name)
                    if known is None or known.fingerprint != fingerprint:
                        strangers.append((fingerprint.modified, entry.name, fingerprint))
        look.folders = tuple(sorted(name for name in folders if not name.startswith(".")))
        before, look.unsteady = look.unsteady, {}
        for _, name, fingerprint in sorted(strangers, key=lambda stranger: stranger[:2]):
            waited = before.get(name)
            if not self._recognise((address, folder, name), fingerprint) and not self._admit(
                (address, folder, name), fingerprint, waited
            ):
                same = waited is not None and waited[0] == fingerprint.size
                since = waited[1] if waited is not None and same else time.monotonic()
                look.unsteady[name] = (fingerprint.size, since)
        return present

    def _recognise(self, place: tuple[str, str, str], fingerprint: Fingerprint) -> bool:
        """Recognise a known file: renamed, or replaced by a copy of itself as a restore does."""
        here = self._index.at(*place)
        known = self._index.with_node(fingerprint)
        if known is not None and self._was_renamed(known, place, fingerprint):
            if here is not None and here.uid != known.uid:
                self._index.lose(here)
            self._adopt(known, place, fingerprint)
            return True
        if here is not None and here.fingerprint.same_content(fingerprint):
            self._adopt(here, place, fingerprint)
            return True
        return False

    def _was_renamed(self, known: Item, place: tuple[str, str, str], fingerprint: Fingerprint) -> bool:
        if known.address != place[0] or not known.fingerprint.same_content(fingerprint):
            return False
        return known.place == place or not self.check(known)

    def _adopt(self, item: Item, place: tuple[str, str, str], fingerprint: Fingerprint) -> None:
        address, folder, name = place
        moves = item.moves + (item.folder != folder)
        self._index.put(
            replace(
                item, address=address, folder=folder, name=name, fingerprint=fingerprint, moves=moves, gone=False,
                changed=self._now(),
            )
        )  # fmt: skip

    def _admit(self, place: tuple[str, str, str], fingerprint: Fingerprint, waited: tuple[int, float] | None) -> bool:
        """Take in a file that nobody knows, once it is steady."""
        if not _is_steady(fingerprint, waited):
            return False
        path = self._root.joinpath(*place)
        try:
            sample = take_sample(path, fingerprint.size)
            message_id = mail.read(path).headers.get("Message-ID")
        except OSError:
            return False
        here = self._index.at(*place)
        if here is not None and _is_edit(here, message_id, fingerprint):
            self._index.put(replace(here, fingerprint=fingerprint, sample=sample, changed=self._now()))
            return True
        twin = self._vanished_twin(place[0], fingerprint, sample)
        if here is not None:
            self._index.lose(here)
        if twin is not None:
            self._adopt(twin, place, fingerprint)
        else:
            self._index.put(self._new(place, fingerprint, sample, message_id))
        return True

    def _new(self, place: tuple[str, str, str], fingerprint: Fingerprint, sample: str, message_id: str) -> Item:
        now = self._now()
        order = self._index.next_order()
        return Item(uuid.uuid4().hex, *place, fingerprint, sample, now, order, message_id, changed=now)

    def _vanished_twin(self, address: str, fingerprint: Fingerprint, sample: str) -> Item | None:
        """Return the mail that moved here over file systems: same bytes and time, and gone from where it was."""
        for item in self._index.with_content(fingerprint.size, sample):
            same_second = item.fingerprint.modified // _SECOND == fingerprint.modified // _SECOND
            if item.address == address and same_second and not self.check(item):
                return item
        return None


def _is_mail_name(name: str) -> bool:
    return name.lower().endswith(".eml") and not name.startswith((".", "~"))


def _fingerprint(entry: os.DirEntry[str]) -> Fingerprint | None:
    try:
        return Fingerprint.of(entry.stat()) if entry.is_file() else None
    except OSError:
        return None


def _is_steady(fingerprint: Fingerprint, waited: tuple[int, float] | None) -> bool:
    age = time.time() - fingerprint.modified / _SECOND
    if age >= STEADY_SECONDS:
        return True
    return waited is not None and waited[0] == fingerprint.size and time.monotonic() - waited[1] >= STEADY_SECONDS


def _is_edit(known: Item, message_id: str, fingerprint: Fingerprint) -> bool:
    if known.message_id != message_id:
        return False
    return bool(message_id) or known.fingerprint.node == fingerprint.node
