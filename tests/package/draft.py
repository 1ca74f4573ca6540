"""A package on its way to being spoilt: the members of a good one, to be changed at will."""

import base64
import csv
import hashlib
import io
import zipfile
from collections.abc import Iterable
from copy import copy
from functools import cache
from pathlib import Path, PurePosixPath

from packaging.utils import canonicalize_name

from infrastructure.package import bytecode, interpreter, policy
from infrastructure.package.places import SITE

TAG = policy.read().target.tag


@cache
def target() -> Path:
    """The interpreter that the package is made for."""
    return interpreter.find(policy.read().target.interpreter)


class Draft(dict[str, bytes]):
    """The members by name, with what a build does when one of them changes."""

    def matching(self, pattern: str) -> str:
        """The one member whose path matches; fails where that is not exactly one."""
        found = [name for name in self if PurePosixPath(name).match(pattern)]
        assert len(found) == 1, f"{pattern} matches {found[:5]}"
        return found[0]

    def source(self, name: str, content: str) -> None:
        """Writes a source and its bytecode, as every build does; a source with a syntax error gets no bytecode."""
        self[name] = content.encode()
        try:
            self[bytecode.cached(name, TAG)] = bytecode.compile_all(target(), {name: self[name]})[name]
        except bytecode.CompileError:
            self.pop(bytecode.cached(name, TAG), None)

    def edit(self, name: str, old: str, new: str) -> None:
        """Replaces what stands exactly once in a source."""
        text = self[name].decode()
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {name}"
        self.source(name, text.replace(old, new))

    def append(self, name: str, lines: str) -> None:
        """Adds lines at the end of a source."""
        self.source(name, self[name].decode() + lines)

    def prepend(self, name: str, lines: str) -> None:
        """Adds lines below a source's docstring, before all that it imports."""
        docstring, separator, rest = self[name].decode().partition("\n\n")
        assert separator, f"{name} has no paragraph to add to"
        self.source(name, f"{docstring}\n\n{lines}\n{rest}")

    def drop(self, *names: str) -> None:
        """Takes members out, each with its bytecode; one that is not there fails."""
        for name in names:
            del self[name]
            if name.endswith(".py"):
                self.pop(bytecode.cached(name, TAG), None)

    def below(self, folder: str) -> list[str]:
        """The members below a folder, whose name ends in a slash."""
        return [name for name in self if name.startswith(folder)]

    def move(self, folder: str, to: str) -> None:
        """Puts all that is below one folder below another."""
        for name in self.below(folder):
            self[to + name.removeprefix(folder)] = self.pop(name)

    def records(self) -> dict[str, str]:
        """The dist-info folder of each distribution with a RECORD, by canonical name, with a slash at its end."""
        folders = [name.removesuffix("RECORD") for name in self if name.endswith(".dist-info/RECORD")]
        return {
            str(canonicalize_name(folder.removeprefix(SITE).removesuffix(".dist-info/").rpartition("-")[0])): folder
            for folder in folders
            if folder.startswith(SITE)
        }

    def metadata(self, distribution: str) -> str:
        """The dist-info folder of a distribution, with a slash at its end."""
        return self.records()[distribution]

    def files(self, distribution: str) -> list[str]:
        """The members that the RECORD of a distribution lists."""
        return self.listed(self.metadata(distribution))

    def listed(self, metadata: str) -> list[str]:
        """The members that the RECORD in a dist-info folder lists."""
        return [SITE + row[0] for row in csv.reader(io.StringIO(self[metadata + "RECORD"].decode())) if row]

    def relist(self, distribution: str, *added: str) -> None:
        """Writes the RECORD anew, as a careless build does: what it listed and is there, and what was added."""
        record = self.metadata(distribution)
        names = dict.fromkeys([*self.listed(record), *added])
        self[record + "RECORD"] = record_of((name for name in names if name in self), self, record + "RECORD")

    def remove(self, distribution: str) -> None:
        """Uninstalls a distribution."""
        for name in {*self.files(distribution), *self.below(self.metadata(distribution))}:
            self.pop(name, None)

    def install(self, name: str, version: str, files: dict[str, bytes]) -> str:
        """Installs a distribution made of these files, all in order, and returns its dist-info folder."""
        folder = f"{SITE}{name.replace('-', '_')}-{version}.dist-info/"
        self[folder + "METADATA"] = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode()
        self[folder + "WHEEL"] = (
            b"Wheel-Version: 1.0\nGenerator: flit 3.12.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        self[folder + "INSTALLER"] = b"uv"
        before = set(self)
        for path, content in files.items():
            if path.endswith(".py"):
                self.source(SITE + path, content.decode())
            else:
                self[SITE + path] = content
        listed = [*(set(self) - before), *(folder + file for file in ("METADATA", "WHEEL", "INSTALLER"))]
        self[folder + "RECORD"] = record_of(sorted(listed), self, folder + "RECORD")
        return folder


def record_of(names: Iterable[str], members: dict[str, bytes], record: str) -> bytes:
    """A RECORD that lists the members: bytecode and itself without a hash, as installers write them."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for name in (*(name for name in names if name != record), record):
        path = name.removeprefix(SITE)
        if name == record or name.endswith(".pyc"):
            writer.writerow([path, "", ""])
        else:
            digest = base64.urlsafe_b64encode(hashlib.sha256(members[name]).digest()).rstrip(b"=").decode()
            writer.writerow([path, f"sha256={digest}", len(members[name])])
    return text.getvalue().encode()


class Original:
    """A sound package, read once, from which variants are written without packing again what they share with it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._zip = zipfile.ZipFile(path)
        self._raw = path.read_bytes()
        self._infos = {info.filename: info for info in self._zip.infolist()}
        self._members = {name: self._zip.read(name) for name in self._infos}
        self._packed = {id(content): self._infos[name] for name, content in self._members.items()}

    def draft(self) -> Draft:
        """All members, to be changed."""
        return Draft(self._members)

    def write(self, members: dict[str, bytes], path: Path) -> Path:
        """Writes a package of these members, in the order of their names."""
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
            for name in sorted(members):
                if info := self._packed.get(id(members[name])):
                    self._copy(packed, info, name)
                else:
                    packed.writestr(entry(name), members[name], zipfile.ZIP_DEFLATED, 1)
        return path

    def _copy(self, packed: zipfile.ZipFile, info: zipfile.ZipInfo, name: str) -> None:
        """Puts a member as it is packed already at the end of another zip."""
        start = info.header_offset
        names = int.from_bytes(self._raw[start + 26 : start + 28], "little")
        extra = int.from_bytes(self._raw[start + 28 : start + 30], "little")
        start += 30 + names + extra
        assert packed.fp is not None
        copied = copy(info)
        copied.filename = name
        copied.header_offset = packed.fp.tell()
        packed.fp.write(copied.FileHeader() + self._raw[start : start + info.compress_size])
        packed.start_dir = packed.fp.tell()
        packed.filelist.append(copied)
        packed.NameToInfo[copied.filename] = copied


def entry(name: str, mode: int = 0o100644) -> zipfile.ZipInfo:
    """The header of a member as our zips have it."""
    info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    info.create_system = 3
    info.external_attr = mode << 16
    return info
