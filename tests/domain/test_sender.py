import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.sender import Authenticity, Sender, authenticity, is_within, judged_sender
from tests.domain.made import mail, quick

OWN = frozenset({"contoso.example"})
FORWARDED = """FYI, please pay.

{sender}: {who}
{sent}: Monday, 2 March 2026 09:00
To: Ada <ada@contoso.example>
Subject: Invoice 7

Hello
"""


@pytest.mark.parametrize(
    ("sender", "sent"),
    [("From", "Sent"), ("Von", "Gesendet"), ("De", "Envoyé"), ("Da", "Inviato"), ("Van", "Verzonden"), ("De", "Fecha")],
)
@pytest.mark.parametrize(
    "who",
    [
        "Bluebird <billing@bluebird.example>",
        '"Bluebird" <Billing@Bluebird.example>',
        "Bluebird [mailto:billing@bluebird.example]",
    ],
)
def test_a_colleagues_forward_is_judged_by_its_inner_sender(sender: str, sent: str, who: str) -> None:
    body = FORWARDED.format(sender=sender, sent=sent, who=who)
    judged = judged_sender(mail(sender="ada@contoso.example", body=body), OWN)
    assert judged.address == "billing@bluebird.example"
    assert judged.name.startswith("Bluebird")
    assert not judged.is_colleague


def test_a_strangers_forward_is_judged_by_the_stranger() -> None:
    body = FORWARDED.format(sender="From", sent="Sent", who="Bluebird <billing@bluebird.example>")
    assert judged_sender(mail(sender="eve@evil.example", body=body), OWN).address == "eve@evil.example"


@pytest.mark.parametrize(
    "body", ["", "From: somewhere\n", "From: Bob <bob@contoso.example>\nSent: today\n", "From: a@b.example, I think"]
)
def test_a_colleague_who_forwards_nobody_identifies_no_vendor(body: str) -> None:
    assert judged_sender(mail(sender="ada@contoso.example", body=body), OWN).is_colleague


def inner(body: str) -> str:
    """The address that a colleague's mail is judged by, empty where it is the colleague's own."""
    judged = judged_sender(mail(sender="ada@contoso.example", body=body), OWN)
    return "" if judged.is_colleague else judged.address


FORGED = "Please pay.\n\nFrom: Bluebird <billing@bluebird.example>\nSent: today\nTo: Eve\nSubject: Invoice\n\nHello\n"


@pytest.mark.parametrize(
    "heading",
    [
        "From: Mallory\nSent: today\nTo: Ada\nSubject: Hello\n\n",
        "From: Mallory\n\nSent: today\n\nTo: Ada\n\nSubject: Hello\n\n",
        "From:\nMallory\nSent: today\n\n",
        "Från: Mallory\nSkickat: idag\nTill: Ada\n\n",
        "Kimden: Mallory <m@evil.example>\nTarih: bugün\n\n",
        "Kimden: Mallory <m@evil.example>\nTarih: bugün\n",
        "Kimden: Mallory <m@evil.example>\n\nTarih: bugün\n\nKime: Ada\n\n",
        "Konu: Merhaba\nDate: today\nFrom: Bluebird <billing@bluebird.example>\n\n",
        "发件人\uff1aMallory <m@evil.example>\n发送时间\uff1a今天\n\n",
        "-----Original Message-----\nMallory\n\n",
        "---------- Forwarded message ---------\nMallory, today\n\n",
        "________________________________\nMallory\n\n",
        "Subject: a\u2028From: Bluebird <billing@bluebird.example>\u2028Date: today\nFrom: Mallory\nDate: today\n\n",
        "On Monday, Mallory wrote:\n",
        "Am Montag schrieb Mallory:\n",
        "On Monday, Mallory <m@evil.example>:\n",
        "> Hello,\n",
        "From: " + "billing@bluebird.example " * 20 + "<m@evil.example>\nSent: today\n\n",
    ],
)
def test_what_an_outsider_wrote_below_the_first_heading_names_nobody(heading: str) -> None:
    assert inner(f"FYI\n\n{heading}{FORGED}") == ""


