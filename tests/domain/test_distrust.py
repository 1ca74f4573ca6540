from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from shared.adapters.suffixes import PublicSuffixes
from shared.domain.attachments import Danger, Harmful
from shared.domain.distrust import HOLD, WEIGHTS, Signal, Surroundings, Suspect, holds, new_ibans, signals
from shared.domain.facts import Document, Fact, Facts, Legibility
from shared.domain.mail import Mail
from shared.domain.reason import EXPLANATIONS, Reason
from shared.domain.sender import Sender
from shared.domain.vendor import Evidence, Match, Vendor
from tests.domain.made import attachment, mail

registered = PublicSuffixes().registered
IBAN, OTHER_IBAN = "DE89370400440532013000", "GB33BUKB20201555555555"
VENDOR = Vendor(
    vendor_name="Bluebird Ltd", email_domain=("bluebird.example", "blue.test"), vat_id="DE123456789", ibans=(IBAN,)
)
RIVAL = Vendor(vendor_name="Nordlicht GmbH", email_domain=("nordlicht.example",))
FORGED = (("Authentication-Results", "spf=fail; dkim=none; dmarc=fail; compauth=fail reason=001"),)
UNPROVEN = (("Authentication-Results", "spf=softfail; dkim=none; dmarc=none"),)


def suspect(*, vendor: Vendor | None = VENDOR, sender: Sender | None = None, **fields: Any) -> Suspect:
    message: Mail = fields.pop("mail", mail(sender="billing@bluebird.example"))
    match = Match((vendor.vendor_id,), "k", vendor, Evidence.VAT_ID) if vendor else Match()
    facts = fields.pop("facts", Facts())
    return Suspect(message, sender or Sender(message.sender, message.sender_name), facts, match, registered, **fields)


def from_(address: str, **fields: Any) -> Suspect:
    return suspect(mail=mail(sender=address), **fields)


def paid_to(*ibans: str) -> Facts:
    return Facts(ibans=tuple(Fact(iban, "invoice.pdf, page 1") for iban in ibans))


HALF_READ = replace(paid_to(IBAN), documents=(Document("a.pdf", Legibility.TEXT, ("IBAN",), is_partial=True),))


def by_name(address: str, *ibans: str) -> Suspect:
    """A vendor of whom nothing but its name is on the document, and no account is known."""
    vendor = VENDOR.model_copy(update={"ibans": ()})
    return replace(
        from_(address, vendor=vendor, facts=paid_to(*ibans)),
        match=Match((vendor.vendor_id,), "k", vendor, Evidence.NAME),
    )


def reasons(found: Suspect) -> set[Reason]:
    return {signal.reason for signal in signals(found)}


# What an honest vendor does


@pytest.mark.parametrize(
    "honest",
    [
        suspect(),
        suspect(facts=paid_to(IBAN)),
        from_("billing@mail.bluebird.example"),
        from_("billing@blue.test"),
        suspect(mail=mail(sender="billing@bluebird.example", reply_to=("ar@bluebird.example",))),
        suspect(mail=mail(sender="billing@bluebird.example", reply_to=("ar@mail.blue.test",))),
        suspect(mail=mail(sender="billing@bluebird.example", reply_to=("payments@stripe.com",))),
        suspect(mail=mail(sender="quickbooks@notification.intuit.com", reply_to=("joe@gmail.com",))),
        from_("quickbooks@notification.intuit.com", facts=paid_to(IBAN)),
        by_name("quickbooks@notification.intuit.com"),
        suspect(mail=mail(sender="ada@contoso.example"), sender=Sender("ada@contoso.example", is_colleague=True)),
        from_("joe@gmail.com", vendor=Vendor(vendor_name="Joe", ibans=(IBAN,)), facts=paid_to(IBAN)),
        suspect(facts=Facts(vat_id=Fact("GB123456789", "invoice.pdf, page 1"))),
        suspect(facts=paid_to("370400/0532013000")),
        suspect(facts=paid_to("532013000")),
        suspect(vendor=None, facts=paid_to(OTHER_IBAN)),
        suspect(vendor=VENDOR.model_copy(update={"ibans": ()}), facts=paid_to(OTHER_IBAN)),
        suspect(vendor=VENDOR.model_copy(update={"ibans": ("DE89 3704 0044 0532 0130 00",)}), facts=paid_to(IBAN)),
    ],
)
def test_an_honest_mail_raises_nothing(honest: Suspect) -> None:
    assert signals(honest) == ()


