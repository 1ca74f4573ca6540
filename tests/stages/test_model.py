"""Any interleaving of ticks, messages, people and failures keeps the promises about every mail."""

import asyncio
import itertools
from collections.abc import Awaitable
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from shared.domain.mail import Mail
from shared.domain.messages import ADD_VENDOR, AddVendor
from shared.domain.transaction import TRANSITIONS, Status
from shared.ports import Later
from tests.stages.world import Crash, Phase, Tuning, World, crash_at

STATES = {status.value: status for status in Status} | {"claimed": Status.POSTING}
PHASES = st.sampled_from(["before", "after"])
PICKS = st.integers(min_value=0, max_value=30)


class Life(RuleBasedStateMachine):
    """A mailbox with people, a host that loses and doubles messages, and a clock that jumps."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World(Tuning(per_minute=2, redrive_limit=8))
        self.mails: list[Mail] = []
        self.runner = asyncio.Runner()

    def run(self, work: Awaitable[Any]) -> None:
        async def whole() -> None:
            await work

        self.runner.run(whole())

    @property
    def waiting(self) -> list[tuple[str, bytes]]:
        return [(queue, body) for queue, bodies in self.world.queues.messages.items() for body in bodies]

    @rule(is_known=st.booleans())
    def a_mail_arrives(self, *, is_known: bool) -> None:
        sender = "billing@bluebird-cloud.example" if is_known else "billing@nobody.example"
        self.mails.append(self.world.invoice(f"INV-{len(self.mails)}", sender=sender))

    @rule()
    def the_timer_fires(self) -> None:
        self.run(self.world.tick())

    @precondition(lambda self: self.waiting)
    @rule(pick=PICKS, is_doubled=st.booleans())
    def a_message_is_delivered(self, pick: int, *, is_doubled: bool) -> None:
        queue, body = self.waiting[pick % len(self.waiting)]
        if not is_doubled:
            self.world.queues.messages[queue].remove(body)
        self.run(self.world.deliver(queue, body))

    @precondition(lambda self: self.waiting)
    @rule(pick=PICKS, number=st.integers(min_value=1, max_value=20), phase=PHASES)
    def a_worker_dies(self, pick: int, number: int, phase: Phase) -> None:
        queue, body = self.waiting[pick % len(self.waiting)]
        before, self.world.tap = self.world.tap, crash_at(number, phase)
        try:
            self.run(self.world.deliver(queue, body))
        except Crash:
            pass
        finally:
            self.world.tap = before

    @precondition(lambda self: self.waiting)
    @rule(pick=PICKS)
    def a_message_is_lost(self, pick: int) -> None:
        queue, body = self.waiting[pick % len(self.waiting)]
        if queue != ADD_VENDOR:
            self.world.queues.messages[queue].remove(body)

    @rule(seconds=st.integers(min_value=-900, max_value=2000))
    def the_clock_jumps(self, seconds: int) -> None:
        self.world.clock.advance(seconds)

    @rule(method=st.sampled_from(["send", "get", "move", "create_forward", "marked"]), effect=PHASES)
    def the_mailbox_is_about_to_fail(self, method: str, effect: Phase) -> None:
        self.world.mailbox.fail_next(method, Later("503"), effect)

    @precondition(lambda self: self.mails)
    @rule(pick=PICKS)
    def a_person_puts_a_filed_mail_back(self, pick: int) -> None:
        mail = self.mails[pick % len(self.mails)]
        if self.world.key(mail) in self.world.ledger.keys and self.world.row(mail).is_finished:
            self.world.release(mail)

    @rule()
    def the_vendor_comes(self) -> None:
        vendor = AddVendor(vendor_name="Nobody Ltd", email_domain=("nobody.example",))
        self.run(self.world.add_vendor.add(vendor))

    @invariant()
    def ap_received_each_attempt_at_most_once(self) -> None:
        markers = [sent.marker for sent in self.world.mailbox.ap_inbox]
        assert len(markers) == len(set(markers))

    @invariant()
    def states_follow_the_table(self) -> None:
        for key in self.world.ledger.keys:
            names = [event.what for event in self.world.ledger.history(key)]
            states = [STATES[name] for name in names if name in STATES]
            for old, new in itertools.pairwise(states):
                # A release leads to "received" without an event of that name.
                assert new in TRANSITIONS[old] or (new in TRANSITIONS[Status.RECEIVED] and "released" in names)

    def teardown(self) -> None:
        """Once the trouble ends, every mail comes to rest in a folder, and no second mail is sent for it."""
        for method in self.world.mailbox.unspent:
            self.world.mailbox._scripted[method].clear()
        self.run(self.world.settle(200))
        for _ in range(3):
            self.world.clock.advance(61)
            self.run(self.world.settle(200))
        assert self.world.mailbox.mails_in("Inbox") == []
        assert all(self.world.row(mail).is_finished for mail in self.mails)
        self.ap_received_each_attempt_at_most_once()
        self.runner.close()


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=60, stateful_step_count=30, deadline=None, derandomize=True, database=None)
