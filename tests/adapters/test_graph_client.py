"""The Graph client against a server that misbehaves: which error means what, and how often it asks."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any

import httpx
import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError
from kiota_abstractions.api_error import APIError
from kiota_abstractions.authentication import AuthenticationProvider
from kiota_abstractions.method import Method
from kiota_abstractions.request_information import RequestInformation
from kiota_authentication_azure.azure_identity_authentication_provider import AzureIdentityAuthenticationProvider

from infrastructure.local.samples.builders import AP_MAILBOX
from shared.adapters import graph_client as module
from shared.adapters.graph_client import GraphClient
from shared.adapters.graph_mailbox import GraphMailbox
from shared.domain.mail import Attachment, AttachmentKind
from shared.ports import DraftChanges, Later, MailGone, MailRefused
from tests.adapters.graph import graph_client
from tests.adapters.scripted import Answer, ScriptedServer

CHANGES = DraftChanges("subject", "<p>body</p>", "0123-1", "<0123-1@contoso.example>")
ATTACHMENT = Attachment("a1", "invoice.pdf", "application/pdf", 10, is_inline=False, kind=AttachmentKind.FILE)
# Enough of a message, a folder and a collection for every method of the mailbox.
ANYTHING = {
    "id": "x1",
    "displayName": "Posted",
    "isDraft": True,
    "parentFolderId": "x1",
    "receivedDateTime": "2026-03-05T09:30:00Z",
    "value": [],
}


def error(status: int, code: str, **headers: str) -> Answer:
    body = {"error": {"code": code, "message": "words that change", "innerError": {"request-id": "1"}}}
    return json_answer(body, status, **headers)


def json_answer(body: object, status: int = 200, **headers: str) -> Answer:
    return Answer(status, json.dumps(body).encode(), {name.replace("_", "-"): v for name, v in headers.items()})


@asynccontextmanager
async def mailbox_over(
    *answers: Answer, authentication: AuthenticationProvider | None = None, concurrency: int = 4
) -> AsyncIterator[tuple[GraphMailbox, ScriptedServer]]:
    with ScriptedServer(*answers) as server:
        options = {"authentication": authentication, "concurrency": concurrency}
        async with graph_client(f"{server.url}/v1.0", **options) as client:  # type: ignore[arg-type]
            yield GraphMailbox(client), server


async def send(*answers: Answer) -> ScriptedServer:
    """Send a draft to a server that answers so."""
    async with mailbox_over(*answers) as (mailbox, server):
        await mailbox.send("d1")
    return server


# What an answer means

LATER = {
    "token expired": error(401, "InvalidAuthenticationToken"),
    "no role": error(403, "ErrorAccessDenied"),
    "may not send": error(403, "ErrorSendAsDenied"),
    "request timeout": error(408, "RequestTimeout"),
    "throttled": error(429, "ApplicationThrottled"),
    "throttled without a body": Answer(429, b""),
    "internal": error(500, "ErrorInternalServerError"),
    "unknown": error(500, "UnknownError"),
    "gateway": Answer(502, b"<html><body>Bad Gateway</body></html>"),
    "busy": error(503, "ErrorServerBusy"),
    "busy as a page": Answer(503, b"<html>Service Unavailable</html>"),
    "gateway timeout": Answer(504, b""),
    "mailbox full": error(507, "ErrorQuotaExceeded"),
    "bandwidth": error(509, "ErrorBandwidth"),
    "mailbox full with another status": error(400, "ErrorQuotaExceeded"),
    "no mailbox": error(404, "MailboxNotEnabledForRESTAPI"),
    "no user": error(404, "ErrorInvalidUser"),
    "no resource": error(404, "ResourceNotFound"),
    "no requested resource": error(404, "Request_ResourceNotFound"),
    "code in other letters": error(404, "mailboxNotEnabledForRestApi"),
}
AT_THE_DOOR = {"token expired", "no role", "may not send"}
GONE = {
    "item": error(404, "ErrorItemNotFound"),
    "page": Answer(404, b"<html>Not Found</html>"),
    "empty": Answer(404, b""),
    "array": Answer(404, b"[]"),
    "code is no text": json_answer({"error": {"code": None}}, 404),
}
REFUSED = {
    "malformed id": error(400, "ErrorInvalidIdMalformed"),
    "bad address": error(400, "ErrorInvalidRecipients"),
    "method": error(405, "ErrorInvalidRequest"),
    "conflict": error(409, "ErrorFolderExists"),
    "gone link": error(410, "SyncStateNotFound"),
    "too large": error(413, "RequestEntityTooLarge"),
    "size": error(400, "ErrorMessageSizeExceeded"),
    "damaged item": error(500, "ErrorCorruptData"),
    "damaged attachment": error(500, "ErrorCannotOpenFileAttachment"),
    "empty": Answer(400, b""),
}


@pytest.mark.parametrize("answer", LATER.values(), ids=LATER.keys())
async def test_trouble_of_the_whole_mailbox_is_no_fault_of_the_mail(answer: Answer) -> None:
    with pytest.raises(Later) as caught:
        await send(answer)
    assert caught.value.after is None
    assert "words that change" not in str(caught.value)


@pytest.mark.parametrize(("name", "answer"), LATER.items(), ids=LATER.keys())
async def test_only_a_refusal_at_the_door_says_that_nothing_was_done(name: str, answer: Answer) -> None:
    """Throttling and server errors have come together with a delivery."""
    with pytest.raises(Later) as caught:
        await send(answer)
    assert caught.value.nothing_done is (name in AT_THE_DOOR)


@pytest.mark.parametrize("answer", GONE.values(), ids=GONE.keys())
async def test_an_item_that_is_not_found_is_gone(answer: Answer) -> None:
    with pytest.raises(MailGone):
        await send(answer)


@pytest.mark.parametrize("answer", REFUSED.values(), ids=REFUSED.keys())
async def test_a_request_that_will_never_do_is_refused(answer: Answer) -> None:
    with pytest.raises(MailRefused):
        await send(answer)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("1", 1.0),
        ("0", 0.0),
        ("1.5", 1.5),
        ("179", 179.0),
        ("180", 180.0),
        ("-3", 0.0),
        ("Thu, 05 Mar 2026 09:31:00 GMT", 60.0),
        ("Thu, 05 Mar 2026 09:29:00 GMT", 0.0),
        ("Thu, 05 Mar 2026 09:31:00 -0000", None),
        ("soon", None),
        ("", None),
    ],
)
async def test_the_wait_that_the_mailbox_asks_for_is_handed_on(value: str, seconds: float | None) -> None:
    date = "Thu, 05 Mar 2026 09:30:00 GMT"
    with pytest.raises(Later) as caught:
        await send(error(429, "ApplicationThrottled", Retry_After=value, Date=date))
    assert caught.value.after == seconds


async def test_a_wait_until_a_date_needs_the_date_of_the_answer() -> None:
    with pytest.raises(Later) as caught:
        await send(error(503, "ErrorServerBusy", Retry_After="Thu, 05 Mar 2026 09:31:00 GMT"))
    assert caught.value.after is None


async def test_an_accepted_send_is_a_success_whatever_it_asks_for() -> None:
    """A 202 may carry Retry-After; taking it for a failure duplicated mail elsewhere."""
    server = await send(Answer(202, b"", {"Retry-After": "5"}))
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "answer", [Answer(200, b""), Answer(204, b""), Answer(200)], ids=["empty", "no content", "object"]
)
async def test_nothing_but_202_says_that_a_draft_was_sent(answer: Answer) -> None:
    """A mail that is wrongly taken for sent is never looked at again."""
    with pytest.raises(Later):
        await send(answer)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_says_nothing_about_the_sending(status: int) -> None:
    """The SDK follows it, most of them with a GET."""
    with pytest.raises(Later):
        await send(Answer(status, b"", {"Location": "/v1.0/elsewhere"}), Answer(200, b""))


async def test_a_connection_that_breaks_is_a_delay() -> None:
    with pytest.raises(Later) as caught:
        await send(Answer(is_reset=True))
    assert not caught.value.nothing_done


async def test_a_mailbox_that_does_not_answer_in_time_is_a_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TIMEOUT", httpx.Timeout(0.1))
    with pytest.raises(Later) as caught:
        await send(Answer(delay=0.4))
    assert not caught.value.nothing_done


async def test_a_mailbox_that_is_not_there_is_a_delay() -> None:
    async with mailbox_over() as (mailbox, server):
        server.stop()
        with pytest.raises(Later) as caught:
            await mailbox.send("d1")
    assert caught.value.nothing_done


@pytest.mark.parametrize(
    "headers",
    [{"Content-Encoding": "gzip"}, {"Location": "/v1.0/again"}, {"Location": "http://["}],
    ids=["not gzip", "in a circle", "to nowhere"],
)
async def test_an_answer_that_no_client_can_read_is_a_delay(headers: dict[str, str]) -> None:
    """Bytes that are not what their header says; redirects without an end, and to nowhere."""
    with pytest.raises(Later):
        await send(Answer(302 if "Location" in headers else 200, b"not gzip", headers))


# What a success means that holds nothing of use

EMPTY = {
    "nothing": b"",
    "a page": b"<html>Sign in</html>",
    "cut off": b'{"id": "x1", "val',
    "not utf-8": b'{"id": "\xff"}',
    "null": b"null",
    "array": b"[]",
    "text": b'"x"',
    "object": b"{}",
}


@pytest.fixture
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is worth waiting for."""
    monkeypatch.setattr(module, "PATIENCE", 0.0)


