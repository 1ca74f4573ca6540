"""The vendor master: who is paid, how a mail finds them, and how their invoices are coded."""

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from shared.domain.facts import Facts
from shared.domain.iban import normalised_iban
from shared.domain.lookalike import likeness_keys
from shared.domain.names import normalised_name, words_of
from shared.domain.sender import SHARED_DOMAINS, Sender, is_within
from shared.domain.slips import kept_under

Registered = Callable[[str], str]  # the registered domain of a host, empty for a public suffix


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
    def domains(self) -> tuple[str, ...]:
        """Its domains in lower case, those that it shares with strangers among them."""
        return tuple(dict.fromkeys(domain.lower().lstrip("@") for domain in self.email_domain))

    @property
    def own_domains(self) -> tuple[str, ...]:
        """Its domains without those that it shares with strangers."""
        return tuple(domain for domain in self.domains if not is_within(domain, SHARED_DOMAINS))

    @property
    def keys(self) -> tuple[str, ...]:
        """Every key under which a mail can find this vendor."""
        return tuple(
            dict.fromkeys(
                [
                    *([vat_key(self.vat_id)] if normalised_vat_id(self.vat_id) else []),
                    *map(domain_key, self.own_domains),
                    *(name_key(name) for name in (self.vendor_name, *self.aliases) if normalised_name(name)),
                ]
            )
        )

    @property
    def likenesses(self) -> dict[str, str]:
        """Keys under which what is merely like one of its names or domains finds it, each with that name or domain."""
        names = {normalised_name(name) for name in (self.vendor_name, *self.aliases)}
        words = {key: name for name in sorted(names) for key in (*word_keys(name), *slip_keys(name, kept_under))}
        return {**words, **{key: domain for domain in self.own_domains for key in likeness_keys(domain)}}


_MOST_IBANS = 50  # as `Cells` allows


def with_ibans(known: Sequence[str], new: Sequence[str]) -> tuple[str, ...]:
    """The accounts of a vendor together with new ones, each once; full, it stays as it is."""
    have = {normalised_iban(iban) for iban in known}
    added = [iban for iban in dict.fromkeys(map(normalised_iban, new)) if iban not in have]
    together = (*known, *added)
    return together if len(together) <= _MOST_IBANS else tuple(known)


def vat_key(vat_id: str) -> str:
    return f"vat:{normalised_vat_id(vat_id)}"


def domain_key(domain: str) -> str:
    return f"domain:{domain.lower()}"


def name_key(name: str) -> str:
    return f"name:{normalised_name(name)}"


def word_keys(name: str) -> tuple[str, ...]:
    """The keys of the words by which a normalised name is kept."""
    return tuple(f"word:{word}" for word in words_of(name))


def slip_keys(name: str, keys: Callable[[str], Iterator[str]]) -> tuple[str, ...]:
    """The keys of a normalised name as one word, as it is kept or as it may be."""
    return tuple(f"name-{key}" for key in keys(name.replace(" ", "")))


_HOST = re.compile(r"[\w.-]{1,253}")
_MOST_NAMES = 8  # of a document that are looked up; whoever made it out stands among the first
_MOST_HOSTS = 4


def domains_of(host: str, registered: Registered) -> Iterator[str]:
    """A host and its parents down to the one that somebody registered, nearest first; nothing for a shared domain."""
    if not _HOST.fullmatch(host) or is_within(host, SHARED_DOMAINS):
        return  # no mail came from there, and it would end up in a table key; or it is anybody's
    owner = registered(host)
    labels = host.split(".")
    for start in range(len(labels)):
        parent = ".".join(labels[start:])
        if owner and (parent == owner or parent.endswith(f".{owner}")):
            yield parent


class Evidence(StrEnum):
    """What points to a vendor, best first."""

    VAT_ID = "vat_id"
    SENDER = "sender"  # the domain of the mail's author
    NAME = "name"  # of whoever made the document out
    PRINTED = "printed"  # a name, web or mail address somewhere on the document


_EVIDENCE = {
    Evidence.VAT_ID: "VAT id",
    Evidence.SENDER: "the sender's domain",
    Evidence.NAME: "the name on the document,",
    Evidence.PRINTED: "what stands on the document,",
}
# What a stranger's document cannot carry by chance, as it may a name.
PROVEN = frozenset({Evidence.VAT_ID, Evidence.SENDER})


@dataclass(frozen=True, slots=True)
class Clue:
    """Keys that could find the vendor of a mail; of a sender's domains the nearest that is known counts alone."""

    evidence: Evidence
    keys: tuple[str, ...]


def clues(sender: Sender, facts: Facts, registered: Registered) -> tuple[Clue, ...]:
    """What could find the vendor of a mail, best evidence first."""
    hosts = () if sender.is_colleague else (sender.domain,)
    printed = [name_key(name.value) for name in facts.names if normalised_name(name.value)][:_MOST_NAMES]
    printed += [domain_key(d) for host in facts.domains[:_MOST_HOSTS] for d in domains_of(host.value, registered)]
    found = (
        Clue(Evidence.VAT_ID, (vat_key(facts.vat_id.value),) if facts.vat_id else ()),
        Clue(Evidence.SENDER, tuple(domain_key(d) for host in hosts for d in domains_of(host, registered))),
        Clue(Evidence.NAME, (name_key(facts.vendor_name.value),) if facts.vendor_name else ()),
        Clue(Evidence.PRINTED, tuple(dict.fromkeys(printed))),
    )
    return tuple(clue for clue in found if clue.keys)


@dataclass(frozen=True, slots=True)
class Match:
    """The vendors that the best evidence points to: none, exactly one, or several that cannot be told apart."""

    vendor_ids: tuple[str, ...] = ()
    key: str = ""
    vendor: Vendor | None = None  # where it is certain
    evidence: Evidence = Evidence.PRINTED

    @property
    def is_certain(self) -> bool:
        return len(self.vendor_ids) == 1

    @property
    def is_ambiguous(self) -> bool:
        return len(self.vendor_ids) > 1

    @property
    def in_words(self) -> str:
        """What told the vendor, for a person."""
        return f"{_EVIDENCE[self.evidence]} {self.key.partition(':')[2]}"

    @property
    def is_proven(self) -> bool:
        """Whether it rests on more than what a stranger's document may carry by chance."""
        return self.evidence in PROVEN


@dataclass(frozen=True, slots=True)
class Likeness:
    """A vendor that is kept under a key of likeness, and the name or domain that is like it."""

    vendor_id: str
    text: str
