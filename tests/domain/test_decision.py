from dataclasses import replace
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.decision import (
    Decision,
    Findings,
    Origin,
    claimed_transaction,
    decide,
    is_delivery_report,
)
from shared.domain.distrust import Signal
from shared.domain.facts import Document, Fact, Facts, Legibility
from shared.domain.mail import Mail
from shared.domain.reason import Reason
from shared.domain.report import DeliveryReport
from shared.domain.transaction import RESTING, Status
from shared.domain.vendor import Evidence, Match
from tests.domain.made import MAILBOX, TRANSACTION, attachment, mail, quick

PDF = attachment()
LOGO = attachment("logo.png", "image/png")
CERTAIN = Match(("bluebird",), "domain:bluebird.example", evidence=Evidence.SENDER)
AMBIGUOUS = Match(("bluebird", "bluebird-2"), "domain:bluebird.example")
NUMBERED = Facts(invoice_number=Fact("INV-7", "subject"))

BOUNCE = (("Content-Type", 'multipart/report; report-type="delivery-status"; boundary=x'),)
RECEIPT = (("Content-Type", "multipart/report; report-type=disposition-notification"),)
AUTO_REPLY = (("Auto-Submitted", "auto-replied (vacation)"),)
AUTO_GENERATED = (("Auto-Submitted", "auto-generated"), ("Precedence", "bulk"), ("X-Auto-Response-Suppress", "All"))
FAILED = DeliveryReport(failed=True, message_ids=(), text="")
DELAYED = replace(FAILED, failed=False)


def read(*legibilities: Legibility) -> Facts:
    return Facts(documents=tuple(Document("invoice.pdf", legibility) for legibility in legibilities))


def good(**changes: Any) -> Findings:
    return replace(Findings(mail(PDF), match=CERTAIN), **changes)


headers = st.sampled_from([(), BOUNCE, RECEIPT, AUTO_REPLY, AUTO_GENERATED])
mails = st.builds(
    lambda attachments, headers, is_event: mail(*attachments, headers=headers, is_event=is_event),
    st.sampled_from([(), (PDF,), (LOGO,), (LOGO, PDF)]),
    headers,
    st.booleans(),
)
findings = st.builds(
    Findings,
    mail=mails,
    facts=st.builds(
        Facts,
        invoice_number=st.none() | st.just(Fact("INV-7", "subject")),
        documents=st.lists(st.builds(Document, st.just("a.pdf"), st.sampled_from(Legibility)), max_size=3).map(tuple),
    ),
    match=st.sampled_from([Match(), CERTAIN, AMBIGUOUS]),
    origin=st.sampled_from(Origin),
    report=st.sampled_from([None, FAILED, DELAYED]),
    bounced=st.sampled_from(["", TRANSACTION]),
    duplicate_of=st.sampled_from(["", TRANSACTION]),
    repeats=st.integers(0, 40),
    repeat_limit=st.just(20),
    answered=st.frozensets(st.sampled_from(Reason)),
)


@quick
@given(findings)
def test_every_mail_gets_one_decision_and_always_the_same(any_findings: Findings) -> None:
    decision = decide(any_findings)
    assert decision == decide(replace(any_findings))
    assert decision.status in {Status.ENRICHED, Status.PARKED, Status.REVIEW, Status.IGNORED}
    assert bool(decision.reasons) == (decision.status in RESTING)


@quick
@given(findings)
def test_a_mail_with_a_document_is_never_ignored_unless_it_is_known_to_be_ours(any_findings: Findings) -> None:
    if any_findings.mail.documents and any_findings.origin is not Origin.OURS:
        assert decide(any_findings).status is not Status.IGNORED


@quick
@given(findings)
def test_nothing_is_posted_without_a_certain_vendor(any_findings: Findings) -> None:
    if decide(any_findings).status is Status.ENRICHED:
        assert any_findings.match.is_certain


@quick
@given(findings)
def test_nothing_is_posted_with_a_reason_that_nobody_answered(any_findings: Findings) -> None:
    decision = decide(any_findings)
    if decision.status is not Status.ENRICHED:
        return
    answered = any_findings.answered
    assert not any_findings.duplicate_of or Reason.DUPLICATE in answered
    assert any_findings.origin is not Origin.FORGED or Reason.MARKER_UNKNOWN in answered
    assert any_findings.repeats <= any_findings.repeat_limit or Reason.REPEATED in answered
    assert any_findings.mail.documents or any_findings.facts.invoice_number or answered


