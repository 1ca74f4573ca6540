"""How lines become cells."""

import pytest

from shared.domain.accounts import payable_ibans
from shared.domain.cells import MAX_CELLS, clean, rows_of


@pytest.mark.parametrize("gap", ["|", "  ", "\t"])
def test_what_a_line_has_beyond_its_last_cell_stands_in_it(gap: str) -> None:
    (row,) = rows_of(clean(gap.join(f"c{n}" for n in range(MAX_CELLS + 3))))
    assert [cell.text for cell in row[:-1]] == [f"c{n}" for n in range(MAX_CELLS - 1)]
    assert row[-1].text.split(gap.replace("\t", "   ")) == [f"c{n}" for n in range(MAX_CELLS - 1, MAX_CELLS + 3)]
    assert row[-1].end - row[-1].start == len(row[-1].text)


def test_a_line_of_as_many_cells_as_are_told_apart_ends_in_one_of_its_own() -> None:
    (row,) = rows_of("x|" * MAX_CELLS)
    assert [cell.text for cell in row] == ["x"] * MAX_CELLS


def test_no_account_hides_behind_many_cells() -> None:
    assert payable_ibans(rows_of("x|" * 2 * MAX_CELLS + "DE89370400440532013000 |")) == ["DE89370400440532013000"]
