"""What makes a mail not to be trusted, and how much of it holds a mail back.

Business e-mail compromise is the costliest fraud that accounts payable sees: https://www.ic3.gov/AnnualReport/Reports.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from shared.domain.accounts import names
from shared.domain.attachments import Harmful
from shared.domain.facts import Facts
from shared.domain.iban import normalised_iban
from shared.domain.lookalike import imitates
from shared.domain.mail import Mail, domain_of
from shared.domain.reason import Reason
from shared.domain.sender import (
    BILLING_PLATFORMS,
    FREE_MAIL,
    Authenticity,
    Sender,
    authenticity,
    is_within,
)
from shared.domain.vendor import Evidence, Match, Registered, Vendor, normalised_vat_id

# The table to change: a mail whose weights reach HOLD together is held in Review; else each is a warning line to AP.
HOLD = 100
WEIGHTS: Mapping[Reason, int] = {
    Reason.SENDER_FALSE: 100,
    Reason.SENDER_DOUBTFUL: 50,
    Reason.REPLY_ELSEWHERE: 50,
    Reason.REPLY_TO_FREE_MAIL: 100,
    Reason.LOOK_ALIKE_DOMAIN: 100,
    Reason.NAME_FROM_ELSEWHERE: 100,
    Reason.DOMAIN_FIRST_SEEN: 60,
    Reason.DOMAIN_OF_ANOTHER: 40,
    Reason.VAT_ID_DIFFERS: 100,
    Reason.IBAN_CHANGED: 100,
    Reason.IBAN_UNPROVEN: 100,
    Reason.DOCUMENTS_DISAGREE: 100,
    Reason.DANGEROUS_ATTACHMENT: 100,
}


@dataclass(frozen=True, slots=True)
class Signal:
    """One thing that speaks against a mail, with what exactly it is, in words for a person."""

    reason: Reason
    detail: str

    @property
    def weight(self) -> int:
        return WEIGHTS[self.reason]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the vendor master says about a sender who is not a known sender of the vendor."""

    looks_like: str = ""  # the known domain that the sender's is like
    displayed: Vendor | None = None  # the vendor as whom the sender is displayed
    owner_ids: tuple[str, ...] = ()  # the vendors that the sender's domain belongs to


@dataclass(frozen=True, slots=True)
class Suspect:
    """A mail with everything that tells whether to trust it."""

    mail: Mail
    sender: Sender
    facts: Facts
    match: Match
    registered: Registered
    surroundings: Surroundings = Surroundings()
    own_domains: frozenset[str] = frozenset()  # of our organisation
    harmful: tuple[Harmful, ...] = ()


def is_known_sender(sender: Sender, vendor: Vendor) -> bool:
    """Whether the sender's domain is one of the vendor's own or lies below one."""
    return is_within(sender.domain, frozenset(vendor.own_domains))


def holds(signals: tuple[Signal, ...]) -> bool:
    """Whether these together keep a mail from being sent on."""
    return sum(signal.weight for signal in signals) >= HOLD


def signals(suspect: Suspect) -> tuple[Signal, ...]:
    """Everything that speaks against the mail, in the order of the table."""
    rules = (_author, _reply, _domain, _identity, _account, _documents)
    found = [signal for rule in rules for signal in rule(suspect)]
    return tuple(sorted(found, key=lambda signal: list(WEIGHTS).index(signal.reason)))


def _author(suspect: Suspect) -> Iterator[Signal]:
    verdict = authenticity(suspect.mail, suspect.own_domains)
    if verdict is Authenticity.FALSE:
        yield Signal(Reason.SENDER_FALSE, f"{suspect.mail.sender} fails sender authentication")
    if verdict is Authenticity.DOUBTFUL:
        yield Signal(Reason.SENDER_DOUBTFUL, f"nothing proves that {suspect.mail.sender} sent it")


def _reply(suspect: Suspect) -> Iterator[Signal]:
    sender = domain_of(suspect.mail.sender)
    if is_within(sender, BILLING_PLATFORMS):
        return  # it sends for others, and replies are theirs
    found = (_reply_to(suspect, sender, address) for address in suspect.mail.reply_to)
    yield from {signal.reason: signal for signal in found if signal}.values()


