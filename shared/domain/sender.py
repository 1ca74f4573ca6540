"""Who sent a mail, and whether the mailbox's own tenant found that to be true."""

import re
from collections.abc import Iterator
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


# The words of the heading that Outlook and others put over a forwarded mail, in the languages of our mailboxes.
_FROM = Pattern(
    r"from|von|de|da|van|fra|från|od|lähettäjä|expéditeur|mittente|remitente|remetente|afzender|avsender|avsändare",
    re.IGNORECASE,
)
_SENT = Pattern(
    r"sent|date|gesendet|datum|envoyé|enviado(?: el| em)?|enviada(?: em)?|fecha|inviato|data|verzonden|skickat|sendt|"
    r"wysłano|dato|lähetetty",
    re.IGNORECASE,
)
_SUBJECT = Pattern(r"subject|betreff|objet|asunto|oggetto|onderwerp|assunto|ämne|emne|temat|aihe", re.IGNORECASE)
# What stands in the signature of our colleague, and in no heading.
_CONTACT = Pattern(
    r"(?:tel|telefon|téléphone|telefono|teléfono|telephone|phone|mobile?|mobiel|handy|cell|fax|e-?mail|mail|web|"
    r"website|internet|www|[tmpfew])\.?",
    re.IGNORECASE,
)
_LABEL = Pattern(r"(?P<word>[^\s:\uff1a@<>\d][^:\uff1a@<>\d]{0,29})[:\uff1a](?!//)(?P<value>.*)")
_LABEL_WORDS = 3
# "-----Original Message-----", or the line that Outlook draws.
_RULE = Pattern(r"[-=]{3,}[^-=].*[-=]{3,}|[-_=\u2500]{20,}")
_WROTE = Pattern(
    r"\b(?:wrote|schrieb|écrit|escribió|escreveu|scritto|schreef|skrev|napisał|kirjoitti)\b.*:$", re.IGNORECASE
)
_ADDRESS = Pattern(r"[^\s<>\[\]()\"',;:@]{1,64}@[\w.-]{1,253}")
_AROUND = " \t\r\u00a0>*_|"  # quotes, and what is left of bold print
_LONGEST_LINE = 400
_HEADING_LINES = 12
_LOOKED_AT = 20_000  # of a body; a colleague writes a line or two before it


def judged_sender(mail: Mail, own_domains: frozenset[str]) -> Sender:
    """The sender that the mail is judged by; `own_domains` are those of our organisation."""
    if not is_within(domain_of(mail.sender), own_domains):
        return Sender(mail.sender, mail.sender_name)
    inner = _inner_sender(mail.body[:_LOOKED_AT])
    if inner is None or is_within(inner.domain, own_domains):
        return Sender(mail.sender, mail.sender_name, is_colleague=True)
    return inner


@dataclass(frozen=True, slots=True)
class _Line:
    """A line that is not blank; `word` and `value` where it looks like one of a heading."""

    text: str
    word: str = ""
    value: str = ""
    is_quoted: bool = False
    is_after_blank: bool = False

    @property
    def is_label(self) -> bool:
        return bool(self.word)

    def is_one_of(self, words: Pattern) -> bool:
        return words.compiled.fullmatch(self.word) is not None


def _lines(body: str) -> list[_Line]:
    """Broken at line feeds alone: those that only Unicode knows may stand in a name or a subject."""
    lines: list[_Line] = []
    is_after_blank = False
    for raw in body.split("\n"):
        whole = raw.strip()
        if len(whole) > _LONGEST_LINE:  # an address in the part that is kept could belong to a name
            whole = whole[:_LONGEST_LINE].partition("@")[0]
        bare = whole.strip(_AROUND)
        text = bare or (whole if _RULE.compiled.fullmatch(whole) else "")
        if text:
            lines.append(_line(text, is_quoted=whole.startswith(">"), is_after_blank=is_after_blank))
        is_after_blank = not text
    return lines


def _line(text: str, *, is_quoted: bool, is_after_blank: bool) -> _Line:
    label = _LABEL.compiled.fullmatch(text)
    word = label["word"].strip(_AROUND) if label else ""
    if label is None or len(word.split()) > _LABEL_WORDS or _CONTACT.compiled.fullmatch(word):
        return _Line(text, is_quoted=is_quoted, is_after_blank=is_after_blank)
    return _Line(text, word, label["value"].strip(_AROUND), is_quoted, is_after_blank)


def _inner_sender(body: str) -> Sender | None:
    """The author of the mail that was forwarded, by the first heading alone.

    What follows it was written by that author, who may have added a heading in the name of somebody else.
    """
    lines = _lines(body)
    for number, line in enumerate(lines):
        following = lines[number + 1 : number + 1 + _HEADING_LINES]
        if _RULE.compiled.fullmatch(line.text):
            return _author(following)
        if _is_heading(line, following):
            return _author([line, *following])
        if line.is_quoted or _is_attribution(line.text):
            return None
    return None


def _is_heading(line: _Line, following: list[_Line]) -> bool:
    """Whether a heading starts here, in whatever language: two lines of it, which a blank one may keep apart."""
    if not line.value:
        return line.is_one_of(_FROM)
    if not following or not following[0].is_label:
        return False
    return not (following[0].is_after_blank and following[0].is_one_of(_FROM))  # it starts there


