"""A forward keeps everything that came in, and goes out as a correct mail, once."""

import base64
import email
import email.policy
import hashlib
import os
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.local.test_mailbox_graph import MARKER, error_of, rich_mail
from tests.local.world import MAIL, World, age

AP = "ap@contoso.com"
TO_AP = [{"emailAddress": {"address": AP}}]
CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "mail"


def forward(world: World, message_id: str, **body: Any) -> dict[str, Any]:
    answer = world.client.post(world.url(f"messages/{message_id}/createForward"), json={"toRecipients": TO_AP} | body)
    assert answer.status_code == 201, answer.text
    draft: dict[str, Any] = answer.json()
    return draft


def patch(world: World, message_id: str, **changes: Any) -> dict[str, Any]:
    answer = world.client.patch(world.url(f"messages/{message_id}"), json=changes)
    assert answer.status_code == 200, answer.text
    changed: dict[str, Any] = answer.json()
    return changed


def send(world: World, message_id: str) -> httpx.Response:
    return world.client.post(world.url(f"messages/{message_id}/send"))


def delivered(world: World) -> list[Path]:
    return sorted((world.root / AP / "Inbox").glob("*.eml"))


def digests(world: World, message_id: str) -> list[tuple[str, str | None, bool, str]]:
    """Return name, type, inline flag and content digest of every attachment, in no order."""
    url = world.url(f"messages/{message_id}/attachments")
    found = []
    for each in world.client.get(url, params={"$select": "name,contentType,isInline"}).json()["value"]:
        content = world.client.get(f"{url}/{each['id']}/$value").content
        digest = hashlib.sha256(content).hexdigest()
        found.append((each["name"], each["contentType"], each["isInline"], digest))
    return sorted(found, key=str)


def parsed(path: Path) -> EmailMessage:
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    return message


def test_a_forward_becomes_a_draft_that_quotes_the_original(world: World) -> None:
    world.drop("a.eml", rich_mail())
    source = world.only()
    draft = forward(world, source["id"], comment="See <below>")
    assert draft["isDraft"]
    assert draft["subject"] == "FW: Rechnung für März"
    assert draft["conversationId"] == source["conversationId"]
    assert draft["internetMessageId"].endswith("@contoso.com>")
    assert draft["toRecipients"][0]["emailAddress"]["address"] == AP
    content = draft["body"]["content"]
    positions = [
        content.index(part)
        for part in (
            "See &lt;below&gt;",
            "<b>From:</b> Jürgen Groß &lt;jg@vendor.example&gt;",
            "<b>Sent:</b> Saturday, February 01, 2025 01:30:00 AM",
            "<b>Subject:</b> Rechnung für März",
            "fine <b>words</b>",
        )
    ]
    assert positions == sorted(positions)
    assert [path.name for path in (world.home / "Drafts").iterdir()] == ["FW Rechnung für März.eml"]


def test_attachments_of_a_draft_have_new_ids_and_the_same_bytes(world: World) -> None:
    world.drop("a.eml", rich_mail())
    source = world.only()
    draft = forward(world, source["id"])
    assert digests(world, draft["id"]) == digests(world, source["id"])
    ids = [
        {each["id"] for each in world.client.get(world.url(f"messages/{key}/attachments")).json()["value"]}
        for key in (source["id"], draft["id"])
    ]
    assert not ids[0] & ids[1]


def test_a_draft_changes_and_keeps_its_attachments(world: World) -> None:
    world.drop("a.eml", rich_mail())
    source = world.only()
    draft = forward(world, source["id"])
    body = "<p>Summary €</p>" + draft["body"]["content"]
    changed = patch(
        world,
        draft["id"],
        subject="FW: Rechnung für März [IA-0123456789ab]",
        body={"contentType": "html", "content": body},
        internetMessageId="<0123-1@contoso.com>",
        singleValueExtendedProperties=[{"id": MARKER, "value": "0123-1"}],
    )
    assert changed["id"] == draft["id"]
    assert changed["isDraft"]
    assert changed["subject"].endswith("[IA-0123456789ab]")
    assert changed["internetMessageId"] == "<0123-1@contoso.com>"
    assert changed["body"]["content"] == body
    assert changed["conversationId"] == source["conversationId"]
    assert digests(world, draft["id"]) == digests(world, source["id"])


