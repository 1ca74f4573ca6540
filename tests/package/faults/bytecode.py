"""Bytecode that belongs to another Python or another source."""

import calendar
import importlib.util
import marshal
import struct

from infrastructure.package.places import SITE
from tests.package import strays
from tests.package.draft import TAG, Draft
from tests.package.sabotage import Collection

FAULTS = Collection()

SOURCE = "shared/domain/amounts.py"
CACHED = f"shared/domain/__pycache__/amounts.{TAG}.pyc"
NO_EFFECT = "loads; compiles it at every start"
EXTRACTED = calendar.timegm((1980, 1, 1, 0, 0, 0))  # what the zip says of every member


def _older(members: Draft) -> bytes:
    """An earlier state of the source, of the same length: one name is spelt otherwise."""
    return members[SOURCE].replace(b"Decimal", b"decimaL")


@FAULTS.spoil(
    "bytecode", "shared/domain/amounts.pyc", "3.13", "0 functions: bad magic number in 'shared.domain.amounts'"
)
def legacy_of_3_13(members: Draft) -> None:
    """`amounts.pyc` of Python 3.13 in the place of `amounts.py`."""
    content = strays.pyc("3.13", members[SOURCE], SOURCE)
    members.drop(SOURCE)
    members["shared/domain/amounts.pyc"] = content


@FAULTS.spoil("layout", "function_app.pyc", "function_app.py", "0 functions and no error: Success")
def function_app_without_source(members: Draft) -> None:
    """`function_app.pyc` without `function_app.py`."""
    content = members[f"__pycache__/function_app.{TAG}.pyc"]
    members.drop("function_app.py")
    members["function_app.pyc"] = content


@FAULTS.spoil("bytecode", CACHED, "amounts.py", "0 functions: No module named 'shared.domain.amounts'")
def orphan(members: Draft) -> None:
    """`__pycache__/amounts.cpython-311.pyc` whose source is gone."""
    del members[SOURCE]


@FAULTS.spoil("bytecode", CACHED, "stale", "the old code runs, without a word")
def stale(members: Draft) -> None:
    """Unchecked-hash bytecode of an older source."""
    new = members[SOURCE]
    members.source(SOURCE, _older(members).decode())
    members[SOURCE] = new


@FAULTS.spoil("bytecode", CACHED, "timestamp", "the old code runs, without a word")
def stale_by_time(members: Draft) -> None:
    """Timestamp bytecode of an older source with the same time and size."""
    code = compile(_older(members), SOURCE, "exec", dont_inherit=True)
    header = importlib.util.MAGIC_NUMBER + struct.pack("<III", 0, EXTRACTED, len(members[SOURCE]))
    members[CACHED] = header + marshal.dumps(code)


@FAULTS.spoil("bytecode", CACHED, "checked-hash", "loads; reads and hashes the source at every start")
def checked_hash(members: Draft) -> None:
    """Checked-hash bytecode, which costs a read of the source at every start."""
    members[CACHED] = members[CACHED][:4] + struct.pack("<I", 3) + members[CACHED][8:]


@FAULTS.spoil("bytecode", CACHED, "3.12", NO_EFFECT)
def magic_of_3_12(members: Draft) -> None:
    """Bytecode of Python 3.12 under the file name of 3.11."""
    members[CACHED] = strays.pyc("3.12", members[SOURCE], SOURCE)


@FAULTS.spoil("bytecode", CACHED.replace("311", "313"), "cpython-313", "loads, and carries dead weight")
def bytecode_of_3_13_beside(members: Draft) -> None:
    """Bytecode of Python 3.13 beside that of 3.11."""
    members[CACHED.replace("311", "313")] = strays.pyc("3.13", members[SOURCE], SOURCE)


@FAULTS.spoil("bytecode", CACHED.replace("311", "310"), "cpython-310", NO_EFFECT)
def bytecode_of_3_10_only(members: Draft) -> None:
    """Bytecode of Python 3.10 instead of 3.11."""
    del members[CACHED]
    members[CACHED.replace("311", "310")] = strays.pyc("3.10", members[SOURCE], SOURCE)


@FAULTS.spoil("bytecode", SOURCE, "no bytecode", NO_EFFECT)
def no_bytecode(members: Draft) -> None:
    """A module of the app without bytecode."""
    del members[CACHED]


@FAULTS.spoil("bytecode", f"{SITE}azure/functions/__init__.py", "no bytecode", NO_EFFECT)
def no_bytecode_of_a_dependency(members: Draft) -> None:
    """A module of a dependency without bytecode."""
    del members[f"{SITE}azure/functions/__pycache__/__init__.{TAG}.pyc"]
    members.relist("azure-functions")


@FAULTS.spoil("bytecode", CACHED, "stale", "0 functions: EOFError: marshal data too short")
def bytecode_cut_off(members: Draft) -> None:
    """Bytecode cut off half-way."""
    members[CACHED] = members[CACHED][: len(members[CACHED]) // 2]


@FAULTS.spoil("bytecode", CACHED, "stale", "asserts are gone, without a word")
def optimised(members: Draft) -> None:
    """Bytecode made with -O under the name of the ordinary one."""
    code = compile(members[SOURCE], SOURCE, "exec", dont_inherit=True, optimize=2)
    members[CACHED] = members[CACHED][:16] + marshal.dumps(code)
