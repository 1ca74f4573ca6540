"""Folders: the names people see, the names that Graph fixes, and their ids."""

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


@lru_cache(maxsize=4096)
def cached_id(address: str, path: str) -> str:
    """Return a folder's id; asked for with every mail shown."""
    return folder_id(address, path)
