"""Texts that break naive keys, filters and markup."""

HOSTILE_TEXTS = {
    "quotes": "O'Brien's \"Best\" `Deals`",
    "filter": "x' or PartitionKey ne '",
    "slashes": "a/b\\c//..\\..",
    "url": "a?b=c&d#e+f%20g%2Fh;i",
    "percent": "100%",
    "unicode": "Größe 株式会社 ünïcödé ½ \u202e\u200b\ufeff",
    "astral": "🧾🏦",
    "control": "a\x00b\tc\r\nd\x1be\x7ff\x9fg",
    "spaces": "  a  b  ",
    "dots": "..",
    "equals": "=2f=",
    "empty": "",
}
LONG_TEXTS = {
    "long": "long/" * 400,
    "long and other at its end": "long/" * 399 + "other",
    "long astral": "🧾" * 2000,
    "long astral and other at its end": "🧾" * 1999 + "!",
    "long of spaces": "a" + " " * 1998 + "b",
}
