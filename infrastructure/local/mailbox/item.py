"""A mail's identity and state in the mailbox: what its file cannot say itself."""

import hashlib
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from infrastructure.local.mailbox.ids import Id, IdFormat, encode

_SAMPLE = 16 * 1024


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What tells one state of a file from another without reading it."""

    device: int
    inode: int
    size: int
    modified: int

    @classmethod
    def of(cls, stat: os.stat_result) -> "Fingerprint":
        """Take the fingerprint from what the file system says."""
        return cls(stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns)

    @property
    def node(self) -> tuple[int, int]:
        """Return what a rename does not change."""
        return self.device, self.inode

    def same_content(self, other: "Fingerprint") -> bool:
        """Say whether two states look like the same bytes, also after a copy that kept the times."""
        return self.size == other.size and self.modified == other.modified


@dataclass(frozen=True, slots=True)
class Item:
    """One mail of the mailbox."""

    uid: str
    address: str
    folder: str
    name: str
    fingerprint: Fingerprint
    sample: str
    received: str
    order: int
    message_id: str = ""
    moves: int = 0
    is_read: bool = False
    categories: tuple[str, ...] = ()
    properties: dict[str, str] = field(default_factory=dict)
    changed: str = ""
    gone: bool = False
    outgoing: bool = False

    @property
    def place(self) -> tuple[str, str, str]:
        """Return where the file lies."""
        return self.address, self.folder, self.name

    @property
    def sort_key(self) -> tuple[str, int]:
        """Return the order of arrival."""
        return self.received, self.order

    def id_in(self, form: IdFormat) -> str:
        """Return the mail's id in the kind that the client prefers."""
        return encode(Id(self.uid, moves=self.moves), form)

    def to_json(self) -> dict[str, Any]:
        """Return what the sidecar file holds."""
        return asdict(self)

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> "Item":
        """Read back a sidecar file."""
        known = {name: raw[name] for name in cls.__slots__ if name in raw}
        known["fingerprint"] = Fingerprint(**raw["fingerprint"])
        known["categories"] = tuple(raw.get("categories", ()))
        return cls(**known)


def take_sample(path: Path, size: int) -> str:
    """Return a digest of a file's ends, enough to recognise a copy of it."""
    with path.open("rb") as file:
        head = file.read(_SAMPLE)
        if size > 2 * _SAMPLE:
            file.seek(-_SAMPLE, os.SEEK_END)
        tail = file.read(_SAMPLE)
    return hashlib.sha256(head + tail).hexdigest()[:32]
