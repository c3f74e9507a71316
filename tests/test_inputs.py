"""The forms of data: options for tables, prepared inputs, labels in results."""

from __future__ import annotations

import dataclasses
import gzip
import json
import pickle
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest

import structx
from loops import Run, Word
from provider import ROOT, FakeProvider, connect
from structx import ExtractionError, FileError, FileReader, _core
from structx._engine.inputs import source_of
from structx.inputs import PdfRow, PreparedInput

INVOICE = ROOT / "scripts" / "example_input" / "S0305SampleInvoice.pdf"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "table.csv"
    path.write_bytes("Export\nid;name;note\n1;Zürich;'a;b'\n2;Bern;\n".encode("latin-1"))
    return path


OPTIONS = {"sep": ";", "encoding": "latin-1", "skiprows": 1, "quotechar": "'"}


def test_options_say_how_a_file_is_read(table: Path) -> None:
    with FileReader.read_file(table, **OPTIONS) as prepared:
        assert prepared.dataframe.to_dict("list") == {
            "id": ["1", "2"],
            "name": ["Zürich", "Bern"],
            "note": ["a;b", None],
        }
    chosen = FileReader.read_file(str(table), **OPTIONS, header=None, usecols=[1, 0], nrows=2)
    assert chosen.dataframe.to_dict("list") == {"0": ["id", "1"], "1": ["name", "Zürich"]}
    assert list(FileReader.read_file(table, **OPTIONS, columns=["name"]).dataframe) == ["name"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"rows": 1}, r"`rows`; the options are sep"),
        ({"nrows": "1"}, "`nrows` must be a number of rows"),
        ({"nrows": float("nan")}, "`nrows` must be a number of rows"),
        ({"converters": object()}, "`converters` can't be object"),
        ({"sheet_name": 0}, r"table\.csv: .*`sheet_name` .* is for a spreadsheet; it takes sep"),
        ({"sep": ";", "skiprows": 1, "usecols": ["x"]}, "no column x"),
    ],
    ids=str,
)
def test_wrong_options_are_file_errors(
    provider: FakeProvider, table: Path, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(FileError, match=words):
        FileReader.read_file(table, **options)
    with pytest.raises(ExtractionError, match=words) as raised:
        connect(provider).extract(data=table, query="q", model=Word, file_options=options)
    assert isinstance(raised.value.__cause__, FileError)
    assert provider.stats()["requests"] == 0


@pytest.mark.parametrize(
    "data",
    [
        "a text",
        INVOICE,
        [{"a": 1}],
        pd.DataFrame({"a": [1]}),
        pl.DataFrame({"a": [1]}),
        FileReader.read_file(INVOICE),
    ],
    ids=lambda data: type(data).__name__,
)
def test_options_for_what_no_table_reader_reads_are_an_error(data: Any) -> None:
    with pytest.raises(FileError, match="`nrows` of file_options is for a file of records"):
        _core.reading(source_of(data, {"nrows": 1}).input).wait()
    assert _core.reading(source_of(data, {}).input).wait()


@pytest.fixture
def workbook(tmp_path: Path) -> Path:
    """A workbook with one visible and one hidden sheet."""
    rel = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"

    def sheet(rows: list[list[str]]) -> str:
        cell = '<c t="inlineStr"><is><t>{}</t></is></c>'
        xml = "".join(f"<row>{''.join(map(cell.format, row))}</row>" for row in rows)
        return f"<worksheet><sheetData>{xml}</sheetData></worksheet>"

    related = "".join(
        f'<Relationship Id="r{n}" Type="{rel}/worksheet" Target="{n}.xml"/>' for n in (1, 2)
    )
    parts = {
        "_rels/.rels": f'<Relationships><Relationship Id="r" Type="{rel}/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns:r="{rel}"><sheets><sheet name="Jan" r:id="r1"/>'
        '<sheet name="Feb" state="hidden" r:id="r2"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f"<Relationships>{related}</Relationships>",
        "xl/1.xml": sheet([["id", "name"], ["1", "Bern"], ["2", "Zürich"]]),
        "xl/2.xml": sheet([["id"], ["3"]]),
    }
    path = tmp_path / "table.xlsx"
    with zipfile.ZipFile(path, "w") as file:
        for name, text in parts.items():
            file.writestr(name, text)
    return path


@pytest.mark.parametrize(
    ("options", "columns"),
    [
        ({}, {"id": ["1", "2"], "name": ["Bern", "Zürich"]}),
        ({"usecols": "B", "nrows": 1}, {"name": ["Bern"]}),
        ({"sheet_name": "Feb"}, {"id": ["3"]}),
        ({"sheet_name": 1, "header": None}, {"0": ["id", "3"]}),
        ({"sheet_name": None, "usecols": ["id"]}, {"sheet": ["Jan", "Jan"], "id": ["1", "2"]}),
        ({"where": "name ~ BER"}, {"id": ["1"], "name": ["Bern"]}),
        (
            {"sheet_name": [0, 1], "usecols": ["id"], "where": ["id >= 2", "name = ''"]},
            {"sheet": ["Feb"], "id": ["3"]},
        ),
        ({"usecols": ["id"], "where": "name = Zürich"}, {"id": ["2"]}),
    ],
    ids=str,
)
def test_a_workbook(workbook: Path, options: dict[str, Any], columns: dict[str, Any]) -> None:
    assert FileReader.read_file(workbook, **options).dataframe.to_dict("list") == columns
    with pytest.raises(FileError, match="the sheets are `Jan`, `Feb`"):
        FileReader.read_file(workbook, sheet_name="Mar")


def test_rows_are_kept_by_their_values(workbook: Path) -> None:
    for where, words in {
        "id = 9": "no row of 2 meets `where`",
        "town = Bern": "no column town .*; the columns are id, name",
        "id": "`where` must be a condition",
    }.items():
        with pytest.raises(FileError, match=words):
            FileReader.read_file(workbook, where=where)


def test_pages_are_chosen(workbook: Path, tmp_path: Path) -> None:
    document = structx.read(workbook, read_as="document", pages=1)
    assert [page.number for page in document.pages] == [1]
    with pytest.raises(FileError, match="none of the chosen `pages`; it has 1"):
        structx.read(workbook, read_as="document", pages="2-")
    note = tmp_path / "note.txt"
    note.write_text("one page", encoding="utf-8")
    for file in (workbook, note):
        with pytest.raises(FileError, match=r"`pages` .* is for documents with pages"):
            FileReader.read_file(file, pages=1)


def test_a_workbook_is_a_document_or_records(workbook: Path) -> None:
    document = structx.read(workbook, read_as="document")
    assert [page.name for page in document.pages] == ["Jan"]
    start = document.text.index("Zürich")
    assert [place.address for place in document.locate(start, start + 6)] == ["Jan!B3"]
    [table] = document.tables
    assert (table.address, table.cells[-1].address) == ("Jan!A1:B3", "Jan!B3")
    assert document.blocks[-1].address == "Jan!A1:B3"
    assert pickle.loads(pickle.dumps(document)).locate(start, start + 1)[0].address == "Jan!B3"
    records = _core.reading(source_of(workbook, {"as": "records"}).input).wait()
    assert records.columns == ["id", "name"]
    with pytest.raises(FileError, match="`as` must be"):
        FileReader.read_file(workbook, read_as="pages")


def test_a_compressed_table_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"a,b\n1,2\n"))
    assert FileReader.read_file(path).dataframe.to_dict("list") == {"a": ["1"], "b": ["2"]}


