"""What all commands on the storage account have in common: it is opened, and errors are one line each."""

import argparse
import asyncio
from collections.abc import Callable, Coroutine
from functools import partial

from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError
from rich.console import Console

from infrastructure.local_settings import SettingError
from infrastructure.operations.account import Account, opened
from infrastructure.operations.exits import COULD_NOT_RUN
from infrastructure.operations.show import one_line
from shared.settings import InvalidSettings

Command = Callable[[argparse.Namespace, Account], Coroutine[None, None, int]]

_NOT_ALLOWED = {401, 403}
_ROLES = "Storage Table Data Contributor and Storage Queue Data Contributor"


def declare(parser: argparse.ArgumentParser, command: Command, description: str, *, at_fault: str, json: str) -> None:
    """Give a command its help, `--json`, and what runs it; `at_fault` says when it ends with 3, `json` which keys."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.description = description
    parser.epilog = (
        f"With --json, on stdout, times in UTC:\n{json}\n\n"
        "Exit codes: 0 all right; 1 could not run, nothing was changed unless it says so; 2 usage;\n"
        f"3 {at_fault}.\n"
        "Settings: AzureWebJobsStorage, or AzureWebJobsStorage__accountName and az login; from the environment,\n"
        "else from local.settings.json."
    )
    parser.add_argument("--json", action="store_true", help="an object for programs, on stdout")
    parser.set_defaults(run=partial(on_account, command))


def on_account(command: Command, arguments: argparse.Namespace) -> int:
    """Run a command on the storage account; what keeps it from running becomes one line that says what to do."""

    def run() -> int:
        with opened() as account:
            return asyncio.run(command(arguments, account))

    return guarded(arguments, run)


def guarded(arguments: argparse.Namespace, run: Callable[[], int], *unusable: type[Exception]) -> int:
    """What `run` returns; storage, settings or `unusable` input that keep it from that become one line."""
    plain: tuple[type[Exception], ...] = (SettingError, *unusable)  # their text says all
    try:
        return run()
    except InvalidSettings as error:
        complain(arguments, "; ".join(error.faults))
    except plain as error:
        complain(arguments, str(error))
    except AzureError as error:
        complain(arguments, _in_words(error))
    return COULD_NOT_RUN


def complain(arguments: argparse.Namespace, text: str) -> None:
    """Write one line to stderr that names the command."""
    name = " ".join(filter(None, (arguments.command, getattr(arguments, "action", ""))))
    line = f"{name}: {one_line(text)}"
    Console(stderr=True).print(line, style="red", markup=False, highlight=False, soft_wrap=True)


def _in_words(error: AzureError) -> str:
    said = str(error.message).strip().partition("\n")[0]
    is_forbidden = isinstance(error, HttpResponseError) and error.status_code in _NOT_ALLOWED
    if is_forbidden or isinstance(error, ClientAuthenticationError):
        return f"storage refuses: {said}; log in (az login) as somebody with the roles {_ROLES}"
    return f"storage cannot be reached or refuses: {said}"
