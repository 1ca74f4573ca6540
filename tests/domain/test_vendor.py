import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.adapters.suffixes import PublicSuffixes
from shared.domain.facts import Fact, Facts
from shared.domain.names import normalised_name
from shared.domain.sender import SHARED_DOMAINS, Sender, is_within
from shared.domain.vendor import (
    Clue,
    Evidence,
    Match,
    Vendor,
    clues,
    domain_key,
    domains_of,
    name_key,
    normalised_vat_id,
    slug,
    vat_key,
    with_ibans,
)
from tests.domain.made import quick

labels = st.from_regex(r"[a-z][a-z0-9]{0,8}", fullmatch=True)
registered = PublicSuffixes().registered
domains = st.lists(labels, min_size=2, max_size=4).map(".".join).filter(lambda d: registered(d) != "")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Bluebird Cloud Ltd", "bluebird-cloud-ltd"),
        ("  Papeterie Lumière & Fils ", "papeterie-lumiere-fils"),
        ("3M", "3m"),
        ("株式会社", ""),
        ("", ""),
    ],
)
def test_a_slug_is_ascii_joined_by_hyphens(name: str, expected: str) -> None:
    assert slug(name) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Papeterie Lumière", "PAPETERIE  LUMIERE"),
        ("Bluebird, Ltd.", "bluebird ltd"),
        ("STRASSE GmbH", "Straße GmbH"),
        ("\N{FULLWIDTH LATIN CAPITAL LETTER A}CME", "acme"),
        ("株式会社 青", "株式会社・青"),
    ],
)
def test_names_are_compared_without_case_accents_and_punctuation(one: str, other: str) -> None:
    assert normalised_name(one) == normalised_name(other) != ""


@quick
@given(st.text())
def test_normalising_a_name_twice_changes_nothing(name: str) -> None:
    assert normalised_name(normalised_name(name)) == normalised_name(name)


def test_a_vat_id_is_compared_without_its_printing() -> None:
    assert normalised_vat_id("de 811.234-567") == normalised_vat_id("DE811234567")


def test_an_identity_is_made_of_the_name_where_none_is_given() -> None:
    assert Vendor(vendor_name="Bluebird Cloud Ltd").vendor_id == "bluebird-cloud-ltd"
    assert Vendor(vendor_name="Bluebird Cloud Ltd", vendor_id=" BB-1 ").vendor_id == "BB-1"


def test_a_name_without_ascii_letters_asks_for_an_identity() -> None:
    with pytest.raises(ValidationError, match=r"vendor_id ''.*name one explicitly"):
        Vendor(vendor_name="株式会社")
    assert Vendor(vendor_name="株式会社", vendor_id="kk").vendor_id == "kk"


@pytest.mark.parametrize("vendor_id", ["a/b", "a b", "-a", "ä", "a\\b", "a#", "a?", "a\nb"])
def test_an_identity_that_a_table_cannot_hold_is_refused(vendor_id: str) -> None:
    with pytest.raises(ValidationError, match="vendor_id"):
        Vendor(vendor_name="Bluebird", vendor_id=vendor_id)


@pytest.mark.parametrize("name", ["", "   ", "x" * 201])
def test_a_vendor_has_a_name_of_reasonable_length(name: str) -> None:
    with pytest.raises(ValidationError, match="vendor_name"):
        Vendor(vendor_name=name, vendor_id="x")


def test_a_cell_holds_several_values_separated_by_semicolons() -> None:
    vendor = Vendor.model_validate(
        {"vendor_name": "Bluebird", "email_domain": "bluebird.example; bluebird.test;", "aliases": " Blaumeise ;"}
    )
    assert vendor.email_domain == ("bluebird.example", "bluebird.test")
    assert vendor.aliases == ("Blaumeise",)


@pytest.mark.parametrize(
    "domain",
    [
        "bluebird",
        "billing@bluebird.example",
        "https://bluebird.example",
        "bluebird.example/x",
        "blue bird.example",
        "bluebird.",
        "@",
    ],
)
def test_what_is_no_domain_is_refused(domain: str) -> None:
    with pytest.raises(ValidationError, match="email_domain"):
        Vendor(vendor_name="Bluebird", email_domain=(domain,))


@pytest.mark.parametrize("domain", [".bluebird.example", "bluebird.example.", "bluebird..example", "co\x00m.example"])
def test_a_domain_that_no_sender_can_have_is_refused(domain: str) -> None:
    """It would be kept and never find the vendor."""
    with pytest.raises(ValidationError, match="email_domain"):
        Vendor(vendor_name="Bluebird", email_domain=(domain,))


def test_a_vendor_is_found_by_vat_id_domains_and_names() -> None:
    vendor = Vendor(
        vendor_name="Bluebird Ltd",
        email_domain=("@Bluebird.example", "bluebird.test"),
        vat_id="gb 987 654 321",
        aliases=("Blaumeise", "bluebird ltd."),
    )
    assert vendor.keys == (
        "vat:GB987654321",
        "domain:bluebird.example",
        "domain:bluebird.test",
        "name:bluebird",
        "name:blaumeise",
    )


