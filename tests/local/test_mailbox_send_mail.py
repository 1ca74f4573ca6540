"""A mail that comes whole goes to its recipients as it is (https://learn.microsoft.com/graph/api/user-sendmail)."""

import base64

import httpx
import pytest

from tests.local.world import ADDRESS, World

MIME = (
    b"From: Contoso <invoices@contoso.com>\r\nTo: a@contoso.com, b@contoso.com\r\nSubject: Hello\r\n"
    b"X-Own: kept\r\nMessage-ID: <whole@contoso.com>\r\n\r\nText.\r\n"
)


def submit(world: World, body: bytes, content_type: str = "text/plain") -> httpx.Response:
    return world.client.post(world.url("sendMail"), content=body, headers={"Content-Type": content_type})


def test_every_recipient_gets_it_and_the_sender_keeps_it(world: World) -> None:
    assert submit(world, base64.b64encode(MIME)).status_code == 202
    for address in ("a@contoso.com", "b@contoso.com"):
        (file,) = (world.root / address / "Inbox").glob("*.eml")
        assert file.read_bytes() == MIME
    (kept,) = (world.root / ADDRESS / "Sent Items").glob("*.eml")
    assert kept.read_bytes() == MIME
    assert world.only("sentitems")["internetMessageId"] == "<whole@contoso.com>"


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"no base64!", "text/plain", 400),
        (base64.b64encode(b"From: a@contoso.com\r\nSubject: to nobody\r\n\r\n"), "text/plain", 400),
        (b"{}", "application/json", 501),
    ],
)
def test_what_cannot_be_sent_is_refused(world: World, body: bytes, content_type: str, status: int) -> None:
    assert submit(world, body, content_type).status_code == status
    assert not list((world.home / "Sent Items").glob("*.eml"))


def test_it_can_only_be_posted(world: World) -> None:
    assert world.client.get(world.url("sendMail")).status_code == 405
