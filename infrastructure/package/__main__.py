"""python -m infrastructure.package build | verify | fetch."""

import argparse
import sys

from infrastructure.package import build, fetch, verify
from infrastructure.package.findings import CouldNotRunError
from infrastructure.package.interpreter import NoInterpreterError

COULD_NOT_RUN = 1

_COMMANDS = {
    "build": (build.add_arguments, build.run, "make the deployment zip"),
    "verify": (verify.add_arguments, verify.run, "judge a deployment zip"),
    "fetch": (fetch.add_arguments, fetch.run, "download what builds and tests need, so that they need no network"),
}


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0: done or clean, 1: could not run, 2: usage, 3: findings."""
    parser = argparse.ArgumentParser(prog="python -m infrastructure.package", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, (add_arguments, _, purpose) in _COMMANDS.items():
        add_arguments(commands.add_parser(name, help=purpose, description=purpose))
    parsed = parser.parse_args(arguments)
    _, run, _ = _COMMANDS[parsed.command]
    try:
        return run(parsed)
    except (CouldNotRunError, NoInterpreterError) as error:
        sys.stderr.write(f"{parsed.command}: {error}\n")
        return COULD_NOT_RUN


if __name__ == "__main__":
    sys.exit(main())
