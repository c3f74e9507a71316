"""Makes pages with known words for `ocr.py`: printed, turned, skewed with noise, photographed.

Needs the fonts Liberation and DejaVu, as Debian installs them.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

SIZE = (1654, 2339)
"""A4 at 200 dpi, in pixels."""
MARGIN = 130
FONTS = Path("/usr/share/fonts/truetype")
FACES = [
    "liberation/LiberationSans-Regular.ttf",
    "liberation/LiberationSerif-Regular.ttf",
    "liberation/LiberationMono-Regular.ttf",
    "dejavu/DejaVuSans.ttf",
    "dejavu/DejaVuSerif.ttf",
]
NOUNS = """
    account address agreement amount article balance bearing bracket cable carrier charge client
    concrete contract copper currency customer date delivery deposit discount document dryer
    engine equipment fastener filter flange gasket goods handling hinge insurance invoice item
    jacket ladder lever license liability machine mandate member motor notice number office
    order packing painting panel part payment period person pipe plate premium product profile
    pump quantity receipt record refund rental report reserve sample screw service shipping
    signature steel storage supplier switch table tenant term total transfer unit valve vehicle
    voucher warranty washer weight window wire workshop Ausführung Größe Straße Übergabe façade
    crème señor année
""".split()  # noqa: SIM905
SMALL = """
    the of and to in for with by on at from under after each any this that shall may not