def reads(mailbox: GraphMailbox) -> dict[str, Callable[[], Awaitable[object]]]:
    """The methods whose answer a stage decides by."""
    return {
        "inbox": lambda: drain(mailbox),
        "get": lambda: mailbox.get("m1"),
        "folder_of": lambda: mailbox.folder_of("m1"),
        "marked": lambda: mailbox.marked("0123-1"),
        "create_forward": lambda: mailbox.create_forward("m1", AP_MAILBOX),
        "draft": lambda: mailbox.draft("d1"),
        "attachments": lambda: mailbox.attachments("m1"),
        "move": lambda: mailbox.move("m1", "Posted"),
    }


async def drain(mailbox: GraphMailbox) -> list[object]:
    return [listed async for page in mailbox.inbox(None) for listed in page]


@pytest.mark.usefixtures("no_pause")
@pytest.mark.parametrize(
    "method", ["inbox", "get", "folder_of", "marked", "create_forward", "draft", "attachments", "move"]
)
async def test_a_success_without_its_content_is_no_finding_about_the_mail(method: str) -> None:
    """Taken at its word it would say: no such folder, nothing was sent, no attachments."""
    told: dict[str, str] = {}
    for name, body in EMPTY.items():
        async with mailbox_over(Answer(200, body)) as (mailbox, _):
            try:
                told[name] = repr(await reads(mailbox)[method]())
            except Exception as caught:  # noqa: BLE001  whatever it is, it is compared
                told[name] = type(caught).__name__
    assert told == dict.fromkeys(EMPTY, "Later")


