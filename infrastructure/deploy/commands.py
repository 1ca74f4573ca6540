"""python -m infrastructure.deploy COMMAND: arguments, and what becomes of them."""

import argparse
import os
import re
import sys
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

from infrastructure.deploy import report, steps
from infrastructure.deploy.app import PATIENCE, sha256
from infrastructure.deploy.connection import Connection, Reach, expected_functions, to_azure
from infrastructure.deploy.journal import Journal
from infrastructure.deploy.outcome import Exit, Outcome
from infrastructure.deploy.place import PRODUCTION, Place, Who
from infrastructure.deploy.proof import Expected, shortened
from infrastructure.deploy.releases import DIGEST
from infrastructure.deploy.secrecy import Secrets
from infrastructure.deploy.slots import prove
from infrastructure.deploy.trouble import Trouble
from infrastructure.operations.caller import caller

Connect = Callable[[Place], AbstractContextManager[Connection]]
Command = Callable[[argparse.Namespace, Reach], Outcome]

CODES = """\
exit codes:
  0  done
  1  could not run; nothing was changed
  2  usage
  3  refused or put back: production serves what it served before
  4  a person is needed: production is not proven; the commands to run are printed"""

# Option, the environment variable that it defaults to, and what it is.
_NEEDED = (
    ("--subscription", "AZURE_SUBSCRIPTION_ID", "id of the subscription"),
    ("--resource-group", "RESOURCE_GROUP", "such as rg-invoice-agent-prod"),
    ("--app", "FUNCTION_APP", "such as func-invoice-agent-prod"),
    ("--storage-account", "STORAGE_ACCOUNT", "the account that keeps the releases"),
)


def add_stage_arguments(parser: argparse.ArgumentParser, connect: Connect = to_azure) -> None:
    """Declare `stage ZIP`."""
    parser.add_argument("zip", type=Path, help="the package")
    parser.add_argument("--digest", type=_digest, help="of the package that was verified; another one is refused")
    _declare(parser, _stage, connect)


def add_swap_arguments(parser: argparse.ArgumentParser, connect: Connect = to_azure) -> None:
    """Declare `swap --digest SHA`."""
    parser.add_argument("--digest", type=_digest, required=True, help="SHA-256 of the package that was staged")
    _declare(parser, _swap, connect)


def add_rollback_arguments(parser: argparse.ArgumentParser, connect: Connect = to_azure) -> None:
    """Declare `rollback`."""
    parser.description = (
        "Bring back the package that was good before the one that production serves: by a swap if the staging slot "
        "holds it and is proven, else by deploying the kept package there first. One step back, not more."
    )
    _declare(parser, _rollback, connect)


def add_prove_arguments(parser: argparse.ArgumentParser, connect: Connect = to_azure) -> None:
    """Declare `prove --slot SLOT --digest SHA`."""
    parser.add_argument("--digest", type=_digest, required=True, help="SHA-256 of the package that the slot must run")
    _declare(parser, _prove, connect)


def _declare(parser: argparse.ArgumentParser, command: Command, connect: Connect) -> None:
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = CODES
    for option, variable, what in _NEEDED:
        parser.add_argument(option, default=os.environ.get(variable, ""), help=f"{what} (default: {variable})")
    parser.add_argument("--slot", default="staging", help="the slot (default: staging)")
    parser.add_argument("--commit", type=_commit, default=os.environ.get("GITHUB_SHA", ""), help="for the records")
    parser.add_argument("--json", action="store_true", help="the outcome as one object on stdout")
    parser.set_defaults(run=partial(_run, parser, command, connect))


def _digest(value: str) -> str:
    if not re.fullmatch(DIGEST, value.lower()):
        raise argparse.ArgumentTypeError(f"{value!r} is no SHA-256: wanted 64 hexadecimal digits")
    return value.lower()


def _commit(value: str) -> str:
    if not re.fullmatch(r"[\w./-]{0,100}", value, re.ASCII):
        raise argparse.ArgumentTypeError(f"{value!r} is no name of a commit")
    return value


