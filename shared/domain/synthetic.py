"""A mail of the synthetic check, known by a nonce that was written to storage before the mail was sent."""

import re

from shared.domain.mail import Mail

HEADER = "x-invoice-agent-synthetic"
_NONCE = re.compile(r"[0-9a-f]{32}")


def nonce_of(mail: Mail) -> str:
    """The nonce that a mail carries, empty where it carries none; whether it is genuine only storage knows."""
    found = _NONCE.fullmatch(mail.header(HEADER).strip().lower())
    return found[0] if found else ""