def test_options_must_be_a_dict() -> None:
    with pytest.raises(FileError, match="must be a dict of options, not list"):
        source_of("text", [("nrows", 1)])  # pyright: ignore


def test_a_missing_file_is_a_file_error(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"missing\.csv") as raised:
        FileReader.read_file(tmp_path / "missing.csv")
    assert raised.value.path == str(tmp_path / "missing.csv")
    # A path even without the form of one.
    with pytest.raises(FileError, match="no such file"):
        FileReader.read_file("a sentence")


def test_a_prepared_pdf() -> None:
    prepared = FileReader.read_file(INVOICE)
    [row] = prepared.pdf_rows.items()
    assert row == (0, PdfRow(INVOICE, INVOICE))
    with pytest.raises(dataclasses.FrozenInstanceError):
        row[1].source = ""  # pyright: ignore
    [record] = prepared.dataframe.to_dict("records")
    assert record["source"] == str(INVOICE)
    assert record["text"].startswith(prepared.planning_sample[:200])
    assert len(prepared.planning_sample) <= 4000
    assert prepared.owned_paths == []


def prepare(data: Any) -> PreparedInput:
    source = source_of(data)
    return PreparedInput(_core.reading(source.input).wait(), source)


def test_prepared_tables_and_texts(table: Path) -> None:
    frame = pd.DataFrame({"a": [1, 2]}, index=["x", "y"])
    assert prepare(frame).dataframe is frame
    records = prepare([{"a": 1, "b": {"c": 1.50}}, {"a": None}])
    assert records.dataframe["a"].tolist() == [1, None]
    assert records.dataframe["b"].tolist() == [{"c": 1.5}, None]
    assert records.dataframe is records.dataframe
    assert records.planning_sample == 'a: 1\nb: {"c":1.5}\n\n'
    text = prepare("some text")
    assert text.dataframe.to_dict("list") == {"source": ["text"], "text": ["some text"]}
    assert records.pdf_rows == text.pdf_rows == FileReader.read_file(table).pdf_rows == {}


