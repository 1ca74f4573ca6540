import unicodedata
from datetime import date
from decimal import Decimal
from html import unescape
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.forward import (
    BODY_LIMIT,
    MARKER_HEADER,
    MARKER_PROPERTY,
    SUBJECT_LIMIT,
    difference,
    marked_attempt,
    marker_of,
    message_id,
    references_in,
    subject,
    summary_html,
    summary_lines,
    summary_text,
    with_summary,
)
from shared.domain.mail import Attachment
from shared.domain.transaction import Transaction
from tests.domain.made import MAILBOX, TRANSACTION, attachment, full_row, quick, row, transactions

REFERENCE = f"[IA-{TRANSACTION[:12]}]"


@quick
@given(transactions)
def test_our_marker_and_message_id_are_known_again(any_row: Transaction) -> None:
    assert marker_of(any_row.marker) == any_row.transaction_id
    assert marked_attempt(message_id(any_row, MAILBOX), MAILBOX) == (any_row.transaction_id, any_row.attempt)
    assert marked_attempt(message_id(any_row, MAILBOX), "ap@elsewhere.example") is None


def test_the_marker_is_the_property_that_becomes_a_header() -> None:
    assert MARKER_PROPERTY == "String {00020386-0000-0000-C000-000000000046} Name x-invoice-agent-transaction"
    assert MARKER_PROPERTY.endswith(MARKER_HEADER)


@pytest.mark.parametrize("text", ["", "x", TRANSACTION, f"{TRANSACTION}-", f"{TRANSACTION}-12345", f"x{TRANSACTION}-1"])
def test_what_is_no_marker_names_no_transaction(text: str) -> None:
    assert marker_of(text) == ""


@pytest.mark.parametrize("host", ["contoso.example", "CONTOSO.example"])
def test_a_message_id_is_ours_with_and_without_brackets(host: str) -> None:
    assert marked_attempt(f" {TRANSACTION}-3@{host} ", MAILBOX) == (TRANSACTION, 3)


@quick
@given(transactions, st.text(), st.text())
def test_the_reference_is_found_in_a_returned_subject(any_row: Transaction, before: str, after: str) -> None:
    assert any_row.transaction_id[:12] in references_in(f"{before} {subject(any_row)} {after}")


def test_a_reference_counts_once() -> None:
    assert references_in(f"{REFERENCE} {REFERENCE} [IA-short]") == (TRANSACTION[:12],)


def test_the_subject_is_what_ap_sorts_by() -> None:
    known = full_row().model_copy(update={"subject": "Your invoice"})
    assert subject(known) == (
        f"Bluebird Cloud Ltd | Corrected invoice INV-7 | EUR 1,190.00 | due 2026-03-31 | FW: Your invoice {REFERENCE}"
    )


@pytest.mark.parametrize(
    ("kind", "nature", "document"),
    [
        ("invoice", "", "Invoice"),
        ("", "", "Invoice"),
        ("credit_note", "", "Credit note"),
        ("invoice", "correction", "Corrected invoice"),
        ("credit_note", "correction", "Corrected credit note"),
        ("invoice", "reminder", "Invoice"),  # the mail calls itself one; a warning says so
    ],
)
def test_subject_and_summary_call_the_document_the_same(kind: str, nature: str, document: str) -> None:
    known = row(vendor_name="Bluebird", invoice_number="7", kind=kind, nature=nature)
    assert subject(known).startswith(f"Bluebird | {document} 7 | FW: ")
    assert ("Document", document) in summary_lines(known)


def test_a_subject_says_what_was_not_read() -> None:
    assert subject(row(vendor_name="Bluebird")) == f"Bluebird | Invoice number not read | FW: (no subject) {REFERENCE}"


def test_a_credit_note_is_called_one() -> None:
    known = row(kind="credit_note", invoice_number="CN-1", total=Decimal(-5), due_date=date(2026, 3, 31))
    assert subject(known) == f"Credit note CN-1 | -5.00 | due 2026-03-31 | FW: (no subject) {REFERENCE}"


@quick
@given(transactions, st.text(max_size=600))
def test_any_subject_is_short_enough_and_ends_in_the_reference(any_row: Transaction, text: str) -> None:
    composed = subject(any_row.model_copy(update={"subject": text}))
    assert len(composed) <= SUBJECT_LIMIT == 255
    assert composed.endswith(f" [IA-{any_row.transaction_id[:12]}]")