""".split()  # noqa: SIM905

Quad = list[tuple[float, float]]
"""Top left, top right, bottom right, bottom left."""


@dataclass
class Page:
    """An image and its words."""

    image: Image.Image
    words: list[tuple[str, Quad]]


class Printer:
    """Prints words on a white page and remembers where."""

    def __init__(self, choose: random.Random) -> None:
        self.choose = choose
        self.face = choose.choice(FACES)
        self.page = Page(Image.new("RGB", SIZE, "white"), [])
        self.draw = ImageDraw.Draw(self.page.image)

    def line(self, x: float, y: float, text: str, size: int, right: float | None = None) -> float:
        """Prints at the left, or up to the right; returns where the line ends."""
        font = ImageFont.truetype(FONTS / self.face, size)
        if right is not None:
            x = right - font.getlength(text)
        for word in text.split():
            left, top, end, bottom = self.draw.textbbox((x, y), word, font)
            self.draw.text((x, y), word, "black", font)
            self.page.words.append((word, [(left, top), (end, top), (end, bottom), (left, bottom)]))
            x += font.getlength(word + " ")
        return x

    def paragraph(self, x: float, y: float, width: float, size: int, count: int) -> float:
        """Prints sentences of so many words; returns where the next paragraph starts."""
        font = ImageFont.truetype(FONTS / self.face, size)
        line = ""
        for word in sentence(self.choose, count):
            if font.getlength(f"{line} {word}") > width:
                self.line(x, y, line, size)
                line, y = "", y + size * 1.35
            line = f"{line} {word}".strip()
        self.line(x, y, line, size)
        return y + size * 2.2

    def rule(self, x: float, y: float, end: float, bottom: float) -> None:
        self.draw.line((x, y, end, bottom), "black", 2)


def sentence(choose: random.Random, count: int) -> list[str]:
    words = [choose.choice(SMALL if at % 2 else NOUNS) for at in range(count)]
    for at in range(0, count, 9):
        words[at] = words[at].capitalize()
        if at:
            words[at - 1] += "."
    for _ in range(count // 12):
        words[choose.randrange(count)] = amount(choose)
    return words


def amount(choose: random.Random) -> str:
    return choose.choice(
        [f"{choose.uniform(1, 9000):,.2f}", f"€{choose.randint(1, 99)}", date(choose)]
    )


def date(choose: random.Random) -> str:
    year, month, day = choose.randint(1995, 2030), choose.randint(1, 12), choose.randint(1, 28)
    return choose.choice(
        [f"{year}-{month:02}-{day:02}", f"{day:02}.{month:02}.{year}", f"{month}/{day}/{year}"]
    )


def letter(printer: Printer) -> None:
    choose, y = printer.choose, 180.0
    for _ in range(4):
        printer.line(MARGIN, y, " ".join(sentence(choose, 4)), 30)
        y += 42
    printer.line(0, y, f"Date: {date(choose)}", 30, right=SIZE[0] - MARGIN)
    y += 100
    while y < SIZE[1] - 400:
        y = printer.paragraph(MARGIN, y, SIZE[0] - 2 * MARGIN, 32, choose.randint(30, 70))


def invoice(printer: Printer) -> None:
    choose, y = printer.choose, 150.0
    printer.line(MARGIN, y, "INVOICE", 64)
    printer.line(0, y, f"No. {choose.randint(10**5, 10**7)}", 34, right=SIZE[0] - MARGIN)
    printer.line(0, y + 50, f"Due {date(choose)}", 28, right=SIZE[0] - MARGIN)
    columns = [MARGIN, 230, 980, 1150, 1340, SIZE[0] - MARGIN]
    top = y = 420.0
    for row in range(choose.randint(16, 26)):
        cells = [
            str(row + 1),
            " ".join(sentence(choose, choose.randint(2, 5))),
            str(choose.randint(1, 9)),
        ]
        cells += [f"{choose.uniform(1, 900):.2f}", f"{choose.uniform(1, 9000):,.2f}"]
        printer.line(columns[0] + 12, y + 14, cells[0], 26)
        printer.line(columns[1] + 12, y + 14, cells[1], 26)
        for cell, end in zip(cells[2:], columns[3:], strict=True):
            printer.line(0, y + 14, cell, 26, right=end - 12)
        y += 58
        printer.rule(MARGIN, y, columns[-1], y)
    for column in columns:
        printer.rule(column, top, column, y)
    printer.line(
        0, y + 40, f"Total {choose.uniform(100, 90000):,.2f} EUR", 36, right=columns[-1] - 12
    )


def columns(printer: Printer) -> None:
    width = (SIZE[0] - 2 * MARGIN - 60) / 2
    printer.line(MARGIN, 120, " ".join(sentence(printer.choose, 5)), 48)
    for x in (MARGIN, MARGIN + width + 60):
        y = 260.0
        while y < SIZE[1] - 450:
            y = printer.paragraph(x, y, width, 25, printer.choose.randint(40, 90))


def form(printer: Printer) -> None:
    choose, y = printer.choose, 160.0
    printer.line(MARGIN, y, "APPLICATION FORM " + str(choose.randint(10, 99)), 44)
    for _ in range(14):
        y += 125
        for x in (MARGIN, 860):
            printer.draw.rectangle((x, y, x + 660, y + 100), outline="black", width=2)
            printer.line(x + 10, y + 8, " ".join(sentence(choose, 2)) + ":", 20)
            value = choose.choice(
                [date(choose), amount(choose), " ".join(sentence(choose, 2)), "X", "7"]
            )
            printer.line(x + 20, y + 48, value, 34)


def small_print(printer: Printer) -> None:
    y = 120.0
    while y < SIZE[1] - 300:
        y = printer.paragraph(MARGIN, y, SIZE[0] - 2 * MARGIN, 19, printer.choose.randint(60, 140))


def transformed(page: Page, matrix: np.ndarray, size: tuple[int, int]) -> Page:
    """Maps the page's points by a 3x3 matrix."""
    back = np.linalg.inv(matrix)
    back /= back[2, 2]
    kind = Image.Transform.PERSPECTIVE
    image = page.image.transform(
        size, kind, tuple(back.flatten()[:8]), Image.Resampling.BICUBIC, fillcolor="#c8c4bc"
    )

    def moved(x: float, y: float) -> tuple[float, float]:
        a, b, c = matrix @ (x, y, 1)
        return float(a / c), float(b / c)

    return Page(image, [(word, [moved(*point) for point in quad]) for word, quad in page.words])