@pytest.mark.usefixtures("no_pause")
async def test_half_a_surrogate_pair_in_a_subject_does_not_reach_the_app() -> None:
    body = json.dumps({**ANYTHING, "value": [{**ANYTHING, "subject": "Invoice \ud83e 1", "from": None}]}).encode()
    async with mailbox_over(Answer(200, body)) as (mailbox, _):
        (listed,) = [each async for page in mailbox.inbox(None) for each in page]
    assert listed.subject.encode() == b"Invoice ? 1"


@pytest.mark.usefixtures("no_pause")
async def test_a_listed_mail_may_lack_everything_but_its_id_and_time() -> None:
    sparse = {"id": "m1", "receivedDateTime": "2026-03-05T09:30:00.1234567Z", "from": {"emailAddress": None}}
    async with mailbox_over(json_answer({"value": [sparse]})) as (mailbox, _):
        (listed,) = [each async for page in mailbox.inbox(None) for each in page]
    assert (listed.id, listed.sender, listed.subject, listed.internet_message_id) == ("m1", "", "", "")


# How often it asks

BUSY = ["busy", "throttled", "broken off"]


@pytest.mark.parametrize(
    "answer", [Answer(503, b""), error(429, "x", Retry_After="0"), Answer(is_reset=True)], ids=BUSY
)
async def test_a_forward_and_a_send_are_asked_for_once(answer: Answer) -> None:
    async with mailbox_over(answer) as (mailbox, server):
        with pytest.raises(Later):
            await mailbox.create_forward("m1", AP_MAILBOX)
        assert len(server.asked) == 1
        with pytest.raises(Later):
            await mailbox.send("d1")
        assert [asked.target.rpartition("/")[2].lower() for asked in server.asked] == ["createforward", "send"]


async def test_a_read_is_repeated_while_the_mailbox_asks_for_a_moment() -> None:
    busy = error(503, "ErrorServerBusy", Retry_After="0")
    async with mailbox_over(busy, busy, json_answer({"value": []})) as (mailbox, server):
        assert await mailbox.marked("0123-1") == []
        assert len(server.asked) == 3


