"""How many planted frauds are held, and how many honest mails with them, by the app's own rules."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from infrastructure.operations.matching import Master, registered
from infrastructure.operations.planted import OWN_DOMAIN, Bill, Planted, honest_mails, own_mail, planted_frauds
from infrastructure.operations.truth import Expected
from shared.domain.attachments import harmful_by_name
from shared.domain.decision import Decision, Findings, decide
from shared.domain.distrust import Suspect, signals
from shared.domain.facts import Facts, Legibility
from shared.domain.names import normalised_name
from shared.domain.reason import Reason
from shared.domain.sender import Sender, judged_sender
from shared.domain.transaction import Status
from shared.domain.vendor import Vendor, normalised_vat_id, slug
from shared.matching import Matching

FRAUDS_HELD = 1.0  # no fraud goes on
HONEST_HELD = 0.02  # at most so much of what is honest costs a person's look

Read = tuple[Expected, Facts]


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of one planted mail."""

    document: str
    kind: str
    is_fraud: bool
    decision: Decision
    sender: str

    @property
    def is_held(self) -> bool:
        """Whether a person looks at it before AP does."""
        return self.decision.status is not Status.ENRICHED

    @property
    def is_right(self) -> bool:
        """Whether that is what is wanted."""
        return self.is_held == self.is_fraud

    @property
    def is_unknown(self) -> bool:
        """Whether it is held merely because its vendor was not found."""
        return Reason.VENDOR_UNKNOWN in self.decision.reasons


@dataclass(slots=True)
class Risk:
    """What became of all planted mails, and the documents that none were made of."""

    judged: list[Judged] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)  # by why

    def of(self, *, is_fraud: bool) -> list[Judged]:
        """The frauds, or the honest mails."""
        return [each for each in self.judged if each.is_fraud == is_fraud]


def held(judged: Sequence[Judged]) -> float | None:
    """Which part is held; None where there is none."""
    return sum(each.is_held for each in judged) / len(judged) if judged else None


async def measure_risk(read: Sequence[Read]) -> Risk:
    """Plant mails around every document that has text and whose vendor is known, and judge them."""
    bills = list(_bills(read))
    desk = Matching(Master(list({bill.vendor.vendor_id: bill.vendor for bill in bills}.values())), registered)
    risk = Risk()
    for bill in bills:
        if why := await _unfit(desk, bill):
            risk.left_out[why] += 1
            continue
        for honest in honest_mails(bill):
            risk.judged.append(await _judged(desk, bill, honest, is_fraud=False))
        # What would be held without the fraud says nothing about it.
        if not (await _judged(desk, bill, own_mail(bill), is_fraud=False)).is_held:
            for fraud in planted_frauds(bill):
                risk.judged.append(await _judged(desk, bill, fraud, is_fraud=True))
    return risk


def _bills(read: Iterable[Read]) -> Iterator[Bill]:
    """The documents with text, each with a vendor of its own that knows what all its documents say."""
    known = [(expected, facts) for expected, facts in read if expected.vendor_names and _has_text(facts)]
    by_vendor: defaultdict[str, list[Read]] = defaultdict(list)
    for expected, facts in known:
        by_vendor[_identity(expected)].append((expected, facts))
    claims = Counter(vat for documents in by_vendor.values() for vat in _vat_ids(documents))
    for number, documents in enumerate(by_vendor.values(), 1):
        vendor = _vendor(f"vendor-{number}", documents, claims)
        yield from (Bill(expected.name, facts, vendor) for expected, facts in documents)


def _has_text(facts: Facts) -> bool:
    return any(document.legibility is Legibility.TEXT for document in facts.documents)


def _identity(expected: Expected) -> str:
    name = normalised_name(expected.vendor_names[0])
    return slug(name) or name


def _vat_ids(documents: Iterable[Read]) -> set[str]:
    found = (normalised_vat_id(expected.values["vendor_vat_id"]) for expected, _ in documents)
    return {vat for vat in found if vat}


def _vendor(number: str, documents: Sequence[Read], claims: Counter[str]) -> Vendor:
    """A VAT id that several vendors state, as samples do, would tell none of them apart."""
    expected = documents[0][0]
    own = sorted(vat for vat in _vat_ids(documents) if claims[vat] == 1)
    label = slug(normalised_name(expected.vendor_names[0]))[:50].strip("-") or number
    return Vendor(
        vendor_name=expected.vendor_names[0],
        vendor_id=number,
        email_domain=(f"{label}.example",),
        vat_id=own[0] if own else "",
        ibans=tuple(dict.fromkeys(iban.value for _, facts in documents for iban in facts.ibans)),
    )


async def _unfit(desk: Matching, bill: Bill) -> str:
    """Why no mails are made of a document, empty where they are."""
    if bill.facts.disagreements:
        return "that say two things themselves"
    own = bill.facts.vat_id
    if own and bill.vendor.vat_id and normalised_vat_id(own.value) != normalised_vat_id(bill.vendor.vat_id):
        return "of a namesake with another VAT id"
    senders = (Sender(""), Sender(own_mail(bill).mail.sender))
    if any([(await desk.find(sender, bill.facts)).is_ambiguous for sender in senders]):
        return "whose vendor is ambiguous"
    return ""


async def _judged(desk: Matching, bill: Bill, planted: Planted, *, is_fraud: bool) -> Judged:
    decision = await _decision(desk, planted)
    return Judged(bill.name, planted.kind, is_fraud, decision, planted.mail.sender)


async def _decision(desk: Matching, planted: Planted) -> Decision:
    """As the app decides, for a mail that came for the first time."""
    mail, facts = planted.mail, planted.facts
    own = frozenset({OWN_DOMAIN})
    sender = judged_sender(mail, own)
    match = await desk.find(sender, facts)
    around = await desk.surroundings(sender, match)
    harmful = harmful_by_name(mail.attachments, facts.carried_files)
    found = signals(Suspect(mail, sender, facts, match, registered, around, own, harmful))
    return decide(Findings(mail=mail, sender=sender, facts=facts, match=match, signals=found))
