"""XML of strangers as a small tree: the parts that a header is read from, within limits, and no document type.

It runs in the child process of `document_worker`, and imports nothing of the application.
"""

import codecs
import os
import re
import time
from dataclasses import dataclass, field

INCOMPLETE = 78  # the exit code for a package that is missing or broken; EX_CONFIG of sysexits.h
MOST_ELEMENTS = 20_000  # that are kept; a header with all its allowances, taxes and references has a few hundred
MOST_CHARACTERS = 300_000  # of all that is kept

_HEAD = 1024
_DEPTH = 64  # UBL, the deepest of the known ones, takes 12
_TEXT = 1000  # a longer text is a note or a file, and no fact
_ATTRIBUTES = 100
_CHUNK = 1 << 20  # a token that lies across chunks is scanned anew with each, so they are large (CVE-2023-52425)
_DECLARED = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s{0,5}=\s{0,5}["']([A-Za-z0-9._-]{1,40})["']""")
_MARKUP = re.compile(r"<(?:\?xml\b|!--|(?!html\b|!)[A-Za-z_])", re.IGNORECASE)
_ENCODINGS = re.compile(
    r"utf-?8|utf-?16(?:-?[lb]e)?|utf-?32(?:-?[lb]e)?|us-?ascii|iso-?8859-?\d{1,2}|windows-?125\d", re.IGNORECASE
)
_WIDE = re.compile(r"utf-?(?:16|32)", re.IGNORECASE)
_BEFORE = "\ufeff \t\r\n"  # what senders put before a declaration, though XML 1.0 allows nothing there
# Lines, files and signatures: what a document is mostly made of, and none of the header's business.
_BULK = frozenset({
    "InvoiceLine", "CreditNoteLine", "IncludedSupplyChainTradeLineItem", "DettaglioLinee", "DatiDDT",
    "Attachment", "Allegati", "EmbeddedDocumentBinaryObject", "AttachmentBinaryObject", "IncludedBinaryObject",
    "UBLExtensions", "Signature",
})  # fmt: skip

# A browser runs the scripts of what lies in these, whatever the file is called and whatever stands around it.
_PAGE_NAMESPACES = frozenset({"http://www.w3.org/1999/xhtml", "http://www.w3.org/2000/svg"})
_PAGES = frozenset({"html", "svg"})

Node = list[object]  # name, namespace or None where it is its parent's, text, pairs of attributes, nodes


class NotLegible(Exception):
    """The bytes are no XML, or more of it than the limits allow."""


def tree(data: bytes, end: float) -> Node:
    """The root of a document in XML; raises for whatever is not well-formed, has a DTD or overruns a limit."""
    return _parsed(_markup(data), end)


def _markup(data: bytes) -> str:
    text = (decoded(data) or "").lstrip(_BEFORE)
    if not _MARKUP.match(text):
        raise NotLegible("no markup")
    return text


def is_encoding(name: str) -> bool:
    """Whether a name is one of the encodings that documents and mails are read in."""
    return _ENCODINGS.fullmatch(name) is not None


def decoded(data: bytes) -> str | None:
    """The text by byte order mark, declaration or UTF-8, in this order (XML 1.0, appendix F)."""
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
        (b"<\0?\0", "utf-16-le"),
        (b"\0<\0?", "utf-16-be"),
    ):
        if data.startswith(mark):
            return data.decode(encoding)
    declared = _DECLARED.match(data[:_HEAD].lstrip())
    encoding = declared[1].decode("ascii") if declared else "utf-8"
    if _WIDE.match(encoding):
        encoding = "utf-8"  # a declaration in single bytes cannot be right about this; .NET writes such ones
    return data.decode(encoding) if is_encoding(encoding) else None


def _parsed(text: str, end: float) -> Node:
    try:
        from defusedxml.ElementTree import XMLParser  # noqa: PLC0415  only documents in XML pay for it
    except ImportError:
        os._exit(INCOMPLETE)  # or every XML would look as if it were at fault itself
    parser = XMLParser(target=_Builder(), forbid_dtd=True, forbid_entities=True, forbid_external=True)
    for start in range(0, len(text), _CHUNK):
        if time.monotonic() > end:
            raise NotLegible("too slow")
        parser.feed(text[start : start + _CHUNK])
    root = parser.close()
    if not isinstance(root, list):
        raise NotLegible("no root")
    return root


@dataclass(slots=True)
class _Open:
    """An element whose end has not come yet."""

    node: Node
    namespace: str
    children: list[Node]
    pieces: list[str] = field(default_factory=list)
    length: int = 0  # of all its pieces


class _Builder:
    """Builds nodes from a parser's events; what is in bulk is counted by depth and never held."""

    def __init__(self) -> None:
        self._open: list[_Open] = []
        self._skipped = 0
        self._root: Node | None = None
        self._elements = MOST_ELEMENTS
        self._characters = MOST_CHARACTERS

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        namespace, _, name = tag.removeprefix("{").rpartition("}")
        if len(self._open) + self._skipped >= _DEPTH:
            raise NotLegible("too deep")
        if namespace in _PAGE_NAMESPACES or (self._root is None and name.lower() in _PAGES):
            raise NotLegible("a page for a browser")
        if self._skipped or (self._open and name in _BULK):
            self._skipped += 1
            return
        is_inherited = bool(self._open) and self._open[-1].namespace == namespace
        children: list[Node] = []
        node: Node = [name, None if is_inherited else namespace, "", self._kept(attributes), children]
        self._pay(len(name) + (0 if is_inherited else len(namespace)), elements=1)
        if self._open:
            self._open[-1].children.append(node)
        else:
            self._root = node
        self._open.append(_Open(node, namespace, children))

    def data(self, text: str) -> None:
        if self._skipped or not self._open:
            return
        element = self._open[-1]
        if element.length <= _TEXT:
            element.pieces.append(text)
        element.length += len(text)

    def end(self, _tag: str) -> None:
        if self._skipped:
            self._skipped -= 1
            return
        element = self._open.pop()
        text = " ".join("".join(element.pieces).split()) if element.length <= _TEXT else ""
        self._pay(len(text))
        element.node[2] = text

    def close(self) -> Node | None:
        return self._root

    def _kept(self, attributes: dict[str, str]) -> list[list[str]]:
        """Attributes by local name; where a schema lies is of no use, and its addresses are long."""
        if len(attributes) > _ATTRIBUTES:
            raise NotLegible("too many attributes")
        kept = [[key.rpartition("}")[2], value] for key, value in attributes.items() if len(value) <= _TEXT]
        kept = [pair for pair in kept if not pair[0].endswith("chemaLocation")]
        self._pay(sum(len(key) + len(value) for key, value in kept))
        return kept

    def _pay(self, characters: int, elements: int = 0) -> None:
        self._characters -= characters
        self._elements -= elements
        if self._characters < 0 or self._elements < 0:
            raise NotLegible("too much of it")