@quick
@given(findings)
def test_an_answered_reason_never_stops_a_mail_again_unless_it_is_the_vendor(any_findings: Findings) -> None:
    decision = decide(any_findings)
    assert not any_findings.answered.intersection(decision.reasons) - {
        Reason.VENDOR_UNKNOWN,
        Reason.VENDOR_AMBIGUOUS,
    }


@quick
@given(findings)
def test_answering_every_reason_lets_a_mail_with_a_certain_vendor_pass(any_findings: Findings) -> None:
    assert decide(replace(any_findings, match=CERTAIN, answered=frozenset(Reason))).status is Status.ENRICHED


def test_a_good_mail_is_posted_without_a_word() -> None:
    total = Facts(total=Fact(Decimal("11.90"), "invoice.pdf, page 1"))
    assert decide(good(facts=total)) == Decision(Status.ENRICHED)


def test_a_total_that_was_not_read_is_a_warning() -> None:
    assert decide(good()) == Decision(Status.ENRICHED, warnings=("the total was not read",))


def test_an_invoice_number_in_the_mail_does_for_a_document() -> None:
    assert decide(good(mail=mail(), facts=NUMBERED)).status is Status.ENRICHED


# Everything is wrong with the first; each one behind it lacks what stopped the one before.
_ALL = Findings(
    mail(headers=AUTO_REPLY),
    facts=replace(NUMBERED, documents=(Document("a.pdf", Legibility.UNREADABLE),)),
    repeats=21,
    duplicate_of=TRANSACTION,
)
_NOT_IGNORED = replace(_ALL, mail=mail(PDF, headers=AUTO_REPLY))
_NO_FLOOD = replace(_NOT_IGNORED, repeats=1)
_WITH_VENDOR = replace(_NO_FLOOD, match=CERTAIN)
_WITHOUT_RISK = replace(_WITH_VENDOR, facts=NUMBERED)
_NO_DUPLICATE = replace(_WITHOUT_RISK, duplicate_of="")


@pytest.mark.parametrize(
    ("step", "status", "reasons"),
    [
        pytest.param(_ALL, Status.IGNORED, (Reason.AUTO_REPLY,), id="ignore"),
        pytest.param(_NOT_IGNORED, Status.REVIEW, (Reason.REPEATED,), id="flood"),
        pytest.param(_NO_FLOOD, Status.PARKED, (Reason.VENDOR_UNKNOWN,), id="vendor"),
        pytest.param(_WITH_VENDOR, Status.REVIEW, (Reason.DOCUMENT_UNREADABLE,), id="risk"),
        pytest.param(_WITHOUT_RISK, Status.REVIEW, (Reason.DUPLICATE,), id="duplicate"),
        pytest.param(_NO_DUPLICATE, Status.ENRICHED, (), id="post"),
    ],
)
def test_the_order_is_ignore_flood_vendor_risk_duplicate_post(
    step: Findings, status: Status, reasons: tuple[Reason, ...]
) -> None:
    decision = decide(step)
    assert (decision.status, decision.reasons) == (status, reasons)


@pytest.mark.parametrize(
    ("findings_", "reason"),
    [
        pytest.param(good(mail=mail(headers=AUTO_REPLY)), Reason.AUTO_REPLY, id="automatic reply"),
        pytest.param(good(mail=mail(is_event=True)), Reason.CALENDAR, id="calendar"),
        pytest.param(good(mail=mail(headers=RECEIPT)), Reason.READ_RECEIPT, id="read receipt"),
        pytest.param(good(mail=mail(headers=BOUNCE), report=DELAYED), Reason.DELIVERY_REPORT, id="delayed"),
        pytest.param(
            good(mail=mail(headers=BOUNCE), report=FAILED, bounced=TRANSACTION), Reason.DELIVERY_REPORT, id="bounce"
        ),
        pytest.param(good(mail=mail(), origin=Origin.FORGED), Reason.OWN_FORWARD, id="marker without a document"),
        pytest.param(good(mail=mail(), origin=Origin.OURS), Reason.OWN_FORWARD, id="our own"),
        pytest.param(good(origin=Origin.OURS), Reason.OWN_FORWARD, id="our own with its document"),
    ],
)
def test_what_nobody_has_to_pay_is_ignored(findings_: Findings, reason: Reason) -> None:
    assert decide(findings_) == Decision(Status.IGNORED, (reason,))


