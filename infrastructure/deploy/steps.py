"""The sequences: stage, swap and rollback.

Each looks first, decides by what it saw, and changes one thing at a time. What production holds is always read from
production, never taken from an answer. A Trouble that is raised means that nothing was changed.
"""

from infrastructure.deploy.app import (
    App,
    Serving,
    demand_running,
    demand_settings,
    deploy_and_prove,
    put_back,
    serving,
    sha256,
)
from infrastructure.deploy.move import Move, bring, record, refused
from infrastructure.deploy.outcome import Exit, Outcome
from infrastructure.deploy.proof import shortened
from infrastructure.deploy.releases import Recorded
from infrastructure.deploy.slots import Proof
from infrastructure.deploy.trouble import Trouble


def stage(app: App, content: bytes) -> Outcome:
    """Put a package on the staging slot, prove it there, and keep it; raises Trouble."""
    digest, slot = sha256(content), app.staging.name
    with app.releases.locked("stage", app.patience.lock_to_stage) as lock:
        production = app.production.kudu.package().digest
        if production == digest:
            return Outcome(Exit.DONE, f"production serves {shortened(digest)} already; {slot} was left for a rollback")
        demand_running(app, app.staging)
        demand_settings(app)
        recorded = app.releases.last_good()
        lock.demand()
        proof = deploy_and_prove(app, digest, content)
        if not proof.is_proven:
            back = put_back(app, recorded, production)
            return Outcome(Exit.PUT_BACK, f"{shortened(digest)} is not fit for production", (*proof.why, back))
        try:
            app.releases.keep(digest, content)
        except Trouble as trouble:
            what = f"{slot} runs {shortened(digest)}, but the package could not be kept for rollbacks: stage it again"
            return Outcome(Exit.PUT_BACK, what, (str(trouble),))
    return Outcome(Exit.DONE, f"{slot} runs {digest}, proven")


def swap(app: App, digest: str) -> Outcome:
    """Bring a staged package into production, and out again if it is not proven there; raises Trouble."""
    with app.releases.locked("swap", app.patience.lock) as lock:
        demand_running(app, app.production, app.staging)
        before, recorded = serving(app), app.releases.last_good()
        if before.digest == digest:
            return _served_already(app, digest, recorded)
        if not app.releases.has(digest):
            unknown = f"{digest}.zip is not kept in the releases; stage it first"
            return refused(before, f"{shortened(digest)} was never staged with success", (unknown,))
        proof = app.prove(app.staging, digest, app.patience.staging)
        if not proof.is_proven:
            why = (*proof.why, *_put_back_if_held(app, digest, recorded, before.digest))
            return refused(before, f"{app.staging.name} does not prove {shortened(digest)}", why)
        previous = before.digest if before.is_proven else recorded.to_return_to(before.digest)
        return bring(app, lock, Move(digest, before, recorded, "" if previous == digest else previous, app.who.commit))


def rollback(app: App) -> Outcome:
    """Bring back what was good before what production serves; raises Trouble."""
    with app.releases.locked("rollback", app.patience.lock) as lock:
        demand_running(app, app.production, app.staging)
        recorded = app.releases.last_good()
        if recorded.record is None:
            raise Trouble("nothing was ever recorded as good, so there is nothing to roll back to")
        before = serving(app)
        target = recorded.to_return_to(before.digest)
        if not target or target == before.digest:
            return _no_way_back(app, before)
        app.journal.step("roll back to", f"{shortened(target)}, good before {shortened(before.digest)}")
        commit, proof = app.releases.commit(target), _held(app, target)
        if not proof.is_proven:
            content = app.releases.fetch(target)
            if content is None:
                why = (*proof.why, f"{target}.zip is not kept in the releases, so it cannot be deployed again")
                return refused(before, f"there is no {shortened(target)} to roll back to", why)
            demand_settings(app)
            lock.demand()
            proof = deploy_and_prove(app, target, content)
        if not proof.is_proven:
            return refused(before, f"{app.staging.name} does not prove {shortened(target)}", proof.why)
        # No further step back from there: a second rollback in a hurry must not go on to something older.
        return bring(app, lock, Move(target, before, recorded, "", commit))


def _served_already(app: App, digest: str, recorded: Recorded) -> Outcome:
    """The rest of a run that broke off after its swap."""
    proof = app.prove(app.production, digest, app.patience.production)
    if not proof.is_proven:
        headline = f"production serves {shortened(digest)} already, and is not proven; roll it back"
        return Outcome(Exit.PERSON_NEEDED, headline, proof.why, (app.place.rollback_command,))
    if recorded.record and recorded.record.digest == digest:
        return Outcome(Exit.DONE, f"production serves {digest} already, proven and recorded")
    before = Serving(digest, is_proven=True, process=None)
    return record(app, Move(digest, before, recorded, recorded.to_return_to(digest), app.who.commit))


def _put_back_if_held(app: App, digest: str, recorded: Recorded, production: str) -> tuple[str, ...]:
    """What somebody else has put on the slot meanwhile is theirs."""
    try:
        is_held = app.staging.kudu.package().digest == digest
    except Trouble as trouble:
        return (f"{app.staging.name} was left as it is: {trouble}",)
    return (put_back(app, recorded, production),) if is_held else ()


def _held(app: App, digest: str) -> Proof:
    """Whether the staging slot runs a package already."""
    held = app.staging.kudu.package()
    if held.digest != digest:
        why = f"{app.staging.name} holds {held}"
        app.journal.step(f"look at {app.staging.name}", why)
        return Proof((why,))
    return app.prove(app.staging, digest, app.patience.held)


def _no_way_back(app: App, before: Serving) -> Outcome:
    headline = f"production serves {shortened(before.digest)}, and no package before it is recorded"
    why = (
        "a rollback is one step: after it, nothing further back is known",
        "to go on to an older one, list what is kept, download a package, stage it, and swap",
    )
    return refused(before, headline, why, (app.place.releases_command,))
