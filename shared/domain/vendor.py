"""The vendor master: who is paid, how a mail finds them, and how their invoices are coded."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from shared.domain.facts import Facts
from shared.domain.mail import domain_of

# fmt: off
# Senders here share their domain with strangers, so it identifies nobody.
FREE_MAIL = frozenset(
    {
        "aol.com", "free.fr", "freenet.de", "gmail.com", "gmx.at", "gmx.ch", "gmx.com", "gmx.de", "gmx.net",
        "googlemail.com", "hotmail.com", "hotmail.fr", "icloud.com", "laposte.net", "libero.it", "live.com",
        "mac.com", "mail.com", "mail.ru", "me.com", "msn.com", "orange.fr", "outlook.com", "outlook.de",
        "pm.me", "proton.me", "protonmail.com", "t-online.de", "wanadoo.fr", "web.de", "yahoo.co.uk",
        "yahoo.com", "yahoo.de", "yahoo.fr", "yandex.com", "ymail.com", "zoho.com",
    }
)
BILLING_PLATFORMS = frozenset(
    {
        "ansmtp.ariba.com", "ariba.com", "bill.com", "coupa.com", "coupahost.com", "freshbooks.com",
        "intuit.com", "invoicecloud.net", "notification.intuit.com", "paypal.com", "post.xero.com",
        "quickbooks.com", "sage.com", "sap.com", "square.com", "squareup.com", "stripe.com", "tradeshift.com",
        "waveapps.com", "xero.com", "zohoinvoice.com",
    }
)
# fmt: on
SHARED_DOMAINS = FREE_MAIL | BILLING_PLATFORMS


def cells(text: str) -> tuple[str, ...]:
    """The values of a cell or column that holds several, separated by ";"."""
    return tuple(part.strip() for part in text.split(";") if part.strip())


# Limits keep a vendor within a queue message (48 KiB) and a table column (32 Ki characters).
Text = Annotated[str, Field(max_length=200)]
Cells = Annotated[
    tuple[Text, ...],
    Field(max_length=50),
    BeforeValidator(lambda value: cells(value) if isinstance(value, str) else value),
]


def slug(name: str) -> str:
    """A vendor name as an identity: ASCII letters and digits joined by hyphens."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return "-".join(re.findall(r"[a-z0-9]+", plain))


def normalised_name(name: str) -> str:
    """A name for comparison: case, accents, punctuation and spacing folded away, in any script."""
    folded = unicodedata.normalize("NFKD", name).casefold()
    letters = "".join(c for c in folded if not unicodedata.combining(c))
    return " ".join(re.findall(r"\w+", letters))


def normalised_vat_id(vat_id: str) -> str:
    return re.sub(r"[^A-Z0-9]", "", vat_id.upper())


class Vendor(BaseModel):
    """One vendor with its accounting codes, as the columns of an import name them."""

    model_config = ConfigDict(frozen=True, extra="ignore", str_strip_whitespace=True)

    vendor_name: str = Field(min_length=1, max_length=200)
    vendor_id: str = Field(default="", max_length=200)
    email_domain: Cells = ()
    expense_dept: Text = ""
    allocation_schedule: Text = ""
    gl_code: Text = ""
    billing_party: Text = ""
    notes: str = Field(default="", max_length=2000)
    vat_id: Text = ""
    aliases: Cells = ()
    ibans: Cells = ()

    @model_validator(mode="before")
    @classmethod
    def _identify(cls, data: object) -> object:
        if isinstance(data, dict) and not str(data.get("vendor_id") or "").strip():
            return {**data, "vendor_id": slug(str(data.get("vendor_name") or ""))}
        return data

    @model_validator(mode="after")
    def _check(self) -> "Vendor":
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", self.vendor_id):
            raise ValueError(
                f"vendor_id {self.vendor_id!r}: wanted letters, digits, '.', '_' and '-'; name one explicitly"
            )
        for domain in self.email_domain:
            if not re.fullmatch(r"@?[\w-]+(\.[\w-]+)+", domain):
                raise ValueError(f"email_domain {domain!r}: wanted a domain such as example.com")
        return self

    @property
    def keys(self) -> tuple[str, ...]:
        """Every key under which a mail can find this vendor."""
        domains = (domain.lower().lstrip("@") for domain in self.email_domain)
        return tuple(
            dict.fromkeys(
                [
                    *([vat_key(self.vat_id)] if normalised_vat_id(self.vat_id) else []),
                    *(domain_key(domain) for domain in domains if domain not in SHARED_DOMAINS),
                    *(name_key(name) for name in (self.vendor_name, *self.aliases) if normalised_name(name)),
                ]
            )
        )


def vat_key(vat_id: str) -> str:
    return f"vat:{normalised_vat_id(vat_id)}"


def domain_key(domain: str) -> str:
    return f"domain:{domain.lower()}"


def name_key(name: str) -> str:
    return f"name:{normalised_name(name)}"


_HOST = re.compile(r"[\w.-]{1,253}")


def sender_domains(address: str) -> Iterator[str]:
    """The sender's domain and its parents of at least two labels, nearest first; nothing for a shared domain."""
    domain = domain_of(address)
    if not _HOST.fullmatch(domain):
        return  # no mail came from there, and it would end up in a table key
    labels = domain.split(".")
    parents = [".".join(labels[i:]) for i in range(len(labels) - 1)]
    if not SHARED_DOMAINS.intersection(parents):
        yield from parents


PROVEN_BY = ("vat:", "domain:")  # keys that a stranger's document cannot carry by chance, as it may a name


def candidate_keys(sender: str, facts: Facts) -> tuple[tuple[str, ...], ...]:
    """The keys that could find the vendor of a mail, best evidence first; within a group the first hit counts."""
    groups = [
        (vat_key(facts.vat_id.value),) if facts.vat_id else (),
        tuple(domain_key(domain) for domain in sender_domains(sender)),
        (name_key(facts.vendor_name.value),) if facts.vendor_name else (),
    ]
    return tuple(group for group in groups if group)


@dataclass(frozen=True, slots=True)
class Match:
    """The vendors that the best evidence points to: none, exactly one, or several that cannot be told apart."""

    vendor_ids: tuple[str, ...] = ()
    key: str = ""
    vendor: Vendor | None = None  # where it is certain

    @property
    def is_certain(self) -> bool:
        return len(self.vendor_ids) == 1

    @property
    def is_ambiguous(self) -> bool:
        return len(self.vendor_ids) > 1
