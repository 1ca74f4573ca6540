"""What a structured invoice states, whatever its syntax, and what it leaves open."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infrastructure.local.samples.builders import Invoice, make_cii_xml, make_ubl_xml
from shared.domain.einvoice import is_invoice, structured_facts
from shared.domain.facts import Kind, Nature, Sureness
from shared.domain.markup import Element
from tests.domain.made import element, quick, values

MAKERS = pytest.mark.parametrize("make", [make_ubl_xml, make_cii_xml])
WHOLE = {
    "vendor_name": "Bluebird Cloud Ltd",
    "vat_id": "GB987654321",
    "invoice_number": "INV-2026-0417",
    "issue_date": date(2026, 3, 5),
    "due_date": date(2026, 4, 4),
    "currency": "GBP",
    "total": Decimal("1490.40"),
    "kind": Kind.INVOICE,
    "iban": "GB33BUKB20201555555555",
    "ibans": ["GB33BUKB20201555555555"],
    "names": ["Bluebird Cloud Ltd"],
}


@MAKERS
def test_every_field_is_read(make: Callable[..., bytes]) -> None:
    assert values(structured_facts(element(make()), "invoice.xml")) == WHOLE


@MAKERS
def test_a_credit_note_is_one(make: Callable[..., bytes]) -> None:
    facts = structured_facts(element(make(replace(Invoice(), is_credit=True))), "a.xml")
    assert values(facts)["kind"] is Kind.CREDIT_NOTE


def test_each_fact_names_its_term_and_is_stated() -> None:
    facts = structured_facts(element(make_cii_xml()), "invoice.pdf, embedded XML")
    assert facts is not None
    assert facts.total is not None
    assert (facts.total.source, facts.total.sureness) == ("invoice.pdf, embedded XML, BT-112", Sureness.STATED)
    assert facts.sources()["vendor_name"].endswith("BT-27")
    assert facts.sources()["vat_id"].endswith("BT-31")


@pytest.mark.parametrize(
    "xml",
    [
        pytest.param("<Invoice><ID>A-1</ID></Invoice>", id="no-namespace"),
        pytest.param('<Invoice xmlns="urn:un:unece:uncefact:data:standard:CBFBUY:5"/>', id="zugferd-draft"),
        pytest.param('<Order xmlns="urn:oasis:names:specification:ubl:schema:xsd:Order-2"/>', id="order"),
        pytest.param('<CrossIndustryInvoice xmlns="urn:other"/>', id="name-alone"),
        pytest.param("<html/>", id="html"),
    ],
)
def test_another_document_is_no_invoice(xml: str) -> None:
    assert not is_invoice(element(xml))
    assert structured_facts(element(xml), "a.xml") is None


def cii(old: str, new: str) -> dict[str, object]:
    xml = make_cii_xml().decode()
    assert old in xml
    return values(structured_facts(element(xml.replace(old, new)), "a.xml"))


@pytest.mark.parametrize(
    ("code", "kind", "nature"),
    [
        ("380", Kind.INVOICE, None),
        ("381", Kind.CREDIT_NOTE, None),
        ("261", Kind.CREDIT_NOTE, None),
        ("384", Kind.INVOICE, Nature.CORRECTION),
        ("389", Kind.INVOICE, None),
        ("751", Kind.INVOICE, None),
        ("", None, None),
        ("RECHNUNG", None, None),
    ],
)
def test_kind_and_nature_follow_the_code(code: str, kind: Kind | None, nature: Nature | None) -> None:
    found = cii("<ram:TypeCode>380<", f"<ram:TypeCode>{code}<")
    assert (found.get("kind"), found.get("nature")) == (kind, nature)


@pytest.mark.parametrize(
    ("before", "nature"), [("INV-2026-0417", Nature.CORRECTION), ("INV-2026-0416", None)], ids=["itself", "another"]
)
def test_an_invoice_that_names_itself_as_preceding_replaces_it(before: str, nature: Nature | None) -> None:
    reference = f"<ram:InvoiceReferencedDocument><ram:IssuerAssignedID>{before}</ram:IssuerAssignedID>"
    end = "</ram:ApplicableHeaderTradeSettlement>"
    assert cii(end, f"{reference}</ram:InvoiceReferencedDocument>{end}").get("nature") is nature


@pytest.mark.parametrize(
    ("amount", "total"),
    [
        ("-1490.40", Decimal("-1490.40")),
        ("0", Decimal(0)),
        ("1490.4000", Decimal("1490.40")),
        ("1.490,40", None),
        ("1,490.40", None),
        ("NaN", None),
        ("1E9", None),
        ("9" * 40, None),
        ("", None),
    ],
)
def test_a_total_is_a_decimal_with_its_sign(amount: str, total: Decimal | None) -> None:
    assert cii("<ram:GrandTotalAmount>1490.40<", f"<ram:GrandTotalAmount>{amount}<").get("total") == total


@pytest.mark.parametrize("currency", ["Euro", "€", "eur", ""])
def test_a_currency_is_a_code(currency: str) -> None:
    found = cii("<ram:InvoiceCurrencyCode>GBP<", f"<ram:InvoiceCurrencyCode>{currency}<")
    assert "currency" not in found


@pytest.mark.parametrize("name", ["", "-", "n/a", "x" * 400])
def test_a_placeholder_is_no_name(name: str) -> None:
    assert "vendor_name" not in cii("Bluebird Cloud Ltd", name)


@pytest.mark.parametrize(
    ("account", "accounts", "iban"),
    [
        ("gb33 bukb 2020 1555 5555 55", ["GB33BUKB20201555555555"], "GB33BUKB20201555555555"),
        ("GB34BUKB20201555555555", ["GB34BUKB20201555555555"], None),
        ("8601 11 17947", ["86011117947"], None),
        ("n/a", [], None),
        ("", [], None),
    ],
    ids=["groups", "wrong-check-digits", "national", "none", "empty"],
)
def test_an_account_counts_in_any_form_and_is_an_iban_only_as_one(
    account: str, accounts: list[str], iban: str | None
) -> None:
    found = cii("GB33BUKB20201555555555", account)
    assert (found.get("iban"), found.get("ibans", [])) == (iban, accounts)


def test_several_accounts_leave_the_one_open() -> None:
    other = "</ram:IBANID></ram:PayeePartyCreditorFinancialAccount><ram:PayeePartyCreditorFinancialAccount><ram:IBANID>"
    found = cii("</ram:IBANID>", f"{other}DE89370400440532013000</ram:IBANID>")
    assert found["ibans"] == ["GB33BUKB20201555555555", "DE89370400440532013000"]
    assert "iban" not in found


trees = st.recursive(
    st.builds(Element, st.sampled_from(["ID", "IssueDate", "Party", "TaxScheme"]), text=st.text(max_size=20)),
    lambda inner: st.builds(
        Element,
        st.sampled_from(["AccountingSupplierParty", "Party", "PartyTaxScheme", "LegalMonetaryTotal", "PaymentMeans"]),
        children=st.lists(inner, max_size=4).map(tuple),
    ),
    max_leaves=12,
)


@quick
@given(st.lists(trees, max_size=6).map(tuple))
def test_no_tree_breaks_the_reader(children: tuple[Element, ...]) -> None:
    root = Element("Invoice", "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2", children=children)
    assert structured_facts(root, "a.xml") is not None
