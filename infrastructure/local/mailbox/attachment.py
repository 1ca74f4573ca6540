"""An attachment as Graph's attachment resource."""

import base64
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from infrastructure.local.mailbox.errors import item_not_found, unknown_property
from infrastructure.local.mailbox.ids import Id, IdFormat, Kind, decode, encode
from infrastructure.local.mailbox.item import Item
from infrastructure.local.mailbox.mail import Attachment, Mail

_CAST = "microsoft.graph.fileAttachment/"
_COMMON = ("id", "lastModifiedDateTime", "name", "contentType", "size", "isInline")
_FILE = ("contentId", "contentLocation", "contentBytes")


@dataclass(frozen=True, slots=True)
class _View:
    item: Item
    mail: Mail
    attachment: Attachment
    form: IdFormat


def check(select: tuple[str, ...] | None) -> None:
    """Refuse names that the base type does not have; a file's own need their cast."""
    for name in select or ():
        if name not in _COMMON and not (name.startswith(_CAST) and name.removeprefix(_CAST) in _FILE):
            raise unknown_property(name, "attachment")


def render(
    item: Item, mail: Mail, attachment: Attachment, form: IdFormat, select: tuple[str, ...] | None
) -> dict[str, object]:
    """Return an attachment; a file's bytes are read only where they are shown or counted."""
    view = _View(item, mail, attachment, form)
    shown: dict[str, object] = {"@odata.type": f"#microsoft.graph.{attachment.kind}Attachment"}
    if attachment.kind == "file":
        shown["@odata.mediaContentType"] = attachment.part.content_type
    for name in dict.fromkeys(["id", *_chosen(attachment, select)]):
        shown[name] = _VALUES[name](view)
    return shown


def find(item: Item, mail: Mail, attachment_id: str, form: IdFormat) -> Attachment:
    """Return the attachment with this id, or raise that it is not one of this mail's."""
    wanted = decode(attachment_id, form, Kind.ATTACHMENT)
    is_ours = wanted.uid == item.uid and (form is IdFormat.IMMUTABLE or wanted.moves == item.moves)
    if not is_ours or wanted.part >= len(mail.attachments):
        raise item_not_found()
    return mail.attachments[wanted.part]


def _chosen(attachment: Attachment, select: tuple[str, ...] | None) -> Iterable[str]:
    names = (*_COMMON, *_FILE) if select is None else tuple(name.removeprefix(_CAST) for name in select)
    return names if attachment.kind == "file" else (name for name in names if name not in _FILE)


_VALUES: dict[str, Callable[[_View], object]] = {
    "id": lambda view: encode(Id(view.item.uid, Kind.ATTACHMENT, view.item.moves, view.attachment.number), view.form),
    "name": lambda view: view.attachment.name,
    "contentType": lambda view: view.attachment.part.content_type if view.attachment.kind == "file" else None,
    "size": lambda view: view.mail.size(view.attachment),
    "isInline": lambda view: view.attachment.is_inline,
    "lastModifiedDateTime": lambda view: view.item.received,
    "contentId": lambda view: view.attachment.content_id,
    "contentLocation": lambda _: None,
    "contentBytes": lambda view: base64.b64encode(view.mail.content(view.attachment)).decode("ascii"),
}
