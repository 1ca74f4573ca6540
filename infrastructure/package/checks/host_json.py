"""host.json: what the host reads before any function, against what the code needs."""

import json
import re
import reprlib
from collections.abc import Iterator
from typing import Any

from infrastructure import host_json
from infrastructure.package.findings import Finding
from infrastructure.package.package import Ground, Package

_NAME = "host.json"
_BUNDLE = "Microsoft.Azure.Functions.ExtensionBundle"
_RANGE = re.compile(r"[\[(]\s*([\d.*]{1,20})\s*,\s*([\d.*]{1,20})\s*[\])]", re.ASCII)


def findings(package: Package, ground: Ground) -> Iterator[Finding]:
    """JSON of version 2.0, with the extension that the queues need, and their encoding."""
    member = package.members.get(_NAME)
    if member is None:
        return  # told by the check of the layout
    try:
        document = json.loads(member.content)
    except (ValueError, RecursionError) as error:
        document, fault = None, str(error)
    else:
        fault = f"a JSON {type(document).__name__}"
    if not isinstance(document, dict):
        yield _finding(
            "it is no JSON object", "a JSON object", fault, "the host runs in state Error and loads 0 functions"
        )
        return
    yield from _values(document, member.content.decode("utf-8", "replace"))
    yield from _chosen(document, list(ground.policy.function_names))
    if any(binding.queue for each in ground.policy.functions for binding in each.bindings):
        yield from _queues(document)


def _values(document: dict[str, Any], text: str) -> Iterator[Finding]:
    if document.get("version") != "2.0":
        found = repr(document.get("version"))
        yield _finding("version is another", '"2.0"', found, "the host runs in state Error and loads 0 functions")
        return
    try:
        host_json.parse(text, cores=1)
    except host_json.HostJsonError as error:
        effect = "the host refuses the whole file: it runs in state Error and loads 0 functions"
        yield _finding(
            "a value that the host cannot follow", "values as its documentation has them", str(error), effect
        )


def _chosen(document: dict[str, Any], expected: list[str]) -> Iterator[Finding]:
    """The list of functions to load, if there is one."""
    chosen = document.get("functions")
    if chosen is not None and (not isinstance(chosen, list) or set(expected) - set(map(str, chosen))):
        effect = "the host loads the listed functions alone; no error says so"
        yield _finding("functions names not all of them", ", ".join(expected), _shown(chosen), effect)


def _queues(document: dict[str, Any]) -> Iterator[Finding]:
    """The extension that brings the queues, and how it reads them."""
    bundle = _below(document, "extensionBundle")
    if bundle.get("id") != _BUNDLE or not _takes_version_4(str(bundle.get("version", ""))):
        yield _finding(
            "extensionBundle does not bring the storage queues",
            f"{_BUNDLE}, version 4",
            _shown(bundle),
            "the host does not know queueTrigger: those functions are in error and never run",
        )
    encoding = _below(_below(document, "extensions"), "queues").get("messageEncoding", "base64")
    if encoding != "base64":
        yield _finding(
            "messageEncoding is not the one in which the app writes",
            '"base64"',
            repr(encoding),
            "messages that the app sends by itself arrive as base64 text: each run fails, and they are poison",
        )


def _takes_version_4(stated: str) -> bool:
    """Whether a range of versions, as NuGet writes it, has a 4.x in it."""
    ends = _RANGE.fullmatch(stated.strip())
    if ends is None:
        return False
    low, high = (tuple(int(part) for part in end.split(".") if part.isdigit()) for end in ends.groups())
    return low < (5,) and high > (4, 0, 0)


def _shown(value: object) -> str:
    return reprlib.repr(value)


def _below(document: dict[str, Any], name: str) -> dict[str, Any]:
    found = document.get(name)
    return found if isinstance(found, dict) else {}


def _finding(what: str, wanted: str, found: str, effect: str) -> Finding:
    return Finding("host_json", _NAME, what, wanted, found, effect, "mend host.json in the checkout and build anew")
