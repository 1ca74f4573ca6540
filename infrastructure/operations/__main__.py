"""python -m infrastructure.operations vendors import FILE.csv."""

import argparse
import sys
from collections.abc import Sequence

from infrastructure.operations import vendors


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns 0 when it did all of it, 1 when it could not run, 3 when lines were wrong."""
    parser = argparse.ArgumentParser(prog="python -m infrastructure.operations", description="Run the invoice agent.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    vendors.add_arguments(commands.add_parser("vendors", help="the vendor master"))
    parsed = parser.parse_args(arguments)
    code: int = parsed.run(parsed)
    return code


if __name__ == "__main__":
    sys.exit(main())
