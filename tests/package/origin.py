"""A pytest plugin for a session on a deployment package: what was left out of it is not imported from elsewhere either.

At the end it writes down where each module came from. PACKAGE names the package's folder, ORIGINS the file to write.
"""

import json
import os
import sys
from importlib.metadata import distributions
from pathlib import Path

import pytest

from infrastructure.local.package import PACKAGES
from shared.left_out import LIST, LeftOut


def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    # In front of all finders: the tests' own tools bring some of the same distributions, and those are whole.
    sys.meta_path.insert(0, LeftOut(Path(os.environ["PACKAGE"]) / LIST))


def pytest_sessionfinish(session: pytest.Session) -> None:
    package = Path(os.environ["PACKAGE"])
    elsewhere = _held_but_elsewhere(package / PACKAGES)
    origins: dict[str, dict[str, str]] = {"package": {}, "foreign": {}}
    for name, module in list(sys.modules.items()):
        file = Path(getattr(module, "__file__", None) or "none")
        if file.is_relative_to(package):
            origins["package"][name] = str(file.relative_to(package))
        elif file in elsewhere or name.partition(".")[0] in {"shared", "function_app"}:
            origins["foreign"][name] = str(file)
    Path(os.environ["ORIGINS"]).write_text(json.dumps(origins))


def _held_but_elsewhere(packages: Path) -> set[Path]:
    """The files of distributions that the package holds, where they are installed beside the tests' own tools."""
    held = {distribution.name.lower() for distribution in distributions(path=[str(packages)])}
    others = distributions(path=[entry for entry in sys.path if Path(entry) != packages])
    same = (distribution for distribution in others if distribution.name.lower() in held)
    return {Path(str(each.locate_file(file))) for each in same for file in each.files or ()}
