"""From a folder to its functions: what the Python worker and then the host check at start.

Worker: https://github.com/Azure/azure-functions-python-worker/blob/4.34.0/azure_functions_worker/loader.py
Host: https://github.com/Azure/azure-functions-host/blob/dev/src/WebJobs.Script/Host/HostFunctionMetadataProvider.cs
"""

import importlib
import inspect
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from azure.functions import FunctionRegister

from infrastructure.local.host.schedule import Schedule, ScheduleError
from infrastructure.local.host.settings import AppSettings
from infrastructure.local.host.signature import Parameter, Signature, SignatureError, check
from infrastructure.local_settings import SettingError

_FUNCTION_NAME = re.compile(r"[a-z][a-z0-9_\-]{0,127}", re.IGNORECASE)
_BINDING_NAME = re.compile(r"[a-z](?:(?!__)[a-z0-9_]){0,127}|\$return", re.IGNORECASE)
_QUEUE_NAME = re.compile(r"[a-z0-9](?:-?[a-z0-9]){2,62}")
_MODULE_HINT = "Cannot find module. Please check the requirements.txt file for the missing module. Current sys.path: "


class IndexingError(RuntimeError):
    """The worker could not index the app: it has no functions at all."""


@dataclass(frozen=True, slots=True)
class QueueBinding:
    """A queue that a function reads or writes."""

    parameter: str
    queue: str
    connection_string: str


@dataclass(frozen=True, slots=True)
class TimerBinding:
    """The schedule that fires a function."""

    parameter: str
    schedule: Schedule
    run_on_startup: bool


@dataclass(frozen=True, slots=True)
class Function:
    """One function, ready to run."""

    name: str
    call: Callable[..., Any]
    is_async: bool
    signature: Signature
    trigger: QueueBinding | TimerBinding
    outputs: tuple[QueueBinding, ...]
    disabled: bool


@dataclass(frozen=True, slots=True)
class Index:
    """The functions that loaded, and why each of the others did not."""

    functions: tuple[Function, ...]
    errors: tuple[tuple[str, str], ...]


class _InErrorError(ValueError):
    """The host refuses one function; the others still load."""


def index(app: Path, settings: AppSettings) -> Index:
    """Imports the app's function_app.py and checks everything it registers."""
    found = [_Candidate.of(function) for function in _registered(app)]  # all or nothing
    functions: dict[str, Function] = {}
    errors: list[tuple[str, str]] = []
    for candidate in found:
        try:
            _check_name(candidate.name, set(functions))
            functions[candidate.name.lower()] = _accept(candidate, settings)
        except (_InErrorError, SettingError, ScheduleError) as error:
            errors.append((candidate.name, str(error)))
    return Index(tuple(functions.values()), tuple(errors))


def _registered(app: Path) -> Sequence[Any]:
    if not (app / "function_app.py").is_file():
        return ()  # the worker then answers "no functions", without an error
    try:
        module = importlib.import_module("function_app")
        registered: Sequence[Any] = _single_app(vars(module)).get_functions()
    except ModuleNotFoundError as error:
        raise IndexingError(f"ModuleNotFoundError: {error}. {_MODULE_HINT}{sys.path}") from error
    except IndexingError:
        raise
    except Exception as error:  # whatever the app raises at import is the reason to report
        raise IndexingError(f"{type(error).__name__}: {error}") from error
    return registered


def _single_app(names: dict[str, Any]) -> Any:
    apps = [value for value in names.values() if isinstance(value, FunctionRegister)]
    if not apps:
        raise IndexingError("ValueError: Could not find top level function app instances in function_app.py.")
    if len(apps) > 1:
        raise IndexingError(
            "ValueError: More than one FunctionApp or other top level function app instances are defined."
        )
    return apps[0]


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A function that the worker accepts."""

    name: str
    call: Callable[..., Any]
    bindings: tuple[dict[str, Any], ...]
    signature: Signature

    @staticmethod
    def of(registered: Any) -> "_Candidate":
        name = registered.get_function_name()
        call = registered.get_user_function()
        bindings = tuple(_properties(binding) for binding in registered.get_bindings())
        parameters = [Parameter(each["name"], each["type"], each["out"], each.get("dataType")) for each in bindings]
        try:
            return _Candidate(name, call, bindings, check(call, parameters))
        except SignatureError as error:
            raise IndexingError(f"FunctionLoadError: cannot load the {name} function: {error}") from error
        except (NameError, TypeError) as error:  # an annotation that cannot be evaluated or compared
            raise IndexingError(f"{type(error).__name__}: {error} (function {name})") from error


def _properties(binding: Any) -> dict[str, Any]:
    return {**binding.get_dict_repr(), "name": binding.name, "type": binding.type, "out": binding.direction == 1}


def _accept(candidate: _Candidate, settings: AppSettings) -> Function:
    """The host's own checks."""
    name = candidate.name
    _check_binding_names([binding["name"] for binding in candidate.bindings])
    triggers = [_trigger(binding, settings) for binding in candidate.bindings if not binding["out"]]
    if len(triggers) != 1:
        raise _InErrorError("The local host runs functions with a trigger and outputs, without further inputs.")
    return Function(
        name=name,
        call=candidate.call,
        is_async=inspect.iscoroutinefunction(candidate.call),
        signature=candidate.signature,
        trigger=triggers[0],
        outputs=tuple(_output(binding, settings) for binding in candidate.bindings if binding["out"]),
        disabled=settings.disabled(name),
    )


def _check_name(name: str, taken: set[str]) -> None:
    if not _FUNCTION_NAME.fullmatch(name) or name.lower() == "host":
        raise _InErrorError(f"'{name}' is not a valid function name.")
    if name.lower() in taken:
        raise _InErrorError("The function name is already in use (names are compared blind to case).")


def _check_binding_names(names: list[str]) -> None:
    for name in names:
        if not _BINDING_NAME.fullmatch(name):
            raise _InErrorError(f"The binding name {name} is invalid. Please assign a valid name to the binding.")
    if len({name.lower() for name in names}) < len(names):
        raise _InErrorError("Multiple bindings have the same name (names are compared blind to case).")


def _trigger(binding: dict[str, Any], settings: AppSettings) -> QueueBinding | TimerBinding:
    if binding["type"] == "queueTrigger":
        return _queue(binding, settings)
    if binding["type"] != "timerTrigger":
        raise _InErrorError(f"The local host does not support '{binding['type']}'.")
    schedule = Schedule.parse(settings.resolve(binding["schedule"]))
    return TimerBinding(binding["name"], schedule, bool(binding.get("runOnStartup")))


def _output(binding: dict[str, Any], settings: AppSettings) -> QueueBinding:
    if binding["type"] != "queue":
        raise _InErrorError(f"The local host does not support '{binding['type']}'.")
    return _queue(binding, settings)


def _queue(binding: dict[str, Any], settings: AppSettings) -> QueueBinding:
    queue = settings.resolve(binding["queueName"]).lower()
    if not _QUEUE_NAME.fullmatch(queue):
        raise _InErrorError(f"'{queue}' is not a valid queue name: 3 to 63 letters, digits and single hyphens.")
    return QueueBinding(binding["name"], queue, settings.connection_string(binding.get("connection") or ""))
