"""Text out of bytes whose charset is missing, wrong or unknown."""

import binascii
import re
from urllib.parse import unquote_to_bytes

# Names that mail uses and Python does not know, or where mail means a superset.
_MEANT = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "iso-8859-8-i": "iso-8859-8",
    "ks_c_5601-1987": "cp949",
    "shift_jis": "cp932",
    "unicode-1-1-utf-7": "utf-7",
    "us-ascii": "cp1252",
    "ascii": "cp1252",
    "iso-8859-1": "cp1252",
}
_WORD = re.compile(r"=\?([^?*\s]*)(?:\*[^?]*)?\?([bBqQ])\?([^?]*)\?=")
_BETWEEN_WORDS = re.compile(r"(=\?[^?\s]*\?[bBqQ]\?[^?]*\?=)[ \t\r\n]+(?==\?[^?\s]*\?[bBqQ]\?[^?]*\?=)")
_UNSAFE_ALPHABET = re.compile(rb"[^A-Za-z0-9+/]")
_FULL_GROUP = 4
_EXTENDED_PARTS = 3


def decode_text(raw: bytes, charset: str = "") -> str:
    """Return the text of these bytes, never failing: the named charset, else UTF-8, else Windows-1252."""
    for name in (_MEANT.get(charset.strip().lower(), charset.strip()), "utf-8"):
        if name:
            try:
                return raw.decode(name)
            except (LookupError, ValueError):
                continue
    return raw.decode("cp1252", "replace")


def decode_words(text: str) -> str:
    """Return a header's text with its encoded words decoded; what does not decode stays as it is."""
    if "=?" not in text:
        return text
    text = _BETWEEN_WORDS.sub(r"\1", text)
    pieces: list[str] = []
    held: tuple[str, bytes] | None = None
    position = 0
    for match in _WORD.finditer(text):
        between = text[position : match.start()]
        charset, raw = match[1].lower(), _word_bytes(match[2].lower(), match[3])
        # A character may be split over two words of one charset, so their bytes are joined first.
        if held is not None and not between and held[0] == charset:
            held = (charset, held[1] + raw)
        else:
            pieces += [_flush(held), between]
            held = (charset, raw)
        position = match.end()
    return "".join([*pieces, _flush(held), text[position:]])


def _flush(held: tuple[str, bytes] | None) -> str:
    return "" if held is None else decode_text(held[1], held[0])


def _word_bytes(encoding: str, payload: str) -> bytes:
    raw = payload.encode("utf-8", "replace")
    return decode_base64(raw) if encoding == "b" else binascii.a2b_qp(raw, header=True)


def decode_base64(raw: bytes) -> bytes:
    """Return what can be read of base64 text, however broken its padding or alphabet."""
    try:
        return binascii.a2b_base64(raw)
    except binascii.Error:
        clean = _UNSAFE_ALPHABET.sub(b"", raw)
        rest = len(clean) % _FULL_GROUP
        if rest == 1:
            clean, rest = clean[:-1], 0
        return binascii.a2b_base64(clean + b"=" * (-rest % _FULL_GROUP))


def decode_extended(value: str) -> str:
    """Return the text of an RFC 2231 value such as utf-8''na%C3%AFve.pdf."""
    parts = value.split("'", 2)
    charset, encoded = (parts[0], parts[2]) if len(parts) == _EXTENDED_PARTS else ("", value)
    return decode_text(unquote_to_bytes(encoded), charset)
