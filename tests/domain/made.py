"""Values that the domain tests start from: mails, rows, and every valid row that hypothesis can think of."""

from dataclasses import fields
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree as ET

from hypothesis import settings
from hypothesis import strategies as st

from shared.domain.facts import Fact, Facts
from shared.domain.mail import INBOX, Attachment, AttachmentKind, Listed, Mail
from shared.domain.markup import Element
from shared.domain.reason import Reason
from shared.domain.transaction import Filing, Notice, Status, Transaction

NOW = datetime(2026, 3, 5, 9, 30, tzinfo=UTC)
MAILBOX = "invoices@contoso.example"
TRANSACTION = "0123456789abcdef0123456789abcdef"

quick = settings(max_examples=80, deadline=None)


def row(status: Status = Status.RECEIVED, **fields: Any) -> Transaction:
    """A ledger row; fields by their names."""
    given = {
        "partition": "202603",
        "transaction_id": TRANSACTION,
        "mail_id": "AAMkAG-1",
        "received_at": NOW,
        "admitted_at": NOW,
        "updated_at": NOW,
        **fields,
    }
    return Transaction(status=status, **given)


def listed(**fields: Any) -> Listed:
    given: dict[str, Any] = {
        "id": "AAMkAG-1",
        "internet_message_id": "<1@bluebird.example>",
        "received_at": NOW,
        "sender": "billing@bluebird.example",
        "subject": "Invoice 7",
        **fields,
    }
    return Listed(**given)


def mail(*attachments: Attachment, headers: tuple[tuple[str, str], ...] = (), **fields: Any) -> Mail:
    given: dict[str, Any] = {
        "id": "AAMkAG-1",
        "folder": INBOX,
        "internet_message_id": "<1@bluebird.example>",
        "received_at": NOW,
        "sender": "billing@bluebird.example",
        "sender_name": "Bluebird",
        "subject": "Invoice 7",
        "body": "",
        **fields,
    }
    return Mail(headers=headers, attachments=attachments, **given)


def attachment(name: str = "invoice.pdf", content_type: str = "application/pdf", **fields: Any) -> Attachment:
    given: dict[str, Any] = {"id": "1", "size": 1000, "is_inline": False, "kind": AttachmentKind.FILE, **fields}
    return Attachment(name=name, content_type=content_type, **given)


_moments = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  its bounds
_ids = st.text("0123456789abcdef", min_size=32, max_size=32)
_words = st.lists(st.text(min_size=1).filter(lambda text: ";" not in text), max_size=3).map(tuple)
_codes = st.lists(st.sampled_from(Reason), max_size=4, unique=True).map(tuple)
_amounts = st.none() | st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**9), max_value=10**9)
_days = st.none() | st.dates(date(1990, 1, 1), date(2099, 12, 31))

_fields: dict[str, st.SearchStrategy[Any]] = {
    "partition": st.dates(date(2000, 1, 1), date(2100, 1, 1)).map(lambda day: f"{day:%Y%m}"),
    "transaction_id": _ids,
    "status": st.sampled_from(Status),
    "revision": st.integers(0, 10_000),
    "reasons": _codes,
    "answered_reasons": _codes,
    "warnings": _words,
    "mail_id": st.text(),
    "internet_message_id": st.text(),
    "sender": st.text(),
    "subject": st.text(),
    "received_at": _moments,
    "admitted_at": _moments,
    "taken_up_at": st.none() | _moments,
    "updated_at": _moments,
    "vendor_id": st.text(),
    "vendor_name": st.text(),
    "gl_code": st.text(),
    "expense_dept": st.text(),
    "allocation_schedule": st.text(),
    "billing_party": st.text(),
    "invoice_number": st.text(),
    "kind": st.sampled_from(["", "invoice", "credit_note"]),
    "total": _amounts,
    "currency": st.sampled_from(["", "EUR", "USD"]),
    "issue_date": _days,
    "due_date": _days,
    "purchase_order": st.text(),
    "nature": st.sampled_from(["", "correction", "reminder"]),
    "suggestion": st.text(),
    "evidence": st.text(),
    "duplicate_of": st.just("") | _ids,
    "attempt": st.integers(1, 9999),
    "claim_until": st.none() | _moments,
    "send_started_at": st.none() | _moments,
    "sends": st.integers(0, 5),
    "draft_id": st.text(),
    "posted_at": st.none() | _moments,
    "parked_keys": _words,
    "folder": st.text(),
    "filing": st.sampled_from(Filing),
    "notice": st.sampled_from(Notice),
}

transactions: st.SearchStrategy[Transaction] = st.fixed_dictionaries(_fields).map(lambda fields: Transaction(**fields))


def full_row() -> Transaction:
    """A row without one empty column."""
    return row(
        Status.POSTED,
        revision=7,
        taken_up_at=NOW,
        reasons=(Reason.DUPLICATE, Reason.REPEATED),
        answered_reasons=(Reason.NO_INVOICE,),
        warnings=("a document is a scan",),
        internet_message_id="<1@bluebird.example>",
        sender="billing@bluebird.example",
        subject="Invoice 7",
        synthetic=True,
        vendor_id="bluebird",
        vendor_name="Bluebird Cloud Ltd",
        gl_code="6410",
        expense_dept="IT",
        allocation_schedule="EQUAL-4",
        billing_party="Contoso Ltd",
        invoice_number="INV-7",
        kind="invoice",
        total=Decimal("1190.00"),
        currency="EUR",
        issue_date=date(2026, 3, 1),
        due_date=date(2026, 3, 31),
        purchase_order="PO-77",
        nature="correction",
        suggestion="Bluebird Ltd (bluebird-2)",
        evidence='{"total": "invoice.pdf, page 1"}',
        duplicate_of="f" * 32,
        attempt=2,
        claim_until=NOW,
        send_started_at=NOW,
        sends=1,
        draft_id="AAMkAG-2",
        posted_at=NOW,
        parked_keys=("domain:bluebird.example",),
        folder="Posted",
        filing=Filing.DONE,
        notice=Notice.OUTCOME,
    )


def element(xml: bytes | str) -> Element:
    """XML of ours as a value, all of it."""
    return _element(ET.fromstring(xml))  # noqa: S314  made by the tests


def _element(node: ET.Element) -> Element:
    namespace, name = _names(node.tag)
    attributes = tuple((_names(key)[1], value) for key, value in node.attrib.items())
    return Element(name, namespace, (node.text or "").strip(), attributes, tuple(map(_element, node)))


def _names(tag: str) -> tuple[str, str]:
    namespace, _, name = tag.removeprefix("{").rpartition("}")
    return namespace, name


def values(facts: Facts | None) -> dict[str, object]:
    """The facts that are not empty, by field and without their sources."""
    assert facts is not None
    found = {field.name: getattr(facts, field.name) for field in fields(facts)}
    single = {name: fact.value for name, fact in found.items() if isinstance(fact, Fact)}
    return single | {name: [f.value for f in found[name]] for name in ("ibans", "names") if found[name]}
