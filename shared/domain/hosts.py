"""The hosts of web and mail addresses in a text."""

import re
from collections.abc import Iterator

from shared.domain.pattern import Pattern

# A bare name counts where it ends as most companies' sites do; others are as likely file names or article codes.
_ENDINGS = (
    "com|net|org|eu|de|at|ch|fr|es|it|nl|be|lu|uk|ie|pt|pl|cz|dk|se|no|fi|us|ca|au|nz|in|io|app|shop|cloud|info|biz"
)
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_ADDRESS = Pattern(
    rf"(?:@|https?://(?:www\.)?|(?<![\w@.-])www\.)(?P<host>(?:{_LABEL}\.){{1,5}}[a-z]{{2,24}})(?![\w-])|"
    rf"(?<![\w@./-])(?P<bare>(?:[a-z0-9-]{{2,40}}\.){{1,3}}(?:{_ENDINGS}))(?![\w@-]|\.\w)",
    re.IGNORECASE,
)


def hosts_in(text: str) -> Iterator[str]:
    """The hosts in order of appearance, lower case and without "www."."""
    for match in _ADDRESS.compiled.finditer(text):
        if host := match["host"]:
            yield host.lower().removeprefix("www.")
        elif match["bare"].islower():
            yield match["bare"]