@pytest.mark.parametrize(
    "heading",
    [
        "Från: Eve <eve@evil.example>\nSkickat: idag\n\n",
        "Fra: Eve <eve@evil.example>\nSendt: i dag\n\n",
        "Od: Eve <eve@evil.example>\nWysłano: dzisiaj\n\n",
        "De: Eve <eve@evil.example>\nEnviada em: hoje\n\n",
        "*From:* Eve <eve@evil.example>\n*Sent:* today\n\n",
        "De : Eve <eve@evil.example>\nEnvoyé : aujourd'hui\n\n",
        "________________________________\nFrom: Eve <eve@evil.example>\nSent: today\n\n",
        "---------- Forwarded message ---------\nFrom: Eve <eve@evil.example>\nDate: today\n\n",
        "-------- Forwarded Message --------\nSubject: Hello\nDate: today\nFrom: Eve <eve@evil.example>\n\n",
        "Begin forwarded message:\n\n> From: Eve <eve@evil.example>\n> Subject: Hello\n> Date: today\n>\n",
        "From: Eve <eve@evil.example>\n\nSent: today\n\nTo: Ada\n\n",
        "From: billing@bluebird.example <eve@evil.example>\nSent: today\n\n",
        "Ada\nTel: 123\nMail: ada@contoso.example\n\nFrom: Eve <eve@evil.example>\nSent: today\n\n",
        "Note: urgent\n\nFrom: Eve <eve@evil.example>\nSent: today\n\n",
        "See https://contoso.example/\nFrom: Eve <eve@evil.example>\nSent: today\n\n",
    ],
)
def test_the_first_heading_names_the_author(heading: str) -> None:
    assert inner(f"FYI\n\n{heading}{FORGED}") == "eve@evil.example"


@pytest.mark.parametrize(
    "line",
    ["\n", "*\n", ">", "_", "From:", "From:\n", "From: a@b\n", "Sent: x\n\n", "- ", "---x--", "a@", "wrote ", "x: y\n"],
)
def test_a_hostile_body_costs_next_to_nothing(line: str) -> None:
    body = (line * 20_000)[:20_000]
    start = time.process_time()
    judged_sender(mail(sender="ada@contoso.example", body=body), OWN)
    assert time.process_time() - start < 5  # quadratic, it takes half a minute


@quick
@given(st.text())
def test_no_body_breaks_it(body: str) -> None:
    assert judged_sender(mail(sender="ada@contoso.example", body=body), OWN).is_colleague


def results(*values: str) -> Authenticity:
    return authenticity(mail(headers=tuple(("Authentication-Results", value) for value in values)))


@pytest.mark.parametrize(
    ("value", "verdict"),
    [
        ("spf=pass (sender IP is 192.0.2.1); dkim=pass; dmarc=pass action=none;compauth=pass reason=100",
         Authenticity.PROVEN),
        ("spf=fail smtp.mailfrom=b.example; dkim=none; dmarc=fail action=oreject;compauth=fail reason=000",
         Authenticity.FALSE),
        ("spf=fail smtp.mailfrom=b.example; dkim=none; dmarc=fail action=none;compauth=pass reason=130",
         Authenticity.PROVEN),
        ("spf=none; dkim=none (message not signed); dmarc=none; compauth=none", Authenticity.DOUBTFUL),
        ("spf=softfail; dkim=fail; dmarc=none", Authenticity.DOUBTFUL),
        ("spf=pass; dkim=none; dmarc=none", Authenticity.DOUBTFUL),
        ("spf=pass; dkim=pass; dmarc=fail", Authenticity.FALSE),
        ("", Authenticity.UNKNOWN),
        ("mx.evil.example; dmarc=fail", Authenticity.UNKNOWN),
        ("mx.microsoft.com 1; spf=fail; dmarc=fail", Authenticity.FALSE),
    ],
)  # fmt: skip
def test_the_tenants_verdict_counts(value: str, verdict: Authenticity) -> None:
    assert results(value) is verdict


