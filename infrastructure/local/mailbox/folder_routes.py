"""The mailFolders endpoints."""

from collections.abc import Callable, Mapping

from infrastructure.local.mailbox import query
from infrastructure.local.mailbox.errors import (
    bad_request,
    not_emulated,
    unknown_field,
    unknown_property,
    unreadable_body,
)
from infrastructure.local.mailbox.exchange import Request, Response, collection, encode_query, json_response
from infrastructure.local.mailbox.folders import ROOT, Folder
from infrastructure.local.mailbox.item import Item
from infrastructure.local.mailbox.listing import decode_token, encode_token
from infrastructure.local.mailbox.store import Store

_CREATED = 201


class FolderRoutes:
    """Answers for folders of one store."""

    def __init__(self, store: Store) -> None:
        """Answer from store."""
        self._store = store
        self._fields: dict[str, Callable[[Folder], object]] = {
            "id": lambda folder: folder.id,
            "displayName": lambda folder: folder.name,
            "parentFolderId": lambda folder: folder.parent.id,
            "childFolderCount": lambda folder: len(store.children(folder)),
            "unreadItemCount": lambda folder: sum(not item.is_read for item in self._own(folder)),
            "totalItemCount": lambda folder: len(self._own(folder)),
            "sizeInBytes": lambda folder: sum(item.fingerprint.size for item in self._own(folder)),
            "isHidden": lambda _: False,
        }

    def list_top(self, request: Request, address: str) -> Response:
        """GET mailFolders."""
        return self.list_children(request, address, ROOT)

    def create_top(self, request: Request, address: str) -> Response:
        """POST mailFolders."""
        return self.create(request, address, ROOT)

    def get(self, request: Request, address: str, key: str) -> Response:
        """GET mailFolders/{id}."""
        options = query.parse_options(request.query)
        query.allow(options, "$select")
        select = self._selected(options)
        shown = self._show(self._store.folder(address, key), select)
        context = f"{request.origin}/v1.0/$metadata#users('{address}')/mailFolders/$entity"
        return json_response({"@odata.context": context} | shown)

    def list_children(self, request: Request, address: str, key: str) -> Response:
        """GET mailFolders/{id}/childFolders."""
        options = query.parse_options(request.query)
        query.allow(options, "$select", "$top", "$filter", "$skip", "$skiptoken")
        select, top, skip = self._selected(options), query.top_of(options), query.skip_of(options)
        after = str(decode_token(options["$skiptoken"], str)[0]) if "$skiptoken" in options else ""
        wanted = _wanted_name(options)
        matching = [
            folder
            for folder in self._store.children(self._store.folder(address, key))
            if folder.name.casefold() > after and (wanted is None or folder.name.casefold() == wanted)
        ]
        page = matching[skip : skip + top]
        following = None
        if len(matching) > skip + top:
            kept = {name: value for name, value in options.items() if name not in ("$skip", "$skiptoken")}
            following = encode_query(kept | {"$skiptoken": encode_token([page[-1].name.casefold()])})
        shown = [self._show(folder, select) for folder in page]
        return collection(request, f"users('{address}')/mailFolders", shown, following)

    def create(self, request: Request, address: str, key: str) -> Response:
        """POST mailFolders/{id}/childFolders."""
        query.allow(query.parse_options(request.query))
        raw = request.json()
        for name in raw:
            if name not in ("displayName", "isHidden"):
                raise unknown_field(name, "mailFolder")
        wanted = raw.get("displayName")
        if not isinstance(wanted, str):
            raise unreadable_body("A folder needs a displayName.")
        folder = self._store.create_folder(self._store.folder(address, key), wanted)
        return json_response(self._show(folder, None), _CREATED)

    def _own(self, folder: Folder) -> list[Item]:
        return [item for item in self._store.items(folder) if item.folder == folder.path]

    def _selected(self, options: Mapping[str, str]) -> tuple[str, ...] | None:
        select = query.names_of(options.get("$select"))
        for name in select or ():
            if name not in self._fields:
                raise unknown_property(name, "mailFolder")
        return select

    def _show(self, folder: Folder, select: tuple[str, ...] | None) -> dict[str, object]:
        return {name: self._fields[name](folder) for name in dict.fromkeys(["id", *(select or self._fields)])}


def _wanted_name(options: Mapping[str, str]) -> str | None:
    conditions = query.filter_of(options.get("$filter"))
    if not conditions:
        return None
    if len(conditions) > 1 or conditions[0].operator != "eq":
        raise not_emulated("this $filter on folders")
    if conditions[0].path != "displayName":
        raise unknown_property(conditions[0].path, "mailFolder")
    if not conditions[0].is_text:
        raise bad_request("Invalid filter clause: displayName is compared with a string.")
    return conditions[0].literal.casefold()
