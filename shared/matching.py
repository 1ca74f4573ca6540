"""Finds the vendor of a mail, and what is merely like one, by point reads of the vendor master."""

from shared.domain.distrust import Surroundings, is_known_sender
from shared.domain.facts import Facts
from shared.domain.lookalike import imitates, looks_like, probes
from shared.domain.names import displayed_hosts, displayed_names, is_displayed, likest, normalised_name
from shared.domain.sender import BILLING_PLATFORMS, SHARED_DOMAINS, Sender, is_within
from shared.domain.slips import may_be_under
from shared.domain.vendor import (
    Clue,
    Evidence,
    Match,
    Registered,
    Vendor,
    clues,
    domain_key,
    domains_of,
    name_key,
    slip_keys,
    word_keys,
)
from shared.ports import KnownVendors

_MOST_ALIKE = 100  # read under one key of likeness; what many share says little
_MOST_SUGGESTED_BY = 3  # names of a document that may lead to a suggestion


class Matching:
    """The vendor master as a mail is held against it."""

    def __init__(self, vendors: KnownVendors, registered: Registered) -> None:
        self._vendors = vendors
        self._registered = registered

    def clues(self, sender: Sender, facts: Facts) -> tuple[Clue, ...]:
        """What could find the vendor, best evidence first."""
        return clues(sender, facts, self._registered)

    async def find(self, sender: Sender, facts: Facts) -> Match:
        """The vendor that the best evidence points to; weaker evidence only tells apart what that leaves open."""
        match = Match()
        possible: dict[str, Vendor] = {}
        # A shipper or a bank is named on many an invoice: what merely stands there never speaks against who is named
        # as its maker, and found nobody.
        is_named = facts.vendor_name is not None or facts.vat_id is not None
        for clue in self.clues(sender, facts):
            if clue.evidence is Evidence.PRINTED and is_named and not possible:
                break
            found, key = await self._found_by(clue)
            both = {vendor_id: vendor for vendor_id, vendor in found.items() if vendor_id in possible}
            if found and not possible:
                possible, match = found, Match(key=key, evidence=clue.evidence)
            elif both:
                possible = both
            if len(possible) == 1:
                break
        only = next(iter(possible.values())) if len(possible) == 1 else None
        return Match(tuple(sorted(possible)), match.key, only, match.evidence)

    async def _found_by(self, clue: Clue) -> tuple[dict[str, Vendor], str]:
        """The vendors that a clue leads to, and the key that did."""
        found: dict[str, Vendor] = {}
        by = ""
        for key in clue.keys:
            if claimed := await self.vendors_of(key):
                found |= {vendor.vendor_id: vendor for vendor in claimed}
                by = by or key
                if clue.evidence is Evidence.SENDER:
                    break  # the nearest: a department may be a vendor of its own
        return found, by

    async def vendors_of(self, key: str) -> list[Vendor]:
        """The vendors that claim a key; one that was deleted by hand, and left its keys, is none."""
        found = [await self._vendors.get(vendor_id) for vendor_id in await self._vendors.claimants(key)]
        return [vendor for vendor in found if vendor is not None]

    async def surroundings(self, sender: Sender, match: Match) -> Surroundings:
        """What the master says about a sender; nothing is read for a known sender of the vendor."""
        if sender.is_colleague or not sender.domain or (match.vendor and is_known_sender(sender, match.vendor)):
            return Surroundings()
        if is_within(sender.domain, BILLING_PLATFORMS):
            return Surroundings()
        owner_ids = await self._owners(sender)
        return Surroundings(
            looks_like="" if owner_ids else await self._lookalike(sender, match.vendor),
            displayed=await self._displayed(sender, match.vendor),
            owner_ids=owner_ids,
        )

    async def _owners(self, sender: Sender) -> tuple[str, ...]:
        for domain in domains_of(sender.domain, self._registered):
            if ids := await self._vendors.claimants(domain_key(domain)):
                return tuple(ids)
        return ()

    async def _lookalike(self, sender: Sender, vendor: Vendor | None) -> str:
        """A known domain that the sender's is made to look like, empty where there is none."""
        if is_within(sender.domain, SHARED_DOMAINS):
            return ""
        for domain in vendor.own_domains if vendor else ():
            if imitates(sender.domain, domain):
                return domain
        for key in dict.fromkeys(probes(sender.domain)):
            for alike in await self._vendors.alike(key, _MOST_ALIKE):
                if is_within(sender.domain, frozenset({alike.text})):
                    continue  # its vendor was added since the owners were asked for
                # One that was deleted by hand leaves its keys.
                if looks_like(sender.domain, alike.text) and await self._vendors.get(alike.vendor_id):
                    return alike.text
        return ""

    async def _displayed(self, sender: Sender, vendor: Vendor | None) -> Vendor | None:
        """The one vendor as whom the sender is displayed, by name or by an address; the found one first."""
        if vendor and _is_displayed(sender.name, vendor):
            return vendor
        owners = map(self._registered, displayed_hosts(sender.name))
        keys = [domain_key(owner) for owner in owners if owner and not is_within(owner, SHARED_DOMAINS)]
        for key in (*keys, *map(name_key, displayed_names(sender.name))):
            claimed = await self.vendors_of(key)
            if len(claimed) == 1:
                return claimed[0]
        return None

    async def suggestion(self, facts: Facts) -> str:
        """The vendor whose name is most like one on the document, for a person to judge; empty where none is."""
        names = [normalised_name(name.value) for name in facts.names[:_MOST_SUGGESTED_BY]]
        for name in filter(None, names):
            keys = (*word_keys(name), *slip_keys(name, may_be_under))
            alike = [likeness for key in keys for likeness in await self._vendors.alike(key, _MOST_ALIKE)]
            if best := likest(name, ((one.vendor_id, one.text) for one in alike)):
                vendor = await self._vendors.get(best[0])
                return f"{vendor.vendor_name} ({vendor.vendor_id})" if vendor else ""
        return ""


def _is_displayed(display_name: str, vendor: Vendor) -> bool:
    own = frozenset(vendor.own_domains)
    shows_address = any(is_within(host, own) for host in displayed_hosts(display_name))
    return shows_address or any(is_displayed(name, display_name) for name in (vendor.vendor_name, *vendor.aliases))
