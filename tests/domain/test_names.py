import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.names import (
    SIMILAR,
    displayed_hosts,
    displayed_names,
    is_displayed,
    likest,
    normalised_name,
    similarity,
    words_of,
)
from tests.domain.made import quick


@pytest.mark.parametrize(
    ("name", "bare"),
    [
        ("Bluebird Cloud Ltd.", "bluebird cloud"),
        ("Nordlicht Software GmbH & Co. KG", "nordlicht software"),
        ("Kupfer und Kessel Anlagenbau mbH", "kupfer und kessel anlagenbau"),
        ("Officina Bianchi S.r.l.", "officina bianchi"),
        ("Pasta e Basta S.p.A.", "pasta e basta"),
        ("Van Dijk Logistiek B.V.", "van dijk logistiek"),
        ("SARL Papeterie Lumière", "papeterie lumiere"),
        ("Muebles García, S.L.U.", "muebles garcia"),
        ("Novák s.r.o.", "novak"),
        ("Kowalski sp. z o.o.", "kowalski"),
        ("Firma Schmidt e.K.", "schmidt"),
        ("H&M", "hm"),
        ("3M", "3m"),
        ("SE", "se"),
        ("Ltd Ltd", "ltd"),
    ],
)
def test_a_name_is_the_same_with_and_without_its_legal_form(name: str, bare: str) -> None:
    assert normalised_name(name) == bare


@pytest.mark.parametrize(
    ("shown", "organisation"),
    [
        ("Bluebird Cloud", "bluebird cloud"),
        ("Bluebird Cloud Billing", "bluebird cloud"),
        ("Jane Doe | Bluebird Cloud Ltd", "bluebird cloud"),
        ("Jane Doe (Bluebird Cloud)", "bluebird cloud"),
        ("Jane from Bluebird Cloud", "bluebird cloud"),
        ("Bluebird Cloud via QuickBooks", "bluebird cloud"),
        ("Rechnung - Nordlicht Software GmbH", "nordlicht software"),
    ],
)
def test_a_display_name_tells_the_organisation(shown: str, organisation: str) -> None:
    assert organisation in displayed_names(shown)


@quick
@given(st.text())
def test_no_display_name_tells_much(shown: str) -> None:
    assert len(displayed_names(shown)) <= 4
    assert "" not in displayed_names(shown)


def test_only_the_beginning_of_a_display_name_is_looked_at() -> None:
    assert max(map(len, displayed_names("x" * 1_000_000))) == 200


@pytest.mark.parametrize(
    "shown",
    [
        "De Koksmaat",
        "Jane Doe | De Koksmaat B.V.",
        "Accounts dept. of DE KOKSMAAT BV, Utrecht",
        "de-koksmaat: facturen",
    ],
)
def test_a_display_name_holds_a_name_whatever_stands_around_it(shown: str) -> None:
    assert is_displayed("De Koksmaat B.V.", shown)


@pytest.mark.parametrize(("name", "shown"), [("Test AG", "Contest AG"), ("Bluebird Cloud", "Bluebird"), ("SE", "SE")])
def test_a_part_of_a_word_or_of_a_name_is_not_the_name(name: str, shown: str) -> None:
    assert not is_displayed(name, shown)


def test_a_display_name_may_show_an_address() -> None:
    assert displayed_hosts("Bluebird <Billing@Bluebird.example>") == ("bluebird.example",)
    assert displayed_hosts("billing\uff20bluebird.example") == ("bluebird.example",)
    assert displayed_hosts("a@b.example c@d.example e@f.example") == ("b.example", "d.example")
    assert displayed_hosts("Jane @ Bluebird") == ()


def test_the_longest_words_stand_for_a_name() -> None:
    assert words_of("van dijk logistiek rotterdam") == ("logistiek", "rotterdam", "dijk")
    assert words_of("a bc") == ()


MASTER = {
    "bluebird": "bluebird cloud",
    "nordlicht": "nordlicht software",
    "metropole": "metropole energie",
    "bianchi": "officina bianchi",
}


@pytest.mark.parametrize(
    ("printed", "vendor_id"),
    [
        ("bluebird clouds", "bluebird"),
        ("blue bird cloud", "bluebird"),
        ("nordlicht sofware", "nordlicht"),
        ("metropol energie", "metropole"),
        ("oficina bianchi", "bianchi"),
    ],
)
def test_a_misprint_suggests_the_vendor(printed: str, vendor_id: str) -> None:
    best = likest(printed, iter(MASTER.items()))
    assert best is not None
    assert best[0] == vendor_id


@pytest.mark.parametrize("printed", ["nordwind software", "bluebell garden", "metropole hotels", "officina verdi"])
def test_another_name_suggests_nobody(printed: str) -> None:
    assert likest(printed, iter(MASTER.items())) is None


@quick
@given(st.text(max_size=30), st.text(max_size=30))
def test_equal_names_are_as_alike_as_can_be(one: str, other: str) -> None:
    assert similarity(one, one) >= SIMILAR
    assert 0 <= similarity(one, other) <= 1
