"""The functions that the worker finds, in both orders of sys.path, against those that policy.toml expects."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from infrastructure.package.findings import Finding
from infrastructure.package.package import Ground, Package
from infrastructure.package.places import MOUNT
from infrastructure.package.policy import Binding, Budget, Function
from infrastructure.package.probing import CONSUMPTION, DEDICATED, Answer

APP = "function_app.py"
_ORDERS = {DEDICATED: "as on dedicated and premium plans", CONSUMPTION: "as on consumption plans"}
_MEND = "mend the app, or the policy if it is meant"
_FUNCTION_NAME = re.compile(r"[a-z][a-z0-9_\-]{0,127}", re.IGNORECASE)
_BINDING_NAME = re.compile(
    r"[a-z][a-z0-9]{0,127}|\$return", re.IGNORECASE
)  # of hosts before 4.1038; later ones take more
_QUEUE_NAME = re.compile(r"[a-z0-9](?:-?[a-z0-9]){2,62}")
_SETTING = re.compile(r"%([^%]+)%")
_RESTARTED = "the host restarts the worker after 10 seconds, and shuts itself down when it has died three times"


def findings(package: Package, ground: Ground) -> Iterator[Finding]:
    """That the app loads, and what it registers."""
    if APP not in package.members or ground.runtime is None:
        return
    probed = ground.probed()
    yield from of_orders({answer.order: list(_of_one(answer, ground)) for answer in probed.answers})
    yield from _written(probed.changed)
    yield from _other_files(probed.answers)


def of_orders(told: Mapping[str, list[Finding]]) -> Iterator[Finding]:
    """What is the same in both orders once; what is not with its order."""
    for order, several in told.items():
        others = [each for other, them in told.items() if other != order for each in them]
        for each in several:
            if each not in others:
                what = f"{each.what}, with sys.path {_ORDERS[order]}"
                yield Finding(each.check, each.path, what, each.wanted, each.found, each.effect, each.remedy)
            elif order == DEDICATED:
                yield each


def _of_one(answer: Answer, ground: Ground) -> Iterator[Finding]:
    load, index = answer.known.get("load"), answer.known.get("index")
    if load is None or (index is None and not load["error"]):
        yield _ended(answer)
    elif load["error"]:
        yield _not_loaded(load["error"])
    elif index is not None and index["error"]:
        found = clean(index["error"])
        yield _finding(
            "the app cannot be indexed", "functions", found, "the worker answers with this error: 0 functions"
        )
    elif index is not None:
        yield from _functions(index["functions"], ground)
    if load is not None:
        yield from _slow(load, ground.policy.budget)
    for name in answer.known.get("writes", ()):
        yield _finding(
            f"it writes into its own folder: {name}",
            "no write below the package",
            f"OSError: [Errno 30] Read-only file system: '{name}'",
            "the package is mounted read-only: the write fails; at import, and not caught, with it all functions",
            "write below tempfile.gettempdir(), or not at all",
        )


def _slow(load: Mapping[str, float], budget: Budget) -> Iterator[Finding]:
    """By the processor's clock, and by the one on the wall: what waits costs no CPU."""
    for key, most, what in (
        ("cpu", budget.import_cpu_seconds, "seconds of CPU"),
        ("wall", budget.import_wall_seconds, "seconds"),
    ):
        if load[key] > most:
            yield _finding(
                "its import takes too long",
                f"at most {most:g} {what}",
                "more; see the measurements below",
                "every cold start is that late; Azure's cores are slower, and the host gives up after 60 seconds",
                "move imports of large modules, and whatever waits, into the functions that need them",
            )
            return


def _ended(answer: Answer) -> Finding:
    effect = f"the worker dies before it has functions: {_RESTARTED}"
    if "seconds" in answer.ended:
        effect = "the host gives up on the worker after 60 seconds: 0 functions"
    elif answer.ended.endswith("exit code 0"):
        effect = "the host takes exit code 0 for intended: it does not restart the worker, and has no functions"
    last = answer.said.strip().splitlines()[-1:]
    found = ": ".join([f"the process {'was ' if 'ready' in answer.ended else ''}{answer.ended}", *last])
    return _finding("it does not survive its own import", "a module that can be imported", clean(found), effect)


def _not_loaded(error: str) -> Finding:
    error = clean(error)
    effect = f"the worker answers {error.partition(' (')[0]}: the app is not indexed, 0 functions"
    if error.startswith("SystemExit"):
        effect = f"the exit ends the worker, exit code 1; {_RESTARTED}"
        error = f"sys.exit: {error}"
    return _finding("it cannot be imported", "a module that can be imported", error, effect)


def clean(text: str) -> str:
    """A text without the folder of the probe."""
    return re.sub(r"/[^\s'\"]*package-probe-[^/]+/app", MOUNT.rstrip("/"), text)