def _run(parser: argparse.ArgumentParser, command: Command, connect: Connect, arguments: argparse.Namespace) -> int:
    place = _place(parser, arguments, may_be_production=command is _prove)
    secrets = Secrets()
    with connect(place) as connection:
        journal = Journal(connection.clock, secrets, sys.stderr)
        reach = Reach(connection, place, Who(_caller(), arguments.commit), journal)
        outcome = _ended(command, arguments, reach)
        report.summarise(outcome, journal)
        sys.stdout.write((report.as_json if arguments.json else report.text)(outcome, journal))
    return outcome.exit


def _place(parser: argparse.ArgumentParser, arguments: argparse.Namespace, *, may_be_production: bool) -> Place:
    given = {option: getattr(arguments, option.strip("-").replace("-", "_")).strip() for option, _, _ in _NEEDED}
    if missing := [f"{option} (or {variable})" for option, variable, _ in _NEEDED if not given[option]]:
        parser.error(f"missing: {', '.join(missing)}")
    if arguments.slot == PRODUCTION and not may_be_production:
        parser.error("--slot: production is never deployed to; name the slot that is swapped with it")
    return Place(
        given["--subscription"], given["--resource-group"], given["--app"], arguments.slot, given["--storage-account"]
    )


def _caller() -> str:
    """Who is recorded: the person behind a workflow's run, or on this machine."""
    actor, run = os.environ.get("GITHUB_ACTOR", ""), os.environ.get("GITHUB_RUN_ID", "")
    return f"{actor} (run {run})" if actor else caller()


def _ended(command: Command, arguments: argparse.Namespace, reach: Reach) -> Outcome:
    try:
        return command(arguments, reach)
    except Trouble as trouble:
        return Outcome(Exit.COULD_NOT_RUN, str(trouble))
    except KeyboardInterrupt:
        return _interrupted(command, reach.place, "interrupted")
    except Exception as error:
        if command is _prove:
            raise
        traceback.print_exc()
        return _interrupted(command, reach.place, f"broken off by a defect: {type(error).__name__}")


def _interrupted(command: Command, place: Place, why: str) -> Outcome:
    if command in (_swap, _rollback):
        seen = (f"a swap that has begun goes on by itself; look what {PRODUCTION} serves when it has ended",)
        return Outcome(Exit.PERSON_NEEDED, why, seen, (place.rollback_command,))
    return Outcome(Exit.PUT_BACK, why, (f"{place.slot} may hold a package that is not proven",))


def _stage(arguments: argparse.Namespace, reach: Reach) -> Outcome:
    try:
        content = arguments.zip.read_bytes()
    except OSError as error:
        raise Trouble(f"{arguments.zip} cannot be read: {error.strerror}") from None
    if arguments.digest and sha256(content) != arguments.digest:
        headline = f"{arguments.zip} is not the package that was verified"
        return Outcome(Exit.PUT_BACK, headline, (f"it has SHA-256 {sha256(content)}, wanted {arguments.digest}",))
    return steps.stage(reach.app(), content)


def _swap(arguments: argparse.Namespace, reach: Reach) -> Outcome:
    return steps.swap(reach.app(), arguments.digest)


def _rollback(_: argparse.Namespace, reach: Reach) -> Outcome:
    return steps.rollback(reach.app())


def _prove(arguments: argparse.Namespace, reach: Reach) -> Outcome:
    slot = reach.slot(arguments.slot)
    expected = Expected(expected_functions(), arguments.digest, slot.is_live)
    proof = prove(slot, expected, PATIENCE.production, reach.connection.clock, reach.journal)
    if proof.is_proven:
        return Outcome(Exit.DONE, f"{slot.name} runs {arguments.digest}, proven")
    headline = f"{slot.name} does not prove {shortened(arguments.digest)}"
    commands = (reach.place.rollback_command,) if slot.is_live else ()
    return Outcome(Exit.PERSON_NEEDED if slot.is_live else Exit.PUT_BACK, headline, proof.why, commands)