@pytest.mark.parametrize(
    ("findings_", "reason"),
    [
        pytest.param(good(mail=mail()), Reason.NO_INVOICE, id="nothing in it"),
        pytest.param(good(match=AMBIGUOUS), Reason.VENDOR_AMBIGUOUS, id="two vendors"),
        pytest.param(good(origin=Origin.FORGED), Reason.MARKER_UNKNOWN, id="a marker that is not ours"),
        pytest.param(good(facts=read(Legibility.UNREADABLE)), Reason.DOCUMENT_UNREADABLE, id="unreadable"),
        pytest.param(
            good(facts=read(Legibility.TEXT, Legibility.UNREADABLE)), Reason.DOCUMENT_UNREADABLE, id="one unreadable"
        ),
        pytest.param(good(repeats=21), Reason.REPEATED, id="over the limit"),
        pytest.param(good(duplicate_of=TRANSACTION), Reason.DUPLICATE, id="duplicate"),
        pytest.param(good(mail=mail(headers=BOUNCE), report=FAILED), Reason.BOUNCE_UNMATCHED, id="whose bounce"),
        pytest.param(good(mail=mail(headers=BOUNCE), report=None), Reason.BOUNCE_UNMATCHED, id="unreadable bounce"),
    ],
)
def test_what_a_person_has_to_see_goes_to_review(findings_: Findings, reason: Reason) -> None:
    decision = decide(findings_)
    assert (decision.status, decision.reasons, decision.is_announced) == (Status.REVIEW, (reason,), True)


def test_a_document_that_cannot_be_read_is_named() -> None:
    assert decide(good(facts=read(Legibility.UNREADABLE))).warnings == (
        "invoice.pdf cannot be read: damaged, or under a password",
    )


FALSE = Signal(Reason.SENDER_FALSE, "b@bluebird.example fails sender authentication")
ODD = Signal(Reason.SENDER_DOUBTFUL, "nothing proves it; or not")


def test_distrust_holds_and_is_told_with_every_other_reason() -> None:
    held = decide(good(signals=(FALSE, ODD), duplicate_of=TRANSACTION))
    assert (held.status, held.reasons) == (Status.REVIEW, (Reason.SENDER_FALSE, Reason.SENDER_DOUBTFUL))
    with_unread = decide(good(signals=(FALSE,), facts=read(Legibility.UNREADABLE)))
    assert with_unread.reasons == (Reason.DOCUMENT_UNREADABLE, Reason.SENDER_FALSE)


def test_nobody_is_asked_to_add_the_vendor_of_a_fraud() -> None:
    unknown = good(match=Match(), signals=(FALSE,))
    assert decide(unknown).reasons == (Reason.SENDER_FALSE,)
    assert decide(unknown).status is Status.REVIEW
    answered = decide(replace(unknown, answered=frozenset({Reason.SENDER_FALSE})))
    assert (answered.status, answered.reasons) == (Status.PARKED, (Reason.VENDOR_UNKNOWN,))


def test_what_is_merely_odd_is_a_warning_that_fits_its_column() -> None:
    decision = decide(good(signals=(ODD,)))
    assert decision.status is Status.ENRICHED
    assert decision.warnings[0] == "nothing proves it, or not"


def test_ap_is_told_what_a_person_released() -> None:
    decision = decide(good(signals=(FALSE,), answered=frozenset({Reason.SENDER_FALSE})))
    assert decision.status is Status.ENRICHED
    assert decision.warnings[0] == f"{FALSE.detail} (released by a person)"


def test_ap_is_told_of_a_second_invoice_in_the_mail() -> None:
    both = replace(NUMBERED, numbers=(Fact("INV-7", "a.pdf"), Fact("INV-8", "b.pdf")))
    assert "it holds several invoices: INV-7, INV-8" in decide(good(facts=both)).warnings


@pytest.mark.parametrize("headers_", [AUTO_GENERATED, BOUNCE, RECEIPT, AUTO_REPLY])
def test_a_mail_that_a_system_sent_is_posted_for_its_document(headers_: tuple[tuple[str, str], ...]) -> None:
    assert decide(good(mail=mail(PDF, headers=headers_))).status is Status.ENRICHED


