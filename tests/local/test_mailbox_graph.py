"""The mailbox answers as Graph does: reading, querying, folders, errors."""

import base64
import time
from email.message import EmailMessage
from typing import Any

import httpx
import pytest

from tests.local.world import ADDRESS, MAIL, World

MARKER = "String {00020386-0000-0000-C000-000000000046} Name x-invoice-agent-transaction"


def rich_mail() -> str:
    """Build a mail with text and HTML, a logo shown in it, a PDF, and a mail inside."""
    inner = EmailMessage()
    inner["Subject"] = "The earlier mail"
    inner.set_content("earlier")
    mail = EmailMessage()
    mail["From"] = "Jürgen Groß <jg@vendor.example>"
    mail["Sender"] = "robot@vendor.example"
    mail["To"] = "invoices@contoso.com"
    mail["Cc"] = "a@contoso.com, B <b@contoso.com>"
    mail["Subject"] = "Rechnung für März"
    mail["Message-ID"] = "<rich@vendor.example>"
    mail["Date"] = "Fri, 31 Jan 2025 23:30:00 -0200"
    mail.set_content("plain words")
    mail.add_alternative('<html><body><p>fine <b>words</b><img src="cid:logo"></p></body></html>', subtype="html")
    html = mail.get_payload()[1]  # type: ignore[index]
    html.add_related(b"GIF89a", maintype="image", subtype="gif", cid="<logo>", disposition="inline")  # type: ignore[union-attr]
    mail.add_attachment(b"%PDF-1.7 x", maintype="application", subtype="pdf", filename="Größe 1.pdf")
    mail.add_attachment(inner)
    return mail.as_string()


def error_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def test_a_message_shows_what_graph_shows(world: World) -> None:
    world.drop("a.eml", rich_mail())
    message = world.only()
    assert message["subject"] == "Rechnung für März"
    assert message["from"]["emailAddress"] == {"name": "Jürgen Groß", "address": "jg@vendor.example"}
    assert message["sender"]["emailAddress"]["address"] == "robot@vendor.example"
    assert [each["emailAddress"]["address"] for each in message["ccRecipients"]] == ["a@contoso.com", "b@contoso.com"]
    assert message["sentDateTime"] == "2025-02-01T01:30:00Z"
    assert message["body"]["contentType"] == "html"
    assert "fine <b>words</b>" in message["body"]["content"]
    assert message["bodyPreview"] == "fine words"
    assert message["hasAttachments"]
    assert "internetMessageHeaders" not in message
    assert len(message["id"]) == 120


def test_the_body_comes_as_text_on_request_among_other_preferences(world: World) -> None:
    world.drop("a.eml", rich_mail())
    prefer = 'outlook.body-content-type="text", IdType="ImmutableId"'
    answer = world.client.get(world.url("messages"), headers={"Prefer": prefer})
    assert answer.json()["value"][0]["body"] == {"contentType": "text", "content": "fine words"}
    assert answer.headers["Preference-Applied"] == 'IdType=ImmutableId, outlook.body-content-type="text"'


def test_plain_text_is_shown_as_html_by_default(world: World) -> None:
    world.drop("a.eml", MAIL.replace("Please pay.", "5 < 6 & more"))
    body = world.only()["body"]
    assert body["contentType"] == "html"
    assert "5 &lt; 6 &amp; more" in body["content"]


def test_headers_come_unfolded_and_only_when_selected(world: World) -> None:
    world.drop("a.eml", "Received: from a\r\n\tby b\r\nReceived: c\r\n" + MAIL)
    message = world.list(**{"$select": "internetMessageHeaders"})[0]
    assert set(message) == {"@odata.etag", "id", "internetMessageHeaders"}
    assert message["internetMessageHeaders"][:2] == [
        {"name": "Received", "value": "from a by b"},
        {"name": "Received", "value": "c"},
    ]


def test_a_mail_without_message_id_gets_a_stable_one(world: World) -> None:
    world.drop("a.eml", "Subject: bare\r\n\r\nbody")
    first, second = world.only(), world.only()
    assert first["internetMessageId"] == second["internetMessageId"]
    assert first["internetMessageId"].endswith("@contoso.com>")
    assert (first["from"], first["sender"], first["toRecipients"]) == (None, None, [])


def test_an_invitation_is_an_event_message(world: World) -> None:
    mail = MAIL.replace("\r\n\r\n", "\r\nContent-Type: text/calendar; method=REQUEST\r\n\r\n", 1)
    world.drop("a.eml", mail)
    assert world.list(**{"$select": "subject"})[0]["@odata.type"] == "#microsoft.graph.eventMessageRequest"


