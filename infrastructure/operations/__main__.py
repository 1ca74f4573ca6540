"""python -m infrastructure.operations COMMAND."""

import argparse
import sys
from collections.abc import Sequence

from infrastructure.operations import (
    diagnose,
    emergency_stop,
    poison,
    quality,
    read,
    release,
    rollback,
    status,
    synthetic,
    trace,
    vendors,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 when all is right, 1 when it could not run, 3 when something is at fault."""
    parser = argparse.ArgumentParser(prog="python -m infrastructure.operations", description="Run the invoice agent.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    vendors.add_arguments(commands.add_parser("vendors", help="the vendor master"))
    read.add_arguments(commands.add_parser("read", help="show what would be read from documents and mails"))
    quality.add_arguments(commands.add_parser("quality", help="measure the reading on documents with known values"))
    status.add_arguments(commands.add_parser("status", help="how the app stands, and what needs a person"))
    trace.add_arguments(commands.add_parser("trace", help="the whole life of one mail"))
    poison.add_arguments(commands.add_parser("poison", help="messages that could not be handled"))
    release.add_arguments(commands.add_parser("release", help="release a mail that rests, without Outlook"))
    emergency_stop.add_arguments(commands.add_parser("emergency-stop", help="stop admitting and sending, or resume"))
    synthetic.add_arguments(commands.add_parser("synthetic", help="send one mail the whole way, and wait for it"))
    diagnose.add_arguments(commands.add_parser("diagnose", help="on Azure: why does it not run?"))
    rollback.add_arguments(commands.add_parser("rollback", help="on Azure: back to the release before this one"))
    parsed = parser.parse_args(arguments)
    code: int = parsed.run(parsed)
    return code


if __name__ == "__main__":
    sys.exit(main())
