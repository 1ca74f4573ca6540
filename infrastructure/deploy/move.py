"""A package on its way into production: swap, prove, record; or back out of it."""

from dataclasses import dataclass

from infrastructure.deploy.app import App, Serving, put_back
from infrastructure.deploy.outcome import Exit, Outcome
from infrastructure.deploy.proof import shortened
from infrastructure.deploy.releases import Lock, Locked, Recorded
from infrastructure.deploy.slots import Proof
from infrastructure.deploy.swap import Exchange, Position, exchange
from infrastructure.deploy.trouble import Trouble

_SWAPS_BACK = 3  # attempts; production is not proven meanwhile


@dataclass(frozen=True, slots=True)
class Move:
    """A package on its way into production, and what is to be recorded of it."""

    digest: str
    before: Serving
    recorded: Recorded
    previous: str
    commit: str


def bring(app: App, lock: Lock, move: Move) -> Outcome:
    """Swap, prove production, and record it; or swap back."""
    try:
        lock.demand()
    except Trouble as trouble:
        return refused(move.before, "the slots were not swapped", (str(trouble),))
    done = _exchange(app, move.before.digest, move.digest)
    if done.position is not Position.SWAPPED:
        return _not_swapped(app, move, done)
    proof = app.prove(app.production, move.digest, app.patience.production, left=move.before.process)
    if proof.is_proven:
        return record(app, move)
    return _swap_back(app, lock, move, proof)


@dataclass(frozen=True, slots=True)
class _Hindrance:
    """What kept production from being swapped back, and what a person can run."""

    why: str
    commands: tuple[str, ...]


def _swap_back(app: App, lock: Lock, move: Move, failed: Proof) -> Outcome:
    """Bring back what production served before, and prove that."""
    before = move.before
    app.journal.step("swap back", f"production does not prove {shortened(move.digest)}; it served {before}")
    # Somebody else, or a swap that fell back by itself, may have put it right: then no other process is to come.
    is_back = _position(app, move.digest, before.digest) is Position.SWAPPED
    hindrance = None if is_back else _hindrance(app, lock, move)
    if hindrance:
        seen = (*failed.why, f"it was not swapped back: {hindrance.why}")
        return Outcome(Exit.PERSON_NEEDED, "production is not proven", seen, hindrance.commands)
    said = f"{shortened(move.digest)} was not proven in production and was swapped back"
    if not before.digest:
        headline = f"{said}; production has no package, as before: nothing is taken in until a deployment succeeds"
        return Outcome(Exit.PUT_BACK, headline, failed.why)
    proof = app.prove(app.production, before.digest, app.patience.production, left=None if is_back else failed.process)
    if not proof.is_proven:
        seen = (*failed.why, f"{said}, and {shortened(before.digest)} is not proven either:", *proof.why)
        return Outcome(Exit.PERSON_NEEDED, "production is not proven", seen, _commands(app, before.digest))
    back = put_back(app, move.recorded, before.digest)
    headline = f"{said}; it serves {shortened(before.digest)} again, proven"
    return Outcome(Exit.PUT_BACK, headline, (*failed.why, back))


def _hindrance(app: App, lock: Lock, move: Move) -> _Hindrance | None:
    """Swap back; None where production holds again what it held before."""
    before, place = move.before.digest, app.place
    try:
        lock.demand()
    except Locked as taken:
        return _Hindrance(str(taken), _commands(app, before))
    except Trouble as trouble:  # who cannot reach the storage cannot be told of another run; this one is needed
        app.journal.say(f"swapping back without the lock: {trouble}")
    said = ""
    for _ in range(_SWAPS_BACK):
        if other := _other_on_staging(app, move.before):
            return _Hindrance(other, _commands(app, before))
        done = _exchange(app, move.digest, before)
        if done.position is Position.SWAPPED:
            return None
        said = done.said
        if done.may_still_happen:
            break
    return _Hindrance(said, (place.swap_command, *_commands(app, before)))


def _other_on_staging(app: App, before: Serving) -> str:
    try:
        held = app.staging.kudu.package()
    except Trouble as trouble:
        return f"nobody can tell what {app.staging.name} holds: {trouble}"
    return "" if held.digest == before.digest else f"{app.staging.name} holds {held}; production served {before}"


def _commands(app: App, *digests: str) -> tuple[str, ...]:
    """How a person finds out what production serves, and what brings back the last good whatever that is."""
    proofs = (app.place.prove_command(app.production.name, digest) for digest in digests if digest)
    return (*proofs, app.place.rollback_command)


def _exchange(app: App, before: str, wanted: str) -> Exchange:
    done = exchange(app.arm, lambda: _position(app, before, wanted), app.clock, app.patience.swap)
    app.journal.step("swap", f"{done.position.name.lower().replace('_', ' ')}; ARM: {done.said}")
    return done


def _position(app: App, before: str, wanted: str) -> Position:
    try:
        held = app.production.kudu.package().digest
    except Trouble as trouble:
        app.journal.say(str(trouble))
        return Position.UNKNOWN
    return {wanted: Position.SWAPPED, before: Position.AS_BEFORE}.get(held, Position.UNKNOWN)


def record(app: App, move: Move) -> Outcome:
    """A record that could not be written harms nothing: a rollback then goes back to what is recorded still."""
    seen: tuple[str, ...] = ()
    try:
        app.releases.record(move.digest, move.previous, move.commit, move.recorded)
        app.journal.step("record", f"{shortened(move.digest)}, before it {shortened(move.previous)}")
    except Trouble as trouble:
        seen = (f"it could not be recorded as last good: {trouble}; swap --digest {move.digest} records it later",)
        app.journal.step("record", seen[0])
    return Outcome(Exit.DONE, f"production serves {move.digest}, proven", seen)


def refused(before: Serving, headline: str, why: tuple[str, ...], commands: tuple[str, ...] = ()) -> Outcome:
    """Production serves what it served before; that this was good is only said where it was proven."""
    if before.digest and not before.is_proven:
        headline = f"{headline}; production was not proven before and is not now"
        return Outcome(Exit.PERSON_NEEDED, headline, why, commands)
    return Outcome(Exit.PUT_BACK, headline, why, commands)


def _not_swapped(app: App, move: Move, done: Exchange) -> Outcome:
    before = move.before
    commands = _commands(app, before.digest, move.digest)
    if done.position is Position.UNKNOWN:
        return Outcome(
            Exit.PERSON_NEEDED, "nobody can tell what production serves after the swap", (done.said,), commands
        )
    if done.may_still_happen:
        headline = f"production serves {before} still, but ARM is not done yet: the swap may still happen"
        return Outcome(Exit.PERSON_NEEDED, headline, (done.said,), commands)
    if not before.digest:
        return Outcome(Exit.PUT_BACK, "the swap failed; production has no package, as before", (done.said,))
    proof = app.prove(app.production, before.digest, app.patience.production)
    if proof.is_proven:
        return Outcome(Exit.PUT_BACK, f"the swap failed; production serves {shortened(before.digest)}", (done.said,))
    headline = "the swap failed, and production is not proven"
    return Outcome(Exit.PERSON_NEEDED, headline, (done.said, *proof.why), commands)
