"""The mailbox runs as a command of its own."""

import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from infrastructure.local.mailbox import serve

ROOT = Path(__file__).parents[2]
COMMAND = "import sys; from infrastructure.local.mailbox import main; sys.exit(main(sys.argv[1:]))"


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "Ctrl-C"])
def test_the_command_says_where_it_is_and_stops_cleanly(tmp_path: Path, stop: signal.Signals) -> None:
    mails = tmp_path / "mails with space"
    (mails / "a@contoso.com").mkdir(parents=True)
    process = subprocess.Popen(
        [sys.executable, "-c", COMMAND, "--root", str(mails)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    line = process.stdout.readline().strip()
    start, _, rest = line.partition(", mails in ")
    assert rest == str(mails)
    url = start.removeprefix("mailbox ready at ")
    with httpx.Client() as client:  # an open connection does not keep the command alive
        assert client.get(f"{url}/v1.0/users/a@contoso.com/mailFolders/inbox").status_code == 200
        process.send_signal(stop)
        out, err = process.communicate(timeout=15)
    assert (process.returncode, out, err) == (0, "", "")


def test_a_taken_port_is_named_in_one_line(tmp_path: Path) -> None:
    with serve(tmp_path) as server:
        port = server.url.rpartition(":")[2]
        command = [sys.executable, "-m", "infrastructure.local", "mailbox", "--root", str(tmp_path), "--port", port]
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == (
        f"python -m infrastructure.local mailbox: port {port} is in use; choose another, or 0 for a free one\n"
    )
