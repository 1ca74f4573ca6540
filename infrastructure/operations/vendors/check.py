"""What is wrong with vendors that can be written all the same: whom nobody finds, and whom two would be."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from shared.domain.iban import is_iban
from shared.domain.sender import BILLING_PLATFORMS, SHARED_DOMAINS, is_within
from shared.domain.vat_ids import vat_id_at_start
from shared.domain.vendor import Vendor, domain_key, name_key, normalised_vat_id, vat_key


@dataclass(frozen=True, slots=True)
class Placed:
    """A vendor, and where a person finds it: a line of a file, or its id."""

    place: str
    vendor: Vendor


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, and where."""

    place: str
    what: str


def check(vendors: Iterable[Placed]) -> list[Finding]:
    """Everything that is wrong, in the order of the vendors."""
    first: dict[str, Placed] = {}
    findings: list[Finding] = []
    for placed in vendors:
        findings += (Finding(placed.place, what) for what in _faults(placed.vendor))
        for key, text in claims(placed.vendor):
            other = first.setdefault(key, placed)
            if other is not placed:
                findings.append(Finding(placed.place, f"{text} is claimed by {_name(other)} too; {_effect(key)}"))
    return findings


def claims(vendor: Vendor) -> Iterator[tuple[str, str]]:
    """What a vendor is known by and no other should be, once each: a key, and words for it."""
    named = {name_key(name): f"the name {name!r}" for name in reversed((vendor.vendor_name, *vendor.aliases))}
    domains = (domain for domain in vendor.domains if not is_within(domain, SHARED_DOMAINS))
    yield from named.items()
    yield from ((domain_key(domain), f"the domain {domain}") for domain in domains)
    if normalised_vat_id(vendor.vat_id):
        yield vat_key(vendor.vat_id), f"the VAT id {vendor.vat_id}"
    yield from {f"iban:{''.join(iban.split()).upper()}": f"the IBAN {iban}" for iban in vendor.ibans}.items()


def _name(other: Placed) -> str:
    return f"{other.vendor.vendor_id} ({other.place})" if other.place != other.vendor.vendor_id else other.place


def _effect(key: str) -> str:
    return "neither is told by it" if key.startswith("iban:") else "their mails go to Review"


def _faults(vendor: Vendor) -> Iterator[str]:
    for domain in vendor.domains:
        if is_within(domain, SHARED_DOMAINS):
            whose = "a billing platform" if is_within(domain, BILLING_PLATFORMS) else "a free-mail provider"
            yield f"email_domain {domain} belongs to {whose} and never identifies a vendor; leave it out"
    for iban in vendor.ibans:
        if not is_iban("".join(iban.split()).upper()):
            yield f"iban {iban}: its check digits or its length are wrong; take it from an invoice again"
    if vendor.vat_id and not _has_known_form(vendor.vat_id):
        yield f"vat_id {vendor.vat_id}: of no known form; wanted its country's letters first, as in DE123456789"


def _has_known_form(vat_id: str) -> bool:
    found = vat_id_at_start(vat_id.strip().upper())
    return found is not None and normalised_vat_id(found) == normalised_vat_id(vat_id)
