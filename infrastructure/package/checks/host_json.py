"""host.json: what the host reads before any function, against what the code needs."""

import json
from collections.abc import Iterator
from typing import Any

from infrastructure.package.findings import Finding
from infrastructure.package.package import Ground, Package

_NAME = "host.json"
_BUNDLE = "Microsoft.Azure.Functions.ExtensionBundle"


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
    yield from _judged(document, uses_queues=any(b.queue for each in ground.policy.functions for b in each.bindings))


def _judged(document: dict[str, Any], *, uses_queues: bool) -> Iterator[Finding]:
    if document.get("version") != "2.0":
        found = repr(document.get("version"))
        yield _finding("version is another", '"2.0"', found, "the host runs in state Error and loads 0 functions")
    if not uses_queues:
        return
    bundle = _below(document, "extensionBundle")
    if bundle.get("id") != _BUNDLE or "4." not in str(bundle.get("version", "")):
        yield _finding(
            "extensionBundle does not bring the storage queues",
            f"{_BUNDLE}, version 4",
            json.dumps(bundle),
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


def _below(document: dict[str, Any], name: str) -> dict[str, Any]:
    found = document.get(name)
    return found if isinstance(found, dict) else {}


def _finding(what: str, wanted: str, found: str, effect: str) -> Finding:
    return Finding("host_json", _NAME, what, wanted, found, effect, "mend host.json in the checkout and build anew")
