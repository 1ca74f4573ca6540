"""Which app is deployed, and who does it."""

from dataclasses import dataclass

PRODUCTION = "production"  # how Azure calls the app itself among its slots


@dataclass(frozen=True, slots=True)
class Place:
    """The app and its slot as Azure names them, and the account that keeps its releases."""

    subscription: str
    resource_group: str
    app: str
    slot: str
    storage_account: str

    @property
    def swap_command(self) -> str:
        """How a person swaps the slots."""
        return (
            f"az functionapp deployment slot swap --subscription {self.subscription} -g {self.resource_group} "
            f"-n {self.app} --slot {self.slot} --target-slot {PRODUCTION}"
        )

    def start_command(self, slot: str) -> str:
        """How a person starts a slot."""
        where = "" if slot == PRODUCTION else f" --slot {slot}"
        return f"az functionapp start --subscription {self.subscription} -g {self.resource_group} -n {self.app}{where}"

    def prove_command(self, slot: str, digest: str) -> str:
        """How a person proves what a slot runs."""
        return f"python -m infrastructure.deploy prove --slot {slot} --digest {digest} {self._options}"

    @property
    def rollback_command(self) -> str:
        """How a person brings back what was good before."""
        return f"python -m infrastructure.deploy rollback {self._options}"

    @property
    def releases_command(self) -> str:
        """How a person sees which packages are kept."""
        return f"az storage blob list --auth-mode login --account-name {self.storage_account} -c releases -o table"

    @property
    def _options(self) -> str:
        return (
            f"--subscription {self.subscription} --resource-group {self.resource_group} --app {self.app} "
            f"--storage-account {self.storage_account}"
        )


@dataclass(frozen=True, slots=True)
class Who:
    """On whose behalf, and of which commit; for the records."""

    by: str
    commit: str
