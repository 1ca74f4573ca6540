"""The mails of the sample mailbox: one for each thing that the app has to tell apart."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from infrastructure.local.samples.builders import (
    AP_MAILBOX,
    MAILBOX,
    MARKER,
    SENT,
    Attached,
    make_auto_reply,
    make_bounce,
    make_calendar,
    make_factur_x_pdf,
    make_forward_back,
    make_invoice_pdf,
    make_large_pdf,
    make_mail,
    make_scan_pdf,
    make_ubl_xml,
)
from infrastructure.local.samples.distrusted import distrusted_mails
from infrastructure.local.samples.invoice import Line
from infrastructure.local.samples.read import read_mails
from infrastructure.local.samples.sample import Sample, pdf
from infrastructure.local.samples.vendors import BIANCHI, BLUEBIRD, KUPFER, LUMIERE, METROPOLE, NORDLICHT, VAN_DIJK

_LARGE = 30 * 1024 * 1024


def sample_mails() -> Iterator[Sample]:
    """Every sample in the order of its arrival, the same bytes every time."""
    yield from _from_known_vendors()
    yield from _special_documents()
    yield from _no_invoices()
    yield from _loops()
    yield from read_mails()
    yield from distrusted_mails()


def _from_known_vendors() -> Iterator[Sample]:
    yield Sample(
        "01-known-vendor.eml", make_mail(attachments=[pdf(BLUEBIRD)]), "known vendor, invoice as PDF", "Posted"
    )
    yield Sample(
        "02-factur-x.eml",
        make_mail(
            sender="Nordlicht Software <rechnung@nordlicht-software.example>",
            subject="Rechnung NL-2026-0088",
            body="Guten Tag,\n\nanbei unsere Rechnung NL-2026-0088.\n",
            attachments=[Attached("NL-2026-0088.pdf", make_factur_x_pdf(NORDLICHT))],
        ),
        "known vendor, PDF that carries its XML (Factur-X)",
        "Posted",
    )
    february, march = (
        replace(BLUEBIRD, number=number, issued=day, due=day + timedelta(days=30))
        for number, day in (("INV-2026-0398", date(2026, 2, 27)), ("INV-2026-0425", date(2026, 3, 6)))
    )
    yield Sample(
        "03-two-pdfs.eml",
        make_mail(
            subject="Your invoices for February and March",
            body="Two invoices this time.\n",
            attachments=[pdf(february), pdf(march)],
        ),
        "two PDFs in one mail",
        "Posted",
    )
    yield Sample(
        "04-unknown-vendor.eml",
        make_mail(
            sender="Buchhaltung <buchhaltung@kupfer-kessel.example>",
            subject="Rechnung KK-10277",
            body="Sehr geehrte Damen und Herren,\n\nunsere Rechnung finden Sie im Anhang.\n",
            attachments=[pdf(KUPFER)],
        ),
        "vendor that is not known yet; late_vendor.csv adds it",
        "Posted",
    )
    yield Sample(
        "05-duplicate.eml",
        make_mail(
            subject="Reminder: invoice INV-2026-0417",
            body="In case our first mail got lost.\n",
            attachments=[pdf(BLUEBIRD)],
            date=SENT + timedelta(days=2),
        ),
        "the invoice of the first mail once more, in another mail",
        "Review",
    )
    yield from _two_of_a_day()
    yield Sample(
        "08-bulk-billing.eml",
        make_mail(
            sender="Metropole Energie <noreply@metropole-energie.example>",
            subject="Ihre Stromrechnung 7004418822",
            body="Dies ist eine automatische Nachricht.\n",
            html="<p>Dies ist eine <b>automatische</b> Nachricht.</p>",
            attachments=[pdf(METROPOLE)],
            headers={
                "Precedence": "bulk",
                "Auto-Submitted": "auto-generated",
                "X-Auto-Response-Suppress": "All",
                "List-Unsubscribe": "<mailto:unsubscribe@metropole-energie.example>",
            },
        ),
        "looks like a newsletter, is a billing system's invoice",
        "Posted",
    )
    credit = replace(LUMIERE, number="AV2026/0007", lines=(Line("Papier A4, retour", 4, Decimal("31.20")),), due=None)
    yield Sample(
        "09-credit-note.eml",
        make_mail(
            sender="Papeterie Lumière <compta@papeterie-lumiere.example>",
            subject="Avoir AV2026/0007",
            body="Bonjour,\n\nveuillez trouver notre avoir en pièce jointe.\n",
            attachments=[pdf(replace(credit, is_credit=True))],
        ),
        "credit note",
        "Posted",
    )


def _two_of_a_day() -> Iterator[Sample]:
    for name, number, price in (
        ("06-same-day-a.eml", "184/2026", "420.00"),
        ("07-same-day-b.eml", "185/2026", "96.50"),
    ):
        invoice = replace(BIANCHI, number=number, lines=(Line("Officina, intervento", 1, Decimal(price)),))
        yield Sample(
            name,
            make_mail(
                sender="Officina Bianchi <fatture@officina-bianchi.example>",
                subject=f"Fattura n. {number}",
                body="Buongiorno,\n\nin allegato la nostra fattura.\n",
                attachments=[pdf(invoice)],
            ),
            "one of two different invoices of one vendor on one day",
            "Posted",
        )


def _special_documents() -> Iterator[Sample]:
    yield Sample(
        "10-large.eml",
        make_mail(
            subject="Invoice INV-2026-0430 with all timesheets",
            attachments=[
                Attached("INV-2026-0430.pdf", make_large_pdf(_LARGE, replace(BLUEBIRD, number="INV-2026-0430")))
            ],
        ),
        "a PDF of 30 MB",
        "Posted",
    )
    long_subject = (
        "Facture FA2026/0312 \U0001f4ce \u2013 été, reçu n° 7 « à régler » " + "et bien d'autres précisions " * 4
    )
    yield Sample(
        "11-odd-characters.eml",
        make_mail(
            sender="Hélène Müller-Öztürk <compta@papeterie-lumiere.example>",
            subject=long_subject.strip(),
            body="Chère équipe \U0001f44b,\n\nvoici la facture \u2013 merci !\n",
            attachments=[Attached("Facture \u2013 été n° 312 (дубль).pdf", make_invoice_pdf(LUMIERE))],
            headers={"References": " ".join(f"<{n:032x}@papeterie-lumiere.example>" for n in range(12))},
        ),
        "umlauts, emoji, encoded subject and file name, folded headers",
        "Posted",
    )
    yield Sample(
        "12-xml-only.eml",
        make_mail(
            sender="Van Dijk <facturen@vandijk-logistiek.example>",
            subject="Factuur VD260311",
            body="Bijgaand onze factuur.\n",
            attachments=[Attached("VD260311.xml", make_ubl_xml(VAN_DIJK), "application/xml")],
        ),
        "e-invoice as UBL only",
        "Posted",
    )
    yield Sample(
        "13-scan.eml",
        make_mail(
            subject="Invoice INV-2026-0402", body="Scanned copy.\n", attachments=[Attached("scan.pdf", make_scan_pdf())]
        ),
        "a scan: pages without text",
        "Posted",
    )


def _no_invoices() -> Iterator[Sample]:
    yield Sample("14-auto-reply.eml", make_auto_reply(), "out-of-office reply", "Ignored")
    yield Sample("15-calendar.eml", make_calendar(), "meeting request", "Ignored")
    foreign = make_mail(
        sender="Office <office@contoso.example>", to="nobody@fabrikam.example", subject="Season's greetings"
    )
    yield Sample(
        "16-bounce.eml",
        make_bounce(foreign, recipient="nobody@fabrikam.example"),
        "delivery report on a mail that is not ours",
        "Review",
    )
    yield Sample(
        "17-no-invoice.eml",
        make_mail(
            sender="Ada Byrne <ada@bluebird-cloud.example>",
            subject="Question about your order",
            body="Hello,\n\nwhich address should the next delivery go to?\n\nAda\n",
        ),
        "a question from a vendor, no invoice",
        "Review",
    )


def _loops() -> Iterator[Sample]:
    for name, transaction, attachments, about, outcome in (
        ("18-own-forward.eml", "0f" * 16, [pdf(BLUEBIRD)], "our own forward coming back, with its PDF", "Review"),
        ("19-own-forward-bare.eml", "1e" * 16, [], "our own forward coming back, without documents", "Ignored"),
    ):
        forward = make_mail(
            sender=MAILBOX,
            to=AP_MAILBOX,
            subject=f"FW: Invoice INV-2026-0417 [IA-{transaction[:12]}]",
            body="Vendor: Bluebird Cloud Ltd\nInvoice: INV-2026-0417\n",
            attachments=attachments,
            message_id=f"<{transaction}-1@contoso.example>",
            headers={MARKER: f"{transaction}-1"},
        )
        yield Sample(name, make_forward_back(forward), about, outcome)
