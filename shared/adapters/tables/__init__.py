"""The app's tables in Azure Table Storage."""

from shared.adapters.tables.ledger import TableLedger
from shared.adapters.tables.registry import TableRegistry
from shared.adapters.tables.service import LEDGER, OPEN, POISON, Tables
from shared.adapters.tables.vendors import TableVendors

__all__ = ["LEDGER", "OPEN", "POISON", "TableLedger", "TableRegistry", "TableVendors", "Tables"]
