"""A module that was left out says so; every other miss stays what it was."""

import subprocess
import sys
import zipfile
from pathlib import Path
from shutil import copytree

import pytest

from infrastructure.checkout import checkout
from infrastructure.package import interpreter, policy
from shared.left_out import LeftOut

SITE = ".python_packages/lib/site-packages"


def run(app: Path, code: str) -> str:
    """What the code prints, or its last line of error, in a new process of the target whose path is the package."""
    python = interpreter.find(policy.read().target.interpreter)
    path = f"import sys; sys.path[:0] = [{str(app)!r}, {str(app / SITE)!r}]; "
    answer = subprocess.run([python, "-I", "-S", "-c", path + code], capture_output=True, text=True, check=False)
    return (answer.stdout + answer.stderr).strip().splitlines()[-1]


@pytest.fixture(scope="module")
def package(good: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("extracted")
    with zipfile.ZipFile(good) as packed:
        packed.extractall(folder)
    return folder


@pytest.mark.parametrize("module", ["aiohttp", "msgraph.generated.models", "pydantic.v1", "azure.identity.aio"])
def test_a_module_left_out_of_the_package_says_why_and_what_to_do(package: Path, module: str) -> None:
    assert run(package, f"import shared; import {module}.deeper") == (
        f"ModuleNotFoundError: {module} was left out of this package, because nothing that the app imports leads to it;"
        " if it is needed, name it under [[keep]] in infrastructure/package/policy.toml and build anew"
    )


def test_a_builder_of_graph_that_was_left_out_says_so_when_it_is_used(package: Path) -> None:
    code = (
        "import shared; from msgraph.generated.users.item.user_item_request_builder import UserItemRequestBuilder as B;"
    )
    assert "msgraph.generated.users.item.calendar was left out" in run(package, code + " B(object(), {}).calendar")


def test_a_module_that_nobody_has_is_missed_as_ever(package: Path) -> None:
    assert run(package, "import shared; import aiohttpx") == "ModuleNotFoundError: No module named 'aiohttpx'"


def test_code_that_does_without_a_module_goes_on_doing_so(package: Path) -> None:
    code = "import shared\ntry:\n    import aiohttp\nexcept ImportError as error:\n    print('without', error.name)"
    assert run(package, f"exec({code!r})") == "without aiohttp"


def test_a_module_that_is_found_elsewhere_is_not_refused(package: Path, tmp_path: Path) -> None:
    (tmp_path / "aiohttp.py").write_text("print('found')")
    assert run(package, f"import shared; sys.path.append({str(tmp_path)!r}); import aiohttp") == "found"


def test_a_checkout_has_no_list_and_misses_as_ever(tmp_path: Path) -> None:
    copytree(checkout() / "shared", tmp_path / "shared")
    assert run(tmp_path, "import shared; import aiohttp") == "ModuleNotFoundError: No module named 'aiohttp'"


def test_the_finder_is_the_last_and_only_one_of_its_kind() -> None:
    finders = [finder for finder in sys.meta_path if isinstance(finder, LeftOut)]
    assert len(finders) == 1
    code = "import shared, importlib; importlib.reload(shared); print([type(f).__name__ for f in sys.meta_path])"
    assert run(checkout(), code).count("LeftOut") == 1


def test_the_list_is_read_at_the_first_miss_only(tmp_path: Path) -> None:
    names = tmp_path / "left_out.txt"
    finder = LeftOut(names)
    names.write_text("box.lid\n")
    finder.find_spec("box", None)
    names.unlink()
    for name in ("box.lid", "box.lid.hinge"):
        with pytest.raises(ModuleNotFoundError, match=f"{name} was left out") as caught:
            finder.find_spec(name, None)
        assert caught.value.name == name
    for name in ("box", "box.lids", "lid", "bo"):
        finder.find_spec(name, None)
