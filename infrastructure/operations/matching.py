"""How far the vendors of documents are found in a vendor master."""

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pydantic import ValidationError

from infrastructure.operations.scores import vat_id
from infrastructure.operations.truth import Expected, UnusableTruth
from shared.adapters.suffixes import PublicSuffixes
from shared.domain.facts import Facts
from shared.domain.names import normalised_name
from shared.domain.sender import Sender
from shared.domain.vendor import Likeness, Vendor, slug
from shared.matching import Matching

COLUMNS = ("vendor_name", "domain", "country", "vat_id")


class Master:
    """A vendor master in memory; implements the KnownVendors port."""

    def __init__(self, vendors: Sequence[Vendor]) -> None:
        self.vendors = tuple(vendors)
        self._by_id = {vendor.vendor_id: vendor for vendor in vendors}
        self._claims: defaultdict[str, list[str]] = defaultdict(list)
        self._likenesses: defaultdict[str, list[Likeness]] = defaultdict(list)
        for vendor in vendors:
            for key in vendor.keys:
                self._claims[key].append(vendor.vendor_id)
            for key, text in vendor.likenesses.items():
                self._likenesses[key].append(Likeness(vendor.vendor_id, text))

    async def claimants(self, key: str) -> Sequence[str]:
        """The ids of the vendors that claim this key."""
        return self._claims.get(key, ())

    async def get(self, vendor_id: str) -> Vendor | None:
        """Read one vendor."""
        return self._by_id.get(vendor_id)

    async def alike(self, key: str, limit: int) -> Sequence[Likeness]:
        """At most `limit` vendors that are kept under this key of likeness."""
        return self._likenesses.get(key, [])[:limit]


registered = PublicSuffixes().registered


async def match_vendors(master: Master, facts: Facts) -> tuple[str, ...]:
    """The ids of the vendors that a bare document points to, by the app's own rules: none, one, or several alike."""
    return (await Matching(master, registered).find(Sender(""), facts)).vendor_ids


def read_master(path: Path) -> Master:
    """Read a list of vendors; raises UnusableTruth."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, restval="")
            missing = [column for column in COLUMNS if column not in (reader.fieldnames or ())]
            if missing:
                raise UnusableTruth(f"{path}, line 1: missing {', '.join(missing)}; wanted {','.join(COLUMNS)}")
            return Master([_vendor(path, reader.line_num, row) for row in reader])
    except OSError as error:
        raise UnusableTruth(
            f"{path}: {error.strerror}; name a CSV file with the columns {','.join(COLUMNS)}"
        ) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise UnusableTruth(f"{path} is no UTF-8 CSV file: {error}; save it as 'CSV UTF-8'") from error


def _vendor(path: Path, line: int, row: Mapping[str, str]) -> Vendor:
    name = row["vendor_name"]
    try:
        return Vendor(
            vendor_name=name,
            vendor_id=f"{slug(name) or 'vendor'}-{line}",  # some stand there twice
            email_domain=tuple(row["domain"].split()),
            vat_id=row["vat_id"],
        )
    except ValidationError as error:
        raise UnusableTruth(f"{path}, line {line}: {error.errors()[0]['msg']}") from error


class Found(StrEnum):
    """What became of the vendor of one document."""

    FOUND = "found"
    WRONG = "wrong"
    AMBIGUOUS = "ambiguous"  # several, the right one among them
    NONE = "none"
    STRANGER = "stranger, none found"  # not in the master, and rightly not found


@dataclass(frozen=True, slots=True)
class Matched:
    """The vendor of one document: who it is, who was found."""

    path: str
    wanted: tuple[str, ...]
    got: tuple[str, ...]

    @property
    def verdict(self) -> Found:
        """Whether that is right."""
        if not self.got:
            return Found.NONE if self.wanted else Found.STRANGER
        if not set(self.got) & set(self.wanted):
            return Found.WRONG
        return Found.FOUND if set(self.got) <= set(self.wanted) else Found.AMBIGUOUS


def expected_vendors(master: Master, expected: Expected) -> tuple[str, ...]:
    """The vendors of the master with the document's VAT number, or where there is none, with one of its names."""
    wanted = vat_id(expected.values["vendor_vat_id"])
    by_vat = tuple(v.vendor_id for v in master.vendors if wanted and vat_id(v.vat_id) == wanted)
    names = {normalised_name(name) for name in expected.vendor_names}
    return by_vat or tuple(v.vendor_id for v in master.vendors if normalised_name(v.vendor_name) in names)


async def match(master: Master, expected: Expected, facts: Facts) -> Matched:
    """Look for the vendor of one document."""
    return Matched(expected.name, expected_vendors(master, expected), await match_vendors(master, facts))


def count(matched: Iterable[Matched]) -> Counter[Found]:
    """How often each happened."""
    return Counter(each.verdict for each in matched)
