"""The mailboxes of a directory: the one place that changes files, and knows which file is which mail."""

import itertools
import os
import re
import shutil
import threading
import uuid
from collections import OrderedDict, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

from infrastructure.local.mailbox import mail
from infrastructure.local.mailbox.arrivals import Arrivals
from infrastructure.local.mailbox.errors import folder_exists, invalid_user, item_not_found, unreadable_body
from infrastructure.local.mailbox.folders import NAME_BYTES, STANDARD, UNFIT, WELL_KNOWN, Folder, is_folder_name
from infrastructure.local.mailbox.ids import IdFormat, Kind, decode
from infrastructure.local.mailbox.index import Index
from infrastructure.local.mailbox.item import Fingerprint, Item, take_sample

_PARSED_KEPT = 2000
_STEM_BYTES = 120
_ADDRESS = re.compile(r'[^\s@/\\<>"\x00-\x1f.][^\s@/\\<>"\x00-\x1f]*@[^\s@/\\<>"\x00-\x1f]+')


def utc_now() -> str:
    """Return this second as Graph writes instants."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Store:
    """All mailboxes below one directory."""

    def __init__(self, root: Path) -> None:
        """Open the directory, making it if needed."""
        self.root = root
        self._work = root / ".mailbox" / "work"
        shutil.rmtree(self._work, ignore_errors=True)
        self._work.mkdir(parents=True)
        self._lock = threading.RLock()
        self._index = Index(root / ".mailbox" / "mails")
        self._arrivals = Arrivals(root, self._index, utc_now)
        self._parsed: OrderedDict[Fingerprint, mail.Parsed] = OrderedDict()
        self._busy: WeakValueDictionary[str, threading.Lock] = WeakValueDictionary()
        self._suffixes: dict[tuple[Path, str], int] = {}
        self._headers: dict[str, dict[str, tuple[Fingerprint, str | None]]] = defaultdict(dict)

    def mailbox(self, address: str) -> str:
        """Return the name of a mailbox's directory, or raise that there is no such user."""
        found = self._directory_of(address)
        if found is None:
            raise invalid_user(address)
        return found

    def mailbox_for(self, address: str) -> str:
        """Return a recipient's mailbox, making it if needed."""
        with self._lock:
            found = self._directory_of(address) or address
            (self.root / found / "Inbox").mkdir(parents=True, exist_ok=True)
            return found

    def _directory_of(self, address: str) -> str | None:
        if not is_address(address):
            return None
        wanted = address.casefold()
        with os.scandir(self.root) as entries:
            names = sorted(entry.name for entry in entries if entry.name.casefold() == wanted and entry.is_dir())
        return names[0] if names else None

    def children(self, parent: Folder) -> list[Folder]:
        """Return the folders in a folder by name; the standard ones are always there."""
        with self._lock:
            names = {name.casefold(): name for name in self._arrivals.subfolders(parent.address, parent.path)}
        if not parent.path:
            names = {name.casefold(): name for name in STANDARD} | names
        return [parent.child(names[key]) for key in sorted(names)]

    def folder(self, address: str, key: str) -> Folder:
        """Return the folder with this id or well-known name."""
        known = WELL_KNOWN.get(key.lower())
        if known is not None:
            return self._well_known(address, known)
        wanted = decode(key, IdFormat.DEFAULT, Kind.FOLDER) and key
        for folder in self.all_folders(address):
            if folder.id == wanted:
                return folder
        raise item_not_found()

    def _well_known(self, address: str, path: str) -> Folder:
        folder = Folder(address, "")
        for name in filter(None, path.split("/")):
            found = (each for each in self.children(folder) if each.name.casefold() == name.casefold())
            folder = next(found, None) or _raise_not_found()
        return folder

    def all_folders(self, address: str) -> Iterator[Folder]:
        """Return every folder of a mailbox, the root first."""
        waiting = [Folder(address, "")]
        while waiting:
            folder = waiting.pop()
            yield folder
            waiting += self.children(folder)

    def create_folder(self, parent: Folder, name: str) -> Folder:
        """Make a folder, or raise that it exists."""
        if not is_folder_name(name):
            raise unreadable_body(f"'{name}' cannot be the name of a folder in a directory.")
        with self._lock:
            if any(each.name.casefold() == name.casefold() for each in self.children(parent)):
                raise folder_exists()
            folder = parent.child(name)
            self._directory(folder).mkdir(parents=True)
            return folder

    def _directory(self, folder: Folder) -> Path:
        return self.root / folder.address / folder.path

    def items(self, folder: Folder) -> list[Item]:
        """Return the mails in one folder; the root stands for the whole mailbox."""
        folders = list(self.all_folders(folder.address)) if not folder.path else [folder]
        with self._lock:
            for each in folders:
                self._arrivals.scan(each.address, each.path)
            return [item for each in folders for item in self._index.in_folder(each.address, each.path)]

    def item(self, address: str, uid: str) -> Item:
        """Return a mail as it is on disk now, wherever in its mailbox a person has put it."""
        with self._lock:
            item = self._index.get(uid)
            if item is None or item.address != address:
                raise item_not_found()
            return item if self._arrivals.check(item) else self._find_again(item)

    def _find_again(self, item: Item) -> Item:
        if not item.gone:  # one that is known to be gone comes back only with a change of some folder
            self._arrivals.distrust(item.address, item.folder)
        for folder in self.all_folders(item.address):
            self._arrivals.scan(folder.address, folder.path)
        found = self._index.get(item.uid)
        if found is None or not self._arrivals.check(found):
            raise item_not_found()
        return found

    def path(self, item: Item) -> Path:
        """Return where a mail's file lies."""
        return self.root.joinpath(*item.place)

    def mail(self, item: Item) -> mail.Mail:
        """Return a reader of a mail; what was read of an unchanged file is not read again."""
        with self._lock:
            parsed = self._parsed.get(item.fingerprint)
        if parsed is None:
            parsed = mail.read(self.path(item))
        with self._lock:
            self._parsed[item.fingerprint] = parsed
            self._parsed.move_to_end(item.fingerprint)
            if len(self._parsed) > _PARSED_KEPT:
                self._parsed.popitem(last=False)
        return mail.Mail(self.path(item), parsed)

    def header(self, item: Item, name: str) -> str | None:
        """Return the first value of a header; a search asks every mail, so what a file says is kept."""
        known = self._headers[name].get(item.uid)
        if known is None or (known[0] is not item.fingerprint and known[0] != item.fingerprint):
            known = item.fingerprint, self.mail(item).headers.first(name)
            self._headers[name][item.uid] = known
        return known[1]

    def seconds_since_change(self, item: Item) -> float:
        """Return how long ago a mail came or changed, without end for what was so at the start."""
        return self._index.seconds_since_change(item)

    @contextmanager
    def exclusive(self, uid: str) -> Iterator[None]:
        """Let one request at a time change a mail."""
        with self._lock:
            lock = self._busy.setdefault(uid, threading.Lock())
        with lock:
            yield

    def scratch(self) -> Path:
        """Return the name of a new file that no folder shows."""
        return self._work / uuid.uuid4().hex

    def add(self, folder: Folder, stem: str, scratch: Path, **state: Any) -> Item:
        """Make a finished scratch file a mail of a folder."""
        fingerprint = Fingerprint.of(scratch.stat())
        sample = take_sample(scratch, fingerprint.size)
        message_id = mail.read(scratch).headers.get("Message-ID")
        directory = self._directory(folder)
        with self._lock:
            directory.mkdir(parents=True, exist_ok=True)
            name = self._free_name(directory, _clean_stem(stem))
            now, order = utc_now(), self._index.next_order()
            item = Item(
                uuid.uuid4().hex, folder.address, folder.path, name, fingerprint, sample, now, order, message_id,
                changed=now,
            )  # fmt: skip
            with self._arrivals.ours((folder.address, folder.path)):
                self._index.put(replace(item, **state))
                scratch.rename(directory / name)
            return replace(item, **state)

    def exchange(self, item: Item, scratch: Path, **state: Any) -> Item:
        """Put a finished scratch file in the place of a mail's file."""
        fingerprint = Fingerprint.of(scratch.stat())
        sample = take_sample(scratch, fingerprint.size)
        message_id = mail.read(scratch).headers.get("Message-ID")
        with self._lock:
            item = self.item(item.address, item.uid)
            changed = replace(
                item, fingerprint=fingerprint, sample=sample, message_id=message_id, changed=utc_now(), **state
            )
            with self._arrivals.ours((item.address, item.folder)):
                self._index.put(changed)
                scratch.replace(self.path(item))
            return changed

    def transfer(self, item: Item, folder: Folder, stem: str, scratch: Path, **state: Any) -> Item:
        """Put a finished scratch file into another folder as the same mail, and remove the old file."""
        with self._lock:
            moved = self.add(
                folder, stem, scratch, uid=item.uid, moves=item.moves + 1, categories=item.categories,
                properties=item.properties, **state,
            )  # fmt: skip
            with self._arrivals.ours((item.address, item.folder)):
                self.path(item).unlink(missing_ok=True)
            return moved

    def move(self, item: Item, folder: Folder) -> Item:
        """File a mail into a folder, keeping its file name where it can."""
        directory = self._directory(folder)
        with self._lock:
            item = self.item(item.address, item.uid)
            name = item.name
            directory.mkdir(parents=True, exist_ok=True)
            with self._arrivals.ours((item.address, item.folder), (folder.address, folder.path)):
                if folder.path != item.folder:
                    name = self._free_name(directory, Path(item.name).stem, Path(item.name).suffix)
                    try:
                        self.path(item).rename(directory / name)
                    except FileNotFoundError as error:
                        raise item_not_found() from error
                moved = replace(item, folder=folder.path, name=name, moves=item.moves + 1, changed=utc_now())
                return self._index.put(moved)

    def update(self, item: Item, **state: Any) -> Item:
        """Record a mail's changed state."""
        with self._lock:
            item = self.item(item.address, item.uid)
            return self._index.put(replace(item, changed=utc_now(), **state))

    def remove(self, item: Item) -> None:
        """Delete a mail for good."""
        with self._lock, suppress(FileNotFoundError), self._arrivals.ours((item.address, item.folder)):
            self.path(item).unlink()
            self._index.lose(item)

    def _free_name(self, directory: Path, stem: str, suffix: str = ".eml") -> str:
        if not (directory / f"{stem}{suffix}").exists():
            return f"{stem}{suffix}"
        stem = os.fsdecode(os.fsencode(stem)[:NAME_BYTES])  # leaves room for a number
        for number in itertools.count(self._suffixes.get((directory, stem), 2)):
            if not (directory / f"{stem}-{number}{suffix}").exists():
                self._suffixes[directory, stem] = number + 1
                return f"{stem}-{number}{suffix}"
        raise AssertionError  # the count does not end


def is_address(text: str) -> bool:
    """Say whether a mail can be sent there, and a directory can be called so."""
    return bool(_ADDRESS.fullmatch(text))


def _clean_stem(subject: str) -> str:
    stem = " ".join(UNFIT.sub(" ", subject).split()).strip(". ").encode("utf-8", "replace")[:_STEM_BYTES]
    return stem.decode("utf-8", "ignore").strip() or "No subject"


def _raise_not_found() -> Folder:
    raise item_not_found()
