"""XML as values: what a reader of structured invoices looks at."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Element:
    """An element with its own text; names are local names, prefixes say nothing (Namespaces in XML 1.0, 2.1)."""

    name: str
    namespace: str = ""
    text: str = ""
    attributes: tuple[tuple[str, str], ...] = ()
    children: tuple["Element", ...] = ()

    def all(self, *path: str) -> Iterator["Element"]:
        """Every element that is reached by child names, in document order."""
        if not path:
            yield self
            return
        for child in self.children:
            if child.name == path[0]:
                yield from child.all(*path[1:])

    def first(self, *path: str) -> "Element | None":
        """The first element at a path."""
        return next(self.all(*path), None)

    def value(self, *path: str) -> str:
        """The text at a path in single spaces, empty where there is none."""
        found = (" ".join(element.text.split()) for element in self.all(*path))
        return next((text for text in found if text), "")

    def attribute(self, name: str) -> str:
        """An attribute's value by its local name, empty where there is none."""
        return next((value for key, value in self.attributes if key == name), "")