def test_a_sent_forward_is_a_correct_mail_in_both_mailboxes(world: World) -> None:
    world.drop("a.eml", rich_mail())
    source = world.only()
    draft = forward(world, source["id"])
    patch(
        world,
        draft["id"],
        internetMessageId="<0123-1@contoso.com>",
        singleValueExtendedProperties=[{"id": MARKER, "value": "0123-1"}],
    )
    answer = send(world, draft["id"])
    assert (answer.status_code, answer.content) == (202, b"")
    assert list((world.home / "Drafts").iterdir()) == []
    (sent,) = (world.home / "Sent Items").iterdir()
    (copy,) = delivered(world)
    for path in (sent, copy):
        mail = parsed(path)
        assert mail["From"].addresses[0].addr_spec == "invoices@contoso.com"
        assert mail["To"].addresses[0].addr_spec == AP
        assert mail["Subject"] == "FW: Rechnung für März"
        assert mail["Message-ID"] == "<0123-1@contoso.com>"
        assert mail["In-Reply-To"] == "<rich@vendor.example>"
        assert mail["References"] == "<rich@vendor.example>"
        assert mail["x-invoice-agent-transaction"] == "0123-1"
        assert mail["X-Unsent"] is None
        assert mail["Date"].datetime.tzinfo is not None
        text, html = mail.get_body(("plain",)), mail.get_body(("html",))
        assert text is not None
        assert html is not None
        assert "Rechnung für März" in text.get_content()
        assert "fine <b>words</b>" in html.get_content()
        names = [part.get_filename() for part in mail.iter_attachments()]
        assert names == ["Größe 1.pdf", "The earlier mail.eml"]


def test_the_sent_copy_is_found_by_id_marker_and_message_id(world: World) -> None:
    world.drop("a.eml")
    draft = forward(world, world.only()["id"])
    patch(
        world,
        draft["id"],
        internetMessageId="<0123-1@contoso.com>",
        singleValueExtendedProperties=[{"id": MARKER, "value": "0123-1"}],
    )
    marker = f"singleValueExtendedProperties/Any(ep: ep/id eq '{MARKER}' and ep/value eq '0123-1')"
    assert [each["isDraft"] for each in world.list("drafts", **{"$filter": marker})] == [True]
    send(world, draft["id"])
    assert world.list("drafts", **{"$filter": marker}) == []
    for condition in (marker, "internetMessageId eq '<0123-1@contoso.com>'"):
        (sent,) = world.list("sentitems", **{"$filter": condition})
        assert (sent["id"], sent["isDraft"], sent["isRead"]) == (draft["id"], False, True)
    headers = world.list("sentitems", **{"$select": "internetMessageHeaders"})[0]
    assert "internetMessageHeaders" not in headers


def test_the_marker_is_a_property_of_the_delivered_mail_too(world: World) -> None:
    world.drop("a.eml")
    draft = forward(world, world.only()["id"])
    patch(world, draft["id"], singleValueExtendedProperties=[{"id": MARKER, "value": "0123-1"}])
    send(world, draft["id"])
    marker = f"singleValueExtendedProperties/Any(ep: ep/id eq '{MARKER}' and ep/value eq '0123-1')"
    url = world.url("mailFolders/inbox/messages").replace("invoices@", "ap@")
    (copy,) = world.client.get(url, params={"$filter": marker}).json()["value"]
    assert not copy["isRead"]


def test_a_mail_is_sent_once_however_often_it_is_asked(world: World) -> None:
    world.drop("a.eml")
    draft = forward(world, world.only()["id"])
    threads = [threading.Thread(target=send, args=(world, draft["id"])) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert error_of(send(world, draft["id"])) == (404, "ErrorItemNotFound")
    assert len(delivered(world)) == 1


def test_blind_recipients_stay_blind(world: World) -> None:
    world.drop("a.eml")
    draft = forward(world, world.only()["id"])
    patch(world, draft["id"], bccRecipients=[{"emailAddress": {"name": "Eve", "address": "eve@contoso.com"}}])
    send(world, draft["id"])
    (path,) = (world.root / "eve@contoso.com" / "Inbox").iterdir()
    assert b"eve@" not in path.read_bytes().lower()


def test_a_draft_without_a_usable_recipient_is_not_sent(world: World) -> None:
    world.drop("a.eml")
    for recipients in ([], [{"emailAddress": {"address": "../../evil"}}], [{"emailAddress": {"address": "x@../y"}}]):
        draft = forward(world, world.only()["id"], toRecipients=recipients)
        assert error_of(send(world, draft["id"])) == (400, "ErrorInvalidRecipients")


def test_line_breaks_cannot_smuggle_headers(world: World) -> None:
    world.drop("a.eml")
    draft = forward(world, world.only()["id"])
    patch(
        world,
        draft["id"],
        subject="x\r\nX-Evil: 1",
        toRecipients=[{"emailAddress": {"name": "A\r\nX-Evil: 2", "address": AP}}],
        singleValueExtendedProperties=[{"id": MARKER, "value": "1\r\nX-Evil: 3"}],
    )
    send(world, draft["id"])
    (path,) = delivered(world)
    assert parsed(path)["X-Evil"] is None


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"comment": "x", "message": {"body": {"contentType": "text", "content": "y"}}}, (400, "RequestBodyRead")),
        ({"toRecipients": TO_AP, "message": {"toRecipients": TO_AP}}, (400, "RequestBodyRead")),
        ({"colour": "red"}, (400, "RequestBodyRead")),
        ({"message": {"colour": "red"}}, (400, "RequestBodyRead")),
        ({"toRecipients": "ap@contoso.com"}, (400, "RequestBodyRead")),
        ({"message": {"singleValueExtendedProperties": []}}, (501, "NotImplemented")),
    ],
)
def test_a_contradictory_forward_is_refused(world: World, body: dict[str, Any], expected: tuple[int, str]) -> None:
    world.drop("a.eml")
    url = world.url(f"messages/{world.only()['id']}/createForward")
    assert error_of(world.client.post(url, json=body)) == expected


