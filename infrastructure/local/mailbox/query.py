"""The part of OData that mail clients use: $select, $top, $orderby, $filter, $expand."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from infrastructure.local.mailbox.errors import bad_request, inefficient_filter, not_emulated, unreadable_query
from infrastructure.local.mailbox.properties import canonical

MAX_TOP = 1000
DEFAULT_TOP = 10
_KNOWN = frozenset({"$select", "$top", "$orderby", "$filter", "$expand", "$skip", "$skiptoken"})
_NOT_EMULATED = frozenset({"$search", "$count", "$format", "$apply", "$deltatoken", "$levels", "$compute"})
_TOKEN = re.compile(r"\s*(?:('(?:[^']|'')*')|([A-Za-z_][\w./]*)|(\d[\w.:+-]*)|([():,]))")
_EXPANSION = re.compile(r"([\w./]+)(?:\((.*)\))?", re.DOTALL)
_ID_FILTER = re.compile(r"id eq '((?:[^']|'')*)'", re.IGNORECASE)
_OR = re.compile(r"\s+or\s+", re.IGNORECASE)
_OPERATORS = frozenset({"eq", "ne", "ge", "gt", "le", "lt"})
ANY = "singlevalueextendedproperties/any"


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison of a filter; an extended property has its canonical id."""

    path: str
    operator: str
    literal: str
    is_text: bool = True
    property_id: str = ""


@dataclass(frozen=True, slots=True)
class Expansion:
    """One expanded navigation with the selection or ids asked for inside it."""

    name: str
    select: tuple[str, ...] | None = None
    ids: tuple[str, ...] = ()


def parse_options(query: str) -> dict[str, str]:
    """Return the query options; names may lack their dollar and have any case, but must be known."""
    options: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        key = "$" + name.lower().removeprefix("$")
        if key in _NOT_EMULATED:
            raise not_emulated(f"the query option {key}")
        if key not in _KNOWN:
            raise bad_request(f"The query option '{name}' is not supported on this resource.")
        if key in options:
            raise bad_request(
                f"Query option '{key}' was specified more than once, but it must be specified at most once."
            )
        options[key] = value
    return options


def allow(options: Mapping[str, str], *names: str) -> None:
    """Refuse options that an endpoint does not take."""
    for name in options:
        if name not in names:
            raise bad_request(f"The query option '{name}' is not supported on this resource.")


def names_of(text: str | None) -> tuple[str, ...] | None:
    """Return the names in a $select; none at all means everything."""
    names = tuple(filter(None, (part.strip() for part in (text or "").split(","))))
    return names or None


def top_of(options: Mapping[str, str], default: int = DEFAULT_TOP) -> int:
    """Return the page size."""
    text = options.get("$top")
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= MAX_TOP:
        raise bad_request(f"Invalid value '{text}' for $top: it must be between 1 and {MAX_TOP}.")
    return int(text)


def skip_of(options: Mapping[str, str]) -> int:
    """Return how many results to leave out."""
    text = options.get("$skip", "0")
    if not text.isascii() or not text.isdigit():
        raise bad_request(f"Invalid value '{text}' for $skip query option found.")
    return int(text)


def order_of(text: str | None) -> tuple[str, bool] | None:
    """Return the property to sort by and whether the largest comes first."""
    if text is None:
        return None
    words = text.split()
    if not 1 <= len(words) <= len(("property", "direction")) or "," in text:
        raise not_emulated(f"$orderby={text}")
    direction = words[1].lower() if words[1:] else "asc"
    if direction not in ("asc", "desc"):
        raise unreadable_query(f"Syntax error in $orderby: '{text}'.")
    return words[0], direction == "desc"


def filter_of(text: str | None) -> tuple[Condition, ...]:
    """Return the conditions that must all hold."""
    return tuple(_Filter(text).conditions()) if text is not None else ()


def check_efficient(conditions: tuple[Condition, ...], order: tuple[str, bool] | None) -> None:
    """Refuse a filter that does not begin with the property of the order, as Exchange does."""
    if order and conditions and conditions[0].path != order[0]:
        raise inefficient_filter()


