"""The command host."""

import argparse
import asyncio
import os
import sys
from pathlib import Path

from infrastructure.checkout import LocalError, checkout
from infrastructure.local_settings import SettingError, add_local_settings

_LEASE_SECONDS = 600.0  # of every receive, whatever host.json says


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Names what host takes."""
    parser.add_argument(
        "--app", type=Path, default=checkout(), metavar="DIR", help="the function app; default: this checkout"
    )
    parser.add_argument(
        "--until-idle",
        type=_seconds,
        metavar="SECONDS",
        help="end once nothing has been left to do for so long: 0; 3 if a message was poisoned, 1 if a function "
        "is in error",
    )
    parser.add_argument(
        "--lease",
        type=_seconds,
        default=_LEASE_SECONDS,
        metavar="SECONDS",
        help="how long a received message is hidden at a time, at least 1; default %(default)g",
    )


def run(arguments: argparse.Namespace) -> int:
    """Runs the app until Ctrl-C, SIGTERM or idleness."""
    app: Path = arguments.app.resolve()
    if not app.is_dir():
        raise LocalError(f"no such folder: {app}")
    if arguments.lease < 1:
        raise LocalError("--lease must be at least 1: storage counts whole seconds")
    take_over_path(app)
    os.chdir(app)
    # Only now: Azure imports the SDK, too, from the app's packages where they hold it.
    from infrastructure.local.host import host, host_json, log  # noqa: PLC0415

    try:
        add_local_settings(app, os.environ)
        followed = host_json.parse(_host_json(app), cores=os.cpu_count() or 1)
    except (SettingError, host_json.HostJsonError) as error:
        raise LocalError(str(error)) from error
    log.set_up(followed)

    async def main() -> int:
        options = host.Options(arguments.until_idle, arguments.lease)
        return await host.Host(app, dict(os.environ), followed, options).run()

    return asyncio.run(main())


def take_over_path(app: Path) -> None:
    """Gives sys.path the order that an app has on Azure: its folder, its packages, and nothing else of this checkout.

    https://github.com/Azure/azure-functions-python-worker/blob/4.34.0/python/prodV4/worker.py
    """
    packages = app / ".python_packages" / "lib" / "site-packages"
    ours = {checkout(), app, packages}
    rest = [entry for entry in sys.path if Path(entry or os.curdir).resolve() not in ours]
    sys.path[:] = [str(app), *([str(packages)] if packages.is_dir() else []), *rest]


def _host_json(app: Path) -> str:
    try:
        return (app / "host.json").read_text("utf-8-sig")
    except FileNotFoundError:
        raise LocalError(f"No functions were found. A valid host.json file wasn't found in {app}") from None


def _seconds(text: str) -> float:
    value = float(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"{text} is less than 0")
    return value
