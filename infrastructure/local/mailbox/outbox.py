"""Sending: copies for the recipients, one for the sender, and the ways in which that goes wrong unseen."""

from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path

from infrastructure.local.mailbox import bounce, compose
from infrastructure.local.mailbox.errors import GraphError, invalid_recipients
from infrastructure.local.mailbox.folders import INBOX, SENT, Folder
from infrastructure.local.mailbox.item import Item
from infrastructure.local.mailbox.later import Later
from infrastructure.local.mailbox.mail import Mail
from infrastructure.local.mailbox.store import Store, is_address
from infrastructure.local.mailbox.whims import Whims

_SENT_STATE: Mapping[str, bool] = {"is_read": True, "outgoing": True}


class Outbox:
    """Takes drafts of one store and makes them sent mails."""

    def __init__(self, store: Store, later: Later) -> None:
        """Work on store; what happens after the answer is left to later."""
        self._store = store
        self._later = later

    def send(self, item: Item, mail: Mail, whims: Whims) -> None:
        """Send a draft; its mail is the caller's alone meanwhile."""
        recipients = _recipients(mail)
        sent = self._store.scratch()
        compose.write_sent(sent, item, mail, is_delivery=False)
        refusal = whims.take("bounce")
        if refusal is None:
            self._deliver(item, mail, recipients)
            self._file(item, mail.subject, sent, whims)
            return
        report = self._store.scratch()
        bounce.write_report(report, item, Mail.of(sent), recipients, refusal.fault.options["status_code"])
        self._file(item, mail.subject, sent, whims)
        returned = partial(self._store.add, Folder(item.address, INBOX), f"Undeliverable {mail.subject}", report)
        self._later.after(refusal.fault.options["seconds"], returned)

    def submit(self, address: str, mime: bytes) -> None:
        """Send a mail that was never a draft; the sender keeps a copy."""
        file = self._store.scratch()
        file.write_bytes(mime)
        mail = Mail.of(file)
        for recipient in _recipients(mail):
            copy = self._store.scratch()
            copy.write_bytes(mime)
            self._store.add(Folder(self._store.mailbox_for(recipient), INBOX), mail.subject, copy)
        self._store.add(Folder(address, SENT), mail.subject, file, **_SENT_STATE)

    def _deliver(self, item: Item, mail: Mail, recipients: list[str]) -> None:
        copies = [(self._store.mailbox_for(each), self._store.scratch()) for each in recipients]
        for _, copy in copies:
            compose.write_sent(copy, item, mail, is_delivery=True)
        for address, copy in copies:
            self._store.add(Folder(address, INBOX), mail.subject, copy)

    def _file(self, item: Item, subject: str, sent: Path, whims: Whims) -> None:
        """Make the draft a sent mail: now, or after a while in which it is neither."""
        keeps_id = whims.take("draft_gone") is None
        late = whims.take("sent_late", applies=lambda fault: fault.options["seconds"] > 0)
        if late is None:
            self._finish(item, subject, sent, keeps_id=keeps_id)
            return
        if not late.fault.options["draft_stays"]:
            self._store.remove(item)

        appear = partial(self._finish_alone, item, subject, sent, keeps_id=keeps_id)
        self._later.after(late.fault.options["seconds"], appear)

    def _finish_alone(self, item: Item, subject: str, sent: Path, *, keeps_id: bool) -> None:
        with self._store.exclusive(item.uid):
            self._finish(item, subject, sent, keeps_id=keeps_id)

    def _finish(self, item: Item, subject: str, sent: Path, *, keeps_id: bool) -> None:
        folder = Folder(item.address, SENT)
        current = self._current(item)
        draft = current if current is not None and self._store.mail(current).is_draft else None
        if draft is not None and keeps_id:
            self._store.transfer(draft, folder, subject, sent, **_SENT_STATE)
            return
        identity = {"uid": item.uid, "moves": item.moves + 1} if current is None and keeps_id else {}
        self._store.add(
            folder, subject, sent, categories=item.categories, properties=item.properties, **identity, **_SENT_STATE
        )
        if draft is not None:
            self._store.remove(draft)

    def _current(self, item: Item) -> Item | None:
        with suppress(GraphError):
            return self._store.item(item.address, item.uid)
        return None


def _recipients(mail: Mail) -> list[str]:
    """Everybody whom a mail goes to, once each; or raise that one of them is no address."""
    recipients = [each.address for name in ("To", "Cc", "Bcc") for each in mail.addresses(name)]
    if not recipients or not all(is_address(each) for each in recipients):
        raise invalid_recipients()
    return list(dict.fromkeys(recipients))