def _reply_to(suspect: Suspect, sender: str, address: str) -> Signal | None:
    domain, vendor = domain_of(address), suspect.match.vendor
    own = vendor.own_domains if vendor else ()
    is_same = suspect.registered(domain) == suspect.registered(sender) or domain == sender
    if is_same or not domain or is_within(domain, BILLING_PLATFORMS.union(own)):
        return None
    detail = f"replies go to {address} instead of {sender}"
    if is_within(domain, FREE_MAIL) and not is_within(sender, FREE_MAIL):
        return Signal(Reason.REPLY_TO_FREE_MAIL, detail)
    if any(imitates(domain, known) for known in own):
        return Signal(Reason.LOOK_ALIKE_DOMAIN, detail)
    return Signal(Reason.REPLY_ELSEWHERE, detail)


def _domain(suspect: Suspect) -> Iterator[Signal]:
    sender, vendor, around = suspect.sender, suspect.match.vendor, suspect.surroundings
    if sender.is_colleague or not sender.domain or (vendor and is_known_sender(sender, vendor)):
        return
    if around.looks_like:
        yield Signal(Reason.LOOK_ALIKE_DOMAIN, f"{sender.domain} looks like {around.looks_like}")
    if is_within(sender.domain, BILLING_PLATFORMS):
        return
    displayed = around.displayed
    if displayed and displayed.own_domains and not is_known_sender(sender, displayed):
        yield Signal(
            Reason.NAME_FROM_ELSEWHERE, f"displayed as {displayed.vendor_name}, but written from {sender.domain}"
        )
    if vendor and vendor.own_domains:
        yield Signal(Reason.DOMAIN_FIRST_SEEN, f"{sender.domain} is no known domain of {vendor.vendor_name}")
    if vendor and around.owner_ids and vendor.vendor_id not in around.owner_ids:
        yield Signal(Reason.DOMAIN_OF_ANOTHER, f"{sender.domain} belongs to {', '.join(around.owner_ids)}")


def _identity(suspect: Suspect) -> Iterator[Signal]:
    """Found by something else, and the document names the VAT id of another."""
    vendor, vat_id = suspect.match.vendor, suspect.facts.vat_id
    if vendor is None or vat_id is None:
        return
    known, named = normalised_vat_id(vendor.vat_id), normalised_vat_id(vat_id.value)
    if known and known != named and known[:2] == named[:2]:
        yield Signal(Reason.VAT_ID_DIFFERS, f"VAT id {named} is not {vendor.vendor_name}'s {known}")


def new_ibans(facts: Facts, vendor: Vendor) -> tuple[str, ...]:
    """The accounts that a mail names and the vendor is not known to have."""
    known = {normalised_iban(iban) if "/" not in iban else iban for iban in vendor.ibans}
    return tuple(dict.fromkeys(iban.value for iban in facts.ibans if not _is_known(iban.value, known)))


def _is_known(account: str, known: set[str]) -> bool:
    return account in known or any(names(iban, account) for iban in known)


def _account(suspect: Suspect) -> Iterator[Signal]:
    vendor, facts = suspect.match.vendor, suspect.facts
    if vendor is None:
        return
    new = new_ibans(facts, vendor)
    if vendor.ibans and new:
        yield Signal(Reason.IBAN_CHANGED, f"account {', '.join(new)} is none of {vendor.vendor_name}'s known ones")
        return
    if not _is_paid_as_before(suspect, vendor) and not _is_vouched_for(suspect, vendor):
        yield Signal(Reason.IBAN_UNPROVEN, f"no account proves that {vendor.vendor_name} is to be paid")


def _is_paid_as_before(suspect: Suspect, vendor: Vendor) -> bool:
    """Whether all that came with the mail was read, and asks for payment to known accounts alone."""
    accounts = [iban for iban in suspect.facts.ibans if iban.source != "body"]
    is_all_read = all(document.is_whole for document in suspect.facts.documents)
    has_other_files = any(not (each.is_document or each.is_inline) for each in suspect.mail.attachments)
    return bool(vendor.ibans and accounts) and is_all_read and not has_other_files


def _is_vouched_for(suspect: Suspect, vendor: Vendor) -> bool:
    """Whether the sender speaks for the vendor, or passes on its VAT id, or at the least its name and no account."""
    sender, match = suspect.sender, suspect.match
    if is_known_sender(sender, vendor):
        return True
    passes_on = sender.is_colleague or is_within(sender.domain, BILLING_PLATFORMS)
    return passes_on and (match.is_proven or (match.evidence is Evidence.NAME and not suspect.facts.ibans))


def _documents(suspect: Suspect) -> Iterator[Signal]:
    if suspect.facts.disagreements:
        yield Signal(Reason.DOCUMENTS_DISAGREE, ", ".join(suspect.facts.disagreements))
    if suspect.harmful:
        yield Signal(Reason.DANGEROUS_ATTACHMENT, ", ".join(map(str, suspect.harmful)))
