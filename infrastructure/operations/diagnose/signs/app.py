"""The app, its runtime, its plan and the platform under it."""

from collections.abc import Iterator
from functools import cache

from infrastructure.operations.diagnose.advice import Advisor
from infrastructure.operations.diagnose.evidence import Evidence
from infrastructure.operations.diagnose.signs.sign import QUOTED, Sign
from infrastructure.operations.diagnose.texts import Kind
from infrastructure.operations.show import one_line
from infrastructure.package import policy

_TROUBLE = {"Unavailable": 85, "Degraded": 60}  # of Azure Resource Health
_NORMAL = {"", "Normal"}
_ABSENT = ("ResourceNotFound", "Unable to find", "NotFound", "could not be found")
_WITHOUT_WORKING_SLOTS = ("Y", "FC")  # Consumption, Flex Consumption


@cache
def runtime() -> str:
    """The linuxFxVersion that the package is made for."""
    return f"Python|{policy.read().target.python}"


def signs(evidence: Evidence, advisor: Advisor) -> Iterator[Sign]:
    """What speaks for a version mismatch or for the platform."""
    found = evidence.runtime
    if found is not None and found.casefold() != runtime().casefold():
        what = f"linuxFxVersion is {found or 'empty'}, and the package is made for {runtime()}"
        yield Sign(Kind.VERSION_MISMATCH, 95, what, advisor.runtime(runtime()))
    yield from _of_state(evidence, advisor)
    yield from _of_host(evidence, advisor)
    yield from _of_plan(evidence, advisor)
    yield from _of_health(evidence, advisor)


def _of_state(evidence: Evidence, advisor: Advisor) -> Iterator[Sign]:
    app, subject = evidence.app, evidence.subject
    if any(text in evidence.unanswered.get("app", "") for text in _ABSENT):
        slot = f" with a slot {subject.slot}" if subject.slot else ""
        what = f"there is no app {subject.app}{slot} in {subject.group}"
        yield Sign(Kind.PLATFORM, 90, what, advisor.absent())
    if app and (app.state != "Running" or not app.is_enabled):
        yield Sign(Kind.PLATFORM, 95, f"the app is {app.state or 'in no state'}, not Running", advisor.state("start"))
    if app and not {app.availability, app.usage} <= _NORMAL:
        what = f"the platform limits the app: availability {app.availability or '?'}, usage {app.usage or '?'}"
        yield Sign(Kind.PLATFORM, 70, what, advisor.platform())


def _of_host(evidence: Evidence, advisor: Advisor) -> Iterator[Sign]:
    host, settings = evidence.host, evidence.settings or {}
    if host and host.state != "Running":
        errors = f": {one_line('; '.join(host.errors))[:QUOTED]}" if host.errors else ""
        yield Sign(Kind.PLATFORM, 40, f"the host is {host.state or 'in no state'}{errors}", advisor.platform())
    version = settings["FUNCTIONS_EXTENSION_VERSION"].shown if "FUNCTIONS_EXTENSION_VERSION" in settings else "~4"
    if version != "~4":
        what = f"FUNCTIONS_EXTENSION_VERSION is {version or 'empty'}, not ~4"
        yield Sign(Kind.PLATFORM, 85, what, advisor.settings())


def _of_plan(evidence: Evidence, advisor: Advisor) -> Iterator[Sign]:
    sku, status = evidence.plan or ("", "")
    if status not in {"", "Ready"}:
        yield Sign(Kind.PLATFORM, 80, f"the plan is {status}, not Ready", advisor.plan())
    if sku.startswith(_WITHOUT_WORKING_SLOTS):
        what = f"the plan is {sku}: a swap of slots does not work there, or there are none"
        yield Sign(Kind.PLATFORM, 30, what, advisor.plan(), supports=True)


def _of_health(evidence: Evidence, advisor: Advisor) -> Iterator[Sign]:
    state, summary = evidence.health or ("", "")
    if state in _TROUBLE:
        what = f"Resource Health: {state}: {one_line(summary)[:QUOTED]}"
        yield Sign(Kind.PLATFORM, _TROUBLE[state], what, advisor.health())
    for title, services in evidence.incidents:
        # It may be of another region or service, so it only adds to what is seen of this app.
        what = f"Azure reports an incident: {one_line(title)[:QUOTED]} ({one_line(services)})"
        yield Sign(Kind.PLATFORM, 40, what, advisor.health(), supports=True)
