"""No mail, however it is made, crashes a stage, ends in poison, gets lost, or speaks where only we do."""

import asyncio
import base64
import logging
import os
import random
import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager, suppress
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from html.parser import HTMLParser
from pathlib import Path
from typing import cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from infrastructure.local.mailbox import MailboxServer
from infrastructure.local.samples.builders import (
    AP_MAILBOX,
    MAILBOX,
    make_encrypted_pdf,
    make_invoice_pdf,
    make_ubl_xml,
)
from shared.adapters.documents import Limits, SubprocessDocuments
from shared.adapters.graph_mailbox import GraphMailbox
from shared.domain.forward import summary_html
from shared.domain.mail import domain_of
from shared.domain.transaction import FOLDERS, RESTING, Status, Transaction
from tests.adapters.graph import graph_client
from tests.fakes import Clock, FakeMailbox
from tests.faults.test_model import SOAK
from tests.stages.world import Tuning, World

pytestmark = pytest.mark.timeout(900 * SOAK)

CORPUS = Path(__file__).resolve().parents[2].parent / "shared" / "corpus" / "mail"
QUICK = Limits(document_seconds=3.0, seconds=6.0, mails_per_child=200)

CANARY = "Kanarienvogel"  # stands in every text of a hostile mail, and never in a log
KNOWN = "bluebird-cloud.example"


class Site:
    """The stages over the real mailbox adapter, HTTP, mail files and document reader; storage is in memory."""

    def __init__(self, root: Path, mailbox: GraphMailbox, reader: SubprocessDocuments, runner: asyncio.Runner) -> None:
        self.home = root / MAILBOX
        self.ap = root / AP_MAILBOX / "Inbox"
        self._root = root
        self._mailbox = mailbox
        self._reader = reader
        self._runner = runner

    def take_in(self, mails: Sequence[bytes]) -> World:
        """Let the mails come to rest, and again when a person has added every vendor and waived all else."""
        for number, mime in enumerate(mails):
            self._drop(f"{number:05d}.eml", mime)
        mailbox = cast("FakeMailbox", self._mailbox)  # a world asks its stages' mailbox for no more than the port
        clock = Clock(datetime.now(UTC))
        world = World(Tuning(per_minute=100_000), clock=clock, mailbox=mailbox, documents=self._reader)
        self._runner.run(world.settle())
        for _ in range(2):
            self._runner.run(self._answer(world))
            self._runner.run(world.settle())
        return world

    async def _answer(self, world: World) -> None:
        rows = [world.ledger.row(key) for key in world.ledger.keys]
        for domain in {domain_of(row.sender) for row in rows} - {KNOWN}:
            with suppress(ValidationError):  # some are no domains
                await world.add(vendor_name=f"Vendor {domain}"[:200], email_domain=(domain,))
        for folder in (FOLDERS[Status.REVIEW], FOLDERS[Status.IGNORED]):
            for path in self.files(folder):
                path.rename(self.home / "Inbox" / path.name)

    def files(self, folder: str) -> list[Path]:
        return sorted((self.home / folder).glob("*.eml"))

    def clear(self) -> None:
        for path in self._root.rglob("*.eml"):
            path.unlink()

    def _drop(self, name: str, mime: bytes) -> None:
        path = self.home / "Inbox" / name
        path.write_bytes(mime)
        an_hour_ago = time.time() - 3600  # a file just written may still grow
        os.utime(path, (an_hour_ago, an_hour_ago))


@contextmanager
def site(server: MailboxServer, root: Path) -> Iterator[Site]:
    """One client and one reader for all mails of a test."""
    with asyncio.Runner() as runner:
        stack, reader = AsyncExitStack(), SubprocessDocuments(QUICK)
        client = runner.run(stack.enter_async_context(graph_client(server.graph_url)))
        stack.push_async_callback(reader.close)
        try:
            yield Site(root, GraphMailbox(client), reader, runner)
        finally:
            runner.run(stack.aclose())


# What has to hold for any mail


def check(site: Site, world: World, count: int, caplog: pytest.LogCaptureFixture) -> None:
    rows = [world.ledger.row(key) for key in world.ledger.keys]
    assert len(rows) == count
    assert [row.status for row in rows if not row.is_finished] == []
    filed = {folder: len(site.files(folder)) for folder in ("Inbox", *FOLDERS.values())}
    assert {folder: n for folder, n in filed.items() if n} == Counter(FOLDERS[row.status] for row in rows)
    check_cards(world, rows)
    check_ap(site, rows)
    check_log(rows, caplog)