def expansions_of(text: str | None) -> tuple[Expansion, ...]:
    """Return what a $expand asks for."""
    return tuple(_expansion(part) for part in _split(text, ",")) if text else ()


def _expansion(text: str) -> Expansion:
    match = _EXPANSION.fullmatch(text.strip())
    if not match:
        raise unreadable_query(f"Syntax error in $expand: '{text}'.")
    inner = dict(_option(part) for part in _split(match[2], ";")) if match[2] else {}
    unknown = set(inner) - {"$select", "$filter"}
    if unknown:
        raise not_emulated(f"{min(unknown)} within $expand")
    return Expansion(match[1], names_of(inner.get("$select")), _ids(inner.get("$filter")))


def _option(text: str) -> tuple[str, str]:
    name, equals, value = text.strip().partition("=")
    if not equals:
        raise unreadable_query(f"Syntax error in $expand: '{text}'.")
    return "$" + name.lower().removeprefix("$"), value


def _ids(text: str | None) -> tuple[str, ...]:
    if text is None:
        return ()
    matches = [_ID_FILTER.fullmatch(part.strip()) for part in _OR.split(text)]
    if not all(matches):
        raise unreadable_query(f"Invalid filter clause within $expand: '{text}'.")
    return tuple(canonical(match[1].replace("''", "'")) for match in matches if match)


def _split(text: str, separator: str) -> Iterator[str]:
    depth, quoted, start = 0, False, 0
    for position, character in enumerate(text):
        quoted ^= character == "'"
        if not quoted:
            depth += (character == "(") - (character == ")")
        if character == separator and not quoted and not depth:
            yield text[start:position]
            start = position + 1
    yield text[start:]


class _Filter:
    """A reader of conjunctions; everything else in the language is refused."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(self._lex())
        self._position = 0

    def conditions(self) -> Iterator[Condition]:
        yield from self._conjunction()
        if self._peek():
            raise self._error()

    def _lex(self) -> Iterator[str]:
        position = 0
        while self._text[position:].strip():
            match = _TOKEN.match(self._text, position)
            if not match:
                raise self._error()
            yield match[0].strip()
            position = match.end()

    def _error(self) -> Exception:
        return bad_request(f"Invalid filter clause: '{self._text}'.")

    def _peek(self) -> str:
        return self._tokens[self._position] if self._position < len(self._tokens) else ""

    def _next(self) -> str:
        token = self._peek()
        if not token:
            raise self._error()
        self._position += 1
        return token

    def _expect(self, *tokens: str) -> None:
        for token in tokens:
            if self._next().lower() != token:
                raise self._error()

    def _conjunction(self) -> Iterator[Condition]:
        yield from self._clause()
        while self._peek().lower() == "and":
            self._next()
            yield from self._clause()
        if self._peek().lower() == "or":
            raise not_emulated("'or' in $filter")

    def _clause(self) -> Iterator[Condition]:
        word = self._next()
        if word == "(":
            yield from self._conjunction()
            self._expect(")")
        elif word.lower() == ANY:
            yield self._any()
        elif word.lower() == "not" or self._peek() == "(":
            raise not_emulated(f"'{word}' in $filter")
        else:
            yield self._comparison(word)

    def _comparison(self, path: str) -> Condition:
        operator, literal = self._next().lower(), self._next()
        if operator not in _OPERATORS or not (path[0].isalpha() or path[0] == "_"):
            raise self._error()
        return Condition(path, operator, _unquote(literal), literal.startswith("'"))

    def _any(self) -> Condition:
        self._expect("(")
        variable = self._next().lower()
        self._expect(":", f"{variable}/id", "eq")
        property_id = self._next()
        self._expect("and", f"{variable}/value", "eq")
        value = self._next()
        self._expect(")")
        if not property_id.startswith("'") or not value.startswith("'"):
            raise self._error()
        return Condition(ANY, "eq", _unquote(value), property_id=canonical(_unquote(property_id)))


def _unquote(token: str) -> str:
    return token[1:-1].replace("''", "'") if token.startswith("'") else token
