"""az for tests: an executable that answers from a Cloud; `python diagnose_az.py CLOUD ARGUMENTS`."""

import sys
import time
from pathlib import Path

from infrastructure.checkout import checkout
from tests.operations.diagnose_cloud import Cloud


def install(folder: Path, cloud: Cloud) -> Path:
    """Put an `az` into a folder, a shell script that starts a Python as the real one does; returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    cloud.written(folder / "cloud.json")
    script = folder / "az"
    script.write_text(
        f'#!/bin/sh\nPYTHONPATH="{checkout()}:$PYTHONPATH"\nexport PYTHONPATH\n'
        f'"{sys.executable}" -m {__name__} "{folder / "cloud.json"}" "$@"\n',
        "utf-8",
    )
    script.chmod(0o755)
    return folder


def main(arguments: list[str]) -> int:
    """Answer one call, and keep a line of it beside the cloud."""
    path, *asked = arguments
    with Path(path).with_name("calls.txt").open("a", encoding="utf-8") as calls:
        calls.write(" ".join(asked) + "\n")
    cloud = Cloud.read(Path(path))
    time.sleep(cloud.reply(asked).sleep)
    printed = cloud.run(asked)
    sys.stdout.write(printed.out)
    sys.stderr.write(printed.complaint)
    return printed.status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
