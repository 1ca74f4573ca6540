"""Loads and runs a package as the worker does; a script for the target's interpreter, which has nothing of ours.

Its arguments: the file of its task, then the folders before and those after Python's own on sys.path.
What it learns goes into a file after each step, so that it is known even if the next one kills the process.
"""

import sys

# As in the worker: before anything else is imported, so that a module which hides a standard one hides it here too.
_BEFORE, _AFTER = (argument.split("\n") if argument else [] for argument in sys.argv[2:4])
sys.path[:] = [*_BEFORE, *sys.path, *_AFTER]

# ruff: noqa: E402
import asyncio
import ctypes
import errno
import http.client
import importlib
import inspect
import json
import os
import time
import traceback
import types
import typing
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CHANGES = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.symlink", "os.link", "os.truncate", "os.chmod"}
_INVOKE_SECONDS = 20.0


class Refused(Exception):
    """The worker would refuse the app, with this text."""


class Watch:
    """Makes the package read-only, root or not, and keeps the process on this machine; remembers who tried."""

    def __init__(self, app: str) -> None:
        self._app = os.path.realpath(app) + os.sep
        self.writes: list[str] = []
        self.calls: list[str] = []
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITING:
            self._refuse_write(arguments[0])
        elif event in _CHANGES:
            for path in arguments[:2]:
                self._refuse_write(path)
        elif event == "socket.connect" and isinstance(arguments[1], tuple):
            self._refuse_call(str(arguments[1][0]))
        elif event == "socket.getaddrinfo":
            self._refuse_call(str(arguments[0]))

    def _refuse_write(self, path: object) -> None:
        if not isinstance(path, str | bytes | os.PathLike):
            return
        real = os.path.realpath(os.fsdecode(path))
        if real.startswith(self._app):
            self.writes.append(real.removeprefix(self._app))
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), os.fsdecode(path))

    def _refuse_call(self, host: str) -> None:
        if host not in {"localhost", "::1", "None", ""} and not host.startswith("127."):
            self.calls.append(host)
            raise OSError(errno.ENETUNREACH, "a probe has no network", host)


class Report:
    """What is known so far, on disk."""

    def __init__(self, path: str, nonce: str) -> None:
        self._path = Path(path)
        self.known: dict[str, Any] = {"nonce": nonce}

    def add(self, step: str, value: object) -> None:
        """Writes all that is known, at once or not at all."""
        self.known[step] = value
        new = self._path.with_suffix(".new")
        new.write_text(json.dumps(self.known), "utf-8")
        new.replace(self._path)


def main() -> None:
    """Load, index, invoke, and try what loads late; each step only if the one before it went well."""
    task = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    report = Report(task["answer"], task["nonce"])
    watch = Watch(task["app"])
    module = _load(report, task["app"])
    functions = _index(report, module) if module is not None else None
    if functions is not None:
        asyncio.run(_invoke(report, functions, task))
        if task["lazy"]:
            report.add("document", _told(lambda: _read_documents(task["documents"], task["text"])))
            report.add("identity", _told(lambda: _wire_identity(task["identity"], watch)))
            faults = {name: _told(partial(_import_native, name)) for name in task["native"]}
            report.add("native", {name: fault for name, fault in faults.items() if fault})
    report.add("writes", sorted(set(watch.writes)))
    report.add("done", True)  # noqa: FBT003
    os._exit(0)  # whatever threads the app has left


def _told(step: Callable[[], None]) -> str:
    """What went wrong in a step, as the worker's log would tell it; empty where nothing did."""
    try:
        step()
    except BaseException as error:  # noqa: BLE001  SystemExit included
        return _text(error)
    return ""


def _text(error: BaseException) -> str:
    if isinstance(error, Refused):
        return str(error)
    frames = [each for each in traceback.extract_tb(error.__traceback__) if each.filename != __file__]
    frames = [each for each in frames if not each.filename.startswith("<frozen")]
    where = f" ({frames[-1].filename}, line {frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {error}{where}"


def _load(report: Report, app: str) -> types.ModuleType | None:
    before, wall, cpu = set(sys.modules), time.perf_counter(), time.process_time()
    module = None
    fault = ""
    try:
        module = importlib.import_module("function_app")
    except BaseException as error:  # noqa: BLE001  SystemExit ends the worker, so it counts as well
        fault = _text(error)
    cost = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}
    loaded = {name: getattr(each, "__file__", None) for name, each in list(sys.modules.items()) if name not in before}
    files = {name: os.path.relpath(file, app) for name, file in loaded.items() if file and file.startswith(app)}
    report.add("load", {"error": fault, **cost, "modules": len(loaded), "files": files})
    return module


