"""The mailbox misbehaves when it is told to, in the way it is told to, and only then."""

import email
import email.policy
import itertools
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from infrastructure.local.mailbox import FaultRefused, arrivals, serve
from infrastructure.local.process import wait_until
from shared.adapters.documents import SubprocessDocuments
from tests.local.test_mailbox_forward import AP, delivered, digests, forward, patch, send
from tests.local.test_mailbox_graph import MARKER, error_of, rich_mail
from tests.local.world import ADDRESS, MAIL, World

ROOT = Path(__file__).parents[2]
LONG = 60  # seconds that no test waits for
MARKED = f"singleValueExtendedProperties/Any(ep: ep/id eq '{MARKER}' and ep/value eq '0123-1')"
ANY_KIND = (
    "one of throttled, unavailable, gateway_timeout, error, html, empty, reset, timeout, quota, mail_deleted, "
    "mail_moved, draft_gone, sent_late, slow_down, bounce, attachment_lost, attachment_shrunk, search_lags, "
    "duplicate_items, reordered_items, empty_page"
)


def rules(world: World, *faults: dict[str, Any]) -> None:
    """Set the rules of a running mailbox."""
    assert world.server
    answer = world.client.put(f"{world.server.url}/_faults", json={"faults": faults})
    assert answer.status_code == 200, answer.text


def injected(world: World) -> "Counter[str]":
    assert world.server
    return world.server.faults.injected


def journal(world: World) -> list[tuple[str, int, str]]:
    """Return method, status and fault of every request so far."""
    assert world.server
    entries = world.client.get(f"{world.server.url}/_requests").json()
    return [(entry["method"], entry["status"], entry["fault"]) for entry in entries]


def inbox(world: World) -> httpx.Response:
    return world.client.get(world.url("mailFolders/inbox/messages"))


def marked_draft(world: World) -> dict[str, Any]:
    """Make a draft of a forward that carries our marker and Message-ID."""
    world.drop("a.eml")
    draft = forward(world, world.only()["id"])
    return patch(
        world,
        draft["id"],
        internetMessageId="<0123-1@contoso.com>",
        singleValueExtendedProperties=[{"id": MARKER, "value": "0123-1"}],
    )


def found(world: World, condition: str = MARKED) -> list[tuple[str, bool]]:
    """Return id and isDraft of what a search of the whole mailbox finds."""
    answer = world.client.get(world.url("messages"), params={"$filter": condition})
    assert answer.status_code == 200, answer.text
    return [(each["id"], each["isDraft"]) for each in answer.json()["value"]]


def files(world: World, folder: str) -> list[Path]:
    return sorted((world.home / folder).glob("*.eml"))


# Answers in place of the mailbox's own


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ({"kind": "throttled"}, 429, "ApplicationThrottled"),
        ({"kind": "unavailable"}, 503, "ErrorServerBusy"),
        ({"kind": "gateway_timeout"}, 504, "UnknownError"),
        ({"kind": "quota"}, 507, "ErrorQuotaExceeded"),
        ({"kind": "error", "status": 401, "code": "InvalidAuthenticationToken"}, 401, "InvalidAuthenticationToken"),
        ({"kind": "error", "status": 404, "code": "ErrorInvalidUser", "message": "x"}, 404, "ErrorInvalidUser"),
    ],
    ids=lambda value: value["kind"] if isinstance(value, dict) else None,
)
def test_a_graph_error_in_place_of_an_answer(world: World, fault: dict[str, Any], status: int, code: str) -> None:
    rules(world, fault)
    answer = inbox(world)
    assert error_of(answer) == (status, code)
    assert answer.json()["error"]["message"] == fault.get("message", answer.json()["error"]["message"])
    assert answer.headers["request-id"] == answer.json()["error"]["innerError"]["request-id"]
    assert "Retry-After" not in answer.headers
    assert injected(world) == {fault["kind"]: 1}
    assert journal(world) == [("GET", status, fault["kind"])]


@pytest.mark.parametrize("kind", ["throttled", "unavailable"])
@pytest.mark.parametrize("seconds", [0, 1, 180])
def test_the_time_to_wait_in_seconds(world: World, kind: str, seconds: int) -> None:
    rules(world, {"kind": kind, "retry_after": seconds})
    assert inbox(world).headers["Retry-After"] == str(seconds)


