"""Mails that are not to be trusted: how payments are diverted, and what else no invoice needs."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal

from infrastructure.local.samples.builders import (
    Attached,
    make_factur_x_pdf,
    make_locked_zip,
    make_macro_document,
    make_mail,
)
from infrastructure.local.samples.invoice import Line
from infrastructure.local.samples.sample import Sample, pdf
from infrastructure.local.samples.vendors import BIANCHI, BLUEBIRD, LUMIERE, METROPOLE, NORDLICHT, VAN_DIJK

_ELSEWHERE = "LT601010012345678901"
# As Exchange Online writes it: no server's name, and the tenant's verdict over all as `compauth`.
_FORGED = (
    "spf=fail (sender IP is 203.0.113.7) smtp.mailfrom=metropole-energie.example; dkim=none (message not signed) "
    "header.d=none;dmarc=fail action=quarantine header.from=metropole-energie.example;compauth=fail reason=000"
)


def distrusted_mails() -> Iterator[Sample]:
    """In the order of their arrival."""
    yield from _other_account()
    yield from _other_sender()
    yield from _other_documents()


def _other_account() -> Iterator[Sample]:
    changed = replace(BLUEBIRD, number="INV-2026-0452", issued=date(2026, 3, 11), iban=_ELSEWHERE)
    yield Sample(
        "29-new-account.eml",
        make_mail(
            subject="Invoice INV-2026-0452 - our new bank details",
            body="Please note that our bank account has changed.\n",
            attachments=[pdf(changed)],
        ),
        "known sender, but an account that the vendor is not known to have",
        "Review",
    )
    copied = replace(BLUEBIRD, number="INV-2026-0460", issued=date(2026, 3, 12), iban=_ELSEWHERE)
    yield Sample(
        "30-look-alike.eml",
        make_mail(
            sender="Bluebird Cloud Ltd <billing@bluebird-c1oud.example>",
            subject="Invoice INV-2026-0460",
            attachments=[pdf(copied)],
        ),
        "a domain that looks like a vendor's, under the vendor's name",
        "Review",
    )


def _other_sender() -> Iterator[Sample]:
    yield Sample(
        "31-forged.eml",
        make_mail(
            sender="Metropole Energie <noreply@metropole-energie.example>",
            subject="Ihre Stromrechnung 7004420156",
            body="Dies ist eine automatische Nachricht.\n",
            attachments=[pdf(replace(METROPOLE, number="7004420156", issued=date(2026, 3, 12)))],
            headers={"Authentication-Results": _FORGED},
        ),
        "a vendor's address that fails Exchange's check of the sender",
        "Review",
    )
    yield Sample(
        "32-reply-to.eml",
        make_mail(
            sender="Papeterie Lumière <compta@papeterie-lumiere.example>",
            subject="Facture FA2026/0327",
            body="Bonjour,\n\nveuillez trouver notre facture en pièce jointe.\n",
            attachments=[pdf(replace(LUMIERE, number="FA2026/0327", issued=date(2026, 3, 17)))],
            headers={"Reply-To": "Papeterie Lumière <papeterie.lumiere@gmail.com>"},
        ),
        "replies would go to a free mail account",
        "Review",
    )


def _other_documents() -> Iterator[Sample]:
    printed = replace(NORDLICHT, number="NL-2026-0095", issued=date(2026, 3, 18))
    stated = replace(printed, lines=(Line("Lizenzen Planung, 25 Plätze", 25, Decimal("84.00")),))
    yield Sample(
        "33-two-totals.eml",
        make_mail(
            sender="Nordlicht Software <rechnung@nordlicht-software.example>",
            subject="Rechnung NL-2026-0095",
            body="Guten Tag,\n\nanbei unsere Rechnung NL-2026-0095.\n",
            attachments=[Attached("NL-2026-0095.pdf", make_factur_x_pdf(printed, stated=stated))],
        ),
        "a PDF that prints one total and carries another in its XML",
        "Review",
    )
    yield Sample(
        "34-html.eml",
        make_mail(
            sender="Officina Bianchi <fatture@officina-bianchi.example>",
            subject="Fattura n. 201/2026",
            body="Buongiorno,\n\naprire la pagina allegata per scaricare la fattura.\n",
            attachments=[
                pdf(replace(BIANCHI, number="201/2026", issued=date(2026, 3, 19))),
                Attached("portale.html", b"<html><body>Accedi</body></html>\r\n", "text/html"),
            ],
        ),
        "an HTML page beside the invoice",
        "Review",
    )
    yield Sample(
        "35-locked-and-macros.eml",
        make_mail(
            sender="Van Dijk <facturen@vandijk-logistiek.example>",
            subject="Factuur VD260327",
            body="Wachtwoord: 1234\n",
            attachments=[
                pdf(replace(VAN_DIJK, number="VD260327", issued=date(2026, 3, 20))),
                Attached("ritten.zip", make_locked_zip("ritten.xlsx"), "application/zip"),
                Attached("ritten.docm", make_macro_document(), "application/vnd.ms-word.document.macroEnabled.12"),
            ],
        ),
        "an archive under a password and a Word file with macros",
        "Review",
    )
