"""What is wrong with a package."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One fault, told so that whoever reads it can mend it."""

    check: str  # the rule: the name of its module in checks/
    path: str  # the member of the zip, or "" for the package as a whole
    what: str
    wanted: str
    found: str
    effect: str  # what the worker would do with it in production
    remedy: str


class CouldNotRunError(Exception):
    """The package could not be built or judged at all; the message says why and what to do."""
