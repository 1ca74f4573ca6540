"""What is deployed: the functions that came of it, the package itself, and who deployed it."""

from collections.abc import Iterator, Sequence
from functools import cache

from infrastructure.operations.diagnose.advice import Advisor
from infrastructure.operations.diagnose.evidence import Deployment, Evidence, Function
from infrastructure.operations.diagnose.signs.sign import QUOTED, Sign
from infrastructure.operations.diagnose.texts import Kind
from infrastructure.operations.show import as_text, one_line
from infrastructure.package import policy

# What infrastructure/deploy calls itself when it deploys; people's tools have names of their own.
PIPELINE = "invoice-agent"
_NO_FILE = ("Not Found", "404")


@cache
def expected() -> tuple[str, ...]:
    """The functions that must be loaded."""
    return policy.read().function_names


def missing(functions: Sequence[Function]) -> tuple[str, ...]:
    """The expected functions that are not loaded."""
    loaded = {function.name.casefold() for function in functions}
    return tuple(name for name in expected() if name.casefold() not in loaded)


def is_whole(evidence: Evidence) -> bool:
    """Whether all functions are known to be loaded."""
    return evidence.functions is not None and not missing(evidence.functions)


def signs(evidence: Evidence, advisor: Advisor) -> Iterator[Sign]:
    """What speaks for a corrupt package, or one that is not ours."""
    yield from _of_functions(evidence, advisor)
    yield from _of_mount(evidence, advisor)
    if evidence.deployments:
        yield from _of_deployments(evidence.deployments, advisor)


def _of_functions(evidence: Evidence, advisor: Advisor) -> Iterator[Sign]:
    if evidence.functions is None:
        return
    gone = missing(evidence.functions)
    if gone:
        loaded = len(expected()) - len(gone)
        what = f"{loaded} of {len(expected())} functions loaded; missing: {', '.join(gone)}"
        yield Sign(Kind.CORRUPT_PACKAGE, 40, what, advisor.package())
    ours = {name.casefold() for name in expected()}
    foreign = sorted(each.name for each in evidence.functions if each.name.casefold() not in ours)
    if foreign:
        what = f"functions that are not this app's: {', '.join(foreign)}"
        yield Sign(Kind.CORRUPT_PACKAGE, 80, what, advisor.package())


def _of_mount(evidence: Evidence, advisor: Advisor) -> Iterator[Sign]:
    for name, what in (("package", "packagename.txt is missing"), ("deployed", "the zip it names is missing")):
        if any(text in evidence.unanswered.get(name, "") for text in _NO_FILE):
            yield Sign(Kind.CORRUPT_PACKAGE, 75, f"no package is mounted: {what}", advisor.package())
    deployed, good = evidence.deployed, evidence.last_good
    # Staging holds the release before, or the one to come.
    if evidence.is_production and deployed and good and deployed.casefold() != good.casefold():
        what = f"production runs a package {deployed[:12]}..., and {good[:12]}... was proven last"
        yield Sign(Kind.CORRUPT_PACKAGE, 65, what, advisor.package())


def _of_deployments(deployments: Sequence[Deployment], advisor: Advisor) -> Iterator[Sign]:
    latest = max(deployments, key=lambda each: each.at.timestamp() if each.at else 0.0)
    what = f"the last deployment, {as_text(latest.at)} by {latest.by or '?'} with {latest.tool or '?'}"
    if latest.has_failed:
        message = f": {one_line(latest.message)[:QUOTED]}" if latest.message else ""
        yield Sign(Kind.CORRUPT_PACKAGE, 55, f"{what}, failed{message}", advisor.package())
    if latest.tool != PIPELINE:
        yield Sign(Kind.CORRUPT_PACKAGE, 30, f"{what}, went past the pipeline", advisor.package(), supports=True)
