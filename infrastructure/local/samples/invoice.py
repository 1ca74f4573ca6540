"""The invoice that the sample documents state, and how each language prints it."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Line:
    """One position."""

    text: str
    quantity: int
    price: Decimal

    @property
    def amount(self) -> Decimal:
        """Net amount of the position."""
        return self.quantity * self.price


@dataclass(frozen=True, slots=True)
class Invoice:
    """What a document says; the totals follow from the lines."""

    vendor: str = "Bluebird Cloud Ltd"
    vat_id: str = "GB987654321"
    iban: str = "GB33BUKB20201555555555"
    number: str = "INV-2026-0417"
    issued: date = date(2026, 3, 5)
    due: date | None = date(2026, 4, 4)
    lines: tuple[Line, ...] = (Line("Hosting, March", 1, Decimal("900.00")), Line("Support hours", 4, Decimal("85.50")))
    vat_percent: int = 20
    currency: str = "GBP"
    language: str = "en"
    is_credit: bool = False
    customer: str = "Contoso Ltd"

    @property
    def net(self) -> Decimal:
        """Sum of the lines."""
        return sum((line.amount for line in self.lines), Decimal(0)).quantize(CENT)

    @property
    def tax(self) -> Decimal:
        """Value added tax on all of it."""
        return (self.net * self.vat_percent / 100).quantize(CENT)

    @property
    def total(self) -> Decimal:
        """What is to be paid, or credited."""
        return self.net + self.tax


@dataclass(frozen=True, slots=True)
class Words:
    """Labels and formats of one language."""

    invoice: str
    credit: str
    number: str
    issued: str
    due: str
    columns: tuple[str, str, str, str]
    net: str
    tax: str
    total: str
    vat_id: str
    thousands: str
    decimal: str
    day: str  # strftime; no month names, which depend on the locale


LANGUAGES = {
    "en": Words(
        "INVOICE", "CREDIT NOTE", "Invoice number:", "Invoice date:", "Due date:",
        ("Description", "Quantity", "Unit price", "Amount"), "Net amount", "VAT", "Invoice total", "VAT number:",
        ",", ".", "%Y-%m-%d",
    ),
    "de": Words(
        "RECHNUNG", "GUTSCHRIFT", "Rechnungsnummer:", "Rechnungsdatum:", "Fällig am:",
        ("Beschreibung", "Menge", "Einzelpreis", "Betrag"), "Nettobetrag", "USt", "Rechnungsbetrag", "USt-IdNr.:",
        ".", ",", "%d.%m.%Y",
    ),
    "fr": Words(
        "FACTURE", "AVOIR", "Facture n° :", "Date de facture :", "Date d'échéance :",
        ("Désignation", "Quantité", "Prix unitaire", "Montant"), "Total HT", "TVA", "Total TTC", "N° TVA :",
        " ", ",", "%d/%m/%Y",
    ),
    "es": Words(
        "FACTURA", "NOTA DE CRÉDITO", "Número de factura:", "Fecha de factura:", "Fecha de vencimiento:",
        ("Descripción", "Cantidad", "Precio", "Importe neto"), "Base imponible", "IVA", "Total factura", "NIF-IVA:",
        ".", ",", "%d/%m/%Y",
    ),
    "it": Words(
        "FATTURA", "NOTA DI CREDITO", "Numero fattura:", "Data fattura:", "Scadenza:",
        ("Descrizione", "Quantità", "Prezzo", "Importo netto"), "Imponibile", "IVA", "Totale fattura", "P.IVA:",
        ".", ",", "%d/%m/%Y",
    ),
    "nl": Words(
        "FACTUUR", "CREDITNOTA", "Factuurnummer:", "Factuurdatum:", "Vervaldatum:",
        ("Omschrijving", "Aantal", "Prijs", "Bedrag"), "Subtotaal", "BTW", "Factuurtotaal", "BTW-nummer:",
        ".", ",", "%d-%m-%Y",
    ),
}  # fmt: skip


def amount(value: Decimal, words: Words) -> str:
    """An amount as the language prints it."""
    plain = f"{value:,.2f}"
    return plain.replace(",", "\0").replace(".", words.decimal).replace("\0", words.thousands)
