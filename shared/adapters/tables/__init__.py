"""The app's tables in Azure Table Storage."""

from shared.adapters.tables.control import ARRIVAL, STOP, SYNTHETIC, TableControl
from shared.adapters.tables.ledger import TableLedger
from shared.adapters.tables.registry import TableRegistry
from shared.adapters.tables.service import CONTROL, LEDGER, NONCES, OPEN, POISON, Tables
from shared.adapters.tables.vendors import TableVendors

__all__ = [
    "ARRIVAL",
    "CONTROL",
    "LEDGER",
    "NONCES",
    "OPEN",
    "POISON",
    "STOP",
    "SYNTHETIC",
    "TableControl",
    "TableLedger",
    "TableRegistry",
    "TableVendors",
    "Tables",
]