def test_the_mime_of_a_mail_is_its_file(world: World) -> None:
    world.drop("a.eml", rich_mail())
    answer = world.client.get(world.url(f"messages/{world.only()['id']}/$value"))
    assert answer.content == (world.inbox / "a.eml").read_bytes()


def test_attachments_are_listed_with_their_bytes_unless_selected_away(world: World) -> None:
    world.drop("a.eml", rich_mail())
    url = world.url(f"messages/{world.only()['id']}/attachments")
    logo, pdf, mail = world.client.get(url).json()["value"]
    assert (logo["isInline"], logo["contentId"], logo["name"]) == (True, "logo", "ATT00001.gif")
    assert (pdf["name"], pdf["contentType"], pdf["size"]) == ("Größe 1.pdf", "application/pdf", 10)
    assert base64.b64decode(pdf["contentBytes"]) == b"%PDF-1.7 x"
    assert (mail["@odata.type"], mail["name"]) == ("#microsoft.graph.itemAttachment", "The earlier mail")
    assert "contentBytes" not in mail
    few = world.client.get(url, params={"$select": "name,size"}).json()["value"][1]
    assert set(few) == {"@odata.type", "@odata.mediaContentType", "id", "name", "size"}


def test_attachment_bytes_come_raw(world: World) -> None:
    world.drop("a.eml", rich_mail())
    url = world.url(f"messages/{world.only()['id']}/attachments")
    _, pdf, mail = world.client.get(url).json()["value"]
    answer = world.client.get(f"{url}/{pdf['id']}/$value")
    assert (answer.content, answer.headers["Content-Type"]) == (b"%PDF-1.7 x", "application/pdf")
    assert b"Subject: The earlier mail" in world.client.get(f"{url}/{mail['id']}/$value").content
    assert world.client.get(f"{url}/{pdf['id']}").json()["name"] == "Größe 1.pdf"


def test_a_cloud_link_has_no_bytes(world: World) -> None:
    part = '--b\r\nContent-Type: message/external-body; access-type=URL; name="x"\r\n\r\nlink\r\n--b--\r\n'
    world.drop("a.eml", f"Content-Type: multipart/mixed; boundary=b\r\n\r\n{part}")
    url = world.url(f"messages/{world.only()['id']}/attachments")
    (link,) = world.client.get(url).json()["value"]
    assert link["@odata.type"] == "#microsoft.graph.referenceAttachment"
    assert world.client.get(f"{url}/{link['id']}/$value").status_code == 405


def test_only_inline_attachments_do_not_count(world: World) -> None:
    part = "--b\r\nContent-Type: application/pdf\r\nContent-Disposition: inline; filename=a.pdf\r\n\r\nx\r\n--b--\r\n"
    world.drop("a.eml", f"Content-Type: multipart/mixed; boundary=b\r\n\r\n{part}")
    (message,) = world.list(**{"$expand": "attachments($select=name,isInline)"})
    assert not message["hasAttachments"]
    assert [(each["name"], each["isInline"]) for each in message["attachments"]] == [("a.pdf", True)]


def test_pages_do_not_shift_while_mails_are_filed(world: World) -> None:
    for number in range(7):
        world.drop(f"{number}.eml", MAIL.replace("Invoice 1", f"Invoice {number}"))
    link = str(httpx.URL(world.url("mailFolders/inbox/messages"), params={"$top": "3", "$orderby": "receivedDateTime"}))
    seen: list[str] = []
    while link:
        page = world.client.get(link).json()
        seen += [message["subject"] for message in page["value"]]
        for message in page["value"]:
            world.client.post(world.url(f"messages/{message['id']}/move"), json={"destinationId": "archive"})
        link = page.get("@odata.nextLink", "")
    assert sorted(seen) == [f"Invoice {number}" for number in range(7)]


def test_ten_mails_make_a_page_by_default(world: World) -> None:
    for number in range(11):
        world.drop(f"{number}.eml")
    page = world.client.get(world.url("messages")).json()
    assert len(page["value"]) == 10
    assert len(world.client.get(page["@odata.nextLink"]).json()["value"]) == 1


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("receivedDateTime ge 2000-01-01T00:00:00Z", 1),
        ("receivedDateTime lt 2000-01-01T00:00:00Z", 0),
        ("receivedDateTime ge 2000-01-01 and isRead eq false", 1),
        ("isRead eq true", 0),
        ("internetMessageId eq '<1@vendor.example>'", 1),
        ("internetMessageId eq '<it''s@vendor.example>'", 0),
        ("(isDraft eq false) and isRead eq false", 1),
        (f"singleValueExtendedProperties/Any(ep: ep/id eq '{MARKER}' and ep/value eq 'ABC-1')", 1),
        (f"singleValueExtendedProperties/any(x:x/id eq '{MARKER.upper()}' and x/value eq 'abc-1')", 0),
        (f"singleValueExtendedProperties/Any(ep: ep/id eq '{MARKER}' and ep/value eq 'abc-2')", 0),
    ],
)
def test_filters_find_what_they_say(world: World, condition: str, found: int) -> None:
    world.drop("a.eml", "X-Invoice-Agent-Transaction: abc-1\r\n" + MAIL)
    assert len(world.list(**{"$filter": condition})) == found


