"""The sample mailbox: real mails, documents and vendors, all of them invented."""

from pathlib import Path

from infrastructure.local.samples.builders import AP_MAILBOX, MAILBOX, SYNTHETIC_MAILBOX
from infrastructure.local.samples.mails import sample_mails
from infrastructure.local.samples.sample import Sample

VENDORS = Path(__file__).with_name("vendors.csv")
LATE_VENDOR = Path(__file__).with_name("late_vendor.csv")  # added while its invoice waits

__all__ = ["AP_MAILBOX", "LATE_VENDOR", "MAILBOX", "SYNTHETIC_MAILBOX", "VENDORS", "Sample", "sample_mails"]
