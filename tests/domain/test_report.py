import pytest

from shared.domain.report import DeliveryReport, is_believed
from tests.domain.made import mail

OWN = frozenset({"contoso.example"})
AP = "ap@fabrikam.example"
PASSED = "spf=pass smtp.helo=mx.fabrikam.example; dkim=none; dmarc=pass action=none header.from=fabrikam.example"
FAILED = "spf=fail smtp.mailfrom=evil.example; dkim=none; dmarc=fail action=none header.from=fabrikam.example"
NOTHING = "spf=none (sender IP is 192.0.2.1) smtp.helo=mx.evil.example; dkim=none; dmarc=none header.from=x.example"
EXCHANGE = "microsoftexchange329e71ec88ae4615bbc36ab6ce41109e@contoso.example"


def believed(
    sender: str, results: str = "", *, recipient: str = AP, named: tuple[str, ...] = (AP,), vendor: str = "b@b.example"
) -> bool:
    headers = (("Authentication-Results", results),) if results else ()
    report = DeliveryReport(failed=True, message_ids=(), text="", recipients=named)
    written = mail(sender=sender, headers=headers)
    return is_believed(report, written, recipient=recipient, vendor=vendor, own_domains=OWN)


@pytest.mark.parametrize(
    ("sender", "results"),
    [
        (EXCHANGE, ""),
        ("postmaster@contoso.example", ""),
        ("postmaster@mail.contoso.example", ""),
        (
            "postmaster@contoso.example",
            "spf=pass smtp.mailfrom=contoso.example; dmarc=pass header.from=contoso.example",
        ),
        ("mailer-daemon@fabrikam.example", PASSED),
    ],
)
def test_a_server_that_can_know_is_believed(sender: str, results: str) -> None:
    assert believed(sender, results)


@pytest.mark.parametrize(
    ("sender", "results"),
    [
        ("", ""),
        ("postmaster", ""),
        ("postmaster@evil.example", ""),
        ("postmaster@evil.example", "spf=pass smtp.mailfrom=evil.example; dmarc=pass header.from=evil.example"),
        ("postmaster@contoso.example.evil.example", ""),
        ("postmaster@b.example", ""),
        ("postmaster@fabrikam.example", FAILED),
        ("postmaster@fabrikam.example", NOTHING),
        (EXCHANGE, FAILED),
        (EXCHANGE, NOTHING),
    ],
)
def test_anybody_else_is_not(sender: str, results: str) -> None:
    assert not believed(sender, results)


@pytest.mark.parametrize("named", [(), ("member@fabrikam.example",), ("invoices@contoso.example",)])
def test_a_report_that_does_not_name_our_recipient_is_not_believed(named: tuple[str, ...]) -> None:
    assert not believed(EXCHANGE, named=named)


def test_one_recipient_of_several_is_enough() -> None:
    assert believed(EXCHANGE, named=("member@fabrikam.example", AP))


def test_a_forward_that_went_to_nobody_did_not_bounce() -> None:
    assert not believed(EXCHANGE, recipient="", named=("",))


@pytest.mark.parametrize("vendor", ["billing@fabrikam.example", "billing@sales.fabrikam.example"])
def test_a_vendor_has_no_say_about_its_own_mail(vendor: str) -> None:
    assert not believed("postmaster@fabrikam.example", vendor=vendor)
    assert believed(EXCHANGE, vendor=vendor)
    assert believed("postmaster@fabrikam.example", vendor="ada@contoso.example")


@pytest.mark.parametrize("recipient", ["contoso@gmail.com", "bills@post.xero.com"])
def test_a_domain_that_strangers_share_proves_nothing(recipient: str) -> None:
    assert not believed(recipient, recipient=recipient, named=(recipient,))
    assert believed(EXCHANGE, recipient=recipient, named=(recipient,))
