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
        ("spf=pass; dkim=none; dmarc=none", Authenticity.UNKNOWN),
        ("spf=pass; dkim=pass; dmarc=fail", Authenticity.FALSE),
        ("", Authenticity.UNKNOWN),
        ("mx.evil.example; dmarc=fail", Authenticity.UNKNOWN),
        ("mx.microsoft.com 1; spf=fail; dmarc=fail", Authenticity.FALSE),
    ],
)  # fmt: skip
def test_the_tenants_verdict_counts(value: str, verdict: Authenticity) -> None:
    assert results(value) is verdict


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
