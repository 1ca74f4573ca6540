"""Native files for another Python, another machine, or another C library."""

from importlib import metadata

from infrastructure.package.places import SITE
from tests.package import elf, strays
from tests.package.draft import Draft
from tests.package.sabotage import Collection

FAULTS = Collection()

CORE = f"{SITE}pydantic_core/_pydantic_core"
OURS = f"{CORE}.cpython-311-x86_64-linux-gnu.so"
CIPHER = f"{SITE}Crypto/Cipher/_raw_cbc.abi3.so"
WHEEL = f"{SITE}pydantic_core-*.dist-info/WHEEL"
MISSING = "0 functions: No module named 'pydantic_core._pydantic_core'"


def _instead(members: Draft, name: str, content: bytes) -> None:
    """Puts another native file in the place of ours, RECORD included, as an install for that target would."""
    del members[OURS]
    members[name] = content
    members.relist("pydantic-core", name)


def _content(members: Draft, content: bytes) -> None:
    """Puts another content under the name of ours."""
    members[OURS] = content
    members.relist("pydantic-core")


@FAULTS.spoil("native", f"{CORE}.cpython-313-x86_64-linux-gnu.so", "cpython-313", "loads, and carries dead weight")
def cp313_beside(members: Draft) -> None:
    """A binary for Python 3.13 beside the one for 3.11."""
    name = f"{CORE}.cpython-313-x86_64-linux-gnu.so"
    members[name] = strays.build("cp313", "_pydantic_core*.so")
    members.relist("pydantic-core", name)


@FAULTS.spoil("native", f"{CORE}.cpython-313-x86_64-linux-gnu.so", "cpython-313", MISSING)
def cp313_instead(members: Draft) -> None:
    """A binary for Python 3.13 instead of 3.11."""
    _instead(members, f"{CORE}.cpython-313-x86_64-linux-gnu.so", strays.build("cp313", "_pydantic_core*.so"))


@FAULTS.spoil("native", f"{CORE}.cpython-312-x86_64-linux-gnu.so", "cpython-312", MISSING)
def cp312_instead(members: Draft) -> None:
    """A binary for Python 3.12 instead of 3.11."""
    _instead(members, f"{CORE}.cpython-312-x86_64-linux-gnu.so", strays.build("cp312", "_pydantic_core*.so"))


@FAULTS.spoil("native", OURS, "PyLong_AsNativeBytes", "0 functions: undefined symbol: PyLong_AsNativeBytes")
def cp313_under_the_name_of_cp311(members: Draft) -> None:
    """A binary for Python 3.13 under the file name of 3.11."""
    _content(members, strays.build("cp313", "_pydantic_core*.so"))


@FAULTS.spoil("native", OURS, "3.12", "0 functions: undefined symbol, or a crash")
def cp312_under_the_name_of_cp311(members: Draft) -> None:
    """A binary for Python 3.12 under the file name of 3.11."""
    _content(members, strays.build("cp312", "_pydantic_core*.so"))


@FAULTS.spoil("native", f"{CORE}.cpython-311-aarch64-linux-gnu.so", "aarch64", MISSING)
def aarch64_instead(members: Draft) -> None:
    """A binary for ARM instead of x86-64."""
    _instead(members, f"{CORE}.cpython-311-aarch64-linux-gnu.so", strays.build("aarch64", "_pydantic_core*.so"))


@FAULTS.spoil("native", OURS, "aarch64", "0 functions: cannot open shared object file: No such file or directory")
def aarch64_under_the_name_of_x86_64(members: Draft) -> None:
    """A binary for ARM under the file name of x86-64."""
    _content(members, strays.build("aarch64", "_pydantic_core*.so"))


@FAULTS.spoil("native", f"{CORE}.cpython-311-x86_64-linux-musl.so", "musl", MISSING)
def musl_instead(members: Draft) -> None:
    """A binary for Alpine (musl) instead of glibc."""
    _instead(members, f"{CORE}.cpython-311-x86_64-linux-musl.so", strays.build("musllinux", "_pydantic_core*.so"))


@FAULTS.spoil("native", OURS, "libc.so", "0 functions: its C library cannot be loaded")
def musl_under_the_name_of_glibc(members: Draft) -> None:
    """A binary for Alpine (musl) under the file name of glibc."""
    _content(members, strays.build("musllinux", "_pydantic_core*.so"))


@FAULTS.spoil("native", f"{CORE}.cp311-win_amd64.pyd", "Windows", MISSING)
def windows_instead(members: Draft) -> None:
    """A Windows binary (`.pyd`) instead of the Linux one."""
    _instead(members, f"{CORE}.cp311-win_amd64.pyd", strays.build("win_amd64", "_pydantic_core*.pyd"))


@FAULTS.spoil("native", OURS, "Windows", "0 functions: invalid ELF header")
def windows_under_a_linux_name(members: Draft) -> None:
    """A Windows binary under the file name of the Linux one."""
    _content(members, strays.build("win_amd64", "_pydantic_core*.pyd"))


