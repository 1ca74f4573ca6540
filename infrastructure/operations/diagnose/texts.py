"""Texts of log lines that give a cause away.

Those of the worker were measured with its own code, those of the host read in its source
(https://github.com/Azure/azure-functions-host, https://github.com/Azure/azure-functions-python-worker); those of
storage and Graph are their error codes, and the app's own are in shared/adapters/graph_client.py.
"""

import re
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What may be the cause."""

    VERSION_MISMATCH = "version mismatch"
    PLATFORM = "platform"
    SETTINGS = "settings"
    STORAGE = "storage"
    CORRUPT_PACKAGE = "corrupt package"
    DEPENDENCY_CONFLICT = "dependency conflict"
    MAILBOX_ACCESS = "mailbox access"
    EMERGENCY_STOP = "emergency stop"


@dataclass(frozen=True, slots=True)
class Text:
    """A text, how much it speaks for a cause (1 to 99), and what it means."""

    pattern: re.Pattern[str]
    kind: Kind
    weight: int
    meaning: str
    is_of_start: bool  # it can only be written while the app starts, so a good start later refutes it


def _of_start(kind: Kind, weight: int, pattern: str, meaning: str) -> Text:
    return Text(re.compile(pattern), kind, weight, meaning, is_of_start=True)


def _of_work(kind: Kind, weight: int, pattern: str, meaning: str) -> Text:
    return Text(re.compile(pattern), kind, weight, meaning, is_of_start=False)


_VERSION, _DEPENDENCY, _PACKAGE = Kind.VERSION_MISMATCH, Kind.DEPENDENCY_CONFLICT, Kind.CORRUPT_PACKAGE

# A native part begins with an underscore; those speak for another version.
_NO_MODULE = r"No module named '(?![\w.]*\._)[\w.]+'"

# 137 is the system's doing, see the platform.
_NO_START = (
    r"Exceeded language worker restart retry count|"
    r"(?s:^(?!.*exited with code 137\b).*(WorkerProcessExitException|exited with code [1-9]))"
)

# The first text of each kind that a line has counts, so the surer ones stand first.
TEXTS = (
    _of_start(_VERSION, 90, r"bad magic number in '", "bytecode of another Python version, without its source"),
    _of_start(_VERSION, 90, r"undefined symbol: _?Py", "a native module that was built for another Python version"),
    _of_start(
        _VERSION, 85, r"No module named '[\w.]+\._\w+'", "the native part of a module is for another Python version"
    ),
    _of_start(_VERSION, 85, r"GLIBC_[\d.]+['`\u2019]? not found", "a native module wants a newer system than Azure's"),
    _of_start(
        _VERSION,
        80,
        r"invalid ELF header|wrong ELF class|\.so: cannot open shared object file",
        "a native module is for another machine",
    ),
    _of_start(_VERSION, 85, r"Unsupported Python version: ", "the worker does not know this Python version"),
    _of_start(
        _VERSION, 75, r"cannot import name 'cygrpc' from 'grpc", "the package's grpcio is for another Python version"
    ),
    _of_start(_VERSION, 45, r"SyntaxError: ", "syntax that this Python version does not know"),
    _of_start(_VERSION, 60, r"exited with code 139\b", "a native module ended the worker (segmentation fault)"),
    _of_start(
        _VERSION,
        60,
        _NO_START,
        "the worker does not survive its start; parts for another Python version do that",
    ),
    _of_start(
        _DEPENDENCY,
        90,
        r"cannot import name '\w+' from 'google\.protobuf|incompatible Protobuf Gencode/Runtime|"
        r"Descriptors cannot (not )?be created directly",
        "protobuf is of another version than its users were made for",
    ),
    _of_start(_DEPENDENCY, 85, r"module 'azure\.functions' has no attribute", "the worker's azure-functions is loaded"),
    _of_start(
        _DEPENDENCY,
        80,
        r"ContextualVersionConflict|DistributionNotFound|PackageNotFoundError",
        "an installed package wants another version of another",
    ),
    _of_start(_DEPENDENCY, 65, r"ImportError: cannot import name ", "two packages of versions that do not fit"),
    _of_start(_DEPENDENCY, 60, r"from 'grpc|grpcio", "grpc cannot be loaded"),
    _of_start(
        _DEPENDENCY, 55, r"AttributeError: module '[\w.]+' has no attribute", "a module lacks what another wants of it"
    ),
    _of_start(_DEPENDENCY, 35, _NO_MODULE, "a dependency is not installed"),
    _of_start(
        _DEPENDENCY,
        50,
        _NO_START,
        "the worker does not survive its start; a grpcio or protobuf that does not fit does that",
    ),
    _of_start(
        _PACKAGE,
        90,
        r"valid host\.json file wasn't found in the package root",
        "the zip holds its files one folder down",
    ),
    _of_start(_PACKAGE, 85, r"No module named '(shared|function_app)\b", "the app's own files are not in the package"),
    _of_start(
        _PACKAGE,
        80,
        r"does not have a trigger|does not have a unique function name|More than one FunctionApp|"
        r"Could not find top level function app|FunctionLoadError: cannot load the |InvalidFileNameError",
        "the code in the package breaks a rule of the worker",
    ),
    _of_start(_PACKAGE, 60, _NO_MODULE, "a dependency is not in the package"),
    _of_start(_PACKAGE, 55, r"SyntaxError: ", "a file of the package is no Python"),
    _of_start(_PACKAGE, 55, r"Read-only file system", "the app writes into its package as it starts"),
    _of_start(_PACKAGE, 35, r"Worker failed to index functions", "the worker cannot make functions of the package"),
    _of_start(
        Kind.SETTINGS, 90, r"'%\w+%' does not resolve to a value", "a setting that a decorator names is not there"
    ),
    _of_start(Kind.SETTINGS, 80, r"was not recognized as a valid cron expression", "the schedule is no NCRONTAB text"),
    _of_work(Kind.SETTINGS, 90, r"settings are missing or wrong", "the app refuses its settings, and says which"),
    _of_start(Kind.SETTINGS, 60, r"KeyError: '[A-Z][A-Z0-9_]+'", "a setting is read as the app starts, and not there"),
    _of_work(Kind.STORAGE, 90, r"KeyBasedAuthenticationNotPermitted", "a key is used, and the account takes none"),
    _of_work(Kind.STORAGE, 88, r"AuthorizationPermissionMismatch", "the identity lacks a role on the account"),
    _of_work(
        Kind.STORAGE,
        80,
        r"AuthorizationFailure|This request is not authorized to perform this operation",
        "the account's network rules keep the app out, or a role is missing",
    ),
    _of_work(
        Kind.STORAGE,
        80,
        r"(Name or service not known|No such host is known|name resolution)[^|]*core\.windows\.net|"
        r"core\.windows\.net[^|]*(Name or service not known|No such host is known|name resolution)",
        "the account's name does not resolve",
    ),
    _of_work(Kind.STORAGE, 75, r"Unable to (access|create client for) AzureWebJobsStorage", "the host has no storage"),
    _of_work(Kind.STORAGE, 60, r"ManagedIdentityCredential|identity not found", "no token for the app's identity"),
    _of_work(Kind.MAILBOX_ACCESS, 92, r"graph 403 |ErrorAccessDenied", "the mailbox refuses the app"),
    _of_work(Kind.MAILBOX_ACCESS, 90, r"Access to OData is disabled", "an access policy keeps the app out"),
    _of_work(Kind.MAILBOX_ACCESS, 80, r"graph 401 ", "the mailbox does not take the app's token"),
    _of_work(
        Kind.MAILBOX_ACCESS,
        75,
        r"graph 404 (ErrorInvalidUser|MailboxNotEnabledForRESTAPI|ResourceNotFound|Request_ResourceNotFound)",
        "there is no such mailbox",
    ),
    _of_work(Kind.MAILBOX_ACCESS, 60, r"no token for the mailbox", "no token for the app's identity"),
    _of_start(Kind.PLATFORM, 75, r"exited with code 137\b", "the system ended the worker, as it does for memory"),
    _of_start(
        Kind.PLATFORM,
        45,
        r"Requesting metadata from worker failed|Initialization timed out and host is shutting down",
        "the app did not start in time",
    ),
)
