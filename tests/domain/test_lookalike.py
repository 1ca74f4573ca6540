import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.lookalike import imitates, likeness_keys, looks_like, main_label, probes, skeleton
from tests.domain.made import quick

KNOWN = "bluebird-cloud.example"
letters = "abcdefghijkmopqtuxyz"  # none that is part of a confusable pair


@pytest.mark.parametrize(
    "host",
    [
        "bluebird-cl0ud.example",
        "bluebirdcloud.example",
        "bluebird-cloud.com",
        "biuebird-cloud.example",
        "bluebird-clouds.example",
        "bluebrid-cloud.example",
        "bluebirdc-loud.example",
        "bluebird-cloud-billing.example",
        "invoice-bluebird-cloud.example",
        "bluebird-cloud.evil.example",
        "bluebird-cloud.secure-payment-portal.example",
        "bluebird-cloud.example.invoicing.a-name-that-is-longer.test",
        "bluebird-сloud.example",  # noqa: RUF001  the Cyrillic letter is the case
        "xn--bluebird-loud-x8k.example",
        "b1uebird-cloud.example",
        "bluebirt-cloudd.example",
    ],
)
def test_what_is_made_to_be_taken_for_a_known_domain_is_found(host: str) -> None:
    assert looks_like(host, KNOWN)
    assert set(probes(host)) & set(likeness_keys(KNOWN))


@pytest.mark.parametrize(
    ("host", "known"),
    [
        ("tesu.example", "test.example"),
        ("xx.example", "xxx.example"),
        ("d3-koksmaat.example", "de-koksmaat.example"),
        ("dekoksmaat.example", "de-koksmaat.example"),
        ("selles-name.example", "seller-name.example"),  # the slip undoes what is drawn like an m
        ("coolclue.example", "coolblue.example"),  # and here makes a d
        ("bluebird-cloudpayments.example", KNOWN),
        ("billingbluebirdcloud.example", KNOWN),
        ("test.secure-payment-portal.example", "test.example"),
    ],
)
def test_beside_the_one_vendor_whom_a_document_names_less_is_enough(host: str, known: str) -> None:
    assert imitates(host, known)


@pytest.mark.parametrize(
    ("host", "known"),
    [
        ("holding.test", KNOWN),
        ("redbird-cloud.example", KNOWN),
        ("tent-rental.example", "test.example"),
        ("bluebird-cloud-berlin.example", KNOWN),
        ("ac.example", "ab.example"),
        ("", KNOWN),
    ],
)
def test_a_name_of_its_own_imitates_nobody(host: str, known: str) -> None:
    assert not imitates(host, known)


@pytest.mark.parametrize(
    "host", ["redbird-cloud.example", "cloud.example", "bluebell-garden.example", "example.com", "mail.example"]
)
def test_another_domain_is_not(host: str) -> None:
    assert not looks_like(host, KNOWN)


def test_rn_is_drawn_like_m() -> None:
    assert looks_like("rnetropole-energie.example", "metropole-energie.example")
    assert looks_like("vvorldmart.example", "worldmart.example")


def test_a_short_name_is_near_to_everything_and_has_to_be_drawn_the_same() -> None:
    assert not looks_like("abe.example", "abc.example")
    assert looks_like("ab0.example", "abo.com")


@pytest.mark.parametrize(
    ("host", "label"),
    [
        ("mail.bluebird.co.uk", "bluebird"),
        ("bluebird.example", "bluebird"),
        ("billing.mail.example", "billing"),
        ("localhost", "localhost"),
        ("", ""),
    ],
)
def test_people_know_a_host_by_its_telling_label(host: str, label: str) -> None:
    assert main_label(host) == label


def slips(word: str) -> list[str]:
    places = range(len(word))
    return [
        *(word[:i] + word[i + 1 :] for i in places),
        *(word[:i] + "q" + word[i + 1 :] for i in places),
        *(word[:i] + "q" + word[i:] for i in range(len(word) + 1)),
        *(word[:i] + word[i + 1] + word[i] + word[i + 2 :] for i in places[:-1]),
    ]


@settings(max_examples=15, deadline=None)  # of some sixty slips each
@given(st.text(letters, min_size=6, max_size=16).filter(lambda word: len(skeleton(f"{word}.example")) == len(word)))
def test_every_single_slip_is_found_by_its_keys(word: str) -> None:
    kept = set(likeness_keys(f"{word}.example"))
    for slip in slips(word):
        host = f"{slip}.example"
        assert looks_like(host, f"{word}.example")
        assert set(probes(host)) & kept, slip


@quick
@given(st.text(max_size=40))
def test_no_host_breaks_it(host: str) -> None:
    assert looks_like(host, host)
    assert imitates(host, host)
    assert list(probes(host))