@pytest.mark.parametrize(
    "characters",
    [
        pytest.param("".join(map(chr, (*range(0x20), 0x7F))), id="ASCII"),
        pytest.param("".join(map(chr, range(0x80, 0xA0))), id="their twins above ASCII"),
        pytest.param("\u2028\u2029", id="separators of lines and paragraphs"),
    ],
)
def test_no_control_character_of_a_sender_reaches_the_subject(characters: str) -> None:
    """A line break in a subject is a header of its own to whoever forwards the mail by SMTP."""
    hostile = f"Invoice{characters}Bcc: everybody@example.com"
    composed = subject(row(subject=hostile, vendor_name=hostile, invoice_number=hostile, currency=""))
    assert not [c for c in composed if unicodedata.category(c) in {"Cc", "Zl", "Zp"}]


def test_a_long_subject_of_emoji_keeps_its_reference_in_exchange() -> None:
    """Exchange counts UTF-16 units, two for each of these, and what is over its limit it cuts from the end."""
    composed = subject(row(subject="\N{BIRD}" * 300))
    assert len(composed.encode("utf-16-le")) // 2 <= SUBJECT_LIMIT


class _Text(HTMLParser):
    """The tags of a page, and its text with the line breaks."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag == "br":
            self.text += "\x00"

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)


hostile_texts = st.text() | st.sampled_from(
    ["<script>alert(1)</script>", "&lt;b&gt;", "</td></tr></table>", '"><img src=x>', "<!--", "' onload='x", "]]>"]
)


@quick
@given(transactions, hostile_texts)
def test_any_value_reaches_html_as_text(any_row: Transaction, text: str) -> None:
    hostile = any_row.model_copy(
        update={
            "vendor_name": text,
            "invoice_number": text,
            "gl_code": text,
            "billing_party": text,
            "warnings": (text,),
        }
    )
    page = _Text()
    page.feed(summary_html(hostile))
    page.close()
    assert page.tags == {"div", "b", "br"}
    lines = "\x00\n".join(f"{label}: {value}" for label, value in summary_lines(hostile))
    assert page.text == f"{lines}\x00"


@quick
@given(transactions)
def test_html_and_plain_summary_name_the_same(any_row: Transaction) -> None:
    lines = "\n".join(f"{label}: {value}" for label, value in summary_lines(any_row))
    assert unescape(summary_text(any_row)) == unescape(lines)
    assert "<" not in summary_text(any_row)


def test_the_summary_says_what_was_not_read() -> None:
    lines = dict(summary_lines(row(vendor_name="Bluebird", vendor_id="bluebird")))
    assert [lines[label] for label in ("Number", "Total", "Issued", "Due")] == ["not read"] * 4
    assert [lines[label] for label in ("GL code", "Department", "Billing party")] == ["none"] * 3


def test_warnings_stand_first_and_one_by_one() -> None:
    changed = "account DE89370400440532013000 is none of Bluebird's known ones (released by a person)"
    lines = summary_lines(
        row(vendor_name="Bluebird", vendor_id="bluebird", warnings=(changed, "the total was not read"))
    )
    assert lines[:3] == [
        ("Warning", changed),
        ("Warning", "the total was not read"),
        ("Vendor", "Bluebird (bluebird)"),
    ]


def test_nothing_warns_where_nothing_is_wrong() -> None:
    assert summary_lines(row(vendor_name="Bluebird", vendor_id="bluebird"))[0] == ("Vendor", "Bluebird (bluebird)")


def test_a_purchase_order_stands_behind_the_number_and_only_where_there_is_one() -> None:
    labels = [label for label, _ in summary_lines(full_row())]
    assert labels[labels.index("Number") + 1] == "Purchase order"
    assert dict(summary_lines(full_row()))["Purchase order"] == "PO-77"
    assert "Purchase order" not in dict(summary_lines(row()))


def test_a_client_without_html_reads_a_line_for_each_value() -> None:
    """Clients that show text alone take the tags away and break the line where HTML does."""
    hostile = full_row().model_copy(
        update={"vendor_name": '<script>alert("x")</script> & Söhne', "warnings": ("a < b",)}
    )
    page = _Text()
    page.feed(summary_html(hostile))
    page.close()
    lines = page.text.replace("\x00", "").splitlines()
    assert lines[:3] == [
        "Warning: a < b",
        'Vendor: <script>alert("x")</script> & Söhne (bluebird)',
        "Document: Corrected invoice",
    ]
    assert "<script" not in summary_html(hostile) + summary_text(hostile)


def test_what_only_people_at_the_mailbox_need_stays_out_of_the_mail_to_ap() -> None:
    told = summary_text(full_row())
    assert "Bluebird Ltd (bluebird-2)" not in told  # a suggestion is for whoever adds vendors
    assert "f" * 32 not in told


@pytest.mark.parametrize(
    "body",
    [
        "",
        "<p>Dear AP</p>",
        "<html><body><p>Dear AP</p></body></html>",
        "<html><head><style>/* <body> */</style></head><body>Dear AP</body></html>",
        "<html><head><title><body></title></head><body>Dear AP</body></html>",
        '<html><head><meta content="<body>"></head><body>Dear AP</body></html>',
        '<html><body title="a>b">Dear AP</body></html>',
        "<!--><body>Dear AP<p hidden><body></p><!-- -->",
        "<textarea><body>",
    ],
)
def test_nothing_of_the_sender_stands_before_the_summary_and_nothing_is_lost(body: str) -> None:
    """Whatever stands before it could be markup that swallows it."""
    assert with_summary(full_row(), body) == summary_html(full_row()) + body


class _Styles(HTMLParser):
    """The declarations of every element that has any, without their "!important", which each must have."""

    def __init__(self) -> None:
        super().__init__()
        self.by_tag: dict[str, dict[str, str]] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for declaration in filter(None, (dict(attrs).get("style") or "").split(";")):
            name, _, value = declaration.partition(":")
            assert value.endswith("!important"), declaration
            self.by_tag.setdefault(tag, {})[name] = value.removesuffix("!important")


def test_the_mails_own_styles_cannot_hide_the_summary() -> None:
    """An important declaration of the element itself stands above every one of a <style>."""
    page = _Styles()
    page.feed(summary_html(full_row()))
    page.close()
    assert set(page.by_tag) == {"div", "b"}
    assert (page.by_tag["div"]["display"], page.by_tag["b"]["display"]) == ("block", "inline")
    for styles in page.by_tag.values():
        shown = {"all": "initial", "visibility": "visible", "opacity": "1", "position": "static", "overflow": "visible"}
        assert shown.items() <= styles.items()
        assert {"font-size", "color", "background", "clip", "transform", "text-indent"} <= set(styles)


@pytest.mark.parametrize("character", ["x", "ä"])
def test_a_body_over_the_limit_is_not_rewritten(character: str) -> None:
    room = (BODY_LIMIT - len(summary_html(full_row()).encode())) // len(character.encode())
    assert with_summary(full_row(), character * room) is not None
    assert with_summary(full_row(), character * (room + 1)) is None


sized = st.builds(
    lambda name, size: attachment(name, size=size), st.sampled_from(["a.pdf", "b.pdf"]), st.integers(0, 10**8)
)


@quick
@given(st.lists(sized, max_size=4), st.randoms(use_true_random=False))
def test_the_same_attachments_in_any_order_do_not_differ(source: list[Attachment], random: object) -> None:
    shuffled = list(source)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis' own Random
    assert difference(source, shuffled) == ""


@pytest.mark.parametrize("size", [0, 1000, 100_000, 50_000_000])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_size_may_differ_by_five_percent_and_four_kib_either_way(size: int, sign: int) -> None:
    tolerated = int(size * 0.05 + 4096)
    near, far = size + sign * tolerated, size + sign * (tolerated + 1)
    assert difference([attachment(size=size)], [attachment(size=near)]) == ""
    assert difference([attachment(size=size)], [attachment(size=far)]) != ""


@quick
@given(st.integers(0, 10**8), st.integers(0, 10**8))
def test_what_is_far_apart_differs_whichever_is_the_larger(one: int, other: int) -> None:
    verdict = difference([attachment(size=one)], [attachment(size=other)])
    swapped = difference([attachment(size=other)], [attachment(size=one)])
    if abs(one - other) <= 4096:
        assert not verdict
        assert not swapped
    if abs(one - other) > max(one, other) * 0.05 + 4096:
        assert verdict
        assert swapped


def test_a_difference_names_numbers_but_no_file() -> None:
    one, other = attachment("secret.pdf"), attachment("other.pdf")
    assert difference([one], []) == "1 attachments in the mail, 0 in the forward"
    assert difference([one], [other]) == "an attachment has another name in the forward"
    assert difference([one], [attachment("secret.pdf", size=9000)]) == (
        "an attachment of 1000 bytes has 9000 in the forward"
    )


@pytest.mark.parametrize(
    ("evidence", "line"),
    [
        ('{"vendor": "VAT id DE123456789"}', [("Vendor known by", "VAT id DE123456789")]),
        ('{"total": "invoice.pdf, page 1"}', []),
        ('{"vendor": 7}', []),
        ("[]", []),
        ("edited by hand", []),
        ("", []),
    ],
)
def test_ap_is_told_what_the_vendor_is_known_by(evidence: str, line: list[tuple[str, str]]) -> None:
    lines = summary_lines(full_row().model_copy(update={"evidence": evidence}))
    assert [each for each in lines if each[0] == "Vendor known by"] == line
