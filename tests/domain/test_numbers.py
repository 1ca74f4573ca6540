import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.numbers import normalised_number
from tests.domain.made import quick


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("inv 2026/001", "INV2026001"),
        ("INV-2026-001", "INV2026001"),
        ("  #2026.001 ", "2026001"),
        ("RE\u00a02026\u2013001", "RE2026001"),
        ("0007", "0007"),
        ("---", ""),
        ("", ""),
    ],
)
def test_only_letters_and_digits_count(number: str, expected: str) -> None:
    assert normalised_number(number) == expected


@quick
@given(st.text())
def test_a_normalised_number_fits_a_table_key_and_stays_as_it_is(number: str) -> None:
    normalised = normalised_number(number)
    assert normalised == normalised_number(normalised)
    assert normalised == "" or normalised.isalnum()
