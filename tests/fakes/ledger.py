"""The ledger as dictionaries of columns, so that every row goes through its serialisation."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from enum import Enum
from typing import Any

from shared.domain.open_entry import OpenEntry
from shared.domain.transaction import Event, Key, Transaction
from shared.ports import Conflict
from tests.fakes.trouble import Fallible

LONGEST_TEXT = 32 * 1024  # UTF-16 units of a text column
REFERENCE = 12


class FakeLedger(Fallible):
    """Implements the Ledger port."""

    def __init__(self) -> None:
        super().__init__()
        self._columns: dict[Key, dict[str, Any]] = {}
        self._etags: dict[Key, str] = {}
        self._events: dict[Key, dict[int, Event]] = {}
        self._open: dict[str, OpenEntry] = {}
        self._references: dict[str, Key] = {}
        self._writes = 0

    @property
    def keys(self) -> list[Key]:
        """The keys of all rows, in the order of their insertion."""
        return list(self._columns)

    @property
    def open(self) -> dict[Key, OpenEntry]:
        """The open entries by the key of their transaction."""
        return {entry.key: entry for entry in self._open.values()}

    def row(self, key: Key) -> Transaction:
        """The row as it is now; a KeyError where there is none."""
        return self._read(key)

    def history(self, key: Key) -> list[Event]:
        """The events of a transaction, in order."""
        return [event for _, event in sorted(self._events[key].items())]

    def columns(self, key: Key) -> dict[str, Any]:
        """The row as the table holds it, unknown columns included."""
        return dict(self._columns[key])

    def put(self, row: Transaction) -> Transaction:
        """Arrange a row in any state, without an event; returns it with its ETag."""
        self._store(row.key, _stored(row.to_columns()))
        self._events.setdefault(row.key, {})
        return self._read(row.key)

    def edit_by_person(self, key: Key, **columns: Any) -> None:
        """Change columns behind the app's back; the ETag changes as with any write."""
        self._store(key, _stored(columns))

    def arrange_open(self, *entries: OpenEntry) -> None:
        """Arrange open entries."""
        self._open.update({entry.key.transaction_id: entry for entry in entries})

    def lose_open_entry(self, key: Key) -> None:
        """Take an open entry away without a trace."""
        self._open.pop(key.transaction_id, None)

    def delete_row_by_person(self, key: Key) -> None:
        """Delete a row alone, as in a table browser: its events are rows of their own, and stay."""
        del self._columns[key], self._etags[key]

    def lose(self, key: Key) -> None:
        """Take a row and its history away; the index of markers is another table."""
        self.delete_row_by_person(key)
        del self._events[key]

    async def get(self, key: Key) -> Transaction | None:
        async with self._call("get"):
            return self._read(key) if key in self._columns else None

    async def insert(self, row: Transaction, event: Event) -> bool:
        async with self._call("insert"):
            if row.key in self._columns:
                return False
            events = self._events.setdefault(row.key, {})
            if row.revision in events:
                row = row.model_copy(update={"revision": max(events) + 1})
            self._store(row.key, _stored(row.to_columns()), event)
            events[row.revision] = event
            return True

    async def update(self, row: Transaction, event: Event) -> Transaction:
        async with self._call("update"):
            if self._etags.get(row.key) != row.etag:
                raise Conflict(f"transaction {row.transaction_id} was written by somebody else")
            if row.revision in (events := self._events[row.key]):
                row = row.model_copy(update={"revision": max(events) + 1})
            self._store(row.key, _stored(row.to_columns()), event)
            self._events[row.key][row.revision] = event
            return row.model_copy(update={"etag": self._etags[row.key]})

    async def open_entries(self) -> Sequence[OpenEntry]:
        async with self._call("open_entries"):
            return [entry for _, entry in sorted(self._open.items())]

    async def put_open(self, entry: OpenEntry) -> None:
        async with self._call("put_open"):
            self._open[entry.key.transaction_id] = entry

    async def postpone(self, key: Key, mail_id: str, not_before: datetime) -> None:
        async with self._call("postpone"):
            known = self._open.get(key.transaction_id, OpenEntry(key, mail_id, not_before))
            self._open[key.transaction_id] = replace(known, mail_id=mail_id, not_before=not_before, waiting=True)

    async def close(self, key: Key) -> None:
        async with self._call("close"):
            self._open.pop(key.transaction_id, None)

    async def index_marker(self, key: Key) -> bool:
        async with self._call("index_marker"):
            is_new = key.transaction_id not in self._references
            self._references[key.transaction_id] = key
            return is_new

    async def by_reference(self, reference: str) -> Sequence[Key]:
        async with self._call("by_reference"):
            if len(reference) < REFERENCE:
                return []
            return [key for id_, key in sorted(self._references.items()) if id_.startswith(reference)]

    def _read(self, key: Key) -> Transaction:
        columns = {"PartitionKey": key.partition, "RowKey": key.transaction_id, **self._columns[key]}
        return Transaction.from_columns(columns).model_copy(update={"etag": self._etags[key]})

    def _store(self, key: Key, columns: Mapping[str, Any], event: Event | None = None) -> None:
        """Merge, as the table does: a column that is not named keeps its value; with its event or not at all."""
        _stored(asdict(event) if event else {})
        self._writes += 1
        self._columns[key] = {**self._columns.get(key, {}), **columns}
        self._etags[key] = f'W/"{self._writes}"'


def _stored(columns: Mapping[str, Any]) -> dict[str, Any]:
    """The columns as the table service keeps them; a None is not sent, so a merge leaves the old value."""
    return {name: _value(name, value) for name, value in columns.items() if value is not None}


def _value(name: str, value: Any) -> Any:
    plain = value.value if isinstance(value, Enum) else value
    if not isinstance(plain, str | bool | int | datetime):
        raise TypeError(f"column {name} cannot hold a {type(value).__name__}")
    if isinstance(plain, str) and (units := len(plain.encode("utf-16-le", "surrogatepass")) // 2) > LONGEST_TEXT:
        raise ValueError(f"column {name} holds {units} UTF-16 units")
    return plain