def test_a_forward_takes_the_sdk_spelling_and_may_have_no_body(world: World) -> None:
    world.drop("a.eml")
    url = world.url(f"messages/{world.only()['id']}/createForward")
    answer = world.client.post(url, json={"ToRecipients": TO_AP, "Message": {"subject": "Mine"}})
    assert answer.json()["subject"] == "Mine"
    assert world.client.post(url).status_code == 201


def test_a_long_foreign_name_survives(world: World) -> None:
    name = "請求書 " + "ü" * 80 + ' "x".pdf'
    mail = EmailMessage()
    mail["Subject"] = "s"
    mail.set_content("x")
    mail.add_attachment(b"1", maintype="application", subtype="pdf", filename=name)
    world.drop("a.eml", mail.as_string())
    draft = forward(world, world.only()["id"])
    send(world, draft["id"])
    (path,) = delivered(world)
    assert [part.get_filename() for part in parsed(path).iter_attachments()] == [name]
    assert digests(world, draft["id"])[0][0] == name


def test_thirty_megabytes_arrive_whole_and_do_not_hold_up_others(world: World) -> None:
    content = os.urandom(30_000_000)
    mail = EmailMessage()
    mail["Subject"] = "large"
    mail.set_content("x")
    mail.add_attachment(content, maintype="application", subtype="pdf", filename="large.pdf")
    (world.inbox / "large.eml").write_bytes(mail.as_bytes())
    age(world.inbox / "large.eml")
    draft = forward(world, world.only()["id"])
    patch(world, draft["id"], body={"contentType": "html", "content": "<p>x</p>"})
    assert send(world, draft["id"]).status_code == 202
    (path,) = delivered(world)
    (part,) = parsed(path).iter_attachments()
    assert part.get_content() == content


def test_forwards_of_the_same_name_do_not_collide(world: World) -> None:
    world.drop("a.eml")
    source = world.only()["id"]
    for _ in range(5):
        send(world, forward(world, source)["id"])
    assert len(delivered(world)) == 5
    assert len(world.list("sentitems")) == 5


def independent_digests(path: Path) -> set[str]:
    """Return the digests of all parts as the standard library decodes them."""
    parts = email.message_from_bytes(path.read_bytes()).walk()
    contents = (part.get_payload(decode=True) for part in parts if not part.is_multipart())
    return {hashlib.sha256(content).hexdigest() for content in contents if isinstance(content, bytes)}


def corpus() -> list[Any]:
    mails = sorted(CORPUS.glob("*.eml"))
    missing = pytest.mark.skip(reason=f"no mail corpus beside the checkout: {CORPUS}")
    return [pytest.param(path, id=path.name) for path in mails] or [pytest.param(CORPUS, marks=missing)]


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with closing(World(tmp_path_factory.mktemp("corpus"))) as made:
        yield made


@pytest.mark.parametrize("mail", corpus())
def test_any_real_mail_is_read_forwarded_and_filed(busy: World, mail: Path) -> None:
    path = busy.inbox / mail.name
    path.write_bytes(mail.read_bytes())
    age(path)
    message = busy.list(**{"$expand": "attachments"})[0]
    assert busy.client.get(busy.url(f"messages/{message['id']}"), params={"$select": "internetMessageHeaders,body"})
    assert busy.client.get(busy.url(f"messages/{message['id']}/$value")).content == mail.read_bytes()
    draft = forward(busy, message["id"])
    patch(busy, draft["id"], subject="FW", body={"contentType": "html", "content": draft["body"]["content"]})
    assert send(busy, draft["id"]).status_code == 202
    assert digests(busy, draft["id"]) == digests(busy, message["id"])
    (copy,) = delivered(busy)
    names = sorted(part.get_filename() or "" for part in parsed(copy).walk() if part.get_filename())
    expected = [
        each["name"] + (".eml" if each["@odata.type"].endswith("itemAttachment") else "")
        for each in message["attachments"]
    ]
    assert [name for name in names if name in expected] == sorted(expected)
    files = [each for each in digests(busy, message["id"]) if each[1] and not each[1].startswith("message/")]
    assert {digest for *_, digest in files} <= independent_digests(copy)
    copy.unlink()
    moved = busy.client.post(busy.url(f"messages/{message['id']}/move"), json={"destinationId": "archive"})
    assert moved.json()["id"] == message["id"]
    assert (busy.home / "Archive" / mail.name).exists()


def test_a_mail_without_thread_and_one_with_a_thread_index_keep_their_conversation(world: World) -> None:
    index = base64.b64encode(bytes(range(22))).decode()
    for number, headers in enumerate((f"Thread-Index: {index}\r\n", "In-Reply-To: <0@x.example>\r\n", "")):
        world.drop(f"{number}.eml", headers + MAIL)
        time.sleep(0.01)
    for source in world.list():
        assert forward(world, source["id"])["conversationId"] == source["conversationId"]