def rotated(page: Page, degrees: float) -> Page:
    """Turns clockwise around the middle and keeps everything visible."""
    turn = np.deg2rad(degrees)
    cos, sin = np.cos(turn), np.sin(turn)
    width, height = page.image.size
    size = (
        round(abs(width * cos) + abs(height * sin)),
        round(abs(width * sin) + abs(height * cos)),
    )
    middle = np.array([[1, 0, -width / 2], [0, 1, -height / 2], [0, 0, 1]])
    matrix = np.array([[cos, -sin, size[0] / 2], [sin, cos, size[1] / 2], [0, 0, 1]]) @ middle
    return transformed(page, matrix, size)


def noised(page: Page, choose: random.Random) -> Page:
    """A bad scan: gray, blurred, with noise and specks."""
    values = np.asarray(page.image.filter(ImageFilter.GaussianBlur(1.0)), dtype=np.float32)
    noise = np.random.default_rng(choose.randrange(2**31))
    values = 60 + values * (150 / 255) + noise.normal(0, 18, values.shape[:2])[..., None]
    specks = noise.random(values.shape[:2]) < 0.002
    values[specks] = 40
    return Page(Image.fromarray(values.clip(0, 255).astype(np.uint8)), page.words)


def photographed(page: Page, choose: random.Random) -> Page:
    """A photograph: perspective, uneven light with a shadow, blur, show-through of another page."""
    width, height = page.image.size
    values = np.asarray(page.image, dtype=np.float32)
    behind = np.asarray(
        page.image.transpose(Image.Transpose.FLIP_LEFT_RIGHT).filter(ImageFilter.GaussianBlur(3)),
        dtype=np.float32,
    )
    values = np.minimum(values, 215 + behind * (40 / 255))
    down, right = np.mgrid[0:height, 0:width].astype(np.float32)
    light = 1.0 - 0.45 * (right / width * choose.random() + down / height * choose.random())
    edge = width * choose.uniform(0.3, 0.7) + down * choose.uniform(-0.3, 0.3)
    light *= 1 - 0.4 / (1 + np.exp(-np.clip((right - edge) / 25, -50, 50)))
    image = Image.fromarray((values * light[..., None]).clip(0, 255).astype(np.uint8))
    image = image.filter(ImageFilter.GaussianBlur(1.2))
    bend = np.array(
        [
            [1, choose.uniform(-0.06, 0.06), 90],
            [choose.uniform(-0.05, 0.05), 1, 90],
            [choose.uniform(0, 6e-5), choose.uniform(0, 5e-5), 1],
        ]
    )
    return transformed(Page(image, page.words), bend, (width + 200, height + 200))


def clean(page: Page, _: random.Random) -> Page:
    return page


def turned(page: Page, choose: random.Random) -> Page:
    return rotated(page, choose.choice([90, 180, 270]) + choose.uniform(-3, 3))


def skewed(page: Page, choose: random.Random) -> Page:
    return noised(rotated(page, choose.choice([-1, 1]) * choose.uniform(1, 6)), choose)


LAYOUTS: list[Callable[[Printer], None]] = [letter, invoice, columns, form, small_print]
CAPTURES: list[Callable[[Page, random.Random], Page]] = [clean, turned, skewed, photographed]


def write(folder: Path, seed: int) -> None:
    """Writes each page as an image, with its words beside it."""
    for name, page in pages(seed):
        save(folder / name, page)


def save(path: Path, page: Page) -> None:
    """Writes the image, and the words beside it."""
    page.image.save(path.with_name(f"{path.name}.jpg"), quality=85)
    lines = (
        ",".join([*(f"{number:.1f}" for corner in corners for number in corner), word])
        for word, corners in page.words
    )
    path.with_name(f"{path.name}.csv").write_text("\n".join(lines), encoding="utf-8")


def pages(seed: int) -> list[tuple[str, Page]]:
    """Each layout in each capture."""
    made: list[tuple[str, Page]] = []
    for layout in LAYOUTS:
        for capture in CAPTURES:
            name = f"{layout.__name__}-{capture.__name__}"
            choose = random.Random(f"{seed} {name}")
            printer = Printer(choose)
            layout(printer)
            made.append((name, capture(printer.page, choose)))
    return made
