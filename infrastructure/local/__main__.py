"""python -m infrastructure.local storage | mailbox | host | run | install."""

import argparse
import importlib
import os
import signal
import sys
from collections.abc import Sequence

from infrastructure.checkout import LocalError
from infrastructure.local.process import keep_off_proxies

_COMMANDS = {
    "install": (
        "infrastructure.local.storage.install",
        "put the storage emulator where the other commands look for it",
    ),
    "storage": ("infrastructure.local.storage.cli", "run the storage emulator"),
    "mailbox": (
        "infrastructure.local.mailbox.cli",
        "run the mailbox: a folder of .eml files behind the mail endpoints",
    ),
    "host": ("infrastructure.local.host.cli", "run the function app"),
    "run": ("infrastructure.local.run", "run the whole system on some mail"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one part of the local system; returns its exit code, 1 when it could not run."""
    keep_off_proxies(os.environ)
    try:
        return _run(list(sys.argv[1:] if arguments is None else arguments))
    except KeyboardInterrupt:  # Ctrl-C where no part has taken over the signal
        return 128 + signal.SIGINT


def _run(given: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m infrastructure.local", description="The whole system on one machine."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    chosen = next((word for word in given if not word.startswith("-")), None)
    for name, (module, summary) in _COMMANDS.items():
        command = commands.add_parser(name, help=summary, description=summary)
        if name == chosen:  # only the chosen part is imported: each works while another is missing or broken
            part = importlib.import_module(module)
            part.add_arguments(command)
            command.set_defaults(run=part.run)
    parsed = parser.parse_args(given)
    try:
        code: int = parsed.run(parsed)
    except LocalError as error:
        print(f"{parser.prog} {parsed.command}: {error}", file=sys.stderr)
        return 1
    return code


if __name__ == "__main__":
    sys.exit(main())
