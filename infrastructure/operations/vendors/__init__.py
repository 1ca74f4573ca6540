"""The vendor master, for people: into it, out of it, and what is wrong with it."""

from infrastructure.operations.vendors.commands import add_arguments
from infrastructure.operations.vendors.table import OPTIONAL, REQUIRED, Entry, Fault, UnusableFile, read_vendors
from infrastructure.operations.vendors.writing import write_vendors

__all__ = [
    "OPTIONAL",
    "REQUIRED",
    "Entry",
    "Fault",
    "UnusableFile",
    "add_arguments",
    "read_vendors",
    "write_vendors",
]
