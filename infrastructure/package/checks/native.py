"""Native files: what they are called, what they are, and what they ask of the machine and of the interpreter."""

import re
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from abi3info import DATAS, FUNCTIONS  # type: ignore[import-untyped]
from abi3info.models import Symbol  # type: ignore[import-untyped]

from infrastructure.package import elf
from infrastructure.package.elf import Elf
from infrastructure.package.findings import Finding
from infrastructure.package.package import Ground, Package
from infrastructure.package.policy import Target

_TAG = re.compile(r"\.(?P<python>cpython-\d+\w*|pypy\w*-?\w*|graalpy\w*|abi\d)(?:-(?P<platform>[\w-]+))?\.so$")
_LIBRARY = re.compile(r"\.so(?:\.\d+)*$")
_VERSION = re.compile(r"^(GLIBC|GLIBCXX|CXXABI)_([0-9.]+)$")

# What stands for a version without being called one: packed relocations, which glibc reads since that version.
_STANDS_FOR = {"GLIBC_ABI_DT_RELR": "GLIBC_2.36"}
# Of GCC 10, which Debian 11 has beside its glibc 2.31.
_RUNTIME = {"GLIBCXX": "3.4.28", "CXXABI": "1.3.12"}
# What every manylinux system has (PEP 600), and what Python itself brings to the image.
_LIBRARIES = re.compile(
    r"(?:ld-linux-x86-64|libanl|libatomic|libc|libdl|libexpat|libgcc_s|libm|libmvec|libnsl|libpthread|libresolv|librt"
    r"|libstdc\+\+|libutil|libz)\.so\.\d+"
)
_SYSTEMS = {"PE": "Windows", "Mach-O": "macOS"}
_SHOWN = 8  # symbols
_PYTHON = ("Py", "_Py")

_NOT_FOUND = (
    "Python does not see it: ModuleNotFoundError while indexing, 0 functions, or a silent fallback to slower code"
)
_NOT_LOADED = "ImportError: {0}; the app is not indexed: 0 functions"
_REMEDY = "build on any machine with: python -m infrastructure.package build, which installs for the target"


def findings(package: Package, ground: Ground) -> Iterator[Finding]:
    """Everything that is native by its name or by its bytes."""
    target = ground.policy.target
    beside = {PurePosixPath(name).name for name in package.members}
    parsed: dict[str, Elf] = {}
    for name, member in package.members.items():
        content, is_library = member.content, bool(_LIBRARY.search(name))
        kind = elf.kind_of(content)
        if is_library:
            yield from _by_name(name, target)
        if kind == "ELF":
            try:
                parsed[name] = elf.read(content)
            except elf.NotElfError as error:
                yield _unloadable(name, "a damaged native file", "a whole ELF file", str(error), "file too short")
        elif kind or is_library:
            what = (
                f"a native file for {_SYSTEMS[kind]}" if kind else "it is called a native file and is not an ELF file"
            )
            yield _unloadable(name, what, "an ELF file", kind or f"{content[:8]!r}", "invalid ELF header")
    for name, each in parsed.items():
        yield from _machine(name, each, target) or _demands(name, each, target, beside)
    yield from _interpreter(parsed, ground)


def _by_name(name: str, target: Target) -> Iterator[Finding]:
    tag = _TAG.search(name)
    wanted_platform = f"{target.machine}-linux-gnu"
    # Without a platform Python takes abi3 alone: importlib.machinery.EXTENSION_SUFFIXES.
    if tag is None or (tag["python"] == "abi3" and tag["platform"] is None):
        return
    if tag["python"] != target.tag or tag["platform"] != wanted_platform:
        yield Finding(
            "native",
            name,
            "a native module for another Python or platform, by its name",
            f".{target.tag}-{wanted_platform}.so, .abi3.so or .so",
            tag[0],
            _NOT_FOUND,
            _REMEDY,
        )


def _machine(name: str, each: Elf, target: Target) -> list[Finding]:
    bits, found = 64, []
    if each.machine != target.machine or each.bits != bits:
        wanted, is_so = f"{bits}-bit {target.machine}", f"{each.bits}-bit {each.machine}"
        found.append(
            _unloadable(
                name,
                "a native file for another machine",
                wanted,
                is_so,
                "cannot open shared object file: No such file or directory",
            )
        )
    elif _LIBRARY.search(name) and each.type != "ET_DYN":
        found.append(
            _unloadable(
                name,
                "a native file that cannot be loaded",
                "ET_DYN",
                each.type,
                "only ET_DYN and ET_EXEC can be loaded",
            )
        )
    return found


def _demands(name: str, each: Elf, target: Target, beside: set[str]) -> Iterator[Finding]:
    """Libraries and their versions; of each library's versions the newest tells."""
    if any("musl" in library for library in each.needed):
        yield _unloadable(
            name,
            "a native file for musl",
            "one that uses glibc",
            ", ".join(each.needed),
            "libc.musl-x86_64.so.1: cannot open shared object file",
        )
        return
    newest: dict[str, str] = {}
    for version in filter(None, (_VERSION.match(_STANDS_FOR.get(name, name)) for name in each.versions)):
        newest[version[1]] = max(newest.get(version[1], "0"), version[2], key=_ordered)
    for library, most in {"GLIBC": target.glibc, **_RUNTIME}.items():
        found = newest.get(library, "0")
        if _ordered(found) > _ordered(most):
            yield _unloadable(
                name,
                "a native file for a newer system",
                f"at most {library}_{most}",
                f"{library}_{found}",
                f"version `{library}_{found}' not found",
            )
    for library in each.needed:
        if not _LIBRARIES.fullmatch(library) and library not in beside:
            yield _unloadable(
                name,
                "a native file that needs a library which nobody brings",
                "a library of the image or of the package",
                library,
                f"{library}: cannot open shared object file: No such file or directory",
            )


def _ordered(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part)


def _interpreter(parsed: dict[str, Elf], ground: Ground) -> Iterator[Finding]:
    """The C API that the files were built against, whatever their names say."""
    if ground.runtime is None or not ground.runtime.is_on(ground.policy.target.machine):
        return
    asked = {name: {each for each in found.undefined if each.startswith(_PYTHON)} for name, found in parsed.items()}
    lacking = set(ground.runtime.lacks(set().union(*asked.values()))) if any(asked.values()) else set()
    for name, symbols in asked.items():
        missing = sorted(symbols & lacking)
        if missing:
            shown = ", ".join(missing[:_SHOWN]) + (
                f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
            )
            minimum = _minimum(missing)
            yield _unloadable(
                name,
                "a native module for another Python, by its content",
                f"the C API of Python {ground.policy.target.python}",
                shown + (f" (of Python {minimum})" if minimum else ""),
                f"undefined symbol: {missing[0]}",
            )


def _minimum(symbols: Sequence[str]) -> str:
    """The oldest Python that has all of these symbols in its stable ABI, as far as they are in it."""
    added = [
        entry.added
        for symbol in symbols
        for table in (FUNCTIONS, DATAS)
        if (entry := table.get(Symbol(symbol))) is not None
    ]
    return str(max(added)) if added else ""


def _unloadable(name: str, what: str, wanted: str, found: str, says: str) -> Finding:
    return Finding(
        "native", name, what, wanted, found, _NOT_LOADED.format(f"{PurePosixPath(name).name}: {says}"), _REMEDY
    )
