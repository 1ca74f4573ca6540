"""Stops admitting and sending, at once and through every restart and swap, until somebody resumes."""

import argparse
from datetime import UTC, datetime
from functools import partial

from infrastructure.operations.account import Account
from infrastructure.operations.caller import caller
from infrastructure.operations.command import declare, on_account
from infrastructure.operations.exits import OK
from infrastructure.operations.show import one_line, print_json, print_line
from infrastructure.operations.stop import as_object, read_stop, write_stop
from shared.domain.stop import Stop

_DESCRIPTION = """\
Stop the app: from then on no mail is admitted, driven or sent to AP. It is asked before
every tick and every send; what is being sent at that moment goes out. Mails wait in the Inbox, and nothing is lost.
The stop is a row of the table Control: it survives restarts, deployments and slot swaps.
Run again, it changes nothing; --resume ends it, and the next tick takes up what waits."""

_STOPPED = (
    "No mail is admitted, driven or sent to AP: every tick and every send asks first.",
    "What is being sent at this moment goes out. Mails wait in the Inbox, and nothing is lost.",
    "It survives restarts, deployments and swaps. End it with: emergency-stop --resume",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare `emergency-stop --why TEXT` and `emergency-stop --resume`."""
    declare(
        parser,
        _run,
        _DESCRIPTION,
        at_fault="is not used",
        json="  account, stopped (bool), why, by, since (of the last change), changed (bool: by this command)",
    )
    parser.add_argument("--why", type=one_line, default="", metavar="TEXT", help="shown to everybody; needed to stop")
    parser.add_argument("--resume", action="store_true", help="end the stop")
    parser.set_defaults(run=partial(_checked, parser))


def _checked(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> int:
    if not arguments.resume and not arguments.why:
        parser.error("--why is missing; say why everything is to stop, or end a stop with --resume")
    return on_account(_run, arguments)


async def _run(arguments: argparse.Namespace, account: Account) -> int:
    before = await read_stop(account)
    is_changed = before.is_on is arguments.resume
    now = before
    if is_changed:
        now = Stop(not arguments.resume, arguments.why, caller(), datetime.now(UTC))
        await write_stop(account, now)
    if arguments.json:
        print_json({"account": account.name, **as_object(now), "changed": is_changed})
    else:
        print_line(f"account {account.name}: {_words(now, is_changed=is_changed)}")
        for line in _STOPPED if now.is_on else ():
            print_line(line)
    return OK


def _words(stop: Stop, *, is_changed: bool) -> str:
    if stop.is_on:
        when = f"since {stop.since:%Y-%m-%d %H:%M:%S} UTC " if stop.since else ""
        return f"stopped {'' if is_changed else 'already '}{when}by {stop.by}: {stop.why}"
    if is_changed:
        return f"resumed by {stop.by}: the next tick takes up what waits, the oldest mail first"
    return "nothing is stopped"
