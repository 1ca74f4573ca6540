"""Who runs a command."""

import getpass
import platform


def caller() -> str:
    """User and machine, as in "jane@laptop"."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container whose user has no name
        user = "unknown"
    return f"{user}@{platform.node()}"
