"""One reader of PDF text, run as a script in a process of its own.

Its argument is the reader's name. For each path on a line of stdin it prints one JSON object: the text, what reading it
cost in CPU seconds, what the start of the process did, and the most memory that it has had so far.
"""

import json
import logging
import resource
import sys
import time
from collections.abc import Callable, Iterator
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Literal

PAGES = 50  # as many as the app reads

Reader = Callable[[bytes], Iterator[str]]


def _pypdf(mode: Literal["layout", "plain"]) -> Reader:
    from pypdf import PdfReader  # noqa: PLC0415  a process loads its own reader alone

    def read(data: bytes) -> Iterator[str]:
        reader = PdfReader(BytesIO(data), strict=False)
        if reader.is_encrypted:
            reader.decrypt("")
        for page in islice(reader.pages, PAGES):
            yield page.extract_text(extraction_mode=mode)

    return read


def _pdfminer() -> Reader:
    from pdfminer.high_level import extract_text  # noqa: PLC0415  likewise

    def read(data: bytes) -> Iterator[str]:
        yield extract_text(BytesIO(data), maxpages=PAGES)

    return read


def _pdfium() -> Reader:
    from pypdfium2 import PdfDocument  # type: ignore[import-untyped]  # noqa: PLC0415  likewise

    def read(data: bytes) -> Iterator[str]:
        document = PdfDocument(data)
        for number in range(min(len(document), PAGES)):
            page = document[number]
            text = page.get_textpage()
            yield text.get_text_bounded()
            text.close()
            page.close()
        document.close()

    return read


READERS: dict[str, Callable[[], Reader]] = {
    "pypdf, layout": lambda: _pypdf("layout"),
    "pypdf, plain": lambda: _pypdf("plain"),
    "pdfminer.six": _pdfminer,
    "pypdfium2": _pdfium,
}
PACKAGES = {"pypdf, layout": "pypdf", "pypdf, plain": "pypdf", "pdfminer.six": "pdfminer.six", "pypdfium2": "pypdfium2"}


def main() -> None:
    """Serve until stdin ends."""
    logging.disable()  # they complain about damaged files, and stderr is nobody's
    read = READERS[sys.argv[1]]()
    start = time.process_time()
    for line in sys.stdin:
        answer = _answer(read, Path(line.rstrip("\n")).read_bytes())
        print(json.dumps({**answer, "start": start}), flush=True)


def _answer(read: Reader, data: bytes) -> dict[str, object]:
    before = time.process_time()
    try:
        text, is_read = "\n".join(read(data)), True
    except Exception:  # noqa: BLE001  whatever a reader makes of a damaged file
        text, is_read = "", False
    return {"text": text, "is_read": is_read, "seconds": time.process_time() - before, "peak": _peak_bytes()}


def _peak_bytes() -> int:
    """Not ru_maxrss, which goes through exec: it would be the parent's where that is larger (proc(5))."""
    status = Path("/proc/self/status")
    if status.exists():
        lines = (line.split() for line in status.read_text().splitlines())
        return next(int(line[1]) * 1024 for line in lines if line[0] == "VmHWM:")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    main()
