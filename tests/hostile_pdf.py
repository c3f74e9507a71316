"""Hostile PDFs."""

from __future__ import annotations

import base64
import random
import zlib
from collections.abc import Callable, Iterator

import samples
from bombs import bomb
from samples import pdf, pdf_of, stream

Made = tuple[str, Callable[[], bytes]]


def files(depth: int, unpacked: int) -> Iterator[Made]:
    """The files by name, made on demand."""
    yield from ((f"{name}.pdf", make) for name, make in _nested(depth))
    yield from ((f"{name}.pdf", make) for name, make in _circular(depth))
    yield from ((f"{name}.pdf", make) for name, make in _large(unpacked))
    yield from ((f"{name}.pdf", make) for name, make in _many(depth))
    yield from ((f"page-{n}.pdf", make) for n, make in enumerate(_pages()))


def _nested(depth: int) -> Iterator[Made]:
    def catalogue(entry: bytes) -> bytes:
        return pdf_of([b"<< /Type /Catalog /Pages 2 0 R /X %s >>" % entry, *_tree("3 0 R"), _PAGE])

    text = samples.page_of(["text"])
    yield "arrays", lambda: catalogue(b"[" * depth + b"]" * depth)
    yield "open-arrays", lambda: catalogue(b"[" * depth)
    yield "dicts", lambda: catalogue(b"<< /A " * depth + b"null" + b" >>" * depth)
    yield "open-dicts", lambda: catalogue(b"<< /A " * depth)
    yield "content-arrays", lambda: pdf([b"[" * depth + text])
    yield "content-dicts", lambda: pdf([b"/A << /B " * depth + text])
    yield "content-strings", lambda: pdf([b"(" * depth + text])
    yield "content-states", lambda: pdf([b"q " * depth + text])
    yield "content-marks", lambda: pdf([b"/A BMC " * depth + text])
    yield "content-clips", lambda: pdf([b"q 0 0 9 9 re W n " * depth + text])
    yield "content-images", lambda: pdf([b"BI ID " * depth + text])


