"""Regular expressions that are compiled when they are first used."""

import re
from functools import cached_property


class Pattern:
    """A regular expression; every cold start imports those for documents, and most of them read none."""

    def __init__(self, source: str, flags: re.RegexFlag = re.NOFLAG) -> None:
        self._source = source
        self._flags = flags

    @cached_property
    def compiled(self) -> re.Pattern[str]:
        """The expression, ready to search with."""
        return re.compile(self._source, self._flags)
