"""What the worker finds when it indexes the app, in a fresh process without any setting."""

import ast
import json
import re
import subprocess
import sys
from typing import Any

import pytest

from shared.domain.messages import QUEUES
from tests.app.checkout import ROOT, text

INDEX = """
import json, sys, typing
import azure.functions as func
import function_app

known = {func.TimerRequest: "TimerRequest", func.QueueMessage: "QueueMessage", func.Out[bytes]: "Out[bytes]"}
functions = {}
for function in function_app.app.get_functions():
    hints = typing.get_type_hints(function.get_user_function())
    functions[function.get_function_name()] = {
        "bindings": [json.loads(binding) for binding in function.get_raw_bindings()],
        "annotations": {name: known.get(hint, repr(hint)) for name, hint in hints.items() if name != "return"},
        "returns": repr(hints.get("return")),
    }
print(json.dumps({"functions": functions, "modules": sorted(sys.modules)}))
"""


@pytest.fixture(scope="module")
def indexed() -> dict[str, Any]:
    """What a worker sees: one process that imports the app and lists its functions."""
    done = subprocess.run(  # the interpreter that runs this test
        [sys.executable, "-c", INDEX], cwd=ROOT, env={}, capture_output=True, text=True, check=True
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.fixture(scope="module")
def bindings(indexed: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    return {name: function["bindings"] for name, function in indexed["functions"].items()}


def queue(name: str, queue_name: str, kind: str = "queue") -> tuple[str, str, str, str, str]:
    return kind, "IN" if kind == "queueTrigger" else "OUT", name, queue_name, "AzureWebJobsStorage"


QUEUE_FUNCTIONS = {
    "ExtractEnrich": {
        queue("message", "raw-mail", "queueTrigger"),
        queue("topost", "to-post"),
        queue("notify", "notify"),
    },
    "PostToAP": {queue("message", "to-post", "queueTrigger"), queue("notify", "notify")},
    "Notify": {queue("message", "notify", "queueTrigger")},
    "AddVendor": {queue("message", "add-vendor", "queueTrigger")},
}


def test_five_functions_are_found_without_any_setting(indexed: dict[str, Any]) -> None:
    assert set(indexed["functions"]) == {"MailIngest", *QUEUE_FUNCTIONS}


@pytest.mark.parametrize("function", QUEUE_FUNCTIONS)
def test_a_queue_function_has_exactly_these_bindings(bindings: dict[str, Any], function: str) -> None:
    found = {(b["type"], b["direction"], b["name"], b["queueName"], b["connection"]) for b in bindings[function]}
    assert found == QUEUE_FUNCTIONS[function]
    assert len(bindings[function]) == len(found)


def test_the_timer_takes_its_schedule_from_a_setting(bindings: dict[str, Any]) -> None:
    (timer,) = bindings["MailIngest"]
    assert (timer["type"], timer["direction"], timer["name"]) == ("timerTrigger", "IN", "timer")
    assert timer["schedule"] == "%MAIL_INGEST_SCHEDULE%"


def test_the_timer_does_not_fire_at_every_start(bindings: dict[str, Any]) -> None:
    """A start may be one of many in a minute: a scale-out, a swap, a crash loop."""
    assert bindings["MailIngest"][0]["runOnStartup"] is False


def test_the_queues_are_those_of_the_messages(bindings: dict[str, Any]) -> None:
    triggers = [b["queueName"] for found in bindings.values() for b in found if b["type"] == "queueTrigger"]
    outputs = {b["queueName"] for found in bindings.values() for b in found if b["type"] == "queue"}
    assert sorted(triggers) == sorted(QUEUES)
    assert outputs <= set(QUEUES)


def test_every_binding_name_suits_hosts_of_any_age(bindings: dict[str, Any]) -> None:
    names = [b["name"] for found in bindings.values() for b in found]
    assert [name for name in names if not re.fullmatch(r"[A-Za-z][A-Za-z0-9]{0,127}", name)] == []


@pytest.mark.parametrize("queue_name", QUEUES)
def test_every_queue_and_its_poison_queue_have_a_name_that_storage_takes(queue_name: str) -> None:
    assert re.fullmatch(r"[a-z0-9](?:-?[a-z0-9])+", queue_name)
    assert 3 <= len(queue_name) <= 63 - len("-poison")
    assert not queue_name.endswith("-poison")


def test_every_parameter_is_annotated_as_the_worker_accepts_it(indexed: dict[str, Any]) -> None:
    """One annotation that it does not accept costs all five functions."""
    wanted = {"timerTrigger": "TimerRequest", "queueTrigger": "QueueMessage", "queue": "Out[bytes]"}
    for name, function in indexed["functions"].items():
        expected = {binding["name"]: wanted[binding["type"]] for binding in function["bindings"]}
        assert function["annotations"] == expected, name
        assert function["returns"] == "<class 'NoneType'>", name


SDKS = ("msgraph", "msgraph_core", "kiota_abstractions", "kiota_http", "httpx", "aiohttp", "requests", "pypdf")
SDK_PARTS = ("azure.core", "azure.data", "azure.storage", "azure.identity")


def test_indexing_imports_no_sdk(indexed: dict[str, Any]) -> None:
    heavy = [m for m in indexed["modules"] if m.split(".")[0] in SDKS or m.startswith(SDK_PARTS)]
    assert heavy == []


def test_indexing_imports_nothing_that_does_not_ship(indexed: dict[str, Any]) -> None:
    assert [m for m in indexed["modules"] if m.split(".")[0] in {"infrastructure", "tests", "rich"}] == []


def tree() -> ast.Module:
    return ast.parse(text("function_app.py"))


def test_the_app_imports_azure_functions_and_shared_alone() -> None:
    imported = {alias.name for node in ast.walk(tree()) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module or "." for node in ast.walk(tree()) if isinstance(node, ast.ImportFrom)}
    assert {name for name in imported if name != "azure.functions" and not name.startswith("shared.")} == set()


def test_every_function_decodes_calls_and_hands_on_in_five_lines() -> None:
    functions = [n for n in ast.walk(tree()) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    lengths = {f.name: (f.end_lineno or 0) - f.body[0].lineno + 1 for f in functions}
    assert len(lengths) == 6
    assert {name: length for name, length in lengths.items() if length > 5} == {}


def test_nothing_runs_at_import_but_the_registration() -> None:
    """What is read from the environment or the network at import turns any trouble there into `0 functions loaded`."""
    kinds = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.Assign, ast.Expr)
    statements = tree().body
    assert all(isinstance(statement, kinds) for statement in statements)
    calls = [ast.unparse(s) for s in statements if isinstance(s, ast.Assign | ast.Expr) and _calls(s)]
    assert calls == ["app = func.FunctionApp()"]


def _calls(statement: ast.stmt) -> bool:
    return any(isinstance(node, ast.Call) for node in ast.walk(statement))