def test_an_extended_property_shows_only_when_expanded(world: World) -> None:
    world.drop("a.eml")
    url = world.url(f"messages/{world.only()['id']}")
    world.client.patch(url, json={"singleValueExtendedProperties": [{"id": MARKER, "value": "v"}]})
    assert "singleValueExtendedProperties" not in world.client.get(url).json()
    expand = {"$expand": f"singleValueExtendedProperties($filter=id eq '{MARKER}')"}
    (shown,) = world.client.get(url, params=expand).json()["singleValueExtendedProperties"]
    assert (shown["id"].lower(), shown["value"]) == (MARKER.lower(), "v")


BAD_QUERIES = {
    "top too small": ({"$top": "0"}, (400, "BadRequest")),
    "top too large": ({"$top": "1001"}, (400, "BadRequest")),
    "unknown property": ({"$select": "colour"}, (400, "RequestBroker--ParseUri")),
    "unknown attachment property": ({"$expand": "attachments($select=contentId)"}, (400, "RequestBroker--ParseUri")),
    "unknown navigation": ({"$expand": "friends"}, (400, "RequestBroker--ParseUri")),
    "order not in filter": (
        {"$filter": "isRead eq false", "$orderby": "receivedDateTime desc"},
        (400, "InefficientFilter"),
    ),
    "order after another property": (
        {"$filter": "isRead eq false and receivedDateTime ge 2020-01-01", "$orderby": "receivedDateTime"},
        (400, "InefficientFilter"),
    ),
    "broken filter": ({"$filter": "isRead eq"}, (400, "BadRequest")),
    "unbalanced filter": ({"$filter": "(isRead eq true"}, (400, "BadRequest")),
    "bad instant": ({"$filter": "receivedDateTime ge 2020-13-01"}, (400, "BadRequest")),
    "quoted instant": ({"$filter": "receivedDateTime ge '2020-01-01'"}, (400, "RequestBroker--ParseUri")),
    "unknown filter property": ({"$filter": "colour eq 'red'"}, (400, "RequestBroker--ParseUri")),
    "or": ({"$filter": "isRead eq true or isRead eq false"}, (501, "NotImplemented")),
    "function": ({"$filter": "contains(subject,'x')"}, (501, "NotImplemented")),
    "search": ({"$search": "x"}, (501, "NotImplemented")),
    "unknown option": ({"$colour": "x"}, (400, "BadRequest")),
    "bad token": ({"$skiptoken": "x"}, (400, "BadRequest")),
    "bad property id": (
        {"$filter": "singleValueExtendedProperties/Any(ep: ep/id eq 'x' and ep/value eq 'y')"},
        (400, "ErrorInvalidExtendedProperty"),
    ),
}


@pytest.mark.parametrize("case", BAD_QUERIES)
def test_a_query_that_graph_would_refuse_is_refused(world: World, case: str) -> None:
    params, expected = BAD_QUERIES[case]
    assert error_of(world.client.get(world.url("mailFolders/inbox/messages"), params=params)) == expected


def test_folders_are_found_by_name_and_made_once(world: World) -> None:
    made = world.client.post(world.url("mailFolders"), json={"displayName": "Needs Vendor's"})
    assert made.status_code == 201
    assert (world.home / "Needs Vendor's").is_dir()
    assert error_of(world.client.post(world.url("mailFolders"), json={"displayName": "needs vendor's"})) == (
        409,
        "ErrorFolderExists",
    )
    found = world.client.get(world.url("mailFolders"), params={"$filter": "displayName eq 'Needs Vendor''s'"})
    assert [folder["id"] for folder in found.json()["value"]] == [made.json()["id"]]
    root = world.client.get(world.url("mailFolders/msgfolderroot"), params={"$select": "id"}).json()
    assert made.json()["parentFolderId"] == root["id"]


