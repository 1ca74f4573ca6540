"""The mailbox as a command."""

import argparse
import errno
import signal
import threading
import tomllib
from collections.abc import Sequence
from pathlib import Path

from infrastructure.checkout import LocalError
from infrastructure.local.mailbox.fault import FaultRefused, read_faults
from infrastructure.local.mailbox.server import MailboxServer, serve


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--root", type=Path, required=True, help="directory of mails: ROOT/<address>/<Folder>/*.eml")
    parser.add_argument("--port", type=int, default=0, help="port on loopback (default: a free one)")
    parser.add_argument(
        "--faults", type=Path, metavar="FILE", help="rules for misbehaving, TOML with [[faults]] tables"
    )


def run(args: argparse.Namespace) -> int:
    """Serve until SIGTERM or Ctrl-C."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with _serve(args.root, args.port, _faults(args.faults)) as server:
        print(f"mailbox ready at {server.url}, mails in {args.root}", flush=True)
        stop.wait()
    return 0


def _faults(path: Path | None) -> list[dict[str, object]]:
    if path is None:
        return []
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
        read_faults(raw)
    except OSError as error:
        raise LocalError(f"cannot take faults from {path}: {error.strerror}") from error
    except (ValueError, FaultRefused) as error:
        raise LocalError(f"cannot take faults from {path}: {error}") from error
    rules: list[dict[str, object]] = raw["faults"]
    return rules


def _serve(root: Path, port: int, faults: list[dict[str, object]]) -> MailboxServer:
    try:
        return serve(root, port, faults)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise LocalError(f"cannot serve {root} at port {port}: {error.strerror}") from error
        raise LocalError(f"port {port} is in use; choose another, or 0 for a free one") from error


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with these arguments."""
    parser = argparse.ArgumentParser(prog="mailbox", description="Serve a directory of mails as Microsoft Graph does.")
    add_arguments(parser)
    return run(parser.parse_args(argv))
