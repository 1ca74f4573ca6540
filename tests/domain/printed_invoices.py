"""Made-up invoices as shops, programs and people print them, with what a careful reader takes from each."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Print:
    """A page of text, and its facts: None for what it does not settle, a missing field for what is not asked."""

    name: str
    text: str
    facts: dict[str, str | None]


def _facts(
    number: str | None, issued: str | None, total: str | None, currency: str | None, **more: str | None
) -> dict[str, str | None]:
    return {"invoice_number": number, "issue_date": issued, "total": total, "currency": currency, **more}


ENGLISH = (
    Print(
        "subscription-invoice",
        """
Invoice
Invoice number     7C41D2A9-0007
Date of issue      March 3, 2025
Date due           March 17, 2025

Nimbus Metrics, Inc.                    Bill to
548 Juniper Street                      Harbour & Lane Ltd
San Francisco, California 94104         12 Quay Road
United States                           Bristol BS1 4DJ
billing@nimbusmetrics.example           United Kingdom
                                        ap@harbourlane.example

$290.00 USD due March 17, 2025

Description                      Qty        Unit price        Amount
Team plan
Mar 3 - Apr 3, 2025              10         $29.00            $290.00

                                            Subtotal          $290.00
                                            Total             $290.00
                                            Amount due        $290.00 USD
""",
        _facts(
            "7C41D2A9-0007",
            "2025-03-03",
            "290.00",
            "USD",
            due_date="2025-03-17",
            vendor_name="Nimbus Metrics, Inc.",
            domains="nimbusmetrics.example",
        ),
    ),
    Print(
        "subscription-receipt",
        """
Receipt
Invoice number     B83F00C1-0012
Receipt number     2214-8830
Date paid          June 9, 2025

Parcel Loop LLC
support@parcelloop.example

$48.00 paid on June 9, 2025

Description             Qty     Unit price    Amount
Pro seat                2       $24.00        $48.00
                                Subtotal      $48.00
                                Total         $48.00
                                Amount paid   $48.00
""",
        _facts("B83F00C1-0012", None, "48.00", "USD", due_date=None),
    ),
    Print(
        "uk-tax-invoice",
        """
                                                          TAX INVOICE
Brackley Catering Supplies Limited
Unit 4, Mill Lane                                         Invoice Date
Leeds LS9 8AG                                             7 May 2025
                                                          Invoice Number
Harbour & Lane Ltd                                        INV-3381
12 Quay Road                                              Reference
BRISTOL BS1 4DJ                                           PO 77120
                                                          VAT Number
                                                          GB123456789
Description            Quantity   Unit Price    VAT        Amount GBP
Crockery hire              3.00       210.00    20%            630.00
                                              Subtotal         630.00
                                    TOTAL VAT 20%              126.00
                                             TOTAL GBP         756.00
Due Date: 6 Jun 2025
Registered in England. Brackley Catering Supplies Limited, company no. 01234567
""",
        _facts("INV-3381", "2025-05-07", "756.00", "GBP", due_date="2025-06-06", vat_id="GB123456789"),
    ),
    Print(
        "us-month-first",
        """
Cedar Valley Landscaping, Inc.                                   INVOICE
88 Orchard Rd
Boise, ID 83702
BILL TO                           INVOICE #   1087
Harbour & Lane                    DATE        04/13/2025
                                  DUE DATE    05/02/2025
                                  TERMS       Net 30
ACTIVITY                          QTY    RATE       AMOUNT
Lawn care                         4      125.00     500.00
                                  SUBTOTAL           500.00
                                  TAX                 30.00
                                  TOTAL              530.00
                                  BALANCE DUE        $530.00
""",
        _facts("1087", "2025-04-13", "530.00", "USD", due_date="2025-05-02"),
    ),
    Print(
        "us-address-settles-order",
        """
Cedar Valley Landscaping
Boise, ID 83702
Invoice #: 1090
Invoice Date: 03/04/2025
Total Due: $1,250.00
""",
        _facts("1090", "2025-03-04", "1250.00", "USD"),
    ),
    Print(
        "ambiguous-date",
        """
Oakline Consulting
Invoice No. 2025-14
Invoice date: 03/04/2025
Total: $900.00
""",
        _facts("2025-14", None, "900.00", "USD"),
    ),
    Print(
        "date-format-stated",
        "Invoice No. 2025-15\nInvoice date (DD/MM/YYYY): 03/04/2025\nTotal: $900.00",
        _facts("2025-15", "2025-04-03", "900.00", "USD"),
    ),
    Print(
        "deposit-paid",
        """