def test_the_payload_of_a_row_is_what_is_sent(provider: FakeProvider) -> None:
    frame = pd.DataFrame(
        {"id": [1, 2], "note": ["a\nb", None], "day": [pd.Timestamp(2026, 1, 2)] * 2}
    )
    result = connect(provider).extract(data=frame, query="q", model=Word)
    prepared = prepare(frame)
    for row in result.rows:
        payload = prepared.row_payload(row.position, frame.iloc[row.position], list(frame))
        assert payload == row.input_data
    assert prepared.row_payload(0, {"note": "other", "id": 3}, ["note"]) == "note: other"
    with pytest.raises(KeyError, match="name"):
        prepared.row_payload(0, frame.iloc[0], ["name"])
    for position in (-1, 2):
        with pytest.raises(IndexError, match=f"there is no row {position}"):
            prepared.row_payload(position, frame.iloc[0], ["id"])


def test_the_payload_of_a_document_is_its_text_or_its_file() -> None:
    text = prepare("some text")
    row = text.dataframe.iloc[0]
    assert text.row_payload(0, row, ["text"]) == "some text"
    file = FileReader.read_file(INVOICE)
    assert file.row_payload(0, row, ["text"]) == file.pdf_rows[0] == PdfRow(INVOICE, INVOICE)
    file.close()
    with pytest.raises(ExtractionError, match="closed"):
        file.row_payload(0, row, ["text"])


def test_the_payload_of_a_row_of_several_sources(provider: FakeProvider) -> None:
    data = ["a text", Path("missing.csv"), [{"a": 1}, {"a": 2}], INVOICE]
    with connect(provider).prepare_input(data=data) as prepared:
        row = {"a": 5}
        assert prepared.row_payload(0, row, ["a"]) == "a text"
        assert prepared.row_payload(3, row, ["a"]) == "a: 5"
        assert prepared.row_payload(4, row, ["a"]) == prepared.pdf_rows[4]
        with pytest.raises(ExtractionError, match="source of row 1 could not be read"):
            prepared.row_payload(1, row, ["a"])


def test_the_type_of_a_file_is_told_by_its_name() -> None:
    types = {
        "structured": "a.csv a.CSV a.csv.gz a.xlsx a.xls a.ods a.json a.jsonl a.parquet a.feather",
        "document": "a.pdf a.docx a.txt a.asciidoc a.webvtt a.PNG a.xml a.eml",
        "unknown": "a a.exe csv .pdf a.pdf.tmp",
    }
    for kind, names in types.items():
        for name in names.split():
            assert FileReader.get_file_type(name) == kind, name
            assert FileReader.get_file_type(Path("folder") / name) == kind, name
    with pytest.raises(FileError, match="must be a path"):
        FileReader.get_file_type(b"a.csv")  # pyright: ignore


def test_a_sample_is_the_beginning_of_the_text(table: Path) -> None:
    text = structx.read(INVOICE).text
    assert FileReader.extract_text_sample(INVOICE) == text[:2000]
    assert FileReader.extract_text_sample(str(INVOICE), max_chars=5) == text[:5]
    assert FileReader.extract_text_sample(INVOICE, 0) == ""
    with pytest.raises(ValueError, match="max_chars"):
        FileReader.extract_text_sample(INVOICE, -1)
    with pytest.raises(FileError, match="no such file"):
        FileReader.extract_text_sample(table.with_name("missing.docx"))