def check_cards(world: World, rows: Sequence[Transaction]) -> None:
    cards = Counter(card.get("transactionId", "poison") for card in world.channel.cards)
    assert set(cards) <= {row.transaction_id for row in rows}
    for row in rows:
        whats = [event.what for event in world.ledger.history(row.key)]
        assert cards[row.transaction_id] == sum(what in RESTING - {Status.IGNORED} for what in whats)


def check_ap(site: Site, rows: Sequence[Transaction]) -> None:
    posted = {row.transaction_id: row for row in rows if row.status is Status.POSTED}
    mails = [BytesParser(policy=policy.default).parsebytes(path.read_bytes()) for path in site.ap.glob("*.eml")]
    markers = [str(mail["x-invoice-agent-transaction"]) for mail in mails]
    assert sorted(markers) == sorted(row.marker for row in posted.values())
    for mail, marker in zip(mails, markers, strict=True):
        assert isinstance(mail, EmailMessage)
        check_ap_mail(mail, posted[marker.partition("-")[0]])


def check_ap_mail(mail: EmailMessage, row: Transaction) -> None:
    subject = str(mail["Subject"])
    assert subject.endswith(f"[IA-{row.transaction_id[:12]}]")
    assert re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", subject) is None
    body = mail.get_body(("html",))
    assert body is not None
    page = str(body.get_content()).replace("\r\n", "\n")
    summary = summary_html(row)
    assert {tag.partition(" ")[0] for tag in re.findall(r"</?[^>]*", summary)} <= {"<div", "<b", "</b", "<br", "</div"}
    assert summary in page
    assert row.transaction_id in visible_text(page), "the summary is there, and nobody sees it"