Larch Joinery Ltd
Invoice no: LJ-204           Date: 12 Feb 2025
Kitchen fitting                       2,000.00
Subtotal                              2,000.00
VAT @ 20%                               400.00
Total                                £2,400.00
Less deposit paid                      -600.00
Balance due                          £1,800.00
""",
        _facts("LJ-204", "2025-02-12", "2400.00", "GBP"),
    ),
    Print(
        "net-called-total",
        """
Quay Print
Invoice number: 5561
Date: 9 January 2025
Total        100.00
VAT 20%       20.00
Amount due  £120.00
""",
        _facts("5561", "2025-01-09", "120.00", "GBP"),
    ),
    Print(
        "order-and-customer-numbers",
        """
Pinehouse Books                       Customer number:  C-20991
                                      Order number:     ORD-778812
                                      Your PO number:   4500017
                                      Invoice number:   PB/25/00417
                                      Delivery date:    1 April 2025
                                      Invoice date:     3 April 2025
Grand total    EUR 61.20
""",
        _facts("PB/25/00417", "2025-04-03", "61.20", "EUR", purchase_order="4500017"),
    ),
    Print(
        "telecom-bill-with-balance",
        """
Skylark Mobile
Account number 0019 2231                 Bill date: 2 June 2025
Bill number: 88310042
Previous balance                         £42.10
Payment received - thank you            -£42.10
Total charges for this month              £38.50
VAT included                               £6.42
Total new charges                         £38.50
We will debit your bank account GB82 WEST 1234 5698 7654 32 on 16 June 2025.
""",
        _facts("88310042", "2025-06-02", "38.50", "GBP", iban=None),
    ),
    Print(
        "balance-carried-over",
        """
Fenland Water plc
Bill number: 7710-22
Bill date: 2 June 2025
Previous balance            £80.00
Water and sewerage          £60.00
Total amount due           £140.00
""",
        _facts("7710-22", "2025-06-02", None, "GBP"),
    ),
    Print(
        "statement-of-several",
        """
STATEMENT OF ACCOUNT
Brackley Catering Supplies Limited
Statement date: 30 June 2025
Invoice No      Invoice Date      Due Date       Amount
INV-3381        07/05/2025        06/06/2025     £756.00
INV-3402        21/05/2025        20/06/2025     £110.00
Total outstanding                                £866.00
""",
        _facts(None, None, None, "GBP", nature="reminder"),
    ),
    Print(
        "overdue-notice",
        """
OVERDUE NOTICE
Northgate Software Ltd
Invoice number: NS-90
Invoice date: 1 March 2025
Amount due: £99.00
""",
        _facts("NS-90", "2025-03-01", "99.00", "GBP", nature="reminder"),
    ),
    Print(
        "corrected-invoice",
        """
Corrected Invoice
Northgate Software Ltd
Invoice number: NS-91-B
Replaces invoice NS-91
Invoice date: 5 March 2025
Invoice total: £120.00
""",
        _facts("NS-91-B", "2025-03-05", "120.00", "GBP", nature="correction", kind="invoice"),
    ),
    Print(
        "credit-note",
        """
CREDIT NOTE
Northgate Software Ltd
Credit Note No: CN-17
Credit note date: 5 March 2025
Invoice No: NS-80
Total credit        £50.00
Total               £50.00
""",
        _facts("CN-17", "2025-03-05", "50.00", "GBP", kind="credit_note"),
    ),
    Print(
        "hotel-bill",
        """
The Anchor Hotel                                    INVOICE
Guest: Ms A. Miller            Invoice No.  20417
Arrival: 10 Mar 2025           Room  212
Departure: 12 Mar 2025         Invoice Date  12 Mar 2025
Date          Description            Charges     Credits
10 Mar 2025   Accommodation          120.00
11 Mar 2025   Accommodation          120.00
12 Mar 2025   Visa card                          240.00
Total incl. VAT   EUR 240.00
""",
        _facts("20417", "2025-03-12", "240.00", "EUR"),
    ),
    Print(
        "australian",
        """
Tax Invoice
Bondi Design Pty Ltd   ABN 51 824 753 556
Invoice No: 1182
Date: 03/04/2025
Subtotal       $200.00
GST 10%         $20.00
Total inc GST  $220.00
""",
        _facts("1182", "2025-04-03", "220.00", "AUD", vendor_name="Bondi Design Pty Ltd"),
    ),
    Print(
        "canadian",
        """
Maple Freight Inc.
Toronto, ON M5V 2T6
Invoice # 55-1029
Invoice date: Apr 3, 2025
Subtotal   $100.00
HST 13%     $13.00
Total      $113.00
HST No. 123456789 RT0001
""",
        _facts("55-1029", "2025-04-03", "113.00", "CAD"),
    ),
    Print(
        "due-printed-before-issued",
        "Invoice: A-2231\nDue date: 30 April 2025\nInvoice date: 31 March 2025\nTotal due: €75.00",
        _facts("A-2231", "2025-03-31", "75.00", "EUR", due_date="2025-04-30"),
    ),
    Print(
        "shop-order",
        """
