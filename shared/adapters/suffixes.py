"""Which part of a host somebody registered, by the Public Suffix List (https://publicsuffix.org)."""

from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList


class PublicSuffixes:
    """Implements the Suffixes port by the list that the package carries; it is read when first asked."""

    @cached_property
    def _list(self) -> "PublicSuffixList":
        from publicsuffixlist import PublicSuffixList  # noqa: PLC0415  a mail from a colleague needs none of it

        return PublicSuffixList()

    def registered(self, host: str) -> str:
        """The registered domain of a host, empty where it is a public suffix itself."""
        return str(self._list.privatesuffix(host.lower().strip(".")) or "")