def test_options_are_given_as_a_dict_or_as_keywords(table: Path) -> None:
    by_name = FileReader.read_file(table, **OPTIONS, nrows=1).dataframe
    assert FileReader.read_file(table, file_options=OPTIONS, nrows=1).dataframe.equals(by_name)
    assert FileReader.read_file(table, file_options={**OPTIONS, "nrows": 1}).dataframe.equals(
        by_name
    )
    with pytest.raises(FileError, match="file_options must be a dict of options, not str"):
        FileReader.read_file(table, file_options="sep=;")  # pyright: ignore


def test_use_after_close_is_an_error() -> None:
    with prepare("text") as prepared:
        assert not prepared.closed
        prepared.ensure_open()
    assert prepared.closed
    prepared.close()
    for name in ("dataframe", "pdf_rows", "planning_sample", "owned_paths"):
        with pytest.raises(ExtractionError, match="closed"):
            getattr(prepared, name)
    for use in (prepared.ensure_open, prepared.__enter__, lambda: source_of(prepared)):
        with pytest.raises(ExtractionError, match="closed"):
            use()
    assert prepared.closed


def test_a_call_neither_reads_a_prepared_input_again_nor_closes_it(
    provider: FakeProvider, tmp_path: Path
) -> None:
    path = tmp_path / "once.txt"
    path.write_text("the text")
    subject = connect(provider)
    with subject.prepare_input(data=path) as prepared:
        path.unlink()
        for _ in range(2):
            result = subject.extract(data=prepared, query="q", model=Word)
            assert result.rows[0].input_data == "the text"
        assert not prepared.closed
    with pytest.raises(ExtractionError, match="closed"):
        subject.extract(data=prepared, query="q", model=Word)
    assert provider.stats()["requests"] == 2


@pytest.mark.parametrize("prepared", [False, True])
def test_rows_carry_the_labels_of_a_frame(provider: FakeProvider, prepared: bool) -> None:
    frame = pd.DataFrame(
        {0: ["a", None], "at": pd.to_datetime(["2026-01-01", None])},
        index=pd.MultiIndex.from_tuples([("x", 1), ("x", 2)]),
    )
    data = prepare(frame) if prepared else frame
    result = connect(provider).extract(data=data, query="q", model=Word)
    assert [row.source_index for row in result.rows] == [("x", 1), ("x", 2)]
    assert [row.input_data for row in result.rows] == ["0: a\nat: 2026-01-01T00:00:00", ""]
    assert [row.status for row in result.rows] == ["success", "empty"]
    assert provider.stats()["requests"] == 1


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame])
def test_a_result_as_a_table_is_of_the_callers_library(provider: FakeProvider, make: Any) -> None:
    provider.script({"content": json.dumps({"items": [{"word": "w"}]}), "times": 2})
    table = make({"a": ["x", "y"]})
    result = connect(provider).extract(data=table, query="q", model=Word, return_df=True)
    data: Any = result.data
    assert type(data) is type(table)
    assert list(data["word"]) == ["w", "w"]
    assert list(table.columns) == ["a"]


def test_a_table_without_rows_is_an_error_before_any_request(provider: FakeProvider) -> None:
    for empty in (pd.DataFrame({"a": []}), pd.DataFrame(), pl.DataFrame()):
        with pytest.raises(ExtractionError, match=r"no rows|no columns"):
            connect(provider).extract(data=empty, query="q", model=Word)
    assert provider.stats()["requests"] == 0


@pytest.mark.parametrize("data", ["a text", [{"a": "a text"}] * 6_000], ids=["short", "long"])
def test_data_is_prepared_on_a_loop(provider: FakeProvider, run: Run, data: Any) -> None:
    subject = connect(provider)

    async def main() -> PreparedInput:
        async with subject.prepare_input_async(data=data) as prepared:
            result = await subject.extract_async(data=prepared, query="q", model=Word)
            assert result.failure_count == 0
        return prepared

    assert run(main()).closed
    assert provider.stats()["requests"] == (1 if isinstance(data, str) else 6_000)
