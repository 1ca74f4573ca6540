"""Names of organisations and of people who write for them, for comparison."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from shared.domain.pattern import Pattern

# Legal forms as they are left when case, accents and dots are gone; a name is the same with and without them.
# https://gleif.org/lei-data/code-lists/iso-20275-entity-legal-forms-code-list (those of everyday invoices)
_FORMS = frozenset(
    re.findall(
        r"\w+",
        """
        ab ag ansjs aps as asa asbl bv bvba cie co company corp corporation cv doo eg eingetragen ek et eurl ev
        gbr gesmbh gmbh haftungsbeschrankt inc incorporated kft kg kgaa kk limited llc llp lp ltd mbh nv ohg oy
        oyj partg partgmbb plc private pte pty pvt sa sapa sarl sas sasu sau sc sci scop se sl sll slu snc sp
        spa spj spol sprl srl srls sro ug vof vzw zoo zrt
        """,
    )
)
_LEADING = frozenset({"eurl", "firma", "sarl", "sas", "sasu", "sci", "societe", "ste", "stichting"})
_JOINED = frozenset({"and", "und", "et", "e", "y", "en", "co"})  # "& Co. KG"

# Whom a display name speaks for rather than what the organisation is called.
_ROLES = frozenset(
    re.findall(
        r"\w+",
        """
        account accounting accounts administratie amministrazione ar billing bills buchhaltung compta
        comptabilite contabilidad credit customer debiteuren department dept do donotreply facturacion
        facturation facturen factuur fatturazione fatture finance invoice invoices invoicing mail no noreply
        not office online payable payment payments receivable receivables rechnung rechnungen rechnungswesen
        reply sales service support team the
        """,
    )
)
_PARTS = Pattern(r"\s(?:via|from|von|de|c/o|at|@)\s|[,|()\"<>]|\s[-\u2013\u2014/]\s", re.IGNORECASE)
_HOSTS = Pattern(r"@\s?([\w-]+(?:\.[\w-]+)+)")
_MOST_HOSTS = 2
_LONGEST = 200
_MOST_DISPLAYED = 4
_SHORTEST_WORD = 3
_MOST_WORDS = 3

SIMILAR = 0.84  # of names that differ; measured by make bench-suggestions


def normalised_name(name: str) -> str:
    """A name for comparison: case, accents, punctuation, spacing and legal form folded away, in any script."""
    words = _joined_letters(_words(name))
    return " ".join(_without_forms(words))


def _words(name: str) -> list[str]:
    folded = unicodedata.normalize("NFKD", name).casefold()
    letters = "".join(c for c in folded if not unicodedata.combining(c))
    return re.findall(r"\w+", letters)


def _joined_letters(words: Sequence[str]) -> list[str]:
    """Initials as one word: "s r l" is what dots leave of "S.r.l."."""
    joined: list[str] = []
    was_letter = False
    for word in words:
        is_letter = len(word) == 1 and word.isalpha()
        if is_letter and was_letter:
            joined[-1] += word
        else:
            joined.append(word)
        was_letter = is_letter
    return joined


def _without_forms(words: list[str]) -> list[str]:
    end = len(words)
    while end > 1 and (words[end - 1] in _FORMS or (end < len(words) and words[end - 1] in _JOINED)):
        end -= 1
    start = 1 if end > 1 and words[0] in _LEADING else 0
    return words[start:end]


def displayed_names(display_name: str) -> tuple[str, ...]:
    """The organisations that a sender's display name may speak for: "Jane from Bluebird, Billing" is "bluebird" too."""
    shown = display_name[:_LONGEST]
    parts = [shown, *_PARTS.compiled.split(shown)]
    names = (name for part in parts for name in (normalised_name(part), _without_roles(part)))
    return tuple(dict.fromkeys(name for name in names if name))[:_MOST_DISPLAYED]


def _without_roles(part: str) -> str:
    return normalised_name(" ".join(word for word in _words(part) if word not in _ROLES))


def is_displayed(name: str, display_name: str) -> bool:
    """Whether a sender's display name holds the name of an organisation, whatever stands around it."""
    wanted = normalised_name(name)
    shown = " ".join(_joined_letters(_words(display_name[:_LONGEST])))
    return len(wanted) >= _SHORTEST_WORD and f" {wanted} " in f" {shown} "


def displayed_hosts(display_name: str) -> tuple[str, ...]:
    """The hosts of the addresses that a display name shows, as if the mail came from there."""
    text = unicodedata.normalize("NFKC", display_name[:_LONGEST]).lower()
    return tuple(dict.fromkeys(_HOSTS.compiled.findall(text)))[:_MOST_HOSTS]


def words_of(normalised: str) -> tuple[str, ...]:
    """The longest words of a normalised name: whoever shares none of them is called something else."""
    words = sorted({word for word in normalised.split() if len(word) >= _SHORTEST_WORD}, key=lambda w: (-len(w), w))
    return tuple(words[:_MOST_WORDS])


def similarity(one: str, other: str) -> float:
    """How alike two normalised names are, from 0 to 1; `SIMILAR` and more is worth a person's look."""
    return SequenceMatcher(None, one, other, autojunk=False).ratio()


def likest(name: str, others: Iterator[tuple[str, str]]) -> tuple[str, float] | None:
    """The key of the name that is most like `name`, and how much, where any reaches `SIMILAR`."""
    rated = [(similarity(name, other), key) for key, other in others]
    best = max(rated, default=(0.0, ""))
    return (best[1], best[0]) if best[0] >= SIMILAR else None
