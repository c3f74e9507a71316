# /// script
# requires-python = ">=3.10"
# dependencies = ["pillow>=11", "python-docx>=1.1", "reportlab>=4.2"]
# ///
"""Writes the sample contract, the sample invoice and the sample scan next to this script.

All companies, people and figures are invented. Two runs with the same versions of the libraries
write the same bytes.
"""

from __future__ import annotations

import random
import zipfile
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path

from docx import Document
from docx.document import Document as DocxDocument
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.shared import Cm
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

FOLDER = Path(__file__).parent
WRITTEN_AT = datetime(2026, 1, 5, 9, 0, tzinfo=timezone.utc)

CLIENT = "Northgate Harbour Logistics Ltd"
CONSULTANT = "Alder & Finch Consulting LLP"

PARTIES = [
    f"{CLIENT}, a company registered in England and Wales under number 08841277, "
    "whose registered office is at 14 Quayside Road, Bristol BS1 6XN (the “Client”); and",
    f"{CONSULTANT}, a limited liability partnership registered under number OC419356, "
    "whose office is at 3 Mill Lane, Bath BA2 4QR (the “Consultant”).",
]

# Each block is a paragraph; clauses and their paragraphs are numbered when they are written.
CLAUSES = """\
# Appointment and term

The Client appoints the Consultant to provide the Services described in clause 2, and the
Consultant accepts that appointment on the terms of this Agreement.

This Agreement takes effect on 2 February 2026 (the “Effective Date”) and continues until 31
October 2026, unless it is ended earlier under clause 7.

The parties may extend the term once, by up to three months, by an agreement in writing signed
before 30 September 2026.

# Services

The Consultant will review the Client's warehouse operations at Avonmouth and Sharpness, recommend
a new slotting and picking method, and support its introduction.

The deliverables, their dates and the fee for each are set out in the Schedule.

The Services will be led by Ms Imogen Farrow. She may be replaced only with the Client's prior
consent, which will not be unreasonably withheld.

# Fees and payment

The total fee for the Services is £48,600, exclusive of VAT, payable in four instalments as set out
in the Schedule.

The Consultant will issue an invoice on acceptance of each deliverable. The Client will pay each
undisputed invoice within 30 days of its date by bank transfer.

Interest on late payments accrues daily at 4% a year above the base rate of the Bank of England.

Travel expenses are reimbursed at cost against receipts, up to £2,500 in total. Work outside the
scope of clause 2 is charged at £875 a day and needs the Client's written order.

# Duties of the parties

The Consultant will perform the Services with reasonable skill and care, and will keep to the
Client's site safety rules, a copy of which has been provided.

The Client will give access to its sites, staff and order data in good time. Where a delay of the
Client makes a date in the Schedule unreachable, that date moves by the length of the delay.

The Consultant is an independent contractor. Nothing in this Agreement makes its staff employees or
agents of the Client.

# Confidentiality and data protection

Each party will keep the other's confidential information secret and use it only for the purposes
of this Agreement. This duty lasts for five years after the Agreement ends.

It does not apply to information that is public, was already known, or must be disclosed by law.

Order data is provided without the names of customers. If personal data is nevertheless received,
the Consultant will tell the Client within 48 hours and delete it.

# Intellectual property and liability

On payment of the fee for a deliverable, the Client owns all rights in that deliverable. The
Consultant keeps its general methods and tools, and grants the Client a perpetual licence to use
them as part of the deliverables.

Neither party limits its liability for fraud, or for death or personal injury caused by negligence.
Otherwise each party's total liability under this Agreement is limited to £150,000.

The Consultant will hold professional indemnity insurance of at least £1,000,000 during the term
and for two years afterwards.

# Termination

Either party may end this Agreement by giving the other 45 days' notice in writing.

Either party may end it at once if the other commits a material breach that is not put right within
14 days of a notice describing it, or becomes insolvent.

On termination the Client will pay for the deliverables accepted by then, and for work in progress
in proportion to its completion.

# Notices

Notices are given in writing by post to the addresses above, or by e-mail to
contracts@northgate-harbour.example and office@alderfinch.example.

# Governing law and disputes

This Agreement is governed by the laws of England and Wales.

The parties will first try to settle a dispute by mediation in Bristol. If it is not settled within
60 days, the courts of England and Wales have exclusive jurisdiction.
"""

SCHEDULE = [
    ("No.", "Deliverable", "Due date", "Fee (excl. VAT)"),
    ("D1", "Survey of current operations, both sites", "13 March 2026", "£9,800"),
    ("D2", "Slotting model and recommendations", "8 May 2026", "£16,400"),
    ("D3", "Pilot at Avonmouth, with training", "31 July 2026", "£14,200"),
    ("D4", "Final report and handover", "16 October 2026", "£8,200"),
    ("", "Total", "", "£48,600"),
]

