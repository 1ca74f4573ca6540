"""The table of the README: each fault, what finds it, what production makes of it, and what other tools say.

python -m tests.package.table PACKAGE.zip
"""

import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tests.package.draft import Original
from tests.package.faults import ALL, GROUPS
from tests.package.others import TOOLS, measure

MARKER = "<!-- sabotage table -->"
_TITLES = {"pip": "pip check"}


def render(said: Mapping[str, Mapping[str, str]]) -> str:
    """The table as Markdown, between its two markers."""
    titles = ("Fault", "Finding", "In production", *(_TITLES.get(tool, tool) for tool in TOOLS))
    lines = [MARKER, _row(titles), "|" + " --- |" * len(titles)]
    for group, sabotages in GROUPS.items():
        lines.append(_row((f"**{group}**", *[""] * (len(titles) - 1))))
        for each in sabotages:
            finding = f"`{each.check}`: {each.word}"
            lines.append(_row((each.fault, finding, each.production, *(said[each.name][tool] for tool in TOOLS))))
    lines.append(_row(("**caught**", f"{len(ALL)} of {len(ALL)}", "", *(_count(said, tool) for tool in TOOLS))))
    return "\n".join([*lines, MARKER])


def shown(readme: str) -> str | None:
    """The table as a text has it; None where it has none."""
    parts = readme.split(MARKER)
    return f"{MARKER}{parts[1]}{MARKER}" if len(parts) > 2 else None


def _row(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _count(said: Mapping[str, Mapping[str, str]], tool: str) -> str:
    asked = [each[tool] for each in said.values() if each[tool] in {"yes", "no"}]
    return f"{asked.count('yes')} of {len(asked)} asked"


def main() -> None:
    """Measures and prints."""
    with tempfile.TemporaryDirectory(prefix="sabotage-") as folder:
        print(render(measure(Original(Path(sys.argv[1])), ALL, Path(folder))))


if __name__ == "__main__":
    main()
