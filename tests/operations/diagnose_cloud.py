"""What az answers of a healthy app, in the form that Azure's documentation gives the answers, for tests to damage.

A `Cloud` stands in for az: it finds the answer to a list of arguments, applies `--query` with the library that az
uses, and prints as az does. It is a value that travels as JSON, so that the executable in tests/operations/az can
answer from it in a process of its own.
"""

import copy
import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

import jmespath

GROUP, APP = "rg-invoice-agent-prod", "func-invoice-agent-prod"
SUBSCRIPTION = "6a1f3a52-0000-4000-8000-000000000001"
CLIENT, PRINCIPAL = "11111111-2222-4333-8444-555555555555", "66666666-7777-4888-9999-000000000000"
STORAGE = "stinvagprodx7k2"
SITE = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/Microsoft.Web/sites/{APP}"
PLAN = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/Microsoft.Web/serverfarms/plan-invoice-agent-prod"
)
STORAGE_ID = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/Microsoft.Storage/storageAccounts/{STORAGE}"
)
FUNCTIONS = ("MailIngest", "ExtractEnrich", "PostToAP", "Notify", "AddVendor")
ZIP = b"PK\x05\x06" + bytes(18)
DIGEST = hashlib.sha256(ZIP).hexdigest()

# Must never be printed or saved.
SECRETS = (
    "hunter2-webhook-signature",
    "c3RvcmFnZS1rZXktb2YtdGhlLWNvbnRlbnQtc2hhcmU",
    "9f0c1a2b-ikey-4000-8000-aaaaaaaaaaaa",
    "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.payloadpayload.signature",
    "correct horse battery staple",
    "log-line-signature",
    "log-line-account-key",
)

ROLES = {
    "blob": "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
    "queue": "974c5e8b-45b9-4653-ba55-5f855dd0fb88",
    "table": "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3",
}

NOT_LOGGED_IN = "ERROR: Please run 'az login' to setup account."


def instant(minutes_ago: float) -> str:
    """An instant as Azure writes it, before now."""
    return f"{datetime.now(UTC) - timedelta(minutes=minutes_ago):%Y-%m-%dT%H:%M:%S.%f}0Z"


@dataclass(slots=True)
class Reply:
    """What az does when it is asked one thing."""

    document: Any = None  # before --query
    text: str | None = None  # printed as it stands
    warning: str = ""
    error: str = ""
    status: int = 0
    sleep: float = 0.0
    download: str = ""  # latin-1


@dataclass(slots=True)
class Printed:
    """What a run of az prints, and its exit code."""

    out: str
    complaint: str
    status: int


