"""Real PDF files, the same bytes every time."""

import re
from collections.abc import Sequence
from io import BytesIO

from PIL import Image
from pypdf import PdfWriter
from pypdf.generic import ArrayObject, DecodedStreamObject, NameObject
from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from infrastructure.local.samples.einvoices import make_cii_xml
from infrastructure.local.samples.invoice import LANGUAGES, Invoice, amount

_COLUMNS = (60, 320, 400, 530)
_LEADING = 18
_FACTUR_X = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:fx="urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#"
 fx:DocumentType="INVOICE" fx:DocumentFileName="factur-x.xml" fx:Version="1.0" fx:ConformanceLevel="BASIC WL"/>
</rdf:RDF></x:xmpmeta><?xpacket end="w"?>"""


def make_invoice_pdf(invoice: Invoice | None = None, *, heading: str = "") -> bytes:
    """A one-page invoice with a text layer, in the invoice's language, or what another heading says that it is."""
    return _drawn(_rows(invoice or Invoice(), heading))


def _rows(invoice: Invoice, heading: str) -> list[tuple[str, ...]]:
    words = LANGUAGES[invoice.language]
    number = [(words.number, invoice.number)] if invoice.number else []
    money = [f"{amount(value, words)} {invoice.currency}" for value in (invoice.net, invoice.tax, invoice.total)]
    due = [(words.due, invoice.due.strftime(words.day))] if invoice.due else []
    return [
        (invoice.vendor, "", heading or (words.credit if invoice.is_credit else words.invoice)),
        (f"{words.vat_id} {invoice.vat_id}",) if invoice.vat_id else ("",),
        (invoice.customer,),
        ("",),
        *number,
        (words.issued, invoice.issued.strftime(words.day)),
        *due,
        ("",),
        words.columns,
        *((x.text, str(x.quantity), amount(x.price, words), amount(x.amount, words)) for x in invoice.lines),
        ("",),
        *((label, "", "", value) for label, value in zip((words.net, words.tax, words.total), money, strict=True)),
        ("",),
        (f"IBAN: {invoice.iban}",),
    ]


def _drawn(rows: Sequence[tuple[str, ...]]) -> bytes:
    buffer = BytesIO()
    canvas = Canvas(buffer, pagesize=A4, invariant=1)
    canvas.setFont("Helvetica", 10)
    for number, row in enumerate(rows):
        for x, text in zip(_COLUMNS, row, strict=False):
            draw = canvas.drawRightString if x == _COLUMNS[-1] else canvas.drawString
            draw(x, A4[1] - 60 - _LEADING * number, text)
    canvas.save()
    return buffer.getvalue()


def make_factur_x_pdf(invoice: Invoice | None = None, *, stated: Invoice | None = None) -> bytes:
    """An invoice that carries itself, or what else is `stated`, as CII.

    Factur-X 1.0: embedded file factur-x.xml, relationship Alternative.
    """
    invoice = invoice or Invoice()
    writer = PdfWriter(clone_from=BytesIO(make_invoice_pdf(invoice)))
    embedded = writer.add_attachment("factur-x.xml", make_cii_xml(stated or invoice))
    embedded.subtype = NameObject("/text/xml")
    embedded.associated_file_relationship = NameObject("/Alternative")
    metadata = DecodedStreamObject()
    metadata.set_data(_FACTUR_X.encode())
    metadata.update({NameObject("/Type"): NameObject("/Metadata"), NameObject("/Subtype"): NameObject("/XML")})
    root = writer.root_object
    root[NameObject("/Metadata")] = writer._add_object(metadata)  # noqa: SLF001  pypdf has no public way to add one
    root[NameObject("/AF")] = ArrayObject([embedded.pdf_object.indirect_reference])
    return _written(writer)


def make_scan_pdf() -> bytes:
    """A page that is only an image."""
    image = Image.new("L", (620, 877), 245)
    image.paste(90, (60, 60, 400, 90))
    image.paste(120, (60, 200, 520, 210))
    buffer = BytesIO()
    canvas = Canvas(buffer, pagesize=A4, invariant=1)
    canvas.drawImage(ImageReader(image), 0, 0, *A4)
    canvas.save()
    return buffer.getvalue()


def make_large_pdf(size: int, invoice: Invoice | None = None) -> bytes:
    """A valid invoice of exactly `size` bytes; the padding is an embedded file."""
    plain = make_invoice_pdf(invoice)
    padding = size - len(plain)
    for _ in range(3):  # the length and the offsets in the file change their own length
        writer = PdfWriter(clone_from=BytesIO(plain))
        writer.add_attachment("raw-data.bin", bytes(padding))
        data = _written(writer)
        padding += size - len(data)
        if len(data) == size:
            return data
    raise ValueError(f"no PDF of exactly {size} bytes")


def make_encrypted_pdf(password: str, invoice: Invoice | None = None) -> bytes:
    """An invoice that opens with `password`; an empty one only restricts its use."""
    writer = PdfWriter(clone_from=BytesIO(make_invoice_pdf(invoice)))
    writer.encrypt(user_password=password, owner_password="sample-owner", algorithm="RC4-128")  # noqa: S106  made up
    # The second identifier is random, and enters nothing; the first does.
    return re.sub(rb"/ID \[ (<\w+>) <\w+> \]", rb"/ID [ \1 \1 ]", _written(writer))


def _written(writer: PdfWriter) -> bytes:
    buffer = BytesIO()
    writer.write(buffer)
    return buffer.getvalue()
