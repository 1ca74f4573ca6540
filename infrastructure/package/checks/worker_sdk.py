"""The SDK that the worker brings: on consumption plans the app gets it, whatever the package pins."""

import ast
from collections.abc import Iterator

from infrastructure.package.findings import Finding
from infrastructure.package.modules import parse
from infrastructure.package.package import Ground, Package

VERSION = "1.22.0b4"  # of azure-functions, in the worker for Python 3.11
# What `import azure.functions` binds there: https://pypi.org/project/azure-functions/1.22.0b4/
NAMES = frozenset(
    [
        "AccessRights",
        "AppExtensionBase",
        "AsgiFunctionApp",
        "AsgiMiddleware",
        "AuthLevel",
        "BindingApi",
        "BlobSource",
        "Blueprint",
        "Cardinality",
        "Context",
        "DataType",
        "DecoratorApi",
        "Document",
        "DocumentList",
        "EntityContext",
        "EventGridEvent",
        "EventGridOutputEvent",
        "EventHubEvent",
        "ExtensionMeta",
        "ExternalHttpFunctionApp",
        "FuncExtensionBase",
        "Function",
        "FunctionApp",
        "FunctionExtensionException",
        "FunctionRegister",
        "HttpMethod",
        "HttpRequest",
        "HttpResponse",
        "InputStream",
        "KafkaConverter",
        "KafkaEvent",
        "KafkaTriggerConverter",
        "MySqlRow",
        "MySqlRowList",
        "OrchestrationContext",
        "Out",
        "QueueMessage",
        "ServiceBusMessage",
        "SettingsApi",
        "SqlRow",
        "SqlRowList",
        "TimerRequest",
        "TriggerApi",
        "WsgiFunctionApp",
        "WsgiMiddleware",
        "blob",
        "cosmosdb",
        "decorators",
        "durable_functions",
        "eventgrid",
        "eventhub",
        "extension",
        "get_binding_registry",
        "http",
        "kafka",
        "meta",
        "mysql",
        "queue",
        "servicebus",
        "sql",
        "timer",
        "warmup",
    ]
)
_MODULE = "azure.functions"


def findings(package: Package, ground: Ground) -> Iterator[Finding]:  # noqa: ARG001
    """Everything that the app takes from azure.functions is there in the worker's version, too."""
    for name in package.app:
        if name.endswith(".py"):
            for line, wanted in _taken(package.sources[name]):
                if wanted not in NAMES:
                    yield Finding(
                        "worker_sdk",
                        name,
                        f"line {line} needs a newer azure.functions than the worker's",
                        f"what azure-functions {VERSION} has",
                        f"{_MODULE}.{wanted}",
                        f"on consumption the worker's own SDK stays: AttributeError: module '{_MODULE}' has no "
                        f"attribute '{wanted}', 0 functions",
                        "do without it",
                    )


def _taken(source: bytes) -> Iterator[tuple[int, str]]:
    """The names that a source takes from the SDK, with their lines."""
    try:
        tree = parse(source)
    except SyntaxError:
        return  # told by the check of the syntax
    known = {_MODULE}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            known |= {alias.asname for alias in node.names if alias.name == _MODULE and alias.asname}
        elif isinstance(node, ast.ImportFrom) and node.module == _MODULE and not node.level:
            yield from ((node.lineno, alias.name) for alias in node.names if alias.name != "*")
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) in known:
            yield node.lineno, node.attr
