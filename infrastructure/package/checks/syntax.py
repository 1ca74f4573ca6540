"""Whether the target's Python understands every source."""

from collections.abc import Iterator

from infrastructure.package.findings import Finding
from infrastructure.package.package import Ground, Package


def findings(package: Package, ground: Ground) -> Iterator[Finding]:  # noqa: ARG001
    """What the target's own compiler says of each source."""
    for name, fault in ground.fresh().faults.items():
        yield Finding(
            "syntax",
            name,
            "the worker's Python cannot compile it",
            f"UTF-8 text that Python {ground.policy.target.python} understands",
            fault,
            "SyntaxError while indexing, and with it 0 functions, whatever Python compiled it elsewhere",
            f"write it for Python {ground.policy.target.python}, or take a release of the dependency that is",
        )