def _index(report: Report, module: types.ModuleType) -> list[Any] | None:
    try:
        functions = list(_single_app(module).get_functions())
        found = [_described(function) for function in functions]
    except BaseException as error:  # noqa: BLE001
        report.add("index", {"error": _text(error), "functions": []})
        return None
    report.add("index", {"error": "", "functions": found})
    return functions


def _single_app(module: types.ModuleType) -> Any:
    """https://github.com/Azure/azure-functions-python-worker/blob/4.34.0/azure_functions_worker/loader.py."""
    kind = _sdk().FunctionRegister
    apps = [value for value in vars(module).values() if isinstance(value, kind)]
    if not apps:
        raise Refused("ValueError: Could not find top level function app instances in function_app.py.")
    if len(apps) > 1:
        raise Refused("ValueError: More than one FunctionApp or other top level function app instances are defined.")
    return apps[0]


def _sdk() -> Any:
    return importlib.import_module("azure.functions")


def _described(function: Any) -> dict[str, Any]:
    bindings = [_binding(each) for each in function.get_bindings()]
    name = function.get_function_name()
    try:
        _check_signature(function.get_user_function(), bindings)
    except Refused as refused:
        raise Refused(f"FunctionLoadError: cannot load the {name} function: {refused}") from None
    return {"name": name, "bindings": json.loads(json.dumps(bindings, default=str))}


def _binding(each: Any) -> dict[str, Any]:
    return {**each.get_dict_repr(), "name": each.name, "type": each.type, "out": each.direction == 1}


def _check_signature(function: Callable[..., Any], bindings: list[dict[str, Any]]) -> None:
    """https://github.com/Azure/azure-functions-python-worker/blob/4.34.0/azure_functions_worker/functions.py."""
    hints = typing.get_type_hints(function)
    parameters = set(inspect.signature(function).parameters)
    bound = {each["name"]: each for each in bindings if each["name"] != "$return"}
    parameters -= {"context"} - bound.keys()
    if unbound := parameters - bound.keys():
        raise Refused(f"the following parameters are declared in Python but not in function.json: {unbound!r}")
    if unknown := bound.keys() - parameters:
        raise Refused(f"the following parameters are declared in function.json but not in Python: {unknown!r}")
    for name, binding in bound.items():
        if name in hints:
            _check_hint(binding, hints[name])
    for binding in bindings:
        if binding["name"] == "$return" and "return" in hints and not _accepts(binding, hints["return"]):
            raise Refused(
                f'Python return annotation {hints["return"]!r} does not match binding type "{binding["type"]}"'
            )


def _check_hint(binding: dict[str, Any], hint: Any) -> None:
    is_out = (typing.get_origin(hint) or hint) is _sdk().Out
    if is_out != binding["out"]:
        side, says = ("out", "is not a subclass of") if binding["out"] else ("in", "is")
        raise Refused(
            f'binding {binding["name"]} is declared to have the "{side}" direction, but its annotation '
            f"{says} azure.functions.Out"
        )
    arguments = typing.get_args(hint)
    if is_out and len(arguments) != 1:
        raise Refused(f"binding {binding['name']} has invalid Out annotation {hint!r}")
    kind = arguments[0] if is_out else hint
    # The worker knows generics by the classes of the typing module: List[str] counts and list[str] does not.
    is_generic = typing.get_origin(kind) not in {None, typing.Union, typing.Annotated, types.UnionType}
    if isinstance(kind, types.GenericAlias) or not (isinstance(kind, type) or is_generic):
        raise Refused(f"binding {binding['name']} has invalid {'Out' if is_out else 'non-type'} annotation {hint!r}")
    if kind not in (str, bytes) and not _accepts(binding, kind):
        raise Refused(
            f'{binding["name"]!r} binding type "{binding["type"]}" and dataType "{binding.get("dataType")}" in '
            "function.json do not match the corresponding function parameter's Python type annotation "
            f'"{getattr(kind, "__name__", kind)}"'
        )


def _accepts(binding: dict[str, Any], kind: Any) -> bool:
    converter = importlib.import_module("azure.functions.meta").get_binding_registry().get(binding["type"])
    if converter is None:
        return True
    check = converter.check_output_type_annotation if binding["out"] else converter.check_input_type_annotation
    try:
        return bool(check(kind))
    except TypeError:
        return False