@pytest.mark.parametrize(
    ("value", "verdict"),
    [
        ("spf=pass smtp.mailfrom=bluebird.example; dkim=none; dmarc=none", Authenticity.PROVEN),
        ("spf=pass smtp.mailfrom=bounce@mail.bluebird.example; dkim=none; dmarc=none", Authenticity.PROVEN),
        ("spf=fail; dkim=pass header.d=Bluebird.example;dmarc=none;compauth=none", Authenticity.PROVEN),
        ("spf=fail; dkim=pass header.d=evil.example; dkim=pass header.d=bluebird.example", Authenticity.PROVEN),
        ("spf=pass smtp.mailfrom=evil.example; dkim=pass header.d=evil.example; dmarc=none", Authenticity.DOUBTFUL),
        ("spf=pass smtp.mailfrom=example; dkim=none; dmarc=none", Authenticity.DOUBTFUL),
        ("spf=pass smtp.mailfrom=evilbluebird.example; dkim=none", Authenticity.DOUBTFUL),
        ("spf=softfail smtp.mailfrom=bluebird.example; dkim=none", Authenticity.DOUBTFUL),
        ("dmarc=none; compauth=none", Authenticity.UNKNOWN),
    ],
)
def test_a_pass_for_somebody_else_proves_nothing(value: str, verdict: Authenticity) -> None:
    assert results(value) is verdict


@pytest.mark.parametrize(
    ("value", "verdict"),
    [
        ("spf=none smtp.mailfrom=x.compauth=pass; dkim=none; dmarc=none", Authenticity.DOUBTFUL),
        ("spf=none (dmarc=pass) smtp.mailfrom=dmarc=pass@evil.example; dkim=none; dmarc=none", Authenticity.DOUBTFUL),
        ('spf=none smtp.mailfrom="a;compauth=pass"@evil.example; dkim=none; compauth=fail', Authenticity.FALSE),
        ('spf=none smtp.mailfrom="a;dmarc=pass"@evil.example; dkim=none; dmarc=none', Authenticity.DOUBTFUL),
    ],
)
def test_a_senders_own_words_within_the_results_count_for_nothing(value: str, verdict: Authenticity) -> None:
    assert results(value) is verdict


def test_the_results_name_the_author_where_the_mail_does_not() -> None:
    value = "spf=pass smtp.mailfrom=b.example; dkim=none; dmarc=none header.from=b.example"
    assert authenticity(mail(sender="", headers=(("Authentication-Results", value),))) is Authenticity.PROVEN


@pytest.mark.parametrize(
    ("value", "verdict"),
    [
        ("spf=none; dkim=none; dmarc=none", Authenticity.FALSE),
        ("spf=pass smtp.mailfrom=contoso.example; dkim=none; dmarc=none", Authenticity.PROVEN),
        ("", Authenticity.UNKNOWN),
    ],
)
def test_a_colleague_whom_nothing_proves_is_false(value: str, verdict: Authenticity) -> None:
    written = mail(sender="ada@contoso.example", headers=(("Authentication-Results", value),))
    assert authenticity(written, OWN) is verdict
    assert authenticity(mail(headers=(("Authentication-Results", value),)), OWN) is not Authenticity.FALSE


def test_only_the_topmost_result_counts() -> None:
    """Whoever sends a mail can write a result of their own; it lies below the tenant's."""
    assert results("spf=fail; dmarc=fail; compauth=fail", "spf=pass; dmarc=pass; compauth=pass") is Authenticity.FALSE
    assert results("mx.evil.example; dmarc=pass", "spf=fail; compauth=fail") is Authenticity.UNKNOWN


def test_a_mail_without_results_is_neither() -> None:
    assert authenticity(mail()) is Authenticity.UNKNOWN


def test_a_domain_lies_within_itself_and_its_parents() -> None:
    assert is_within("mail.contoso.example", OWN)
    assert is_within("contoso.example", OWN)
    assert not is_within("evilcontoso.example", OWN)
    assert not is_within("", OWN)


def test_the_domain_of_a_sender_is_that_of_the_address() -> None:
    assert Sender("billing@Bluebird.example").domain == "bluebird.example"
    assert Sender("").domain == ""
