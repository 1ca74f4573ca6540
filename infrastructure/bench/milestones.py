"""One cold start, run as a script by a fresh interpreter without anything of this checkout.

Its arguments: the app's folder, the moment (time.monotonic) at which its parent started it, and how far to go:
`index`, or `whole` for a mail as well. It prints one JSON object with the figures of each milestone.
"""

import asyncio
import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

Figures = dict[str, float]


def _figures(started: float) -> Figures:
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "wall": time.monotonic() - started,
        "cpu": own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime,
        "modules": len(sys.modules),
        "memory": _peak_memory(own),
    }


def _peak_memory(own: resource.struct_rusage) -> int:
    """Bytes; on Linux not ru_maxrss, which goes through exec: it would be the parent's where that is larger."""
    status = Path("/proc/self/status")
    if status.exists():
        lines = (line.split() for line in status.read_text().splitlines())
        return next(int(line[1]) * 1024 for line in lines if line[0] == "VmHWM:")
    return own.ru_maxrss


def _index() -> int:
    """As the worker does: its own import of the SDK, then the app's module and the functions it registers."""
    import azure.functions  # noqa: F401, PLC0415

    import function_app  # noqa: PLC0415

    return len(function_app.app.get_functions())


async def _first_mail(milestones: dict[str, Figures], started: float) -> None:
    """As ExtractEnrich does: clients of Graph and storage, a token, the mail's JSON; then the facts of its document."""
    from shared.domain.reading import read_facts  # noqa: PLC0415
    from shared.settings import Settings  # noqa: PLC0415
    from shared.wiring import ports  # noqa: PLC0415

    app = ports(Settings.from_env(os.environ))
    mail = await app.mailbox.get(os.environ["MAIL_ID"])
    milestones["mail"] = _figures(started)
    content = await app.mailbox.content(mail.id, mail.attachments[0])
    documents: Any = app.documents
    read = await documents.read([content])
    await documents.close()  # the child is waited for, so that its CPU counts
    number = read_facts(mail, read).invoice_number
    milestones["document"] = _figures(started)
    if number is None:
        raise SystemExit(f"no invoice number was read: {read}")


def main() -> None:
    """Measure until the functions are indexed, or all the way."""
    app, started, is_whole = sys.argv[1], float(sys.argv[2]), sys.argv[3]
    sys.path[:0] = [app, f"{app}/.python_packages/lib/site-packages"]  # as a dedicated plan has it
    functions = _index()
    milestones = {"indexed": _figures(started)}
    if is_whole == "whole":
        asyncio.run(_first_mail(milestones, started))
    print(json.dumps({"functions": functions, "milestones": milestones}))


main()
