"""Folders: the names people see, the names that Graph fixes, and their ids."""

import re
from dataclasses import dataclass
from functools import lru_cache

from infrastructure.local.mailbox.ids import folder_id

ROOT = "msgfolderroot"
INBOX, DRAFTS, SENT, DELETED = "Inbox", "Drafts", "Sent Items", "Deleted Items"

WELL_KNOWN = {
    "archive": "Archive",
    "clutter": "Clutter",
    "conflicts": "Sync Issues/Conflicts",
    "conversationhistory": "Conversation History",
    "deleteditems": DELETED,
    "drafts": DRAFTS,
    "inbox": INBOX,
    "junkemail": "Junk Email",
    "localfailures": "Sync Issues/Local Failures",
    "outbox": "Outbox",
    "scheduled": "Scheduled",
    "sentitems": SENT,
    "serverfailures": "Sync Issues/Server Failures",
    "syncissues": "Sync Issues",
    ROOT: "",
}
# Every mailbox has these, whether or not anything lies in them.
STANDARD = ("Archive", DELETED, DRAFTS, INBOX, "Junk Email", "Outbox", SENT)

NAME_BYTES = 200
# What no file or folder name may hold, on any system that people copy mails to.
UNFIT = re.compile(r'[\ud800-\udfff\x00-\x1f\x7f/\\:*?"<>|]+')


@dataclass(frozen=True, slots=True)
class Folder:
    """One folder of a mailbox; the root's path is empty."""

    address: str
    path: str

    @property
    def id(self) -> str:
        """Return the id, constant as long as the folder keeps its name."""
        return cached_id(self.address, self.path)

    @property
    def parent(self) -> "Folder":
        """Return the folder that holds this one; the root holds itself."""
        return Folder(self.address, self.path.rpartition("/")[0])

    @property
    def name(self) -> str:
        """Return the name people see."""
        return self.path.rpartition("/")[2] or "Top of Information Store"

    def child(self, name: str) -> "Folder":
        """Return the folder of this name below this one."""
        return Folder(self.address, f"{self.path}/{name}" if self.path else name)


def is_folder_name(name: str) -> bool:
    """Say whether a folder can be called so, here where it is a directory."""
    fits = 0 < len(name.encode("utf-8", "replace")) <= NAME_BYTES and name == name.strip()
    return fits and not name.startswith(".") and not UNFIT.search(name)


@lru_cache(maxsize=4096)
def cached_id(address: str, path: str) -> str:
    """Return a folder's id; asked for with every mail shown."""
    return folder_id(address, path)
