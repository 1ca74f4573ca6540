"""python -m infrastructure.deploy stage | swap | rollback | prove."""

import argparse
import sys
from collections.abc import Sequence

from infrastructure.deploy import commands
from infrastructure.deploy.connection import to_azure


def main(arguments: Sequence[str] | None = None, connect: commands.Connect = to_azure) -> int:
    """Run one command; the exit codes are those of outcome.Exit."""
    parser = argparse.ArgumentParser(
        prog="python -m infrastructure.deploy",
        description="Deploy a verified package by a slot swap.",
        epilog=commands.CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, add_arguments, purpose in (
        ("stage", commands.add_stage_arguments, "deploy a package to the staging slot and prove it there"),
        ("swap", commands.add_swap_arguments, "bring a staged package into production, or back if it is not proven"),
        ("rollback", commands.add_rollback_arguments, "bring back the package that was good before"),
        ("prove", commands.add_prove_arguments, "prove what a slot runs"),
    ):
        add_arguments(actions.add_parser(name, help=purpose), connect)
    parsed = parser.parse_args(arguments)
    code: int = parsed.run(parsed)
    return code


if __name__ == "__main__":
    sys.exit(main())
