"""What every Channel promises: a card arrives as it was made, and a refusal is told from a delay."""

import json
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from infrastructure.local.mailbox import MailboxServer
from shared.adapters import teams
from shared.adapters.teams import LoggedChannel, TeamsChannel
from shared.ports import CardRefused, Channel, Later
from tests.adapters.hostile import HOSTILE_TEXTS, LONG_TEXTS
from tests.adapters.scripted import Answer, ScriptedServer
from tests.fakes import FakeChannel

SECRET = "sig=8f14e45fceea167a5a36dedd4bea2543"
CARD: dict[str, Any] = {
    "type": "message",
    "transactionId": "0123456789abcdef0123456789abcdef",
    "status": "posted",
    "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "content": {"body": [], "n": 1.5}}],
}


class World:
    """A channel, and the cards that arrived in it."""

    def __init__(self, channel: Channel, cards: Callable[[], list[Mapping[str, Any]]]) -> None:
        self.channel = channel
        self.cards = cards


@pytest.fixture(params=["fake", "local"])
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    if request.param == "fake":
        fake = FakeChannel()
        yield World(fake, lambda: list(fake.cards))
        return
    server: MailboxServer = request.getfixturevalue("local_mailbox")
    folder = tmp_path / "mails" / "teams"
    async with httpx.AsyncClient() as http:
        channel = TeamsChannel(http, server.teams_url)
        yield World(channel, lambda: [json.loads(path.read_bytes()) for path in sorted(folder.glob("*.json"))])


async def post(*answers: Answer) -> ScriptedServer:
    """Post one card to a channel that answers so; returns the server for what was asked of it."""
    with ScriptedServer(*answers) as server:
        async with httpx.AsyncClient() as http:
            await TeamsChannel(http, f"{server.url}/workflows/1?{SECRET}").post(CARD)
    return server


async def test_a_card_arrives_as_it_was_made(world: World) -> None:
    await world.channel.post(CARD)
    assert world.cards() == [CARD]


async def test_cards_arrive_in_the_order_of_their_posting(world: World) -> None:
    cards = [{**CARD, "transactionId": str(number)} for number in range(5)]
    for card in cards:
        await world.channel.post(card)
    assert world.cards() == cards


async def test_a_senders_words_arrive_as_they_were_written(world: World) -> None:
    texts = [*HOSTILE_TEXTS.values(), *LONG_TEXTS.values()]
    await world.channel.post({**CARD, "reasons": texts})
    assert world.cards() == [{**CARD, "reasons": texts}]


async def test_the_same_card_twice_is_two_cards(world: World) -> None:
    """The channel keeps no memory; who posts has to."""
    for _ in range(2):
        await world.channel.post(CARD)
    assert world.cards() == [CARD, CARD]


async def test_a_card_is_one_post_of_json() -> None:
    (asked,) = (await post(Answer(202, b""))).asked
    assert (asked.method, asked.target) == ("POST", f"/workflows/1?{SECRET}")
    assert asked.headers["content-type"] == "application/json"
    assert json.loads(asked.body) == CARD


@pytest.mark.parametrize("status", [200, 201, 202, 204])
async def test_every_success_is_one(status: int) -> None:
    assert len((await post(Answer(status, b"" if status == 204 else b"1"))).asked) == 1


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
async def test_a_channel_that_cannot_take_the_card_now_gets_it_later(status: int) -> None:
    with pytest.raises(Later, match=str(status)):
        await post(Answer(status, b"<html>busy</html>"))


@pytest.mark.parametrize("status", [302, 401, 403, 404, 405, 410])
async def test_a_channel_that_is_gone_keeps_its_cards_for_later(status: int) -> None:
    """A webhook that somebody mends tomorrow still gets today's cards."""
    with pytest.raises(Later, match="TEAMS_WEBHOOK_URL") as refused:
        await post(Answer(status, b"no", {"Location": "/elsewhere"}))
    assert refused.value.after == teams.CHANNEL_GONE_SECONDS


@pytest.mark.parametrize("status", [400, 413, 422])
async def test_a_channel_that_never_takes_the_card_refuses_it(status: int) -> None:
    with pytest.raises(CardRefused, match=str(status)):
        await post(Answer(status, b"no", {"Location": "/elsewhere"}))


UNUSABLE = {
    "a space of no width": f"https://contoso\u200b.example/hook?{SECRET}",
    "a control character": f"https://contoso.example/ho\x7fok?{SECRET}",
    "a host that is none": f"https://xn--/hook?{SECRET}",
    "no protocol of ours": f"ftp://contoso.example/hook?{SECRET}",
}


@pytest.mark.parametrize("url", UNUSABLE.values(), ids=UNUSABLE)
async def test_an_address_that_the_client_cannot_use_keeps_its_cards_for_later(url: str) -> None:
    async with httpx.AsyncClient() as http:
        with pytest.raises(Later, match="TEAMS_WEBHOOK_URL") as caught:
            await TeamsChannel(http, url).post(CARD)
    assert caught.value.after == teams.CHANNEL_GONE_SECONDS
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


async def test_a_connection_that_breaks_is_a_delay() -> None:
    with pytest.raises(Later):
        await post(Answer(is_reset=True))


async def test_a_channel_that_does_not_answer_in_time_is_a_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(teams, "TIMEOUT", httpx.Timeout(0.1))
    with pytest.raises(Later):
        await post(Answer(delay=0.4))


async def test_a_channel_that_is_not_there_is_a_delay() -> None:
    with ScriptedServer() as server:
        url = server.url
    async with httpx.AsyncClient() as http:
        with pytest.raises(Later):
            await TeamsChannel(http, url).post(CARD)


@pytest.mark.parametrize(
    "answer", [Answer(429), Answer(404), Answer(is_reset=True)], ids=["delayed", "refused", "broken off"]
)
async def test_the_address_of_the_webhook_is_told_to_nobody(caplog: pytest.LogCaptureFixture, answer: Answer) -> None:
    caplog.set_level(logging.DEBUG, "shared")
    with pytest.raises((Later, CardRefused)) as caught:
        await post(answer)
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    assert SECRET not in caplog.text


async def test_without_a_webhook_the_log_says_that_a_card_was_due(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    await LoggedChannel().post({**CARD, "summary": "a sender's words"})
    assert CARD["transactionId"] in caplog.text
    assert "TEAMS_WEBHOOK_URL" in caplog.text
    assert "a sender's words" not in caplog.text