Order placed: January 5, 2025
Order # 112-4459981-2213
Sold by: Lamplight Trading Ltd
Invoice # GB-LT-2025-881
Invoice date / Delivery date 06 January 2025
Total payable £24.98
""",
        _facts("GB-LT-2025-881", "2025-01-06", "24.98", "GBP", vendor_name="Lamplight Trading Ltd"),
    ),
    Print(
        "spaced-heading",
        """
I N V O I C E
No. 20250017
March 9, 2025
Oakline Consulting
Total   $75.00
""",
        _facts("20250017", "2025-03-09", "75.00", "USD", kind="invoice"),
    ),
    Print(
        "program-uk",
        """
INVOICE
                                   Invoice Date      Acme Widgets Ltd
                                   12 Mar 2025       1 High Street
Big Customer Plc                   Invoice Number    London
1 Road                             INV-0042          W1A 1AA
                                   Reference
                                   Order 99
Description     Quantity  Unit Price  Amount GBP
Thing           1.00      100.00      100.00
                          Subtotal    100.00
                          TOTAL VAT 20% 20.00
                          TOTAL GBP   120.00
Due Date: 26 Mar 2025
""",
        _facts("INV-0042", "2025-03-12", "120.00", "GBP", due_date="2025-03-26"),
    ),
    Print(
        "two-currencies",
        """
Account number:                          Invoice Summary
111122223333                             Invoice Number:                    EUINGB25-1234567
Address:                                 Invoice Date:                      March 2 , 2025
Attn: Foo Ltd                            TOTAL AMOUNT DUE ON March 2 , 2025      GBP 54.32
VAT Number: GB123456789
Cloud Services EMEA SARL
Total for this invoice in GBP (1 USD = 0.79 GBP)          GBP 54.32
Net Charges (USD) (After Credits/Discounts, excl. Tax)   $57.30
Total USD   $68.76
""",
        _facts("EUINGB25-1234567", "2025-03-02", "54.32", "GBP"),
    ),
    Print(
        "dotted-leaders",
        """
Invoice
Invoice number: 5123456789
Bill to                          Details
Foo GmbH                         Invoice number ............ 5123456789
Hauptstr. 1                      Invoice date .............. 31 Mar 2025
10115 Berlin                     Billing ID ................ 1234-5678-9012
                                 Domain name ............... foo.example
Office Suite
Total in EUR                                      €45.00
Summary for 1 Mar 2025 - 31 Mar 2025
Subtotal in EUR                                   €45.00
VAT (0%)                                          €0.00
Total in EUR                                      €45.00
""",
        _facts("5123456789", "2025-03-31", "45.00", "EUR"),
    ),
    Print(
        "amount-first",
        """
INVOICE                                         Invoice #  0012
                                                Invoice date  Jan 5, 2025
                                                Due date  Jan 20, 2025
Jane Roe Studio
Amount due
$350.00
Bill to: client@x.example
Items  Quantity  Price  Amount
Logo     1     $350.00  $350.00
Subtotal  $350.00
Total  $350.00 USD
""",
        _facts("0012", "2025-01-05", "350.00", "USD", due_date="2025-01-20"),
    ),
    Print(
        "heading-row",
        """
INVOICE   Page 1 of 2
Invoice No.    Invoice Date    Account No.    Due Date
449021         05/28/2025      A-9912         06/27/2025
Remit To: Global Parts Inc., PO Box 12, Dallas, TX 75201
Ship To: Foo
Total Amount Due   $ 1,020.50
Previous Invoice 448000
""",
        _facts("449021", "2025-05-28", "1020.50", "USD", due_date="2025-06-27", vendor_name="Global Parts Inc."),
    ),
    Print(
        "quotation",
        """
QUOTATION
Quote No: Q-12
Date: 3 March 2025
Total £500.00
""",
        _facts(None, "2025-03-03", "500.00", "GBP", kind=None),
    ),
    Print(
        "order-confirmation",
        """
Order confirmation
Order number 111-222
Order date 3 March 2025
Order total £50.00
""",
        _facts(None, None, "50.00", "GBP", kind=None),
    ),
    Print(
        "comma-decides",
        """
Invoice No: 77
Date 2025-01-05
Total: EUR 1.250
Shipping: EUR 12,50
""",
        _facts("77", "2025-01-05", "1250", "EUR"),
    ),
    Print(
        "ride",
        """