@dataclass(slots=True)
class Cloud:
    """Replies by the question, which is a name of ours; `_question` finds it in the arguments."""

    replies: dict[str, Reply] = field(default_factory=dict)
    default: Reply | None = None  # for every question

    @classmethod
    def healthy(cls) -> Self:
        """An app with nothing wrong."""
        return cls({name: Reply(document) for name, document in _documents().items()} | _other())

    def __getitem__(self, name: str) -> Any:
        """The document behind a reply, to be changed in place."""
        return self.replies[name].document

    def __setitem__(self, name: str, document: Any) -> None:
        self.replies[name] = Reply(document)

    def fails(self, name: str, error: str, status: int = 1) -> None:
        """Let az fail on a question."""
        self.replies[name] = Reply(error=error, status=status)

    def setting(self, name: str) -> dict[str, Any]:
        """One app setting, to be changed in place."""
        found: dict[str, Any] = next(each for each in self["settings"] if each["name"] == name)
        return found

    def logs(self, *texts: str, minutes_ago: float = 2, count: int = 12) -> None:
        """Let lines be in Application Insights."""
        rows = self["errors"]["tables"][0]["rows"]
        rows += [[text, 3, count, instant(minutes_ago)] for text in texts]

    def loads(self, *names: str) -> None:
        """Let the host have loaded these functions and no others."""
        self["live"] = [each for each in _live() if each["name"] in names]
        self["functions"]["value"] = [each for each in _listed() if each["properties"]["name"] in names]
        self["starts"] = _table([instant(3), f"{len(names)} functions loaded"])

    def written(self, path: Path) -> None:
        """Write it for the executable."""
        path.write_text(json.dumps(asdict(self)), "utf-8")

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read what `written` wrote."""
        found = json.loads(path.read_text("utf-8"))
        default = Reply(**found["default"]) if found["default"] else None
        return cls({name: Reply(**each) for name, each in found["replies"].items()}, default)

    def reply(self, arguments: Sequence[str]) -> Reply:
        """The reply to a list of arguments; raises LookupError for a question that nobody foresaw."""
        return self.default or self.replies[_question(arguments)]

    def run(self, arguments: Sequence[str]) -> Printed:
        """Answer as az does, without the waiting."""
        reply = self.reply(arguments)
        if reply.status:
            return Printed("", reply.error + "\n", reply.status)
        if target := _option(arguments, "--output-file"):
            Path(target).write_bytes(reply.download.encode("latin-1"))
            return Printed("", reply.warning, 0)
        if reply.text is not None:
            return Printed(reply.text, reply.warning, 0)
        document = copy.deepcopy(reply.document)
        if query := _option(arguments, "--query"):
            document = jmespath.search(query, document)
        return Printed(_printed(document, _option(arguments, "--output")), reply.warning, 0)


def _printed(document: Any, output: str) -> str:
    if document is None:
        return ""  # az prints nothing for null
    if output == "tsv":
        rows = document if isinstance(document, list) else [document]
        return "".join("\t".join(row if isinstance(row, list) else [str(row)]) + "\n" for row in rows)
    return json.dumps(document, indent=2) + "\n"


def _option(arguments: Sequence[str], name: str) -> str:
    return arguments[arguments.index(name) + 1] if name in arguments else ""


# Which question arguments are: the first whose texts all stand in them.
_QUESTIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("settings", ("functionapp config appsettings list ",)),
    ("config", ("functionapp config show ",)),
    ("app", ("functionapp show ",)),
    ("insights", ("resource show ", "microsoft.insights/components")),
    ("workspace", ("monitor log-analytics workspace show ",)),
    ("changes", ("monitor activity-log list ",)),
    ("storage", ("storage account show ",)),
    ("account", ("account show ",)),
    ("stop", ("storage entity show ", "--table-name Control ")),
    ("poison", ("storage entity query ", "--table-name PoisonMessages ")),
    ("raw-mail", ("storage message peek ", "--queue-name raw-mail ")),
    ("to-post", ("storage message peek ", "--queue-name to-post ")),
    ("notify", ("storage message peek ", "--queue-name notify ")),
    ("add-vendor", ("storage message peek ", "--queue-name add-vendor ")),
    ("name", ("/SitePackages/packagename.txt ",)),
    ("zip", ("/SitePackages/20261128.zip ", "--output-file ")),
    ("last_good", ("/releases/last-good.json ",)),
    ("host", ("/hostruntime/admin/host/status?",)),
    ("live", ("/hostruntime/admin/functions?",)),
    ("functions", ("/functions?",)),
    ("references", ("/config/configreferences/appsettings?",)),
    ("deployments", ("/deployments?",)),
    ("health", ("/availabilityStatuses/current?",)),
    ("incidents", ("/providers/Microsoft.ResourceHealth/events?",)),
    ("roles", ("/roleAssignments?", PRINCIPAL)),
    ("plan", ("/serverfarms/",)),
    ("errors", ("/v1/apps/app-insights-id/query ", "union traces, exceptions")),
    ("starts", ("/v1/apps/app-insights-id/query ", "functions loaded")),
    ("runs", ("/v1/apps/app-insights-id/query ", "query=requests ")),
    ("watch", ("/v1/apps/app-insights-id/query ", "watch: ")),
    ("host_log", ("/v1/workspaces/workspace-id/query ", "FunctionAppLogs")),
    ("site", (f"{SITE}?", "rest ")),
    ("site", (f"{SITE}/slots/staging?", "rest ")),
    ("app_roles", ("/appRoleAssignments", "graph.microsoft.com")),
    ("graph_roles", ("/servicePrincipals(appId='00000003-0000-0000-c000-000000000000')",)),
)


def _question(arguments: Sequence[str]) -> str:
    line = " ".join(arguments) + " "
    for name, texts in _QUESTIONS:
        if all(text in line for text in texts):
            return name
    raise LookupError(f"nobody foresaw: az {line}")


def _table(*rows: list[Any]) -> dict[str, Any]:
    return {"tables": [{"name": "PrimaryResult", "columns": [], "rows": list(rows)}]}


def _live() -> list[dict[str, Any]]:
    return [{"name": name, "isDisabled": False, "language": "python", "config": {}} for name in FUNCTIONS]


def _listed() -> list[dict[str, Any]]:
    return [
        {
            "id": f"{SITE}/functions/{name}",
            "name": f"{APP}/{name}",
            "type": "Microsoft.Web/sites/functions",
            "properties": {"name": name, "isDisabled": False, "language": "python"},
        }
        for name in FUNCTIONS
    ]


def _settings() -> list[dict[str, Any]]:
    webhook = "@Microsoft.KeyVault(VaultName=kvinvagprodx7k2;SecretName=teams-webhook-url)"
    content = (
        f"DefaultEndpointsProtocol=https;AccountName=stcont;AccountKey={SECRETS[1]};EndpointSuffix=core.windows.net"
    )
    plain = {
        "FUNCTIONS_EXTENSION_VERSION": "~4",
        "FUNCTIONS_WORKER_RUNTIME": "python",
        "AzureWebJobsStorage__accountName": STORAGE,
        "AzureWebJobsStorage__credential": "managedidentity",
        "AzureWebJobsStorage__clientId": CLIENT,
        "WEBSITE_RUN_FROM_PACKAGE": "1",
        "SCM_DO_BUILD_DURING_DEPLOYMENT": "false",
        "ENABLE_ORYX_BUILD": "false",
        "WEBSITE_CONTENTAZUREFILECONNECTIONSTRING": content,
        "INVOICE_MAILBOX": "invoices@contoso.example",
        "AP_MAILBOX": "ap@contoso.example",
        "TEAMS_WEBHOOK_URL": webhook,
        "MAIL_INGEST_SCHEDULE": "0 * * * * *",
        "GRAPH_CREDENTIAL": "managed_identity",
        "SYNTHETIC_RECIPIENT": "",
        "OLD_WEBHOOK": f"https://prod.logic.azure.com/workflows/1/triggers/manual?sig={SECRETS[0]}",
        "HAND_MADE_TOKEN": SECRETS[3],
        "HAND_MADE": SECRETS[4],
    }
    sticky = {
        "APPLICATIONINSIGHTS_CONNECTION_STRING": f"InstrumentationKey={SECRETS[2]};IngestionEndpoint=https://x.example/",
        **{f"AzureWebJobs.{name}.Disabled": "false" for name in FUNCTIONS},
    }
    return [
        *({"name": name, "slotSetting": False, "value": value} for name, value in plain.items()),
        *({"name": name, "slotSetting": True, "value": value} for name, value in sticky.items()),
    ]


def _documents() -> dict[str, Any]:
    quiet = f"an unimportant warning, sig={SECRETS[5]}&x=1 and AccountKey={SECRETS[6]}; Bearer {SECRETS[3]}"
    return {
        "account": {
            "id": SUBSCRIPTION,
            "name": "Contoso",
            "tenantId": "tenant-id",
            "user": {"name": "jane@contoso.example", "type": "user"},
        },
        "app": {
            "id": SITE,
            "name": APP,
            "kind": "functionapp,linux",
            "state": "Running",
            "enabled": True,
            "availabilityState": "Normal",
            "usageState": "Normal",
            "lastModifiedTimeUtc": "2026-11-28T18:02:11.123333",
            "virtualNetworkSubnetId": None,
            "customDomainVerificationId": "0123456789ABCDEF",
            "identity": {
                "type": "UserAssigned",
                "userAssignedIdentities": {"/x/id-invoice-agent-prod": {"clientId": CLIENT, "principalId": PRINCIPAL}},
            },
        },
        "site": {
            "id": SITE,
            "properties": {
                "serverFarmId": PLAN,
                "hostNameSslStates": [
                    {"hostType": "Standard", "name": f"{APP}.azurewebsites.net"},
                    {"hostType": "Repository", "name": f"{APP}.scm.azurewebsites.net"},
                ],
            },
            "identity": {
                "type": "UserAssigned",
                "userAssignedIdentities": {"/x/id-invoice-agent-prod": {"clientId": CLIENT, "principalId": PRINCIPAL}},
            },
        },
        "config": {"linuxFxVersion": "PYTHON|3.11", "alwaysOn": False},
        "plan": {"name": "plan", "sku": {"name": "EP1", "tier": "ElasticPremium"}, "properties": {"status": "Ready"}},
        "insights": {"properties": {"AppId": "app-insights-id", "InstrumentationKey": SECRETS[2]}},
        "workspace": {"customerId": "workspace-id"},
        "host": {"id": "x", "state": "Running", "version": "4.1052.200.0", "processUptime": 81234, "errors": None},
        "live": _live(),
        "functions": {"value": _listed(), "nextLink": None},
        "settings": _settings(),
        "references": {
            "value": [
                {
                    "name": "TEAMS_WEBHOOK_URL",
                    "properties": {
                        "reference": "@Microsoft.KeyVault(...)",
                        "status": "Resolved",
                        "vaultName": "kvinvagprodx7k2",
                        "secretName": "teams-webhook-url",
                        "details": "Reference has been successfully resolved.",
                    },
                }
            ]
        },
        "deployments": {
            "value": [
                {
                    "name": "0123",
                    "properties": {
                        "status": 4,
                        "author": "N/A",
                        "deployer": "invoice-agent",
                        "message": "Created via a push deployment",
                        "received_time": "2026-11-28T18:01:02.4444444Z",
                        "active": True,
                    },
                }
            ]
        },
        "last_good": {"digest": DIGEST, "at": "2026-11-28T18:05:00Z", "by": "pipeline", "commit": "abc"},
        "changes": [
            _change("Microsoft.Web/sites/slots/slotsswap/action", SITE, "pipeline"),
            _change("Microsoft.Web/sites/config/list/action", SITE, "jane@contoso.example"),
        ],
        "health": {"properties": {"availabilityState": "Available", "summary": "There are no known platform issues"}},
        "incidents": {"value": []},
        "storage": {
            "id": STORAGE_ID,
            "provisioningState": "Succeeded",
            "statusOfPrimary": "available",
            "allowSharedKeyAccess": False,
            "publicNetworkAccess": "Enabled",
            "networkRuleSet": {"defaultAction": "Allow"},
        },
        "roles": {"value": [_grant(role) for role in ROLES.values()]},
        "poison": {"items": [], "nextMarker": {}},
        "raw-mail": [],
        "to-post": [{"id": "m1", "content": "Ym9keQ==", "insertionTime": instant(1), "dequeueCount": 0}],
        "notify": [],
        "add-vendor": [],
        "errors": _table([quiet, 2, 3, instant(4)]),
        "starts": _table([instant(700), "5 functions loaded"]),
        "runs": _table(
            ["MailIngest", 1440, 1, instant(1), 60, 0], *([name, 40, 0, instant(9), 2, 0] for name in FUNCTIONS[1:])
        ),
        "watch": _table([instant(6), f"watch: {json.dumps({'poison_kept': 0, 'poison_queued': 0, 'stopped': ''})}"]),
        "host_log": _table(),
    }


def _change(what: str, on: str, by: str) -> dict[str, Any]:
    return {
        "eventTimestamp": instant(800),
        "caller": by,
        "operationName": {"value": what, "localizedValue": what},
        "status": {"value": "Succeeded"},
        "resourceId": on,
        "authorization": {"evidence": SECRETS[3]},
    }


def _grant(role: str) -> dict[str, Any]:
    definition = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{role}"
    return {"properties": {"roleDefinitionId": definition, "scope": STORAGE_ID, "principalId": PRINCIPAL}}


def _other() -> dict[str, Reply]:
    return {
        "name": Reply(text="20261128.zip\n"),
        "zip": Reply(download=ZIP.decode("latin-1")),
        "stop": Reply(error="ERROR: The specified resource does not exist.\nErrorCode:ResourceNotFound", status=3),
    }
