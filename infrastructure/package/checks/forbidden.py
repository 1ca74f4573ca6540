"""What must never ship: secrets, by name and by content, and files of the workshop."""

import re
from collections.abc import Iterator
from fnmatch import translate
from functools import cache
from pathlib import PurePosixPath

from infrastructure.package.findings import Finding
from infrastructure.package.package import Ground, Package
from infrastructure.package.places import SITE

_SECRET = "whoever can read the package can use it; the app runs, so nothing else would tell"  # noqa: S105
_ROTATE = "take it out, and replace the secret: it has been in a file that was meant to be passed on"
_LEAVE = "add it to .funcignore, or take it out of the dependency, and build anew"
_DEAD = "it is never used: dead weight that every cold start mounts"

# The storage emulator's key is printed in its documentation, and opens nothing.
_PUBLIC_KEY = b"Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="

# A word that must be there, which is quick to look for, and the pattern that decides.
_SECRETS: tuple[tuple[str, bytes, re.Pattern[bytes]], ...] = (
    ("a storage account key (AccountKey)", b"AccountKey=", re.compile(rb"AccountKey=([A-Za-z0-9+/]{40,}={0,2})")),
    ("a Service Bus key", b"SharedAccessKey=", re.compile(rb"SharedAccessKey=([A-Za-z0-9+/]{40,}={0,2})")),
    (
        *("a shared access signature", b"sig="),
        re.compile(rb"[?&;](?:amp;)?sig=((?:[A-Za-z0-9+/_-]|%2[BbFf]){40,}(?:%3[Dd]|=)?)"),
    ),
    (
        *("a private key", b"PRIVATE KEY-----"),
        re.compile(rb"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----(?:\\n|\s)+((?:[A-Za-z0-9+/=:,. -]|\\n|\s){100,})"),
    ),
    # Looking back from the rare letters is a hundred times as fast as looking for what comes before them.
    ("a client secret of Entra", b"Q~", re.compile(rb"Q~(?<=[\w~.-]{3}\dQ~)([\w~.-]{31,34})(?![\w~.-])")),
    *(("a GitHub token", b"gh%c_" % kind, re.compile(rb"\b(gh[pousr]_[A-Za-z0-9]{36,})")) for kind in b"pousr"),
    ("a GitHub token", b"github_pat_", re.compile(rb"\b(github_pat_\w{60,})")),
    ("a PyPI token", b"pypi-AgE", re.compile(rb"\b(pypi-AgE[\w-]{50,})")),
    ("a Slack token", b"xox", re.compile(rb"\b(xox[abprs]-[\w-]{20,})")),
    ("an AWS key", b"AKIA", re.compile(rb"\b(AKIA[0-9A-Z]{16})\b")),
)
# Dependencies show these as examples in what they say of themselves.
_SECRETS_OF_THE_APP: tuple[tuple[str, bytes, re.Pattern[bytes]], ...] = (
    ("a signed token", b"eyJ", re.compile(rb"\b(eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{20,})")),
    ("a telemetry connection string", b"InstrumentationKey=", re.compile(rb"InstrumentationKey=([0-9a-fA-F-]{36})")),
    ("a password in a URL", b"://", re.compile(rb"://[^/\s:@'\"{}<>]{1,64}:([^/\s:@'\"{}<>]{3,64})@[\w.-]+")),
)

