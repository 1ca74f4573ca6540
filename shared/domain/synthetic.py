"""A mail of the synthetic check: by a nonce that was written before it was sent, and of a vendor that nobody is."""

import re

from shared.domain.mail import Mail

HEADER = "x-invoice-agent-synthetic"
CHECK_VENDOR = "invoice-agent-synthetic"  # the id of the vendor that all of them are of; nothing of it goes to AP
_NONCE = re.compile(r"[0-9a-f]{32}")


def nonce_of(mail: Mail) -> str:
    """The nonce that a mail carries, empty where it carries none; whether it is genuine only storage knows."""
    found = _NONCE.fullmatch(mail.header(HEADER).strip().lower())
    return found[0] if found else ""