# What a fraud does


@pytest.mark.parametrize(
    ("fraud", "by"),
    [
        (suspect(mail=mail(sender="billing@bluebird.example", headers=FORGED)), {Reason.SENDER_FALSE}),
        (suspect(facts=paid_to(OTHER_IBAN)), {Reason.IBAN_CHANGED}),
        (suspect(facts=paid_to(IBAN, OTHER_IBAN)), {Reason.IBAN_CHANGED}),
        (
            suspect(mail=mail(sender="billing@bluebird.example", reply_to=("bluebird.ltd@gmail.com",))),
            {Reason.REPLY_TO_FREE_MAIL},
        ),
        (
            suspect(mail=mail(sender="b@bluebird.example", reply_to=("b@evil.example",), headers=UNPROVEN)),
            {Reason.REPLY_ELSEWHERE, Reason.SENDER_DOUBTFUL},
        ),
        (
            from_("billing@b1uebird.example", vendor=None, surroundings=Surroundings(looks_like="bluebird.example")),
            {Reason.LOOK_ALIKE_DOMAIN},
        ),
        (
            from_("bluebird@gmail.com", vendor=None, surroundings=Surroundings(displayed=VENDOR)),
            {Reason.NAME_FROM_ELSEWHERE},
        ),
        (from_("billing@evil.example"), {Reason.DOMAIN_FIRST_SEEN, Reason.IBAN_UNPROVEN}),
        (from_("joe@gmail.com", vendor=Vendor(vendor_name="Joe")), {Reason.IBAN_UNPROVEN}),
        (
            from_("joe@gmail.com", vendor=Vendor(vendor_name="Joe", email_domain=("gmail.com",)), facts=paid_to(IBAN)),
            {Reason.IBAN_UNPROVEN},
        ),
        (
            from_("joe@gmail.com", vendor=Vendor(vendor_name="Joe", ibans=(IBAN,)), facts=HALF_READ),
            {Reason.IBAN_UNPROVEN},
        ),
        (by_name("quickbooks@notification.intuit.com", OTHER_IBAN), {Reason.IBAN_UNPROVEN}),
        (
            from_("billing@evil.example", facts=Facts(ibans=(Fact(IBAN, "body"),))),
            {Reason.DOMAIN_FIRST_SEEN, Reason.IBAN_UNPROVEN},
        ),
        (
            suspect(
                mail=mail(attachment("bank.docx", "application/msword"), sender="billing@evil.example"),
                facts=paid_to(IBAN),
            ),
            {Reason.DOMAIN_FIRST_SEEN, Reason.IBAN_UNPROVEN},
        ),
        (suspect(facts=paid_to("200000/12345678")), {Reason.IBAN_CHANGED}),
        # the vendor's bank, and an account whose digits stand elsewhere in the vendor's IBAN
        (suspect(facts=paid_to("370400/44053201")), {Reason.IBAN_CHANGED}),
        (suspect(facts=paid_to("370400/00000000")), {Reason.IBAN_CHANGED}),
        (suspect(facts=Facts(vat_id=Fact("DE999999999", "invoice.pdf, page 1"))), {Reason.VAT_ID_DIFFERS}),
        (
            suspect(mail=mail(sender="b@bluebird.example", reply_to=("b@xero.com", "b@gmail.com"))),
            {Reason.REPLY_TO_FREE_MAIL},
        ),
        (
            suspect(mail=mail(sender="b@bluebird.example", reply_to=("b@b1uebird.example",))),
            {Reason.LOOK_ALIKE_DOMAIN},
        ),
        (
            suspect(
                mail=mail(sender="ada@contoso.example", headers=UNPROVEN),
                sender=Sender("b@bluebird.example"),
                own_domains=frozenset({"contoso.example"}),
            ),
            {Reason.SENDER_FALSE},
        ),
        (
            from_("b@nordlicht.example", surroundings=Surroundings(owner_ids=("nordlicht",)), facts=paid_to(IBAN)),
            {Reason.DOMAIN_FIRST_SEEN, Reason.DOMAIN_OF_ANOTHER},
        ),
        (
            suspect(facts=Facts(disagreements=("total 1.00 or 2.00",))),
            {Reason.DOCUMENTS_DISAGREE},
        ),
        (suspect(harmful=(Harmful("a.exe", Danger.PROGRAM),)), {Reason.DANGEROUS_ATTACHMENT}),
    ],
)
def test_a_fraud_is_held_for_what_it_does(fraud: Suspect, by: set[Reason]) -> None:
    assert reasons(fraud) == by
    assert holds(signals(fraud))


