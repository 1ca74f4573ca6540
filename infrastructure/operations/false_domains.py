"""Domains as frauds register them to be taken for a vendor's, by kind."""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

_DIGITS = {"o": "0", "l": "1", "i": "1", "e": "3", "s": "5"}
_CYRILLIC = dict(zip("aeopcyxis", "аеорсухіѕ", strict=True))  # noqa: RUF001  that they look the same is the case
_ACCENTED = dict(zip("aeiou", "áéìöü", strict=True))
_PAIRS = {"m": "rn", "w": "vv", "d": "cl"}
_NEXT = dict(zip("abcdefghijklmnopqrstuvwxyz0123456789", "bcdefghijklmnopqrstuvwxyza1234567890", strict=True))
_WORDS = ("billing", "invoices", "payments", "accounts", "finance")
_STRANGERS = ("evil.test", "secure-payment-portal.test", "invoicing.longer-than-any-vendor-name.test")


def false_domains(domain: str) -> Iterator[tuple[str, str]]:
    """Kinds of deception, each with a domain that is made from a vendor's; of many places the outer and the middle."""
    label, _, rest = domain.partition(".")
    for kind, change in _CHANGES.items():
        for made in dict.fromkeys(_few(list(change(label)))):
            if made != label:
                yield kind, f"{made}.{rest}"
    yield from (
        ("domain: letter of another script, as punycode", f"{_punycode(made)}.{rest}") for made in _drawn(label)
    )
    yield from (("domain: other top level", f"{label}.{other}") for other in ("com", "co.uk", "test"))
    yield from (
        ("domain: subdomain of a stranger's", f"{own}.{other}") for own in (label, domain) for other in _STRANGERS
    )


def _few(made: Sequence[str]) -> Sequence[str]:
    return [made[0], made[len(made) // 2], made[-1]] if made else []


def _drawn(label: str) -> Sequence[str]:
    return _few(list(_replaced(_CYRILLIC)(label)))


def _punycode(label: str) -> str:
    return f"xn--{label.encode('punycode').decode()}"


def _replaced(table: dict[str, str]) -> Callable[[str], Iterator[str]]:
    def change(label: str) -> Iterator[str]:
        yield from (label[:i] + table[c] + label[i + 1 :] for i, c in enumerate(label) if c in table)

    return change


def _doubled(label: str) -> Iterator[str]:
    yield from (label[:i] + c + label[i:] for i, c in enumerate(label) if c != "-")


def _dropped(label: str) -> Iterator[str]:
    yield from (label[:i] + label[i + 1 :] for i, c in enumerate(label) if c != "-")


def _swapped(label: str) -> Iterator[str]:
    pairs = pairwise(label)
    yield from (label[:i] + b + a + label[i + 2 :] for i, (a, b) in enumerate(pairs) if "-" not in {a, b})


def _hyphen(label: str) -> Iterator[str]:
    yield from (f"{label[:i]}-{label[i:]}" for i in range(1, len(label)) if "-" not in label[i - 1 : i + 1])
    yield label.replace("-", "")


def _word(label: str) -> Iterator[str]:
    yield from (f"{label}-{word}" for word in _WORDS)


def _word_before(label: str) -> Iterator[str]:
    yield from (f"{word}-{label}" for word in _WORDS)


def _word_joined(label: str) -> Iterator[str]:
    yield from (f"{label}{word}" for word in _WORDS)


_CHANGES: dict[str, Callable[[str], Iterator[str]]] = {
    "domain: digit for a letter": _replaced(_DIGITS),
    "domain: letter of another script": _replaced(_CYRILLIC),
    "domain: accent": _replaced(_ACCENTED),
    "domain: two letters for one": _replaced(_PAIRS),
    "domain: letter changed": _replaced(_NEXT),
    "domain: letter doubled": _doubled,
    "domain: letter dropped": _dropped,
    "domain: letters swapped": _swapped,
    "domain: hyphen": _hyphen,
    "domain: -billing": _word,
    "domain: billing-": _word_before,
    "domain: billing, without a hyphen": _word_joined,
}