# By name, anywhere in the package.
_SECRET_FILES = (
    *(
        "local.settings.json",
        ".env",
        ".env.*",
        "*.env",
        "*.pfx",
        "*.p12",
        "*.key",
        "*.ppk",
        "*.jks",
        "*.publishsettings",
    ),
    *("id_rsa", "id_ed25519", "id_ecdsa", ".netrc", ".pypirc", ".npmrc", "pip.conf", "secrets.toml", "*.kdbx"),
)
_SECRET_FILES_OF_THE_APP = ("*.pem", "*.crt", "*.cer", "*.der")
_WORKSHOP_OF_THE_APP = (
    *("infrastructure", "dist", "build", "pyproject.toml", "makefile", "venv", "node_modules"),
    *(".venv", ".tox", ".nox", ".vscode", ".idea", ".github", ".gitignore", ".funcignore", ".azure", ".azurite"),
    *(".local", ".tools"),
)
_WORKSHOP = (
    *(".git", ".hg", ".svn", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis", ".import_linter_cache"),
    *(".ipynb_checkpoints", ".coverage", ".coverage.*", "coverage.xml", ".ds_store", "__macosx", "thumbs.db"),
    *(
        "*.orig",
        "*.rej",
        "*.bak",
        "*.swp",
        "*~",
        "requirements.txt.md5",
        "*.egg-link",
        "__blobstorage__",
        "__azurite_db*",
    ),
)
_TESTS_OF_THE_APP = ("tests", "test", "conftest.py", "test_*.py", "*_test.py")
_FOREIGN = ("*.pyd", "*.dll", "*.dylib")
_AT_START = ("sitecustomize", "usercustomize")


def findings(package: Package, ground: Ground) -> Iterator[Finding]:  # noqa: ARG001
    """Names first, then content."""
    for name, member in package.members.items():
        below = name.removeprefix(SITE)
        yield from _by_name(name, below)
        yield from _by_content(name, member.content, is_app=below == name)
        yield from _installed_for_development(name, below, member.content)


def _by_name(name: str, below: str) -> Iterator[Finding]:
    parts = PurePosixPath(below).parts
    is_app = below == name
    if _matches(parts[-1:], (*_SECRET_FILES, *(_SECRET_FILES_OF_THE_APP if is_app else ()))):
        yield Finding(
            "forbidden", name, "a file that holds secrets", "none in the package", parts[-1], _SECRET, _ROTATE
        )
    elif workshop := _matches(parts, (*_WORKSHOP, *(_WORKSHOP_OF_THE_APP if is_app else ()))):
        yield Finding(
            "forbidden", name, "a file of the workshop", "what the app needs at run time", workshop, _DEAD, _LEAVE
        )
    elif tests := _matches(parts, _TESTS_OF_THE_APP) if is_app else _matches(parts[:-1], ("tests",)):
        effect = "dead weight; a top-level module tests may also be imported instead of another one"
        yield Finding("forbidden", name, "tests", "none in the package", tests, effect, _LEAVE)
    elif foreign := _matches(parts[-1:], _FOREIGN):
        yield Finding(
            "forbidden",
            name,
            "a native file of another operating system",
            "*.so for Linux, or none",
            foreign,
            "Linux cannot load it: ModuleNotFoundError where no other file stands for it",
            _LEAVE,
        )
    if parts[0].partition(".")[0] in _AT_START:
        yield Finding(
            "forbidden",
            name,
            "a module that Python runs at every start",
            "none in the package",
            parts[0],
            "it runs in the worker before the worker does, and in every child process",
            _LEAVE,
        )


def _matches(parts: tuple[str, ...], patterns: tuple[str, ...]) -> str:
    pattern = _compiled(patterns)
    return next((part for part in parts if pattern.fullmatch(part)), "")


@cache
def _compiled(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(map(translate, patterns)), re.IGNORECASE)


def _by_content(name: str, content: bytes, *, is_app: bool) -> Iterator[Finding]:
    for kind, word, pattern in (*_SECRETS, *(_SECRETS_OF_THE_APP if is_app else ())):
        found = pattern.search(content) if word in content else None
        while found and found[1] == _PUBLIC_KEY:
            found = pattern.search(content, found.end())
        if found:
            line = content.count(b"\n", 0, found.start()) + 1
            yield Finding(
                "forbidden",
                name,
                f"{kind} in the text",
                "settings and the managed identity, never the package",
                f"line {line}, {len(found[1])} characters (not shown)",
                _SECRET,
                _ROTATE,
            )


def _installed_for_development(name: str, below: str, content: bytes) -> Iterator[Finding]:
    """Installations that point to a folder of the machine that built."""
    path = PurePosixPath(below)
    is_link = path.suffix == ".pth" and any(
        line.strip() and not line.startswith((b"#", b"import ", b"import\t")) for line in content.splitlines()
    )
    is_editable = path.name.startswith("__editable__") or (
        path.name == "direct_url.json" and (b"file://" in content or b'"editable"' in content)
    )
    if is_link or is_editable:
        yield Finding(
            "forbidden",
            name,
            "a distribution that was installed for development",
            "wheels from the lock",
            path.name,
            "the worker reads no .pth files, and the folder is not in the cloud: ModuleNotFoundError while indexing",
            "build anew from the lock",
        )
