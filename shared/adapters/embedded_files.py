"""Files that a PDF carries, found within limits.

It runs in the child process of `document_worker`, and imports nothing of the application.
"""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from shared.adapters.xml_tree import Node, tree

if TYPE_CHECKING:
    from pypdf import PdfReader
    from pypdf.generic import EmbeddedFile

MOST_TREES = 3  # a file in each of two formats is seen; the rest is no invoice

_MOST_FILES = 500
_MOST_NODES = 200  # of the name tree
_MOST_ENTRIES = 2000  # looked at in a node, which may be full of what is no file
_LONGEST_NAME = 255
_BYTES = 25 * 1024 * 1024  # of one file, unpacked
_HEAD = 1024


class NotListed(Exception):
    """There are more files than anybody looks through, any of which could be a program."""


def embedded(reader: "PdfReader", end: float) -> tuple[list[str], list[Node]]:
    """The names of the files, and the trees of those that are XML, in the order of the PDF.

    It raises where the list is broken or overruns a limit, as what cannot be listed cannot be judged either.
    """
    names: list[str] = []
    trees: list[Node] = []
    for name, file in _files(reader):
        if len(names) >= _MOST_FILES:
            raise NotListed("too many files")
        names.append(name[-_LONGEST_NAME:])  # the end is what decides about a file
        if len(trees) < MOST_TREES and time.monotonic() < end:
            trees += _trees(file, end)
    return names, trees


def _trees(file: "EmbeddedFile", end: float) -> list[Node]:
    """The file as a tree, nothing where it is not in XML or cannot be read."""
    from pypdf import Configuration, apply_configuration  # noqa: PLC0415  as for PdfReader

    limits = Configuration(
        zlib_maximum_output_length=_BYTES,
        lzw_maximum_output_length=_BYTES,
        run_length_maximum_output_length=_BYTES,
        stream_decoding_work_maximum_length=4 * _BYTES,
    )
    try:
        with apply_configuration(limits):
            data = file.content
        return [tree(data, end)] if len(data) <= _BYTES and b"<" in data[:_HEAD] else []
    except Exception:  # noqa: BLE001  one bad file does not cost the others
        return []


def _files(reader: "PdfReader") -> Iterator[tuple[str, "EmbeddedFile"]]:
    """By the name tree (ISO 32000-1, 7.9.6 and 7.11.4), then those that are only associated (ISO 32000-2, 14.13)."""
    from pypdf.generic import DictionaryObject, EmbeddedFile  # noqa: PLC0415  as for PdfReader

    catalog = reader.root_object
    seen: set[int] = set()
    for key, value in (*_named(_resolved(catalog.get("/Names"))), *_associated(_resolved(catalog.get("/AF")))):
        specification = _resolved(value)
        if not isinstance(specification, DictionaryObject) or id(specification) in seen:
            continue
        seen.add(id(specification))
        file = EmbeddedFile(name=str(_resolved(key)), pdf_object=specification)
        yield str(file.alternative_name or file.name), file


def _named(names: object) -> Iterator[tuple[object, object]]:
    """The pairs of the tree's leaves; a tree that contains itself ends with its nodes seen once."""
    waiting = [_resolved(names.get("/EmbeddedFiles"))] if isinstance(names, dict) else []
    seen: set[int] = set()
    while waiting:
        node = waiting.pop(0)
        if not isinstance(node, dict) or id(node) in seen:
            continue
        if len(seen) >= _MOST_NODES:
            raise NotListed("too many nodes")
        seen.add(id(node))
        pairs = _list(node.get("/Names"))
        yield from zip(pairs[::2], pairs[1::2], strict=False)
        waiting += [_resolved(kid) for kid in _list(node.get("/Kids"))]


def _associated(files: object) -> Iterator[tuple[object, object]]:
    return (("", file) for file in _list(files))


def _list(value: object) -> list[object]:
    found = _resolved(value)
    if not isinstance(found, list):
        return []
    if len(found) > _MOST_ENTRIES:
        raise NotListed("too many entries")
    return list(found)


def _resolved(value: object) -> object:
    return value.get_object() if hasattr(value, "get_object") else value
