"""The vendors of the sample mailbox: an invoice of each, from which the others are made.

All but the last stand in `vendors.csv`, with the account that their documents name; the last in `late_vendor.csv`.
"""

from datetime import date
from decimal import Decimal

from infrastructure.local.samples.invoice import Invoice, Line

BLUEBIRD = Invoice()
NORDLICHT = Invoice(
    vendor="Nordlicht Software GmbH",
    vat_id="DE811234567",
    iban="DE89370400440532013000",
    number="NL-2026-0088",
    lines=(Line("Lizenzen Planung, 25 Plätze", 25, Decimal("48.00")),),
    vat_percent=19,
    currency="EUR",
    language="de",
    customer="Contoso GmbH",
)
LUMIERE = Invoice(
    vendor="Papeterie Lumière SARL",
    vat_id="FR40303265045",
    iban="FR7630006000011234567890189",
    number="FA2026/0312",
    issued=date(2026, 3, 13),
    due=date(2026, 4, 13),
    lines=(Line("Papier A4, cartons", 40, Decimal("31.20")),),
    currency="EUR",
    language="fr",
    customer="Contoso France SAS",
)
METROPOLE = Invoice(
    vendor="Metropole Energie AG",
    vat_id="DE129876543",
    iban="DE02120300000000202051",
    number="7004418822",
    lines=(Line("Strom Februar 2026, kWh", 4120, Decimal("0.31")),),
    vat_percent=19,
    currency="EUR",
    language="de",
    customer="Contoso GmbH",
)
BIANCHI = Invoice(
    vendor="Officina Bianchi S.r.l.",
    vat_id="IT01234567897",
    iban="IT60X0542811101000000123456",
    number="184/2026",
    issued=date(2026, 3, 16),
    due=date(2026, 4, 15),
    lines=(Line("Tagliando furgone", 1, Decimal("420.00")),),
    vat_percent=22,
    currency="EUR",
    language="it",
    customer="Contoso Italia S.r.l.",
)
VAN_DIJK = Invoice(
    vendor="Van Dijk Logistiek B.V.",
    vat_id="NL810433941B01",
    iban="NL91ABNA0417164300",
    number="VD260311",
    lines=(Line("Transport Rotterdam - Utrecht", 6, Decimal("240.00")),),
    vat_percent=21,
    currency="EUR",
    language="nl",
    customer="Contoso B.V.",
)
KUPFER = Invoice(
    vendor="Kupfer & Kessel Anlagenbau GmbH",
    vat_id="DE234567891",
    iban="DE75512108001245126199",
    number="KK-10277",
    lines=(Line("Wartung Kesselanlage", 1, Decimal("2980.00")),),
    vat_percent=19,
    currency="EUR",
    language="de",
    customer="Contoso GmbH",
)