Thanks for riding
Total    €12.40
Trip fare  €10.25
Invoice number: UBR-1-2025-0001234
Invoice date: 4 Jan 2025
Net total €10.25
VAT 21% €2.15
Gross total €12.40
""",
        _facts("UBR-1-2025-0001234", "2025-01-04", "12.40", "EUR"),
    ),
)

GERMAN = (
    Print(
        "letter-with-window",
        """
Muster & Sohn GmbH - Hauptstr. 1 - 12345 Berlin
Kundenfirma AG                                         Rechnungs-Nr.:   RE-2025-0412
Frau Petra Klein                                       Kunden-Nr.:      10077
Lange Gasse 7                                          Rechnungsdatum:  14.05.2025
80331 München                                          Lieferdatum:     12.05.2025

Rechnung
Pos.  Bezeichnung                 Menge     Einzelpreis      Gesamt
1     Beratung                    8 Std     95,00 €          760,00 €
                                  Summe netto                760,00 €
                                  zzgl. 19 % USt.            144,40 €
                                  Gesamtbetrag               904,40 €
Bitte überweisen Sie den Betrag bis zum 28.05.2025.
Muster & Sohn GmbH     IBAN: DE89 3704 0044 0532 0130 00     USt-IdNr.: DE123456789
www.muster-sohn.example
""",
        _facts(
            "RE-2025-0412",
            "2025-05-14",
            "904.40",
            "EUR",
            due_date="2025-05-28",
            vat_id="DE123456789",
            iban="DE89370400440532013000",
            vendor_name="Muster & Sohn GmbH",
            domains="muster-sohn.example",
        ),
    ),
    Print(
        "letter-with-bars",
        """
Werkstatt Nord UG (haftungsbeschränkt) | Ringweg 3 | 24103 Kiel
Kundenfirma AG
Lange Gasse 7
80331 München
                                                             Kiel, den 3. März 2025
Rechnung Nr. 2025-33
Gesamtsumme inkl. 19 % MwSt.    238,00 €
""",
        _facts("2025-33", "2025-03-03", "238.00", "EUR", vendor_name="Werkstatt Nord UG (haftungsbeschränkt)"),
    ),
    Print(
        "small-business",
        """
Anna Schmidt Texte
RECHNUNG
Rechnungsnummer: 17/2025
Datum: 02.04.2025
Leistungszeitraum: 01.03.2025 - 31.03.2025
Gemäß § 19 UStG wird keine Umsatzsteuer berechnet.
Gesamtbetrag: 1.250,00 Euro
Zahlbar innerhalb von 14 Tagen ohne Abzug bis 16.04.2025
""",
        _facts("17/2025", "2025-04-02", "1250.00", "EUR", due_date="2025-04-16"),
    ),
    Print(
        "utility",
        """
Stadtwerke Beispielau GmbH
Verbrauchsabrechnung Strom
Rechnungsnummer      4408-221-9
Vertragskonto        2000 4711 22
Rechnungsdatum       31.01.2025
Abschläge bezahlt    -600,00 €
Rechnungsbetrag       712,44 €
Nachzahlung           112,44 €
Der Betrag wird am 14.02.2025 von Ihrem Konto DE02 1203 0000 0000 2020 51 abgebucht.
Unsere Bankverbindung: IBAN DE89 3704 0044 0532 0130 00
""",
        _facts("4408-221-9", "2025-01-31", "712.44", "EUR", iban="DE89370400440532013000"),
    ),
    Print(
        "tax-table",
        """
Lebensmittel Huber KG                                Rechnung 880123
                                                     Datum 11.06.2025
Artikel             Menge     Preis       Betrag
Käse                2         7,50        15,00
Besteck             1         50,00       50,00
MwSt.-Satz       Nettobetrag     MwSt.-Betrag     Bruttobetrag
7 %                    15,00             1,05            16,05
19 %                   50,00             9,50            59,50
Summe                  65,00            10,55            75,55
Alle Beträge in EUR
""",
        _facts("880123", "2025-06-11", "75.55", "EUR"),
    ),
    Print(
        "swiss",
        """
Alpsoft AG
Bahnhofstrasse 12, 8001 Zürich
CHE-123.456.789 MWST
Rechnung Nr. 100482
Datum: 5. Juni 2025
Total CHF exkl. MwSt.    1'200.00
MwSt. 8.1%                  97.20
Total CHF inkl. MwSt.    1'297.20
Konto: CH93 0076 2011 6238 5295 7
""",
        _facts("100482", "2025-06-05", "1297.20", "CHF", iban="CH9300762011623852957"),
    ),
    Print(
        "reminder",
        """
Zahlungserinnerung
Werkstatt Nord UG
Rechnung Nr. 2025-33 vom 03.03.2025
Offener Betrag: 238,00 €
Bitte zahlen Sie bis zum 20.04.2025.
""",
        _facts("2025-33", "2025-03-03", "238.00", "EUR", due_date="2025-04-20", nature="reminder"),
    ),
    Print(
        "correction",
        """