@pytest.mark.parametrize("answer", [error(503, "x", Retry_After="0"), Answer(504, b"")], ids=["asked for", "not said"])
async def test_a_read_is_given_up_after_a_few_tries(answer: Answer) -> None:
    async with mailbox_over(answer) as (mailbox, server):
        with pytest.raises(Later):
            await mailbox.marked("0123-1")
        assert len(server.asked) == module.ATTEMPTS


@pytest.mark.parametrize("answer", [*GONE.values(), *REFUSED.values()], ids=[*GONE, *REFUSED])
async def test_a_finding_is_not_asked_for_again(answer: Answer) -> None:
    async with mailbox_over(answer) as (mailbox, server):
        with pytest.raises((MailGone, MailRefused)):
            await mailbox.marked("0123-1")
        assert len(server.asked) == 1


@pytest.mark.parametrize("seconds", ["6", "179", "180", "3600"])
async def test_a_wait_beyond_the_patience_is_not_slept_through(seconds: str) -> None:
    began = time.monotonic()
    async with mailbox_over(error(429, "ApplicationThrottled", Retry_After=seconds)) as (mailbox, server):
        with pytest.raises(Later) as caught:
            await mailbox.marked("0123-1")
        assert len(server.asked) == 1
    assert caught.value.after == float(seconds)
    assert time.monotonic() - began < module.PATIENCE


async def test_a_wait_within_the_patience_is_kept() -> None:
    throttled = error(429, "ApplicationThrottled", Retry_After="1")
    began = time.monotonic()
    async with mailbox_over(throttled, json_answer({"value": []})) as (mailbox, _):
        await mailbox.marked("0123-1")
    assert time.monotonic() - began >= 1


async def test_no_more_requests_run_at_once_than_were_allowed() -> None:
    async with mailbox_over(Answer(200, b'{"value": []}', delay=0.05), concurrency=2) as (mailbox, server):
        await asyncio.gather(*(mailbox.marked(str(number)) for number in range(8)))
        assert len(server.asked) == 8
        assert server.most_at_once == 2


async def test_one_that_waits_for_a_moment_does_not_hold_up_the_others() -> None:
    throttled = error(429, "ApplicationThrottled", Retry_After="1")
    async with mailbox_over(throttled, json_answer({"value": []}), concurrency=1) as (mailbox, server):
        first = asyncio.create_task(mailbox.marked("1"))
        await asyncio.sleep(0.3)
        assert len(server.asked) == 1
        await mailbox.marked("2")
        assert not first.done()
        await first


# Where it goes, and what it takes along


async def test_every_request_asks_for_immutable_ids() -> None:
    async with mailbox_over(json_answer(ANYTHING)) as (mailbox, server):
        link = {**ANYTHING, "@odata.nextLink": f"{server.url}/v1.0/next?$skiptoken=1"}
        server.answers = [json_answer(link), json_answer(ANYTHING)]
        for read in reads(mailbox).values():
            await read()
        await mailbox.content("m1", ATTACHMENT)
        await mailbox.source("m1")
        await mailbox.write_draft("d1", CHANGES)
        server.answers = [json_answer(ANYTHING, 202)]
        await mailbox.send("d1")
        await mailbox.delete("d1")
        assert len(server.asked) >= 13
        assert {asked.method for asked in server.asked} == {"GET", "POST", "PATCH", "DELETE"}
        assert any(asked.target.startswith("/v1.0/next") for asked in server.asked)
        assert [asked.target for asked in server.asked if 'IdType="ImmutableId"' not in asked.headers["prefer"]] == []
        assert [asked.target for asked in server.asked if "//" in asked.target] == []


@pytest.mark.parametrize("to", ["", AP_MAILBOX])
async def test_a_draft_that_is_addressed_anew_goes_to_nobody_else(to: str) -> None:
    async with mailbox_over(json_answer(ANYTHING)) as (mailbox, server):
        await mailbox.write_draft("d1", replace(CHANGES, to=to))
        [asked] = server.asked
        written = {name: value for name, value in json.loads(asked.body).items() if name.endswith("Recipients")}
    alone = {"toRecipients": [{"emailAddress": {"address": to}}], "ccRecipients": [], "bccRecipients": []}
    assert written == (alone if to else {})


