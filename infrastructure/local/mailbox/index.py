"""The index of mails: in memory by every key that is asked for, on disk one small file per mail."""

import json
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from infrastructure.local.mailbox.item import Fingerprint, Item


class Index:
    """All mails ever seen, also those whose file is gone: a file may come back."""

    def __init__(self, directory: Path) -> None:
        """Load the sidecar files in directory."""
        self._directory = directory
        self._items: dict[str, Item] = {}
        self._by_place: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
        self._by_node: dict[tuple[int, int], str] = {}
        self._by_content: dict[tuple[int, str], set[str]] = defaultdict(set)
        self._touched: dict[str, float] = {}
        self._last_order = 0
        directory.mkdir(parents=True, exist_ok=True)
        for path in directory.glob("*.json"):
            self._load(path)

    def _load(self, path: Path) -> None:
        try:
            item = Item.from_json(json.loads(path.read_text(encoding="utf-8")))
        except (ValueError, KeyError, TypeError):
            return  # written by something else; the mail gets a new id
        self._remember(item)

    def next_order(self) -> int:
        """Return a number above all given out so far."""
        self._last_order += 1
        return self._last_order

    def get(self, uid: str) -> Item | None:
        """Return the mail with this identity."""
        return self._items.get(uid)

    def at(self, address: str, folder: str, name: str) -> Item | None:
        """Return the mail that was last seen at this place."""
        uid = self._by_place[address, folder].get(name)
        return self._items[uid] if uid else None

    def in_folder(self, address: str, folder: str) -> list[Item]:
        """Return the mails of one folder."""
        return [self._items[uid] for uid in self._by_place[address, folder].values()]

    def with_node(self, fingerprint: Fingerprint) -> Item | None:
        """Return the mail that was last seen in this inode."""
        uid = self._by_node.get(fingerprint.node)
        return self._items[uid] if uid else None

    def with_content(self, size: int, sample: str) -> Iterator[Item]:
        """Return the mails whose files have this many bytes and this sample."""
        return (self._items[uid] for uid in sorted(self._by_content.get((size, sample), ())))

    def seconds_since_change(self, item: Item) -> float:
        """Return how long ago a mail came or changed, without end for what was so at the start."""
        return time.monotonic() - self._touched.get(item.uid, float("-inf"))

    def put(self, item: Item) -> Item:
        """Record a new or changed mail, on disk first, by atomic replace."""
        target = self._directory / f"{item.uid}.json"
        draft = target.with_suffix(".tmp")
        draft.write_text(json.dumps(item.to_json()), encoding="ascii")
        draft.replace(target)
        self._touched[item.uid] = time.monotonic()
        self._remember(item)
        return item

    def lose(self, item: Item) -> None:
        """Note that a mail's file is not at its place any more; its identity stays known."""
        self.put(replace(item, gone=True))

    def _vacate(self, item: Item) -> None:
        names = self._by_place[item.address, item.folder]
        if names.get(item.name) == item.uid:
            del names[item.name]

    def _remember(self, item: Item) -> None:
        before = self._items.get(item.uid)
        if before is not None:
            self._vacate(before)
            self._by_content[before.fingerprint.size, before.sample].discard(item.uid)
            if self._by_node.get(before.fingerprint.node) == item.uid:
                del self._by_node[before.fingerprint.node]
        self._items[item.uid] = item
        if not item.gone:
            self._by_place[item.address, item.folder][item.name] = item.uid
        self._by_node[item.fingerprint.node] = item.uid
        self._by_content[item.fingerprint.size, item.sample].add(item.uid)
        self._last_order = max(self._last_order, item.order)
