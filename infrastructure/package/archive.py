"""The zip as a file: the same members give the same bytes."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from infrastructure.package import bytecode, press


def pack(members: Mapping[str, bytes], interpreter: Path | None = None) -> bytes:
    """The zip of these members: names sorted, times and modes fixed.

    The deflated bytes are those of the zlib that the interpreter has (this process's own where none is named).
    """
    return press.pack(members) if interpreter is None else bytecode.run(interpreter, "pack", members)[1]["zip"]


def replace(path: Path, content: bytes) -> None:
    """Writes a file so that whoever looks sees all of it, or what was there before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
