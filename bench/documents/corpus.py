"""Generates the benchmark's documents: reports, papers in two columns, invoices, letters."""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import Any

import docx
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4, LETTER
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import (
    BaseDocTemplate,
    Flowable,
    Frame,
    PageTemplate,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
    Table,
)

_STYLES: Any = getSampleStyleSheet()
_WORDS = re.findall(
    r"\w+",
    """
    account agreement amount annual approval balance between budget client committee contract
    customer delivery department during estimate evidence following however invoice larger
    legal limited management material measure method million notice number office operation
    order payment percent period policy previous product project quality quarter reason report
    result review schedule section service several statement supplier system technical
    therefore total under value which within without the of and to in for on by with from
    """,
)


def make(folder: Path, seed: int = 4) -> None:
    """Fills the folder; a seed always gives the same files."""
    chance = random.Random(seed)
    for number in range(8):
        _report(folder / f"report-{number}.pdf", chance, parts=12)
        _paper(folder / f"paper-{number}.pdf", chance, parts=10)
        _invoices(folder / f"invoices-{number}.pdf", chance, pages=10)
    for number in range(20):
        _letter(folder / f"letter-{number}.docx", chance)


def _sentence(chance: random.Random) -> str:
    words = chance.choices(_WORDS, k=chance.randint(8, 22))
    if chance.random() < 0.3:
        words.insert(chance.randrange(len(words)), f"{chance.randrange(10**6):,}")
    return f"{' '.join(words).capitalize()}."


def _paragraph(chance: random.Random) -> str:
    return " ".join(_sentence(chance) for _ in range(chance.randint(3, 8)))


def _table(chance: random.Random, rows: int) -> Flowable:
    head = ["Item", "Quantity", "Unit", "Price", "Total"]
    body = [
        [
            " ".join(chance.choices(_WORDS, k=2)),
            str(chance.randint(1, 99)),
            chance.choice(["kg", "h", "pcs"]),
            f"{chance.uniform(1, 900):.2f}",
            f"{chance.uniform(1, 90_000):,.2f}",
        ]
        for _ in range(rows)
    ]
    lines = [("GRID", (0, 0), (-1, -1), 0.5, colors.grey), ("ALIGN", (1, 0), (-1, -1), "RIGHT")]
    return Table([head, *body], style=lines, colWidths=[150, 60, 40, 70, 80])


def _report(path: Path, chance: random.Random, parts: int) -> None:
    story: list[Flowable] = []
    for number in range(1, parts + 1):
        title = " ".join(chance.choices(_WORDS, k=4)).capitalize()
        story.append(Paragraph(f"{number} {title}", _STYLES["Heading1"]))
        story += [Paragraph(_paragraph(chance), _STYLES["BodyText"]) for _ in range(6)]
        story += [Spacer(0, 12), _table(chance, 8), Spacer(0, 12)]
    SimpleDocTemplate(str(path), pagesize=A4, invariant=1).build(story)


def _paper(path: Path, chance: random.Random, parts: int) -> None:
    width, height = LETTER
    frames = [
        Frame(left, 54, width / 2 - 66, height - 108, id=str(left)) for left in (54, width / 2 + 12)
    ]
    document = BaseDocTemplate(str(path), pagesize=LETTER, invariant=1)
    document.addPageTemplates([PageTemplate(id="two", frames=frames)])
    story: list[Flowable] = []
    for _ in range(parts):
        title = " ".join(chance.choices(_WORDS, k=3)).capitalize()
        story.append(Paragraph(title, _STYLES["Heading2"]))
        story += [Paragraph(_paragraph(chance), _STYLES["BodyText"]) for _ in range(7)]
    document.build(story)


def _invoices(path: Path, chance: random.Random, pages: int) -> None:
    from reportlab.pdfgen.canvas import Canvas

    canvas = Canvas(str(path), pagesize=A4, invariant=1)
    for number in range(pages):
        canvas.setFont("Helvetica-Bold", 16)
        canvas.drawString(50, 780, f"Invoice {chance.randrange(10**6)}-{number}")
        canvas.setFont("Helvetica", 10)
        for line in range(30):
            price = f"{chance.uniform(1, 900):.2f}"
            canvas.drawString(50, 720 - 16 * line, " ".join(chance.choices(_WORDS, k=3)))
            canvas.drawRightString(400, 720 - 16 * line, str(chance.randint(1, 20)))
            canvas.drawRightString(500, 720 - 16 * line, price)
        canvas.showPage()
    canvas.save()


def _letter(path: Path, chance: random.Random) -> None:
    document = docx.Document()
    document.add_heading("Annual report", 1)
    for number in range(6):
        document.add_heading(f"Part {number}", 2)
        for _ in range(5):
            document.add_paragraph(_paragraph(chance))
        document.add_paragraph(_sentence(chance), style="List Bullet")
        table = document.add_table(rows=6, cols=4)
        for row in table.rows:
            for cell in row.cells:
                cell.text = chance.choice(_WORDS)
    document.save(str(path))