def test_folders_hold_folders(world: World) -> None:
    url = world.url("mailFolders/inbox/childFolders")
    child = world.client.post(url, json={"displayName": "Later"}).json()
    assert [folder["id"] for folder in world.client.get(url).json()["value"]] == [child["id"]]
    world.drop("a.eml", folder="Inbox/Later")
    assert world.only(child["id"])["parentFolderId"] == child["id"]
    assert world.client.get(world.url(f"mailFolders/{child['id']}")).json()["totalItemCount"] == 1


def test_every_mailbox_has_the_standard_folders_page_by_page(world: World) -> None:
    names: list[str] = []
    link = world.url("mailFolders?$top=3&$select=displayName")
    while link:
        page = world.client.get(link).json()
        names += [folder["displayName"] for folder in page["value"]]
        link = page.get("@odata.nextLink", "")
    assert names == ["Archive", "Deleted Items", "Drafts", "Inbox", "Junk Email", "Outbox", "Sent Items"]


def test_addresses_segments_and_slashes_are_read_generously(world: World) -> None:
    world.drop("a.eml")
    assert world.server
    for path in (
        "//users/INVOICES%40contoso.com/MailFolders/InBox/Messages",
        "/users('invoices@contoso.com')/mailFolders('inbox')/messages",
        "/users/invoices@contoso.com/messages/?",
    ):
        assert len(world.client.get(world.server.graph_url + path).json()["value"]) == 1


def test_an_id_may_be_percent_encoded(world: World) -> None:
    world.drop("a.eml")
    message_id = world.only()["id"]
    assert world.get(message_id.replace("=", "%3D").replace("-", "%2D")).status_code == 200


def test_errors_carry_the_request_ids(world: World) -> None:
    answer = world.client.get(world.url("mailFolders/inbox/colour"), headers={"client-request-id": "mine"})
    inner = answer.json()["error"]["innerError"]
    assert answer.headers["client-request-id"] == inner["client-request-id"] == "mine"
    assert answer.headers["request-id"] == inner["request-id"]
    assert error_of(answer) == (400, "BadRequest")


def test_ids_that_are_wrong_in_different_ways_get_different_answers(world: World) -> None:
    world.drop("a.eml")
    message_id = world.only()["id"]
    folder_id = world.folder_named("Inbox")
    assert error_of(world.get(message_id[:-5])) == (400, "ErrorInvalidIdMalformed")
    assert error_of(world.get(message_id.swapcase())) == (400, "ErrorInvalidIdMalformed")
    assert error_of(world.get("42")) == (400, "ErrorInvalidIdMalformed")
    assert error_of(world.get(folder_id)) == (404, "ErrorItemNotFound")
    elsewhere = world.url(f"mailFolders/drafts/messages/{message_id}")
    assert error_of(world.client.get(elsewhere)) == (404, "ErrorItemNotFound")
    (world.root / "other@contoso.com").mkdir()
    foreign = world.url(f"messages/{message_id}").replace(ADDRESS, "other@contoso.com")
    assert error_of(world.client.get(foreign)) == (404, "ErrorItemNotFound")


BAD_REQUESTS: dict[str, tuple[str, str, Any, tuple[int, str]]] = {
    "no such user": ("GET", "../nobody@contoso.com/messages", None, (404, "ErrorInvalidUser")),
    "user is a path": ("GET", "../..%2F..%2Fetc/messages", None, (404, "ErrorInvalidUser")),
    "no such segment": ("GET", "colours", None, (400, "BadRequest")),
    "delta": ("GET", "mailFolders/inbox/messages/delta()", None, (501, "NotImplemented")),
    "reply": ("POST", "messages/{id}/createReply", {}, (501, "NotImplemented")),
    "new mail": ("POST", "messages", {}, (501, "NotImplemented")),
    "method": ("PUT", "messages/{id}", {}, (405, "MethodNotAllowed")),
    "not JSON": ("PATCH", "messages/{id}", b"{", (400, "RequestBodyRead")),
    "not an object": ("PATCH", "messages/{id}", b"[]", (400, "RequestBodyRead")),
    "unknown field": ("PATCH", "messages/{id}", {"colour": 1}, (400, "RequestBodyRead")),
    "subject of a sent item": ("PATCH", "messages/{id}", {"subject": "x"}, (400, "ErrorInvalidPropertySet")),
    "read only": ("PATCH", "messages/{id}", {"receivedDateTime": "x"}, (400, "ErrorInvalidPropertySet")),
    "wrong type": ("PATCH", "messages/{id}", {"isRead": "yes"}, (400, "RequestBodyRead")),
    "send of a sent item": ("POST", "messages/{id}/send", None, (404, "ErrorItemNotFound")),
    "move to nowhere": ("POST", "messages/{id}/move", {}, (400, "RequestBodyRead")),
    "move to no folder": ("POST", "messages/{id}/move", {"destinationId": "x"}, (400, "ErrorInvalidIdMalformed")),
    "folder without name": ("POST", "mailFolders", {}, (400, "RequestBodyRead")),
    "folder up the tree": ("POST", "mailFolders", {"displayName": "../x"}, (400, "RequestBodyRead")),
    "huge body": ("PATCH", "messages/{id}", b"x" * (4 * 1024 * 1024 + 1), (413, "RequestEntityTooLarge")),
}


