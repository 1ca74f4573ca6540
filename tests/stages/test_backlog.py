"""The line that alerts on what waits for people read."""

import json
import logging
from typing import Any

import pytest

from shared.domain.messages import RAW_MAIL
from shared.ports import Later
from tests.stages.world import World


@pytest.fixture(autouse=True)
def _info(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


def reported(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    texts = [record.getMessage() for record in caplog.records]
    return [json.loads(text.removeprefix("watch: ")) for text in texts if text.startswith("watch: ")]


async def test_what_waits_is_reported_every_ten_minutes(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.invoice(folder="Review")
    world.clock.advance(3600)
    world.invoice(folder="Needs Vendor")
    world.invoice(folder="Review")
    world.control.arrived = world.clock()
    world.clock.advance(26 * 3600)
    for body in (b"1", b"2"):
        world.queues.poison(RAW_MAIL, body)
    world.channel.fail_next("post", Later("down"))
    await world.tick()
    (backlog,) = reported(caplog)
    assert backlog == {
        "poison_kept": 2,
        "poison_queued": 2,
        "needs_vendor_oldest_hours": 26.0,
        "review_oldest_hours": 27.0,
        "synthetic_silent_hours": 26.0,
        "stopped": "",
    }
    world.clock.advance(599)
    await world.tick()
    assert len(reported(caplog)) == 1
    world.clock.advance(1)
    await world.tick()
    assert len(reported(caplog)) == 2


async def test_where_nothing_waits_all_of_it_is_nothing(world: World, caplog: pytest.LogCaptureFixture) -> None:
    await world.tick()
    assert [value for value in reported(caplog)[0].values() if value] == []


async def test_a_stop_is_reported_too(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.control.put_on("fraud")
    await world.tick()
    assert reported(caplog)[0]["stopped"] == "fraud"


@pytest.mark.parametrize("error", [Later("busy"), KeyError("receivedDateTime"), ConnectionError("reset")])
async def test_what_cannot_be_counted_costs_the_tick_nothing(
    world: World, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    mail = world.invoice()
    world.mailbox.fail_next("oldest", error)
    await world.settle()
    assert world.outcome(mail) == "posted"
    assert "what waits for people cannot be counted" in caplog.text


async def test_a_delivery_in_doubt_has_a_line_of_its_own(world: World, caplog: pytest.LogCaptureFixture) -> None:
    mail = world.invoice()
    world.mailbox.fail_next("send", Later("reset"))
    await world.tick()
    await world.pump()
    for draft in world.mailbox.drafts:
        world.mailbox.delete_by_person(draft.id)
    await world.settle()
    assert world.outcome(mail) == "review: delivery_unconfirmed"
    lines = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert any("delivery unconfirmed: it was sent, but nothing proves it" in line for line in lines)
