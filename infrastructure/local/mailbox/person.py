"""What a person does to a mail while the app works on it."""

from contextlib import suppress

from infrastructure.local.mailbox.errors import GraphError
from infrastructure.local.mailbox.exchange import Request
from infrastructure.local.mailbox.fault import Fault
from infrastructure.local.mailbox.folders import Folder
from infrastructure.local.mailbox.ids import Kind, decode
from infrastructure.local.mailbox.item import Item
from infrastructure.local.mailbox.store import Store

_MESSAGES = "messages"


class Person:
    """Somebody with the shared mailbox open, who waits for nobody's request."""

    def __init__(self, store: Store) -> None:
        """Work on store."""
        self._store = store

    def mail_of(self, request: Request) -> Item | None:
        """Return the mail whose id the path names, None where it names none that exists."""
        segments = list(request.segments())
        names = [segment.lower() for segment in segments]
        if _MESSAGES not in names[3:-1]:
            return None
        key = segments[names.index(_MESSAGES, 3) + 1]
        with suppress(GraphError):
            return self._store.item(self._store.mailbox(segments[2]), decode(key, request.id_format, Kind.MESSAGE).uid)
        return None

    def act(self, fault: Fault, item: Item) -> None:
        """Delete the mail for good, or move it."""
        with suppress(GraphError, FileNotFoundError):  # the request itself has taken it away meanwhile
            if fault.kind == "mail_deleted":
                self._store.remove(self._store.item(item.address, item.uid))
            else:
                self._store.move(item, self._folder(item.address, fault.options["folder"]))

    def _folder(self, address: str, name: str) -> Folder:
        root = Folder(address, "")
        found = (each for each in self._store.children(root) if each.name.casefold() == name.casefold())
        return next(found, None) or self._store.create_folder(root, name)
