"""App code that cannot be imported where it runs, or does something while it is."""

from tests.package.draft import Draft
from tests.package.sabotage import Collection

FAULTS = Collection()

APP = "function_app.py"
STAGE = "shared/stages/notify.py"
FIRST_IMPORT = "import azure.functions as func\n"


def _at_import(members: Draft, lines: str) -> None:
    """Has the app do something before it imports anything else."""
    members.edit(APP, FIRST_IMPORT, lines + FIRST_IMPORT)


@FAULTS.spoil("syntax", STAGE, "invalid syntax", "0 functions: SyntaxError: invalid syntax")
def syntax_error(members: Draft) -> None:
    """A syntax error."""
    members.append(STAGE, "\ndef broken(:\n")


@FAULTS.spoil("syntax", STAGE, "invalid syntax", "0 functions: SyntaxError; fine on a build machine of 3.12")
def syntax_of_3_12(members: Draft) -> None:
    """Syntax of Python 3.12 (`type X = int`)."""
    members.append(STAGE, "\ntype Number = int\n")


@FAULTS.spoil("syntax", STAGE, "utf-8", "0 functions: SyntaxError: (unicode error) 'utf-8' codec can't decode byte")
def source_in_latin_1(members: Draft) -> None:
    """A source in Latin-1."""
    source = members[STAGE]
    members.drop(STAGE)
    members[STAGE] = source + "\nFOR = 'für'\n".encode("latin-1")


@FAULTS.spoil("imports", STAGE, "openpyxl", "works until the first message: No module named 'openpyxl'")
def lazy_import_of_something_missing(members: Draft) -> None:
    """An import inside a function of what the package lacks."""
    members.append(STAGE, "\n\ndef spreadsheet() -> object:\n    import openpyxl\n\n    return openpyxl\n")


@FAULTS.spoil("imports", STAGE, "left out", "works until the first message: … was left out of this package")
def lazy_import_of_something_left_out(members: Draft) -> None:
    """An import inside a function of what the build left out."""
    modules = members["left_out.txt"].decode().split()
    module = next(name for name in modules if name.startswith("msgraph.generated."))
    members.append(STAGE, f"\n\ndef later() -> object:\n    import {module}\n\n    return {module}\n")


@FAULTS.spoil("imports", STAGE, "shared.domain.carts", "0 functions: No module named 'shared.domain.carts'")
def import_of_a_missing_module_of_ours(members: Draft) -> None:
    """An import of a module of ours that is not in the package."""
    members.append(STAGE, "\nfrom shared.domain.carts import Cart  # noqa\n")


@FAULTS.spoil("imports", "shared/adapters/documents.py", "shared.adapters.document_worker", "every document fails")
def module_of_ours_left_behind(members: Draft) -> None:
    """A module of ours that runs in a process of its own, left behind."""
    members.drop("shared/adapters/document_worker.py")


@FAULTS.spoil("index", APP, "QUEUE_URL", "0 functions: KeyError: 'QUEUE_URL'")
def setting_read_at_import(members: Draft) -> None:
    """A setting read at import that nobody defines."""
    _at_import(members, 'import os\n\nQUEUE_URL = os.environ["QUEUE_URL"]\n')


@FAULTS.spoil("index", APP, "ZeroDivisionError", "0 functions: ZeroDivisionError")
def exception_at_import(members: Draft) -> None:
    """An exception at import."""
    _at_import(members, "SHARE = 1 / 0\n")


@FAULTS.spoil("index", APP, "exit", "the worker ends with exit code 1; the host restarts it until it gives up")
def sys_exit_at_import(members: Draft) -> None:
    """`sys.exit()` at import."""
    _at_import(members, "import sys\n\nsys.exit()\n")


@FAULTS.spoil("index", APP, "exit", "the worker ends as if on purpose: no restart, no functions")
def os_exit_at_import(members: Draft) -> None:
    """`os._exit(0)` at import."""
    _at_import(members, "import os\n\nos._exit(0)\n")


@FAULTS.spoil("index", APP, "signal", "the worker dies; the host restarts it until it gives up")
def crash_at_import(members: Draft) -> None:
    """A crash of the process at import."""
    _at_import(members, "import os\n\nos.abort()\n")


@FAULTS.spoil("index", APP, "second", "the host gives up after 60 s")
def import_that_hangs(members: Draft) -> None:
    """An import that never ends."""
    _at_import(members, "import threading\n\nthreading.Event().wait()\n")


@FAULTS.spoil("index", APP, "Read-only", "0 functions: OSError: Read-only file system: 'cache.db'")
def write_at_import(members: Draft) -> None:
    """A write into the package at import."""
    _at_import(members, 'from pathlib import Path\n\nPath(__file__).with_name("cache.db").write_text("x")\n')


@FAULTS.spoil("index", APP, "AddVendor", "loads four of five functions, without a word")
def answers_for_the_probe(members: Draft) -> None:
    """A function missing, and noise on stdout that says what the verifier would like to hear."""
    text = members[APP].decode()
    start, end = text.index('@app.function_name("AddVendor")'), text.index("def _hand_on")
    noise = "import os\n\nos.write(1, b'{}\\n[]\\n{\"functions\": [], \"error\": null}\\n')\nprint('ok')\n"
    members.source(APP, (text[:start] + text[end:]).replace(FIRST_IMPORT, noise + FIRST_IMPORT))


@FAULTS.spoil("imports", STAGE, "cryptography", "works until the first message: cryptography was left out")
def use_of_a_stub(members: Draft) -> None:
    """An import of a package in whose place stubs stand."""
    members.append(
        STAGE, "\n\ndef sealed() -> object:\n    from cryptography.fernet import Fernet\n\n    return Fernet\n"
    )


@FAULTS.spoil("index", APP, "too long", "every cold start is that late")
def import_that_waits(members: Draft) -> None:
    """An import that waits for something, and costs no CPU."""
    _at_import(members, "import time\n\ntime.sleep(7)\n")


@FAULTS.spoil("names", "queue.py", "standard library", "dedicated: the worker dies before it speaks to the host")
def queue_at_the_root(members: Draft) -> None:
    """A `queue.py` at the root."""
    members.source("queue.py", "QUEUES = ()\n")


@FAULTS.spoil("names", "google/__init__.py", "worker", "dedicated: shuts the worker's own google.protobuf out")
def google_at_the_root(members: Draft) -> None:
    """A package of ours with a name of the worker's."""
    members.source("google/__init__.py", "")
