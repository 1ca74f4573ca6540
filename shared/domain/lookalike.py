"""Domains that are made to be taken for another."""

import re
import unicodedata
from collections.abc import Iterator

from shared.domain.slips import SHORTEST, kept_under, may_be_under, middle_sorted

# Letters of other scripts and digits that are drawn like a Latin letter, after compatibility decomposition.
# https://www.unicode.org/reports/tr39/ (confusables.txt), reduced to what a registry admits in a label.
_DRAWN_LIKE = str.maketrans(
    {
        **dict(zip("0135", "oles", strict=True)),
        **dict(zip("аеорсухіјѕԁһӏвкмнтгпԛԝь", "aeopcyxijsdhlbkmhtrnqwb", strict=True)),  # Cyrillic
        **dict(zip("αορντικεβγυχω", "aopvtikebyuxw", strict=True)),  # Greek
        **dict(zip("ıłøđħŧɑɡɩ", "ilodhtagi", strict=True)),  # Latin
    }
)
_PAIRS = (("rn", "m"), ("vv", "w"), ("cl", "d"), ("nn", "m"))
# Labels and parts of labels that say what a host does, or what a fraud calls it, not whose it is.
_GENERIC = frozenset(
    re.findall(
        r"\w+",
        """
        account accounts ap ar auth billing bills co com corp customer de e einvoice em email en eu finance fr
        gmbh group inc info int intl invoice invoices invoicing it llc ltd m mail mailer mails mg mta my net
        news nl no noreply notification notifications notify online org pay payment payments post rechnung
        rechnungen reply secure send service services smtp support uk us www
        """,
    )
)
_LONG = 10  # of one in which two letters may
_SHORTEST_OF_ONE = 3  # likewise, where only one name is compared
_MOST_LABELS = 4  # of a host that are looked up
_LONGEST = 253  # characters of a host
_PUNYCODE = "xn--"


def main_label(host: str) -> str:
    """The label of a host by which people know it: the longest of those that say more than "mail" or "billing"."""
    return max(reversed(_telling(host)), key=len)


def _telling(host: str) -> list[str]:
    labels = host.lower().strip(".").split(".")[:-1] or [host.lower()]
    return [label for label in labels if label not in _GENERIC] or labels


def skeleton(host: str) -> str:
    """What a reader sees of a host: confusable characters made one, hyphens and words like "billing" gone."""
    return _skeleton(main_label(host))


def _skeleton(label: str) -> str:
    parts = [part for part in re.split(r"[-_]+", _decoded(label)) if part]
    telling = [part for part in parts if part not in _GENERIC] or parts
    return _paired(_folded("".join(telling)))


def _folded(text: str) -> str:
    folded = unicodedata.normalize("NFKD", text).translate(_DRAWN_LIKE)
    return "".join(c for c in folded if not unicodedata.combining(c))


def _paired(text: str) -> str:
    for drawn, like in _PAIRS:
        text = text.replace(drawn, like)
    return text


def _decoded(label: str) -> str:
    if not label.startswith(_PUNYCODE):
        return label
    try:
        return label.removeprefix(_PUNYCODE).encode("ascii").decode("punycode").lower()
    except UnicodeError:
        return label


def likeness_keys(host: str) -> Iterator[str]:
    """The keys under which a known host is kept."""
    return kept_under(skeleton(host))


def probes(host: str) -> Iterator[str]:
    """The keys under which a host that looks like this one may be kept."""
    yield from may_be_under(skeleton(host))
    yield from (f"swap:{middle_sorted(other)}" for other in _besides(host))


def _besides(host: str) -> list[str]:
    """What else a host shows: "bluebird" of bluebird.some-longer-name.example, which is shown as if it were theirs."""
    others = dict.fromkeys(map(_skeleton, _telling(host)[:_MOST_LABELS]))
    return [other for other in others if other != skeleton(host)]


def looks_like(host: str, known: str) -> bool:
    """Whether a reader may take a host for a known one that it is not: same skeleton, or a slip or two apart."""
    one, other = skeleton(host), skeleton(known)
    shorter = min(len(one), len(other))
    allowed = 0 if shorter < SHORTEST else 1 if shorter < _LONG else 2
    return other in {one, *_besides(host)} or _is_within_slips(one, other, allowed)


def imitates(host: str, known: str) -> bool:
    """Whether a host may be taken for the known one of the very vendor whom a document names.

    With one vendor to compare instead of all, a slip in a short name tells enough, as does a word joined to it.
    """
    own = _spellings(main_label(known))
    labels = _telling(host[:_LONGEST])
    return any(_is_near(seen, each) for label in labels for seen in _spellings(label) for each in own)


def _spellings(label: str) -> set[str]:
    """A slip may undo a pair that is drawn like another letter, and make or break a word like "billing"."""
    whole = _folded(re.sub(r"[-_]+", "", _decoded(label)))
    return {whole, _paired(whole), _skeleton(label)}


def _is_near(seen: str, own: str) -> bool:
    if len(own) < _SHORTEST_OF_ONE:
        return seen == own
    rest = seen.removeprefix(own) if seen.startswith(own) else seen.removesuffix(own)
    is_joined = rest != seen and rest in _GENERIC
    return is_joined or _is_within_slips(seen, own, 1 if min(len(seen), len(own)) < _LONG else 2)


def _is_within_slips(one: str, other: str, allowed: int) -> bool:
    return one == other or (abs(len(one) - len(other)) <= allowed and _slips(one, other) <= allowed)


def _slips(one: str, other: str) -> int:
    """How many letters were changed, added or dropped, or neighbours swapped (optimal string alignment)."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        earlier, before, row = before, row, [i]
        for j, b in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, earlier[j - 2] + 1)
            row.append(cost)
    return row[-1]
