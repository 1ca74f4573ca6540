"""An invoice by the business terms of EN 16931-1, whatever syntax it came in."""

from collections.abc import Iterable, Iterator, Mapping

from shared.domain.markup import Element

# The texts of each term, more than one where the document states it more than once. Beside the terms' own meaning:
# BT-3 is a code of UNTDID 1001, dates are ISO 8601, and BT-112 and BT-115 are in the currency of BT-5.
Terms = Mapping[str, tuple[str, ...]]

Path = tuple[str | tuple[str, ...], ...]  # a step may have several names, where versions of a syntax differ


def reached(element: Element, path: Path) -> Iterator[Element]:
    """Every element that is reached by a path, in document order."""
    if not path:
        yield element
        return
    names = (path[0],) if isinstance(path[0], str) else path[0]
    for child in element.children:
        if child.name in names:
            yield from reached(child, path[1:])


def texts(element: Element, path: Path) -> tuple[str, ...]:
    """What the elements at a path say; an empty one says nothing."""
    return said(reached(element, path))


def said(elements: Iterable[Element]) -> tuple[str, ...]:
    """The texts of elements in single spaces, without the empty ones."""
    return tuple(text for element in elements if (text := " ".join(element.text.split())))


def amounts(elements: Iterable[Element], currencies: tuple[str, ...]) -> tuple[str, ...]:
    """The amounts that are in one of the currencies, or name none; all of them where no currency is stated."""
    found = (each for each in elements if not currencies or each.attribute("currencyID") in {"", *currencies})
    return said(found)


def currency(stated: tuple[str, ...], elements: Iterable[Element]) -> tuple[str, ...]:
    """The stated currency (BT-5), else the one that the amounts name."""
    return stated or tuple(code for element in elements if (code := element.attribute("currencyID").strip()))
