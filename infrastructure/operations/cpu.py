"""The CPU that child processes have used, while they live too."""

import os
import resource
from pathlib import Path

_NANOSECONDS = 1e9
_PARENT = 1  # of the fields behind the name in /proc/PID/stat (proc(5))


def children_seconds() -> float:
    """Seconds of all children of this process so far, ended ones included."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ended.ru_utime + ended.ru_stime + sum(map(_seconds, Path("/proc").glob("[0-9]*")))


def _seconds(process: Path) -> float:
    try:
        after_name = (process / "stat").read_text().rpartition(")")[2].split()
        if int(after_name[_PARENT]) != os.getpid():
            return 0.0
        # Exact, where the ticks of stat are hundredths of a second: longer than most documents take.
        return int((process / "schedstat").read_text().split()[0]) / _NANOSECONDS
    except (OSError, IndexError):  # it ended in between
        return 0.0