def _circular(depth: int) -> Iterator[Made]:
    def form(content: bytes, names: str) -> bytes:
        resources = f"/Resources << /XObject << {names} >> >>"
        return stream(content, f"/Type /XObject /Subtype /Form /BBox [0 0 99 99] {resources}")

    def forms(*each: bytes) -> bytes:
        return pdf([b"/A Do"], resources="/XObject << /A 4 0 R >>", more=each)

    def fan(levels: int) -> bytes:
        last = form(samples.page_of(["x"]), "")
        each = [form(b"/A Do " * 10, f"/A {5 + n} 0 R") for n in range(levels)]
        return forms(*each, last)

    def font(content: bytes) -> bytes:
        entries = (
            "<< /Type /Font /Subtype /Type3 /FontBBox [0 0 9 9] /FontMatrix [1 0 0 1 0 0] "
            "/CharProcs << /a 5 0 R >> /Encoding << /Differences [97 /a] >> /FirstChar 97 "
            "/LastChar 97 /Widths [9] /Resources << /Font << /F 4 0 R >> >> >>"
        )
        more = [entries.encode(), stream(content)]
        return pdf([b"BT /F2 9 Tf (a) Tj ET"], resources="/Font << /F2 4 0 R >>", more=more)

    yield "form-in-itself", lambda: forms(form(b"/A Do /A Do", "/A 4 0 R"))
    yield (
        "forms-in-turn",
        lambda: forms(form(b"/A Do /A Do", "/A 5 0 R"), form(b"/A Do /A Do", "/A 4 0 R")),
    )
    yield "forms-by-ten", lambda: fan(9)
    yield "forms-by-ten-to-the-depth", lambda: fan(60)
    yield (
        "form-chain",
        lambda: forms(*[form(b"/A Do", f"/A {5 + n} 0 R") for n in range(depth // 10)]),
    )
    yield "glyph-in-itself", lambda: font(b"9 0 d0 BT /F 9 Tf (aa) Tj ET")
    yield "pages-in-themselves", lambda: pdf_of([_CATALOGUE, *_tree("2 0 R 2 0 R")])
    yield "pages-in-turn", lambda: pdf_of([_CATALOGUE, *_tree("3 0 R"), *_tree("2 0 R 2 0 R")])
    yield (
        "page-tree",
        lambda: pdf_of([_CATALOGUE, *(_tree(f"{n} 0 R")[0] for n in range(3, depth // 10)), _PAGE]),
    )
    yield (
        "parents-in-turn",
        lambda: pdf_of(
            [
                _CATALOGUE,
                b"<< /Type /Pages /Kids [3 0 R] /Count 1 /Parent 3 0 R >>",
                b"<< /Type /Page /Parent 2 0 R >>",
            ]
        ),
    )
    yield (
        "length-of-itself",
        lambda: pdf_of(
            [
                _CATALOGUE,
                *_tree("3 0 R"),
                b"<< /Type /Page /Parent 2 0 R /Contents 4 0 R >>",
                b"<< /Length 4 0 R >>\nstream\nq Q\nendstream",
            ]
        ),
    )
    yield "reference-to-itself", lambda: pdf_of([b"1 0 R"])
    yield (
        "tables-in-turn",
        lambda: (
            pdf([b""]).replace(b"/Root", b"/Prev 15 /Root")
            + (b"trailer\n<< /Size 9 /Root 1 0 R /Prev 15 >>\nstartxref\n15\n%%EOF")
        ),
    )
    yield "prev-of-itself", lambda: _prev_of_itself()
    yield (
        "objects-within-objects",
        lambda: pdf_of(
            [
                _CATALOGUE,
                *_tree("3 0 R"),
                _PAGE,
                stream(b"4 0 ", "/Type /ObjStm /N 1 /First 4 /Extends 4 0 R"),
            ]
        ),
    )


def _large(unpacked: int) -> Iterator[Made]:
    def content(packed: bytes, filters: str) -> bytes:
        page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 99 99] /Contents 4 0 R /Resources "
        page += b"<< /Font << /F1 5 0 R >> >> >>"
        font = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
        text = stream(packed, f"/Filter {filters}")
        return pdf_of([_CATALOGUE, *_tree("3 0 R"), page, text, font])

    def filled(start: bytes, filler: bytes, end: bytes) -> bytes:
        return content(bomb(start, filler, end, unpacked).zlib, "/FlateDecode")

    def twice() -> bytes:
        packed = zlib.compress(bomb(b"", b" ", b"", unpacked).zlib, 9)
        return content(packed, "[/FlateDecode /FlateDecode]")

    def in_ascii() -> bytes:
        packed = base64.a85encode(bomb(b"", b" ", b"", unpacked).zlib) + b"~>"
        return content(packed, "[/ASCII85Decode /FlateDecode]")

    def image(entries: str) -> bytes:
        packed = bomb(b"", b"\0", b"", unpacked).zlib
        head = "/Type /XObject /Subtype /Image /ColorSpace /DeviceGray /BitsPerComponent 8"
        more = [stream(packed, f"{head} /Filter /FlateDecode {entries}")]
        return pdf([b"/A Do"], resources="/XObject << /A 4 0 R >>", more=more)

    def character_map(body: bytes) -> bytes:
        font = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /ToUnicode 5 0 R >>"
        text = b"BT /F2 9 Tf 9 9 Td (abc) Tj ET"
        more = [font, stream(body)]
        return pdf([text], resources="/Font << /F2 4 0 R >>", more=more)

    yield "bomb-of-spaces", lambda: filled(b"", b" ", b"")
    yield "bomb-of-operators", lambda: filled(b"", b"q Q ", b"")
    yield "bomb-of-states", lambda: filled(b"", b"q ", b"")
    yield "bomb-of-numbers", lambda: filled(b"", b"1 ", b"")
    yield "bomb-of-text", lambda: filled(b"BT /F1 9 Tf 9 9 Td ", b"(aaaaaaaa) Tj ", b"ET")
    yield "bomb-of-a-string", lambda: filled(b"BT /F1 9 Tf 9 9 Td (", b"a", b") Tj ET")
    yield "bomb-of-lines", lambda: filled(b"", b"0 0 m 9 9 l S ", b"")
    yield "bomb-of-a-path", lambda: filled(b"0 0 m ", b"9 9 l ", b"S")
    yield "bomb-in-a-bomb", twice
    yield "bomb-in-ascii", in_ascii
    yield "bomb-of-an-image", lambda: image("/Width 30000 /Height 30000")
    yield "image-without-end", lambda: image("/Width 2000000000 /Height 2000000000")
    yield (
        "predictor",
        lambda: image(
            "/Width 9 /Height 9 /DecodeParms << /Predictor 15 /Columns 2000000000 /Colors 32 >>"
        ),
    )
    yield (
        "map-of-everything",
        lambda: character_map(
            b"1 begincodespacerange <00> <ff> endcodespacerange\n"
            b"1 beginbfrange <00000000> <ffffffff> <0000> endbfrange\n" * 99
        ),
    )
    yield "table-of-everything", lambda: pdf([b""]).replace(b"xref\n0 ", b"xref\n0 4294967295 \n0 ")
    yield (
        "objects-without-end",
        lambda: pdf_of(
            [
                _CATALOGUE,
                *_tree("3 0 R"),
                _PAGE,
                stream(b"", "/Type /ObjStm /N 2000000000 /First 2000000000"),
            ]
        ),
    )


def _many(depth: int) -> Iterator[Made]:
    def scattered(count: int, *, draw: Callable[[random.Random], str]) -> bytes:
        chance = random.Random(depth)
        return "\n".join(draw(chance) for _ in range(count)).encode()

    def words(chance: random.Random) -> str:
        where = f"{chance.random() * 590:.2f} {chance.random() * 840:.2f}"
        return f"BT /F1 9 Tf {where} Td (w{chance.randrange(99)}) Tj ET"

    def tiny(chance: random.Random) -> str:
        return (
            f"BT /F1 0.01 Tf {chance.random() * 590:.3f} {chance.random() * 840:.3f} Td (a) Tj ET"
        )

    def rules(chance: random.Random) -> str:
        x, y = chance.random() * 590, chance.random() * 840
        end = f"590 {y:.2f}" if chance.random() < 0.5 else f"{x:.2f} 840"
        return f"{x:.2f} {y:.2f} m {end} l S"

    def boxes(chance: random.Random) -> str:
        return f"{chance.random() * 500:.1f} {chance.random() * 800:.1f} 90 9 re S"

    def grid(step: float) -> bytes:
        count = int(840 / step)
        lines = [f"0 {n * step:.3f} m 590 {n * step:.3f} l S" for n in range(count)]
        lines += [f"{n * step:.3f} 0 m {n * step:.3f} 840 l S" for n in range(count)]
        return "\n".join(lines).encode() + b"\n" + samples.page_of(["in the grid"])

    yield "words", lambda: pdf([scattered(depth, draw=words)], packed=True)
    yield "words-that-are-tiny", lambda: pdf([scattered(depth, draw=tiny)], packed=True)
    yield "rules", lambda: pdf([scattered(depth, draw=rules)], packed=True)
    yield (
        "rules-and-words",
        lambda: pdf(
            [scattered(depth // 2, draw=rules) + b"\n" + scattered(depth // 2, draw=words)],
            packed=True,
        ),
    )
    yield "boxes", lambda: pdf([scattered(depth, draw=boxes)], packed=True)
    yield "grid", lambda: pdf([grid(840 / min(depth // 10, 4000))], packed=True)
    yield "word-of-letters", lambda: pdf([samples.page_of(["a" * 10 * depth])], packed=True)
    yield (
        "letters-on-each-other",
        lambda: pdf(
            [b"BT /F1 9 Tf 40 40 Td " + b"0 Tw (a) Tj -5 0 Td " * depth + b"ET"], packed=True
        ),
    )
    yield "pages", lambda: pdf([b""] * (depth // 10))
    yield "page-again-and-again", lambda: pdf_of([_CATALOGUE, *_tree("3 0 R " * depth), _PAGE])
    yield "fonts", lambda: pdf([b"".join(b"/F1 %d Tf " % n for n in range(depth))])
    yield "operands", lambda: pdf([b"1 " * 10 * depth + b"Td"])
    yield "dashes", lambda: pdf([b"[" + b"1 " * depth + b"] 0 d 0 0 m 9 9 l S"])


def _pages() -> Iterator[Callable[[], bytes]]:
    """Pages of impossible sizes."""
    text = samples.page_of(["text"])
    for media in (
        "0 0 1000000 1000000",
        "0 0 1e38 1e38",
        "-1e38 -1e38 1e38 1e38",
        "0 0 0 0",
        "9 9 -9 -9",
        "0 0 0.0001 99999999",
        "0 0 nan inf",
        "1 2 3",
    ):
        yield lambda media=media: pdf([text], media=media)
    yield lambda: pdf([b"1e30 0 0 1e30 0 0 cm " + text])
    yield lambda: pdf([b"0 0 0 0 0 0 cm " + text])
    yield lambda: pdf([b"BT /F1 1e30 Tf (text) Tj 1e-30 Ts 1e38 Tz (text) Tj ET"])


def _prev_of_itself() -> bytes:
    file = pdf([samples.page_of(["text"])])
    start = int(file.rsplit(b"startxref\n")[1].split()[0])
    return file.replace(b"/Root", b"/Prev %d /Root" % start)


def _tree(kids: str) -> list[bytes]:
    return [f"<< /Type /Pages /Kids [{kids}] /Count 1 >>".encode()]


_CATALOGUE = b"<< /Type /Catalog /Pages 2 0 R >>"
_PAGE = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 99 99] >>"
