"""The application's own files: what .funcignore lets through."""

import os
from pathlib import Path

from pathspec import GitIgnoreSpec

from infrastructure.package.findings import CouldNotRunError

IGNORE = ".funcignore"


def read(checkout: Path) -> dict[str, Path]:
    """The files that ship, by their name in the zip; raises CouldNotRunError where they cannot be told."""
    try:
        lines = (checkout / IGNORE).read_text("utf-8").splitlines()
    except FileNotFoundError:
        raise CouldNotRunError(f"{checkout / IGNORE} is missing: without it nobody can tell what ships") from None
    ignored = GitIgnoreSpec.from_lines(lines)
    found: dict[str, Path] = {}
    for folder, folders, files in os.walk(checkout):
        below = Path(folder).relative_to(checkout).as_posix()
        prefix = "" if below == "." else f"{below}/"
        # As in git, nothing below an ignored folder comes back.
        folders[:] = [name for name in folders if not ignored.match_file(f"{prefix}{name}/")]
        names = [f"{prefix}{name}" for name in files if not ignored.match_file(f"{prefix}{name}")]
        links = [name for name in (*names, *(prefix + each for each in folders)) if (checkout / name).is_symlink()]
        if links:
            raise CouldNotRunError(f"{links[0]} is a link, which a package cannot hold; put the file itself there")
        found |= {name: checkout / name for name in names}
    return found
