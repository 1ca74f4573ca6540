"""What kind of document a file is: a plain PDF, a scan, a hybrid, or which XML."""

from collections.abc import Iterator
from pathlib import PurePath

from infrastructure.operations.truth import Expected
from shared.domain.facts import Document, Legibility

PLAIN, SCAN, OTHER = "plain PDF", "scan or image", "other"
FACTUR_X, ZUGFERD_1, OTHER_HYBRID = "hybrid: facturx", "hybrid: zugferd1", "hybrid: other"
CII, UBL, FATTURAPA, INVALID = "cii", "ubl", "fatturapa", "invalid"
ORDER = (PLAIN, SCAN, FACTUR_X, ZUGFERD_1, OTHER_HYBRID, CII, UBL, FATTURAPA, INVALID, OTHER)

_FOLDERS = {
    "facturx": FACTUR_X,
    "zugferd1": ZUGFERD_1,
    "hybrid-other": OTHER_HYBRID,
    "cii": CII,
    "ubl": UBL,
    "fatturapa": FATTURAPA,
    "invalid": INVALID,  # which no content shows
    "image": SCAN,
}
_ROOTS = {
    "CrossIndustryInvoice": CII,
    "CrossIndustryDocument": ZUGFERD_1,
    "Invoice": UBL,
    "CreditNote": UBL,
    "FatturaElettronica": FATTURAPA,
}
_HYBRIDS = {CII: FACTUR_X, ZUGFERD_1: ZUGFERD_1}


def sort_of(expected: Expected, document: Document | None) -> str:
    """The kind by a folder that is called like one, else by what was found in the document."""
    return next(_by_folder(expected.name), None) or _by_content(expected, document)


def _by_folder(name: str) -> Iterator[str]:
    yield from (_FOLDERS[part] for part in reversed(PurePath(name).parts[:-1]) if part in _FOLDERS)


def _by_content(expected: Expected, document: Document | None) -> str:
    is_pdf = expected.path.suffix.lower() == ".pdf"
    if document is not None and document.structured is not None:
        root = _ROOTS.get(document.structured.name, OTHER)
        return _HYBRIDS.get(root, OTHER_HYBRID) if is_pdf else root
    if not expected.has_text or document is None or document.legibility is Legibility.SCAN:
        return SCAN
    return PLAIN if is_pdf else OTHER
