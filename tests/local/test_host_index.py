"""What the worker and the host refuse at start: all functions, or one."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, List, Optional, Sequence, Union  # noqa: UP035  # the old generics are what is tested

import azure.functions as func
import pytest

from infrastructure.local.host.indexing import Index, IndexingError, index
from infrastructure.local.host.settings import AppSettings
from infrastructure.local.host.signature import Parameter, SignatureError, check
from tests.local.conftest import HEADER

Indexer = Callable[..., Index]


@pytest.fixture
def indexed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Indexer]:
    """Indexes an app given as source and settings."""
    monkeypatch.setenv("Q", "q")
    monkeypatch.syspath_prepend(tmp_path)

    def build(source: str, **settings: str) -> Index:
        sys.modules.pop("function_app", None)
        (tmp_path / "function_app.py").write_text(HEADER + source)
        return index(tmp_path, AppSettings.of({"AzureWebJobsStorage": "UseDevelopmentStorage=true", **settings}))

    yield build
    sys.modules.pop("function_app", None)


def queue_function(name: str, *, queue: str = "work", parameter: str = "msg", extra: str = "") -> str:
    return f"""
@app.queue_trigger(arg_name="{parameter}", queue_name="{queue}", connection=STORAGE)
{extra}def {name}({parameter}: str) -> None:
    pass
"""


GOOD = queue_function("Good")


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import not_there_at_all", "ModuleNotFoundError: No module named 'not_there_at_all'. Cannot find module."),
        ("raise RuntimeError('no setting')", "RuntimeError: no setting"),
        ("app = None", "Could not find top level function app instances"),
        ("other = func.FunctionApp()", "More than one FunctionApp"),
        ("alias = app", "More than one FunctionApp"),
        (GOOD, "does not have a unique function name"),
        ("@app.function_name('X')\ndef x() -> None: ...", "does not have a trigger"),
        ("def broken(:", "SyntaxError"),
    ],
)
def test_the_worker_refuses_the_whole_app(indexed: Indexer, source: str, reason: str) -> None:
    with pytest.raises(IndexingError) as caught:
        indexed(GOOD + "\n" + source)
    assert reason in str(caught.value)


def test_one_bad_signature_costs_all_functions(indexed: Indexer) -> None:
    with pytest.raises(IndexingError, match=r"FunctionLoadError: cannot load the Bad function: .*declared in Python"):
        indexed(GOOD + queue_function("Bad").replace("msg: str", "msg: str, more: str = ''"))


def test_an_annotation_that_cannot_be_evaluated_costs_all_functions(indexed: Indexer) -> None:
    with pytest.raises(IndexingError, match=r"NameError: name 'Missing' is not defined \(function Bad\)"):
        indexed(GOOD + queue_function("Bad").replace("msg: str", "msg: 'Missing'"))


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (queue_function("Host"), "not a valid function name"),
        (queue_function("good"), "already in use"),
        (queue_function("Bad", parameter="_msg"), "The binding name _msg is invalid"),
        (queue_function("Bad", parameter="my__msg"), "The binding name my__msg is invalid"),
        (queue_function("Bad", queue="%GONE%"), "'%GONE%' does not resolve to a value."),
        (queue_function("Bad", queue="a"), "not a valid queue name"),
        (queue_function("Bad", queue="two--hyphens"), "not a valid queue name"),
        (queue_function("Bad").replace("STORAGE", "'Nowhere'"), "'Nowhere' is missing"),
        ("@app.route(route='x')\ndef Bad(req: func.HttpRequest) -> str:\n    return ''\n", "does not support"),
    ],
)
def test_the_host_refuses_one_function(indexed: Indexer, source: str, reason: str) -> None:
    found = indexed(GOOD + source)
    assert [function.name for function in found.functions] == ["Good"]
    assert len(found.errors) == 1
    assert reason in found.errors[0][1]


def test_an_app_without_its_file_has_no_functions_and_no_error(tmp_path: Path) -> None:
    assert index(tmp_path, AppSettings.of({})) == Index((), ())


def with_hint(hint: Any, *, name: str = "x") -> Callable[..., None]:
    def function(x: Any) -> None: ...

    function.__annotations__[name] = hint
    return function


ACCEPTED: list[tuple[str, bool, list[Any]]] = [
    ("queueTrigger", False, [func.QueueMessage, str, bytes, "str", "func.QueueMessage"]),
    ("timerTrigger", False, [func.TimerRequest, str]),
    (
        "queue",
        True,
        [func.Out[str], func.Out[bytes], func.Out[func.QueueMessage], func.Out[List[str]], func.Out[Sequence[str]]],  # noqa: UP006
    ),
]
DICT: Any = dict  # bare on purpose
LIST: Any = list
REFUSED: list[tuple[str, bool, list[Any]]] = [
    ("queueTrigger", False, [DICT, object, Any, list[str], func.TimerRequest, func.Out[str], "NotImported"]),
    ("queueTrigger", False, [Optional[str], str | None, Union[str, bytes], List[str]]),  # noqa: UP006, UP007, UP045
    ("timerTrigger", False, [DICT, func.QueueMessage]),
    ("queue", True, [func.Out[list[str]], func.Out[DICT], func.Out[LIST], func.Out, func.Out[Any], str]),
    ("queue", True, [func.Out[Optional[str]], func.Out[List[func.QueueMessage]], func.Out[List[DICT]]]),  # noqa: UP006, UP045
]


@pytest.mark.parametrize(
    ("kind", "out", "hint"), [(kind, out, hint) for kind, out, hints in ACCEPTED for hint in hints], ids=str
)
def test_accepted_annotations(kind: str, out: bool, hint: Any) -> None:
    assert set(check(with_hint(hint), [Parameter("x", kind, out)]).types) == {"x"}


@pytest.mark.parametrize(
    ("kind", "out", "hint"), [(kind, out, hint) for kind, out, hints in REFUSED for hint in hints], ids=str
)
def test_refused_annotations(kind: str, out: bool, hint: Any) -> None:
    with pytest.raises((SignatureError, TypeError, NameError)):
        check(with_hint(hint), [Parameter("x", kind, out)])


@pytest.mark.parametrize(("hint", "accepted"), [(str, True), (bytes, True), (func.QueueMessage, True),
                                                (List[str], False), (dict, False), (None, False)])  # noqa: UP006  # fmt: skip
def test_return_annotations(hint: Any, accepted: bool) -> None:
    function = with_hint(hint, name="return")
    bindings = [Parameter("x", "queueTrigger", out=False), Parameter("$return", "queue", out=True)]
    function.__annotations__["x"] = str
    if accepted:
        check(function, bindings)
    else:
        with pytest.raises(SignatureError, match="return annotation"):
            check(function, bindings)


def test_parameters_and_bindings_must_agree() -> None:
    def function(x: str, context: func.Context) -> None: ...

    def wrong_context(x: str, context: str) -> None: ...

    trigger = Parameter("x", "queueTrigger", out=False)
    assert check(function, [trigger]).takes_context
    with pytest.raises(SignatureError, match="declared in Python but not"):
        check(function, [])
    with pytest.raises(SignatureError, match="but not in Python"):
        check(function, [trigger, Parameter("out", "queue", out=True)])
    with pytest.raises(SignatureError, match='the "context" parameter'):
        check(wrong_context, [trigger])