@pytest.mark.parametrize("case", BAD_REQUESTS)
def test_a_request_that_graph_would_refuse_is_refused(world: World, case: str) -> None:
    method, path, body, expected = BAD_REQUESTS[case]
    world.drop("a.eml")
    url = world.url(path.replace("{id}", world.only()["id"]))
    content = {"content": body} if isinstance(body, bytes) else {"json": body}
    if body is None:
        content = {}
    assert error_of(world.client.request(method, url, **content)) == expected


WRONG_VALUES: dict[str, dict[str, Any]] = {
    "subject": {"subject": 1},
    "body": {"body": "x"},
    "body type": {"body": {"contentType": "rtf", "content": ""}},
    "message id": {"internetMessageId": "<a b>"},
    "message id that is empty": {"internetMessageId": "<>"},
    "importance": {"importance": "urgent"},
    "recipients": {"toRecipients": {}},
    "recipient": {"toRecipients": ["ap@contoso.com"]},
    "recipient without address": {"toRecipients": [{"emailAddress": {"name": "x"}}]},
    "categories": {"categories": "Red"},
    "category": {"categories": [1]},
    "properties": {"singleValueExtendedProperties": {}},
    "property value": {"singleValueExtendedProperties": [{"id": MARKER, "value": 1}]},
}


@pytest.mark.parametrize("case", WRONG_VALUES)
def test_a_value_of_the_wrong_type_changes_nothing(world: World, case: str) -> None:
    path = world.drop("a.eml", "X-Unsent: 1\r\n" + MAIL, folder="Drafts")
    url = world.url(f"messages/{world.only('drafts')['id']}")
    before = path.read_bytes()
    assert error_of(world.client.patch(url, json={"isRead": True} | WRONG_VALUES[case])) == (400, "RequestBodyRead")
    assert path.read_bytes() == before
    assert not world.client.get(url).json()["isRead"]


@pytest.mark.parametrize(
    ("content", "encoding", "expected"),
    [
        ("begin 644 a.txt\r\n#0V%T\r\n`\r\nend\r\n", "x-uuencode", b"Cat"),
        ("Q2F0\r\nQ2F", "base64", b"CatCa"),
        ("Q2F0!!Q2F0Q", "base64", b"CatCat"),
        ("C=61t=\r\n=ZZ", "quoted-printable", b"Cat=ZZ"),
        ("Cat", "x-nobody-knows", b"Cat"),
    ],
)
def test_transfer_encodings_are_undone_as_far_as_they_can_be(
    world: World, content: str, encoding: str, expected: bytes
) -> None:
    head = f"Content-Type: application/x\r\nContent-Transfer-Encoding: {encoding}\r\n"
    world.drop("a.eml", f"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n{head}\r\n{content}\r\n--b--\r\n")
    url = world.url(f"messages/{world.only()['id']}/attachments")
    (attachment,) = world.client.get(url).json()["value"]
    assert base64.b64decode(attachment["contentBytes"]) == expected


def test_served_requests_are_listed(world: World) -> None:
    world.list(**{"$top": "5"})
    assert world.server
    entries = world.client.get(f"{world.server.url}/_requests").json()
    (entry,) = world.client.get(f"{world.server.url}/_requests").json()
    assert entries == [entry]
    assert (entry["method"], entry["query"], entry["status"]) == ("GET", "%24top=5", 200)
    assert entry["path"].endswith("/mailFolders/inbox/messages")
    assert entry["time"].startswith(time.strftime("%Y-", time.gmtime()))


def test_teams_cards_are_stored_in_order(world: World) -> None:
    assert world.server
    for number in range(3):
        answer = world.client.post(world.server.teams_url, json={"transactionId": f"größe {number}"})
        assert answer.status_code == 202
    cards = sorted((world.root / "teams").iterdir())
    assert ["größe" in path.read_text(encoding="utf-8") for path in cards] == [True] * 3
    assert [path.read_text(encoding="utf-8")[-3] for path in cards] == ["0", "1", "2"]
    assert world.client.post(world.server.teams_url, content=b"{").status_code == 400
