"""The app with its two slots, as the sequences work on it."""

import hashlib
from dataclasses import dataclass

from infrastructure.deploy.azure import Arm
from infrastructure.deploy.clock import Clock
from infrastructure.deploy.journal import Journal
from infrastructure.deploy.kudu import KuduPatience
from infrastructure.deploy.place import Place, Who
from infrastructure.deploy.proof import Expected, Limits, Process, shortened
from infrastructure.deploy.releases import Recorded, Releases
from infrastructure.deploy.slots import Proof, Slot, prove
from infrastructure.deploy.swap import SwapPatience
from infrastructure.deploy.trouble import Trouble

_YES = {"1", "true", "yes"}
_BUILDS = ("SCM_DO_BUILD_DURING_DEPLOYMENT", "ENABLE_ORYX_BUILD")
_FROM_PACKAGE = "WEBSITE_RUN_FROM_PACKAGE"
_STAGING = Limits(patience=420.0)
_PRODUCTION = Limits(patience=300.0)
# What production serves needs no time to start, and a rollback has none to lose; a staging slot may have gone to sleep.
_PRESENT = Limits(patience=30.0, good=2, uptime=0.0)
_HELD = Limits(patience=120.0)
_KUDU = KuduPatience()
_SWAP = SwapPatience()


@dataclass(frozen=True, slots=True)
class Patience:
    """How long everything may take."""

    lock: float = 90.0  # seconds: longer than the lease of a run that has died
    lock_to_stage: float = 1200.0  # a push behind a release that is under way waits for it
    staging: Limits = _STAGING
    production: Limits = _PRODUCTION
    present: Limits = _PRESENT
    held: Limits = _HELD
    kudu: KuduPatience = _KUDU
    swap: SwapPatience = _SWAP


PATIENCE = Patience()


@dataclass(frozen=True, slots=True)
class App:
    """All that a sequence reads and changes."""

    place: Place
    who: Who
    functions: frozenset[str]
    production: Slot
    staging: Slot
    arm: Arm
    releases: Releases
    clock: Clock
    journal: Journal
    patience: Patience = PATIENCE

    def prove(
        self, slot: Slot, digest: str, limits: Limits, *, left: Process | None = None, since: float = 0.0
    ) -> Proof:
        """Prove that a slot runs a package, by a process that is not `left` and not from before `since`."""
        expected = Expected(self.functions, digest, slot.is_live, left, since)
        return prove(slot, expected, limits, self.clock, self.journal)


@dataclass(frozen=True, slots=True)
class Serving:
    """What production served before anything was changed: what there is to return to."""

    digest: str  # empty where it never had a package
    is_proven: bool
    process: Process | None

    def __str__(self) -> str:
        if not self.digest:
            return "no package"
        return f"{shortened(self.digest)} ({'proven' if self.is_proven else 'NOT proven'})"


def serving(app: App) -> Serving:
    """Look at production; raises Trouble where its package cannot be read."""
    package = app.production.kudu.package()
    proof = (
        app.prove(app.production, package.digest, app.patience.present) if package.digest else Proof(("no package",))
    )
    present = Serving(package.digest, proof.is_proven, proof.process)
    app.journal.step("production before", str(present))
    return present


def demand_running(app: App, *slots: Slot) -> None:
    """Raises Trouble for a slot that is stopped: it proves nothing, and a swap needs both."""
    for slot in slots:
        if slot.state != "Running":
            command = app.place.start_command(slot.name)
            raise Trouble(f"{slot.name} is {slot.state or 'in no state'}, not Running; start it: {command}")


def demand_settings(app: App) -> None:
    """Raises Trouble where the settings of the slot would have a package built anew, or not run from."""
    settings = app.arm.settings(app.staging.name)
    at_fault = [f"{name} is {settings[name]}, wanted false" for name in _BUILDS if _is_yes(settings.get(name, ""))]
    if settings.get(_FROM_PACKAGE, "") != "1":
        at_fault.append(f"{_FROM_PACKAGE} is {_shown(settings.get(_FROM_PACKAGE, ''))}, wanted 1")
    if at_fault:
        raise Trouble(
            f"settings of {app.staging.name} keep the verified package from running as it is: {'; '.join(at_fault)}; "
            "deploy the Bicep again, which sets them"
        )


def _is_yes(value: str) -> bool:
    return value.strip().lower() in _YES


def _shown(value: str) -> str:
    """A URL in this setting is signed, and so a secret."""
    return value if len(value) <= 1 and value else "another value, not shown here" if value else "not set"


def deploy_and_prove(app: App, digest: str, content: bytes) -> Proof:
    """Put a package on the staging slot and prove it there; what goes wrong stands in the proof."""
    begun = app.clock.now()
    message = f"{app.who.commit or 'no commit'} sha256:{digest}"
    try:
        app.staging.kudu.deploy(content, message, app.who.by, app.patience.kudu)
    except Trouble as trouble:
        app.journal.step(f"deploy to {app.staging.name}", str(trouble))
        return Proof((str(trouble),))
    app.journal.step(f"deploy to {app.staging.name}", f"{shortened(digest)}, {len(content):,} bytes")
    return app.prove(app.staging, digest, app.patience.staging, since=begun)


def put_back(app: App, recorded: Recorded, production: str) -> str:
    """Put on the staging slot what a rollback needs there, the package before the present one; says what came of it."""
    slot = app.staging.name
    target = recorded.to_return_to(production) or (recorded.record.digest if recorded.record else "")
    if not target:
        return f"nothing was ever released, so there is nothing to put back on {slot}: do not swap what it holds"
    try:
        if app.staging.kudu.package().digest == target:
            return f"{slot} still holds the last good {shortened(target)}"
        content = app.releases.fetch(target)
        if content is None:
            return f"{slot} could not be put back: the last good {shortened(target)} is not kept in the releases"
        proof = deploy_and_prove(app, target, content)
    except Trouble as trouble:
        return f"{slot} could not be put back to the last good {shortened(target)}: {trouble}"
    if proof.is_proven:
        return f"{slot} holds the last good {shortened(target)} again, proven"
    return f"{slot} was put back to the last good {shortened(target)} and is not proven: {'; '.join(proof.why)}"


def sha256(content: bytes) -> str:
    """The digest of a package."""
    return hashlib.sha256(content).hexdigest()
