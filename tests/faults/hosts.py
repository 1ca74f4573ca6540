"""Hosts as processes of their own, forked from one that has imported everything, so that a start costs no second.

Run as a program it is that process: it reads one order a line and answers with the process id of a new host.
"""

import argparse
import gc
import importlib
import json
import os
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn, Self

from infrastructure.checkout import checkout
from infrastructure.local import process
from infrastructure.local.host import cli

_IMPORTED = (
    "infrastructure.local.host.host",
    "infrastructure.local.host.log",
    "azure.data.tables",
    "azure.storage.queue",
    "shared.wiring",
    "shared.adapters.documents",
    "shared.adapters.graph_mailbox",
    "shared.adapters.queues",
    "shared.adapters.tables",
    "shared.adapters.teams",
    "kiota_abstractions.authentication",
)


@dataclass(frozen=True, slots=True)
class Host:
    """One host that was started."""

    pid: int
    log: Path

    @property
    def is_running(self) -> bool:
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def kill(self) -> None:
        """End it as a power cut would; returns when it is gone."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        process.wait_until(lambda: not self.is_running, seconds=30, step=0.005)


class Hosts:
    """Starts hosts until the block ends; ends those that are left."""

    def __init__(self) -> None:
        # Coverage stays off: a host that is killed could write none, and it would slow all of them down.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_PROCESS")}
        process.keep_off_proxies(environment)
        self._child = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.hosts"],
            cwd=checkout(),
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=process.die_with_parent(),  # noqa: PLW1509  # makes one system call, takes no lock
        )
        self._started: list[Host] = []
        self._lock = threading.Lock()

    def start(self, environment: Mapping[str, str], log: Path, *, lease: float = 4.0) -> Host:
        """Start a host with these settings; it appends to the log."""
        order = {"environment": dict(environment), "log": str(log), "lease": lease}
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        with self._lock:
            self._child.stdin.write(json.dumps(order) + "\n")
            self._child.stdin.flush()
            host = Host(int(self._child.stdout.readline()), log)
        self._started.append(host)
        return host

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for host in self._started:
            if host.is_running:
                host.kill()
        process.stop(self._child)
        for pipe in (self._child.stdin, self._child.stdout):
            if pipe is not None:
                pipe.close()


def _serve() -> None:
    for name in _IMPORTED:
        importlib.import_module(name)
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for hosts: their ends are collected by the kernel
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _become_host(order)
        print(pid, flush=True)


def _become_host(order: Mapping[str, Any]) -> NoReturn:
    """Never return, whatever happens: the way back leads into a second process that starts hosts."""
    code = 1
    try:
        code = _host(order)
    except BaseException:  # noqa: BLE001
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _host(order: Mapping[str, Any]) -> int:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if (die := process.die_with_parent()) is not None:
        die()
    os.environ.clear()
    os.environ.update(order["environment"])
    with Path(order["log"]).open("ab") as output, Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    return cli.run(argparse.Namespace(app=checkout(), until_idle=None, lease=order["lease"]))


if __name__ == "__main__":
    _serve()
