"""Mails that show how a document is read, and how its vendor and its invoice are known again."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from infrastructure.local.samples.builders import (
    SENT,
    Attached,
    make_cii_xml,
    make_encrypted_pdf,
    make_fatturapa_xml,
    make_invoice_pdf,
    make_mail,
    make_ubl_xml,
)
from infrastructure.local.samples.invoice import Line
from infrastructure.local.samples.sample import Sample, pdf
from infrastructure.local.samples.vendors import BIANCHI, BLUEBIRD, METROPOLE, NORDLICHT, VAN_DIJK


def read_mails() -> Iterator[Sample]:
    """In the order of their arrival, after those that they refer to."""
    yield from _einvoices()
    yield from _known_again()
    yield from _vendor_elsewhere()
    yield Sample(
        "28-encrypted.eml",
        make_mail(
            sender="Officina Bianchi <fatture@officina-bianchi.example>",
            subject="Fattura n. 197/2026",
            body="Buongiorno,\n\nla password è la solita.\n",
            attachments=[Attached("197-2026.pdf", make_encrypted_pdf("officina", replace(BIANCHI, number="197/2026")))],
        ),
        "a PDF under a password",
        "Review",
    )


def _einvoices() -> Iterator[Sample]:
    xrechnung = replace(NORDLICHT, number="NL-2026-0091", lines=(Line("Schulung, Tage", 2, Decimal("1150.00")),))
    yield Sample(
        "20-xrechnung.eml",
        make_mail(
            sender="Nordlicht Software <rechnung@nordlicht-software.example>",
            subject="XRechnung",
            body="Guten Tag,\n\nanbei unsere elektronische Rechnung.\n",
            attachments=[Attached("xrechnung.xml", make_cii_xml(xrechnung, is_xrechnung=True), "application/xml")],
        ),
        "e-invoice as CII only (XRechnung)",
        "Posted",
    )
    fattura = replace(BIANCHI, number="190/2026", lines=(Line("Pneumatici invernali", 4, Decimal("138.00")),))
    yield Sample(
        "21-fatturapa.eml",
        make_mail(
            sender="Officina Bianchi <fatture@officina-bianchi.example>",
            subject="Fattura elettronica",
            body="Buongiorno,\n\nin allegato la nostra fattura elettronica.\n",
            attachments=[Attached("IT01234567897_00190.xml", make_fatturapa_xml(fattura), "application/xml")],
        ),
        "e-invoice as FatturaPA only",
        "Posted",
    )


def _known_again() -> Iterator[Sample]:
    corrected = replace(VAN_DIJK, lines=(Line("Transport Rotterdam - Utrecht", 5, Decimal("240.00")),))
    yield Sample(
        "22-corrected.eml",
        make_mail(
            sender="Van Dijk <facturen@vandijk-logistiek.example>",
            subject="Factuur VD260311",
            body="Bijgaand de juiste factuur: het waren vijf ritten.\n",
            attachments=[
                Attached("VD260311.xml", make_ubl_xml(corrected, corrects=VAN_DIJK.number), "application/xml")
            ],
            date=SENT + timedelta(days=4),
        ),
        "corrects the invoice of mail 12 under its number (UBL 384)",
        "Posted",
    )
    yield Sample(
        "23-reminder.eml",
        make_mail(
            sender="Metropole Energie <noreply@metropole-energie.example>",
            subject="Mahnung",
            body="Dies ist eine automatische Nachricht.\n",
            attachments=[Attached("Mahnung.pdf", make_invoice_pdf(replace(METROPOLE, due=None), heading="MAHNUNG"))],
            date=SENT + timedelta(days=40),
        ),
        "payment reminder for the invoice of mail 08",
        "Review",
    )
    yield Sample(
        "24-same-sum.eml",
        make_mail(
            sender="Nordlicht Software <rechnung@nordlicht-software.example>",
            subject="Ihre Rechnung",
            body="Guten Tag,\n\nanbei nochmals unsere Rechnung.\n",
            attachments=[Attached("Rechnung.pdf", make_invoice_pdf(replace(NORDLICHT, number="")))],
            date=SENT + timedelta(days=6),
        ),
        "sum and date of the invoice of mail 02, without a number",
        "Review",
    )


def _vendor_elsewhere() -> Iterator[Sample]:
    april = replace(BLUEBIRD, number="INV-2026-0441", issued=date(2026, 3, 9), due=date(2026, 4, 8))
    yield Sample(
        "25-colleague.eml",
        make_mail(
            sender="Mia Sommer <mia.sommer@contoso.example>",
            subject="FW: Invoice INV-2026-0441",
            body=(
                "Came to me by mistake.\n\nMia\n\n________________________________\n"
                "From: Bluebird Billing <billing@bluebird-cloud.example>\nSent: Monday, 9 March 2026 08:12\n"
                "To: Mia Sommer <mia.sommer@contoso.example>\nSubject: Invoice INV-2026-0441\n\n"
                "Please find our invoice attached.\n"
            ),
            attachments=[pdf(april)],
        ),
        "a vendor's mail that a colleague forwards",
        "Posted",
    )
    by_platform = replace(BLUEBIRD, number="INV-2026-0447", issued=date(2026, 3, 10), due=date(2026, 4, 9))
    yield Sample(
        "26-platform.eml",
        make_mail(
            sender="Bluebird Cloud Ltd <quickbooks@notification.intuit.com>",
            subject="Invoice INV-2026-0447 from Bluebird Cloud Ltd",
            body="Your invoice is attached. Powered by QuickBooks.\n",
            attachments=[pdf(by_platform)],
            headers={"Reply-To": "billing@bluebird-cloud.example"},
        ),
        "a billing platform sends for a vendor, whom the VAT id tells",
        "Posted",
    )
    misprinted = replace(VAN_DIJK, vendor="Van Dijk Logistik B.V.", vat_id="", number="TR-2026-118")
    yield Sample(
        "27-misprinted.eml",
        make_mail(
            sender="Administratie <administratie@rotterdam-transport.example>",
            subject="Factuur TR-2026-118",
            body="Bijgaand onze factuur.\n",
            attachments=[pdf(misprinted)],
        ),
        "almost the name of a vendor, from an unknown sender",
        "Needs Vendor",
    )
