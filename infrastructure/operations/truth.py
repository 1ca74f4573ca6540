"""Files whose invoices are known: a CSV file of expected values beside them."""

import csv
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path

from infrastructure.checkout import checkout
from infrastructure.operations.fields import INVOICE

CORPUS = checkout().parent / "shared" / "corpus"  # lies beside some checkouts

_ACCEPTED = re.compile(r"also accept:?\s*([^;)]+)", re.IGNORECASE)
_FORMS: dict[str, Callable[[str], object]] = {
    "issue_date": date.fromisoformat,
    "due_date": date.fromisoformat,
    "total_gross": Decimal,
}


class UnusableTruth(Exception):
    """The file cannot be used; the text says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Expected:
    """A file and what stands in it; a column that is empty is not stated by the document, or not clearly."""

    path: Path
    name: str  # as the list writes the path
    values: Mapping[str, str]
    other_names: tuple[str, ...] = ()  # of the vendor, which are right as well
    has_text: bool = True

    @property
    def vendor_names(self) -> tuple[str, ...]:
        """Every name of the vendor that is right."""
        name = self.values["vendor_name"]
        return (name, *self.other_names) if name else ()


def read_truth(path: Path) -> list[Expected]:
    """Read the list; raises UnusableTruth."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, restval="")
            missing = [column for column in ("path", *INVOICE) if column not in (reader.fieldnames or ())]
            if missing:
                raise UnusableTruth(f"{path}, line 1: missing {', '.join(missing)}; wanted path,{','.join(INVOICE)}")
            found = [_expected(path, reader.line_num, row) for row in reader]
    except OSError as error:
        raise UnusableTruth(
            f"{path}: {error.strerror}; name a CSV file with the columns path,{','.join(INVOICE)}"
        ) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise UnusableTruth(f"{path} is no UTF-8 CSV file: {error}; save it as 'CSV UTF-8'") from error
    if not found:
        raise UnusableTruth(f"{path}: no line but the header; name a document in each")
    return found


def _expected(path: Path, line: int, row: Mapping[str, str]) -> Expected:
    values = {column: row[column].strip() for column in INVOICE}
    for column, form in _FORMS.items():
        try:
            form(values[column] or "2000-01-01" if form is not Decimal else values[column] or "0")
        except (ValueError, InvalidOperation) as error:
            raise UnusableTruth(
                f"{path}, line {line}: {column} {values[column]!r}; wanted 2026-03-05 or 123.45"
            ) from error
    return Expected(
        path=path.parent / row["path"],
        name=row["path"],
        values=values,
        other_names=tuple(name.strip() for name in _ACCEPTED.findall(row.get("notes") or "")),
        has_text=row.get("text_layer") != "no",
    )
