"""What a native file is, by its bytes."""

import io
from dataclasses import dataclass

from elftools.elf.dynamic import DynamicSection
from elftools.elf.elffile import ELFFile
from elftools.elf.gnuversions import GNUVerNeedSection
from elftools.elf.sections import SymbolTableSection

_MACH_O = {bytes.fromhex(each) for each in ("feedface", "feedfacf", "cefaedfe", "cffaedfe")}
_FAT = bytes.fromhex("cafebabe")  # Java's classes begin like that, too
_MOST_ARCHITECTURES = 30
_PE_OFFSET = 0x3C
MACHINES = {"EM_X86_64": "x86_64", "EM_AARCH64": "aarch64", "EM_386": "i686", "EM_ARM": "armv7l"}


class NotElfError(Exception):
    """A file that cannot be read as ELF to its end; the message says why."""


def kind_of(content: bytes) -> str:
    """`ELF`, `PE` or `Mach-O`; empty for everything else."""
    if content.startswith(b"\x7fELF"):
        return "ELF"
    if content[:4] in _MACH_O:
        return "Mach-O"
    if content.startswith(_FAT) and int.from_bytes(content[4:8], "big") < _MOST_ARCHITECTURES:
        return "Mach-O"
    offset = int.from_bytes(content[_PE_OFFSET : _PE_OFFSET + 4], "little")
    if content.startswith(b"MZ") and content[offset : offset + 4] == b"PE\0\0":
        return "PE"
    return ""


@dataclass(frozen=True, slots=True)
class Elf:
    """What an ELF file says of itself."""

    bits: int
    machine: str  # as uname names it
    type: str  # ET_DYN for what can be loaded
    needed: tuple[str, ...]  # libraries
    versions: frozenset[str]  # of those libraries' symbols: GLIBC_2.17
    undefined: frozenset[str]  # symbols that the process must have


def read(content: bytes) -> Elf:
    """Reads an ELF file; raises NotElfError where it is cut off or damaged."""
    try:
        return _read(ELFFile(io.BytesIO(content)), len(content))
    except NotElfError:
        raise
    except Exception as error:
        raise NotElfError(str(error) or type(error).__name__) from error


def _read(file: ELFFile, size: int) -> Elf:
    ends = [segment["p_offset"] + segment["p_filesz"] for segment in file.iter_segments()]
    ends.append(file["e_shoff"] + file["e_shnum"] * file["e_shentsize"])
    if max(ends) > size:
        raise NotElfError(f"it has {size:,} bytes and needs {max(ends):,}: it was truncated")
    needed: list[str] = []
    versions: set[str] = set()
    undefined: set[str] = set()
    for section in file.iter_sections():
        if isinstance(section, DynamicSection):
            # The parser gives such a tag an attribute of its own, which its types do not tell.
            needed = [str(vars(tag)["needed"]) for tag in section.iter_tags("DT_NEEDED")]
        elif isinstance(section, GNUVerNeedSection):
            versions |= {str(each.name) for _, used in section.iter_versions() for each in used}
        elif isinstance(section, SymbolTableSection) and section.name == ".dynsym":
            undefined |= {
                str(symbol.name)
                for symbol in section.iter_symbols()
                if symbol["st_shndx"] == "SHN_UNDEF" and symbol["st_info"]["bind"] == "STB_GLOBAL"
            }
    machine = str(file["e_machine"])
    if MACHINES.get(machine) == "x86_64" and not any(isinstance(each, DynamicSection) for each in file.iter_sections()):
        raise NotElfError("its table of sections is gone, so nobody can read what it needs")
    return Elf(
        file.elfclass,
        MACHINES.get(machine, machine),
        str(file["e_type"]),
        tuple(needed),
        frozenset(versions),
        frozenset(undefined),
    )
