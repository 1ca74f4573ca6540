"""Bytecode of the target, made by its own interpreter."""

import io
import subprocess
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from infrastructure.package import press
from infrastructure.package.findings import CouldNotRunError
from infrastructure.package.places import MOUNT


class CompileError(CouldNotRunError):
    """A source that the target's Python does not understand; the message names file and line."""


def cached(source: str, tag: str) -> str:
    """Where the bytecode of a source lies: `a/b.py` is compiled to `a/__pycache__/b.cpython-311.pyc`."""
    path = PurePosixPath(source)
    return str(path.parent / "__pycache__" / f"{path.stem}.{tag}.pyc")


def compile_all(interpreter: Path, sources: Mapping[str, bytes]) -> dict[str, bytes]:
    """The content of the .pyc of each source, by the name of the source in the zip; raises CompileError."""
    word, made = run(interpreter, "compile", {MOUNT + name: source for name, source in sources.items()})
    if word:
        raise CompileError(f"{word.removeprefix(MOUNT)}; Python of the target cannot compile it, so mend or cut it")
    return {name.removeprefix(MOUNT): content for name, content in made.items()}


def run(interpreter: Path, task: str, blobs: Mapping[str, bytes]) -> tuple[str, dict[str, bytes]]:
    """Has the interpreter do a task of press.py; raises CouldNotRunError where it does not answer."""
    request = io.BytesIO()
    press.send(request, task, blobs)
    # no_debug_ranges: lines but no columns, a quarter less bytecode; tracebacks lose their carets and nothing else.
    # -I: nothing of the user's environment counts, and not this folder, whose modules have everyday names.
    command = [str(interpreter), "-I", "-S", "-X", "utf8", "-X", "no_debug_ranges", press.__file__]
    answer = subprocess.run(command, input=request.getvalue(), capture_output=True, check=False)
    if answer.returncode:
        last = answer.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise CouldNotRunError(f"{interpreter} could not {task} the package: {' '.join(last)}")
    return press.receive(io.BytesIO(answer.stdout))
