"""The commands that confirm a cause and those that mend it, with the names of the app in question filled in."""

from dataclasses import dataclass
from shlex import quote

from infrastructure.operations.diagnose.evidence import Evidence

_ARM = "https://management.azure.com/"


@dataclass(frozen=True, slots=True)
class Advice:
    """What to run to be sure, and what to run then."""

    confirm: str
    mend: str


@dataclass(frozen=True, slots=True)
class Advisor:
    """Knows the names; capital letters stand for what it does not know."""

    subscription: str
    group: str
    app: str
    slot: str
    storage: str  # the account's id, or a placeholder
    principal: str
    client: str
    last_good: str
    mounted: str  # address of the zip

    @classmethod
    def of(cls, evidence: Evidence) -> "Advisor":
        """For the app that the evidence is about."""
        subject = evidence.subject
        return cls(
            subscription=evidence.subscription or "SUBSCRIPTION",
            group=subject.group,
            app=subject.app,
            slot=subject.slot,
            storage=evidence.account.id if evidence.account else "STORAGE_ACCOUNT_ID",
            principal=evidence.principal or "PRINCIPAL_ID",
            client=next(iter(evidence.app.clients), "CLIENT_ID") if evidence.app else "CLIENT_ID",
            last_good=evidence.last_good or "SHA",
            mounted=f"https://{evidence.scm or 'SCM_HOST'}/api/vfs/data/SitePackages/{evidence.package or 'NAME.zip'}",
        )

    @property
    def infrastructure(self) -> str:
        """Deploying the infrastructure anew, which puts back settings, roles and network rules."""
        ending = self.group.rpartition("-")[2]
        environment = ending if ending in {"dev", "prod"} else "ENVIRONMENT"
        return (
            f"az deployment group create --resource-group {quote(self.group)} "
            f"--parameters infrastructure/bicep/environments/{environment}.bicepparam"
        )

    @property
    def rollback(self) -> str:
        """Putting the package that was last proven back; a slot that serves nobody gets one that was judged instead."""
        if self.slot:
            return f"python -m infrastructure.deploy stage dist/invoice-agent.zip --slot {self.slot} {self._place}"
        return f"python -m infrastructure.operations rollback {self._place}"

    @property
    def prove(self) -> str:
        """Proof of what a slot runs."""
        slot = self.slot or "production"
        return f"python -m infrastructure.deploy prove --slot {slot} --digest {quote(self.last_good)} {self._place}"

    @property
    def _place(self) -> str:
        storage = self.storage.rpartition("/")[2]
        names = f"--resource-group {quote(self.group)} --app {quote(self.app)} --storage-account {storage}"
        return f"--subscription {self.subscription} {names}"

    @property
    def _site(self) -> str:
        group = f"{_ARM}subscriptions/{self.subscription}/resourceGroups/{self.group}"
        return f"{group}/providers/Microsoft.Web/sites/{self.app}"

    def functionapp(self, command: str, *more: str) -> str:
        """A command of az on the app or its slot."""
        slot = f"--slot {quote(self.slot)}" if self.slot else ""
        names = f"--resource-group {quote(self.group)} --name {quote(self.app)}"
        return " ".join(filter(None, ("az functionapp", command, names, slot, *more)))

    def site(self, path: str) -> str:
        """A GET of something below the app or its slot."""
        slot = f"/slots/{self.slot}" if self.slot else ""
        return f'az rest --method get --url "{self._site}{slot}/{path}?api-version=2024-04-01"'

    def runtime(self, wanted: str) -> Advice:
        """For another Python than the package is made for."""
        return Advice(
            self.functionapp("config show", "--query linuxFxVersion"),
            self.functionapp("config set", f'--linux-fx-version "{wanted}"'),
        )

    def package(self) -> Advice:
        """For a package with something wrong in it."""
        return Advice(self.prove, self.rollback)

    def build(self) -> Advice:
        """For a package whose parts do not fit the runtime or each other."""
        download = f"az rest --method get --resource {_ARM} --url {quote(self.mounted)} --output-file deployed.zip"
        return Advice(f"{download} && python -m infrastructure.package verify deployed.zip", self.rollback)

    def state(self, verb: str) -> Advice:
        """For an app in another state than it should be."""
        return Advice(self.functionapp("show", "--query state"), self.functionapp(verb))

    def platform(self) -> Advice:
        """For trouble of the platform's own."""
        return Advice(self.site("hostruntime/admin/host/status"), self.functionapp("restart"))

    def health(self) -> Advice:
        """For an incident that nobody but the platform can end."""
        path = "providers/Microsoft.ResourceHealth/availabilityStatuses/current?api-version=2020-05-01"
        return Advice(
            f'az rest --method get --url "{self._site}/{path}"', "wait; https://azure.status.microsoft says for what"
        )

    def absent(self) -> Advice:
        """For an app that does not exist under this name."""
        return Advice("az functionapp list --output table", self.infrastructure)

    def plan(self) -> Advice:
        """For a plan of another kind than the pipeline needs."""
        return Advice(self.functionapp("show", "--query appServicePlanId"), self.infrastructure)

    def settings(self) -> Advice:
        """For settings that are not as the infrastructure defines them; values are not shown."""
        query = '--query "[].{name:name,slotSetting:slotSetting}" --output table'
        return Advice(self.functionapp("config appsettings list", query), self.infrastructure)

    def reference(self, vault: str, entry: str, *, is_missing: bool) -> Advice:
        """For a Key Vault reference that is not resolved."""
        secret = (
            f"az keyvault secret set --vault-name {quote(vault or 'VAULT')} --name {quote(entry or 'NAME')} --file FILE"
        )
        mend = secret if is_missing else self.infrastructure
        return Advice(self.site("config/configreferences/appsettings"), f"{mend}; then {self.functionapp('restart')}")

    def storage_account(self) -> Advice:
        """For a storage account that the app cannot use."""
        name = self.storage.rpartition("/")[2]
        return Advice(
            f"az storage account show --resource-group {quote(self.group)} --name {name}", self.infrastructure
        )

    def role(self, role: str) -> Advice:
        """For a role that the identity lacks."""
        return Advice(
            f"az role assignment list --assignee {self.principal} --scope {self.storage} --output table",
            f'az role assignment create --role "{role}" --assignee-object-id {self.principal} '
            f"--assignee-principal-type ServicePrincipal --scope {self.storage}",
        )

    def identity(self) -> Advice:
        """For an identity that the app does not have."""
        return Advice(self.functionapp("identity show"), self.infrastructure)

    def mailbox(self) -> Advice:
        """For a mailbox that refuses the app; both are commands of Exchange Online PowerShell."""
        return Advice(
            f"Test-ServicePrincipalAuthorization -Identity {self.principal} -Resource INVOICE_MAILBOX",
            f"pwsh infrastructure/mailbox_access/grant.ps1 -ClientId {self.client} -ObjectId {self.principal} "
            "-InvoiceMailbox INVOICE_MAILBOX -OtherMailbox ANOTHER_MAILBOX",
        )

    def stop(self) -> Advice:
        """For an emergency stop."""
        return Advice(
            "python -m infrastructure.operations status", "python -m infrastructure.operations emergency-stop --resume"
        )