def _functions(found: list[dict[str, Any]], ground: Ground) -> Iterator[Finding]:
    expected = {each.name: each for each in ground.policy.functions}
    names = {each["name"] for each in found}
    if not found:
        yield _finding(
            "the app registers no function",
            ", ".join(expected),
            "0 functions",
            "the worker answers Success with 0 functions, without any error; it looks deployed, and nothing runs",
        )
        return
    for name in expected.keys() - names:
        yield _finding(
            f"the function {name} is missing",
            name,
            ", ".join(sorted(names)),
            f"{name} does not exist; no error says so",
        )
    for name in names - expected.keys():
        yield _finding(f"the function {name} is not expected", ", ".join(expected), name, f"{name} runs as well")
    yield from _names(found)
    for each in found:
        yield from _host_rules(each, ground)
        if each["name"] in expected:
            yield from _bindings(each, expected[each["name"]])


def _names(found: list[dict[str, Any]]) -> Iterator[Finding]:
    seen: dict[str, str] = {}
    for name in (str(each["name"]) for each in found):
        other = seen.setdefault(name.lower(), name)
        if other != name:
            yield _finding(
                "two functions differ in case only",
                "names that differ",
                f"{other} and {name}",
                "the host compares names without case: one of the two does not run",
            )
        if not _FUNCTION_NAME.fullmatch(name) or name.lower() == "host":
            yield _finding(
                f"the host takes no function of the name {name}",
                "a letter, then letters, digits, _ and -",
                name,
                f"the host says: '{name}' is not a valid function name., and drops that one function",
            )


def _host_rules(function: dict[str, Any], ground: Ground) -> Iterator[Finding]:
    """What the host asks of one function; the others load all the same."""
    name = function["name"]
    for binding in function["bindings"]:
        if not _BINDING_NAME.fullmatch(binding["name"]):
            yield _finding(
                f"{name}: a binding's name that not every host takes",
                "letters and digits",
                binding["name"],
                f"the host says: The binding name {binding['name']} is invalid., and drops the function",
            )
        if str(binding.get("runOnStartup", "")).lower() == "true":
            yield _finding(
                f"{name} runs whenever the host starts",
                "run_on_startup=False: the schedule alone",
                "run_on_startup=True",
                "it also runs at every restart, scale-out and swap of slots, two at once included",
            )
        texts = [str(value) for value in binding.values() if isinstance(value, str)]
        for setting in sorted({each for text in texts for each in _SETTING.findall(text)} - ground.settings.keys()):
            yield _finding(
                f"{name}: a setting that the infrastructure does not define",
                f"one of {', '.join(sorted(ground.settings))}",
                setting,
                f"the host says: '%{setting}%' does not resolve to a value., and {name} does not run",
            )
        connection = binding.get("connection")
        if "queue" in binding["type"].lower() and not _is_defined(str(connection or ""), ground):
            yield _finding(
                f"{name}: a connection that the infrastructure does not define",
                "a setting of that name, or a group of NAME__...",
                repr(connection),
                f"the listener of {name} cannot start, so {name} does not run",
            )
        queue = str(binding.get("queueName") or "")
        if queue and "%" not in queue and not _QUEUE_NAME.fullmatch(queue):
            yield _finding(
                f"{name}: no queue can have that name",
                "3 to 63 small letters, digits and single hyphens",
                queue,
                f"{name} is in error and does not run",
            )


def _is_defined(connection: str, ground: Ground) -> bool:
    names = {connection, f"AzureWebJobs{connection}"}
    return bool(names & ground.settings.keys()) or any(
        each.startswith(f"{connection}__") for each in ground.settings if connection
    )


def _bindings(found: dict[str, Any], expected: Function) -> Iterator[Finding]:
    registered = {
        each["name"]: Binding(
            each["name"],
            each["type"],
            str(each.get("queueName") or ""),
            str(each.get("schedule") or ""),
            str(each.get("connection") or ""),
        )
        for each in found["bindings"]
    }
    wanted = {each.name: each for each in expected.bindings}
    for name in sorted(registered.keys() | wanted.keys()):
        if registered.get(name) != wanted.get(name):
            yield _finding(
                f"{expected.name}: the binding {name} is not the expected one",
                _shown(wanted.get(name)),
                _shown(registered.get(name)),
                "it loads, and waits or sends where the rest of the system does not",
            )


def _shown(binding: Binding | None) -> str:
    parts = (binding.name, binding.type, binding.queue, binding.schedule, binding.connection) if binding else ("none",)
    return " ".join(filter(None, parts))


def _written(changed: tuple[str, ...]) -> Iterator[Finding]:
    if changed:
        yield Finding(
            "index",
            changed[0],
            "it was changed while the app ran",
            "no write below the package",
            ", ".join(changed[:5]),
            "the package is mounted read-only: OSError: [Errno 30] Read-only file system",
            "write below tempfile.gettempdir()",
        )


def _other_files(answers: tuple[Answer, ...]) -> Iterator[Finding]:
    loaded = [answer.known.get("load", {}).get("files", {}) for answer in answers]
    one, other = loaded[0], loaded[-1]
    for module in sorted(one.keys() & other.keys()):
        if one[module] != other[module]:
            yield Finding(
                "index",
                one[module],
                f"the module {module} is another one in each order of sys.path",
                "the same file",
                f"{one[module]} {_ORDERS[DEDICATED]}, {other[module]} {_ORDERS[CONSUMPTION]}",
                "which code runs depends on the plan",
                "give one of the two another name",
            )


def _finding(what: str, wanted: str, found: str, effect: str, remedy: str = _MEND) -> Finding:
    return Finding("index", APP, what, wanted, found, effect, remedy)