async def _invoke(report: Report, functions: list[Any], task: dict[str, Any]) -> None:
    """Run every function once, one after the other, on one loop as the worker has it."""
    outcomes: dict[str, str] = {}
    for function in functions:
        name = function.get_function_name()
        _mark(task["port"], name)
        try:
            async with asyncio.timeout(_INVOKE_SECONDS):
                returned = await _run(function, task["messages"])
            has_return = any(each.name == "$return" for each in function.get_bindings())
            outcomes[name] = "" if returned is None or has_return else f"returned {type(returned).__name__}"
        except BaseException as error:  # noqa: BLE001
            outcomes[name] = _text(error)
        report.add("invoke", outcomes)
    _mark(task["port"], "")


def _mark(port: int, name: str) -> None:
    """Tell the stand-in whose requests come next."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", f"/_mark/{name}")
    connection.getresponse().read()
    connection.close()


async def _run(function: Any, messages: dict[str, str]) -> Any:
    call = function.get_user_function()
    hints = typing.get_type_hints(call)
    arguments: dict[str, Any] = {}
    for binding in map(_binding, function.get_bindings()):
        name = binding["name"]
        if name != "$return":
            arguments[name] = _output() if binding["out"] else _value(binding, hints.get(name), messages)
    if "context" in inspect.signature(call).parameters and "context" not in arguments:
        arguments["context"] = types.SimpleNamespace(invocation_id="probe", function_name=function.get_function_name())
    if inspect.iscoroutinefunction(call):
        return await call(**arguments)
    return await asyncio.to_thread(call, **arguments)


def _output() -> Any:
    values: list[Any] = []
    methods = {"set": lambda _, value: values.append(value), "get": lambda _: values[-1] if values else None}
    return type("Output", (_sdk().Out,), methods)()


def _value(binding: dict[str, Any], hint: Any, messages: dict[str, str]) -> Any:
    """The trigger's value, made by the SDK's own converter as the worker does."""
    meta = importlib.import_module("azure.functions.meta")
    if binding["type"] == "timerTrigger":
        text = json.dumps({"Schedule": {"AdjustForDST": True}, "ScheduleStatus": {}, "IsPastDue": False})
        return text if hint is str else _converter(binding).decode(meta.Datum(text, "json"), trigger_metadata=None)
    body = messages.get(str(binding.get("queueName")), "{}").encode()
    if hint in (str, bytes):
        return body if hint is bytes else body.decode()
    metadata = {"Id": meta.Datum("probe", "string"), "DequeueCount": meta.Datum("1", "json")}
    return _converter(binding).decode(meta.Datum(body, "bytes"), trigger_metadata=metadata)


def _converter(binding: dict[str, Any]) -> Any:
    converter = importlib.import_module("azure.functions.meta").get_binding_registry().get(binding["type"])
    if converter is None:
        raise Refused(f"the probe has nothing to send to a {binding['type']}")
    return converter


def _read_documents(contents: dict[str, str], text: str) -> None:
    """The child process that reads hostile documents starts, and finds all that it needs."""
    documents = importlib.import_module("shared.adapters.documents")
    content = importlib.import_module("shared.ports").Content

    async def read() -> Any:
        reader = documents.SubprocessDocuments()
        try:
            given = [content(name, "application/pdf", bytes.fromhex(each)) for name, each in contents.items()]
            return await reader.read(given)
        finally:
            await reader.close()

    for name, answer in zip(contents, asyncio.run(read()), strict=True):
        if text not in " ".join(answer.pages):
            said = " ".join(answer.pages)[:100]
            raise Refused(f"{name}, which says {text!r}, was read as {answer.legibility}: {said!r}")


def _wire_identity(settings: dict[str, str | None], watch: Watch) -> None:
    """The stages are built with a managed identity, as in the cloud, and nothing is asked of the network for it."""
    wiring = importlib.import_module("shared.wiring")
    for name, value in settings.items():
        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value
    wiring.stages.cache_clear()
    before = len(watch.calls)
    wiring.stages()
    if calls := watch.calls[before:]:
        raise Refused(f"building the clients called {', '.join(sorted(set(calls)))}")


def _import_native(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)  # Cython's word for a module of another Python
        try:
            importlib.import_module(name)
        except ImportError as error:
            if error.path is None or "module export function" not in str(error):
                raise
            ctypes.CDLL(error.path)  # a library that its package opens by path


main()