Rechnungskorrektur Nr. RK-5 vom 09.04.2025
zu Rechnung Nr. 2025-33 vom 03.03.2025
Endbetrag: -23,80 €
""",
        _facts("RK-5", "2025-04-09", "-23.80", "EUR", nature="correction"),
    ),
    Print(
        "credit-note",
        """
GUTSCHRIFT
Gutschrift-Nr.: GS-2025-7
Datum: 10.04.2025
zu Rechnung Nr. 2025-33
Gesamtbetrag brutto: 119,00 EUR
""",
        _facts("GS-2025-7", "2025-04-10", "119.00", "EUR", kind="credit_note"),
    ),
    Print(
        "order-beside-number",
        """
Bürobedarf Lang e.K.
Ihre Bestellnummer: B-99812        Auftragsnummer: 551200
Rechnungs-Nr. 25-10442             Rechnungsdatum / Lieferdatum: 22.05.2025
Zwischensumme   84,03 €
MwSt. 19 %      15,97 €
Zu zahlender Betrag   100,00 €
""",
        _facts("25-10442", "2025-05-22", "100.00", "EUR", purchase_order="B-99812"),
    ),
    Print(
        "discount-terms",
        """
Holzhandel Tann GmbH & Co. KG
Rechnung-Nr.: 77120  vom 01.07.2025
Rechnungsbetrag brutto  1.190,00 EUR
Zahlbar innerhalb 30 Tagen netto bis 31.07.2025, 2% Skonto innerhalb 10 Tagen bis 11.07.2025
""",
        _facts("77120", "2025-07-01", "1190.00", "EUR", due_date="2025-07-31"),
    ),
    Print(
        "telephone",
        """
Fernruf Beispiel GmbH, Postfach 100, 53113 Bonn        Ihre Rechnung für April 2025
Herrn                                                   Kundennummer        4711 0815
Max Muster                                              Rechnungsnummer     75 1234 5678 9012
Weg 1                                                   Rechnungsdatum      07.04.2025
10115 Berlin                                            Seite               1 von 3
Monatliche Beträge                                                     33,57 €
Summe (netto)                                                          33,57 €
Umsatzsteuer 19 %                                                       6,38 €
Rechnungsbetrag                                                        39,95 €
Den Betrag buchen wir nicht vor dem 8. Tag nach Zugang der Rechnung von Ihrem Konto ab.
""",
        _facts("75 1234 5678 9012", "2025-04-07", "39.95", "EUR", iban=None),
    ),
    Print(
        "program-de",
        """
Beispiel UG (haftungsbeschränkt) · Musterweg 5 · 50667 Köln
Kunde Eins GmbH                                 Rechnungsnr.       RE-1023
Straße 1                                        Kundennr.          1009
12345 Ort                                       Datum              03.02.2025
                                                Lieferdatum        31.01.2025
                                                Ihr Ansprechpartner  Eva
Rechnung Nr. RE-1023
Pos.  Beschreibung       Menge    Einzelpreis   Gesamtpreis
1.    Webdesign          1,00 Std    80,00 EUR     80,00 EUR
Gesamtbetrag netto                                 80,00 EUR
zzgl. Umsatzsteuer 19%                             15,20 EUR
Gesamtbetrag brutto                                95,20 EUR
Bitte überweisen Sie den Rechnungsbetrag unter Angabe der Rechnungsnummer auf das unten angegebene Konto.
Der Rechnungsbetrag ist sofort fällig.
Beispiel UG (haftungsbeschränkt)    Volksbank Köln         Geschäftsführer
Musterweg 5                         IBAN DE89370400440532013000    Eva Beispiel
50667 Köln                          BIC GENODED1           USt-ID DE999999999
""",
        _facts(
            "RE-1023",
            "2025-02-03",
            "95.20",
            "EUR",
            iban="DE89370400440532013000",
            vat_id="DE999999999",
            vendor_name="Beispiel UG (haftungsbeschränkt)",
        ),
    ),
    Print(
        "delivery-note",
        """
LIEFERSCHEIN Nr. 4711
Lieferdatum 03.03.2025
Summe 10 Stk
""",
        _facts(None, None, None, None, kind=None),
    ),
    Print(
        "railway",
        """
Rechnung
Auftragsnummer: 123ABC
Rechnungsnummer: 2025123456
Gesamtpreis    59,90 EUR
Summe                     55,98€      3,92€      59,90€
Datum: 01.02.25
""",
        _facts("2025123456", "2025-02-01", "59.90", "EUR"),
    ),
)

FRENCH = (
    Print(
        "shop",
        """
