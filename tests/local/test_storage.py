"""The storage emulator: install, start, stop."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from azure.data.tables import TableServiceClient
from azure.storage.queue import QueueServiceClient

from infrastructure.checkout import LocalError, checkout
from infrastructure.local.__main__ import main
from infrastructure.local.process import answers, free_port, wait_until
from infrastructure.local.storage import Storage
from infrastructure.local.storage.install import install


def test_queues_and_tables_answer_and_outlive_a_restart(storage: Storage, tmp_path: Path) -> None:
    del storage  # only says that the emulator is installed
    with Storage.start(tmp_path) as first:
        with QueueServiceClient.from_connection_string(first.connection_string) as queues:
            queues.create_queue("kept").send_message("hello")
        with TableServiceClient.from_connection_string(first.connection_string) as tables:
            tables.create_table("Kept").create_entity({"PartitionKey": "a", "RowKey": "b"})
    assert not answers(first.queue_port)
    with Storage.start(tmp_path) as second:
        with QueueServiceClient.from_connection_string(second.connection_string) as queues:
            assert queues.get_queue_client("kept").peek_messages()[0].content == "hello"
        with TableServiceClient.from_connection_string(second.connection_string) as tables:
            assert tables.get_table_client("Kept").get_entity("a", "b")["RowKey"] == "b"


def start_command(location: Path) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "infrastructure.local", "storage", "--location", str(location)]
    ports = ["--blob-port", "0", "--queue-port", "0", "--table-port", "0"]
    return subprocess.Popen([*command, *ports], cwd=checkout(), stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_the_command_says_where_it_is_and_leaves_nothing_running(
    storage: Storage, tmp_path: Path, number: signal.Signals
) -> None:
    del storage
    with start_command(tmp_path) as command:
        assert command.stdout is not None
        line = command.stdout.readline()
        ports = [int(word.split(":")[2].split("/")[0]) for word in line.split() if word.startswith("http://127.0.0.1")]
        assert len(ports) == 3
        assert all(answers(port) for port in ports)
        command.send_signal(number)
        assert command.wait(20) == (-number if number == signal.SIGKILL else 0)
        assert command.stdout.read() == ""
    assert wait_until(lambda: not any(answers(port) for port in ports), seconds=10)


def test_a_taken_port_is_named(storage: Storage, tmp_path: Path) -> None:
    with (
        pytest.raises(LocalError, match=str(storage.queue_port)),
        Storage.start(tmp_path, queue_port=storage.queue_port),
    ):
        pass


def test_a_folder_that_cannot_be_made_is_named(
    storage: Storage, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del storage
    (tmp_path / "file").write_text("in the way")
    location = tmp_path / "file" / "data"
    assert main(["storage", "--location", str(location)]) == 1
    wanted = f"python -m infrastructure.local storage: {location} cannot be made (Not a directory); choose another"
    assert capsys.readouterr().err.startswith(wanted)


def test_without_an_install_it_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match="run: make setup"), Storage.start(tmp_path, installed=tmp_path):
        pass


def test_a_failed_install_names_the_command_and_what_npm_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("npm_config_registry", f"http://127.0.0.1:{free_port()}/")
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    monkeypatch.setenv("HOME", "")
    with pytest.raises(LocalError, match=r"npm-cli\.js ci --omit=dev --ignore-scripts(?s:.*)ECONNREFUSED"):
        install(tmp_path)
    assert not (Path(os.curdir) / ".npm").exists()


def test_each_command_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    for command, word in (("install", "emulator"), ("storage", "--queue-port"), ("host", "--until-idle")):
        with pytest.raises(SystemExit) as caught:
            main([command, "--help"])
        assert caught.value.code == 0
        assert word in capsys.readouterr().out


def test_what_cannot_run_is_one_line_and_exit_code_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["host", "--app", str(tmp_path / "nowhere")]) == 1
    assert main(["host", "--app", str(tmp_path), "--lease", "0.5"]) == 1
    assert capsys.readouterr().err.count("python -m infrastructure.local host: ") == 2


def test_an_unknown_command_is_bad_usage() -> None:
    with pytest.raises(SystemExit) as caught:
        main(["nothing"])
    assert caught.value.code == 2
