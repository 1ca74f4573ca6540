"""What the target's interpreter does for a build: compiles and packs.

Run as a script by that interpreter, which has nothing of this project: the standard library only. Bytecode and deflated
bytes then depend on one interpreter, not on the one that happens to run the build.
"""

import importlib.util
import io
import json
import marshal
import sys
import warnings
import zipfile
from collections.abc import Mapping
from typing import BinaryIO, Final

EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest a zip can say
MODE = 0o100644
UNCHECKED_HASH: Final = 1  # PEP 552: by hash, and the hash is not compared at run time
_UNIX = 3

Blobs = dict[str, bytes]


def compile_all(sources: Mapping[str, bytes]) -> Blobs:
    """The content of a .pyc for each source, named as the code shall know it; raises SyntaxError."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {name: _compiled(name, source) for name, source in sources.items()}


def pack(members: Mapping[str, bytes]) -> bytes:
    """A zip of the members that depends on nothing but them."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        for name in sorted(members):
            member = zipfile.ZipInfo(name, EPOCH)
            member.create_system = _UNIX
            member.external_attr = MODE << 16
            packed.writestr(member, members[name], zipfile.ZIP_DEFLATED, 9)
    return buffer.getvalue()


def send(stream: BinaryIO, what: str, blobs: Mapping[str, bytes]) -> None:
    """Writes a word and named bytes."""
    sizes = [[name, len(content)] for name, content in blobs.items()]
    stream.write(json.dumps([what, sizes]).encode() + b"\n")
    stream.writelines(blobs.values())
    stream.flush()


def receive(stream: BinaryIO) -> tuple[str, Blobs]:
    """Reads what `send` wrote."""
    what, sizes = json.loads(stream.readline())
    return what, {name: stream.read(size) for name, size in sizes}


def _compiled(name: str, source: bytes) -> bytes:
    try:
        code = compile(source, name, "exec", dont_inherit=True, optimize=0)
    except (SyntaxError, ValueError) as error:  # a null byte is one or the other, and without a place
        line = getattr(error, "lineno", None) or 1
        raise SyntaxError(getattr(error, "msg", str(error)), (name, line, None, None)) from error
    header = importlib.util.MAGIC_NUMBER + UNCHECKED_HASH.to_bytes(4, "little") + importlib.util.source_hash(source)
    # The same in every process: marshal marks interned strings always, and else what this code alone holds twice.
    return header + marshal.dumps(code)


def main() -> None:
    """Does one task for the build: names and bytes come in and go out on the pipes."""
    task, blobs = receive(sys.stdin.buffer)
    try:
        made = compile_all(blobs) if task == "compile" else {"zip": pack(blobs)}
    except SyntaxError as error:
        send(sys.stdout.buffer, f"{error.filename}, line {error.lineno}: {error.msg}", {})
    else:
        send(sys.stdout.buffer, "", made)


if __name__ == "__main__":
    main()