def listen(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    for name in ("httpx", "httpcore"):  # as the app does
        caplog.set_level(logging.WARNING, name)


def check_log(rows: Sequence[Transaction], caplog: pytest.LogCaptureFixture) -> None:
    records = [record for record in caplog.records if record.levelno > logging.DEBUG]
    assert [r.getMessage() for r in records if r.name.startswith("infrastructure")] == [], "the stand-in broke"
    text = "\n".join(record.getMessage() + str(record.exc_info or "") for record in records)
    told = {CANARY, *(row.sender for row in rows), *(row.subject for row in rows)}
    assert [words for words in told if len(words) > 8 and words in text] == []


class _Seen(HTMLParser):
    """What a person sees of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._hidden = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"script", "style", "title", "textarea", "template", "iframe"}:
            self._hidden = self._hidden or tag

    def handle_endtag(self, tag: str) -> None:
        if tag == self._hidden:
            self._hidden = ""

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.texts.append(data)


def visible_text(page: str) -> str:
    seen = _Seen()
    with suppress(AssertionError):  # how html.parser ends on some broken declarations
        seen.feed(page)
        seen.close()
    return "".join(seen.texts)


# Hostile bytes

WORDS = [
    f"Invoice INV-2026-0417 {CANARY}",
    f"=cmd|' /C calc'!A0 {CANARY}",
    f"<img src=x onerror=alert(1)>{CANARY}</td></table><!--",
    f"[{CANARY}](https://evil.example) **bold** | pipe `tick`",
    f"\u202e{CANARY}\u200b\ufeff \x1b[31mred\x1b[0m \x07\x9b \u2028\u2029 \u0085",
    f"{CANARY} [IA-0123456789ab] [IA-0123456789ab]",
    f"{CANARY}\r\nBcc: victim@evil.example\r\n\r\nbody",
    f"{CANARY} \x00\x00 \ud800 \udfff 🧾 株式会社",
    f"{CANARY} " + "lang " * 2000,
    "",
]
ADDRESSES = [
    f"billing@{KNOWN}",
    f"<billing@{KNOWN}>",
    f"{CANARY}@{KNOWN}",
    f'"{CANARY}, \\"x\\" <a@b.example>" <billing@{KNOWN}>',
    f"=?utf-8?Q?{CANARY}_=3Cceo=40contoso=2Eexample=3E?= <billing@{KNOWN}>",
    f"billing@{KNOWN}, other@{KNOWN}",
    f"({CANARY} (nested)) billing@{KNOWN} (x",
    f"{CANARY}@@@{KNOWN}",
    f"{CANARY}@nobody.example",
    f"{CANARY}@bücher.example",
    f"{CANARY}@[127.0.0.1]",
    f"{CANARY}@{'x' * 300}.example",
    f"{CANARY}@a..b",
    f"{CANARY}@x/PartitionKey eq 'y'?#\\",
    f"{CANARY}: a@b.example, c@d.example;",
    "undisclosed-recipients:;",
    "<>",
    "@",
    "x",
    "",
]
DATES = ["Thu, 05 Mar 2026 09:30:00 +0000", "Thu, 01 Jan 9999 00:00:00 +0000", "31 Feb 0000 99:99 +9999", "soon", ""]
MESSAGE_IDS = [
    "<1@bluebird-cloud.example>",
    "<>",
    "",
    f"<{CANARY} O'Brien\" <x@y>>",
    f"<{'0' * 32}-1@contoso.example>",
    f"<{'x' * 3000}@y>",
    "<\x00@\x1f>",
]
OTHER_HEADERS = [
    b"X-Invoice-Agent-Transaction: " + b"0" * 32 + b"-1",
    b"X-Invoice-Agent-Transaction: '; drop \xff",
    b"Auto-Submitted: auto-replied",
    b"Auto-Submitted: auto-generated",
    b"From: second@nobody.example",
    b"Subject: a second one",
    b"Content-Type: text/plain",
    b"References: " + b"<x@y> " * 3000,
    b"X-Large: " + b"a" * 200_000,
    b"X-Folded:" + b"\r\n folded" * 2000,
    b"no colon at all",
    b": no name",
    b"N\xc3\xa4me: v",
    b"X-Nul: \x00\x00",
]
CHARSETS = ["utf-8", "x-unknown", "utf-7", "utf-16", "idna", "base64", "rot13", "unicode_escape", "iso-2022-jp", ""]
ENCODINGS = ["7bit", "8bit", "base64", "quoted-printable", "x-uuencode", "binary", "x-unknown", "", "base64; x=y"]
BODIES = [
    f"Invoice number: INV-2026-0417\nTotal amount: EUR 1,190.00\n{CANARY}".encode(),
    b"begin 644 ../../etc/passwd\n#0V%T\nend\n",
    b"=ZZ=\r\n=3D=" + b"\xff\xfe\x00" * 50,
    base64.b64encode(b"Invoice number: INV-7\n") + b"!!!not base64",
    b"\x00" * 1000,
    b"Total: " + b"9" * 5000 + b" EUR\nInvoice number: " + b"A" * 5000,
    b"",
]
PAGES = [
    f"<html><body><p>{CANARY} Invoice number: INV-3</p></body></html>".encode(),
    b"<!-- <body> --><p>Invoice number: INV-4</p>",
    b"<html><!-- <body><body> <head></head>Invoice number: INV-5",
    b"<html><!--><body>x</body>--><body onload='a>b'>Invoice number: INV-6</body></html>",
    b"<div><div><table>" * 500,
    b"<body " + b"a" * 5000 + b">Invoice number: INV-8",
    b"<![CDATA[ <body> ]]><!DOCTYPE [<!ENTITY a 'b'>]>&a;&#0;&#xD800;&#99999999;",
    b"<script>document.write('<b')</script><style>*{display:none}</style>Invoice number: INV-9",
    b"<base href='https://evil.example/'><meta http-equiv=refresh content='0;url=//evil.example'>",
]
NAMES = [
    f"{CANARY}.pdf",
    "../../etc/passwd.pdf",
    "C:\\Windows\\x.xml",
    "",
    ".pdf",
    "..",
    "a" * 300 + ".pdf",
    "株" * 200 + ".xml",
    "invoice.pdf\u202efdp.exe",
    "a\r\nContent-Type: text/html\r\n.pdf",
    "nul\x00.pdf",
    "same.pdf",
    "<b>.xml",
    "=?utf-8?B?////?=.pdf",
    "%s%n{0}.pdf",
]
DOCUMENTS = [
    make_invoice_pdf(),
    make_ubl_xml(),
    make_invoice_pdf()[:700],
    make_encrypted_pdf("secret"),
    b"",
    b"%PDF-1.7\n1 0 obj\n<</Type/Catalog/Pages 1 0 R>>\nendobj\ntrailer<</Root 1 0 R>>\n%%EOF",
    b"%PDF-" + b"(" * 20_000,
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    + b"".join(b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 12))
    + b"]><x>&a11;</x>",
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>',
    b"<Invoice>" * 30_000,
    b"<?xml version='1.0' encoding='x-unknown'?><a/>",
]
TYPES = ["application/pdf", "text/xml", "application/xml", "application/octet-stream", "text/html", "image/png"]
TYPES += ["message/rfc822", "message/delivery-status", "text/calendar", "application/ms-tnef", "x", "", "a/b/c; d"]


def _raw(words: str) -> bytes:
    """Bytes as a careless program writes them: halves of surrogate pairs, controls and all."""
    return words.encode("utf-8", "surrogatepass")


def _encoded(words: str, charset: str, kind: str) -> bytes:
    content = base64.b64encode(_raw(words)) if kind == "B" else b"".join(b"=%02X" % byte for byte in _raw(words))
    return b"=?%s?%s?%s?=" % (charset.encode(), kind.encode(), content)


def _line(words: str) -> bytes:
    """Header text that does not end its header; what ends one is tried as `OTHER_HEADERS`."""
    return _raw(words).replace(b"\r\n\r\n", b"\r\n ").replace(b"\r\nBcc", b"\r\n Bcc")


def some(choices: Sequence[str]) -> "st.SearchStrategy[bytes]":
    return st.sampled_from(choices).map(_line)


texts = st.one_of(
    some(WORDS),
    st.builds(_encoded, st.sampled_from(WORDS), st.sampled_from(CHARSETS), st.sampled_from(["B", "Q", "b", "X"])),
    st.text(max_size=40).map(lambda text: _line(text + CANARY)),
    st.binary(max_size=40).map(lambda data: data.replace(b"\n", b"").replace(b"\r", b"")),
)


@st.composite
def leaves(draw: st.DrawFn) -> bytes:
    """A part of text or HTML in some charset and encoding, fitting or not."""
    kind, body = draw(st.sampled_from([*(("plain", b) for b in BODIES), *(("html", page) for page in PAGES)]))
    charset, encoding = draw(st.sampled_from(CHARSETS)), draw(st.sampled_from(ENCODINGS))
    is_honest = encoding == "base64" and draw(st.booleans())
    content = base64.encodebytes(body) if is_honest else body
    head = f"Content-Type: text/{kind}; charset={charset}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
    return head.encode() + content


@st.composite
def attachments(draw: st.DrawFn) -> bytes:
    """A document with a hostile name and a type that may not be its own."""
    data = draw(st.one_of(st.sampled_from(DOCUMENTS), st.binary(max_size=200)))
    name, kind = draw(some(NAMES)).replace(b'"', b"'"), draw(st.sampled_from(TYPES)).encode()
    disposition = draw(st.sampled_from([b"attachment", b"inline", b"form-data", b""]))
    head = b'Content-Type: %s; name="%s"\r\nContent-Disposition: %s; filename="%s"\r\n' % (
        kind,
        name,
        disposition,
        name,
    )
    return head + b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(data)


def _multipart(kind: str, parts: Sequence[bytes], boundary: str, *, is_closed: bool) -> bytes:
    line = b"--" + boundary.encode()
    body = b"".join(line + b"\r\n" + part + b"\r\n" for part in parts)
    head = f'Content-Type: multipart/{kind}; boundary="{boundary}"\r\n\r\n'.encode()
    return head + body + (line + b"--\r\n" if is_closed else b"")


def _enclosed(part: bytes, levels: int, kind: str) -> bytes:
    for level in range(levels):
        if kind == "rfc822":
            part = b"Content-Type: message/rfc822\r\n\r\nSubject: level %d\r\nFrom: a@b.example\r\n" % level + part
        else:
            part = _multipart(kind, [part], f"b{level}", is_closed=True)
    return part


REPORT_PARTS = [
    b"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\nAction: failed\r\nStatus: 5.0.0\r\n",
    b"Content-Type: message/delivery-status\r\n\r\n\x00\xff: \xff\r\nAction\r\n\r\n\r\n",
    b"Content-Type: text/rfc822-headers\r\n\r\nMessage-ID: <" + b"0" * 32 + b"-1@contoso.example>\r\nSubject: \xff\r\n",
    b"Content-Type: text/calendar; method=REQUEST\r\n\r\nBEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:",
]
KINDS = [
    "mixed",
    "alternative",
    "related",
    "signed",
    'report; report-type="delivery-status"',
    "report",
    "x-unknown",
    "",
]
parts = st.one_of(leaves(), attachments(), st.sampled_from(REPORT_PARTS))


@st.composite
def contents(draw: st.DrawFn) -> bytes:
    """The part of a mail from Content-Type on."""
    inner = _multipart(
        draw(st.sampled_from(KINDS)),
        draw(st.lists(parts, max_size=5)),
        draw(st.sampled_from(["b", "=_b?'x", "-", "b" * 200, " ", ""])),
        is_closed=draw(st.booleans()),
    )
    part = draw(st.one_of(st.just(inner), leaves(), attachments()))
    return _enclosed(part, draw(st.sampled_from([0, 0, 0, 1, 3, 60])), draw(st.sampled_from(["mixed", "rfc822"])))


@st.composite
def hostile_mails(draw: st.DrawFn) -> bytes:
    """One mail; headers may be missing, come twice, or be no headers."""
    lines = [
        b"From: " + draw(some([f"billing@{KNOWN}", *ADDRESSES])),
        b"To: " + draw(some([MAILBOX, *ADDRESSES])),
        b"Subject: " + draw(texts),
        b"Date: " + draw(some(DATES)),
        b"Message-ID: " + draw(some(MESSAGE_IDS)),
    ]
    kept = [line for line in lines if draw(st.integers(0, 9)) or line.startswith(b"From")]
    others = draw(st.lists(st.sampled_from(OTHER_HEADERS), max_size=2))
    newline = draw(st.sampled_from([b"\r\n", b"\r\n", b"\n", b"\r"]))
    mime = b"\r\n".join([*kept, *others, b"MIME-Version: 1.0", b""]) + draw(contents())
    return mime if newline == b"\r\n" else mime.replace(b"\r\n", newline)


# Hypothesis writes down what it hands in, in case it fails; a mail may be large.
@pytest.mark.filterwarnings("ignore:Generating overly large repr")
def test_no_mail_made_with_malice_gets_in_the_way(
    local_mailbox: MailboxServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    listen(caplog)
    with site(local_mailbox, tmp_path / "mails") as here:

        @settings(
            max_examples=80 * SOAK,
            deadline=None,
            derandomize=SOAK == 1,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(st.lists(hostile_mails(), min_size=3, max_size=8))
        def survive(mails: list[bytes]) -> None:
            caplog.clear()
            try:
                check(here, here.take_in(mails), len(mails), caplog)
            finally:
                here.clear()

        survive()


# Real mails, and what is left of them when they are damaged

BATCH = 25


def damaged(mime: bytes, chance: random.Random) -> bytes:
    """The mail cut short, with other bytes in places, or with its boundaries broken."""
    match chance.randrange(4):
        case 0:
            return mime[: chance.randrange(1, len(mime))]
        case 1:
            return _with_other_bytes(mime, chance, len(mime))
        case 2:
            return _with_other_bytes(mime, chance, min(len(mime), 600))  # the headers
        case _:
            places = [found.start() for found in re.finditer(rb"^--", mime, re.MULTILINE)]
            at = chance.choice(places) if places else 0
            return mime[:at] + bytes(chance.choices(b"-= \r\n\x00b", k=3)) + mime[at + 3 :]


def _with_other_bytes(mime: bytes, chance: random.Random, until: int) -> bytes:
    changed = bytearray(mime)
    for _ in range(chance.randrange(1, 30)):
        changed[chance.randrange(until)] = chance.randrange(256)
    return bytes(changed)


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of real mails does not lie beside the checkout")
def test_no_real_mail_gets_in_the_way_whole_or_damaged(
    local_mailbox: MailboxServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    listen(caplog)
    chance = random.Random(20260305)  # noqa: S311 - to be the same in every run
    mails = [path.read_bytes() for path in sorted(CORPUS.glob("*.eml"))]
    mails += [damaged(mime, chance) for mime in mails for _ in range(SOAK)]
    with site(local_mailbox, tmp_path / "mails") as here:
        for start in range(0, len(mails), BATCH):
            batch = mails[start : start + BATCH]
            caplog.clear()
            check(here, here.take_in(batch), len(batch), caplog)
            here.clear()
