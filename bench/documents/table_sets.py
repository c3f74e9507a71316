"""The PDFs of public sets with the tables that are expected in them.

A folder is the checkout of one of these, or holds the files of the ICDAR 2013 table competition:
`camelot-dev/camelot`, `tabulapdf/tabula-java` (which has those of the competition too) and
`docling-project/docling`. The tests of camelot and tabula name no pages in their data; the lists
below do. Left out are tests whose options change the texts, and texts that the tool itself reads
in the wrong order.
"""

from __future__ import annotations

import csv
import json
import re
import runpy
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

from table_scores import Rows, Tables

Set = dict[Path, Tables]

CAMELOT = {
    "tabula/icdar2013-dataset/competition-dataset-us/us-030.pdf": {2: ["data_lattice"]},
    "clockwise_table_1.pdf": {1: ["data_lattice_table_rotated"]},
    "anticlockwise_table_1.pdf": {1: ["data_lattice_table_rotated"]},
    "clockwise_table_2.pdf": {1: ["data_network_table_rotated"]},
    "anticlockwise_table_2.pdf": {1: ["data_network_table_rotated"]},
    "twotables_2.pdf": {1: ["data_lattice_two_tables_1", "data_lattice_two_tables_2"]},
    "table_region.pdf": {1: ["data_lattice_table_regions"]},
    "background_lines_1.pdf": {1: ["data_lattice_process_background"]},
    "column_span_2.pdf": {1: ["data_lattice_shift_text_left_top"]},
    "split_text_lattice.pdf": {1: ["data_lattice_split_text"]},
    "health.pdf": {1: ["data_stream"]},
    "tabula/12s0324.pdf": {1: ["data_network_two_tables_1", "data_network_two_tables_2"]},
    "multiple_tables.pdf": {1: ["data_network_two_tables_b_1", "data_network_two_tables_b_2"]},
    "vertical_header.pdf": {1: ["data_network_vertical_headers"]},
    "tabula/us-007.pdf": {1: ["data_network_table_regions"]},
    "mexican_towns.pdf": {1: ["data_stream_columns"]},
    "tabula/m27.pdf": {1: ["data_stream_split_text"]},
    "superscript.pdf": {1: ["data_network_flag_size"]},
    "detect_vertical_false.pdf": {1: ["data_stream_layout_kwargs"]},
    "edge_tol.pdf": {1: ["data_network_edge_tol"]},
    "stream_inner_outer_columns.pdf": {1: ["data_stream_inner_outer_columns"]},
}
"""By file and page the names in `tests/data.py`."""

TABULA = {
    "argentina_diputados_voting_record.csv": 1,
    "frx_2012_disclosure.csv": 1,
    "indictb1h_14.csv": 1,
    "schools.csv": 1,
    "spreadsheet_no_bounding_frame.csv": 1,
    "us-020.csv": 2,
    "Publication_of_award_of_Bids_for_Transport_Sector__August_2016.csv": 1,
    "spanning_cells.json": 1,
    "twotables.json": 1,
    "AnimalSounds1.json": 1,
}
"""By file of expected tables its page."""


def sets(folders: Sequence[Path]) -> dict[str, Set]:
    """The files of each set that is in the folders."""
    found: dict[str, Set] = {}
    for folder in folders:
        for name, read in READERS.items():
            found.setdefault(name, {}).update(read(folder))
    return {name: files for name, files in found.items() if files}


def icdar(folder: Path) -> Iterator[tuple[Path, Tables]]:
    competition = folder / "src/test/resources/technology/tabula/icdar2013-dataset"
    for pdf in sorted([*folder.glob("*.pdf"), *competition.glob("*/*.pdf")]):
        expected = pdf.with_name(f"{pdf.stem}-str.xml")
        if expected.exists():
            yield pdf, _competition(expected)


def camelot(folder: Path) -> Iterator[tuple[Path, Tables]]:
    tests = folder / "tests"
    if (tests / "data.py").exists() and (tests / "files").is_dir():
        data = runpy.run_path(str(tests / "data.py"))
        for name, pages in CAMELOT.items():
            tables = {page: [_plain(data[it]) for it in names] for page, names in pages.items()}
            yield tests / "files" / name, tables


def tabula(folder: Path) -> Iterator[tuple[Path, Tables]]:
    files = folder / "src/test/resources/technology/tabula"
    for name, page in TABULA.items():
        expected = files / name.rpartition(".")[2] / name
        if expected.exists():
            tables = _csv(expected) if expected.suffix == ".csv" else _json(expected)
            yield files / f"{expected.stem}.pdf", {page: tables}


def docling(folder: Path) -> Iterator[tuple[Path, Tables]]:
    for pdf in sorted((folder / "tests/data/pdf/sources").glob("*.pdf")):
        expected = pdf.parents[1] / "groundtruth" / f"{pdf.stem}.json"
        tables: Tables = {}
        for table in json.loads(expected.read_text("utf-8"))["tables"] if expected.exists() else ():
            rows = _docling(table["data"])
            if rows and table["prov"]:
                tables.setdefault(table["prov"][0]["page_no"], []).append(rows)
        if tables:
            yield pdf, tables


READERS: dict[str, Callable[[Path], Iterator[tuple[Path, Tables]]]] = {
    "ICDAR 2013": icdar,
    "camelot": camelot,
    "tabula": tabula,
    "docling": docling,
}


def _competition(path: Path) -> Tables:
    """The tables of a file; one that goes on on another page is one for each page."""
    found: Tables = {}
    for region in ET.parse(path).iter("region"):
        cells = {
            (int(cell.get("start-row", 0)), int(cell.get("start-col", 0))): (
                cell.findtext("content") or ""
            )
            for cell in region.iter("cell")
        }
        page = int(region.get("page", 1))
        found.setdefault(page, []).append(_grid(cells))
    return found


def _plain(rows: Rows) -> Rows:
    """The rows without the marks of raised text."""
    return [[re.sub("</?s>", "", text) for text in row] for row in rows]


def _csv(path: Path) -> list[Rows]:
    with path.open(encoding="utf-8", newline="") as lines:
        return [list(csv.reader(lines))]


def _json(path: Path) -> list[Rows]:
    tables = json.loads(path.read_text("utf-8"))
    return [[[cell["text"] for cell in row] for row in table["data"]] for table in tables]


def _docling(table: dict[str, list[dict[str, str]]]) -> Rows:
    cells = {
        (int(cell["start_row_offset_idx"]), int(cell["start_col_offset_idx"])): cell["text"]
        for cell in table["table_cells"]
    }
    return _grid(cells)


def _grid(cells: dict[tuple[int, int], str]) -> Rows:
    height = max((row for row, _ in cells), default=-1) + 1
    width = max((column for _, column in cells), default=-1) + 1
    return [[cells.get((row, column), "") for column in range(width)] for row in range(height)]
