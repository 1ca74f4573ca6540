"""Child processes, ports and addresses that the parts of the local system share."""

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, MutableMapping

_PR_SET_PDEATHSIG = 1  # https://man7.org/linux/man-pages/man2/PR_SET_PDEATHSIG.2const.html
_LOOPBACK = ("127.0.0.1", "localhost")


def keep_off_proxies(environment: MutableMapping[str, str]) -> None:
    """Sees to it that no proxy is asked for this machine itself."""
    for name in ("no_proxy", "NO_PROXY"):  # most clients read the lower case first, some only one of them
        hosts = [host.strip() for host in environment.get(name, "").split(",") if host.strip()]
        environment[name] = ",".join([*hosts, *(host for host in _LOOPBACK if host not in hosts)])


def free_ports(count: int) -> list[int]:
    """Different TCP ports on 127.0.0.1 that nothing listens on now."""
    with contextlib.ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]


def free_port() -> int:
    """A TCP port on 127.0.0.1 that nothing listens on now."""
    return free_ports(1)[0]


def answers(port: int) -> bool:
    """Whether something accepts connections on 127.0.0.1:port."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=0.5):
        return True
    return False


def wait_until(ready: Callable[[], bool], *, seconds: float, step: float = 0.02) -> bool:
    """Polls until ready or out of time; says which."""
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            return False
        time.sleep(step)
    return True


def stop(child: "subprocess.Popen[str]", *, seconds: float = 5.0) -> None:
    """Asks the child to end, waits, then kills it; a signal that interrupts the wait kills it as well."""
    if child.poll() is not None:
        return
    child.terminate()
    try:
        child.wait(seconds)
    except subprocess.TimeoutExpired:
        pass
    finally:
        if child.poll() is None:
            child.kill()
            child.wait()


def die_with_parent() -> Callable[[], None] | None:
    """A preexec function: the kernel ends the child with the thread that starts it; None without such a call."""
    try:
        prctl = ctypes.CDLL(None).prctl
    except (OSError, AttributeError):
        return None
    return lambda: prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def when_parent_dies(act: Callable[[], None], *, step: float = 0.5) -> None:
    """Calls act once this process has been handed to another parent; watches in a daemon thread."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(step)
        act()

    threading.Thread(target=watch, name="parent watch", daemon=True).start()


def stop_event(signals: Iterable[signal.Signals] = (signal.SIGTERM, signal.SIGINT)) -> threading.Event:
    """An event set by the first of the signals."""
    event = threading.Event()
    for number in signals:
        signal.signal(number, lambda *_: event.set())
    return event