def test_the_time_to_wait_as_a_date(world: World) -> None:
    rules(world, {"kind": "throttled", "retry_after": 180, "as_date": True})
    before = datetime.now(UTC)
    text = inbox(world).headers["Retry-After"]
    assert text.endswith(" GMT")
    assert 178 <= (parsedate_to_datetime(text) - before).total_seconds() <= 185


@pytest.mark.parametrize(("given", "status"), [({}, 502), ({"status": 504}, 504)])
def test_the_page_of_a_gateway(world: World, given: dict[str, Any], status: int) -> None:
    rules(world, {"kind": "html"} | given)
    answer = inbox(world)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "text/html")
    assert answer.text.startswith(f"<html>\r\n<head><title>{status} ")


@pytest.mark.parametrize(("given", "status"), [({}, 503), ({"status": 500}, 500)])
def test_an_error_without_a_body(world: World, given: dict[str, Any], status: int) -> None:
    rules(world, {"kind": "empty"} | given)
    answer = inbox(world)
    assert (answer.status_code, answer.content) == (status, b"")


def test_a_reset_connection(world: World) -> None:
    rules(world, {"kind": "reset", "count": 1})
    assert world.server
    with socket.create_connection(("127.0.0.1", urlsplit(world.server.url).port or 0)) as connection:
        connection.sendall(b"GET /v1.0/users/x/messages HTTP/1.1\r\nHost: x\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            connection.recv(1)
    assert inbox(world).status_code == 200
    assert journal(world) == [("GET", 0, "reset"), ("GET", 200, "")]


def test_a_request_that_is_held_and_never_answered(world: World) -> None:
    rules(world, {"kind": "timeout", "seconds": 0.05, "count": 1})
    with pytest.raises(httpx.RemoteProtocolError):
        inbox(world)
    assert inbox(world).status_code == 200
    assert journal(world) == [("GET", 0, "timeout"), ("GET", 200, "")]


def test_a_client_that_waits_less_long_times_out(world: World) -> None:
    rules(world, {"kind": "timeout", "seconds": LONG})
    with pytest.raises(httpx.ReadTimeout):
        world.client.get(world.url("messages"), timeout=0.1)


def test_a_held_request_does_not_hold_up_the_end(world: World) -> None:
    rules(world, {"kind": "timeout", "seconds": LONG})
    errors: list[Exception] = []

    def ask() -> None:
        try:
            httpx.get(world.url("messages"), timeout=LONG)
        except httpx.HTTPError as error:
            errors.append(error)

    asking = threading.Thread(target=ask)
    asking.start()
    assert wait_until(lambda: injected(world)["timeout"] == 1, seconds=10)
    started = time.monotonic()
    world.stop()
    asking.join()
    assert time.monotonic() - started < 5
    assert [type(error) for error in errors] == [httpx.RemoteProtocolError]


LOSSES: list[dict[str, Any]] = [
    {"kind": "throttled"},
    {"kind": "unavailable"},
    {"kind": "gateway_timeout"},
    {"kind": "error", "status": 500, "code": "ErrorInternalServerError"},
    {"kind": "html"},
    {"kind": "empty"},
    {"kind": "quota"},
    {"kind": "reset"},
    {"kind": "timeout", "seconds": 0.01},
]


@pytest.mark.parametrize("phase", ["before", "after"])
@pytest.mark.parametrize("loss", LOSSES, ids=[loss["kind"] for loss in LOSSES])
def test_what_went_wrong_with_a_send_does_not_say_whether_it_was_sent(
    world: World, loss: dict[str, Any], phase: str
) -> None:
    draft = marked_draft(world)
    rules(world, loss | {"path": "/send$", "method": "POST", "phase": phase})
    if loss["kind"] in ("reset", "timeout"):
        with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
            send(world, draft["id"])
    else:
        assert send(world, draft["id"]).status_code >= 400
    was_sent = phase == "after"
    assert len(delivered(world)) == was_sent
    assert found(world) == [(draft["id"], not was_sent)]
    assert injected(world) == {loss["kind"]: 1}


@pytest.mark.parametrize("phase", ["before", "after"])
def test_a_lost_answer_to_a_forward_leaves_a_draft_or_none(world: World, phase: str) -> None:
    world.drop("a.eml")
    url = world.url(f"messages/{world.only()['id']}/createForward")
    rules(world, {"kind": "gateway_timeout", "path": "createForward", "phase": phase})
    assert world.client.post(url).status_code == 504
    assert len(files(world, "Drafts")) == (phase == "after")


def test_a_lost_card_was_posted_all_the_same(world: World) -> None:
    rules(world, {"kind": "empty", "path": "^/teams$", "phase": "after"})
    assert world.server
    assert world.client.post(world.server.teams_url, json={}).status_code == 503
    assert len(list((world.root / "teams").glob("*.json"))) == 1


# What people do


@pytest.mark.parametrize("phase", ["before", "after"])
def test_a_person_deletes_the_mail(world: World, phase: str) -> None:
    path = world.drop("a.eml")
    source = world.only()
    rules(world, {"kind": "mail_deleted", "phase": phase})
    assert world.get(source["id"]).status_code == {"before": 404, "after": 200}[phase]
    assert world.get(source["id"]).status_code == 404
    assert not path.exists()
    assert injected(world) == {"mail_deleted": 1}  # the second request named no mail any more


@pytest.mark.parametrize("phase", ["before", "after"])
@pytest.mark.parametrize("folder", [None, "Elsewhere", "Deleted Items"])
def test_a_person_moves_the_mail(world: World, phase: str, folder: str | None) -> None:
    world.drop("a.eml")
    source = world.only()
    rule = {"kind": "mail_moved", "phase": phase, "count": 1}
    rules(world, rule if folder is None else rule | {"folder": folder})
    answer = world.get(source["id"])
    there = world.folder_named(folder or "Personal")
    assert answer.json()["parentFolderId"] == {"before": there, "after": source["parentFolderId"]}[phase]
    assert world.get(source["id"]).json()["parentFolderId"] == there
    assert files(world, folder or "Personal") == [world.home / (folder or "Personal") / "a.eml"]


def test_a_person_takes_the_mail_after_it_was_filed(world: World) -> None:
    world.drop("a.eml")
    source = world.only()
    rules(world, {"kind": "mail_moved", "phase": "after", "path": "/move$"})
    moved = world.client.post(world.url(f"messages/{source['id']}/move"), json={"destinationId": "archive"})
    assert (moved.status_code, files(world, "Archive")) == (201, [])
    assert len(files(world, "Personal")) == 1


def test_a_person_finds_the_mail_whatever_the_path_looks_like(world: World) -> None:
    world.drop("a.eml")
    source = world.only()
    rules(world, {"kind": "mail_deleted"})
    path = f"mailFolders('inbox')//messages('{source['id']}')/attachments"
    assert world.client.get(world.url(path)).status_code == 404
    assert files(world, "Inbox") == []


def test_a_person_does_nothing_where_the_path_names_no_mail(world: World) -> None:
    world.drop("a.eml")
    rules(world, {"kind": "mail_deleted"}, {"kind": "throttled", "path": "childFolders"})
    assert inbox(world).status_code == 200
    assert world.get("nonsense").status_code == 400
    assert world.client.get(world.url("mailFolders/inbox/childFolders")).status_code == 429
    assert len(files(world, "Inbox")) == 1
    assert injected(world) == {"throttled": 1}


# Sending


def test_the_draft_is_gone_and_the_sent_copy_has_another_id(world: World) -> None:
    draft = marked_draft(world)
    rules(world, {"kind": "draft_gone"})
    assert send(world, draft["id"]).status_code == 202
    assert error_of(world.get(draft["id"])) == (404, "ErrorItemNotFound")
    ((sent, is_draft),) = found(world)
    assert sent != draft["id"]
    assert not is_draft
    assert found(world, "internetMessageId eq '<0123-1@contoso.com>'") == [(sent, False)]
    assert (len(delivered(world)), files(world, "Drafts"), len(files(world, "Sent Items"))) == (1, [], 1)
    assert journal(world)[-4] == ("POST", 202, "draft_gone")


def test_a_send_is_accepted_and_asks_for_a_pause(world: World) -> None:
    draft = marked_draft(world)
    rules(world, {"kind": "slow_down", "retry_after": 7})
    answer = send(world, draft["id"])
    assert (answer.status_code, answer.headers["Retry-After"]) == (202, "7")
    assert len(delivered(world)) == 1
    assert journal(world)[-1] == ("POST", 202, "slow_down")


@pytest.mark.parametrize("draft_stays", [False, True])
@pytest.mark.parametrize("others", [[], [{"kind": "draft_gone"}]], ids=["same id", "other id"])
def test_the_sent_copy_comes_late(world: World, others: list[dict[str, Any]], *, draft_stays: bool) -> None:
    draft = marked_draft(world)
    rules(world, {"kind": "sent_late", "seconds": LONG, "draft_stays": draft_stays}, *others)
    assert send(world, draft["id"]).status_code == 202
    assert len(delivered(world)) == 1
    assert files(world, "Sent Items") == []
    assert found(world) == ([(draft["id"], True)] if draft_stays else [])
    assert world.get(draft["id"]).status_code == (200 if draft_stays else 404)
    world.stop()  # which is when all that is still to come comes
    world.start()
    ((sent, is_draft),) = found(world)
    assert (sent == draft["id"], is_draft) == (not others, False)
    assert world.get(draft["id"]).status_code == (404 if others else 200)
    assert (len(delivered(world)), files(world, "Drafts"), len(files(world, "Sent Items"))) == (1, [], 1)


def test_the_sent_copy_comes_while_the_mailbox_runs(world: World) -> None:
    drafts = [marked_draft(world) for _ in range(3)]
    rules(world, {"kind": "sent_late", "seconds": 0.2, "count": 1}, {"kind": "sent_late", "seconds": 0.1})
    for draft in drafts:
        assert send(world, draft["id"]).status_code == 202
    assert wait_until(lambda: len(files(world, "Sent Items")) == 3, seconds=10)
    assert sorted(found(world)) == sorted((draft["id"], False) for draft in drafts)


def test_a_draft_that_stays_can_be_sent_again_which_is_a_second_mail(world: World) -> None:
    draft = marked_draft(world)
    rules(world, {"kind": "sent_late", "seconds": LONG, "draft_stays": True})
    assert [send(world, draft["id"]).status_code for _ in range(2)] == [202, 202]
    world.stop()
    assert len(delivered(world)) == 2
    assert (len(files(world, "Sent Items")), files(world, "Drafts")) == (2, [])


def test_what_is_still_to_come_comes_when_the_mailbox_ends(world: World) -> None:
    draft = marked_draft(world)
    rules(world, {"kind": "sent_late", "seconds": LONG}, {"kind": "bounce", "seconds": LONG})
    send(world, draft["id"])
    assert (len(files(world, "Inbox")), files(world, "Sent Items")) == (1, [])
    started = time.monotonic()
    world.stop()
    assert time.monotonic() - started < 5
    (sent,) = files(world, "Sent Items")
    assert email.message_from_bytes(sent.read_bytes())["x-invoice-agent-transaction"] == "0123-1"
    world.start()
    assert found(world) == [(draft["id"], False)]
    assert len(world.list()) == 2


async def test_a_bounce_is_a_report_that_the_app_reads(world: World) -> None:
    draft = marked_draft(world)
    rules(world, {"kind": "bounce"})
    assert send(world, draft["id"]).status_code == 202
    assert delivered(world) == []
    assert found(world) == [(draft["id"], False)]
    (listed,) = (each for each in world.list() if each["subject"].startswith("Undeliverable"))
    assert listed["subject"] == "Undeliverable: FW: Invoice 1"
    assert listed["from"]["emailAddress"]["name"] == "Microsoft Outlook"
    mime = world.client.get(world.url(f"messages/{listed['id']}/$value")).content
    report = await SubprocessDocuments().read_report(mime)
    assert report is not None
    assert report.failed
    assert report.recipients == (AP,)
    assert report.message_ids == ("<0123-1@contoso.com>",)
    assert "FW: Invoice 1" in report.text
    mail = email.message_from_bytes(mime, policy=email.policy.default)
    assert isinstance(mail, EmailMessage)
    assert [part.get_content_type() for part in mail.iter_parts()] == [
        "multipart/alternative",
        "message/delivery-status",
        "text/rfc822-headers",
    ]
    (status,) = (part for part in mail.walk() if part["Action"])
    assert (status["Action"], status["Status"]) == ("failed", "5.2.2")
    assert status["Diagnostic-Code"].startswith("smtp;554 5.2.2 mailbox full")
    *_, headers = (part for part in mail.walk() if isinstance(part, EmailMessage))
    returned = email.message_from_string(headers.get_content())
    assert (returned["In-Reply-To"], returned["x-invoice-agent-transaction"]) == ("<1@vendor.example>", "0123-1")


def test_a_bounce_comes_later_and_for_another_reason(world: World) -> None:
    draft = marked_draft(world)
    rules(world, {"kind": "bounce", "seconds": 0.3, "status_code": "5.7.1"})
    send(world, draft["id"])
    assert wait_until(lambda: len(files(world, "Inbox")) == 2, seconds=10)
    (report,) = (path for path in files(world, "Inbox") if path.name.startswith("Undeliverable"))
    assert b"\r\nStatus: 5.7.1\r\n" in report.read_bytes()


def test_effects_combine_and_so_does_a_lost_answer(world: World) -> None:
    draft = marked_draft(world)
    rules(
        world,
        {"kind": "bounce"},
        {"kind": "draft_gone"},
        {"kind": "unavailable", "path": "/send$", "phase": "after"},
        {"kind": "throttled", "path": "/send$"},
    )
    assert send(world, draft["id"]).status_code == 503
    assert journal(world)[-1] == ("POST", 503, "unavailable,bounce,draft_gone")
    assert injected(world) == {"bounce": 1, "draft_gone": 1, "unavailable": 1}
    assert (delivered(world), len(files(world, "Inbox"))) == ([], 2)
    assert world.get(draft["id"]).status_code == 404


# Forwards and lists that are not what they should be


def test_a_forward_lacks_an_attachment(world: World) -> None:
    world.drop("a.eml", rich_mail())
    source = world.only()
    rules(world, {"kind": "attachment_lost", "count": 1})
    broken, whole = (digests(world, forward(world, source["id"])["id"]) for _ in range(2))
    assert whole == digests(world, source["id"])
    assert len(broken) == len(whole) - 1
    assert set(broken) < set(whole)


def test_a_forward_has_only_half_of_an_attachment(world: World) -> None:
    mail = EmailMessage()
    mail["Subject"] = "s"
    mail.set_content("x")
    mail.add_attachment(b"%PDF" * 10_000, maintype="application", subtype="pdf", filename="a.pdf")
    mail.add_attachment(b"small", maintype="application", subtype="pdf", filename="b.pdf")
    world.drop("a.eml", mail.as_string())
    rules(world, {"kind": "attachment_shrunk"})
    draft = forward(world, world.only()["id"])
    sizes = [
        each["size"] for each in world.client.get(world.url(f"messages/{draft['id']}/attachments")).json()["value"]
    ]
    assert sizes[0] == pytest.approx(20_000, rel=0.05)
    assert sizes[1] == 5


def test_no_attachment_is_lost_where_there_is_none(world: World) -> None:
    world.drop("a.eml")
    rules(world, {"kind": "attachment_lost"}, {"kind": "attachment_shrunk"})
    forward(world, world.only()["id"])
    assert injected(world) == {}
    assert {fault for *_, fault in journal(world)} == {""}


def test_a_search_does_not_see_what_has_just_changed(world: World) -> None:
    draft = marked_draft(world)
    rules(world, {"kind": "search_lags", "seconds": LONG})
    assert found(world) == []
    assert world.get(draft["id"]).status_code == 200
    assert len(world.list("drafts")) == 1  # a plain list sees it, and so does another filter
    assert found(world, "internetMessageId eq '<0123-1@contoso.com>'") == [(draft["id"], True)]
    assert injected(world) == {"search_lags": 1}
    rules(world, {"kind": "search_lags", "seconds": 0.05})
    assert wait_until(lambda: found(world) == [(draft["id"], True)], seconds=10)


def test_a_search_that_finds_nothing_anyway_is_no_fault(world: World) -> None:
    world.drop("a.eml")
    rules(world, {"kind": "search_lags", "seconds": LONG})
    assert found(world) == []
    assert injected(world) == {}


def pages(world: World, top: int) -> list[list[str]]:
    """Return the subjects of all pages of the Inbox, oldest first."""
    params = {"$top": str(top), "$select": "subject", "$orderby": "receivedDateTime"}
    answer = world.client.get(world.url("mailFolders/inbox/messages"), params=params).json()
    read = [answer]
    while link := read[-1].get("@odata.nextLink"):
        read.append(world.client.get(link).json())
    return [[each["subject"] for each in page["value"]] for page in read]


@pytest.fixture
def full(world: World) -> World:
    """Return a mailbox with ten mails in the Inbox."""
    for number in range(10):
        world.drop(f"{number}.eml", MAIL.replace("Invoice 1", f"Invoice {number}").replace("<1@", f"<{number}@"))
    return world


ALL = [f"Invoice {number}" for number in range(10)]


def test_a_list_shows_mails_twice_within_a_page_and_across_pages(full: World) -> None:
    rules(full, {"kind": "duplicate_items"})
    found = pages(full, 4)
    assert set().union(*found) == set(ALL)
    assert all(len(page) > len(set(page)) for page in found)
    assert all(set(page) & set(following) for page, following in itertools.pairwise(found))


@pytest.mark.parametrize("top", [1, 2, 3])
def test_a_list_with_repeats_comes_to_an_end(full: World, top: int) -> None:
    rules(full, {"kind": "duplicate_items"})
    assert set().union(*pages(full, top)) == set(ALL)


def test_a_list_comes_in_another_order(full: World) -> None:
    rules(full, {"kind": "reordered_items"})
    found = pages(full, 4)
    assert [sorted(page) for page in found] == [ALL[:4], ALL[4:8], ALL[8:]]
    assert all(page != sorted(page) for page in found)


def test_an_empty_page_leads_to_the_one_that_it_should_have_been(full: World) -> None:
    rules(full, {"kind": "empty_page", "count": 2})
    assert pages(full, 4) == [[], [], ALL[:4], ALL[4:8], ALL[8:]]
    assert injected(full) == {"empty_page": 2}


@pytest.mark.parametrize("kind", ["duplicate_items", "reordered_items"])
def test_the_same_seed_disturbs_a_list_in_the_same_way(full: World, kind: str) -> None:
    found = []
    for seed in (5, 5, 6):
        rules(full, {"kind": kind, "seed": seed})
        found.append([pages(full, 10) for _ in range(3)])
    assert found[0] == found[1] != found[2]


def test_a_list_too_short_for_it_is_no_fault(world: World) -> None:
    rules(world, {"kind": "duplicate_items"}, {"kind": "reordered_items"})
    assert world.list() == []
    world.drop("a.eml")
    assert len(world.list()) == 2
    assert injected(world) == {"duplicate_items": 1}


# A large folder is not looked through again for every change of ours, and still shows what people do


def test_what_a_person_drops_into_a_large_folder_while_mails_are_filed_there(
    full: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrivals, "_LARGE_SECONDS", 0)
    for number, mail in enumerate(full.list()):
        answer = full.client.post(full.url(f"messages/{mail['id']}/move"), json={"destinationId": "archive"})
        assert answer.status_code == 201
        full.drop(f"dropped {number}.eml", MAIL.replace("<1@", f"<dropped-{number}@"), "Archive")
    assert wait_until(lambda: len(full.list("archive", **{"$top": "100"})) == 20, seconds=10)
    assert full.list() == []


# Rules


def statuses(world: World, count: int = 40) -> list[int]:
    return [inbox(world).status_code for _ in range(count)]


def test_the_same_seed_gives_the_same_sequence(world: World) -> None:
    runs = []
    for seed in (1, 1, 2):
        rules(world, {"kind": "throttled", "rate": 0.5, "seed": seed})
        runs.append(statuses(world))
    assert runs[0] == runs[1] != runs[2]
    assert 5 < runs[0].count(429) < 35


def test_every_rule_has_dice_of_its_own(world: World) -> None:
    rules(world, {"kind": "throttled", "rate": 0.5, "seed": 1, "path": "inbox"})
    alone = statuses(world)
    other = {"kind": "empty", "rate": 0.5, "seed": 1, "path": "drafts"}
    rules(world, other, {"kind": "throttled", "rate": 0.5, "seed": 1, "path": "inbox"})
    mixed = []
    for _ in alone:
        world.client.get(world.url("mailFolders/drafts/messages"))
        mixed.append(inbox(world).status_code)
    assert mixed == alone


def test_a_rate_of_nothing_never_fires(world: World) -> None:
    rules(world, {"kind": "throttled", "rate": 0})
    assert set(statuses(world)) == {200}


def test_a_rule_fires_so_many_times_at_most_and_the_first_that_fires_wins(world: World) -> None:
    rules(world, {"kind": "throttled", "count": 2}, {"kind": "empty", "count": 1}, {"kind": "quota", "count": 0})
    assert statuses(world, 5) == [429, 429, 503, 200, 200]
    assert journal(world) == [
        ("GET", 429, "throttled"),
        ("GET", 429, "throttled"),
        ("GET", 503, "empty"),
        ("GET", 200, ""),
        ("GET", 200, ""),
    ]


def test_a_rule_is_about_a_path_as_people_read_it_and_a_method(world: World) -> None:
    rules(world, {"kind": "throttled", "path": f"^/v1.0/users/{ADDRESS}/mailFolders/sent items$", "method": "GET"})
    url = world.url("mailFolders/sent%20items").replace("@", "%40")
    assert world.client.get(url).status_code == 429
    assert world.client.patch(url).status_code == 501
    assert inbox(world).status_code == 200


def test_the_rules_are_shown_counted_and_cleared(world: World) -> None:
    assert world.server
    url = f"{world.server.url}/_faults"
    rules(
        world,
        {"kind": "throttled", "count": 1, "retry_after": 3},
        {"kind": "sent_late", "seconds": 2, "path": "x"},
        {"kind": "html", "method": "DELETE"},
    )
    inbox(world)
    common = {"rate": 1, "seed": 0}
    shown = [
        {"kind": "throttled", "phase": "before", "count": 1, "retry_after": 3, "as_date": False, "injected": 1}
        | common,
        {"kind": "sent_late", "path": "x", "draft_stays": False, "seconds": 2, "injected": 0} | common,
        {"kind": "html", "phase": "before", "method": "DELETE", "status": 502, "injected": 0} | common,
    ]
    assert world.client.get(url).json() == {"faults": shown}
    assert world.client.delete(url).json() == {"faults": []}
    assert world.client.get(url).json() == {"faults": []}
    assert inbox(world).status_code == 200
    assert injected(world) == {"throttled": 1}  # since the start, whatever the rules are now


def test_what_is_about_the_mailbox_itself_suffers_nothing_and_is_not_listed(world: World) -> None:
    rules(world, {"kind": "reset"})
    assert world.server
    for method, path, status in (
        ("GET", "/_faults", 200),
        ("GET", "/_requests", 200),
        ("POST", "/_faults", 405),
        ("POST", "/_requests", 404),
        ("GET", "/_other", 404),
    ):
        assert world.client.request(method, world.server.url + path).status_code == status
    assert journal(world) == []


NO_PHASE = "kind, path, method, rate, seed, count, seconds, status_code"
REFUSED: list[tuple[Any, str]] = [
    ({"kind": "throtled"}, f"rule 2: field 'kind': found 'throtled', wanted {ANY_KIND}"),
    ({}, f"rule 2: field 'kind': found nothing, wanted {ANY_KIND}"),
    ({"kind": 3}, f"rule 2: field 'kind': found 3, wanted {ANY_KIND}"),
    ("reset", "rule 2: found 'reset', wanted a table with a kind"),
    (
        {"kind": "reset", "seconds": 3},
        "rule 2: field 'seconds': found 3, wanted only kind, path, method, phase, rate, seed, count for reset",
    ),
    (
        {"kind": "bounce", "phase": "after"},
        f"rule 2: field 'phase': found 'after', wanted only {NO_PHASE} for bounce",
    ),
    (
        {"kind": "quota", "colour": "red"},
        "rule 2: field 'colour': found 'red', wanted only kind, path, method, phase, rate, seed, count for quota",
    ),
    ({"kind": "reset", "path": "("}, "rule 2: field 'path': found '(', wanted a regular expression"),
    ({"kind": "reset", "path": 1}, "rule 2: field 'path': found 1, wanted a regular expression"),
    (
        {"kind": "reset", "method": "SEND"},
        "rule 2: field 'method': found 'SEND', wanted one of DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT",
    ),
    ({"kind": "reset", "phase": "during"}, "rule 2: field 'phase': found 'during', wanted before or after"),
    ({"kind": "reset", "rate": 1.5}, "rule 2: field 'rate': found 1.5, wanted a number from 0 to 1"),
    ({"kind": "reset", "rate": "1"}, "rule 2: field 'rate': found '1', wanted a number from 0 to 1"),
    ({"kind": "reset", "rate": None}, "rule 2: field 'rate': found nothing, wanted a number from 0 to 1"),
    ({"kind": "reset", "seed": 0.5}, "rule 2: field 'seed': found 0.5, wanted a whole number"),
    ({"kind": "reset", "seed": True}, "rule 2: field 'seed': found True, wanted a whole number"),
    ({"kind": "reset", "count": -1}, "rule 2: field 'count': found -1, wanted a whole number from 0"),
    (
        {"kind": "throttled", "retry_after": 1.5},
        "rule 2: field 'retry_after': found 1.5, wanted a whole number of seconds from 0",
    ),
    (
        {"kind": "throttled", "as_date": True},
        "rule 2: field 'retry_after': found nothing, wanted a whole number of seconds from 0, as as_date is true",
    ),
    ({"kind": "throttled", "as_date": 1}, "rule 2: field 'as_date': found 1, wanted true or false"),
    ({"kind": "error", "status": 401}, "rule 2: field 'code': found nothing, wanted a text"),
    (
        {"kind": "error", "status": 200, "code": "x"},
        "rule 2: field 'status': found 200, wanted an HTTP status from 400 to 599",
    ),
    ({"kind": "timeout"}, "rule 2: field 'seconds': found nothing, wanted a number of seconds from 0"),
    ({"kind": "timeout", "seconds": -1}, "rule 2: field 'seconds': found -1, wanted a number of seconds from 0"),
    ({"kind": "mail_moved", "folder": "a/b"}, "rule 2: field 'folder': found 'a/b', wanted the name of a folder"),
    (
        {"kind": "bounce", "status_code": "4.2.2"},
        "rule 2: field 'status_code': found '4.2.2', wanted a permanent status such as 5.2.2",
    ),
]


@pytest.mark.parametrize(("rule", "message"), REFUSED, ids=[message for _, message in REFUSED])
def test_a_rule_that_makes_no_sense_is_refused_and_nothing_changes(world: World, rule: Any, message: str) -> None:
    rules(world, {"kind": "throttled", "path": "inbox"})
    assert world.server
    answer = world.client.put(f"{world.server.url}/_faults", json={"faults": [{"kind": "quota"}, rule]})
    assert error_of(answer) == (400, "BadRequest")
    assert answer.json()["error"]["message"] == message
    assert statuses(world, 1) == [429]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "field 'faults': found nothing, wanted a list of rules"),
        ({"faults": {}}, "field 'faults': found {}, wanted a list of rules"),
        ({"faults": [], "fault": []}, "field 'fault': found [], wanted nothing but faults"),
    ],
)
def test_a_body_that_holds_no_rules_is_refused(world: World, body: Any, message: str) -> None:
    assert world.server
    answer = world.client.put(f"{world.server.url}/_faults", json=body)
    assert (answer.status_code, answer.json()["error"]["message"]) == (400, message)


