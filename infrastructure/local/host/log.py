"""The host's log: its own lines and the app's, on standard error, by the levels of host.json."""

import logging
import sys

from infrastructure.host_json import HostJson
from infrastructure.local.host.worker import running_function

_OWN = "Host"
_NOISE = "Auth level is not applied to non http function app"  # the SDK, of every app without an HTTP trigger
startup = logging.getLogger("Host.Startup")
general = logging.getLogger("Host.General")


def function_log(name: str) -> logging.Logger:
    """The log of one function's invocations."""
    return logging.getLogger(f"Host.Function.{name}")


def set_up(host_json: HostJson) -> None:
    """Makes the root logger write what host.json lets through."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s.%(msecs)03d %(levelname)-7s %(message)s", "%H:%M:%S"))
    handler.addFilter(lambda record: record.levelno >= host_json.level(_category(record)))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(min([logging.INFO, *host_json.log_levels.values()]))
    root.addFilter(lambda record: not record.getMessage().startswith(_NOISE))
    logging.captureWarnings(capture=True)


def _category(record: logging.LogRecord) -> str:
    """The names that Azure uses: https://learn.microsoft.com/azure/azure-functions/configure-monitoring#configure-categories."""
    if record.name.startswith("Host.Function."):
        return record.name.removeprefix("Host.")
    if record.name == _OWN or record.name.startswith(_OWN + "."):
        return record.name
    function = running_function.get()
    return f"Function.{function}.User" if function else "Worker"