@pytest.mark.parametrize("domain", ["gmail.com", "GMX.de", "@stripe.com", "post.xero.com"])
def test_a_domain_shared_with_strangers_finds_nobody(domain: str) -> None:
    assert Vendor(vendor_name="Bluebird", email_domain=(domain,)).keys == ("name:bluebird",)


def test_a_name_of_punctuation_finds_nobody() -> None:
    assert Vendor(vendor_name="***", vendor_id="stars").keys == ()


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("bluebird.example", ["bluebird.example"]),
        (
            "mail.billing.bluebird.example",
            ["mail.billing.bluebird.example", "billing.bluebird.example", "bluebird.example"],
        ),
        ("mail.bluebird.co.uk", ["mail.bluebird.co.uk", "bluebird.co.uk"]),
        ("bluebird.github.io", ["bluebird.github.io"]),
        ("co.uk", []),
        ("gmail.com", []),
        ("mail.gmail.com", []),
        ("e.stripe.com", []),
        ("localhost", []),
        ("blue bird.example", []),
        ("bluebird.example/x", []),
        ("", []),
    ],
)
def test_a_host_is_known_by_itself_and_its_parents_down_to_what_somebody_registered(
    host: str, expected: list[str]
) -> None:
    assert list(domains_of(host, registered)) == expected


@quick
@given(domains, st.lists(labels, max_size=2))
def test_whoever_claims_a_domain_is_found_by_senders_of_it_and_below_it(domain: str, below: list[str]) -> None:
    vendor = Vendor(vendor_name="Bluebird", email_domain=(domain,))
    host = ".".join([*below, domain])
    found = {key for clue in clues(Sender(f"billing@{host}"), Facts(), registered) for key in clue.keys}
    is_suffix = not registered(host).endswith(registered(domain))
    is_shared = is_within(host, SHARED_DOMAINS)
    assert (domain_key(domain) in found and domain_key(domain) in vendor.keys) or is_shared or is_suffix


def test_the_best_evidence_comes_first() -> None:
    facts = Facts(
        vendor_name=Fact("Bluebird Ltd", "body"),
        vat_id=Fact("GB 987654321", "e-invoice"),
        names=(Fact("Bluebird Holdings plc", "page 1"),),
        domains=(Fact("www.bluebird.example", "page 1"),),
    )
    assert clues(Sender("a@mail.bluebird.example"), facts, registered) == (
        Clue(Evidence.VAT_ID, (vat_key("GB987654321"),)),
        Clue(Evidence.SENDER, (domain_key("mail.bluebird.example"), domain_key("bluebird.example"))),
        Clue(Evidence.NAME, (name_key("bluebird ltd"),)),
        Clue(
            Evidence.PRINTED,
            (name_key("bluebird holdings"), domain_key("www.bluebird.example"), domain_key("bluebird.example")),
        ),
    )


def test_no_evidence_gives_no_key() -> None:
    assert clues(Sender("someone@gmail.com"), Facts(), registered) == ()


def test_a_colleague_is_no_vendor() -> None:
    assert clues(Sender("ada@contoso.example", is_colleague=True), Facts(), registered) == ()


@pytest.mark.parametrize(
    ("known", "new", "expected"),
    [
        ((), ("DE89370400440532013000",), ("DE89370400440532013000",)),
        (("DE89 3704 0044 0532 0130 00",), ("DE89370400440532013000",), ("DE89 3704 0044 0532 0130 00",)),
        (("A",), ("B", "B"), ("A", "B")),
        (tuple(f"A{n}" for n in range(50)), ("B",), tuple(f"A{n}" for n in range(50))),
    ],
)
def test_accounts_are_learnt_once_and_never_more_than_a_vendor_holds(
    known: tuple[str, ...], new: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    assert with_ibans(known, new) == expected


@pytest.mark.parametrize(
    ("vendor_ids", "is_certain", "is_ambiguous"), [((), False, False), (("a",), True, False), (("a", "b"), False, True)]
)
def test_a_match_is_certain_only_with_exactly_one_vendor(
    vendor_ids: tuple[str, ...], *, is_certain: bool, is_ambiguous: bool
) -> None:
    match = Match(vendor_ids)
    assert (match.is_certain, match.is_ambiguous) == (is_certain, is_ambiguous)


@pytest.mark.parametrize(
    ("evidence", "key", "words"),
    [
        (Evidence.VAT_ID, "vat:DE123456789", "VAT id DE123456789"),
        (Evidence.SENDER, "domain:bluebird.example", "the sender's domain bluebird.example"),
        (Evidence.NAME, "name:bluebird", "the name on the document, bluebird"),
        (Evidence.PRINTED, "domain:bluebird.example", "what stands on the document, bluebird.example"),
    ],
)
def test_a_match_says_what_told_the_vendor(evidence: Evidence, key: str, words: str) -> None:
    assert Match(("bluebird",), key, evidence=evidence).in_words == words
