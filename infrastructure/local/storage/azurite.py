"""One running Azurite."""

import contextlib
import os
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from infrastructure.checkout import LocalError
from infrastructure.local import process
from infrastructure.local.storage.install import folder
from infrastructure.local.storage.node import node

# The account that every Azurite knows: https://learn.microsoft.com/azure/storage/common/storage-connect-azurite
_ACCOUNT = "devstoreaccount1"
_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
_START_SECONDS = 60.0
_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Storage:
    """Blob, queue and table service of one Azurite on 127.0.0.1."""

    child: "subprocess.Popen[str]"
    blob_port: int
    queue_port: int
    table_port: int

    @staticmethod
    @contextlib.contextmanager
    def start(
        location: Path,
        *,
        blob_port: int = 0,
        queue_port: int = 0,
        table_port: int = 0,
        accounts: Sequence[str] = (_ACCOUNT,),
        installed: Path | None = None,
    ) -> Iterator["Storage"]:
        """Runs Azurite over the folder location until the block ends; port 0 takes a free one."""
        script = (installed or folder()) / "node_modules" / "azurite" / "dist" / "src" / "azurite.js"
        if not script.is_file():
            raise LocalError("the storage emulator is not installed; run: make setup")
        try:
            location.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LocalError(f"{location} cannot be made ({error.strerror}); choose another folder") from error
        wanted = (blob_port, queue_port, table_port)
        attempts = 1 if all(wanted) else _ATTEMPTS
        storage = _start(script, location, wanted, accounts=accounts, attempts=attempts)
        try:
            yield storage
        finally:
            process.stop(storage.child)

    @property
    def connection_string(self) -> str:
        """What AzureWebJobsStorage takes."""
        ports = (self.blob_port, self.queue_port, self.table_port)
        return connection_string(_ACCOUNT, *ports)

    @property
    def blob_endpoint(self) -> str:
        """Address of the blob service."""
        return f"http://127.0.0.1:{self.blob_port}/{_ACCOUNT}"

    @property
    def queue_endpoint(self) -> str:
        """Address of the queue service."""
        return f"http://127.0.0.1:{self.queue_port}/{_ACCOUNT}"

    @property
    def table_endpoint(self) -> str:
        """Address of the table service."""
        return f"http://127.0.0.1:{self.table_port}/{_ACCOUNT}"


def connection_string(account: str, blob_port: int, queue_port: int, table_port: int) -> str:
    """What AzureWebJobsStorage takes for an account of an Azurite behind these ports of 127.0.0.1."""
    ports = {"Blob": blob_port, "Queue": queue_port, "Table": table_port}
    endpoints = "".join(f"{kind}Endpoint=http://127.0.0.1:{port}/{account};" for kind, port in ports.items())
    return f"DefaultEndpointsProtocol=http;AccountName={account};AccountKey={_KEY};{endpoints}"


def _start(
    script: Path, location: Path, wanted: tuple[int, int, int], *, accounts: Sequence[str], attempts: int
) -> Storage:
    """Starts Azurite; a free port that another program took in the meantime is worth another attempt."""
    if taken := [port for port in wanted if port and process.answers(port)]:
        raise LocalError(f"port {taken[0]} is in use; choose another, or 0 for a free one")
    ports = [port or free for port, free in zip(wanted, process.free_ports(len(wanted)), strict=True)]
    with tempfile.TemporaryFile("w+") as output:
        child = _spawn(script, location, ports, accounts, output)
        try:
            _await_ready(child, ports, output)
        except LocalError:
            process.stop(child)
            if attempts > 1:
                return _start(script, location, wanted, accounts=accounts, attempts=attempts - 1)
            raise
        except BaseException:  # Ctrl-C while it starts
            process.stop(child)
            raise
    return Storage(child, *ports)


def _spawn(
    script: Path, location: Path, ports: list[int], accounts: Sequence[str], output: IO[str]
) -> "subprocess.Popen[str]":
    command = [str(node()), str(script), "--location", str(location.resolve())]
    for service, port in zip(("blob", "queue", "table"), ports, strict=True):
        command += [f"--{service}Host", "127.0.0.1", f"--{service}Port", str(port)]
    command += ["--skipApiVersionCheck", "--disableTelemetry", "--silent"]
    return subprocess.Popen(
        command,
        cwd=location,
        # https://learn.microsoft.com/azure/storage/common/storage-use-azurite#custom-storage-accounts-and-keys
        env={**os.environ, "AZURITE_ACCOUNTS": ";".join(f"{account}:{_KEY}" for account in accounts)},
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,  # Ctrl-C reaches the one who started us; it ends Azurite after its own clients
        preexec_fn=process.die_with_parent(),  # noqa: PLW1509  # makes one system call, takes no lock
    )


def _await_ready(child: "subprocess.Popen[str]", ports: list[int], output: IO[str]) -> None:
    def ready() -> bool:
        return child.poll() is not None or all(process.answers(port) for port in ports)

    if process.wait_until(ready, seconds=_START_SECONDS) and child.poll() is None:
        return
    output.seek(0)
    said = output.read().strip()[-2000:] or "nothing"
    state = "did not answer" if child.poll() is None else f"ended with {child.returncode}"
    raise LocalError(f"Azurite {state} on ports {', '.join(map(str, ports))}; it said: {said}")