SIGNATORIES = [
    (CLIENT, "Douglas Whitcombe, Operations Director", "26 January 2026"),
    (CONSULTANT, "Imogen Farrow, Partner", "27 January 2026"),
]


def write_contract(path: Path) -> None:
    document = Document()
    section = document.sections[0]
    section.page_width, section.page_height = Cm(21.0), Cm(29.7)
    section.left_margin = section.right_margin = Cm(2.5)
    properties = document.core_properties
    properties.title, properties.author = "Consultancy Agreement", CONSULTANT
    properties.created = properties.modified = WRITTEN_AT

    document.add_heading("Consultancy Agreement", level=0)
    document.add_paragraph("Reference: AF-2026-017")
    document.add_heading("Parties", level=1)
    document.add_paragraph("This Agreement is made between:")
    for letter, party in zip("AB", PARTIES, strict=True):
        document.add_paragraph(f"({letter}) {party}")
    add_clauses(document)
    add_schedule(document)
    add_signatures(document)
    document.save(str(path))
    fix_zip_times(path)


def add_clauses(document: DocxDocument) -> None:
    clause = paragraph = 0
    for block in CLAUSES.split("\n\n"):
        text = " ".join(block.split()).replace("'", "\u2019")
        if text.startswith("# "):
            clause, paragraph = clause + 1, 0
            document.add_heading(f"{clause}. {text[2:]}", level=1)
        else:
            paragraph += 1
            document.add_paragraph(f"{clause}.{paragraph} {text}")


def add_schedule(document: DocxDocument) -> None:
    document.add_heading("Schedule: deliverables and fees", level=1)
    table = document.add_table(rows=0, cols=4, style="Table Grid")
    table.alignment, table.autofit = WD_TABLE_ALIGNMENT.CENTER, False
    last = len(SCHEDULE) - 1
    for index, record in enumerate(SCHEDULE):
        for cell, text in zip(table.add_row().cells, record, strict=True):
            run = cell.paragraphs[0].add_run(text)
            run.bold = index in (0, last)
        cells = table.rows[index].cells
        cells[3].paragraphs[0].alignment = WD_ALIGN_PARAGRAPH.RIGHT
    for column, width in zip(table.columns, (1.4, 7.6, 3.6, 3.4), strict=True):
        column.width = Cm(width)


def add_signatures(document: DocxDocument) -> None:
    document.add_heading("Signatures", level=1)
    for company, signatory, date in SIGNATORIES:
        document.add_paragraph(f"Signed for and on behalf of {company}")
        document.add_paragraph(f"Name: {signatory}\nDate: {date}")


def fix_zip_times(path: Path) -> None:
    """python-docx stamps each part with the present time; a fixed one repeats the bytes."""
    with zipfile.ZipFile(path) as archive:
        parts = [(info.filename, archive.read(info)) for info in archive.infolist()]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts:
            info = zipfile.ZipInfo(name, WRITTEN_AT.timetuple()[:6])
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)


SELLER = [
    "Hollybrook Print & Bindery Ltd",
    "Unit 7, Foundry Court",
    "Leeds LS9 8AG",
    "VAT no. GB 274 1183 06",
]
BILL_TO = [
    "Bill to:",
    "Castle Street Books",
    "22 Castle Street",
    "York YO1 9RN",
    "Att. Ms Rosalind Keane",
]
INVOICE_FACTS = [
    ("Invoice number", "HPB-20417"),
    ("Invoice date", "9 April 2026"),
    ("Due date", "9 May 2026"),
    ("Purchase order", "CSB-1186"),
    ("Terms", "30 days net"),
]
LINE_ITEMS = [
    ("PB-120", "Paperback, 120 pages, black and white", 350, Decimal("2.84")),
    ("HC-064", "Hardcover, 64 pages, full colour", 80, Decimal("11.65")),
    ("BM-STD", "Bookmark, laminated", 1000, Decimal("0.09")),
    ("SETUP", "Plate setup and proofs", 1, Decimal("145.00")),
    ("DELIV", "Delivery on two pallets", 2, Decimal("38.50")),
]
VAT_RATE = Decimal("0.20")


def pounds(amount: Decimal) -> str:
    return f"£{amount:,.2f}"


