"""The command storage."""

import argparse
from pathlib import Path

from infrastructure.local.process import stop_event, when_parent_dies
from infrastructure.local.storage.azurite import Storage

_POLL_SECONDS = 0.2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Names what storage takes."""
    parser.add_argument("--location", type=Path, required=True, metavar="DIR", help="where the data lies")
    for service, port in (("blob", 10000), ("queue", 10001), ("table", 10002)):
        parser.add_argument(
            f"--{service}-port", type=int, default=port, metavar="N", help=f"default {port}; 0: a free one"
        )


def run(arguments: argparse.Namespace) -> int:
    """Runs Azurite until SIGTERM, Ctrl-C or the end of the parent; prints one line when it is ready."""
    ended = stop_event()
    when_parent_dies(ended.set)
    ports = {name: getattr(arguments, name) for name in ("blob_port", "queue_port", "table_port")}
    with Storage.start(arguments.location, **ports) as storage:
        addresses = f"blob {storage.blob_endpoint} queue {storage.queue_endpoint} table {storage.table_endpoint}"
        print(f"storage ready: {addresses}", flush=True)
        while not ended.wait(_POLL_SECONDS):
            if storage.child.poll() is not None:
                return 1
    return 0
