"""Every function run once, and what loads late: the readers of documents, the identity, the native modules."""

from collections.abc import Iterator

from infrastructure.package.checks.index import APP, clean, of_orders
from infrastructure.package.findings import Finding
from infrastructure.package.package import Ground, Package
from infrastructure.package.places import SITE
from infrastructure.package.probing import Answer


def findings(package: Package, ground: Ground) -> Iterator[Finding]:
    """What fails only when a function runs."""
    if APP not in package.members or ground.runtime is None:
        return
    answers = ground.probed().answers
    yield from of_orders({answer.order: list(_of_one(answer, package)) for answer in answers})


def _of_one(answer: Answer, package: Package) -> Iterator[Finding]:
    index = answer.known.get("index")
    if index is None or index["error"]:
        return  # told by the check of the index
    outcomes: dict[str, str] = answer.known.get("invoke", {})
    for function in index["functions"]:
        name = function["name"]
        if name in outcomes:
            yield from _outcome(name, clean(outcomes[name]), is_reached=bool(answer.requests.get(name)))
        elif answer.ended:
            last = answer.said.strip().splitlines()[-1:]
            yield _finding(
                f"{name} ends the worker",
                "an invocation that returns",
                clean(": ".join([f"the process {answer.ended}", *last])),
                "the invocation fails, and with it all others that run in the worker at the time",
            )
            return
    yield from _late(answer, package)


def _outcome(name: str, fault: str, *, is_reached: bool) -> Iterator[Finding]:
    if fault.startswith("returned "):
        yield _finding(
            f"{name} returns a value without a $return binding",
            "None",
            fault,
            f"it loads; every run fails after its work is done: RuntimeError: function '{name}' without a $return "
            "bindingreturned a non-None value",
        )
    elif fault:
        yield _finding(
            f"{name} fails when it is invoked",
            "a run against a storage and a mailbox that are empty",
            fault,
            f"it loads; every run of {name} fails like that, and its messages end in the poison queue",
        )
    elif not is_reached:
        yield _finding(
            f"{name} returns without having asked storage or mailbox",
            "at least one request",
            "none",
            "it loads and does nothing; no error says so",
        )


def _late(answer: Answer, package: Package) -> Iterator[Finding]:
    for step, what, wanted, effect in (
        (
            "document",
            "the child process cannot read a PDF",
            "the text of a PDF of one page, in the clear and encrypted",
            "every mail with such a PDF goes to review unread",
        ),
        (
            "identity",
            "the app cannot be built with a managed identity",
            "clients, without a call to the network",
            "it loads; every invocation in the cloud fails",
        ),
    ):
        fault = clean(answer.known.get(step, ""))
        if fault:
            yield _finding(what, wanted, fault, effect)
    for module, fault in answer.known.get("native", {}).items():
        yield Finding(
            "invoke",
            package.modules.get(module, SITE),
            f"the native module {module} cannot be imported",
            "an import without an error",
            clean(fault),
            f"{clean(fault).partition(' (')[0]} where something imports it",
            "build anew, for the target: python -m infrastructure.package build",
        )
    is_finished = answer.known.get("done") or "invoke" not in answer.known
    if answer.ended and not is_finished:
        yield _finding(
            "the app does not come to an end",
            "a probe that runs to its end",
            answer.ended,
            "not known: the probe was lost after the invocations",
        )


def _finding(what: str, wanted: str, found: str, effect: str) -> Finding:
    return Finding("invoke", APP, what, wanted, found, effect, "mend the function, or the package that it needs")