@FAULTS.spoil("native", OURS, "GLIBC_2.38", "0 functions: version `GLIBC_2.38' not found")
def glibc_too_new(members: Draft) -> None:
    """A binary that needs glibc 2.38."""
    _content(members, elf.need_version(members[OURS], "GLIBC_2.14", "GLIBC_2.38"))


@FAULTS.spoil("native", CIPHER, "GLIBC_2.34", "encrypted documents fail: version `GLIBC_2.34' not found")
def glibc_of_a_newer_builder(members: Draft) -> None:
    """An abi3 binary of a newer build machine that needs glibc 2.34."""
    members[CIPHER] = elf.need_version(members[CIPHER], "GLIBC_2.14", "GLIBC_2.34")
    members.relist("pycryptodome")


@FAULTS.spoil("native", CIPHER, "GLIBC_2.36", "encrypted documents fail: version `GLIBC_ABI_DT_RELR' not found")
def packed_relocations(members: Draft) -> None:
    """A binary with packed relocations, which glibc reads since 2.36."""
    spoilt = elf.need_version_of_any_length(
        members[CIPHER], "GLIBC_2.14", "_ITM_registerTMCloneTable", "GLIBC_ABI_DT_RELR"
    )
    members[CIPHER] = spoilt
    members.relist("pycryptodome")


@FAULTS.spoil("native", CIPHER, "PyUnicode_EqualToUTF8", "encrypted documents fail: undefined symbol")
def abi3_of_3_13(members: Draft) -> None:
    """An abi3 binary that needs the stable ABI of Python 3.13."""
    (real,) = (file for file in metadata.files("ast-serialize") or () if file.name.endswith(".abi3.so"))
    members[CIPHER] = elf.need_symbol(real.read_binary(), "PyUnicode_AsUTF8String", "PyUnicode_EqualToUTF8")
    members.relist("pycryptodome")


@FAULTS.spoil("native", OURS, "damaged native file", "0 functions: file too short")
def truncated(members: Draft) -> None:
    """A binary cut off half-way."""
    _content(members, members[OURS][: len(members[OURS]) // 2])


@FAULTS.spoil("native", OURS, "not an ELF", "0 functions: invalid ELF header")
def text_for_a_binary(members: Draft) -> None:
    """A text file under the name of a binary (a pointer of Git LFS)."""
    _content(members, b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"4d" * 32 + b"\nsize 4709712\n")


@FAULTS.spoil("native", OURS, "32-bit i686", "0 functions: wrong ELF class: ELFCLASS32")
def class_of_32_bit(members: Draft) -> None:
    """A binary for a 32-bit machine."""
    _content(members, elf.of_32_bit())


@FAULTS.spoil("imports", f"{SITE}pydantic_core/__init__.py", "pydantic_core._pydantic_core", MISSING)
def no_binary(members: Draft) -> None:
    """The binary of a dependency left out."""
    del members[OURS]
    members.relist("pydantic-core")


@FAULTS.spoil(
    "native",
    f"{SITE}markupsafe/_speedups.cpython-313-x86_64-linux-gnu.so",
    "cpython-313",
    "loads; falls back to slower pure Python, without a word",
)
def cp313_with_a_fallback(members: Draft) -> None:
    """A binary for Python 3.13 of a dependency that falls back to pure Python."""
    name = f"{SITE}markupsafe/_speedups.cpython-313-x86_64-linux-gnu.so"
    del members[name.replace("313", "311")]
    members[name] = strays.build("cp313", "_speedups*.so")
    members.relist("markupsafe", name)


@FAULTS.spoil("wheel_tags", WHEEL, "cp313", "as its binaries are: they are of the same wheel")
def wheel_of_cp313(members: Draft) -> None:
    """A distribution whose WHEEL says Python 3.13."""
    _retag(members, b"cp313-cp313-manylinux_2_17_x86_64")


@FAULTS.spoil("wheel_tags", WHEEL, "win_amd64", "as its binaries are: they are of the same wheel")
def wheel_of_windows(members: Draft) -> None:
    """A distribution whose WHEEL says Windows."""
    _retag(members, b"cp311-cp311-win_amd64")


@FAULTS.spoil("wheel_tags", WHEEL, "manylinux_2_34", "as its binaries are: they may need that glibc")
def wheel_of_a_newer_glibc(members: Draft) -> None:
    """A distribution whose WHEEL says glibc 2.34."""
    _retag(members, b"cp311-cp311-manylinux_2_34_x86_64")


def _retag(members: Draft, tag: bytes) -> None:
    name = members.matching(WHEEL)
    lines = [line for line in members[name].splitlines() if not line.startswith(b"Tag:")]
    members[name] = b"\n".join([*lines, b"Tag: " + tag, b""])
    members.relist("pydantic-core")