@pytest.mark.parametrize("link", ["http://{other}/v1.0/next", "//{other}/next", "/v1.0/next", "http://{own}@{other}/"])
async def test_a_link_to_another_host_is_not_followed(link: str) -> None:
    with ScriptedServer(json_answer({"value": []})) as other:
        async with mailbox_over() as (mailbox, server):
            hosts = {"other": other.url.removeprefix("http://"), "own": server.url.removeprefix("http://")}
            server.answers = [json_answer({"value": [], "@odata.nextLink": link.format(**hosts)})]
            with pytest.raises((Later, MailRefused)):
                await drain(mailbox)
            assert len(server.asked) == 1
        assert other.asked == []


class Credential:
    """Gives out one token to whoever asks."""

    def __init__(self) -> None:
        self.scopes: list[str] = []

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        self.scopes += scopes
        return AccessToken("the-token", int(time.time()) + 3600)


def identity(credential: Any, *hosts: str) -> AzureIdentityAuthenticationProvider:
    return AzureIdentityAuthenticationProvider(
        credential, scopes=["https://graph.microsoft.com/.default"], allowed_hosts=list(hosts)
    )


async def test_the_token_goes_to_the_host_that_it_is_for() -> None:
    credential = Credential()
    async with mailbox_over(Answer(202, b""), authentication=identity(credential, "127.0.0.1")) as (mailbox, server):
        await mailbox.send("d1")
        assert server.asked[0].headers["authorization"] == "Bearer the-token"
    assert set(credential.scopes) == {"https://graph.microsoft.com/.default"}


async def test_a_host_that_is_not_allowed_gets_no_token() -> None:
    credential = Credential()
    async with mailbox_over(Answer(401, b""), authentication=identity(credential, "graph.microsoft.com")) as (
        mailbox,
        server,
    ):
        with pytest.raises(Later):
            await mailbox.send("d1")
        assert "authorization" not in server.asked[0].headers
    assert credential.scopes == []


@pytest.mark.usefixtures("no_pause")
async def test_a_redirect_to_another_host_takes_no_token_along() -> None:
    with ScriptedServer(json_answer({"value": []})) as other:
        moved = Answer(307, b"", {"Location": f"{other.url}/elsewhere"})
        async with mailbox_over(moved, authentication=identity(Credential(), "127.0.0.1")) as (mailbox, _):
            with suppress(Later):
                await mailbox.marked("0123-1")
        assert [asked.headers.get("authorization") for asked in other.asked] in ([], [None])


class NoToken(Credential):
    """A credential that cannot get a token."""

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        raise ClientAuthenticationError("the secret reason")


async def test_a_credential_without_a_token_is_a_delay_and_its_reason_is_kept_to_itself() -> None:
    async with mailbox_over(authentication=identity(NoToken(), "127.0.0.1")) as (mailbox, server):
        with pytest.raises(Later, match="ClientAuthenticationError") as caught:
            await mailbox.send("d1")
        assert server.asked == []
    assert "secret" not in str(caught.value)
    assert caught.value.nothing_done


# No exception of the SDKs gets through


def family(root: type[Exception]) -> Iterator[type[Exception]]:
    """A class and all that derive from it, as far as they are loaded."""
    yield root
    for child in root.__subclasses__():
        yield from family(child)


class Raising(AuthenticationProvider):
    """Raises in the middle of a request, where the SDK's own code would."""

    def __init__(self, raised: Exception) -> None:
        self._raised = raised

    async def authenticate_request(
        self, request: RequestInformation, additional_authentication_context: dict[str, Any] | None = None
    ) -> None:
        raise self._raised


SDK_ERRORS = sorted({*family(httpx.HTTPError), *family(AzureError), *family(APIError)}, key=lambda c: c.__qualname__)


def test_the_families_of_errors_are_found() -> None:
    assert {httpx.ReadTimeout, httpx.ConnectError, ClientAuthenticationError, HttpResponseError} <= set(SDK_ERRORS)
    assert len(SDK_ERRORS) > 25


async def test_no_error_of_the_sdks_escapes_untranslated() -> None:
    escaped: dict[str, str] = {}
    for kind in SDK_ERRORS:
        raised = kind.__new__(kind)
        raised.args = ("made up",)
        async with graph_client("http://127.0.0.1:1/v1.0", authentication=Raising(raised)) as client:
            try:
                await _ask(client)
            except Later:
                continue
            except Exception as caught:  # noqa: BLE001  the point is which one
                escaped[kind.__qualname__] = type(caught).__qualname__
    assert escaped == {}


async def _ask(client: GraphClient) -> None:
    await client.change(Method.POST, client.user.messages.by_message_id("d1").send, repeat=False)