def _is_attribution(text: str) -> bool:
    """Whether this is the "... wrote:" over a mail that was answered."""
    return text.endswith(":") and ("@" in text or _WROTE.compiled.search(text) is not None)


def _author(lines: list[_Line]) -> Sender | None:
    """Whom a heading names; nobody where a word before it is unknown, as that may be what names the author."""
    heading = _heading(lines)
    number = next((n for n, line in enumerate(heading) if line.is_one_of(_FROM)), None)
    if number is None or not any(line.is_one_of(_SENT) for line in heading):
        return None
    if not all(line.is_one_of(_SENT) or line.is_one_of(_SUBJECT) for line in heading[:number]):
        return None
    who = heading[number].value
    addresses = _ADDRESS.compiled.findall(who)
    if not addresses:
        return None
    address = addresses[-1]  # those before it are part of the name
    return Sender(address.lower().strip("."), who[: who.index(address)].strip(" \t<\"'[(*"))


def _heading(lines: list[_Line]) -> list[_Line]:
    """The lines to the next blank one; where that comes after each, to the first that looks like none of a heading."""
    is_spaced = len(lines) > 1 and lines[1].is_after_blank
    ends = (n for n, line in enumerate(lines) if n and (not line.is_label if is_spaced else line.is_after_blank))
    return lines[: next(ends, len(lines))]


class Authenticity(StrEnum):
    """What the tenant found out about the author of a mail."""

    PROVEN = "proven"
    UNKNOWN = "unknown"  # nothing was checked, or nothing speaks for or against it
    DOUBTFUL = "doubtful"
    FALSE = "false"


_RESULT = Pattern(r"(?:^|;)\s*(spf|dkim|dmarc|compauth)\s*=\s*(\w+)([^;]*)", re.IGNORECASE)
_OURS = Pattern(r"[\w.-]*\.(?:microsoft|outlook)\.com(?:\s+\d+)?", re.IGNORECASE)
_DOMAINS = {
    "spf": Pattern(r"\bsmtp\.mailfrom=([^\s;]+)", re.IGNORECASE),
    "dkim": Pattern(r"\bheader\.d=([^\s;]+)", re.IGNORECASE),
    "dmarc": Pattern(r"\bheader\.from=([^\s;]+)", re.IGNORECASE),
}
_PASSED = frozenset({"pass", "softpass", "bestguesspass"})
_FEWEST_LABELS = 2  # of a domain that speaks for those below it
_LONGEST_HEADER = 10_000


@dataclass(frozen=True, slots=True)
class _Result:
    """What one method found, and about which domain."""

    method: str
    result: str
    domain: str


def authenticity(mail: Mail, own_domains: frozenset[str] = frozenset()) -> Authenticity:
    """Judge by the `Authentication-Results` that Exchange Online itself wrote.

    It is the topmost, and names no server: https://learn.microsoft.com/defender-office-365/message-headers-eop-mdo.
    Those of other servers, which RFC 8601 lets anybody write, name themselves first and count for nothing.
    A mail from one of `own_domains`, those of our organisation, is false where nothing proves it.
    """
    header = mail.header("Authentication-Results")[:_LONGEST_HEADER]
    server, _, rest = header.partition(";")
    if "=" in server:
        rest = header
    elif not _OURS.compiled.fullmatch(server.strip()):
        return Authenticity.UNKNOWN
    author = domain_of(mail.sender)
    verdict = _judged(list(_results(rest)), author)
    is_forged = verdict is Authenticity.DOUBTFUL and is_within(author, own_domains)
    return Authenticity.FALSE if is_forged else verdict


def _results(text: str) -> Iterator[_Result]:
    for method, result, properties in _RESULT.compiled.findall(text):
        pattern = _DOMAINS.get(method.lower())
        found = pattern.compiled.search(properties) if pattern else None
        named = found[1].strip("<>\"'").lower() if found else ""
        yield _Result(method.lower(), result.lower(), domain_of(named) or named.strip("."))


def _judged(results: list[_Result], author: str) -> Authenticity:
    """`compauth` is the tenant's verdict over all, implicit checks included; the others count where it is silent."""
    composite, dmarc = _verdict(results, "compauth"), _verdict(results, "dmarc")
    if composite == "fail":
        return Authenticity.FALSE
    if composite in _PASSED or dmarc in _PASSED:
        return Authenticity.PROVEN
    if dmarc == "fail":
        return Authenticity.FALSE
    author = author or next((r.domain for r in results if r.method == "dmarc"), "")
    checked = [r for r in results if r.method in {"spf", "dkim"}]
    if any(r.result == "pass" and _is_aligned(r.domain, author) for r in checked):
        return Authenticity.PROVEN
    return Authenticity.DOUBTFUL if checked else Authenticity.UNKNOWN


def _verdict(results: list[_Result], method: str) -> str:
    """The worst result of a method that has one at most; a second one may be of the sender's making."""
    found = [r.result for r in results if r.method == method]
    return "fail" if "fail" in found else next((r for r in found if r not in _PASSED), next(iter(found), ""))


def _is_aligned(checked: str, author: str) -> bool:
    """Whether two domains are the same, or one lies below the other (RFC 7489, 3.1, without its list of suffixes)."""
    shorter, longer = sorted((checked, author), key=len)
    return shorter.count(".") >= _FEWEST_LABELS - 1 and is_within(longer, frozenset({shorter}))
