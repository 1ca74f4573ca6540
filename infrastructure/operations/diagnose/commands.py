"""python -m infrastructure.operations diagnose."""

import argparse
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from infrastructure.operations.command import complain
from infrastructure.operations.diagnose.az import LONGER, Answer, NoAz, az, gather
from infrastructure.operations.diagnose.causes import judge
from infrastructure.operations.diagnose.evidence import read
from infrastructure.operations.diagnose.folder import Subject, UnusableFolder, load, prepare, save
from infrastructure.operations.diagnose.report import KEYS, as_object, print_report
from infrastructure.operations.diagnose.script import steps
from infrastructure.operations.exits import AT_FAULT, COULD_NOT_RUN, OK
from infrastructure.operations.show import one_line, print_json

PRODUCTION = "production"
SECONDS = 60.0

_DESCRIPTION = """\
Say why the app does not run: ask az how app, host, settings, identity, storage and logs stand, and rank the likely
causes (version mismatch, platform, settings, storage, corrupt package, dependency conflict, mailbox access, emergency
stop) by what speaks for them, each with the command that confirms it and the one that mends it. It changes nothing.
What az does not answer is told and does not stop the rest. Of a setting's value az hands out only what can be no
secret, and what looks like a key or a token is left out of everything that is shown or saved."""

_EPILOG = f"""\
With --json, on stdout, times in UTC:
{KEYS}

Exit codes: 0 healthy; 1 could not run, or too little was answered to judge; 2 usage; 3 something is wrong.
Needs az, logged in (az login) with the roles Website Contributor on the app, Monitoring Reader on the group and
Storage Table, Queue and Blob Data Reader on the account; with fewer it sees less and says so.
Where there is only az: bash infrastructure/operations/diagnose.sh --save FOLDER, and here: diagnose --from FOLDER."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare `diagnose`."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.description, parser.epilog = _DESCRIPTION, _EPILOG
    names = (
        ("--resource-group", "RESOURCE_GROUP", "rg-invoice-agent-prod", "GROUP"),
        ("--app", "FUNCTION_APP", "func-invoice-agent-prod", "APP"),
    )
    for option, variable, default, shown in names:
        value = os.environ.get(variable) or default
        parser.add_argument(option, default=value, metavar=shown, help=f"default: ${variable}, else {default}")
    parser.add_argument("--slot", default=PRODUCTION, help="such as staging; default: production")
    parser.add_argument(
        "--storage-account",
        default=os.environ.get("STORAGE_ACCOUNT", ""),
        metavar="NAME",
        help="default: $STORAGE_ACCOUNT, else what the app's settings name",
    )
    help_of_timeout = "for each az command; default: 60"
    parser.add_argument("--timeout", type=float, default=SECONDS, metavar="SECONDS", help=help_of_timeout)
    saved = parser.add_mutually_exclusive_group()
    saved.add_argument(
        "--from", dest="source", type=Path, metavar="FOLDER", help="judge saved answers, and ask nothing"
    )
    saved.add_argument("--save", type=Path, metavar="FOLDER", help="keep the answers there, without secrets")
    parser.add_argument("--json", action="store_true", help="an object for programs, on stdout")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    try:
        subject, answers = load(arguments.source) if arguments.source else _ask(arguments)
    except NoAz:
        complain(
            arguments, "az is not installed: https://learn.microsoft.com/cli/azure/install-azure-cli, then: az login"
        )
        return COULD_NOT_RUN
    except UnusableFolder as error:
        complain(arguments, str(error))
        return COULD_NOT_RUN
    if all(answer.failure for answer in answers.values()):
        complain(arguments, _why_nothing(answers))
        return COULD_NOT_RUN
    evidence = read(subject, answers)
    verdict = judge(evidence)
    if arguments.json:
        print_json(as_object(evidence, verdict))
    else:
        print_report(evidence, verdict)
    if verdict.is_blind:
        return COULD_NOT_RUN
    return OK if verdict.is_healthy else AT_FAULT


def _ask(arguments: argparse.Namespace) -> tuple[Subject, dict[str, Answer]]:
    if arguments.save:
        prepare(arguments.save)
    slot = "" if arguments.slot == PRODUCTION else arguments.slot
    subject = Subject(datetime.now(UTC), arguments.resource_group, arguments.app, slot)
    run, download = az(arguments.timeout), az(LONGER * arguments.timeout)
    with Console(stderr=True).status("asking az"):
        answers = gather(steps(), known(subject, arguments.storage_account), run, download)
    if arguments.save:
        save(arguments.save, subject, answers)
    return subject, answers


def known(subject: Subject, storage: str) -> Mapping[str, str]:
    """What the lines of diagnose.sh are filled with; it sets the same before it gathers."""
    return {
        "group": subject.group,
        "app": subject.app,
        "slot": subject.slot,
        "slot_path": f"/slots/{subject.slot}" if subject.slot else "",
        "slot_suffix": f"-{subject.slot}" if subject.slot else "",
        "workload": subject.group.removeprefix("rg-"),
        "storage": storage,
    }


def _why_nothing(answers: Mapping[str, Answer]) -> str:
    first = next(iter(answers.values())).failure
    if "az login" in first:
        return f"nothing could be asked, log in first: az login ({one_line(first)})"
    return f"nothing could be asked: {one_line(first)}"
