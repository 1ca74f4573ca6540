"""A mail that comes whole goes to its recipients as it is (https://learn.microsoft.com/graph/api/user-sendmail)."""

import base64
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.local.test_mailbox_files import ADDRESS, World

MIME = (
    b"From: Contoso <invoices@contoso.com>\r\nTo: a@contoso.com, b@contoso.com\r\nSubject: Hello\r\n"
    b"X-Own: kept\r\nMessage-ID: <whole@contoso.com>\r\n\r\nText.\r\n"
)


@pytest.fixture
def graph(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path / "mails")
    yield world
    world.client.close()
    world.stop()


def submit(graph: World, body: bytes, content_type: str = "text/plain") -> httpx.Response:
    return graph.client.post(graph.url("sendMail"), content=body, headers={"Content-Type": content_type})


def test_every_recipient_gets_it_and_the_sender_keeps_it(graph: World) -> None:
    assert submit(graph, base64.b64encode(MIME)).status_code == 202
    for address in ("a@contoso.com", "b@contoso.com"):
        (file,) = (graph.root / address / "Inbox").glob("*.eml")
        assert file.read_bytes() == MIME
    (kept,) = (graph.root / ADDRESS / "Sent Items").glob("*.eml")
    assert kept.read_bytes() == MIME
    assert graph.only("sentitems")["internetMessageId"] == "<whole@contoso.com>"


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"no base64!", "text/plain", 400),
        (base64.b64encode(b"From: a@contoso.com\r\nSubject: to nobody\r\n\r\n"), "text/plain", 400),
        (b"{}", "application/json", 501),
    ],
)
def test_what_cannot_be_sent_is_refused(graph: World, body: bytes, content_type: str, status: int) -> None:
    assert submit(graph, body, content_type).status_code == status
    assert not list((graph.home / "Sent Items").glob("*.eml"))


def test_it_can_only_be_posted(graph: World) -> None:
    assert graph.client.get(graph.url("sendMail")).status_code == 405
