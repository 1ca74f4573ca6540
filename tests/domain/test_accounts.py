"""Account numbers in texts, and whose they are."""

import time

import pytest

from shared.domain.accounts import ibans_in, payable_ibans
from shared.domain.cells import clean, rows_of
from shared.domain.iban import is_iban
from tests.domain.printed_invoices import PRINTS

GERMAN = "DE89370400440532013000"
LITHUANIAN = "LT601010012345678901"


def payable(text: str) -> list[str]:
    return payable_ibans(rows_of(clean(text)))


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
    assert payable(text) == []


def test_a_sentence_about_the_buyers_account_ends() -> None:
    text = f"Der Betrag wird von Ihrem Konto abgebucht.\nUnsere Bankverbindung: {GERMAN}"
    assert payable(text) == [GERMAN]


@pytest.mark.parametrize(
    "text",
    [
        f"Debtor IBAN: {GERMAN}",
        f"Payer's IBAN: {GERMAN}",
        f"Customer IBAN {GERMAN}",
        f"IBAN du débiteur : {GERMAN}",
        f"Einzug von Ihrer Bankverbindung {GERMAN}",
        f"Bankeinzug von Konto {GERMAN}",
        f"SEPA-Lastschrift: {GERMAN}",
        f"Direct debit from {GERMAN}",
        f"We collect the amount from {GERMAN}.",
        f"Recibo domiciliado en {GERMAN}",
        f"Wordt geïncasseerd van {GERMAN}",
        "Direct debit from account 12345678, sort code 20-00-00",
    ],
)
def test_the_payers_account_is_called_so(text: str) -> None:
    assert payable(text) == []


@pytest.mark.parametrize(
    "text",
    [
        f"To avoid interruption of your account please transfer to our new bank / IBAN: {GERMAN}",
        f"Please update your account records, new bank IBAN: {GERMAN}",
        f"Your account with us: 4410. IBAN {GERMAN}",
        f"No direct debit this time: please transfer to {GERMAN}",
        f"Keine Lastschrift mehr, bitte überweisen Sie auf {GERMAN}",
        f"Plus de prélèvement : virement sur {GERMAN}",
        f"Direct debit. Pay to {GERMAN}",
        f"{GERMAN}. The fee will be debited.",
        f"We will debit {GERMAN}.\nIBAN {GERMAN}",
        f"Lastschrift 12,50 EUR\nIBAN {GERMAN}",
    ],
)
def test_what_asks_for_money_or_announces_a_change_is_payable(text: str) -> None:
    assert payable(text) == [GERMAN]


@pytest.mark.parametrize(
    "text",
    [
        "IBANLT601010012345678901",
        "IBANLT60 1010 0123 4567 8901",
        "iban: lt60 1010 0123 4567 8901",
        "LT60/1010/0123/4567/8901",
        "LT60\u20131010\u20130123\u20134567\u20138901",
        "LT60.1010.0123.4567.8901",
        "LT60   1010  0123    4567 8901",
        "LT60\u00ad1010\u20600123\ufeff4567\u200b8901",
        "L\u00adT60 10\u00ad10 0123 4567 8901",
        "LT60 10100 12345678901",
        "IBAN LT60.10100.12345678.90.1",
        "IBAN  " + "  ".join(LITHUANIAN),
        "|".join(LITHUANIAN),
        "IBAN: LT60 1010 0123\n4567 8901 BIC HABALT22",
        "Bank: First    IBAN: LT60 1010 0123    Tel. 12\nStreet 5       4567 8901               Fax 13",
    ],
)
def test_however_its_groups_are_set(text: str) -> None:
    assert payable(text) == [LITHUANIAN]


@pytest.mark.parametrize(
    "text",
    [
        "Phase 32 100,00 200,00 300,00 400,00",
        "LC27 this is an ordinary text of six words",
        "DE89 3704,00 4405,32 0130,00",
        "LT60 ABCD 0123 4567 8901",
    ],
)
def test_words_and_amounts_that_add_up_are_no_account(text: str) -> None:
    assert payable(text) == []


def test_printed_invoices_hold_those_that_they_print_as_such() -> None:
    found = {iban for printed in PRINTS.values() for iban in ibans_in(clean(printed.text))}
    assert found == {
        "GB82WEST12345698765432",
        "DE89370400440532013000",
        "DE02120300000000202051",
        "CH9300762011623852957",
        "FR7630006000011234567890189",
        "ES9121000418450200051332",
        "IT60X0542811101000000123456",
        "NL91ABNA0417164300",
    }


@pytest.mark.parametrize(
    ("text", "account"),
    [
        ("Sort code: 20-00-00   Account number: 12345678", "200000/12345678"),
        ("Sort code    Account number\n20-00-00     12345678", "200000/12345678"),
        ("ABA routing number: 021000021\nAccount #: 9876543210", "021000021/9876543210"),
        ("Routing Number 021000021 Account Number 12345678", "021000021/12345678"),
        ("BSB: 062-000 Acc No: 12345678", "062000/12345678"),
        ("Kontonummer: 532013 000, BLZ: 370 400 44", "37040044/532013000"),
    ],
)
def test_an_account_with_its_banks_code(text: str, account: str) -> None:
    assert payable(text) == [account]


@pytest.mark.parametrize(
    "text",
    [
        "Account number: 123456",
        "Account number 0019 2231    Sort code",
        "Sort code: 20-00-00\nA\nB\nC\nAccount number: 12345678",
        "Account name: Lamplight Trading    Sort code: 20-00-00",
    ],
)
def test_no_account_without_its_banks_code_near(text: str) -> None:
    assert payable(text) == []


def test_an_account_that_an_iban_names_is_none_besides() -> None:
    assert payable(f"BLZ 370 400 44 Konto-Nr. 0532013000\nIBAN {GERMAN}") == [GERMAN]


@pytest.mark.parametrize(
    "unit",
    [
        "DE89",
        "DE89 ",
        f"we will debit {GERMAN}\n",
        "DE89 3704 0044\n0532 0130 00\n",
        "Sort code  account  ",
        "BSB 062000\nacc 123456\n",
        "a  b\n",
    ],
)
def test_hostile_text_takes_linear_time(unit: str) -> None:
    rows = rows_of(unit * (100_000 // len(unit)))
    start = time.process_time()
    payable_ibans(rows)
    assert time.process_time() - start < 10  # not linear, it takes minutes