Boutique du Lac SARL
14 quai des Brumes
74000 Annecy
contact@boutiquedulac.example
SIRET 123 456 789 00012 - TVA FR40 303 265 045

FACTURE N° F2025-0087                        Date : 05/06/2025
                                             Échéance : 05/07/2025
Facturé à
Atelier Morel SAS
3 rue Verte
69002 Lyon
Désignation          Qté    P.U. HT     Total HT
Table                1      250,00 €    250,00 €
                            Total HT    250,00 €
                            TVA 20 %     50,00 €
                            Total TTC   300,00 €
""",
        _facts(
            "F2025-0087",
            "2025-06-05",
            "300.00",
            "EUR",
            due_date="2025-07-05",
            vat_id="FR40303265045",
            vendor_name="Boutique du Lac SARL",
            kind="invoice",
        ),
    ),
    Print(
        "freelancer",
        """
Camille Durand, graphiste
Nantes, le 12 mars 2025
Facture n° 2025-07
Prestation de mars                1 200,00
Total HT                          1 200,00 €
TVA non applicable, art. 293 B du CGI
Net à payer                       1 200,00 €
À régler avant le 11/04/2025
""",
        _facts("2025-07", "2025-03-12", "1200.00", "EUR", due_date="2025-04-11"),
    ),
    Print(
        "deposit",
        """
Menuiserie Blanc
Facture n° 118
Date de facturation : 2 avril 2025
Total TTC            2 400,00 €
Acompte versé          800,00 €
Net à payer          1 600,00 €
""",
        _facts("118", "2025-04-02", "2400.00", "EUR"),
    ),
    Print(
        "telecom-direct-debit",
        """
Fibre Horizon SA
N° de facture : 7 114 220 903
Date de facture : 01/05/2025
N° client : 55 10 22
Montant total de la facture          34,99 € TTC
La somme sera prélevée le 15/05/2025 sur votre compte :
FR76 3000 6000 0112 3456 7890 189
""",
        _facts("7114220903", "2025-05-01", "34.99", "EUR", iban=None, due_date=None),
    ),
    Print(
        "energy",
        """
Électricité de la Baie
Votre facture du 3 février 2025
Facture n° 10 442 118 290
Total TTC à payer    86,20 €
Montant HT           71,83 €
""",
        _facts("10442118290", "2025-02-03", "86.20", "EUR"),
    ),
    Print(
        "credit",
        """
AVOIR N° AV-2025-003
Date : 14/04/2025
Sur la facture n° F2025-0087
Total TTC  -60,00 €
""",
        _facts("AV-2025-003", "2025-04-14", "-60.00", "EUR", kind="credit_note"),
    ),
    Print(
        "reminder",
        """
RELANCE
Menuiserie Blanc
Facture n° 118 du 2 avril 2025
Montant dû : 1 600,00 €
""",
        _facts("118", "2025-04-02", "1600.00", "EUR", nature="reminder"),
    ),
    Print(
        "correction",
        """
FACTURE RECTIFICATIVE
N° de facture : FR-19
Annule et remplace la facture n° F-18
Date d'émission : 20/05/2025
Montant TTC : 144,00 €
""",
        _facts("FR-19", "2025-05-20", "144.00", "EUR", nature="correction"),
    ),
    Print(
        "order-number",
        """
Papeterie Roux
N° de commande : CMD-5521      N° client : 8812
N° de facture : FA-2025-118    Date de la facture/Date de la livraison 5 janvier 2025
Total 23,90 €
""",
        _facts("FA-2025-118", "2025-01-05", "23.90", "EUR", purchase_order="CMD-5521"),
    ),
    Print(
        "direct-debit-date",
        """
Nuage Exemple SAS                                                FACTURE
2 rue Kellermann
59100 Roubaix                                     Référence : FR12345678
TVA : FR22123456789                               Date d'émission : 1 mars 2025
                                                  Facturé à : Jean Client
Total HT    10,00 €
TVA (20%)    2,00 €
Total TTC   12,00 €
Paiement par prélèvement le 05/03/2025
""",
        _facts(None, "2025-03-01", "12.00", "EUR", due_date=None, vendor_name="Nuage Exemple SAS"),
    ),
    Print(
        "number-in-groups",
        """
Facture du 11/12/2024
N° de facture : 12 345 678 901
N° de client : 6 012 345 678
Montant total TTC (facture n° 12 345 678 901)        62,86 €
A payer avant le 28/12/2024
""",
        _facts("12345678901", "2024-12-11", "62.86", "EUR", due_date="2024-12-28"),
    ),
)

SPANISH = (
    Print(
        "company",
        """
