"""HTML from text and text from HTML, as a mailbox shows one body in either form."""

import html
import re
from html.parser import HTMLParser

_BODY_OPEN = re.compile(r"<body\b[^>]*>", re.IGNORECASE)
_BODY_CLOSE = re.compile(r"</body\s*>", re.IGNORECASE)
_BREAKS = frozenset(
    {"br", "p", "div", "tr", "table", "li", "ul", "ol", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "blockquote", "pre"}
)
_CELLS = frozenset({"td", "th"})
_HIDDEN = frozenset({"script", "style", "head", "title"})
_SPACES = re.compile(r"[ \t\r\n\f]+")
_TAG = re.compile(r"<[^>]*>")
_BLANK_LINES = re.compile(r"\n{3,}")

PREFACE = '<html><head>\n<meta http-equiv="Content-Type" content="text/html; charset=utf-8"></head><body>\n'
CLOSING = "\n</body></html>"


def from_text(text: str) -> str:
    """Return plain text as the HTML page that Exchange makes of it."""
    lines = html.escape(text, quote=False).replace("\r\n", "\n").replace("\r", "\n")
    return f'{PREFACE}<div class="PlainText">{lines.replace(chr(10), "<br>" + chr(10))}</div>{CLOSING}'


def to_text(page: str) -> str:
    """Return what a person would read on an HTML page."""
    reader = _Reader()
    try:
        reader.feed(page)
        reader.close()
        seen = "".join(reader.pieces)
    except AssertionError:  # how html.parser ends on some broken declarations
        seen = html.unescape(_TAG.sub(" ", page))
    lines = [line.strip(" ") for line in seen.split("\n")]
    return _BLANK_LINES.sub("\n\n", "\n".join(lines)).strip().replace("\n", "\r\n")


def insert_before(page: str, addition: str) -> str:
    """Put HTML at the top of a page's body; a fragment becomes a page."""
    opening = _BODY_OPEN.search(page)
    if opening:
        return page[: opening.end()] + addition + page[opening.end() :]
    return PREFACE + addition + page + CLOSING


def append(page: str, addition: str) -> str:
    """Put HTML at the end of a page's body."""
    closings = list(_BODY_CLOSE.finditer(page))
    at = closings[-1].start() if closings else len(page)
    return page[:at] + addition + page[at:]


def fragment(page: str) -> str:
    """Return what stands between a page's body tags."""
    opening = _BODY_OPEN.search(page)
    inner = page[opening.end() :] if opening else page
    return _BODY_CLOSE.split(inner, maxsplit=1)[0]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._hidden = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        if tag == "body":
            self._hidden = ""
        elif tag in _HIDDEN and not self._hidden:
            self._hidden = tag
        elif tag in _BREAKS:
            self.pieces.append("\n")
        elif tag in _CELLS:
            self.pieces.append("\t")

    def handle_endtag(self, tag: str) -> None:
        if tag == self._hidden:
            self._hidden = ""
        elif tag in _BREAKS and tag != "br":
            self.pieces.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.pieces.append(_SPACES.sub(" ", data))
