"""Who sent a mail, and whether the mailbox's own tenant found that to be true."""

import re
from dataclasses import dataclass
from enum import StrEnum

from shared.domain.mail import Mail, domain_of
from shared.domain.pattern import Pattern

# fmt: off
# Senders here share their domain with strangers, so it identifies nobody.
FREE_MAIL = frozenset(
    {
        "aol.com", "free.fr", "freenet.de", "gmail.com", "gmx.at", "gmx.ch", "gmx.com", "gmx.de", "gmx.net",
        "googlemail.com", "hotmail.com", "hotmail.fr", "icloud.com", "laposte.net", "libero.it", "live.com",
        "mac.com", "mail.com", "mail.ru", "me.com", "msn.com", "orange.fr", "outlook.com", "outlook.de",
        "pm.me", "proton.me", "protonmail.com", "t-online.de", "wanadoo.fr", "web.de", "yahoo.co.uk",
        "yahoo.com", "yahoo.de", "yahoo.fr", "yandex.com", "ymail.com", "zoho.com",
        "bluewin.ch", "btinternet.com", "fastmail.com", "hotmail.co.uk", "hotmail.de", "hotmail.es", "hotmail.it",
        "hushmail.com", "kpnmail.nl", "live.co.uk", "live.fr", "live.nl", "mail.de", "outlook.es", "outlook.fr",
        "outlook.it", "posteo.de", "sfr.fr", "sky.com", "telenet.be", "tiscali.it", "tutanota.com", "virgilio.it",
        "virginmedia.com", "yahoo.es", "yahoo.it", "ziggo.nl",
    }
)
BILLING_PLATFORMS = frozenset(
    {
        "ansmtp.ariba.com", "ariba.com", "bill.com", "coupa.com", "coupahost.com", "freshbooks.com",
        "intuit.com", "invoicecloud.net", "notification.intuit.com", "paypal.com", "post.xero.com",
        "quickbooks.com", "sage.com", "sap.com", "square.com", "squareup.com", "stripe.com", "tradeshift.com",
        "waveapps.com", "xero.com", "zohoinvoice.com",
        "basware.com", "billit.be", "chargebee.com", "exactonline.nl", "freeagent.com", "lexoffice.de", "lexware.de",
        "moneybird.com", "paddle.com", "pagero.com", "pennylane.com", "quaderno.io", "recurly.com", "sevdesk.de",
        "taulia.com", "zuora.com",
    }
)
# fmt: on
SHARED_DOMAINS = FREE_MAIL | BILLING_PLATFORMS


def is_within(domain: str, domains: frozenset[str]) -> bool:
    """Whether a domain is one of these or lies below one."""
    labels = domain.split(".")
    return not domains.isdisjoint(".".join(labels[i:]) for i in range(len(labels) - 1))


@dataclass(frozen=True, slots=True)
class Sender:
    """Whom a mail is judged by: its author, or whoever wrote to the colleague that forwarded it."""

    address: str  # lower case
    name: str = ""  # as displayed
    is_colleague: bool = False  # of our own organisation, and nobody else is known

    @property
    def domain(self) -> str:
        return domain_of(self.address)


# The heading that Outlook and others put over a forwarded mail, in the languages of our mailboxes.
_FROM = Pattern(
    r"^[>\s*_]*(?:from|von|de|da|van|expéditeur|mittente|remitente|afzender)[*_]*\s*:[*_\s]*(?P<who>\S.{0,300})$",
    re.IGNORECASE | re.MULTILINE,
)
_SENT = Pattern(
    r"^[>\s*_]*(?:sent|date|gesendet|datum|envoyé|enviado(?: el)?|fecha|inviato|data|verzonden)[*_]*\s*:",
    re.IGNORECASE | re.MULTILINE,
)
_ADDRESS = Pattern(r"[^\s<>\[\]()\"',;:@]{1,64}@[\w.-]{1,253}")
_HEADING = 600  # characters in which the other lines of the heading stand
_LOOKED_AT = 20_000  # of a body; a colleague writes a line or two before it


def judged_sender(mail: Mail, own_domains: frozenset[str]) -> Sender:
    """The sender that the mail is judged by; `own_domains` are those of our organisation."""
    if not is_within(domain_of(mail.sender), own_domains):
        return Sender(mail.sender, mail.sender_name)
    inner = _inner_sender(mail.body[:_LOOKED_AT])
    if inner is None or is_within(inner.domain, own_domains):
        return Sender(mail.sender, mail.sender_name, is_colleague=True)
    return inner


def _inner_sender(body: str) -> Sender | None:
    """The author of the mail that was forwarded: the innermost would be what our colleague's partner forwarded."""
    for match in _FROM.compiled.finditer(body):
        address = _ADDRESS.compiled.search(match["who"])
        if address and _SENT.compiled.search(body, match.end(), match.end() + _HEADING):
            name = match["who"][: address.start()].strip(" \t<\"'[(*")
            return Sender(address.group().lower().strip("."), name)
    return None


class Authenticity(StrEnum):
    """What the tenant found out about the author of a mail."""

    PROVEN = "proven"
    UNKNOWN = "unknown"  # nothing was checked, or nothing speaks for or against it
    DOUBTFUL = "doubtful"
    FALSE = "false"


_RESULT = Pattern(r"\b(spf|dkim|dmarc|compauth)\s*=\s*(\w+)", re.IGNORECASE)
_OURS = Pattern(r"[\w.-]*\.(?:microsoft|outlook)\.com(?:\s+\d+)?", re.IGNORECASE)
_FAILED = frozenset({"fail", "softfail", "none", "permerror", "temperror", "neutral"})


def authenticity(mail: Mail) -> Authenticity:
    """Judge by the `Authentication-Results` that Exchange Online itself wrote.

    It is the topmost, and names no server: https://learn.microsoft.com/defender-office-365/message-headers-eop-mdo.
    Those of other servers, which RFC 8601 lets anybody write, name themselves first and count for nothing.
    """
    header = mail.header("Authentication-Results")
    server, _, rest = header.partition(";")
    if "=" in server:
        rest = header
    elif not _OURS.compiled.fullmatch(server.strip()):
        return Authenticity.UNKNOWN
    results = {method.lower(): result.lower() for method, result in reversed(_RESULT.compiled.findall(rest))}
    return _judged(results)


def _judged(results: dict[str, str]) -> Authenticity:
    """`compauth` is the tenant's verdict over all, implicit checks included; the others count where it is silent."""
    composite, dmarc = results.get("compauth", ""), results.get("dmarc", "")
    if composite in {"pass", "softpass"} or dmarc in {"pass", "bestguesspass"}:
        return Authenticity.PROVEN if composite != "fail" else Authenticity.FALSE
    if composite == "fail" or dmarc == "fail":
        return Authenticity.FALSE
    if results.get("spf") == "fail" or (results.get("spf") in _FAILED and results.get("dkim") in _FAILED):
        return Authenticity.DOUBTFUL
    return Authenticity.UNKNOWN