Sol y Piedra, S.L.                              FACTURA
C/ Mayor 5, 28013 Madrid                        Nº de factura: 2025/0142
NIF: ESB12345674                                Fecha de emisión: 04/03/2025
                                                Vencimiento: 03/04/2025
Cliente:
Bodegas Ruiz, S.A.
Av. del Puerto 9
46021 Valencia
NIF: ESA87654321
Concepto               Cantidad   Precio     Importe
Reforma                1          1.000,00   1.000,00
                       Base imponible        1.000,00 €
                       IVA 21%                 210,00 €
                       TOTAL FACTURA         1.210,00 €
""",
        _facts(
            "2025/0142",
            "2025-03-04",
            "1210.00",
            "EUR",
            due_date="2025-04-03",
            vat_id="ESB12345674",
        ),
    ),
    Print(
        "with-retention",
        """
Lucía Pérez, traductora
Factura n.º 12/2025
Fecha: 8 de mayo de 2025
Base imponible   500,00 €
IVA 21 %         105,00 €
Retención IRPF 15 %   -75,00 €
Total a pagar    530,00 €
""",
        _facts("12/2025", "2025-05-08", None, "EUR"),
    ),
    Print(
        "table",
        """
Ferretería Gómez SLU
Número de factura    Fecha          Cliente
F-20931              15/02/2025     C0044
Base imponible     % IVA     Cuota IVA     Total
        100,00        21         21,00    121,00
Forma de pago: transferencia   IBAN ES91 2100 0418 4502 0005 1332
Importes en euros
""",
        _facts("F-20931", "2025-02-15", "121.00", "EUR", iban="ES9121000418450200051332"),
    ),
    Print(
        "telephone",
        """
Telefonía Brisa, S.A.U.
Núm. factura: 28-C5-030211
Fecha factura: 1 de junio de 2025
Importe total: 45,90 €
Se cargará en su cuenta ES91 2100 0418 4502 0005 1332
""",
        _facts("28-C5-030211", "2025-06-01", "45.90", "EUR", iban=None),
    ),
    Print(
        "reminder",
        """
Recordatorio de pago
Ferretería Gómez SLU
Factura nº F-20931
Importe total pendiente 121,00 €
""",
        _facts("F-20931", None, None, "EUR", nature="reminder"),
    ),
    Print(
        "rectifying",
        """
Factura rectificativa
Número de factura: R-7
Rectifica a la factura F-20931
Fecha de expedición: 20/03/2025
Total factura: -121,00 €
""",
        _facts("R-7", "2025-03-20", "-121.00", "EUR", nature="correction", kind="credit_note"),
    ),
    Print(
        "till",
        """
FACTURA SIMPLIFICADA
Tienda Muebles S.A. CIF A12345678
Nº Factura: 1234-567890
Fecha: 12/08/2025 Hora: 10:33
TOTAL                89,97 EUR
Tarjeta              89,97
Base 74,36  IVA 21%  15,61
""",
        _facts("1234-567890", "2025-08-12", "89.97", "EUR"),
    ),
    Print(
        "hotel",
        """
Hotel Mirador S.L.   CIF: ESB00000000
Factura: 2025/H/0931      Fecha factura: 09/07/2025
Entrada: 06/07/2025   Salida: 09/07/2025
Fecha      Concepto        Importe
06/07/2025 Alojamiento      110,00
07/07/2025 Alojamiento      110,00
Total base   200,00
IVA 10%       20,00
Total        220,00 €
""",
        _facts("2025/H/0931", "2025-07-09", "220.00", "EUR"),
    ),
)

ITALIAN = (
    Print(
        "company",
        """
Rossi Impianti S.r.l.
Via Garibaldi 12 - 20121 Milano
P.IVA: IT01234567897
                                       Spett.le
                                       Bianchi S.p.A.
                                       Corso Italia 4
                                       10121 Torino
                                       P.IVA: IT09876543217
Fattura n. 184/2025 del 12/05/2025
Descrizione          Q.tà     Prezzo       Importo
Impianto             1        1.000,00     1.000,00
Imponibile                    1.000,00
IVA 22%                         220,00
Totale fattura              € 1.220,00
Scadenza: 11/06/2025
IBAN: IT60 X054 2811 1010 0000 0123 456
""",
        _facts(
            "184/2025",
            "2025-05-12",
            "1220.00",
            "EUR",
            due_date="2025-06-11",
            vat_id="IT01234567897",
            iban="IT60X0542811101000000123456",
            vendor_name="Rossi Impianti S.r.l.",
        ),
    ),
    Print(
        "document-table",
        """
Officine Verdi Srl
Tipo documento      Numero documento     Data documento
Fattura             FPR 12/25            03-06-2025
Totale imponibile   IVA        Totale documento
          400,00    88,00      488,00
