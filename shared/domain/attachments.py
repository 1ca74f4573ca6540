"""Attachments that no invoice needs and a fraud does."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain

from shared.domain.mail import Attachment, AttachmentKind


class Danger(StrEnum):
    """What an attachment may do to whoever opens it."""

    PROGRAM = "program"
    MACRO = "macro"
    HTML = "html"
    LOCKED = "locked"  # nobody can look into it without a password
    DISGUISED = "disguised"  # its name hides its type

    @property
    def words(self) -> str:
        """What it is, for a person."""
        return _WORDS[self]


_WORDS = {
    Danger.PROGRAM: "a program",
    Danger.MACRO: "an Office file with macros",
    Danger.HTML: "an HTML page",
    Danger.LOCKED: "an archive or document under a password",
    Danger.DISGUISED: "a file whose name hides its type",
}


# https://support.microsoft.com/office/blocked-attachments-in-outlook-434752e1-02d3-4e90-9124-8b81e49a8519, and disk
# images and notebooks that carry such files past it.
_PROGRAMS = frozenset(
    re.findall(
        r"[\w-]+",
        """
        ade adp apk app appcontent-ms appinstaller appref-ms application appx asp bas bat bgi cab cer chm cmd cnt com
        cpl crt csh der diagcab dll dmg exe fxp gadget grp hlp hpj hta img inf ins iqy iso isp its jar jnlp js jse ksh
        library-ms lnk mad maf mag mam maq mar mas mat mau mav maw mcf mda mdb mde mdt mdw mdz msc msh msh1 msh2 mshxml
        msi msix msp mst msu one onepkg ops osd pcd pif pl plg prf prg printerexport ps1 ps1xml ps2 ps2xml psc1 psc2
        psd1 psdm1 pst py pyc pyo pyw pyz pyzw rdp reg scf scr sct search-ms settingcontent-ms sh shb shs slk sys theme
        tmp url vb vbe vbp vbs vhd vhdx vsmacros vsw webpnp website wim ws wsb wsc wsf wsh xbap xll xnk
        """,
    )
)
_MACROS = frozenset(
    {"docm", "dotm", "xla", "xlm", "xlsm", "xltm", "xlam", "xlsb", "pptm", "potm", "ppsm", "ppam", "sldm"}
)
_HTML = frozenset({"htm", "html", "shtml", "xhtml", "xht", "mht", "mhtml", "svg", "svgz", "htc"})
# fmt: off
_SEALED = frozenset(  # we cannot look into these
    {
        "001", "7z", "ace", "arj", "bz2", "cpio", "gz", "lha", "lzh", "r00", "r01", "rar", "tar", "tgz", "uue", "xz",
        "z", "zipx", "zst",
    }
)
# fmt: on
_OFFICE = frozenset({"doc", "dot", "docx", "dotx", "xls", "xlt", "xlsx", "xltx", "ppt", "pptx", "rtf"})
_ARCHIVE_TYPES = frozenset({"application/zip", "application/x-zip-compressed"})
_PLAIN = frozenset({"asc", "eml", "ics", "msg", "p7m", "p7s", "txt", "vcf"})  # opened by what shows text and mails
_PICTURES = frozenset({"bmp", "emf", "gif", "heic", "ico", "jfif", "jpeg", "jpg", "png", "tif", "tiff", "webp", "wmf"})
_SHOWN = 80  # characters of a name, for a person
_BIDIRECTIONAL = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")  # they show "exe.fdp" as "pdf.exe" reversed


@dataclass(frozen=True, slots=True)
class Harmful:
    """A file, by the sender's name for it, and what is dangerous about it."""

    name: str
    danger: Danger

    def __str__(self) -> str:
        return f"{self.name[:_SHOWN]} is {self.danger.words}"


def danger_by_name(name: str, content_type: str = "") -> Danger | None:
    """What a file is dangerous for by its name or declared type, None where both are harmless."""
    if _BIDIRECTIONAL.search(name):
        return Danger.DISGUISED
    extension = name.rstrip(". \u00a0").rpartition(".")[2].strip().lower()
    declared = content_type.partition(";")[0].strip().lower()
    if extension in _PROGRAMS:
        return Danger.PROGRAM
    if extension in _MACROS:
        return Danger.MACRO
    if extension in _HTML or declared in {"text/html", "application/xhtml+xml", "image/svg+xml"}:
        return Danger.HTML
    return Danger.LOCKED if extension in _SEALED else None


def needs_a_look(attachment: Attachment) -> bool:
    """Whether only its bytes can tell: an archive, an Office file, or what neither name nor type makes harmless."""
    declared = attachment.content_type.partition(";")[0].strip().lower()
    extension = attachment.extension
    if attachment.kind is not AttachmentKind.FILE or danger_by_name(attachment.name, attachment.content_type):
        return False
    if extension == "zip" or extension in _OFFICE or declared in _ARCHIVE_TYPES:
        return True
    is_within_text = attachment.is_inline and not extension and declared.startswith("image/")
    is_picture = extension in _PICTURES or is_within_text  # a program of that name is shown, and not run
    return not (is_picture or attachment.is_document or extension in _PLAIN)


def harmful_by_name(attachments: Sequence[Attachment], carried: Iterable[str]) -> tuple[Harmful, ...]:
    """What is dangerous as names and types tell, pictures within the text left out; documents carry files as well."""
    files = (
        (a.name, a.content_type)
        for a in attachments
        if a.kind is AttachmentKind.FILE and not (a.is_inline and a.content_type.lower().startswith("image/"))
    )
    names = chain(files, ((name, "") for name in carried))
    found = ((name, danger_by_name(name, content_type)) for name, content_type in names)
    return tuple(Harmful(name, danger) for name, danger in found if danger)
