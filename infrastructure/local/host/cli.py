"""The command host."""

import argparse
import asyncio
import os
import sys
from pathlib import Path

from infrastructure import host_json
from infrastructure.checkout import LocalError, checkout
from infrastructure.local.package import PACKAGES, is_package, mounted, standard_library
from infrastructure.local_settings import SettingError, add_local_settings

_LEASE_SECONDS = 600.0  # of every receive, whatever host.json says


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Names what host takes."""
    parser.add_argument(
        "--app",
        type=Path,
        default=checkout(),
        metavar="APP",
        help="the function app: a folder, or a deployment package, zipped or not, which then runs on what it holds "
        "and nothing else; default: this checkout",
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
    if arguments.lease < 1:
        raise LocalError("--lease must be at least 1: storage counts whole seconds")
    with mounted(arguments.app.resolve()) as app:
        return _run(app, arguments)


def _run(app: Path, arguments: argparse.Namespace) -> int:
    take_over_path(app)
    os.chdir(app)
    try:
        # Only now: Azure imports the SDK, too, from the app's packages where they hold it.
        from infrastructure.local.host import host, log  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise LocalError(f"{app}: the package lacks {error.name}, which this host needs as well") from error
    try:
        add_local_settings(checkout() if is_package(app) else app, os.environ)
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

    What is installed here comes last, and for a package not at all: it would hide what the package lacks. This host
    then runs on what the package holds, too; it needs nothing but Azure's SDKs.
    https://github.com/Azure/azure-functions-python-worker/blob/4.34.0/python/prodV4/worker.py
    """
    packages = app / PACKAGES
    ours = {checkout(), app, packages}
    rest = [entry for entry in sys.path if Path(entry or os.curdir).resolve() not in ours]
    if is_package(app):
        rest = standard_library()
        sys.dont_write_bytecode = True  # a mounted package takes none; a folder that was extracted by hand would
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