Valuta: EUR
""",
        _facts("FPR 12/25", "2025-06-03", "488.00", "EUR"),
    ),
    Print(
        "energy",
        """
Luce Serena S.p.A.
Bolletta per la fornitura di energia elettrica
Fattura n. 4125003311
Data di emissione: 7 aprile 2025
Totale da pagare  € 64,18
Entro il 28/04/2025
""",
        _facts("4125003311", "2025-04-07", "64.18", "EUR", due_date="2025-04-28"),
    ),
    Print(
        "solicitation",
        """
Sollecito di pagamento
Officine Verdi Srl
Fattura n. 77 del 03/02/2025
Importo da pagare: 488,00 EUR
""",
        _facts("77", "2025-02-03", "488.00", "EUR", nature="reminder"),
    ),
    Print(
        "credit",
        """
Nota di credito n. 4/NC del 10/06/2025
Rif. fattura n. 184/2025
Totale documento € 122,00
""",
        _facts("4/NC", "2025-06-10", "122.00", "EUR", kind="credit_note"),
    ),
    Print(
        "withholding",
        """
FATTURA
Numero: 55          Data: 10/01/2025
Spett.le Comune di Roma
Imponibile      100,00
IVA 22%          22,00
TOTALE A PAGARE  € 122,00
Ritenuta d'acconto 20%  -20,00
Netto a pagare  € 102,00
""",
        _facts("55", "2025-01-10", None, "EUR"),
    ),
)

DUTCH = (
    Print(
        "company",
        """
De Gouden Spijker B.V.                     Factuur
Kerkstraat 8                               Factuurnummer:   2025-0311
1017 GP Amsterdam                          Factuurdatum:    16-05-2025
info@goudenspijker.example                 Vervaldatum:     15-06-2025
BTW-nummer: NL123456789B01                 Uw ordernummer:  PO-118
Klant:
Havenbedrijf N.V.
Dokweg 1
Omschrijving       Aantal     Prijs       Bedrag
Timmerwerk         10         45,00       450,00
                   Subtotaal            € 450,00
                   BTW 21%              €  94,50
                   Totaal               € 544,50
IBAN NL91 ABNA 0417 1643 00 t.n.v. De Gouden Spijker B.V.
""",
        _facts(
            "2025-0311",
            "2025-05-16",
            "544.50",
            "EUR",
            due_date="2025-06-15",
            vat_id="NL123456789B01",
            iban="NL91ABNA0417164300",
            purchase_order="PO-118",
            vendor_name="De Gouden Spijker B.V.",
        ),
    ),
    Print(
        "incasso",
        """
Zonstroom Energie
Factuurnummer 88120031
Factuurdatum 1 mei 2025
Totaal inclusief 21% btw   € 121,00
Het bedrag wordt automatisch afgeschreven van uw rekening NL91 ABNA 0417 1643 00.
""",
        _facts("88120031", "2025-05-01", "121.00", "EUR", iban=None),
    ),
    Print(
        "excl-and-incl",
        """
Webbureau Tij
Factuur 2025114
Datum: 3 maart 2025
Totaal excl. btw    € 100,00
Btw 21%             € 21,00
Totaal incl. btw    € 121,00
Gelieve te betalen vóór 17 maart 2025
""",
        _facts("2025114", "2025-03-03", "121.00", "EUR", due_date="2025-03-17"),
    ),
    Print(
        "reminder",
        """
Betalingsherinnering
Webbureau Tij
Factuurnummer: 2025114
Te betalen: € 121,00
""",
        _facts("2025114", None, "121.00", "EUR", nature="reminder"),
    ),
    Print(
        "purchase",
        """
Technische Groothandel Maas B.V.
Klantnummer 4410     Bestelnummer 99812     Factuurnr. 774411
Factuurdatum 12-11-2025
Te betalen EUR 60,50
""",
        _facts("774411", "2025-11-12", "60.50", "EUR", purchase_order="99812"),
    ),
    Print(
        "telephone",
        """
Factuur
Datum 5 april 2025
Klantnummer 12345678
Factuurnummer 1234.5678.90
Betaalmethode Automatische incasso
Totaal exclusief btw € 41,32
Btw 21% € 8,68
Totaal te betalen € 50,00
Het totaalbedrag wordt rond 22 april 2025 afgeschreven van NL91ABNA0417164300
""",
        _facts("1234.5678.90", "2025-04-05", "50.00", "EUR", iban=None, due_date=None),
    ),
)

PRINTS = {
    f"{language}-{each.name}": each
    for language, prints in (
        ("english", ENGLISH),
        ("german", GERMAN),
        ("french", FRENCH),
        ("spanish", SPANISH),
        ("italian", ITALIAN),
        ("dutch", DUTCH),
    )
    for each in prints
}