@pytest.mark.parametrize(
    ("odd", "by"),
    [
        (suspect(mail=mail(sender="billing@bluebird.example", headers=UNPROVEN)), {Reason.SENDER_DOUBTFUL}),
        (
            suspect(mail=mail(sender="billing@bluebird.example", reply_to=("ar@factoring.example",))),
            {Reason.REPLY_ELSEWHERE},
        ),
        (from_("billing@holding.test", facts=paid_to(IBAN)), {Reason.DOMAIN_FIRST_SEEN}),
    ],
)
def test_what_is_merely_odd_is_a_warning(odd: Suspect, by: set[Reason]) -> None:
    assert reasons(odd) == by
    assert not holds(signals(odd))


def test_a_colleague_does_not_vouch_for_the_sender_whose_mail_is_forwarded() -> None:
    inner = Sender("billing@evil.example", "Bluebird")
    assert Reason.DOMAIN_FIRST_SEEN in reasons(suspect(mail=mail(sender="ada@contoso.example"), sender=inner))


def test_a_forged_colleague_is_seen_through() -> None:
    forged = mail(sender="ada@contoso.example", headers=FORGED)
    assert reasons(suspect(mail=forged, sender=Sender("billing@bluebird.example"))) == {Reason.SENDER_FALSE}


def test_details_name_what_was_found() -> None:
    (signal,) = signals(suspect(facts=paid_to(OTHER_IBAN)))
    assert signal.detail == f"account {OTHER_IBAN} is none of Bluebird Ltd's known ones"


def test_every_reason_of_the_table_has_words() -> None:
    assert WEIGHTS.keys() <= EXPLANATIONS.keys()
    assert all(0 < weight <= HOLD for weight in WEIGHTS.values())


def test_weights_add_up() -> None:
    half: Iterable[Signal] = (Signal(Reason.SENDER_DOUBTFUL, ""), Signal(Reason.REPLY_ELSEWHERE, ""))
    assert holds(tuple(half))
    assert not holds((Signal(Reason.SENDER_DOUBTFUL, ""),))
    assert not holds(())


def test_new_accounts_are_those_that_the_vendor_is_not_known_to_have() -> None:
    assert new_ibans(paid_to(IBAN, OTHER_IBAN, OTHER_IBAN), VENDOR) == (OTHER_IBAN,)


def test_the_table_gives_the_order() -> None:
    found = signals(
        replace(
            suspect(facts=paid_to(OTHER_IBAN), harmful=(Harmful("a.html", Danger.HTML),)),
            surroundings=Surroundings(displayed=RIVAL),
        )
    )
    assert [signal.reason for signal in found] == [Reason.IBAN_CHANGED, Reason.DANGEROUS_ATTACHMENT]
