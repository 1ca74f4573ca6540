"""Packages whose parts are not where the platform looks for them."""

import json
from typing import Any

from infrastructure.package.places import SITE
from tests.package.draft import Draft
from tests.package.sabotage import Collection

FAULTS = Collection()


@FAULTS.spoil("layout", "invoice-agent/function_app.py", "root", "0 functions and no error: Success")
def one_folder_down(members: Draft) -> None:
    """Everything one folder down, as a zip of the folder itself has it."""
    members.move("", "invoice-agent/")


@FAULTS.spoil("layout", "function_app.py", "function_app.py", "0 functions and no error: Success")
def no_function_app(members: Draft) -> None:
    """No `function_app.py`."""
    members.drop("function_app.py")


@FAULTS.spoil("layout", "", ".python_packages", "0 functions: No module named 'pydantic'")
def no_dependencies(members: Draft) -> None:
    """No `.python_packages`, as a build that relies on the platform's leaves it."""
    for name in members.below(".python_packages/"):
        del members[name]


@FAULTS.spoil(
    "layout",
    ".python_packages/lib/python3.11/site-packages/*",
    "does not look",
    "0 functions: No module named 'pydantic'",
)
def dependencies_as_in_an_environment(members: Draft) -> None:
    """Dependencies in `lib/python3.11/site-packages`."""
    members.move(SITE, ".python_packages/lib/python3.11/site-packages/")


@FAULTS.spoil(
    "layout",
    "*.dist-info/METADATA",
    "the root",
    "loads on dedicated; on consumption another order of sys.path",
)
def dependencies_at_the_root(members: Draft) -> None:
    """Dependencies at the root (`pip install -t .`)."""
    members.move(SITE, "")


@FAULTS.spoil("layout", "host.json", "host.json", "the host finds no functions")
def no_host_json(members: Draft) -> None:
    """No `host.json`."""
    del members["host.json"]


@FAULTS.spoil("host_json", "host.json", "JSON object", "the host runs in state Error")
def broken_host_json(members: Draft) -> None:
    """A `host.json` that is no JSON."""
    members["host.json"] = members["host.json"][:-3]


@FAULTS.spoil("host_json", "host.json", "messageEncoding", "every message of ours goes unread to the poison queue")
def message_encoding(members: Draft) -> None:
    """Another `messageEncoding` than the checkout's."""
    _host(members, lambda host: host["extensions"]["queues"].update(messageEncoding="none"))


@FAULTS.spoil("host_json", "host.json", "extensionBundle", "no trigger works: the host knows no queues")
def no_extension_bundle(members: Draft) -> None:
    """A `host.json` without the extension bundle."""
    _host(members, lambda host: host.pop("extensionBundle"))


@FAULTS.spoil("layout", "left_out.txt", "left_out.txt", "a module that was left out fails without saying why")
def no_list_of_what_was_left_out(members: Draft) -> None:
    """No `left_out.txt`."""
    del members["left_out.txt"]


@FAULTS.spoil("host_json", "host.json", "batchSize", "the host runs in state Error")
def batch_that_is_too_large(members: Draft) -> None:
    """A `batchSize` that storage does not give at once."""
    _host(members, lambda host: host["extensions"]["queues"].update(batchSize=64))


@FAULTS.spoil("host_json", "host.json", "functionTimeout", "the host runs in state Error")
def timeout_that_is_no_time(members: Draft) -> None:
    """A `functionTimeout` that is no time."""
    _host(members, lambda host: host.update(functionTimeout="5 minutes"))


@FAULTS.spoil("host_json", "host.json", "AddVendor", "loads one of five functions, without a word")
def list_of_functions(members: Draft) -> None:
    """A list of `functions` with one of them."""
    _host(members, lambda host: host.update(functions=["MailIngest"]))


@FAULTS.spoil("host_json", "host.json", "[3.*, 4.0.0)", "no trigger works: the host knows these queues otherwise")
def extension_bundle_of_version_3(members: Draft) -> None:
    """An extension bundle of version 3."""
    _host(members, lambda host: host["extensionBundle"].update(version="[3.*, 4.0.0)"))


def _host(members: Draft, change: Any) -> None:
    host = json.loads(members["host.json"])
    change(host)
    members["host.json"] = json.dumps(host, indent=2).encode()