def test_rules_from_python(world: World, tmp_path: Path) -> None:
    assert world.server
    world.server.faults.replace([{"kind": "throttled"}])
    assert statuses(world, 2) == [429, 429]
    with pytest.raises(FaultRefused, match="rule 1: field 'rate': found 2, wanted a number from 0 to 1"):
        world.server.faults.replace([{"kind": "empty", "rate": 2}])
    assert statuses(world, 1) == [429]
    world.server.faults.clear()
    assert statuses(world, 1) == [200]
    assert world.server.faults.injected == {"throttled": 3}
    with serve(tmp_path / "other", faults=[{"kind": "quota"}]) as server:
        assert httpx.get(f"{server.graph_url}/users").status_code == 507


COMMAND = [sys.executable, "-m", "infrastructure.local", "mailbox"]


def test_the_command_takes_rules_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "faults.toml"
    file.write_text(
        """
        [[faults]]
        kind = "throttled"
        path = '/messages$'
        retry_after = 7
        count = 1

        [[faults]]
        kind = "html"
        """
    )
    process = subprocess.Popen(
        [*COMMAND, "--root", str(tmp_path), "--faults", str(file)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout
        url = process.stdout.readline().removeprefix("mailbox ready at ").partition(",")[0]
        first, second = (httpx.get(f"{url}/v1.0/users/{ADDRESS}/messages") for _ in range(2))
        assert (first.status_code, first.headers["Retry-After"]) == (429, "7")
        assert second.status_code == 502
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=15)
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[faults]]\nkind = 'reset'\nrate = 2\n", "rule 1: field 'rate': found 2, wanted a number from 0 to 1"),
        ("[[fault]]\n", "field 'fault': found [{}], wanted nothing but faults"),
        ("", "field 'faults': found nothing, wanted a list of rules"),
        ("[[faults", "Expected ']]' at the end of an array declaration (at end of document)"),
        (None, "No such file or directory"),
    ],
    ids=["rule", "table", "nothing", "TOML", "file"],
)
def test_the_command_refuses_a_file_in_one_line(tmp_path: Path, text: str | None, message: str) -> None:
    file = tmp_path / "faults.toml"
    if text is not None:
        file.write_text(text)
    command = [*COMMAND, "--root", str(tmp_path / "mails"), "--faults", str(file)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == f"python -m infrastructure.local mailbox: cannot take faults from {file}: {message}\n"
    assert not (tmp_path / "mails").exists()
