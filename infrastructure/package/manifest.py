"""The manifest: every member of a package, from which requirement, and why it is in."""

import json
from collections.abc import Mapping
from typing import Any

from infrastructure.package.contents import Contents, Member
from infrastructure.package.policy import Target

VERSION = 1


def render(contents: Contents, target: Target, sha256: str, reasons: Mapping[str, tuple[str, ...]]) -> str:
    """The manifest as JSON; `reasons` says of each distribution what asked for it."""
    document = {
        "version": VERSION,
        "sha256": sha256,
        "target": {"python": target.python, "platform": target.platform, "bytecode": target.interpreter},
        "distributions": [
            {
                "name": each.name,
                "version": each.version,
                "required_by": list(reasons.get(each.name, ())),
                "files": sum(member.distribution == each.name for member in contents.members.values()),
                "files_left_out": contents.files_left_out[each.name],
            }
            for each in contents.distributions
        ],
        "modules_left_out": list(contents.modules_left_out),
        "members": [_member(name, member, contents) for name, member in contents.members.items()],
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _member(name: str, member: Member, contents: Contents) -> dict[str, Any]:
    versions = {each.name: each.version for each in contents.distributions}
    origin = (
        {"distribution": member.distribution, "version": versions[member.distribution]} if member.distribution else {}
    )
    return {"name": name, "size": len(member.content), "sha256": member.sha256, **origin, "why": member.why}
