"""Account numbers in texts, and whose they are."""

import pytest

from shared.domain.accounts import ibans_in, payable_ibans
from shared.domain.cells import rows_of
from shared.domain.iban import is_iban

GERMAN = "DE89370400440532013000"


@pytest.mark.parametrize(
    "text",
    [
        GERMAN,
        "DE89 3704 0044 0532 0130 00",
        "IBAN:DE89 3704 0044 0532 0130 00 BIC COBADEFFXXX",
        "IBAN: DE89-3704-0044-0532-0130-00.",
        f"{GERMAN} and again DE89 3704 0044 0532 0130 00",
    ],
)
def test_printed_solid_or_in_groups(text: str) -> None:
    assert ibans_in(text) == [GERMAN]


@pytest.mark.parametrize(
    "text",
    [
        "DE89370400440532013001",
        "DE8937040044053201300",
        "XX89370400440532013000",
        "US1234567890",
        "FR76 **** **** ****",
        "",
    ],
)
def test_none_without_right_length_and_check_digits(text: str) -> None:
    assert ibans_in(text) == []
    assert not is_iban(text)


@pytest.mark.parametrize(
    "iban",
    [
        "GB82WEST12345698765432",
        "FR7630006000011234567890189",
        "ES9121000418450200051332",
        "IT60X0542811101000000123456",
        "NL91ABNA0417164300",
        "CH9300762011623852957",
        "NO9386011117947",
        "MT84MALT011000012345MTLCAST001S",
    ],
)
def test_every_country_has_its_length(iban: str) -> None:
    assert is_iban(iban)
    assert ibans_in(f"to {iban} please") == [iban]


@pytest.mark.parametrize(
    "text",
    [
        f"We will debit your account {GERMAN} on 3 March.",
        f"Der Betrag wird von Ihrem Konto {GERMAN} abgebucht.",
        f"Lastschrift von Ihrem Konto\n{GERMAN}",
        f"La somme sera prélevée sur votre compte\nIBAN :\n{GERMAN}",
        f"Se cargará en su cuenta {GERMAN}",
        f"Addebito sul Suo conto {GERMAN}",
        f"Wordt afgeschreven van uw rekening {GERMAN}",
    ],
)
def test_the_account_that_will_be_debited_is_the_buyers(text: str) -> None:
    assert payable_ibans(rows_of(text)) == []


def test_a_sentence_about_the_buyers_account_ends() -> None:
    text = f"Der Betrag wird von Ihrem Konto abgebucht.\nUnsere Bankverbindung: {GERMAN}"
    assert payable_ibans(rows_of(text)) == [GERMAN]