@pytest.mark.parametrize(("legibility", "word"), [(Legibility.SCAN, "scan"), (Legibility.TOO_LARGE, "too large")])
def test_a_document_that_could_not_be_read_is_a_warning(legibility: Legibility, word: str) -> None:
    decision = decide(good(facts=read(legibility, Legibility.TEXT)))
    assert decision.status is Status.ENRICHED
    assert [word in warning for warning in decision.warnings] == [True, False]


def test_a_scan_whose_sender_is_not_certain_goes_to_review() -> None:
    """The vendor was found by a name in the mail's text alone, which anybody can write."""
    by_name = replace(CERTAIN, key="name:bluebird", evidence=Evidence.NAME)
    scanned = good(mail=mail(PDF, sender="someone@gmail.com"), match=by_name, facts=read(Legibility.SCAN))
    assert decide(scanned).status is Status.REVIEW


def test_a_warning_fits_the_column_that_joins_them() -> None:
    decision = decide(good(facts=read(*Legibility), answered=frozenset(Reason)))
    assert len(decision.warnings) == 4
    assert not any(";" in warning for warning in decision.warnings)


@pytest.mark.parametrize(("repeats", "is_announced"), [(21, True), (22, False), (500, False)])
def test_a_mail_that_comes_again_and_again_is_announced_once(repeats: int, *, is_announced: bool) -> None:
    decision = decide(good(repeats=repeats))
    assert decision.reasons == (Reason.REPEATED,)
    assert decision.is_announced is is_announced


@pytest.mark.parametrize(
    "flood",
    [
        pytest.param(good(mail=mail(), repeats=500), id="a mail loop without documents"),
        pytest.param(good(match=Match(), repeats=500), id="an unknown vendor"),
        pytest.param(good(match=AMBIGUOUS, repeats=500), id="an ambiguous vendor"),
    ],
)
def test_a_flood_is_not_announced_mail_by_mail_whatever_stops_it(flood: Findings) -> None:
    assert not decide(flood).is_announced


def test_a_limit_of_repeats_is_still_fine() -> None:
    assert decide(good(repeats=20)).status is Status.ENRICHED


@pytest.mark.parametrize(
    ("message_id", "marker", "expected"),
    [
        ("", f"{TRANSACTION}-1", TRANSACTION),
        ("", f" {TRANSACTION.upper()}-2 ", TRANSACTION),
        (f"<{TRANSACTION}-1@contoso.example>", "", TRANSACTION),
        (f"<{TRANSACTION}-1@elsewhere.example>", "", ""),
        ("", TRANSACTION, ""),
        ("", f"{TRANSACTION}-1 and more", ""),
        ("<1@bluebird.example>", "", ""),
    ],
)
def test_a_mail_claims_to_be_ours_by_marker_or_message_id(message_id: str, marker: str, expected: str) -> None:
    claims = mail(headers=(("X-Invoice-Agent-Transaction", marker),), internet_message_id=message_id)
    assert claimed_transaction(claims, MAILBOX) == expected


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("multipart/report; report-type=delivery-status; boundary=x", True),
        ('Multipart/Report; boundary=x; Report-Type="delivery-status"', True),
        ("multipart/report; boundary=x", True),
        ("multipart/report; report-type=feedback-report", True),
        ("multipart/report; report-type=disposition-notification", False),
        ("multipart/mixed; boundary=report-type=delivery-status", False),
        ("", False),
    ],
)
def test_a_delivery_report_is_told_by_its_content_type(content_type: str, *, expected: bool) -> None:
    assert is_delivery_report(mail(headers=(("Content-Type", content_type),))) is expected


@pytest.mark.parametrize(("origin", "attachments"), list(product(Origin, [(), (PDF,)])))
def test_a_person_who_puts_an_ignored_mail_back_gets_it_past_the_ignore_rule(
    origin: Origin, attachments: tuple[Any, ...]
) -> None:
    returned: Mail = mail(*attachments, headers=AUTO_REPLY)
    answered = frozenset({Reason.OWN_FORWARD, Reason.AUTO_REPLY})
    assert decide(good(mail=returned, origin=origin, answered=answered)).status is not Status.IGNORED