def write_invoice(path: Path) -> None:
    body = ParagraphStyle("body", fontName="Helvetica", fontSize=9.5, leading=13)
    title = ParagraphStyle("title", fontName="Helvetica-Bold", fontSize=22, leading=28)
    facts = Table(
        [[f"{name}:", value] for name, value in INVOICE_FACTS], colWidths=[34 * mm, 40 * mm]
    )
    facts.setStyle(
        TableStyle([("FONTSIZE", (0, 0), (-1, -1), 9.5), ("ALIGN", (1, 0), (1, -1), "RIGHT")])
    )
    addresses = Table(
        [[Paragraph("<br/>".join(BILL_TO), body), facts]],
        colWidths=[96 * mm, 74 * mm],
        hAlign="LEFT",
    )
    addresses.setStyle(
        TableStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (0, 0), 0)])
    )
    document = SimpleDocTemplate(
        str(path),
        pagesize=A4,
        title="Invoice HPB-20417",
        author=SELLER[0],
        invariant=1,
        leftMargin=20 * mm,
        rightMargin=20 * mm,
        topMargin=18 * mm,
    )
    document.build(
        [
            Paragraph("INVOICE", title),
            Paragraph("<br/>".join(text.replace("&", "&amp;") for text in SELLER), body),
            Spacer(1, 10 * mm),
            addresses,
            Spacer(1, 10 * mm),
            line_item_table(),
            Spacer(1, 12 * mm),
            Paragraph(
                "Please pay by bank transfer to Hollybrook Print &amp; Bindery Ltd, "
                "sort code 00-00-00, account 00000000, quoting the invoice number.",
                body,
            ),
            Paragraph("Questions about this invoice: accounts@hollybrook-print.example", body),
        ]
    )


def line_item_table() -> Table:
    rows: list[list[str]] = [["Code", "Description", "Qty", "Unit price", "Amount"]]
    rows += [
        [code, text, f"{quantity:,}", pounds(price), pounds(quantity * price)]
        for code, text, quantity, price in LINE_ITEMS
    ]
    subtotal = sum((quantity * price for _, _, quantity, price in LINE_ITEMS), Decimal(0))
    vat = (subtotal * VAT_RATE).quantize(Decimal("0.01"))
    rows += [
        ["", "", "", "Subtotal", pounds(subtotal)],
        ["", "", "", "VAT 20%", pounds(vat)],
        ["", "", "", "Total due", pounds(subtotal + vat)],
    ]
    table = Table(
        rows, colWidths=[22 * mm, 76 * mm, 18 * mm, 27 * mm, 27 * mm], repeatRows=1, hAlign="LEFT"
    )
    table.setStyle(
        TableStyle(
            [
                ("FONTSIZE", (0, 0), (-1, -1), 9.5),
                ("FONTNAME", (0, 0), (-1, 0), "Helvetica-Bold"),
                ("BACKGROUND", (0, 0), (-1, 0), colors.HexColor("#e6eaf0")),
                ("ALIGN", (2, 0), (-1, -1), "RIGHT"),
                ("LINEBELOW", (0, 0), (-1, len(LINE_ITEMS)), 0.4, colors.grey),
                ("FONTNAME", (3, -1), (-1, -1), "Helvetica-Bold"),
                ("LINEABOVE", (3, -1), (-1, -1), 0.8, colors.black),
            ]
        )
    )
    return table


RECEIPT = [
    (40, "", "Tarn Street Hardware", ""),
    (24, "", "8 Tarn Street, Kendal LA9 4QD", ""),
    (24, "", "VAT no. GB 318 5520 41", ""),
    (24, "Receipt no. 004417", "", "21 March 2026"),
    (28, "Cordless drill 18 V", "", "89.95"),
    (28, "Wood screws 4 x 40, 200", "", "7.20"),
    (28, "Masonry bits, set of 5", "", "12.45"),
    (28, "Dust sheet", "", "3.99"),
    (34, "Total GBP", "", "113.59"),
    (24, "Paid by card", "", "**** 2209"),
    (24, "", "Returns within 28 days with this receipt", ""),
]


def write_scan(path: Path) -> None:
    """A receipt as a scanner sees it: grey, a little skewed, blurred and noisy, without text."""
    width, height = 1_240, 1_000
    page = Image.new("L", (width, height), 244)
    draw = ImageDraw.Draw(page)
    y = 90
    for size, left, middle, right in RECEIPT:
        font = ImageFont.load_default(size)
        draw.text((180, y), left, 40, font)
        draw.text((width / 2, y), middle, 40, font, anchor="ma")
        draw.text((width - 180, y), right, 40, font, anchor="ra")
        y += 2 * size + 12
    page = page.rotate(1.1, Image.Resampling.BICUBIC, fillcolor=244)
    page = page.filter(ImageFilter.GaussianBlur(0.8))
    noise = Image.frombytes("L", page.size, random.Random(7).randbytes(width * height))
    page = Image.blend(page, noise, 0.12)
    times = WRITTEN_AT.timetuple()
    page.save(path, resolution=150, quality=60, creationDate=times, modDate=times)


if __name__ == "__main__":
    write_contract(FOLDER / "free-consultancy-agreement.docx")
    write_invoice(FOLDER / "S0305SampleInvoice.pdf")
    write_scan(FOLDER / "receipt-scan.pdf")
