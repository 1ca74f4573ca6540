"""What a mail is held for, what a release then does, and who is found to have sent it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from shared.domain.facts import Document, Fact, Facts, Legibility
from shared.domain.mail import Mail
from shared.domain.messages import ADD_VENDOR
from shared.domain.sender import Sender
from shared.domain.vendor import Evidence, Match, Vendor, domain_key
from shared.matching import Matching
from shared.ports import Content
from tests.fakes import FakeDocuments, FakeVendors
from tests.stages.world import BLUEBIRD, SUFFIXES, World

IBAN, OTHER_IBAN, THIRD_IBAN = "DE89370400440532013000", "GB33BUKB20201555555555", "FR7630006000011234567890189"
MANY_IBANS = (OTHER_IBAN, THIRD_IBAN, "LT601010012345678901", "NL91ABNA0417164300")
PAID = Vendor(
    vendor_name="Metropole Energie AG",
    email_domain=("metropole-energie.example",),
    vat_id="DE129273398",
    gl_code="6120",
    ibans=(IBAN,),
)
FORGED = (("Authentication-Results", "spf=fail; dkim=none; dmarc=fail; compauth=fail reason=001"),)


def bill(world: World, iban: str = IBAN, number: str = "700441", **fields: Any) -> Mail:
    text = f"Rechnungsnummer: {number}\nRechnungsdatum: 05.03.2026\nGesamtbetrag: 119,00 EUR\nIBAN: {iban}\n"
    wanted = {
        "sender": "rechnung@metropole-energie.example",
        "sender_name": "Metropole Energie",
        "subject": f"Rechnung {number}",
        "documents": {"rechnung.pdf": text.encode()},
        **fields,
    }
    return world.mailbox.arrive(**wanted)


@pytest.fixture
def world() -> World:
    world = World()
    world.vendors.add(PAID)
    return world


async def test_a_known_account_is_paid(world: World) -> None:
    mail = bill(world)
    await world.settle()
    assert world.outcome(mail) == "posted"
    assert world.row(mail).warnings == ()


async def test_a_new_account_is_held_and_learnt_only_by_the_release(world: World) -> None:
    mail = bill(world, OTHER_IBAN)
    await world.settle()
    assert world.outcome(mail) == "review: iban_changed"
    assert OTHER_IBAN in str(world.channel.cards[0])
    assert world.vendors.vendors[PAID.vendor_id].ibans == (IBAN,)
    world.release(mail)
    await world.settle()
    assert world.outcome(mail) == "posted"
    assert "released by a person" in world.row(mail).warnings[0]
    assert world.vendors.vendors[PAID.vendor_id].ibans == (IBAN, OTHER_IBAN)
    next_one = bill(world, OTHER_IBAN, "700442")
    await world.settle()
    assert world.outcome(next_one) == "posted"


async def test_a_release_for_another_reason_teaches_no_account(world: World) -> None:
    """Held as a duplicate, say; nobody was asked about the account."""
    first = bill(world)
    await world.settle()
    again = bill(world, number="700441", subject="once more")
    await world.settle()
    assert world.outcome(again) == "review: duplicate"
    world.vendors.add(PAID.model_copy(update={"ibans": (THIRD_IBAN,)}))
    world.release(again)
    await world.settle()
    assert world.outcome(again) == "review: iban_changed"
    assert world.vendors.vendors[PAID.vendor_id].ibans == (THIRD_IBAN,)
    assert world.outcome(first) == "posted"


async def test_a_release_teaches_no_account_of_another_vendor(world: World) -> None:
    mail = bill(world, OTHER_IBAN)
    await world.settle()
    heir = Vendor(
        vendor_name="Metropole Netz AG", email_domain=PAID.email_domain, vat_id="", gl_code="6120", ibans=(IBAN,)
    )
    world.vendors.add(PAID.model_copy(update={"email_domain": (), "vat_id": ""}), heir)
    world.release(mail)
    await world.settle()
    assert world.vendors.vendors[heir.vendor_id].ibans == (IBAN,)


async def test_a_forged_sender_is_held_with_all_that_speaks_against_it(world: World) -> None:
    mail = bill(world, OTHER_IBAN, headers=FORGED, reply_to=("metropole@gmail.com",))
    await world.settle()
    assert world.outcome(mail) == "review: sender_false, reply_to_free_mail, iban_changed"
    world.release(mail)
    await world.settle()
    assert world.outcome(mail) == "posted"


async def test_more_new_accounts_than_a_card_names_teach_none(world: World) -> None:
    text = "Rechnungsnummer: 700449\n" + "".join(f"IBAN: {iban}\n" for iban in MANY_IBANS)
    mail = bill(world, documents={"r.pdf": text.encode()})
    await world.settle()
    assert world.outcome(mail) == "review: iban_changed"
    world.release(mail)
    await world.settle()
    assert world.outcome(mail) == "posted"
    assert world.vendors.vendors[PAID.vendor_id].ibans == (IBAN,)


async def test_a_release_that_answered_more_than_the_account_teaches_none(world: World) -> None:
    mail = bill(world, OTHER_IBAN, headers=FORGED)
    await world.settle()
    assert world.outcome(mail) == "review: sender_false, iban_changed"
    world.release(mail)
    await world.settle()
    assert world.outcome(mail) == "posted"
    assert world.vendors.vendors[PAID.vendor_id].ibans == (IBAN,)


async def test_a_text_that_the_rules_choke_on_costs_its_mail_a_review(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def choke(*_: object) -> Facts:
        raise OverflowError

    monkeypatch.setattr("shared.stages.extract_enrich.read_facts", choke)
    mail = bill(world)
    await world.settle()
    assert world.outcome(mail) == "review: document_unreadable"


async def test_a_correction_twice_is_a_duplicate(world: World) -> None:
    text = f"Rechnungskorrektur\n\nRechnungsnummer: 700441\nGesamtbetrag: 100,00 EUR\nIBAN: {IBAN}\n"
    first = bill(world)
    await world.settle()
    corrections = [bill(world, subject=str(n), documents={"k.pdf": f"{text}{n}".encode()}) for n in range(2)]
    await world.settle()
    assert [world.outcome(mail) for mail in (first, *corrections)] == ["posted", "posted", "review: duplicate"]


async def test_a_page_as_a_picture_is_a_scan(world: World) -> None:
    data = world.documents.prepare(b"picture" + bytes(60_000), legibility=Legibility.SCAN)
    mail = bill(world, documents={"page.jpg": data})
    await world.settle()
    assert world.outcome(mail) == "posted"
    assert any("scan" in warning for warning in world.row(mail).warnings)
    by_mail = f"Rechnung 700450, USt-IdNr. DE129273398, IBAN {IBAN}"
    stranger = bill(world, sender="a@stranger.example", sender_name="", body=by_mail, documents={"page.jpg": data})
    await world.settle()
    assert "scan_from_unknown" in world.outcome(stranger)


async def test_a_look_alike_of_no_known_vendor_is_held_before_anybody_is_asked_to_add_it(world: World) -> None:
    fake = {"sender": "rechnung@metropole-energy.example", "sender_name": ""}
    mail = bill(world, OTHER_IBAN, **fake)
    await world.settle()
    assert world.outcome(mail) == "review: look_alike_domain"
    world.release(mail)
    await world.settle()
    assert world.outcome(mail) == "parked: vendor_unknown"
    await world.add(vendor_name="Metropole Energy", email_domain=("metropole-energy.example",), gl_code="1")
    await world.settle()
    assert world.outcome(mail) == "posted"  # a person entered the very domain: it is known now


async def test_a_known_vendors_invoice_from_a_strange_domain_is_held(world: World) -> None:
    text = f"Rechnung Nr. 700443\nUSt-IdNr.: DE129273398\nGesamtbetrag: 119,00 EUR\nIBAN: {OTHER_IBAN}\n"
    mail = bill(world, sender="konto@evil.example", documents={"r.pdf": text.encode()})
    await world.settle()
    held = set(world.row(mail).reasons)
    assert {"domain_first_seen", "iban_changed"} <= held
    assert world.row(mail).status == "review"


@pytest.mark.parametrize("name", ["invoice.exe", "invoice.html", "invoice.docm", "invoice.7z"])
async def test_a_dangerous_attachment_is_held(world: World, name: str) -> None:
    mail = bill(world, documents={"rechnung.pdf": b"Rechnung Nr. 700444\nGesamtbetrag: 1,00 EUR", name: b"MZ"})
    await world.settle()
    assert world.outcome(mail) == "review: dangerous_attachment"


async def test_a_colleagues_forward_is_posted_for_the_vendor_who_wrote_it(world: World) -> None:
    body = "Please pay.\n\nFrom: Metropole <rechnung@metropole-energie.example>\nSent: today\nSubject: Rechnung\n"
    mail = bill(world, sender="ada@contoso.example", sender_name="Ada", body=body)
    await world.settle()
    assert world.outcome(mail) == "posted"
    assert world.row(mail).vendor_id == PAID.vendor_id


# The same payment twice


async def test_the_first_of_two_is_named_where_a_person_looks(world: World) -> None:
    first = bill(world)
    await world.settle()
    second = bill(world, subject="once more")
    await world.settle()
    assert world.outcome(second) == "review: duplicate"
    assert world.row(second).duplicate_of == world.key(first).transaction_id
    card = str(world.channel.cards[-1])
    assert "700441" in card
    assert f"IA-{world.key(first).transaction_id[:12]}" in card


async def test_the_same_sum_and_date_is_a_duplicate_where_a_number_is_missing(world: World) -> None:
    first = bill(world)
    text = f"Rechnungsdatum: 05.03.2026\nGesamtbetrag: 119,00 EUR\nIBAN: {IBAN}\n"
    await world.settle()
    second = bill(world, subject="Ihre Rechnung", documents={"r.pdf": text.encode()})
    await world.settle()
    assert world.outcome(second) == "review: duplicate"
    assert world.row(second).duplicate_of == world.key(first).transaction_id


async def test_the_same_sum_and_date_under_two_numbers_are_two_invoices(world: World) -> None:
    mails = [bill(world, number=number) for number in ("700441", "700442")]
    await world.settle()
    assert [world.outcome(mail) for mail in mails] == ["posted", "posted"]


async def test_the_same_bytes_without_any_number_are_a_duplicate(world: World) -> None:
    documents = {"r.pdf": f"IBAN: {IBAN}\nMit freundlichen Gruessen".encode()}
    first = bill(world, subject="Rechnung", documents=documents)
    await world.settle()
    second = bill(world, subject="Rechnung anbei", documents=documents)
    await world.settle()
    assert world.outcome(first) == "posted"
    assert world.outcome(second) == "review: duplicate"


async def test_a_reminder_is_told_as_such_and_links_to_its_invoice(world: World) -> None:
    first = bill(world)
    await world.settle()
    text = f"Mahnung\n\nRechnungsnummer: 700441\nGesamtbetrag: 119,00 EUR\nIBAN: {IBAN}\n"
    reminder = bill(world, subject="Mahnung", documents={"mahnung.pdf": text.encode()})
    await world.settle()
    assert world.outcome(reminder) == "review: duplicate, reminder"
    assert world.row(reminder).duplicate_of == world.key(first).transaction_id


async def test_a_reminder_that_comes_first_does_not_stand_in_the_way_of_its_invoice(world: World) -> None:
    text = f"Zahlungserinnerung\n\nRechnungsnummer: 700441\nGesamtbetrag: 119,00 EUR\nIBAN: {IBAN}\n"
    reminder = bill(world, subject="Zahlungserinnerung", documents={"mahnung.pdf": text.encode()})
    await world.settle()
    assert world.outcome(reminder) == "review: reminder"
    late = bill(world)
    await world.settle()
    assert world.outcome(late) == "posted"


# Who is found


def matching(*vendors: Vendor) -> Matching:
    return Matching(FakeVendors(*vendors), SUFFIXES.registered)


def named(*names: str) -> Facts:
    return Facts(names=tuple(Fact(name, "invoice.pdf, page 1") for name in names))


STRANGER = Sender("a@nobody.example")
TWIN_A = Vendor(vendor_name="Twin North GmbH", email_domain=("twin.example",), vat_id="DE111111111")
TWIN_B = Vendor(vendor_name="Twin South GmbH", email_domain=("twin.example",), vat_id="DE222222222")


async def test_weaker_evidence_tells_apart_what_the_better_leaves_open() -> None:
    found = await matching(TWIN_A, TWIN_B).find(Sender("a@twin.example"), named("Twin South GmbH"))
    assert (found.vendor_ids, found.evidence) == ((TWIN_B.vendor_id,), Evidence.SENDER)


async def test_what_nothing_tells_apart_is_ambiguous() -> None:
    found = await matching(TWIN_A, TWIN_B).find(Sender("a@twin.example"), Facts())
    assert found.is_ambiguous
    assert found.key == domain_key("twin.example")


async def test_a_vat_id_decides_over_the_domain() -> None:
    facts = Facts(vat_id=Fact("DE111111111", "invoice.xml, BT-31"))
    found = await matching(TWIN_A, TWIN_B).find(Sender("a@twin.example"), facts)
    assert found.vendor_ids == (TWIN_A.vendor_id,)


async def test_two_vendors_named_on_a_document_are_ambiguous() -> None:
    found = await matching(TWIN_A, PAID).find(STRANGER, named("Twin North GmbH", "Metropole Energie AG"))
    assert found.is_ambiguous


async def test_a_surely_read_name_decides_over_other_names_on_the_document() -> None:
    facts = named("Twin North GmbH", "Metropole Energie AG")
    sure = Facts(names=facts.names, vendor_name=facts.names[1])
    assert (await matching(TWIN_A, PAID).find(STRANGER, sure)).vendor_ids == (PAID.vendor_id,)


async def test_who_ships_the_goods_is_not_taken_for_who_made_the_invoice() -> None:
    printed = named("Kupfer & Kessel GmbH", "Twin North GmbH")
    facts = Facts(names=printed.names, vendor_name=printed.names[0])
    assert await matching(TWIN_A, PAID).find(STRANGER, facts) == Match()
    with_vat = Facts(names=printed.names, vat_id=Fact("DE999999999", "page 1"))
    assert await matching(TWIN_A, PAID).find(STRANGER, with_vat) == Match()
    assert (await matching(TWIN_A, PAID).find(STRANGER, printed)).evidence is Evidence.PRINTED


async def test_nobody_is_found_by_nothing() -> None:
    assert await matching(TWIN_A).find(STRANGER, Facts()) == Match()


async def test_a_misprinted_name_suggests_a_vendor_and_matches_none() -> None:
    desk = matching(TWIN_A, PAID)
    facts = named("Metropol Energie GmbH")
    assert await desk.find(STRANGER, facts) == Match()
    assert await desk.suggestion(facts) == "Metropole Energie AG (metropole-energie-ag)"
    assert await desk.suggestion(named("Kupfer GmbH")) == ""


async def test_the_suggestion_stands_on_the_card(world: World) -> None:
    text = b"Metropol Energie AG\nRechnung Nr. 1234567\nGesamtbetrag: 119,00 EUR\nMetropol Energie AG\n"
    mail = bill(world, sender="a@nobody.example", sender_name="", documents={"r.pdf": text})
    await world.settle()
    assert world.outcome(mail) == "parked: vendor_unknown"
    assert "Metropole Energie AG (metropole-energie-ag)" in world.row(mail).suggestion
    assert "Similar vendor" in str(world.channel.cards[-1])
    assert not world.queues.messages[ADD_VENDOR]


@pytest.mark.parametrize(
    ("sender", "reason"),
    [
        (Sender("x@metropole-energie.secure-portal.test"), "look_alike_domain"),
        (Sender("x@metropole-energiebilling.test"), "look_alike_domain"),
        (Sender("x@gmail.com", "rechnung@metropole-energie.example"), "name_from_elsewhere"),
        (Sender("x@strange.test", "Frau Maier der Metropole Energie AG, Essen"), "name_from_elsewhere"),
    ],
)
async def test_whoever_borrows_a_known_vendors_name_is_held_though_the_account_is_known(
    world: World, sender: Sender, reason: str
) -> None:
    text = f"Rechnung Nr. 700443\nUSt-IdNr.: DE129273398\nGesamtbetrag: 119,00 EUR\nIBAN: {IBAN}\n"
    mail = bill(world, sender=sender.address, sender_name=sender.name, documents={"r.pdf": text.encode()})
    await world.settle()
    assert world.row(mail).status == "review"
    assert reason in world.row(mail).reasons


@pytest.mark.parametrize("shown", ["rechnung@metropole-energie.example", "Metropole Energie AG"])
async def test_a_borrowed_name_is_seen_where_no_vendor_was_found(shown: str) -> None:
    desk = Matching(FakeVendors(PAID), SUFFIXES.registered)
    around = await desk.surroundings(Sender("x@strange.test", shown), Match())
    assert around.displayed == PAID


async def test_a_vendor_that_is_added_at_this_moment_is_not_taken_for_the_one_it_looks_like() -> None:
    """Its keys of likeness are there already, and when its domain was asked for they were not."""
    vendors = FakeVendors(PAID)
    vendors.claims.clear()
    desk = Matching(vendors, SUFFIXES.registered)
    assert (await desk.surroundings(Sender("a@mail.metropole-energie.example"), Match())).looks_like == ""


async def test_a_known_sender_costs_no_look_around() -> None:
    vendors = FakeVendors(BLUEBIRD)
    desk = Matching(vendors, SUFFIXES.registered)
    sender = Sender("billing@bluebird-cloud.example", "Metropole Energie")
    match = await desk.find(sender, Facts())
    vendors.fail_next("claimants", AssertionError("a look-up"))
    assert (await desk.surroundings(sender, match)).displayed is None


# Scans


class Recognised:
    """Documents with an OCR service behind them, as one would be put in."""

    def __init__(self, documents: FakeDocuments, text: str) -> None:
        self._documents, self._text = documents, text

    def __getattr__(self, name: str) -> Any:
        return getattr(self._documents, name)

    async def read(self, contents: Sequence[Content]) -> list[Document]:
        read = await self._documents.read(contents)
        return [replace(d, pages=(self._text,)) if d.legibility is Legibility.SCAN else d for d in read]


async def test_a_scan_is_posted_with_a_warning_where_the_sender_tells_the_vendor(world: World) -> None:
    data = world.documents.prepare(b"scan", legibility=Legibility.SCAN)
    mail = bill(world, documents={"scan.pdf": data})
    await world.settle()
    assert world.outcome(mail) == "posted"
    assert any("scan" in warning for warning in world.row(mail).warnings)


async def test_ocr_makes_a_scan_readable() -> None:
    documents = FakeDocuments()
    world = World(documents=Recognised(documents, f"Rechnungsnummer: 7001\nGesamtbetrag: 119,00 EUR\nIBAN: {IBAN}\n"))
    world.vendors.add(PAID)
    data = documents.prepare(b"scan", legibility=Legibility.SCAN)
    mail = bill(world, subject="Ihre Rechnung", documents={"scan.pdf": data})
    await world.settle()
    assert (world.outcome(mail), world.row(mail).invoice_number, world.row(mail).warnings) == ("posted", "7001", ())
