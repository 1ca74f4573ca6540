"""python -m infrastructure.operations COMMAND."""

import argparse
import sys
from collections.abc import Sequence

from infrastructure.operations import quality, read, vendors


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 when it did all of it, 1 when it could not run, 3 when files or lines were at fault."""
    parser = argparse.ArgumentParser(prog="python -m infrastructure.operations", description="Run the invoice agent.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    vendors.add_arguments(commands.add_parser("vendors", help="the vendor master"))
    read.add_arguments(commands.add_parser("read", help="show what would be read from documents and mails"))
    quality.add_arguments(commands.add_parser("quality", help="measure the reading on documents with known values"))
    parsed = parser.parse_args(arguments)
    code: int = parsed.run(parsed)
    return code


if __name__ == "__main__":
    sys.exit(main())
