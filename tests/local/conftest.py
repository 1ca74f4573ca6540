"""The real storage emulator, and tiny function apps that the real host runs in a process of its own."""

import base64
import contextlib
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from azure.core.exceptions import ResourceNotFoundError
from azure.storage.queue import QueueServiceClient

from infrastructure.checkout import checkout
from infrastructure.local.storage import Storage
from tests.local.world import World

HOST_JSON = {
    "version": "2.0",
    "extensions": {"queues": {"maxPollingInterval": "00:00:00.200", "batchSize": 8, "newBatchThreshold": 4}},
}
HEADER = """
import asyncio
import json
import logging
import os
import time
from pathlib import Path
from typing import List

import azure.functions as func

app = func.FunctionApp()
STORAGE = "AzureWebJobsStorage"
Q = os.environ["Q"]


def note(text):
    with Path("notes").open("a") as notes:
        notes.write(f"{text}\\n")
"""


@pytest.fixture(scope="session")
def storage(azurite: Storage) -> Storage:
    """The session's one Azurite."""
    return azurite


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A mailbox of one test."""
    with contextlib.closing(World(tmp_path / "mails")) as made:
        yield made


@dataclass
class Queues:
    """Queues of one test, told apart by a prefix; names are given without it."""

    service: QueueServiceClient
    prefix: str

    def put(self, name: str, *bodies: str | bytes, raw: bool = False) -> None:
        """Sends messages as a function app expects them; raw: the text as it is."""
        client = self.service.get_queue_client(self.prefix + name)
        with contextlib.suppress(Exception):
            client.create_queue()
        for body in bodies:
            encoded = body.encode() if isinstance(body, str) else body
            client.send_message(body if raw else base64.b64encode(encoded).decode())

    def raw(self, name: str) -> list[str]:
        """The texts of the visible messages; empty when the queue is absent."""
        try:
            peeked = self.service.get_queue_client(self.prefix + name).peek_messages(32)
            return [message.content or "" for message in peeked]
        except ResourceNotFoundError:
            return []

    def bodies(self, name: str) -> list[str]:
        """The visible messages, decoded."""
        return [base64.b64decode(text).decode() for text in self.raw(name)]


@pytest.fixture
def queues(storage: Storage) -> Iterator[Queues]:
    """Queues that no other test sees."""
    with QueueServiceClient.from_connection_string(storage.connection_string) as service:
        yield Queues(service, f"t{uuid.uuid4().hex[:8]}-")


@dataclass
class Running:
    """A host that was started."""

    process: "subprocess.Popen[str]"
    log: Path
    folder: Path

    def notes(self) -> list[str]:
        """The lines that the app noted."""
        path = self.folder / "notes"
        return path.read_text().splitlines() if path.exists() else []

    def logged(self) -> str:
        """All that the host wrote."""
        return self.log.read_text()

    def wait_for(self, condition: Callable[[], bool], seconds: float = 20) -> None:
        """Waits for something to become true while the host runs."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, self.logged()
            time.sleep(0.02)

    def wait_for_log(self, text: str) -> None:
        """Waits until the host has written the text."""
        self.wait_for(lambda: text in self.logged())

    def ended(self, seconds: float = 30) -> int:
        """Waits for the host to end; its exit code."""
        return self.process.wait(seconds)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Sends a signal and waits for the end."""
        self.process.send_signal(number)
        return self.ended()


@dataclass
class Apps:
    """Writes function apps and starts hosts for them."""

    root: Path
    connection_string: str
    prefix: str
    started: list[Running] = field(default_factory=list)

    def write(self, code: str, host_json: dict[str, Any] | None = None) -> Path:
        """Writes an app; the code follows a header with the imports and a FunctionApp called app."""
        app = self.root / "app"
        app.mkdir(exist_ok=True)
        (app / "host.json").write_text(json.dumps(host_json or HOST_JSON))
        (app / "function_app.py").write_text(HEADER + textwrap.dedent(code))
        return app

    def start(self, code: str, *arguments: str, host_json: dict[str, Any] | None = None, **settings: str) -> Running:
        """Writes an app and starts a host for it."""
        return self.start_written(self.write(code, host_json), *arguments, **settings)

    def start_written(self, app: Path, *arguments: str, **settings: str) -> Running:
        """Starts a host for an app that is there already."""
        log = self.root / f"log{len(self.started)}"
        own = {"AzureWebJobsStorage": self.connection_string, "Q": self.prefix}
        with log.open("w") as output:
            process = subprocess.Popen(  # our own program
                [sys.executable, "-m", "infrastructure.local", "host", "--app", str(app), *arguments],
                cwd=checkout(),
                env={**os.environ, **own, **settings},
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
            )
        running = Running(process, log, app)
        self.started.append(running)
        return running

    def until_idle(self, code: str, *arguments: str, idle: str = "0.3", **settings: str) -> tuple[int, Running]:
        """Runs an app until nothing is left to do; its exit code and what it left."""
        running = self.start_written(self.write(code), "--until-idle", idle, *arguments, **settings)
        return running.ended(), running


@pytest.fixture
def apps(tmp_path: Path, storage: Storage, queues: Queues) -> Iterator[Apps]:
    """Hosts that are gone after the test."""
    made = Apps(tmp_path, storage.connection_string, queues.prefix)
    yield made
    for running in made.started:
        if running.process.poll() is None:
            running.process.kill()
            running.process.wait()
